"""The cells of groups by ascending value, found by one quick sort of numbers that carry their place along.

A sort that also returns the order takes three times as long as one of plain numbers. So each number's last bits give
way to its place in its group: two values that differ by less than one part in 10^13 may change places, the values
themselves are always read from the cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.rows import Floats, Index, Ints, some
from fundtui.imbalance.segments import Segments

_BEYOND = int(np.array(np.finfo(np.float64).max).view(np.int64))
"""The bits of what stands behind the values of a group: sorts last."""
SHARE_UNITS = float(1 << 44)
"""Units that a group's weight has: hundreds of thousands of groups can be added up in whole numbers."""


class Ranking(NamedTuple):
    """The cells of each group by ascending value, group after group."""

    groups: Segments
    cells: Index

    def at(self, places: Index) -> Index:
        """The cells that rank where these cells stand."""
        cells: Index = self.cells.take(places)
        return cells

    def ends(self, values: Floats) -> Index:
        """2 x groups: each group's first cell that holds its least value, and that which holds its greatest."""
        cells, beside = self.at(self.groups.ends), self.at(self.groups.beside_ends)
        held = values.take(cells)
        # Equal values rank by their places, one way or the other: there is a choice where the neighbour in rank ties.
        if not some((values.take(beside) == held) & (beside != cells)):
            return cells
        return np.array([self.groups.first(values == self.groups.each(end)) for end in held])


def ranking(groups: Segments, values: Floats) -> Ranking:
    """Rank the values of each group, all of them finite."""
    marked = values.view(np.int64) & ~groups.marks
    marked |= groups.place
    rows = groups.shelves.filled(marked, _BEYOND)
    groups.shelves.sort(rows.view(np.float64))
    cells: Index = rows.take(groups.shelves.padded)
    cells &= groups.marks
    cells += groups.each(groups.starts)
    return Ranking(groups, cells)


def weighted_median(values: Floats, ranks: Ranking, share: Floats) -> Floats:
    """Smallest value at which half of the group's weight is reached; the mean of two where it is half.

    `share`: of the group's weight, of each cell. Added up in whole numbers, the running shares of all groups are one
    ascending series and none depends on the groups before it. What a share loses by that is less than one unit.
    """
    groups = ranks.groups
    units = (share * SHARE_UNITS).astype(np.int64)
    running: Ints = np.add.accumulate(units.take(ranks.cells))
    after = running.take(groups.last)
    half = after.copy()
    half[1:] += after[:-1]
    half >>= 1
    reached = running.searchsorted(half - groups.sizes)
    median = values.take(ranks.at(reached))
    exactly = running.take(reached) <= half + groups.sizes
    if some(exactly):
        exceeded = running.searchsorted((half + groups.sizes)[exactly], "right")
        median[exactly] = 0.5 * (median[exactly] + values.take(ranks.at(exceeded)))
    return median
