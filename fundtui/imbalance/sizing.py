"""How large a position the figures allow, and the conditions under which it ends (methodology §6). Never advice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.rows import Flags, Floats, Ints, Number, divide
from fundtui.units import HOURS_PER_YEAR

TARGET_VOLATILITY = 0.10
KELLY_FRACTION = 0.25
KELLY_CAP = 2.0
VOLUME_SHARE = 0.01
OI_SHARE = 0.02
STOP_SPREADS = 3.0
ADVERSE_APR = 0.05
ADVERSE_SETTLEMENTS = 2


class Size(NamedTuple):
    """Notional in dollars and which limit set it: index into `LIMITS`, −1 where nothing is known."""

    notional_usd: Floats
    limit: Ints


LIMITS = ("volatility target", "Kelly fraction", "1 % of daily volume", "2 % of open interest", "room under the cap")


def volatility_target(equity: Number, pnl_volatility: Number, target: Number = TARGET_VOLATILITY) -> Floats:
    """Q = E·σ_target/σ_pnl, σ_pnl the annual sd of profit per unit of notional."""
    return divide(np.multiply(equity, target), np.where(np.asarray(pnl_volatility) > 0, pnl_volatility, np.nan))


def pnl_volatility(basis_step_sd: Number, steps_per_year: Number, funding_sd: Number = 0.0) -> Floats:
    """Annual sd of profit per unit of notional, from the sd of basis changes per step and of a year's funding."""
    annual: Floats = np.hypot(np.asarray(basis_step_sd, np.float64) * np.sqrt(steps_per_year), funding_sd)
    return annual


def kelly(
    expected_apr: Number, annual_volatility: Number, fraction: float = KELLY_FRACTION, cap: float = KELLY_CAP
) -> tuple[Floats, Floats]:
    """Full Kelly μ/σ² and the capped fraction of it that is used, as multiples of equity; μ net of costs."""
    full = divide(expected_apr, np.square(annual_volatility))
    used: Floats = np.clip(fraction * full, 0.0, cap)
    return full, used


def dynamic_size(
    volatility_target_usd: Number,
    kelly_usd: Number,
    volume_usd: Number,
    oi_usd: Number,
    cap_room_usd: Number,
    crowding: Number,
    quality: Number,
) -> Size:
    """min(vol target, Kelly, 1 % V_d, 2 % OI, cap room)·(1 − crowding/200)·q over the limits that are known [house]."""
    limits = np.stack(
        np.broadcast_arrays(
            *(
                np.asarray(x, np.float64)
                for x in (
                    volatility_target_usd,
                    kelly_usd,
                    np.multiply(volume_usd, VOLUME_SHARE),
                    np.multiply(oi_usd, OI_SHARE),
                    cap_room_usd,
                )
            )
        )
    )
    known = np.isfinite(limits)
    bounded = np.where(known, np.maximum(limits, 0.0), np.inf)
    limit, least = bounded.argmin(axis=0), bounded.min(axis=0)
    shrunk = 1.0 - np.clip(np.nan_to_num(np.asarray(crowding, np.float64)), 0.0, 100.0) / 200.0
    size = np.where(np.isfinite(least), least, np.nan) * shrunk * np.clip(quality, 0.0, 1.0)
    return Size(size, np.where(known.any(axis=0), limit, -1))


def basis_stop(entry_basis: Number, basis_sd: Number, side: Number = 1.0, spreads: float = STOP_SPREADS) -> Floats:
    """Basis at which to leave: entry plus k·sd against it. `side` +1 where a widening basis hurts, −1 the other way."""
    stop: Floats = np.add(entry_basis, np.multiply(side, spreads * np.asarray(basis_sd, np.float64)))
    return stop


def leaves_by_expectation(expected_remaining: Number, exit_cost: Number) -> Flags:
    """Whether what is still expected is worse than paying the exit now (entry cost is sunk)."""
    result: Flags = np.asarray(expected_remaining) < -np.asarray(exit_cost)
    return result


def leaves_by_flip(pair_hourly: Number, previous_pair_hourly: Number) -> Flags:
    """Whether two settlements in a row went against the pair by more than 5 % APR."""
    level = -ADVERSE_APR / HOURS_PER_YEAR
    result: Flags = (np.asarray(pair_hourly) < level) & (np.asarray(previous_pair_hourly) < level)
    return result
