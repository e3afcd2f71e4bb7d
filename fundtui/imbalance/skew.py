"""Cross-section of the instruments of each asset: consensus, spread, dispersion, deviations (methodology §3.1).

All functions take the cells of the instruments that are compared, asset after asset (`Segments`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.ranking import ranking, weighted_median
from fundtui.imbalance.rows import Flags, Floats, Index, Ints, every, some
from fundtui.imbalance.segments import Course, Segments
from fundtui.imbalance.shelves import mean_of_two

MAD_TO_SIGMA = 1.4826
MEAN_DEVIATION_TO_SIGMA = 1.2533
SCALE_FLOOR_H = 0.05e-4 / 8.0
Z_LIMIT = 20.0
ZERO_RATE_H = 0.01e-4 / 8.0
UNKNOWN_OI_SHARE = 0.5
NEXT_TO_NOTHING = 1e-200
"""Dollars. So little is no open interest."""
BITS = 62


class CrossSection(NamedTuple):
    """Per asset: sums of weights and of weighted rates, statistics; `lowest`, `highest`: cells. Per cell: z, its
    share of the weight, skew."""

    weight: Floats
    weighted: Floats
    mean: Floats
    median: Floats
    consensus: Floats
    low: Floats
    high: Floats
    lowest: Index
    highest: Index
    spread: Floats
    dispersion: Floats
    disagreement: Floats
    z_largest: Floats
    z: Floats
    share: Floats
    skew: Floats


class Weights(NamedTuple):
    """What each cell weighs, and the sum of that in each group. `known`: it is open interest everywhere."""

    cells: Floats
    whole: Floats
    known: bool


def weights(groups: Segments, oi_usd: Floats) -> Weights:
    """OI in USD; where unknown, half the median of the known; equal where nothing is known or all is zero."""
    weight, unknown = oi_usd, oi_usd != oi_usd
    if some(unknown):
        stand_in = UNKNOWN_OI_SHARE * np.nan_to_num(_median_where_gaps(groups, oi_usd, unknown))
        weight = np.where(unknown, groups.each(stand_in), oi_usd)
    whole = groups.sums(weight)
    empty = ~(whole > NEXT_TO_NOTHING)
    if some(empty):
        weight = np.where(groups.each(empty), 1.0, weight)
        whole = np.where(empty, groups.sizes, whole)
    return Weights(weight, whole, weight is oi_usd)


def _median_where_gaps(groups: Segments, oi_usd: Floats, unknown: Flags) -> Floats:
    """Median of the known for the assets that need one; sorting the others would be for nothing."""
    gaps = groups.counts(unknown) > 0
    cells = groups.each(gaps)
    some_groups, left = groups.keep(cells)
    result = np.full(len(groups.sizes), np.nan)
    result[left] = some_groups.median(oi_usd[cells])
    return result


def cross_section(groups: Segments, hourly: Floats, weight: Weights) -> CrossSection:
    """All comparisons of these assets. Rates are hourly and known."""
    ranks = ranking(groups, hourly)
    lowest, highest = ends = ranks.ends(hourly)
    low, high = hourly.take(ends)
    median = mean_of_two(hourly.take(ranks.at(groups.middle)))
    weighted = weight.cells * hourly
    weighted_sum = groups.sums(weighted)
    mean = weighted_sum / weight.whole
    away = hourly - groups.each(mean)
    share = weight.cells / groups.each(weight.whole)
    z, largest = robust_z(groups, hourly, Course(low, median, high))
    spread, dispersion = high - low, np.sqrt(groups.sums(away * away * share))
    if some(groups.alone):
        spread[groups.alone] = dispersion[groups.alone] = np.nan
    return CrossSection(
        weight=weight.whole,
        weighted=weighted_sum,
        mean=mean,
        median=median,
        consensus=weighted_median(hourly, ranks, share),
        low=low,
        high=high,
        lowest=lowest,
        highest=highest,
        spread=spread,
        dispersion=dispersion,
        disagreement=_disagreement(groups, hourly, weight, mean),
        z_largest=largest,
        z=z,
        share=share,
        skew=_beside_the_others(away, share),
    )


def _beside_the_others(away: Floats, share: Floats) -> Floats:
    """Each rate less the weighted mean of the asset's others; NaN where those weigh nothing.

    What is `away` from the mean of all by so much is away from the mean of the rest by that over the rest's share.
    """
    rest = 1.0 - share
    nothing = rest <= 0.0
    if some(nothing):
        rest[nothing] = np.nan
    beside: Floats = away / rest
    return beside


def robust_z(groups: Segments, hourly: Floats, course: Course) -> tuple[Floats, Floats]:
    """(h − median)/scale of each cell, and each asset's largest without sign: that of its lowest or highest rate.

    Scale: 1.4826·MAD, or 1.2533·mean absolute deviation where MAD is zero; never below the floor. NaN where an asset
    has one instrument only; clipped to ±20.
    """
    away = hourly - groups.each(course.median)
    scale = MAD_TO_SIGMA * groups.sizes_ordered(away).mean_at(groups.middle)
    if some(groups.alone):
        scale[groups.alone] = np.nan
    even = scale == 0.0
    if some(even):
        spare = groups.sums(np.abs(away)) / groups.sizes
        scale = np.where(even, MEAN_DEVIATION_TO_SIGMA * spare, scale)
    scale = np.maximum(scale, SCALE_FLOOR_H)
    farthest = np.maximum(course.median - course.low, course.high - course.median)
    farthest /= scale
    z = np.divide(away, groups.each(scale), out=away)
    # No cell is farther than the lowest or the highest.
    if some(farthest > Z_LIMIT):
        z.clip(-Z_LIMIT, Z_LIMIT, out=z)
    return z, np.minimum(farthest, Z_LIMIT)


def _disagreement(groups: Segments, hourly: Floats, weight: Weights, mean: Floats) -> Floats:
    """Share of weight whose sign is not the mean's; rates that round to zero have no sign and are left out."""
    votes, voting = np.copysign(weight.cells, hourly), weight.whole
    undecided = np.abs(hourly) < ZERO_RATE_H
    if some(undecided):
        votes[undecided] = 0.0
    lead = groups.sums(votes)
    if some(undecided):
        voting = groups.sums(np.abs(votes, out=votes))
    # Of what votes, the lead is what one side has more than the other: all of it where they agree.
    against = voting - np.where(mean > 0, lead, -lead)
    share: Floats = against / (2.0 * np.where(voting > 0, voting, 1.0))
    return share


