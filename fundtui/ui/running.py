"""The application inside a real terminal. Importing it imports Textual."""

from __future__ import annotations

import asyncio

from fundtui.clock import Clock
from fundtui.ui import crash, handback, terminal
from fundtui.ui.app import FundtuiApp
from fundtui.ui.guardian import ENDING, LOST_TERMINAL, Guardian
from fundtui.ui.options import Options
from fundtui.ui.source import Source
from fundtui.ui.termdiff import TermDiff


class RunningApp(FundtuiApp):
    """The application inside a real terminal: signals, the guardian, and no traceback on the screen."""

    def __init__(
        self,
        source: Source,
        options: Options,
        guardian: Guardian,
        wall: Clock | None = None,
        *,
        started: bool = False,
        shown: TermDiff | None = None,
    ) -> None:
        """started: the source runs already. shown: what the terminal shows of the first rows."""
        driver = terminal.EnteredDriver if shown else terminal.TerminalDriver
        super().__init__(source, options, wall, driver_class=driver, shown=shown if options.diff else None)
        self.started = started
        self._guardian = guardian
        self.error: BaseException | None = None
        self.leaving = False

    def on_mount(self) -> None:
        # Textual calls the handler of every class in turn: the application's own on_mount runs too, once.
        loop = asyncio.get_running_loop()
        for number in ENDING:
            loop.add_signal_handler(number, self.leave, 128 + number)
        if isinstance(self._driver, terminal.TerminalDriver):
            self._driver.on_osc99 = self.osc99_answered
            self._driver.on_lost = lambda: self.leave(LOST_TERMINAL)
            if self._driver.lost:
                self.leave(LOST_TERMINAL)

    def leave(self, code: int) -> None:
        self.leaving = True
        self._guardian.start(code)
        super().leave(code)

    def _handle_exception(self, error: Exception) -> None:
        # Textual would print a traceback with local variables; ours goes to a file that only the person can read.
        if self.leaving:
            # Taken down while it was still being built; what then misses a part is no news.
            self._close_messages_no_wait()
            return
        if self.error is None:
            self.error = error
        # However long the rest of the end takes: why it ended is not lost.
        self._guardian.start(1, lambda: crash.tell(error, self.source.clock.utc_ms(), handback.say))
        self._exit_renderables.clear()
        self.exit_code = 1
        self._return_code = 1
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()
