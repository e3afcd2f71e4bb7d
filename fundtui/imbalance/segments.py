"""Arithmetic on ragged groups: the instruments of many assets laid end to end (`np.add.reduceat` and friends).

A group's result depends on nothing but the group's own cells and their order: not on which other groups are worked
on with it. That is what makes incremental figures equal to a full recomputation, bit for bit.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import Flags, Floats, Index, Ints, every
from fundtui.imbalance.shelves import Ordered, Shelves, shelves

PLACE_BITS = 8
"""As many of a number's last bits may say where in its group it stands: two numbers of that kind differ when they are
more than one part in 10^13 apart."""
_SIGN = int(np.iinfo(np.int64).min)
_INFINITE = int(np.array(np.inf).view(np.int64))
_BEYOND_INFINITY = 1 << 52
"""Added to the bits of a number that is not negative, it leaves all finite ones in order and makes others negative."""


class Segments:
    """Groups of cells, one behind the other: where each starts and ends and how many cells it has (never none).

    What else follows from that is worked out when it is first asked for.
    """

    def __init__(self, sizes: Ints) -> None:
        ends = np.cumsum(sizes)
        self.sizes = sizes
        self.starts: Index = ends - sizes
        self.last: Index = ends - 1

    @cached_property
    def middle(self) -> Index:
        """2 x groups: each one's two middle cells, the same one twice where there is one."""
        middle: Index = self.starts + np.array(((self.sizes - 1) >> 1, self.sizes >> 1))
        return middle

    @cached_property
    def ends(self) -> Index:
        """2 x groups: each one's first and last cell."""
        return np.array((self.starts, self.last))

    @cached_property
    def beside_ends(self) -> Index:
        """2 x groups: each one's second and last but one cell; the only one twice where there is one."""
        return np.array((np.minimum(self.starts + 1, self.last), np.maximum(self.last - 1, self.starts)))

    @cached_property
    def alone(self) -> Flags:
        """Which groups have one cell."""
        alone: Flags = self.sizes == 1
        return alone

    @cached_property
    def marks(self) -> int:
        """The last bits of a number, enough to write any place of these groups in; the same for all but huge groups,
        so that what a group is worked out with does not matter."""
        widest = int(self.sizes.max(initial=0))
        return (1 << max(PLACE_BITS, widest.bit_length())) - 1

    @cached_property
    def place(self) -> Index:
        """Of each cell its place in its group, from 0."""
        begin = self.each(self.starts)
        place: Index = np.arange(len(begin)) - begin
        return place

    @cached_property
    def shelves(self) -> Shelves:
        """Rows in which the groups' values can be sorted."""
        return shelves(self.sizes, self.place)

    def sums(self, values: Floats) -> Floats:
        """Sum of each group."""
        result: Floats = np.add.reduceat(values, self.starts)
        return result

    def counts(self, flags: Flags) -> Ints:
        """How many cells of each group are set."""
        result: Ints = np.add.reduceat(flags, self.starts, dtype=np.int64)
        return result

    def least(self, values: Floats) -> Floats:
        """Smallest known value of each group."""
        result: Floats = np.fmin.reduceat(values, self.starts)
        return result

    def greatest(self, values: Floats) -> Floats:
        """Largest known value of each group."""
        result: Floats = np.fmax.reduceat(values, self.starts)
        return result

    def each(self, per_group: NDArray[Any]) -> NDArray[Any]:
        """A group's value for each of its cells."""
        return per_group.repeat(self.sizes)

    def ordered(self, values: Floats) -> Ordered:
        """Each group's values in ascending order, infinite and then missing ones last."""
        return self.shelves.ordered(values, np.inf)

    def sizes_ordered(self, values: Floats) -> Ordered:
        """The same for values without a sign: those are in order as whole numbers, which are sorted faster."""
        bits = self.shelves.ordered(values.view(np.int64) & ~_SIGN, _INFINITE)
        return bits._replace(rows=bits.rows.view(np.float64))

    def median(self, values: Floats) -> Floats:
        """Median of each group's known values; NaN where there is none."""
        known = values == values
        if every(known):
            return self.ordered(values).mean_at(self.middle)
        counts = self.counts(known)
        result = self.ordered(values).mean_at(self._middle_of(counts))
        result[counts == 0] = np.nan
        return result

    def course(self, values: Floats) -> Course:
        """Least, middle and greatest of each group's known values, none of them below zero, found in one go; NaN where
        there is none."""
        ordered = self.sizes_ordered(values)
        low, high = ordered.at(self.ends)
        if every(high < np.inf):
            return Course(low, ordered.mean_at(self.middle), high)
        counts = self.counts(values == values)
        high = ordered.at(self.starts + np.maximum(counts - 1, 0))
        course = Course(low, ordered.mean_at(self._middle_of(counts)), high)
        nothing = counts == 0
        for part in course:
            part[nothing] = np.nan
        return course

    def _middle_of(self, counts: Ints) -> Index:
        """The middle cells of the first so many of each group."""
        middle: Index = self.starts + np.array((np.maximum(counts - 1, 0) >> 1, counts >> 1))
        return middle

    def first(self, flags: Flags) -> Index:
        """The first set cell of each group, its first cell where none is."""
        cells = np.append(np.flatnonzero(flags), len(flags))
        found = cells.take(cells.searchsorted(self.starts))
        result: Index = np.where(found <= self.last, found, self.starts)
        return result

    def largest(self, values: Floats) -> Index:
        """The first cell of each group with the largest known value, signs aside; its first cell where none is known.

        One pass finds both: the last bits of each number say how near to its group's first cell it stands.
        """
        marks = self.marks
        bits = values.view(np.int64) & ~(_SIGN | marks)
        bits += _BEYOND_INFINITY
        bits |= marks - self.place
        found: Ints = np.maximum.reduceat(bits, self.starts)
        nearness: Index = found & marks
        return self.starts + (marks - nearness)

    def keep(self, chosen: Flags) -> tuple[Segments, Index]:
        """The groups that are left with only the chosen cells, and which groups those are."""
        sizes = self.counts(chosen)
        left = np.flatnonzero(sizes)
        return segments(sizes[left]), left


class Course(NamedTuple):
    """Per group: its least, middle and greatest value."""

    low: Floats
    median: Floats
    high: Floats


def segments(sizes: Ints) -> Segments:
    """Groups of these sizes, one behind the other."""
    return Segments(sizes)
