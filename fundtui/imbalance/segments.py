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
    """Groups of cells: where each starts, how many cells it has (never none), and each cell's group number."""

    starts: Index
    sizes: Ints
    number: NDArray[np.int16 | np.int32]

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
        return np.repeat(per_group, self.sizes)

    def order(self, values: Floats) -> Index:
        """Cells in ascending order within each group, missing values last; equal ones keep their order."""
        by_value = np.argsort(values, kind="stable")
        # Sorting 16-bit numbers stably is a radix sort: it costs next to nothing.
        return by_value[np.argsort(self.number[by_value], kind="stable")]

    def median(self, values: Floats) -> Floats:
        """Median of each group's known values; NaN where there is none."""
        ordered = values[self.order(values)]
        known = self.counts(values == values)
        return middle(ordered, self.starts, np.maximum(known, 1))

    def keep(self, chosen: Flags) -> tuple[Segments, Index]:
        """The groups that are left with only the chosen cells, and which groups those are."""
        sizes = self.counts(chosen)
        left = np.flatnonzero(sizes)
        return segments(sizes[left]), left


def segments(sizes: Ints) -> Segments:
    """Groups of these sizes, one behind the other."""
    ends = np.cumsum(sizes)
    dtype = np.int16 if len(sizes) < np.iinfo(np.int16).max else np.int32
    return Segments(ends - sizes, sizes, np.repeat(np.arange(len(sizes), dtype=dtype), sizes))


def middle(ordered: Floats, starts: Index, counts: Ints) -> Floats:
    """Median of the first `counts` values (at least one) of each ordered group."""
    result: Floats = 0.5 * (ordered[starts + ((counts - 1) >> 1)] + ordered[starts + (counts >> 1)])
    return result


def nearest(ordered: Floats, groups: Segments, center: Floats, rank: Ints) -> Floats:
    """The `rank`-th smallest distance (from 1) of a group's values to its center.

    The nearest k values of an ordered group lie side by side, so the k-th distance is the smallest, over windows of
    k neighbours, of the distance of the window's farther end.
    """
    distance = np.abs(ordered - groups.each(center))
    last = groups.each(groups.starts + groups.sizes - 1)
    far = np.arange(len(ordered)) + groups.each(rank - 1)
    inside = far <= last
    window = np.where(inside, np.maximum(distance, distance[np.minimum(far, last)]), np.inf)
    result: Floats = np.minimum.reduceat(window, groups.starts)
    return result
