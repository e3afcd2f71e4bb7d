"""How far the polled premium average may be from the venue's own (methodology §2.4, error bar)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fundtui.imbalance.rows import (
    NUMBER,
    SHORT_NUMBER,
    SHORT_ZERO,
    Field,
    Floats,
    Number,
    Rows,
    ShortFloats,
    Where,
    chosen,
    divide,
    every,
    some,
)

QUADRATIC_HALF_LIFE_H = 1.0
PREMIUM_HALF_LIFE_H = 8.0
# Two samples within a microsecond say nothing about a rate of change.
SHORTEST_STEP_H = 1e-9


class Roughness(Rows):
    """Quadratic variation of the premium per hour, and the premium's own mean and variance inside an interval."""

    fields: ClassVar[dict[str, Field]] = {
        "x_h": NUMBER,
        "premium": SHORT_NUMBER,
        "variation": SHORT_NUMBER,
        "mean": SHORT_NUMBER,
        "variance": SHORT_ZERO,
    }
    x_h: Floats
    premium: ShortFloats
    variation: ShortFloats
    mean: ShortFloats
    variance: ShortFloats


def update(state: Roughness, rows: Where, x_h: Floats, premium: Floats, gap_h: Number) -> None:
    """Add one premium per row at `x_h` hours (one axis for ever). Holes longer than `gap_h` are not measured."""
    step = x_h - state.x_h[rows]
    change = premium - state.premium[rows]
    measured = np.isfinite(change)
    measured &= step > SHORTEST_STEP_H
    measured &= step <= gap_h
    if every(measured):
        # Who has a change has a premium, now and before, and with that a mean.
        _measure(state, rows, step, change, premium)
        state.x_h[rows], state.premium[rows] = x_h, premium
        return
    if some(measured):
        _measure(state, chosen(rows, measured), step[measured], change[measured], premium[measured])
    seen = np.isfinite(premium) & np.isfinite(x_h) & ~(step < 0)
    fresh = seen & ~np.isfinite(state.mean[rows])
    if some(fresh):
        state.mean[chosen(rows, fresh)] = premium[fresh]
    kept = chosen(rows, seen)
    state.x_h[kept] = x_h[seen]
    state.premium[kept] = premium[seen]


def _measure(state: Roughness, rows: Where, step: Floats, change: Floats, premium: Floats) -> None:
    kept = np.exp2(step * (-1.0 / QUADRATIC_HALF_LIFE_H))
    sample = change * change
    sample /= step
    before = state.variation[rows]
    after = before - sample
    after *= kept
    after += sample
    known = np.isfinite(before)
    state.variation[rows] = after if every(known) else np.where(known, after, sample)
    kept = np.exp2(step * (-1.0 / PREMIUM_HALF_LIFE_H))
    gain = 1.0 - kept
    distance = premium - state.mean[rows]
    moved = gain * distance
    state.mean[rows] += moved
    moved *= distance
    moved += state.variance[rows]
    moved *= kept
    state.variance[rows] = moved


def sampling_error(variation: Number, poll_h: Number, seen_h: Number, *, hold: bool = False) -> Floats:
    """Standard deviation of the average's error from polling: σΔ/√(12T) for the trapezoid, σΔ/√(3T) when held.

    `variation` is σ², the premium's squared change per hour.
    """
    return np.sqrt(np.asarray(variation, np.float64)) * poll_h / np.sqrt((3.0 if hold else 12.0) * np.asarray(seen_h))


def coverage_error(coverage: Number, premium_sd: Number) -> Floats:
    """ε_cov = (1 − C)·2·sd_P: what the unseen part of the interval can hide."""
    error: Floats = (1.0 - np.asarray(coverage, np.float64)) * 2.0 * premium_sd
    return error


def total_error(sampling_sd: Number, half_spread_sd: Number, coverage_part: Number) -> Floats:
    """ε = 2·√(sd² + δ-uncertainty²) + ε_cov on Ā, the half-width that `theory.band` takes."""
    squares = np.square(sampling_sd) + np.square(half_spread_sd)
    error: Floats = 2.0 * np.sqrt(squares) + coverage_part
    return error


def error(
    state: Roughness, rows: Where, poll_h: Number, seen_h: Floats, coverage: Floats, half_spread_sd: Number
) -> Floats:
    """ε on Ā for these rows. Without a measured roughness the sampling part is unknown and taken as 0."""
    sampled = divide(np.sqrt(state.variation[rows]) * poll_h, np.sqrt(12.0 * np.maximum(seen_h, 0.0)))
    unknown = sampled != sampled
    if some(unknown):
        sampled[unknown] = 0.0
    deviation = np.sqrt(np.maximum(state.variance[rows], 0.0))
    return total_error(sampled, half_spread_sd, coverage_error(coverage, deviation))
