"""A person's own size against the limits and the ways out of a pair (methodology §6). Conditions, never advice."""

from __future__ import annotations

import math
from statistics import NormalDist

import msgspec
import numpy as np

from fundtui.imbalance import liquidation, sizing
from fundtui.imbalance.carry import HORIZON_H
from fundtui.imbalance.course import Course
from fundtui.imbalance.pairs import MAINTENANCE
from fundtui.imbalance.table import Table
from fundtui.units import HOURS_PER_YEAR

DAYS = HORIZON_H / 24.0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says: notional of each leg, own capital, leverage of each leg."""

    size_usd: float
    equity_usd: float
    leverage: float


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """Where one leg is liquidated: price and distance (fraction), and the chance that it is touched in seven days."""

    venue: str
    price: float
    liquidation_price: float
    distance: float
    touch: float


class Limit(msgspec.Struct, frozen=True):
    """One limit of the size in dollars, NaN where nothing is known."""

    name: str
    usd: float


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one pair at a person's size; fractions unless said otherwise, NaN for what is not known.

    room_usd      least of the limits, less for crowding and for the pair's quality where the table says so
    volatility    annual sd of profit per notional; kelly_full and kelly_used are multiples of the equity
    stop, entry   basis (fraction) at which the stop is, and at entry
    remaining     expected funding of seven days; exit_cost is what leaving costs
    paid          hourly difference of the last two settlements, the newest last
    """

    pair: str
    legs: tuple[Leg, ...]
    limits: tuple[Limit, ...]
    room_usd: float
    volatility: float
    kelly_full: float
    kelly_used: float
    margin_usd: float
    largest_leverage: float
    daily_volatility: float
    entry: float
    stop: float
    remaining: float
    exit_cost: float
    leaves_by_expectation: bool
    paid: tuple[float, float]
    leaves_by_flip: bool


def conditions(
    pairs: Table, instruments: Table, row: int, wanted: Wanted, courses: tuple[Course, ...] = ()
) -> Conditions:
    """The conditions of a pair that was priced. `courses`: settled rates of its legs, for the exit after two flips."""

    def figure(key: str) -> float:
        return float(pairs.columns[key][row])

    rows = _leg_rows(pairs, instruments, row)
    periods = HOURS_PER_YEAR / HORIZON_H
    deviation = (figure("basis_stop") - figure("entry_basis")) / sizing.STOP_SPREADS
    noise = float(sizing.pnl_volatility(deviation, periods, np.nan_to_num(figure("sd")) * math.sqrt(periods)))
    full, used = (float(each) for each in sizing.kelly(figure("net_apr") * HOURS_PER_YEAR, noise))
    volatility = daily_volatility(figure("leverage"))
    paid = last_two(pairs, row, courses)
    exit_cost = 0.5 * figure("cost")
    return Conditions(
        pair=f"{pairs.text('short', row)}/{pairs.text('long', row)}",
        legs=tuple(
            _leg(instruments, leaf, wanted.leverage, volatility, short=short)
            for leaf, short in rows
            if leaf is not None
        ),
        limits=_limits(instruments, [leaf for leaf, _ in rows if leaf is not None], wanted.equity_usd, noise, used),
        room_usd=figure("size_usd"),
        volatility=noise,
        kelly_full=full,
        kelly_used=used,
        margin_usd=wanted.size_usd * figure("capital"),
        largest_leverage=figure("leverage"),
        daily_volatility=volatility,
        entry=figure("entry_basis"),
        stop=figure("basis_stop"),
        remaining=figure("gross"),
        exit_cost=exit_cost,
        leaves_by_expectation=bool(sizing.leaves_by_expectation(figure("gross"), exit_cost)),
        paid=paid,
        leaves_by_flip=bool(sizing.leaves_by_flip(paid[1], paid[0])),
    )


