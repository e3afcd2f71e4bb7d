"""Pieces of text with styles, cut and padded to cells. Imports none of Textual: the first rows are made of them."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from fundtui.ui.scrub import scrub

Span = tuple[str, Style]


def cells(text: str) -> int:
    """How many terminal cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fitted(text: str, width: int, *, right: bool = False, ellipsis: str = "") -> str:
    """The text in exactly `width` cells: padded on one side, cut with the ellipsis where it is too long."""
    text = scrub(text)
    size = cells(text)
    if size > width:
        cut = max(width - cells(ellipsis), 0)
        return (set_cell_size(text, cut) + ellipsis)[:width] if width else ""
    blank = " " * (width - size)
    return blank + text if right else text + blank


def clipped(text: str, width: int, ellipsis: str) -> str:
    """The text as it is where it fits, else cut to `width` cells with the ellipsis at its end."""
    return fitted(text, min(cells(scrub(text)), width), ellipsis=ellipsis)
