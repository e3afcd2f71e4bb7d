"""Leverage against liquidity: OI over volume, the OI-price quadrant, crowding with its components, squeezes (§5.1).

Source: methodology §5.1. Percentiles are 0..1, growth and returns are log changes.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import Floats, Number, divide, first_match

OI_DEAD_ZONE = 0.005
RETURN_DEAD_ZONE = 0.003
WEIGHTS = {"funding": 0.30, "oi": 0.25, "premium": 0.15, "oi_volume": 0.15, "cap": 0.15}
AT_LEAST_COMPONENTS = 2


class Quadrant(IntEnum):
    """What moved open interest and price together; QUIET inside the dead zone, UNKNOWN without either."""

    UNKNOWN = -1
    QUIET = 0
    NEW_LONGS = 1
    NEW_SHORTS = 2
    LONG_UNWINDING = 3
    SHORT_COVERING = 4


QUADRANT_TEXT = {
    Quadrant.UNKNOWN: "",
    Quadrant.QUIET: "quiet",
    Quadrant.NEW_LONGS: "new longs",
    Quadrant.NEW_SHORTS: "new shorts",
    Quadrant.LONG_UNWINDING: "long unwinding",
    Quadrant.SHORT_COVERING: "short covering",
}


class Crowding(NamedTuple):
    """Score 0..100, its sign (+1: longs crowded), and the five components 0..1 as rows in the order of `WEIGHTS`."""

    score: Floats
    sign: Floats
    components: Floats


def oi_to_volume(oi_usd: Number, volume_usd: Number) -> tuple[Floats, Floats]:
    """OI/V24 and the hours that the day's volume needs to turn OI over; NaN without volume."""
    ratio = divide(oi_usd, np.where(np.asarray(volume_usd) > 0, volume_usd, np.nan))
    return ratio, 24.0 * ratio


def quadrant(oi_growth: Floats, price_return: Floats) -> NDArray[np.int8]:
    """Quadrant code per row."""
    with np.errstate(invalid="ignore"):
        unknown = ~(np.isfinite(oi_growth) & np.isfinite(price_return))
        quiet = (np.abs(oi_growth) < OI_DEAD_ZONE) | (np.abs(price_return) < RETURN_DEAD_ZONE)
        grows, rises = oi_growth > 0, price_return > 0
    rules = [unknown, quiet, grows & rises, grows & ~rises, ~grows & ~rises]
    codes = [Quadrant.UNKNOWN, Quadrant.QUIET, Quadrant.NEW_LONGS, Quadrant.NEW_SHORTS, Quadrant.LONG_UNWINDING]
    return first_match(rules, codes, Quadrant.SHORT_COVERING)


def normal_percentile(z: Number) -> Floats:
    """Φ(z): the percentile of a z-score, NaN for a missing one."""
    steps = np.asarray(z, np.float64) / math.sqrt(2.0)
    # NumPy has no error function; most scores are missing while an instrument is young.
    known = np.flatnonzero(steps == steps)
    rank = np.full(steps.shape, np.nan)
    rank.flat[known] = np.fromiter(map(math.erf, steps.flat[known].tolist()), np.float64, len(known))
    return 0.5 * (1.0 + rank)


def centred(percentile: Number) -> Floats:
    """|2p − 1|: how far from the middle, 0..1."""
    distance: Floats = np.abs(2.0 * np.asarray(percentile, np.float64) - 1.0)
    return distance


def crowding(
    funding_percentile: Floats,
    oi_percentile: Floats,
    premium_percentile: Floats,
    oi_volume_percentile: Floats,
    cap_proximity: Floats,
    excess: Floats,
) -> Crowding:
    """Crowding from percentiles 0..1; `excess` is rate minus interest and gives the side.

    Missing components are dropped and the weights renormalised; n/a without funding or with fewer than two.
    """
    components = np.stack(
        [
            centred(funding_percentile),
            oi_percentile,
            centred(premium_percentile),
            oi_volume_percentile,
            np.clip(cap_proximity, 0.0, 1.0),
        ]
    )
    return Crowding(crowding_score(components), np.sign(excess), components)


def crowding_score(components: Floats) -> Floats:
    """100·Σw·p/Σw over the known components, shape (5, rows) in the order of `WEIGHTS`."""
    weights = np.array(list(WEIGHTS.values()))[:, None]
    known = np.isfinite(components)
    weight = np.where(known, weights, 0.0)
    whole = divide((weight * np.where(known, components, 0.0)).sum(axis=0), weight.sum(axis=0))
    enough = known[0] & (known.sum(axis=0) >= AT_LEAST_COMPONENTS)
    score: Floats = np.where(enough, 100.0 * whole, np.nan)
    return score


def squeeze_side(sign: Floats, price_return_4h: Floats) -> NDArray[np.int8]:
    """−1: crowded longs while the price falls (long squeeze risk), +1: crowded shorts while it rises, 0: neither."""
    with np.errstate(invalid="ignore"):
        long_squeeze = (sign > 0) & (price_return_4h < 0)
        short_squeeze = (sign < 0) & (price_return_4h > 0)
    side: NDArray[np.int8] = (short_squeeze.astype(np.int8) - long_squeeze.astype(np.int8)).astype(np.int8)
    return side
