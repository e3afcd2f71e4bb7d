"""Giving the terminal back, whoever has it and however far the start has come. Imports nothing that takes time."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
from typing import Any

# Everything that the driver may have switched on, switched off: kitty keys, mouse, paste, focus, line wrap, margins,
# colours, alternative screen, cursor.
RESTORE = (
    "\x1b[<u\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[?1004l\x1b[?2048l\x1b[?7h\x1b[r"
    "\x1b[0m\x1b[?1049l\x1b[?25h"
)


def say(text: str) -> None:
    """Write to the terminal directly and without waiting; a terminal that is gone or does not read is left alone."""
    descriptor = sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
    with contextlib.suppress(OSError):
        blocking = os.get_blocking(descriptor)
        os.set_blocking(descriptor, False)
        try:
            os.write(descriptor, text.encode("utf-8", "backslashreplace"))
        finally:
            os.set_blocking(descriptor, blocking)


def restore(attributes: list[Any] | None) -> None:
    """Give the terminal back as it was."""
    say(RESTORE)
    if attributes is not None and sys.__stdin__ is not None:
        with contextlib.suppress(OSError, termios.error, ValueError):
            termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, attributes)


def attributes() -> list[Any] | None:
    """The terminal's settings before anything changed them; None when standard input is no terminal."""
    try:
        return termios.tcgetattr(sys.__stdin__.fileno()) if sys.__stdin__ is not None else None
    except (OSError, termios.error, ValueError):
        return None
