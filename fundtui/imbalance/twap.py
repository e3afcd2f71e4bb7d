"""The running average of the premium over the funding interval, O(1) per sample (methodology §2.4).

State is six float64 per instrument. Integrals of the piecewise-linear path through the samples are exact.
Hours count from the start of the instrument's interval (EWMA rows: from any fixed instant).
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, NamedTuple

import numpy as np

from fundtui.imbalance.rows import (
    NUMBER,
    ZERO,
    Field,
    Flags,
    Floats,
    Index,
    Ints,
    Number,
    Rows,
    Where,
    chosen,
    divide,
    every,
    shared_by_all,
    some,
)
from fundtui.market import Averaging as AveragingName

GAP_POLLS = 5
GAP_AT_LEAST_S = 120.0
SECONDS_PER_HOUR = 3600.0
SHORTEST_STEP_H = 1e-9
"""Microseconds. What is shorter adds nothing but rounding."""


class Averaging(IntEnum):
    """Averaging rules as codes for arrays."""

    UNIFORM = 0
    LINEAR = 1
    EWMA = 2
    NONE = 3


# Comparing an array with a member of an enumeration takes five times as long as with a plain number.
UNIFORM, LINEAR, EWMA, NONE = (int(code) for code in Averaging)

AVERAGING_CODE = {
    AveragingName.UNIFORM: Averaging.UNIFORM,
    AveragingName.LINEAR: Averaging.LINEAR,
    AveragingName.EWMA: Averaging.EWMA,
    AveragingName.NONE: Averaging.NONE,
}


class Average(NamedTuple):
    """Ā with its coverage, 0..1: of the time so far, and of the whole interval at settlement."""

    premium: Floats
    coverage: Floats
    coverage_at_settlement: Floats


class Twap(Rows):
    """Last sample (`x_h`, `premium`) and the four sums ∫P, ∫1, ∫τP, ∫τ over what was seen."""

    fields: ClassVar[dict[str, Field]] = {
        "x_h": NUMBER,
        "premium": NUMBER,
        "s0": ZERO,
        "w0": ZERO,
        "s1": ZERO,
        "w1": ZERO,
    }
    x_h: Floats
    premium: Floats
    s0: Floats
    w0: Floats
    s1: Floats
    w1: Floats


def gap_limit_h(poll_s: float) -> float:
    """The longest hole that is bridged: five polls, at least 120 s."""
    return max(GAP_POLLS * poll_s, GAP_AT_LEAST_S) / SECONDS_PER_HOUR


def update(state: Twap, rows: Where, x_h: Floats, premium: Floats, gap_h: Number) -> None:
    """Add one sample per row. A missing premium is skipped; a hole longer than `gap_h` is not bridged."""
    seen = np.isfinite(premium)
    seen &= np.isfinite(x_h)
    last_x, last_premium = state.x_h[rows], state.premium[rows]
    length = x_h - last_x
    bridged = seen & (length > SHORTEST_STEP_H)
    bridged &= length <= gap_h
    # What comes in order goes on from here; what is older than the last sample is no sample.
    kept = seen if every(bridged) else seen & ~(length < 0)
    if some(bridged):
        middle, level, slope = 0.5 * (x_h + last_x), 0.5 * (premium + last_premium), premium - last_premium
        if not every(bridged):
            length, middle, level, slope = np.where(bridged, (length, middle, level, slope), 0.0)
        slope *= length
        slope /= 12.0
        state.s0[rows] += length * level
        state.w0[rows] += length
        level *= middle
        level += slope
        level *= length
        state.s1[rows] += level
        middle *= length
        state.w1[rows] += middle
    _remember(state, rows, x_h, premium, kept)


def _remember(state: Twap, rows: Where, x_h: Floats, premium: Floats, seen: Flags) -> None:
    if every(seen):
        state.x_h[rows], state.premium[rows] = x_h, premium
        return
    kept = chosen(rows, seen)
    state.x_h[kept] = x_h[seen]
    state.premium[kept] = premium[seen]


def update_ewma(state: Twap, rows: Where, x_h: Floats, premium: Floats, gap_h: Number, time_constant_h: Number) -> None:
    """Add one sample to rows whose venue averages exponentially (no interval start, `x_h` on one axis for ever).

    s0 and w0 hold the decayed ∫P and ∫1 of the seen time, normalised so that w0 → 1 is full coverage; a hole
    decays both.
    """
    seen = np.isfinite(premium) & np.isfinite(x_h)
    last_premium = state.premium[rows]
    length = x_h - state.x_h[rows]
    with np.errstate(invalid="ignore"):
        forward = seen & (length > 0)
        bridged = forward & (length <= gap_h)
    steps = np.where(forward, length, 1.0) / time_constant_h
    decay = np.where(forward, np.exp(-steps), 1.0)
    # The last sample's weight in the exponential average of a straight line; the first one has the rest of 1 − decay.
    newest = 1.0 + np.expm1(-steps) / steps
    gained = np.where(bridged, premium * newest + last_premium * (1.0 - decay - newest), 0.0)
    state.s0[rows] = state.s0[rows] * decay + gained
    state.w0[rows] = state.w0[rows] * decay + np.where(bridged, 1.0 - decay, 0.0)
    _remember(state, rows, x_h, premium, seen & ~(length < 0))


def average(state: Twap, rows: Where, averaging: Ints, interval_h: Number) -> Average:
    """Ā by each row's own averaging rule, with its coverage so far and at settlement."""
    premium, so_far = average_so_far(state, rows, averaging)
    return Average(premium, so_far, _covered(state, rows, averaging, np.asarray(interval_h, np.float64)))


