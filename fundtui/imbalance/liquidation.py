"""Where a leg is liquidated, how likely that is, and the leverage that keeps it unlikely (methodology §6)."""

from __future__ import annotations

import math

import numpy as np

from fundtui.imbalance.rows import Flags, Floats, Number, divide

SMALLEST_LEVERAGE, LARGEST_LEVERAGE = 1.0, 125.0
ACCEPTED_TOUCH = 0.01
STRESSED_VOLATILITY = 1.5
REBALANCE_BELOW = 0.40
_ERFC = np.vectorize(math.erfc, otypes=[np.float64])


def long_price(price: Number, leverage: Number, maintenance: Number, inverse: Flags | bool = False) -> Floats:
    """Liquidation price of an isolated long: linear p(1 − 1/L)/(1 − m), inverse p(1 + m)/(1 + 1/L)."""
    margin = divide(1.0, leverage)
    linear = np.asarray(price) * (1.0 - margin) / (1.0 - np.asarray(maintenance))
    coin = np.asarray(price) * (1.0 + np.asarray(maintenance)) / (1.0 + margin)
    return np.where(inverse, coin, linear)


def short_price(price: Number, leverage: Number, maintenance: Number, inverse: Flags | bool = False) -> Floats:
    """Liquidation price of an isolated short: linear p(1 + 1/L)/(1 + m), inverse p(1 − m)/(1 − 1/L) (inf at 1x)."""
    margin = divide(1.0, leverage)
    linear = np.asarray(price) * (1.0 + margin) / (1.0 + np.asarray(maintenance))
    room = 1.0 - margin
    safe = np.where(room > 0, room, 1.0)
    coin = np.where(room > 0, np.asarray(price) * (1.0 - np.asarray(maintenance)) / safe, np.inf)
    return np.where(inverse, coin, linear)


def distance(price: Number, liquidation_price: Number) -> Floats:
    """Liquidation price over price, minus 1."""
    return divide(liquidation_price, price) - 1.0


def touch_probability(price: Number, liquidation_price: Number, daily_volatility: Number, days: Number) -> Floats:
    """2Φ(−|ln(P_liq/p)|/(σ_d√T)): chance that a driftless price touches it within `days`; 1 where it is there."""
    ratio = np.asarray(liquidation_price, np.float64) / np.asarray(price, np.float64)
    far = np.abs(np.log(np.where(ratio > 0, ratio, np.nan)))
    spread = np.asarray(daily_volatility, np.float64) * np.sqrt(np.asarray(days, np.float64))
    steps = np.where(spread > 0, far / np.where(spread > 0, spread, 1.0), np.where(far > 0, np.inf, 0.0))
    # A long at 1x has its liquidation at zero: never touched.
    unreachable = (ratio <= 0) | np.isinf(far)
    chance: Floats = np.where(unreachable, 0.0, _ERFC(steps / math.sqrt(2.0)))
    return chance


def stressed_volatility(ewma: Number, monthly: Number, stressed: Flags | bool) -> Floats:
    """max(EWMA, 30 d), times 1.5 in capped and extreme regimes: normal tails understate."""
    volatility: Floats = np.fmax(ewma, monthly) * np.where(stressed, STRESSED_VOLATILITY, 1.0)
    return volatility


def largest_leverage(
    daily_volatility: Number, days: Number, maintenance: Number, accepted: float = ACCEPTED_TOUCH
) -> Floats:
    """Largest leverage, 1 to 125, whose short side is liquidated within `days` with at most the accepted chance."""
    volatility, horizon, margin = np.broadcast_arrays(
        *(np.asarray(x, np.float64) for x in (daily_volatility, days, maintenance))
    )
    # Imported when it is asked for: not needed for the first rows.
    from statistics import NormalDist

    # The chance of a touch is 2Φ(−d/s), so it is the accepted one at a distance d of this many s.
    steps = NormalDist().inv_cdf(1.0 - 0.5 * accepted)
    room = (1.0 + margin) * np.exp(steps * volatility * np.sqrt(horizon)) - 1.0
    leverage = np.where(room > 0, divide(1.0, room), LARGEST_LEVERAGE)
    result: Floats = np.where(
        np.isfinite(volatility * horizon * margin), np.clip(leverage, SMALLEST_LEVERAGE, LARGEST_LEVERAGE), np.nan
    )
    return result


def needs_margin(price: Number, liquidation_price: Number, initial_distance: Number) -> Flags:
    """Whether less than 40 % of the distance at entry is left."""
    left = np.abs(distance(price, liquidation_price))
    with np.errstate(invalid="ignore"):
        result: Flags = left < REBALANCE_BELOW * np.abs(initial_distance)
    return result
