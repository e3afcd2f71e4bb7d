"""The cells of groups by ascending value, found by one quick sort of numbers that carry their place along.

A sort that also returns the order takes three times as long as one of plain numbers. So each number's last bits give
way to its place in its group: two values that differ by less than one part in 10^13 may change places, the values
themselves are always read from the cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.rows import Floats, Index, Ints
from fundtui.imbalance.segments import Segments

BEYOND = float(np.finfo(np.float64).max)
"""Stands behind the values of a group: sorts last and stays a number with other last bits."""


class Ranking(NamedTuple):
    """`cells[k, g]`: the cell of group g's k-th smallest value, for k below the group's size; `block[g]`: its values
    as they come, `BEYOND` behind them."""

    cells: Index
    block: Floats

    def at(self, places: Ints) -> Index:
        """One cell of each group, by place from 0."""
        cells: Index = self.cells.take(places * self.cells.shape[1] + np.arange(self.cells.shape[1]))
        return cells

    def first_equal(self, groups: Segments, values: Floats, cells: Index, beside: Index) -> Index:
        """Each group's first cell that holds what `cells` holds, where the one `beside` it in rank holds the same."""
        tied = np.flatnonzero((values[beside] == values[cells]) & (beside != cells))
        if not len(tied):
            return cells
        first = cells.copy()
        first[tied] = groups.starts[tied] + (self.block[tied] == values[cells[tied], None]).argmax(axis=1)
        return first


def ranking(groups: Segments, values: Floats) -> Ranking:
    """Rank the values of each group, all of them finite."""
    mask = (1 << (groups.width - 1).bit_length()) - 1
    block: Floats = np.full((len(groups.sizes), groups.width), BEYOND)
    block.reshape(-1)[groups.padded] = values
    marked = block.view(np.int64) & ~mask
    marked |= np.arange(groups.width)
    marked.view(np.float64).sort(axis=1)
    cells = np.bitwise_and(marked.T, mask, order="C")
    cells += groups.starts
    return Ranking(cells, block)


def weighted_median(groups: Segments, values: Floats, ranks: Ranking, weight: Floats, half: Floats) -> Floats:
    """Smallest value at which half of the group's weight is reached; the mean of two where it is half exactly."""
    # What stands beyond a group's end is never reached: up to there everything is added up.
    reached = weight.take(ranks.cells, mode="clip")
    for place in range(1, groups.width):
        np.add(reached[place - 1], reached[place], out=reached[place])
    short = reached < half
    places = short.view(np.int8).sum(axis=0, dtype=np.int16)
    lower: Floats = values[ranks.at(places)]
    exact = np.flatnonzero(_weight_up_to(groups, values, weight, lower) == half) if _even(reached, places, half) else ()
    if not len(exact):
        return lower
    heavier = np.where((values > groups.each(lower)) & (weight > 0), values, np.inf)
    upper = groups.least(heavier)
    result = lower.copy()
    result[exact] = np.where(np.isinf(upper[exact]), lower[exact], 0.5 * (lower[exact] + upper[exact]))
    return result


def _even(reached: Floats, places: Ints, half: Floats) -> bool:
    """Whether any group's weight is halved exactly somewhere; ties may hide that it is not."""
    at = reached.ravel().take(places * reached.shape[1] + np.arange(reached.shape[1]))
    return bool((at == half).any())


def _weight_up_to(groups: Segments, values: Floats, weight: Floats, limit: Floats) -> Floats:
    return groups.sums(weight * (values <= groups.each(limit)))
