"""Starts the interface and ends it cleanly, whatever ends it: a key, a signal, a lost terminal, an error."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import msgspec

from fundtui.ui import crash, terminal
from fundtui.ui.app import FundtuiApp, Options

if TYPE_CHECKING:
    from fundtui.ui.source import Source

# Signals that end the program, each with the exit code that a shell expects of it.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
LOST_TERMINAL = 128 + signal.SIGHUP
# A request that hangs or a terminal that does not read may not keep anybody waiting: after this long, seconds, the
# terminal is given back directly and the process ends.
PATIENCE_S = 1.5
NO_TERMINAL = "fundtui needs a terminal; `fundtui snapshot` and `fundtui watch` work without one"


class Guardian:
    """Ends the process when the orderly end takes too long."""

    def __init__(self, attributes: list[Any] | None) -> None:
        self._attributes = attributes
        self._timer: threading.Timer | None = None

    def start(self, code: int) -> None:
        """From now on the end may take PATIENCE_S. Only the first call counts."""
        if self._timer is None:
            self._timer = threading.Timer(PATIENCE_S, self._end, (code,))
            self._timer.daemon = True
            self._timer.start()

    def _end(self, code: int) -> None:
        terminal.restore(self._attributes)
        os._exit(code)

    def stop(self) -> None:
        """The orderly end worked."""
        if self._timer is not None:
            self._timer.cancel()


class RunningApp(FundtuiApp):
    """The application inside a real terminal: signals, the guardian, and no traceback on the screen."""

    def __init__(self, source: Source, options: Options, guardian: Guardian) -> None:
        super().__init__(source, options, driver_class=terminal.TerminalDriver)
        self._guardian = guardian
        self.error: BaseException | None = None

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
        self._guardian.start(code)
        super().leave(code)

    def _handle_exception(self, error: Exception) -> None:
        # Textual would print a traceback with local variables; ours goes to a file that only the person can read.
        if self.error is None:
            self.error = error
        self._guardian.start(1)
        self._exit_renderables.clear()
        self.exit_code = 1
        self._return_code = 1
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()


def _for_dumb(options: Options) -> Options:
    """Options for a terminal that calls itself dumb: neither colour nor Unicode.

    Rich takes such a terminal for 80x25 whatever its size is, and a layout that is told two sizes never comes to rest,
    so it has to be given another name.
    """
    if os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}:
        return options
    os.environ["TERM"] = "ansi"
    return msgspec.structs.replace(options, colour=False, unicode=False)


async def _live(app: RunningApp) -> None:
    try:
        mouse = app.options.mouse
        await app.run_async(mouse=app.source.settings.display.mouse if mouse is None else mouse)
    finally:
        await app.source.stop()


def run(source: Source, options: Options | None = None) -> int:
    """Show the engine until a person or a signal ends it. Returns the exit code."""
    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stderr__ and sys.__stderr__.isatty()):
        sys.stderr.write(NO_TERMINAL + "\n")
        return 2
    for name in ("COLUMNS", "LINES"):
        # Exported by some shells and parent programs, they would hold the screen at that size through every resize.
        os.environ.pop(name, None)
    before = terminal.attributes()
    guardian = Guardian(before)
    app = RunningApp(source, _for_dumb(options or Options()), guardian)
    # Collecting garbage while everything is being built only delays the first frame.
    gc.disable()
    try:
        _run_loop(app)
    except Exception as error:  # noqa: BLE001  (the outermost place: every failure becomes a report)
        app.error = app.error or error
    finally:
        gc.enable()
        guardian.stop()
    if app.demo_wanted:
        # The same program over the simulated market, in this very process and terminal.
        os.execv(sys.executable, [sys.executable, "-m", "fundtui.cli", "demo"])
    if app.error is not None:
        terminal.restore(before)
        crash.tell(app.error, source.clock.utc_ms())
        return 1
    if app.exit_code == LOST_TERMINAL:
        # What is still buffered cannot be written any more; Python would end with 120 for it.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
    return app.exit_code


def _run_loop(app: RunningApp) -> None:
    """Like asyncio.run, but threads that hang in a resolver do not keep the process: the guardian ends it."""
    asyncio.run(_live(app))
