"""Text with the name of its pen: what a screen says before it is known on which surface it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fundtui.ui.paint import Span, cells, fitted, strip_of

if TYPE_CHECKING:
    from textual.strip import Strip

    from fundtui.ui.theme import Pens

Piece = tuple[str, str]
"""A text and its pen ("plain", "up3", "warning"); a star in front of the pen means bold."""

Line = Sequence[Piece]


def spans(pens: Pens, pieces: Iterable[Piece], surface: str) -> list[Span]:
    """The pieces in the colours of a surface."""
    return [
        (text, pens.bold(role[1:], surface) if role.startswith("*") else pens(role, surface)) for text, role in pieces
    ]


def lines_on(pens: Pens, lines: Iterable[Line], surface: str, width: int) -> list[Strip]:
    """Lines of exactly `width` cells on a surface; where one is too long an ellipsis says so."""
    fill = pens("dim", surface)
    ellipsis = pens.glyphs.ellipsis
    return [strip_of(spans(pens, cut(line, width, ellipsis), surface), width, fill) for line in lines]


def cut(line: Line, width: int, ellipsis: str) -> Line:
    """The line, ending with the ellipsis where it takes more than `width` cells without its blanks at the end."""
    text = "".join(text for text, _ in line)
    if cells(text) <= width or cells(text.rstrip()) <= width:
        return line
    return aligned([*line, ("", "dim")], width, right=False, ellipsis=ellipsis)


def whole(line: Line, width: int) -> list[Piece]:
    """As many of the line's pieces as fit whole, without a label that would be left at the end."""
    kept: list[Piece] = []
    left = width
    for text, role in line:
        left -= cells(text)
        if left < 0:
            while kept and kept[-1][1] == "dim":
                kept.pop()
            break
        kept.append((text, role))
    return kept


def aligned(pieces: Line, width: int, *, right: bool, ellipsis: str) -> list[Piece]:
    """The pieces in exactly `width` cells, the last one cut where they are too long."""
    if len(pieces) == 1:
        text, role = pieces[0]
        return [(fitted(text, width, right=right, ellipsis=ellipsis), role)]
    kept: list[Piece] = []
    left = width
    for text, role in pieces:
        size = cells(text)
        if size > left:
            kept.append((fitted(text, left, ellipsis=ellipsis), role))
            left = 0
            break
        kept.append((text, role))
        left -= size
    blank = (" " * left, "plain")
    return [blank, *kept] if right else [*kept, blank]


def folded(line: Line, width: int, indent: int = 2) -> list[Line]:
    """A line in as many as it needs, those after the first indented; pieces stay whole where they fit."""
    lines: list[list[Piece]] = [[]]
    left = width
    for text, role in line:
        size = cells(text)
        if size > left and lines[-1]:
            lines.append([(" " * indent, "dim")])
            left = width - indent
            text = text.lstrip()
        lines[-1].append((text, role))
        left -= cells(text)
    return list(lines)


def labelled(*pairs: tuple[str, str, str]) -> list[Piece]:
    """Labels and values in a row: `consensus +5.4%   spread 29.8%`."""
    line: list[Piece] = [("  ", "dim")]
    for label, value, role in pairs:
        line += [(f"{label} ", "dim"), (value, role), ("   ", "dim")]
    return line
