"""Mean reversion: AR(1) from decayed sums of consecutive pairs, with bias correction and half-life (methodology §3.5).

Values are centred on the first one and scaled before they are summed, so that rates of 1e-5 keep their digits.
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np

from fundtui.imbalance.rows import NUMBER, ZERO, Field, Flags, Floats, Index, Number, Rows, divide

SCALE = 1e4
AT_LEAST = 60
DECAY_HALF_LIFE_H = 60.0 * 24.0


class AutoRegression(Rows):
    """Reference and last value, the step in hours, and the six sums over pairs (x, y) of consecutive values."""

    fields: ClassVar[dict[str, Field]] = {
        "reference": NUMBER,
        "last": NUMBER,
        "step_h": NUMBER,
        "sw": ZERO,
        "sx": ZERO,
        "sy": ZERO,
        "sxx": ZERO,
        "sxy": ZERO,
        "syy": ZERO,
    }
    reference: Floats
    last: Floats
    step_h: Floats
    sw: Floats
    sx: Floats
    sy: Floats
    sxx: Floats
    sxy: Floats
    syy: Floats


class Fit(NamedTuple):
    """AR(1) per row in the values' own unit; `half_life_h` is 0 for φ ≤ 0 and inf for φ ≥ 1, NaN below 60 pairs.

    `residual_variance` is per step; `kappa_per_h` the decay per hour (NaN outside 0 < φ < 1).
    """

    pairs: Floats
    phi: Floats
    intercept: Floats
    mean: Floats
    residual_variance: Floats
    phi_corrected: Floats
    phi_error: Floats
    half_life_steps: Floats
    half_life_h: Floats
    kappa_per_h: Floats


def update(state: AutoRegression, rows: Index, x: Floats, step_h: Number, chained: Flags, decay: Number = 1.0) -> None:
    """Add one value per row; it forms a pair with the last one where `chained` (no gap, no change of interval).

    `decay` is λ per pair, 1 for the full sample. A new `step_h` rebases the sums first (`rebase`).
    """
    known = np.isfinite(x)
    last = state.last[rows]
    fresh = known & ~np.isfinite(state.reference[rows])
    state.reference[rows[fresh]] = x[fresh]
    _rebase_changed(state, rows, np.broadcast_to(np.asarray(step_h, np.float64), rows.shape))
    paired = known & np.isfinite(last) & chained
    if paired.any():
        _add_pairs(state, rows[paired], last[paired], x[paired], np.broadcast_to(decay, rows.shape)[paired])
    state.last[rows[known]] = x[known]


def _rebase_changed(state: AutoRegression, rows: Index, step_h: Floats) -> None:
    before = state.step_h[rows]
    changed = np.isfinite(step_h) & (before != step_h)
    rebased = changed & np.isfinite(before)
    if rebased.any():
        rebase(state, rows[rebased], step_h[rebased])
    state.step_h[rows[changed]] = step_h[changed]


def _add_pairs(state: AutoRegression, rows: Index, x: Floats, y: Floats, decay: Number) -> None:
    reference = state.reference[rows]
    a, b = (x - reference) * SCALE, (y - reference) * SCALE
    for sums, term in (
        (state.sw, 1.0),
        (state.sx, a),
        (state.sy, b),
        (state.sxx, a * a),
        (state.sxy, a * b),
        (state.syy, b * b),
    ):
        sums[rows] = decay * sums[rows] + term


def rebase(state: AutoRegression, rows: Index, step_h: Floats) -> None:
    """Carry the sums over to another step: same mean and variance, φ to the power of the ratio of steps.

    A decay per hour means φ(N₂) = φ(N₁)^(N₂/N₁), so a change of interval loses nothing and fakes nothing [house].
    """
    sw = state.sw[rows]
    weight = np.where(sw > 0, sw, 1.0)
    mean = 0.5 * (state.sx[rows] + state.sy[rows]) / weight
    variance = np.maximum(0.5 * (state.sxx[rows] + state.syy[rows]) / weight - mean * mean, 0.0)
    covariance = state.sxy[rows] / weight - mean * mean
    ratio = np.clip(np.where(variance > 0, covariance / np.where(variance > 0, variance, 1.0), 0.0), 0.0, 1.0)
    power = np.power(ratio, step_h / state.step_h[rows])
    state.sx[rows] = state.sy[rows] = sw * mean
    state.sxx[rows] = state.syy[rows] = sw * (variance + mean * mean)
    state.sxy[rows] = sw * (power * variance + mean * mean)
    state.step_h[rows] = step_h


def pair_decay(step_h: Number, half_life_h: float = DECAY_HALF_LIFE_H) -> Floats:
    """λ per pair of a memory given in hours."""
    decay: Floats = np.exp2(-np.asarray(step_h, np.float64) / half_life_h)
    return decay


def fit(state: AutoRegression, rows: Index, at_least: float = AT_LEAST) -> Fit:
    """φ, intercept, mean, residual variance, Kendall's bias correction, half-life. NaN below `at_least` pairs."""
    sw, sx, sy = state.sw[rows], state.sx[rows], state.sy[rows]
    sxx, sxy, syy = state.sxx[rows], state.sxy[rows], state.syy[rows]
    reference = state.reference[rows]
    spread = sw * sxx - sx * sx
    # A plateau has no spread beyond rounding: its φ is unknown, not 0/0.
    ready = (sw >= at_least - 1e-9) & (spread > 1e-12 * np.maximum(sw * sxx, 1e-300))
    phi = np.where(ready, divide(sw * sxy - sx * sy, np.where(ready, spread, 1.0)), np.nan)
    centred = divide(sy - phi * sx, sw)
    rest = syy + centred * centred * sw + phi * phi * sxx - 2 * centred * sy - 2 * phi * sxy + 2 * centred * phi * sx
    offset = divide(centred, 1.0 - phi) / SCALE
    steps = half_life_steps(phi)
    step_h = state.step_h[rows]
    return Fit(
        pairs=sw,
        phi=phi,
        intercept=centred / SCALE + reference * (1.0 - phi),
        mean=reference + offset,
        residual_variance=np.maximum(divide(rest, sw), 0.0) / SCALE**2,
        phi_corrected=divide(sw * phi + 1.0, sw - 3.0),
        phi_error=np.sqrt(np.maximum(divide(1.0 - phi * phi, sw), 0.0)),
        half_life_steps=steps,
        half_life_h=steps * step_h,
        kappa_per_h=decay_per_h(phi, step_h),
    )


def half_life_steps(phi: Number) -> Floats:
    """ln ½ / ln φ; 0 for φ ≤ 0, inf for φ ≥ 1."""
    value = np.asarray(phi, np.float64)
    inside = (value > 0) & (value < 1)
    steps = math.log(0.5) / np.log(np.where(inside, value, 0.5))
    result: Floats = np.where(inside, steps, np.where(value >= 1, np.inf, np.where(np.isnan(value), np.nan, 0.0)))
    return result


def decay_per_h(phi: Number, step_h: Number) -> Floats:
    """κ = −ln φ / N per hour, NaN outside 0 < φ < 1."""
    value = np.asarray(phi, np.float64)
    inside = (value > 0) & (value < 1)
    kappa: Floats = np.where(inside, -np.log(np.where(inside, value, 0.5)) / step_h, np.nan)
    return kappa


def hourly_phi(phi: Number, step_h: Number) -> Floats:
    """φ per hour: φ^(1/N)."""
    value: Floats = np.power(np.maximum(np.asarray(phi, np.float64), 0.0), 1.0 / np.asarray(step_h, np.float64))
    return value
