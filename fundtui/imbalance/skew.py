"""Cross-section of one asset's instruments: consensus, spread, dispersion, deviations (methodology §3.1).

All functions take blocks of slots x assets, NaN where an instrument is left out, and work column by column in slot
order, so that a column's figures depend on nothing but the column.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.rows import Flags, Floats, Index, Ints

MAD_TO_SIGMA = 1.4826
MEAN_DEVIATION_TO_SIGMA = 1.2533
SCALE_FLOOR_H = 0.05e-4 / 8.0
Z_LIMIT = 20.0
ZERO_RATE_H = 0.01e-4 / 8.0
UNKNOWN_OI_SHARE = 0.5


class CrossSection(NamedTuple):
    """Per asset: statistics over its instruments; `lowest` and `highest` are slots. Per cell: z, skew, weight share."""

    included: Ints
    mean: Floats
    consensus: Floats
    lowest: Index
    highest: Index
    low: Floats
    high: Floats
    spread: Floats
    dispersion: Floats
    disagreement: Floats
    z_largest: Floats
    z: Floats
    skew: Floats
    share: Floats


def total(block: Floats) -> Floats:
    """Column sums, slot after slot. `block` is C-contiguous with at least two columns."""
    result: Floats = np.add.reduce(block, axis=0)
    return result


def weights(included: Flags, oi_usd: Floats) -> Floats:
    """OI in USD; where unknown, half the median of the known; equal where nothing is known or all is zero."""
    known = included & (oi_usd == oi_usd)
    weight = np.where(known, oi_usd, 0.0)
    gaps = included & ~known
    if gaps.any():
        columns = gaps.any(axis=0)
        stand_in = UNKNOWN_OI_SHARE * column_median(np.where(known, oi_usd, np.nan)[:, columns])
        weight[:, columns] = np.where(gaps[:, columns], np.nan_to_num(stand_in), weight[:, columns])
    empty = ~(weight > 0).any(axis=0)
    if empty.any():
        weight[:, empty] = included[:, empty]
    return weight


def column_median(block: Floats) -> Floats:
    """Median of each column without its missing values; NaN where there is none."""
    count = (block == block).sum(axis=0)
    ordered = np.sort(block, axis=0)
    columns = np.arange(block.shape[1])
    middle: Floats = 0.5 * (ordered[(count - 1) >> 1, columns] + ordered[count >> 1, columns])
    return middle


def cross_section(hourly: Floats, weight: Floats) -> CrossSection:
    """All comparisons of one block. `hourly` is NaN and `weight` 0 where an instrument is left out."""
    included = hourly == hourly
    count = included.sum(axis=0)
    several = count > 1
    columns = np.arange(hourly.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        order = np.argsort(hourly, axis=0, kind="stable")
        flat = order * hourly.shape[1] + columns
        ordered = hourly.ravel()[flat]
        running = np.add.accumulate(weight.ravel()[flat], axis=0)
        last = np.maximum(count - 1, 0)
        half = 0.5 * running[-1]
        consensus = 0.5 * (
            ordered[np.minimum((running < half).sum(axis=0), last), columns]
            + ordered[np.minimum((running <= half).sum(axis=0), last), columns]
        )
        median = 0.5 * (ordered[last >> 1, columns] + ordered[np.minimum(count >> 1, last), columns])
        low, high = ordered[0], ordered[last, columns]
        rate = np.where(included, hourly, 0.0)
        weighted = weight * rate
        weight_sum, weighted_sum = total(weight), total(weighted)
        mean = weighted_sum / weight_sum
        away = hourly - mean
        dispersion = np.sqrt(total(weight * np.where(included, away * away, 0.0)) / weight_sum)
        z = robust_z(hourly, median, count)
        skew = hourly - (weighted_sum - weighted) / (weight_sum - weight)
        disagreement = _disagreement(rate, weight, mean)
        largest = np.fmax.reduce(np.abs(z), axis=0)
    return CrossSection(
        included=count,
        mean=mean,
        consensus=consensus,
        lowest=order[0],
        highest=order[last, columns],
        low=low,
        high=high,
        spread=np.where(several, high - low, np.nan),
        dispersion=np.where(several, dispersion, np.nan),
        disagreement=np.where(count > 0, disagreement, np.nan),
        z_largest=largest,
        z=z,
        skew=np.where(several & np.isfinite(skew), skew, np.nan),
        share=np.where(included, weight / weight_sum, np.nan),
    )


def robust_z(hourly: Floats, median: Floats, count: Ints) -> Floats:
    """(h − median)/scale: 1.4826·MAD, or 1.2533·mean absolute deviation where MAD is zero; never below the floor.

    NaN where an asset has one instrument only; clipped to ±20.
    """
    away = hourly - median
    size = np.abs(away)
    mad = column_median(size)
    spare = total(np.where(size == size, size, 0.0)) / count
    scale = np.maximum(np.where(mad > 0, MAD_TO_SIGMA * mad, MEAN_DEVIATION_TO_SIGMA * spare), SCALE_FLOOR_H)
    z: Floats = np.where(count > 1, np.clip(away / scale, -Z_LIMIT, Z_LIMIT), np.nan)
    return z


def _disagreement(rate: Floats, weight: Floats, mean: Floats) -> Floats:
    """Share of weight whose sign is not the mean's; rates that round to zero have no sign and are left out."""
    signed = np.abs(rate) >= ZERO_RATE_H
    against = signed & ((rate > 0) != (mean > 0))
    voting = total(np.where(signed, weight, 0.0))
    share: Floats = np.where(voting > 0, total(np.where(against, weight, 0.0)) / voting, 0.0)
    return share


def weighted_mean(values: Floats, weight: Floats) -> Floats:
    """Σwx/Σw over the cells where x is known; NaN where there is none."""
    known = values == values
    used = np.where(known, weight, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = total(used * np.where(known, values, 0.0)) / total(used)
    return mean


def known_sum(values: Floats) -> Floats:
    """Sum over the cells that are known; NaN where there is none."""
    known = values == values
    result: Floats = np.where(known.any(axis=0), total(np.where(known, values, 0.0)), np.nan)
    return result


def distinct(numbers: Ints, included: Flags) -> Ints:
    """How many different numbers (all >= 0) each column has among its included cells."""
    ordered = np.sort(np.where(included, numbers, -1), axis=0)
    new = (ordered[1:] != ordered[:-1]).sum(axis=0)
    result: Ints = new + (ordered[0] >= 0)
    return result