def weighted_mean(groups: Segments, values: Floats, weight: Weights) -> Floats:
    """Σwx/Σw over the cells where x is known; NaN where there is none."""
    known = values == values
    if every(known):
        result: Floats = groups.sums(weight.cells * values) / weight.whole
        return result
    if not some(known):
        return np.full(len(weight.whole), np.nan)
    used = weight.cells * known
    with np.errstate(invalid="ignore", divide="ignore"):
        partial: Floats = groups.sums(used * np.where(known, values, 0.0)) / groups.sums(used)
    return partial


def known_sum(groups: Segments, values: Floats) -> Floats:
    """Sum over the cells that are known; NaN where there is none."""
    known = values == values
    if every(known):
        return groups.sums(values)
    partial = groups.sums(np.where(known, values, 0.0))
    result: Floats = np.where(groups.counts(known) > 0, partial, np.nan)
    return result


def distinct(groups: Segments, numbers: Ints) -> Ints:
    """How many different numbers (all >= 0) each asset has. Equal numbers stand side by side or are below 62."""
    if int(numbers.max()) < BITS:
        seen = np.bitwise_or.reduceat(np.left_shift(1, numbers), groups.starts)
        return np.bitwise_count(seen).astype(np.int64)
    new = np.empty(len(numbers), np.bool_)
    new[0] = True
    new[1:] = numbers[1:] != numbers[:-1]
    new[groups.starts] = True
    return groups.counts(new)
