"""From pieces of text with styles to strips of exact width: the one way the interface draws."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from fundtui.ui.drawnline import DrawnLine
from fundtui.ui.scrub import scrub
from fundtui.ui.spans import Span, cells, fitted

__all__ = ["Span", "both_ends", "cells", "fitted", "line_of", "strip_of"]


def strip_of(spans: Iterable[Span], width: int, fill: Style) -> Strip:
    """One line of exactly `width` cells, as a strip among others."""
    return line_of(spans, width, fill)


def line_of(spans: Iterable[Span], width: int, fill: Style) -> DrawnLine:
    """One line of exactly `width` cells; what does not fit is cut, what is missing is filled."""
    segments = []
    left = width
    for text, style in spans:
        if left <= 0:
            break
        text = scrub(text)
        size = cells(text)
        if size > left:
            text, size = set_cell_size(text, left), left
        if size:
            segments.append(Segment(text, style))
            left -= size
    if left > 0:
        segments.append(Segment(" " * left, fill))
    return DrawnLine(segments, width)


def both_ends(left: Iterable[Span], right: list[Span], width: int, fill: Style) -> Strip:
    """A line with `left` at its left end and `right` at its right end; the left yields where both do not fit."""
    taken = sum(cells(scrub(text)) for text, _ in right)
    if taken >= width:
        return strip_of(right, width, fill)
    start = strip_of(left, width - taken, fill)
    return DrawnLine([*start, *strip_of(right, taken, fill)], width)
