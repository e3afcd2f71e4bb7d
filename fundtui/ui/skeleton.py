"""The first thing on the screen: a bare header, written before anything that takes time is imported."""

from __future__ import annotations

import os

_SHOW = "\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H \x1b[1mfundtui\x1b[0m  starting"
_DROP = "\x1b[?1049l\x1b[?25h"
_KEYBOARD, _TERMINAL = 0, 2


def show() -> bool:
    """Write the skeleton where a screen will be; whether there is one."""
    if not (os.isatty(_KEYBOARD) and os.isatty(_TERMINAL)):
        return False
    return _write(_SHOW)


def drop() -> None:
    """Give the terminal back: the interface did not start after all."""
    _write(_DROP)


def _write(text: str) -> bool:
    try:
        os.write(_TERMINAL, text.encode())
    except OSError:
        return False
    return True
