"""Makes sure that the program ends soon and gives the terminal back, even while something hangs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from fundtui.ui import handback

# Signals that end the program, each with the exit code that a shell expects of it.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
LOST_TERMINAL = 128 + signal.SIGHUP
# A request that hangs or a terminal that does not read may not keep anybody waiting: after this long, seconds, the
# terminal is given back directly and the process ends.
PATIENCE_S = 1.5


class Guardian:
    """Ends the process when the orderly end takes too long."""

    def __init__(self, attributes: list[Any] | None) -> None:
        self._attributes = attributes
        self._timer: threading.Timer | None = None

    def start(self, code: int, last_word: Callable[[], None] | None = None) -> None:
        """From now on the end may take PATIENCE_S. Only the first call counts.

        last_word is said on the terminal that has been given back, where the end took longer than that.
        """
        if self._timer is None:
            self._timer = threading.Timer(PATIENCE_S, self._end, (code, last_word))
            self._timer.daemon = True
            self._timer.start()

    def _end(self, code: int, last_word: Callable[[], None] | None) -> None:
        handback.restore(self._attributes)
        try:
            if last_word is not None:
                last_word()
        finally:
            os._exit(code)

    def stop(self) -> None:
        """The orderly end worked."""
        if self._timer is not None:
            self._timer.cancel()
