"""A word for where funding stands, per instrument and for the whole market (methodology §3.6)."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import COUNT, Field, Flags, Floats, Index, Ints, Number, Rows, first_match
from fundtui.units import HOURS_PER_YEAR

AT_CAP = 0.98
EXTREME_APR = 1.0
EXTREME_APR_BY_RANK = 0.30
EXTREME_RANK = 0.99
CROWDED_BY = 0.10
CROWDED_SETTLEMENTS = 2
PLATEAU = 1e-9


class Regime(IntEnum):
    """Labels in the order in which they are tried; UNKNOWN without a rate."""

    UNKNOWN = -1
    NEUTRAL = 0
    CAPPED = 1
    EXTREME_LONG = 2
    EXTREME_SHORT = 3
    LONG_CROWDED = 4
    SHORT_CROWDED = 5
    PINNED = 6


REGIME_TEXT = {
    Regime.UNKNOWN: "",
    Regime.NEUTRAL: "neutral",
    Regime.CAPPED: "capped",
    Regime.EXTREME_LONG: "extreme long",
    Regime.EXTREME_SHORT: "extreme short",
    Regime.LONG_CROWDED: "long-crowded",
    Regime.SHORT_CROWDED: "short-crowded",
    Regime.PINNED: "pinned",
}


class Crowded(Rows):
    """Settlements in a row at crowded rates: above zero for longs, below for shorts."""

    fields: ClassVar[dict[str, Field]] = {"settlements": COUNT}
    settlements: Ints


def settle(state: Crowded, rows: Index, apr: Floats, interest_apr: Number) -> None:
    """Count one settled annual rate per row; a missing one changes nothing."""
    side = np.where(apr >= np.add(interest_apr, CROWDED_BY), 1, np.where(apr <= -CROWDED_BY, -1, 0))
    before = state.settlements[rows]
    after = np.where(np.sign(before) == side, before + side, side)
    state.settlements[rows] = np.where(np.isfinite(apr), after, before)


def cap_proximity(rate: Number, cap: Number, floor: Number) -> Floats:
    """f/cap above zero, f/floor below; NaN where that bound is unknown or not on its side of zero."""
    value, high, low = (np.asarray(item, np.float64) for item in (rate, cap, floor))
    bound = np.where(value >= 0, high, low)
    usable = np.isfinite(bound) & (np.sign(bound) == np.where(value >= 0, 1.0, -1.0)) & np.isfinite(value)
    share: Floats = np.where(usable, value / np.where(usable, bound, 1.0), np.nan)
    return share


def label(
    rate: Floats,
    interest: Number,
    proximity: Floats,
    apr: Floats,
    percentile: Floats,
    crowded_settlements: Ints,
) -> NDArray[np.int8]:
    """Regime per row, first rule that matches. `rate` and `interest` per interval (or both hourly), rank 0..1."""
    with np.errstate(invalid="ignore"):
        rank_high = (percentile >= EXTREME_RANK) & (np.abs(apr) >= EXTREME_APR_BY_RANK)
        rank_low = (percentile <= 1.0 - EXTREME_RANK) & (np.abs(apr) >= EXTREME_APR_BY_RANK)
        rules: list[Flags] = [
            ~np.isfinite(apr),
            proximity >= AT_CAP,
            (apr >= EXTREME_APR) | rank_high,
            (apr <= -EXTREME_APR) | rank_low,
            crowded_settlements >= CROWDED_SETTLEMENTS,
            crowded_settlements <= -CROWDED_SETTLEMENTS,
            np.abs(rate - interest) < PLATEAU,
        ]
    labels = [
        Regime.UNKNOWN,
        Regime.CAPPED,
        Regime.EXTREME_LONG,
        Regime.EXTREME_SHORT,
        Regime.LONG_CROWDED,
        Regime.SHORT_CROWDED,
        Regime.PINNED,
    ]
    result: NDArray[np.int8] = first_match(rules, labels, Regime.NEUTRAL)
    return result


def breadth(consensus_hourly: Floats, interest_apr: float = 0.1095) -> tuple[float, float]:
    """Shares of assets whose consensus is above the interest level, and below zero; NaN without any."""
    annual = consensus_hourly[np.isfinite(consensus_hourly)] * HOURS_PER_YEAR
    if not len(annual):
        return float("nan"), float("nan")
    return float(np.mean(annual > interest_apr + PLATEAU * HOURS_PER_YEAR)), float(np.mean(annual < 0))
