"""Basis: distance from its own mean and from fair, time to converge, dated futures, term premium (methodology §5.4)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.rows import Flags, Floats, Number, divide, log_change

CONVERGED_WITHIN = 5e-4
SHORTEST_DAYS = 1.0
EXPIRY_ALERT_DAYS = 2.0
EXPIRY_ALERT_Z = 3.0
DAYS_PER_YEAR = 365.0
EIGHT_HOURS_PER_DAY = 3.0


class Dated(NamedTuple):
    """A dated future: raw basis F/S − 1, its annual forms, and the average 8-hour funding that it implies."""

    basis: Floats
    simple_apr: Floats
    log_apr: Floats
    implied_funding_8h: Floats


def z_score(basis: Number, mean: Number, sd: Number) -> Floats:
    """(b − b̄)/sd within ±20."""
    z: Floats = np.clip(divide(np.subtract(basis, mean), sd), -20.0, 20.0)
    return z


def hours_to_converge(basis: Number, mean: Number, kappa_per_h: Number, within: Number = CONVERGED_WITHIN) -> Floats:
    """Expected time until |b − b̄| is within `within`: ln(|b − b̄|/ε)/κ, 0 inside it, inf without mean reversion."""
    distance = np.abs(np.subtract(basis, mean))
    kappa = np.asarray(kappa_per_h, np.float64)
    steps = np.log(np.maximum(divide(distance, within), 1.0))
    hours: Floats = np.where(steps == 0.0, 0.0, np.where(kappa > 0, divide(steps, kappa), np.inf))
    return np.where(np.isnan(distance) | np.isnan(kappa), np.nan, hours)


def dated(future: Number, index: Number, days: Number) -> Dated:
    """Basis of a dated future; within a day of expiry only the raw basis means anything."""
    logarithm = log_change(future, index)
    raw = np.expm1(logarithm)
    left = np.where(np.asarray(days) >= SHORTEST_DAYS, days, np.nan)
    return Dated(
        raw,
        divide(raw * DAYS_PER_YEAR, left),
        divide(logarithm * DAYS_PER_YEAR, left),
        divide(logarithm, EIGHT_HOURS_PER_DAY * left),
    )


def term_premium(implied_funding_8h: Number, perpetual_8h: Number) -> Floats:
    """What the dated market expects of funding until expiry, less what the perpetual pays now; per 8 hours."""
    premium: Floats = np.subtract(implied_funding_8h, perpetual_8h)
    return premium


def expiry_alert(z: Number, days: Number) -> Flags:
    """Whether a future that must converge within 48 hours is still more than 3 σ away."""
    with np.errstate(invalid="ignore"):
        late: Flags = (np.abs(z) > EXPIRY_ALERT_Z) & (np.asarray(days) <= EXPIRY_ALERT_DAYS) & (np.asarray(days) > 0)
    return late


def expiry_urgency(basis: Number, days: Number) -> Floats:
    """|b|·√(1/d): how much a basis must still move for the time that is left."""
    urgency: Floats = np.abs(basis) * np.sqrt(divide(1.0, days))
    return urgency
