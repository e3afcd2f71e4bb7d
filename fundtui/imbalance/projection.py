"""What the rate becomes at settlement if the premium decays to its mean, and if it stays (methodology §0, §2.4)."""

from __future__ import annotations

import math

import numpy as np

from fundtui.imbalance.rows import Flags, Floats, Number
from fundtui.imbalance.theory import Kernel, funding

DEFAULT_HALF_LIFE_H = 0.5
# Below this decay over the rest of the interval the closed form of the ramp loses digits and its series is exact.
SMALL_DECAY = 1e-2
_SERIES = (1 / 2, -1 / 3, 1 / 8, -1 / 30, 1 / 144, -1 / 840)


def decay_rate(half_life_h: Number) -> Floats:
    """κ per hour of a half-life; the default half-life where none is known, 0 for an infinite one."""
    known = np.asarray(half_life_h, np.float64)
    usable = np.where(known > 0, known, DEFAULT_HALF_LIFE_H)
    kappa: Floats = math.log(2.0) / usable
    return kappa


def project(
    average: Number,
    elapsed_h: Number,
    premium_now: Number,
    mean: Number,
    kappa_per_h: Number,
    interval_h: Number,
    linear: Flags | bool,
) -> Floats:
    """Ā at settlement: what was seen, and an exponential decay of the present premium to its mean for the rest.

    `linear` says where the venue weighs later samples more. Before anything was seen Ā may be NaN only when
    `elapsed_h` is 0.
    """
    seen = np.minimum(np.maximum(np.asarray(elapsed_h, np.float64) / interval_h, 0.0), 1.0)
    left = 1.0 - seen
    decay = np.maximum(np.asarray(kappa_per_h, np.float64) * interval_h, 0.0)
    steps = decay * left
    flat = left * _decayed(steps)
    excess = np.subtract(premium_now, mean)
    known = np.where(seen > 0, average, 0.0)
    uniform = seen * known + np.asarray(mean) * left + excess * flat
    if not np.any(linear):
        return np.asarray(uniform)
    ramp, half = left * left * _decayed_ramp(steps), 0.5 * seen * seen
    weighed = 2.0 * (half * known + np.asarray(mean) * (0.5 - half) + excess * (seen * flat + ramp))
    result: Floats = np.where(linear, weighed, uniform)
    return result


def _decayed(steps: Floats) -> Floats:
    """Mean of e^{−s·u} over u in 0..1: (1 − e^{−s})/s."""
    safe = np.maximum(steps, 1e-12)
    mean: Floats = -np.expm1(-safe) / safe
    return mean


def _decayed_ramp(steps: Floats) -> Floats:
    """Mean of u·e^{−s·u} over u in 0..1: (1 − (1 + s)e^{−s})/s²."""
    safe = np.maximum(steps, SMALL_DECAY)
    closed = (1.0 - (1.0 + safe) * np.exp(-safe)) / (safe * safe)
    small = steps < SMALL_DECAY
    ramp: Floats = np.where(small, np.polyval(_SERIES[::-1], steps), closed) if np.any(small) else closed
    return ramp


def projected_rate(average_at_settlement: Number, kernel: Kernel) -> Floats:
    """The fair predicted rate per kernel period: the kernel at the projected average."""
    return funding(average_at_settlement, kernel)


def drift(premium_now: Number, published_rate: Number, kernel: Kernel) -> Floats:
    """G = F(P now) − published, per kernel period: where the published rate is heading if the premium stays."""
    return funding(premium_now, kernel) - published_rate
