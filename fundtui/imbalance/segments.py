"""Arithmetic on ragged groups: the instruments of many assets laid end to end (`np.add.reduceat` and friends).

A group's result depends on nothing but the group's own cells and their order: not on which other groups are worked
on with it. That is what makes incremental figures equal to a full recomputation, bit for bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import Flags, Floats, Index, Ints


class Segments(NamedTuple):
    """Groups of cells: where each starts, how many cells it has (never none), each cell's group and padded place.

    `padded` places cells into a matrix of groups x `width`, flattened.
    """

    starts: Index
    sizes: Ints
    number: Index
    padded: Index
    width: int

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
        """Each group's values in ascending order, infinite and then missing ones last.

        Sorting short padded rows is several times faster than sorting all cells with their group as first key.
        """
        block = np.full(len(self.sizes) * self.width, np.inf)
        block[self.padded] = values
        block.reshape(len(self.sizes), self.width).sort(axis=1)
        return Ordered(block, np.arange(len(self.sizes)) * self.width)

    def median(self, values: Floats) -> Floats:
        """Median of each group's known values; NaN where there is none."""
        known = values == values
        counts = self.sizes if known.all() else self.counts(known)
        ordered = self.ordered(values)
        result = ordered.middle(counts)
        result[counts == 0] = np.nan
        return result

    def course(self, values: Floats) -> Course:
        """Least, middle and greatest of each group's known values, found in one go; NaN where there is none."""
        known = values == values
        whole = bool(known.all())
        counts = self.sizes if whole else self.counts(known)
        ordered = self.ordered(values)
        course = Course(ordered.values[ordered.starts], ordered.middle(counts), ordered.at(np.maximum(counts - 1, 0)))
        if not whole:
            nothing = counts == 0
            for part in course:
                part[nothing] = np.nan
        return course

    def first(self, flags: Flags) -> Index:
        """The first set cell of each group, its first cell where none is."""
        cells = np.flatnonzero(flags)[::-1]
        result = self.starts.copy()
        result[self.number[cells]] = cells
        return result

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


class Ordered(NamedTuple):
    """Ordered values of groups: `values[start + k]` is a group's k-th smallest."""

    values: Floats
    starts: Index

    def at(self, places: Ints) -> Floats:
        """One value of each group, by place from 0."""
        result: Floats = self.values[self.starts + places]
        return result

    def middle(self, counts: Ints) -> Floats:
        """Median of the first `counts` values of each group."""
        result: Floats = 0.5 * (self.at((counts - 1) >> 1) + self.at(counts >> 1))
        return result


def segments(sizes: Ints) -> Segments:
    """Groups of these sizes, one behind the other."""
    ends = np.cumsum(sizes)
    starts = ends - sizes
    number = np.repeat(np.arange(len(sizes)), sizes)
    # One place more than the largest group has, so that "the middle of none" can be read.
    width = int(sizes.max()) + 1 if len(sizes) else 1
    padded = np.arange(len(number)) + np.repeat(np.arange(len(sizes)) * width - starts, sizes)
    return Segments(starts, sizes, number, padded, width)
