"""Cross-section of the instruments of each asset: consensus, spread, dispersion, deviations (methodology §3.1).

All functions take the cells of the instruments that are compared, asset after asset (`Segments`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.ranking import Ranking, ranking, weighted_median
from fundtui.imbalance.rows import Floats, Index, Ints
from fundtui.imbalance.segments import Course, Ordered, Segments

MAD_TO_SIGMA = 1.4826
MEAN_DEVIATION_TO_SIGMA = 1.2533
SCALE_FLOOR_H = 0.05e-4 / 8.0
Z_LIMIT = 20.0
ZERO_RATE_H = 0.01e-4 / 8.0
UNKNOWN_OI_SHARE = 0.5
BITS = 62


class CrossSection(NamedTuple):
    """Per asset: sums of weights and of weighted rates, statistics; `lowest`, `highest`: cells. Per cell: z, skew."""

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
    skew: Floats


def weights(groups: Segments, oi_usd: Floats) -> Floats:
    """OI in USD; where unknown, half the median of the known; equal where nothing is known or all is zero."""
    weight, unknown = oi_usd, oi_usd != oi_usd
    if unknown.any():
        stand_in = UNKNOWN_OI_SHARE * np.nan_to_num(_median_where_gaps(groups, oi_usd, unknown))
        weight = np.where(unknown, groups.each(stand_in), oi_usd)
    empty = ~(groups.sums(weight) > 0)
    if empty.any():
        weight = np.where(groups.each(empty), 1.0, weight)
    return weight


def _median_where_gaps(
    groups: Segments, oi_usd: Floats, unknown: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> Floats:
    """Median of the known for the assets that need one; sorting the others would be for nothing."""
    gaps = groups.counts(unknown) > 0
    cells = groups.each(gaps)
    some, left = groups.keep(cells)
    result = np.full(len(groups.sizes), np.nan)
    result[left] = some.median(oi_usd[cells])
    return result


def cross_section(groups: Segments, hourly: Floats, weight: Floats) -> CrossSection:
    """All comparisons of these assets. Rates are hourly and known; weights are not negative, some above zero."""
    several, last = groups.sizes > 1, groups.sizes - 1
    ranks = ranking(groups, hourly)
    lowest, highest = ranks.at(np.zeros_like(last)), ranks.at(last)
    low, high = hourly[lowest], hourly[highest]
    median = 0.5 * (hourly[ranks.at(last >> 1)] + hourly[ranks.at(groups.sizes >> 1)])
    weighted = weight * hourly
    weight_sum, weighted_sum = groups.sums(weight), groups.sums(weighted)
    mean = weighted_sum / weight_sum
    away = hourly - groups.each(mean)
    squares = away * away
    squares *= weight
    dispersion = np.sqrt(groups.sums(squares) / weight_sum)
    z, largest = robust_z(groups, hourly, ranks, Course(low, median, high))
    rest = groups.each(weight_sum) - weight
    rest[rest <= 0.0] = np.nan
    return CrossSection(
        weight=weight_sum,
        weighted=weighted_sum,
        mean=mean,
        median=median,
        consensus=weighted_median(groups, hourly, ranks, weight, 0.5 * weight_sum),
        low=low,
        high=high,
        lowest=ranks.first_equal(groups, hourly, lowest, ranks.at(np.minimum(last, 1))),
        highest=ranks.first_equal(groups, hourly, highest, ranks.at(np.maximum(last - 1, 0))),
        spread=np.where(several, high - low, np.nan),
        dispersion=np.where(several, dispersion, np.nan),
        disagreement=_disagreement(groups, hourly, weight, mean),
        z_largest=largest,
        z=z,
        skew=hourly - (groups.each(weighted_sum) - weighted) / rest,
    )


def robust_z(groups: Segments, hourly: Floats, ranks: Ranking, course: Course) -> tuple[Floats, Floats]:
    """(h − median)/scale of each cell, and each asset's largest without sign: that of its lowest or highest rate.

    Scale: 1.4826·MAD, or 1.2533·mean absolute deviation where MAD is zero; never below the floor. NaN where an asset
    has one instrument only; clipped to ±20.
    """
    away = hourly - groups.each(course.median)
    sizes = np.subtract(ranks.block, course.median[:, None])
    np.abs(sizes, out=sizes).sort(axis=1)
    mad = Ordered(sizes.ravel(), groups.width * np.arange(len(groups.sizes))).middle(groups.sizes)
    scale = MAD_TO_SIGMA * mad
    if not mad.all():
        spare = groups.sums(np.abs(away)) / groups.sizes
        scale = np.where(mad > 0, scale, MEAN_DEVIATION_TO_SIGMA * spare)
    scale = np.maximum(scale, SCALE_FLOOR_H)
    scale[groups.sizes == 1] = np.nan
    z = np.divide(away, groups.each(scale), out=away)
    np.minimum(np.maximum(z, -Z_LIMIT, out=z), Z_LIMIT, out=z)
    farthest = np.maximum(course.median - course.low, course.high - course.median)
    return z, np.minimum(farthest / scale, Z_LIMIT)


def _disagreement(groups: Segments, hourly: Floats, weight: Floats, mean: Floats) -> Floats:
    """Share of weight whose sign is not the mean's; rates that round to zero have no sign and are left out."""
    above, below = hourly >= ZERO_RATE_H, hourly <= -ZERO_RATE_H
    long_pays, short_pays = groups.sums(weight * above), groups.sums(weight * below)
    voting = long_pays + short_pays
    share: Floats = np.where(mean > 0, short_pays, long_pays) / np.where(voting > 0, voting, 1.0)
    return share


def weighted_mean(groups: Segments, values: Floats, weight: Floats, whole: Floats) -> Floats:
    """Σwx/Σw over the cells where x is known; NaN where there is none. `whole`: sum of weights of each asset."""
    known = values == values
    if known.all():
        result: Floats = groups.sums(weight * values) / whole
        return result
    if not known.any():
        return np.full(len(whole), np.nan)
    used = weight * known
    with np.errstate(invalid="ignore", divide="ignore"):
        partial: Floats = groups.sums(used * np.where(known, values, 0.0)) / groups.sums(used)
    return partial


def known_sum(groups: Segments, values: Floats) -> Floats:
    """Sum over the cells that are known; NaN where there is none."""
    known = values == values
    if known.all():
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
