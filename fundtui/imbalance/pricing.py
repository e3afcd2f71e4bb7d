"""One call that prices pairs of legs: expected funding, costs, break-even, capital, stress, score (methodology §4)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance import carry, costs
from fundtui.imbalance.carry import HORIZON_H, SCAN_H, Leg
from fundtui.imbalance.rows import Flags, Floats, Number

# Half-lives where an instrument's own history is too short: the low end of what was measured for each kind [house].
DEFAULT_HALF_LIFE_H = 12.0
DEFAULT_HALF_LIFE_HOURLY_H = 4.0
LONG_INTERVAL_H = 4.0
DEFAULT_LEVERAGE = 5.0


class Legs(NamedTuple):
    """Legs of several instruments, and which of them had to be given a default mean or half-life."""

    leg: Leg
    assumed: Flags


class Priced(NamedTuple):
    """Figures per pair, as fractions of the notional unless said otherwise.

    `gross`, `sd`, `net`, `fifth` (5 % worst) and `worst` (first settlements as expected, the rest at the adverse
    bounds) are at the horizon; `apr_notional` and `apr_capital` are simple annual rates of `net`; `break_even_h` is
    inf when not within 60 days, `never` when the long-run difference does not pay; `naive` is what APR times
    horizon would promise.
    """

    gross: Floats
    naive: Floats
    sd: Floats
    gain: Floats
    cost: Floats
    net: Floats
    fifth: Floats
    worst: Floats
    apr_notional: Floats
    capital: Floats
    apr_capital: Floats
    break_even_h: Floats
    never: Flags
    bound: Floats
    score: Floats


def legs(
    hourly: Floats,
    next_h: Floats,
    interval_h: Floats,
    mean_hourly: Floats,
    phi: Floats,
    residual_sd_hourly: Floats,
    cap_hourly: Floats,
    floor_hourly: Floats,
    interest_hourly: Number,
    continuous: Flags,
) -> Legs:
    """Legs from hourly figures. `hourly` is what the next settlement is expected to pay (projected or locked).

    φ is per settlement. Without a usable fit the rate decays to `interest_hourly` with a default half-life, and
    `assumed` says so: a rate is never extrapolated flat.
    """
    step = np.where(continuous, 1.0, interval_h)
    half_life = np.where(step >= LONG_INTERVAL_H, DEFAULT_HALF_LIFE_H, DEFAULT_HALF_LIFE_HOURLY_H)
    usable = np.isfinite(mean_hourly) & (phi > -1.0) & (phi < 1.0)
    ratio = np.where(usable, np.maximum(phi, 0.0), np.exp2(-step / half_life))
    mean = np.where(usable, mean_hourly, interest_hourly)
    leg = Leg(
        np.where(continuous, 0.0, next_h),
        step,
        hourly * step,
        mean * step,
        ratio,
        np.where(usable, residual_sd_hourly * step, np.nan),
        floor_hourly * step,
        cap_hourly * step,
        continuous,
    )
    return Legs(leg, ~usable)


def price(
    short: Leg,
    long: Leg,
    cost: Floats,
    capital: Floats,
    gain: Number = 0.0,
    freshness: Number = 1.0,
    coverage: Number = 1.0,
    capacity: Number = 1.0,
    annual_rate: Number = 0.0,
    horizon_h: float = HORIZON_H,
    scan_h: float = SCAN_H,
) -> Priced:
    """Price pairs: `cost` is the round trip, `gain` what basis convergence pays within the horizon.

    `annual_rate` is what the capital of a spot leg (or the borrowed coin) costs a year, 0 for two perpetuals.
    """
    gross = carry.gross(short, long, horizon_h)
    sd = carry.gross_sd(short, long, horizon_h)
    held = carry.cash_and_carry_net(gross, cost, annual_rate, horizon_h)
    net = held + gain
    now = np.divide(short.first, short.interval_h) - np.divide(long.first, long.interval_h)
    even = carry.break_even(short, long, cost, gain, scan_h)
    worst = carry.worst_case(short, long, horizon_h) + gain - cost
    return Priced(
        gross=gross,
        naive=now * horizon_h,
        sd=sd,
        gain=np.broadcast_to(np.asarray(gain, np.float64), gross.shape),
        cost=cost,
        net=net,
        fifth=carry.fifth_percentile(net, sd),
        worst=worst,
        apr_notional=carry.annualised(net, horizon_h),
        capital=capital,
        apr_capital=carry.annualised(net, horizon_h, capital),
        break_even_h=even.hours,
        never=even.never,
        bound=even.bound,
        score=carry.score(net, capital, freshness, coverage, capacity, horizon_h),
    )


def default_capital(count: int, leverage: float = DEFAULT_LEVERAGE) -> Floats:
    """Capital per notional of `count` pairs of perpetuals at one leverage."""
    return np.full(count, float(costs.capital_perp_perp(leverage, leverage)))
