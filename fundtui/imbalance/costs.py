"""What a round trip costs: fees, half-spreads, square-root impact, capacity, capital (methodology §4.2, §4.4)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.rows import Flags, Floats, Number, divide

IMPACT_FACTOR = 1.0
AVERAGE_FILL = 2.0 / 3.0
VOLUME_PER_OI = 1.5
LARGEST_OF_VOLUME = 0.01
LARGEST_OF_OI = 0.02
CAPITAL_BUFFER = 0.20


class LegCost(NamedTuple):
    """One leg: peak impact as a fraction of price, whether the size fits, and what was assumed for it."""

    impact: Floats
    capacity: Flags
    volume_assumed: Flags


def daily_volume(volume_usd: Number, oi_usd: Number) -> tuple[Floats, Flags]:
    """24 h volume in USD and whether it had to be taken as 1.5·OI."""
    volume = np.asarray(volume_usd, np.float64)
    known = volume > 0
    used: Floats = np.where(known, volume, VOLUME_PER_OI * np.asarray(oi_usd, np.float64))
    return np.where(used > 0, used, np.nan), ~known & np.isfinite(used) & (used > 0)


def impact(daily_volatility: Number, notional_usd: Number, volume_usd: Number, factor: float = IMPACT_FACTOR) -> Floats:
    """Square-root impact Y·σ_d·√(Q/V_d) as a fraction of price."""
    share = divide(notional_usd, volume_usd)
    peak: Floats = factor * np.asarray(daily_volatility, np.float64) * np.sqrt(np.where(share >= 0, share, np.nan))
    return peak


def leg_cost(daily_volatility: Number, notional_usd: Number, volume_usd: Number, oi_usd: Number) -> LegCost:
    """Impact of one leg; n/a beyond 1 % of daily volume or 2 % of OI, where no impact can be quoted."""
    volume, assumed = daily_volume(volume_usd, oi_usd)
    with np.errstate(invalid="ignore"):
        too_much = np.asarray(notional_usd > LARGEST_OF_VOLUME * volume) | np.asarray(
            notional_usd > LARGEST_OF_OI * np.asarray(oi_usd, np.float64)
        )
    peak = impact(daily_volatility, notional_usd, volume)
    fits = ~too_much & np.isfinite(volume)
    return LegCost(np.where(too_much, np.nan, peak), fits, assumed)


def round_trip(fees: Number, half_spreads: Number, impacts: Number) -> Floats:
    """2·fees + 2·half-spreads + 2·⅔·impacts, each the sum over both legs; a fraction of the notional."""
    cost: Floats = 2.0 * np.add(fees, half_spreads) + 2.0 * AVERAGE_FILL * np.asarray(impacts, np.float64)
    return cost


def half_spread(bid: Number, ask: Number, default: Number) -> Floats:
    """Half the relative spread of a quoted book; the default where there is none."""
    spread = divide(np.subtract(ask, bid), np.add(ask, bid))
    result: Floats = np.where(spread >= 0, spread, default)
    return result


def capital_perp_perp(leverage_short: Number, leverage_long: Number, buffer: float = CAPITAL_BUFFER) -> Floats:
    """Capital per unit of notional: (1/L_A + 1/L_B)·(1 + buffer)."""
    return (divide(1.0, leverage_short) + divide(1.0, leverage_long)) * (1.0 + buffer)


def capital_spot_perp(leverage: Number, haircut: Number = 1.0) -> Floats:
    """Capital per unit of notional: the spot leg (or its haircut as collateral) and the perpetual's margin."""
    return np.asarray(haircut, np.float64) + divide(1.0, leverage)