def average_so_far(state: Twap, rows: Where, averaging: Ints) -> tuple[Floats, Floats]:
    """Ā by each row's own averaging rule, and its coverage of the time so far, 0..1."""
    return _premium(state, rows, averaging), _covered(state, rows, averaging, state.x_h[rows])


def _premium(state: Twap, rows: Where, averaging: Ints) -> Floats:
    kind = shared_by_all(averaging)
    if kind == LINEAR:
        return divide(state.s1[rows], state.w1[rows])
    over_time = divide(state.s0[rows], state.w0[rows])
    if kind == UNIFORM:
        return over_time
    choice = [averaging == LINEAR, averaging == NONE]
    return np.select(choice, [divide(state.s1[rows], state.w1[rows]), state.premium[rows]], over_time)


def _covered(state: Twap, rows: Where, averaging: Ints, hours: Floats) -> Floats:
    """Which part of so many hours was seen, by each row's own weights. Nothing is unseen of a momentary rule."""
    kind = shared_by_all(averaging)
    if kind == LINEAR:
        covered = divide(state.w1[rows], 0.5 * hours * hours)
    elif kind == UNIFORM:
        covered = divide(state.w0[rows], hours)
    else:
        w0, w1, seen = state.w0[rows], state.w1[rows], np.isfinite(state.x_h[rows]).astype(np.float64)
        choice = [averaging == UNIFORM, averaging == LINEAR, averaging == EWMA]
        covered = np.select(choice, [divide(w0, hours), divide(w1, 0.5 * hours * hours), w0], seen)
    return np.minimum(covered, 1.0)


def restart(state: Twap, rows: Index, premium: Number = np.nan) -> None:
    """Begin a new interval: zero sums, x = 0 with the premium at that instant (NaN: nothing known yet)."""
    for sums in (state.s0, state.w0, state.s1, state.w1):
        sums[rows] = 0.0
    state.premium[rows] = premium
    state.x_h[rows] = np.where(np.isfinite(state.premium[rows]), 0.0, np.nan)


def roll_over(
    state: Twap, rows: Index, averaging: Ints, interval_h: Floats, x_h: Floats, premium: Floats, gap_h: Number
) -> Average:
    """Close the interval that ended between the last sample and this one, and begin the next with this one.

    `x_h` is the new sample's time after the boundary. Across a hole within `gap_h` the premium at the boundary is
    interpolated and ends the old interval as well as beginning the new one. Returns the closed interval's average.
    """
    before = interval_h - state.x_h[rows]
    hole = before + x_h
    with np.errstate(invalid="ignore"):
        bridged = np.isfinite(premium) & (before >= 0) & (hole > 0) & (hole <= gap_h)
    weight = np.where(bridged, before / np.where(bridged, hole, 1.0), 0.0)
    boundary = np.where(bridged, state.premium[rows] * (1.0 - weight) + premium * weight, np.nan)
    update(state, rows, interval_h, boundary, gap_h)
    closed = average(state, rows, averaging, interval_h)
    restart(state, rows, boundary)
    update(state, rows, x_h, premium, gap_h)
    return closed._replace(coverage=closed.coverage_at_settlement)


def seed(state: Twap, rows: Index, x_h: Floats, average_so_far: Floats) -> None:
    """Cold start from an average known by inversion of the published rate: sums as if all of 0..x had been seen."""
    known = np.isfinite(average_so_far) & np.isfinite(x_h) & (x_h > 0)
    kept, hours, level = rows[known], x_h[known], average_so_far[known]
    state.w0[kept], state.s0[kept] = hours, level * hours
    state.w1[kept], state.s1[kept] = 0.5 * hours * hours, level * 0.5 * hours * hours
    state.x_h[kept] = hours
    state.premium[kept] = level


def backfill(state: Twap, row: int, x_h: Floats, premium: Floats, gap_h: float) -> None:
    """Cold start from the venue's own premium history of the current interval, oldest first."""
    index = np.array([row], np.intp)
    restart(state, index)
    usable = np.isfinite(x_h) & np.isfinite(premium) & (x_h >= 0)
    hours, level = x_h[usable], premium[usable]
    if not len(hours):
        return
    length = np.diff(hours)
    bridged = (length > 0) & (length <= gap_h)
    length = np.where(bridged, length, 0.0)
    middle, mean, slope = 0.5 * (hours[1:] + hours[:-1]), 0.5 * (level[1:] + level[:-1]), np.diff(level)
    state.s0[row], state.w0[row] = np.sum(length * mean), np.sum(length)
    state.s1[row] = np.sum(length * (middle * mean + slope * length / 12.0))
    state.w1[row] = np.sum(length * middle)
    state.x_h[row], state.premium[row] = hours[-1], level[-1]
