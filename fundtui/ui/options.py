"""What the command line decides about the screen, and what the terminal can do."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from fundtui.config.schema import Color, Display, Glyphs
from fundtui.ui.glyphs import terminal_has_unicode


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line decides; None leaves it to the settings and the terminal."""

    colour: bool | None = None
    unicode: bool | None = None
    mouse: bool | None = None
    slow: bool | None = None
    diff: bool = True
    theme_folder: Path | None = None


def terminal_means(display: Display, options: Options) -> tuple[bool, bool]:
    """Whether colour and Unicode are used: the command line decides, then the settings, then the terminal."""
    colour = display.color is Color.AUTO and os.environ.get("TERM") != "dumb"
    unicode = terminal_has_unicode() if display.glyphs is Glyphs.AUTO else display.glyphs is Glyphs.UNICODE
    return (
        colour if options.colour is None else options.colour,
        unicode if options.unicode is None else options.unicode,
    )
