"""Which glyphs a chart is drawn with."""

from __future__ import annotations

from enum import StrEnum


class Dots(StrEnum):
    """Eight dots in a cell, four blocks in a cell, or one letter a cell."""

    BRAILLE = "braille"
    BLOCK = "block"
    ASCII = "ascii"
