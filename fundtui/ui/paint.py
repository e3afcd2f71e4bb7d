"""From pieces of text with styles to strips of exact width: the one way the interface draws."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.cells import set_cell_size
from rich.style import Style
from textual.strip import Strip

from fundtui.ui.drawnline import DrawnLine
from fundtui.ui.scrub import scrub
from fundtui.ui.spans import Span, cells, fitted

if TYPE_CHECKING:
    from fundtui.ui.termdiff import Run

__all__ = ["Span", "both_ends", "cells", "fitted", "line_of", "strip_of"]


def strip_of(spans: Iterable[Span], width: int, fill: Style) -> Strip:
    """One line of exactly `width` cells, as a strip among others."""
    return line_of(spans, width, fill)


def line_of(spans: Iterable[Span], width: int, fill: Style) -> DrawnLine:
    """One line of exactly `width` cells; what does not fit is cut, what is missing is filled."""
    runs: list[Run] = []
    x = 0
    for text, style in spans:
        if x >= width:
            break
        if text.isascii() and text.isprintable():
            end = x + len(text)
        else:
            text = scrub(text)
            end = x + cells(text)
        if end > width:
            text, end = set_cell_size(text, width - x), width
        if end > x:
            runs.append((x, text, style))
            x = end
    if x < width:
        runs.append((x, " " * (width - x), fill))
    return DrawnLine(runs, width)


def both_ends(left: Iterable[Span], right: list[Span], width: int, fill: Style) -> Strip:
    """A line with `left` at its left end and `right` at its right end; the left yields where both do not fit."""
    taken = sum(cells(scrub(text)) for text, _ in right)
    if taken >= width:
        return strip_of(right, width, fill)
    return line_of(left, width - taken, fill).joined(line_of(right, taken, fill))
