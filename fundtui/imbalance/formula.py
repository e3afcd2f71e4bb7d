"""The distance between a venue's rate and its own formula, now and at each settlement (methodology §0, §2.7).

Rates are per kernel period throughout (`to_period` converts); the record's D and band are per 8 hours.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np

from fundtui.imbalance.rows import NUMBER, Field, Flags, Floats, Index, Ints, Number, Rows
from fundtui.imbalance.theory import EIGHT_HOURS, Kernel, band

BP = 1e-4
SMALLEST_BAND = 0.01 * BP
REAL_T = 3.0
REAL_DISTANCE = 0.5 * BP
COVERAGE_FOR_VALUE = 0.2
COVERAGE_FOR_FULL_TRUST = 0.5
COVERAGE_FOR_ALERT = 0.8
SURPRISE_LEAD_MS = 30 * 60_000


class Record(NamedTuple):
    """Published against theoretical. `theory`, `low`, `high` per kernel period; `distance` and `error` per 8 hours."""

    theory: Floats
    low: Floats
    high: Floats
    distance: Floats
    error: Floats
    t: Floats
    trusted: Flags
    real: Flags


def to_period(rate: Number, rate_period_h: Number, kernel: Kernel) -> Floats:
    """A published rate in the hours that the kernel's F covers."""
    converted: Floats = np.asarray(rate, np.float64) * kernel.period_h / rate_period_h
    return converted


def record(published: Floats, average: Floats, error: Number, coverage: Floats, kernel: Kernel) -> Record:
    """D_form with its error bar: n/a below a coverage of 0.2, `trusted` from 0.5.

    `real` needs |t| > 3, |D| > 0.5 bp per 8 hours and a coverage of 0.8.
    """
    with np.errstate(invalid="ignore"):
        usable = np.where(coverage >= COVERAGE_FOR_VALUE, average, np.nan)
        low, theory, high = band(usable, error, kernel)
        per_8h = EIGHT_HOURS / np.asarray(kernel.period_h, np.float64)
        distance = (published - theory) * per_8h
        half_width = 0.5 * (high - low) * per_8h
        t = distance / np.maximum(half_width, SMALLEST_BAND)
        real = (np.abs(t) > REAL_T) & (np.abs(distance) > REAL_DISTANCE) & (coverage >= COVERAGE_FOR_ALERT)
        return Record(theory, low, high, distance, half_width, t, coverage >= COVERAGE_FOR_FULL_TRUST, real)


class Announced(Rows):
    """What the venue published half an hour or more before a settlement: for the coming one and for the one before.

    Venues tell what was paid some minutes late, when they already announce the next payment.
    """

    fields: ClassVar[dict[str, Field]] = {
        "rate": NUMBER,
        "settlement_ms": Field(-1, np.int64),
        "rate_before": NUMBER,
        "settlement_before_ms": Field(-1, np.int64),
    }
    rate: Floats
    settlement_ms: Ints
    rate_before: Floats
    settlement_before_ms: Ints


def announce(state: Announced, rows: Index, time_ms: Ints, settlement_ms: Ints, rate: Floats) -> None:
    """Remember the latest published rate up to 30 minutes before its settlement."""
    early = (settlement_ms - time_ms >= SURPRISE_LEAD_MS) & np.isfinite(rate)
    kept, announced = rows[early], settlement_ms[early]
    moved = kept[state.settlement_ms[kept] != announced]
    state.rate_before[moved], state.settlement_before_ms[moved] = state.rate[moved], state.settlement_ms[moved]
    state.rate[kept] = rate[early]
    state.settlement_ms[kept] = announced


def surprise(state: Announced, rows: Index, settlement_ms: Ints, settled_rate: Floats) -> Floats:
    """f settled − f published 30 minutes before; NaN where that announcement was not seen. Same unit as announced."""
    coming, before = state.settlement_ms[rows] == settlement_ms, state.settlement_before_ms[rows] == settlement_ms
    announced = np.where(coming, state.rate[rows], np.where(before, state.rate_before[rows], np.nan))
    return settled_rate - announced


def formula_error(settled_rate: Floats, closed_average: Floats, coverage: Floats, kernel: Kernel) -> Floats:
    """f settled − F(Ā_T), per kernel period; NaN below a coverage of 0.8, where it would be our own ignorance."""
    with np.errstate(invalid="ignore"):
        usable = np.where(coverage >= COVERAGE_FOR_ALERT, closed_average, np.nan)
    _, theory, _ = band(usable, 0.0, kernel)
    return settled_rate - theory
