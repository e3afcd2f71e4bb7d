"""Lines of keys and what they do, of which each entry can be clicked as well."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fundtui.ui.paint import cells
from fundtui.ui.pieces import Piece


class Hint(msgspec.Struct, frozen=True):
    """One entry: the key as people write it, what it does in a word, and Textual's name of the key."""

    shown: str
    label: str
    key: str

    @property
    def width(self) -> int:
        """Cells that it takes."""
        return cells(f" {self.shown} {self.label} ")


def wrapped(hints: Sequence[Hint], width: int, lines: int) -> list[list[Hint]]:
    """The hints on at most so many lines of a width; what does not fit is left out at the end."""
    found: list[list[Hint]] = [[]]
    left = width
    for hint in hints:
        if hint.width > left:
            if len(found) == lines:
                break
            found.append([])
            left = width
        found[-1].append(hint)
        left -= hint.width
    return found


def pieces(hints: Sequence[Hint]) -> list[Piece]:
    """A line of hints."""
    line: list[Piece] = []
    for hint in hints:
        line += [(f" {hint.shown}", "accent"), (f" {hint.label} ", "dim")]
    return line


def hint_at(hints: Sequence[Hint], x: int) -> Hint | None:
    """The hint that covers a cell of a line."""
    start = 0
    for hint in hints:
        if start <= x < start + hint.width:
            return hint
        start += hint.width
    return None
