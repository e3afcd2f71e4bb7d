"""From pieces of text with styles to strips of exact width: the one way the interface draws."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from fundtui.ui.safety import scrub

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


def strip_of(spans: Iterable[Span], width: int, fill: Style) -> Strip:
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
    return Strip(segments, width)


def both_ends(left: Iterable[Span], right: list[Span], width: int, fill: Style) -> Strip:
    """A line with `left` at its left end and `right` at its right end; the left yields where both do not fit."""
    taken = sum(cells(scrub(text)) for text, _ in right)
    if taken >= width:
        return strip_of(right, width, fill)
    start = strip_of(left, width - taken, fill)
    return Strip([*start, *strip_of(right, taken, fill)], width)