def daily_volatility(largest_leverage: float) -> float:
    """The daily volatility behind a largest leverage (`liquidation.largest_leverage` read backwards).

    NaN where the leverage is at one of its bounds: then only a bound of the volatility is known.
    """
    if not liquidation.SMALLEST_LEVERAGE < largest_leverage < liquidation.LARGEST_LEVERAGE:
        return math.nan
    steps = NormalDist().inv_cdf(1.0 - 0.5 * liquidation.ACCEPTED_TOUCH)
    return math.log((1.0 + 1.0 / largest_leverage) / (1.0 + MAINTENANCE)) / (steps * math.sqrt(DAYS))


def last_two(pairs: Table, row: int, courses: tuple[Course, ...]) -> tuple[float, float]:
    """Hourly rate of the short leg less that of the long one over the last two settlements of either, newest last."""
    legs = [
        next((one for one in courses if (one.venue, one.symbol) == _leg_name(pairs, side, row)), None)
        for side in ("short", "long")
    ]
    if any(one is None for one in legs):
        return math.nan, math.nan
    short, long = (one for one in legs if one is not None)
    instants = np.union1d(short.settled_ms, long.settled_ms)
    if len(instants) < 2:
        return math.nan, math.nan
    before, last = (_in_force(short, at_ms) - _in_force(long, at_ms) for at_ms in instants[-2:].tolist())
    return before, last


def _in_force(one: Course, at_ms: int) -> float:
    """The hourly rate that was paid for the hours until an instant; NaN where no settlement covers them."""
    place = int(np.searchsorted(one.settled_ms, at_ms))
    if place < len(one.settled_ms):
        return float(one.settled_hourly[place]) if one.settled_from_ms[place] < at_ms else math.nan
    # The interval that is running: what was paid last is the last word.
    return float(one.settled_hourly[-1]) if len(one.settled_ms) else math.nan


def _leg_name(pairs: Table, side: str, row: int) -> tuple[str, str]:
    return pairs.text(side, row), pairs.text(f"{side}_symbol", row)


def _leg_rows(pairs: Table, instruments: Table, row: int) -> list[tuple[int | None, bool]]:
    """Instrument rows of short and long leg (None: spot), and whether it is the short one."""
    return [
        (instruments.index.get(" ".join(_leg_name(pairs, side, row))), side == "short") for side in ("short", "long")
    ]


def _leg(instruments: Table, leaf: int, leverage: float, volatility: float, *, short: bool) -> Leg:
    price = float(instruments.columns["mark"][leaf])
    inverse = instruments.text("kind", leaf) == "inverse"
    at = liquidation.short_price if short else liquidation.long_price
    # At a price of one the result is a ratio: the price itself need not be known for the distance.
    ratio = float(at(1.0, leverage, MAINTENANCE, inverse))
    touch = float(liquidation.touch_probability(1.0, ratio, volatility, DAYS))
    return Leg(
        venue=instruments.text("venue", leaf),
        price=price,
        liquidation_price=price * ratio,
        distance=ratio - 1.0,
        touch=touch if volatility == volatility else math.nan,
    )


def _limits(
    instruments: Table, leaves: list[int], equity_usd: float, noise: float, kelly_used: float
) -> tuple[Limit, ...]:
    def least(values: list[float]) -> float:
        return min((value for value in values if value == value), default=math.nan)

    columns = instruments.columns
    volume = least([float(columns["volume_usd"][leaf]) for leaf in leaves])
    oi = least([float(columns["oi_usd"][leaf]) for leaf in leaves])
    room = least([float(columns["oi_cap_usd"][leaf] - columns["oi_usd"][leaf]) for leaf in leaves])
    values = (
        float(sizing.volatility_target(equity_usd, noise)),
        equity_usd * kelly_used,
        volume * sizing.VOLUME_SHARE,
        oi * sizing.OI_SHARE,
        room,
    )
    return tuple(Limit(name, value) for name, value in zip(sizing.LIMITS, values, strict=True))
