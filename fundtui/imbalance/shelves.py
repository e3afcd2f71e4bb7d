"""Where the values of ragged groups are sorted: a row for each group, narrow groups in narrow rows.

Sorting short padded rows is several times faster than sorting all cells with their group as first key, and the time
goes by the width of the rows: most assets have a few instruments, some have one on each venue.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import Floats, Index, Ints

NARROWEST = 8
"""Numbers that the processor sorts at one go; rows are that wide, twice that wide, and so on."""


class Shelves(NamedTuple):
    """`padded`: where each cell's value goes. `blocks`: where the rows of one width begin, and that width, one block
    behind the other. `room`: how many numbers go in."""

    padded: Index
    blocks: tuple[tuple[int, int], ...]
    room: int

    def ordered(self, values: NDArray[Any], behind: float) -> Ordered:
        """Each group's values in ascending order; `behind` is what fills the rows, and belongs behind all values."""
        rows = self.filled(values, behind)
        self.sort(rows)
        return Ordered(rows, self.padded)

    def filled(self, values: NDArray[Any], behind: float) -> NDArray[Any]:
        """The rows, one behind the other, each group's values in front."""
        rows = np.full(self.room, behind, values.dtype)
        rows[self.padded] = values
        return rows

    def sort(self, rows: NDArray[Any]) -> None:
        """Sort each row, in place."""
        end = self.room
        for begin, width in reversed(self.blocks):
            rows[begin:end].reshape(-1, width).sort(axis=1)
            end = begin


class Ordered(NamedTuple):
    """Rows of ordered values of groups; a group's k-th smallest stands for its k-th cell."""

    rows: Floats
    padded: Index

    def at(self, cells: Index) -> Floats:
        """The values that stand for these cells."""
        result: Floats = self.rows.take(self.padded.take(cells))
        return result

    def mean_at(self, pairs: Index) -> Floats:
        """Mean of the values that stand for two cells of each group."""
        return mean_of_two(self.at(pairs))

    def laid(self) -> Floats:
        """All values, group after group."""
        result: Floats = self.rows.take(self.padded)
        return result


def mean_of_two(pairs: Floats) -> Floats:
    """Mean of 2 x n values."""
    mean: Floats = pairs[0] + pairs[1]
    mean *= 0.5
    return mean


def shelves(sizes: Ints, place: Index) -> Shelves:
    """Rows for groups of these sizes; `place`: that of each cell in its group."""
    row_at: Index = np.zeros(len(sizes), np.intp)
    blocks: list[tuple[int, int]] = []
    room, narrower, width, widest = 0, 0, NARROWEST, int(sizes.max(initial=0))
    while narrower < widest:
        fitting = np.flatnonzero((sizes > narrower) & (sizes <= width))
        if len(fitting):
            blocks.append((room, width))
            row_at[fitting] = room + width * np.arange(len(fitting))
            room += width * len(fitting)
        narrower, width = width, 2 * width
    return Shelves(place + row_at.repeat(sizes), tuple(blocks), room)
