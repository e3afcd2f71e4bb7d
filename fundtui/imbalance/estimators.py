"""Running mean and variance: time-aware exponential with its z-score, and over all that was seen (methodology §3.2)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fundtui.imbalance.rows import (
    COUNT,
    NUMBER,
    SHORT_NUMBER,
    SHORT_ZERO,
    ZERO,
    Field,
    Floats,
    Index,
    Ints,
    Number,
    Rows,
    ShortFloats,
)

HALF_LIFE_H = 240.0
WARM_UP = 30
LARGEST_Z = 20.0
# (0.02 bp per 8 h)² as an hourly rate.
RATE_VARIANCE_FLOOR = (0.02e-4 / 8.0) ** 2


class Ewma(Rows):
    """Exponential mean and variance, and the count of values: pandas ewm(adjust=False), var(bias=True)."""

    fields: ClassVar[dict[str, Field]] = {"mean": NUMBER, "variance": ZERO, "count": COUNT}
    mean: Floats | ShortFloats
    variance: Floats | ShortFloats
    count: Ints


class ShortEwma(Ewma):
    """The same kept to seven digits, for figures whose spread is no smaller than a thousandth of their size."""

    fields: ClassVar[dict[str, Field]] = {"mean": SHORT_NUMBER, "variance": SHORT_ZERO, "count": COUNT}


def gain(dt_h: Number, half_life_h: Number = HALF_LIFE_H) -> Floats:
    """Weight of a new value after `dt_h` hours: 1 − 2^(−Δt/HL), 0 for a missing or negative step."""
    hours = np.asarray(dt_h, np.float64)
    weight: Floats = -np.expm1(-np.log(2.0) * np.where(hours > 0, hours, 0.0) / half_life_h)
    return weight


def score(state: Ewma, rows: Index, x: Floats, variance_floor: float = 0.0, warm_up: int = WARM_UP) -> Floats:
    """z of a value against what was known before it, within ±20; NaN before `warm_up` values or without any spread."""
    variance = np.maximum(state.variance[rows], variance_floor)
    ready = (state.count[rows] >= warm_up) & (variance > 0)
    z = (x - state.mean[rows]) / np.sqrt(np.where(ready, variance, 1.0))
    clipped: Floats = np.where(ready, np.clip(z, -LARGEST_Z, LARGEST_Z), np.nan)
    return clipped


def update(state: Ewma, rows: Index, x: Floats, weight: Number) -> None:
    """Add one value per row with its weight (`gain`); the first one sets the mean, missing ones are skipped."""
    known = np.isfinite(x)
    mean = state.mean[rows]
    first = known & ~np.isfinite(mean)
    distance = np.where(known & ~first, x - mean, 0.0)
    used = np.where(known & ~first, weight, 0.0)
    variance = state.variance[rows]
    state.mean[rows] = np.where(first, x, mean + used * distance)
    state.variance[rows] = (1.0 - used) * (variance + used * distance * distance)
    state.count[rows] += known


class Welford(Rows):
    """Count, mean and sum of squared deviations over everything seen."""

    fields: ClassVar[dict[str, Field]] = {"count": COUNT, "mean": ZERO, "squares": ZERO}
    count: Ints
    mean: Floats
    squares: Floats


def accumulate(state: Welford, rows: Index, x: Floats) -> None:
    """Add one value per row; missing ones are skipped."""
    known = np.isfinite(x)
    kept, value = rows[known], x[known]
    state.count[kept] += 1
    distance = value - state.mean[kept]
    state.mean[kept] += distance / state.count[kept]
    state.squares[kept] += distance * (value - state.mean[kept])


def full_mean(state: Welford, rows: Index) -> Floats:
    """Mean of everything seen, NaN before the first value."""
    mean: Floats = np.where(state.count[rows] > 0, state.mean[rows], np.nan)
    return mean


def full_variance(state: Welford, rows: Index) -> Floats:
    """Sample variance (n − 1) of everything seen, NaN before the second value."""
    count = state.count[rows]
    variance: Floats = np.where(count > 1, state.squares[rows] / np.maximum(count - 1, 1), np.nan)
    return variance
