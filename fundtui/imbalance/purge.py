"""Purges: open interest vanishes while the price leaps, a cascade without liquidation feeds (methodology §5.2).

Each row runs through windows of an hour. Within a window the lowest and highest price and the latest open interest are
kept and compared with the end of the window before; spreads are exponential with a half-life of 72 hours and
know nothing of the window that they judge.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import (
    COUNT,
    NUMBER,
    SHORT_ZERO,
    Field,
    Floats,
    Index,
    Ints,
    Number,
    Rows,
    ShortFloats,
    divide,
    first_match,
    log_change,
)
from fundtui.units import HOUR_MS

WINDOW_MS = HOUR_MS
HALF_LIFE_H = 72.0
# An exponential memory as heavy as a flat one of thirty days.
MONTH_HALF_LIFE_H = 250.0
WARM_UP = 24
OI_FLOOR = 0.002
RETURN_FLOOR = 0.001
MERGE_MS = 6 * HOUR_MS
MUTE_MS = HOUR_MS // 2


class Level(NamedTuple):
    """Thresholds: z of open interest at most `-oi`, z of price at least `price`, and the smallest fall of OI."""

    oi: float
    price: float
    least_fall: float = 0.02


WARN = Level(4.0, 3.0)
CRITICAL = Level(6.0, 4.0)


class Kind(IntEnum):
    """What a window shows."""

    NONE = 0
    PURGE = 1
    CRITICAL_PURGE = 2
    OI_DISCONTINUITY = 3
    LARGE_MOVE = 4


class Purge(Rows):
    """The running window, the end of the window before, the spreads, and the last purge."""

    fields: ClassVar[dict[str, Field]] = {
        "window": Field(-1, np.int32),
        "oi": NUMBER,
        "price": NUMBER,
        "high": NUMBER,
        "low": NUMBER,
        "oi_before": NUMBER,
        "price_before": NUMBER,
        "oi_mean": SHORT_ZERO,
        "return_mean": SHORT_ZERO,
        "oi_variance": SHORT_ZERO,
        "return_variance": SHORT_ZERO,
        "month_mean": SHORT_ZERO,
        "month_variance": SHORT_ZERO,
        "oi_windows": COUNT,
        "return_windows": COUNT,
        "event_ms": Field(-1, np.int64),
        "event_oi_before": NUMBER,
    }
    window: Ints
    oi: Floats
    price: Floats
    high: Floats
    low: Floats
    oi_before: Floats
    price_before: Floats
    oi_mean: ShortFloats
    return_mean: ShortFloats
    oi_variance: ShortFloats
    return_variance: ShortFloats
    month_mean: ShortFloats
    month_variance: ShortFloats
    oi_windows: Ints
    return_windows: Ints
    event_ms: Ints
    event_oi_before: Floats


class Reading(NamedTuple):
    """Per row: z of OI and of the largest price excursion, severity, log changes, kind, whether it is a new event.

    `excursion` is signed: below zero the price fell, so longs were purged. `new` is False while a purge goes on.
    """

    z_oi: Floats
    z_price: Floats
    severity: Floats
    oi_change: Floats
    excursion: Floats
    kind: NDArray[np.int8]
    new: NDArray[np.bool_]


def scores(oi_change: Number, oi_sd: Number, excursion: Number, return_sd: Number) -> tuple[Floats, Floats, Floats]:
    """z of OI, z of price, and severity √(fall of OI in σ · move in σ), 0 when OI rose."""
    z_oi = divide(oi_change, oi_sd)
    z_price = divide(np.abs(excursion), return_sd)
    return z_oi, z_price, np.sqrt(np.maximum(-z_oi, 0.0) * z_price)


def observe(
    state: Purge,
    rows: Index,
    time_ms: Ints,
    oi_base: Floats,
    price: Floats,
    high: Floats | None = None,
    low: Floats | None = None,
    window_ms: int = WINDOW_MS,
) -> Reading:
    """Take one observation per row (OI in base units; bars may bring their own high and low) and judge the window.

    A sample exactly at a window's end belongs to that window. A window that follows a hole is void.
    """
    _enter_window(state, rows, (time_ms - 1) // window_ms, window_ms)
    known_oi, known_price = oi_base > 0, price > 0
    state.oi[rows[known_oi]] = oi_base[known_oi]
    state.price[rows[known_price]] = price[known_price]
    state.high[rows] = np.fmax(state.high[rows], price if high is None else high)
    state.low[rows] = np.fmin(state.low[rows], price if low is None else low)
    reading = _judge(state, rows, known_oi)
    return _remember(state, rows, time_ms, reading)


def _enter_window(state: Purge, rows: Index, window: Ints, window_ms: int) -> None:
    """Close the windows that have ended: learn their spread, keep their end as reference."""
    ended = window > state.window[rows]
    if not ended.any():
        return
    moved, now = rows[ended], window[ended]
    adjacent = now == state.window[moved] + 1
    gain = 1.0 - 2.0 ** (-(window_ms / HOUR_MS) / HALF_LIFE_H)
    oi_change = log_change(state.oi[moved], state.oi_before[moved])
    price_change = log_change(state.price[moved], state.price_before[moved])
    _learn(state.oi_mean, state.oi_variance, state.oi_windows, moved, oi_change, gain)
    slow = 1.0 - 2.0 ** (-(window_ms / HOUR_MS) / MONTH_HALF_LIFE_H)
    _learn(state.month_mean, state.month_variance, state.return_windows, moved, price_change, slow)
    _learn(state.return_mean, state.return_variance, state.return_windows, moved, price_change, gain)
    state.oi_windows[moved] += np.isfinite(oi_change)
    state.return_windows[moved] += np.isfinite(price_change)
    state.oi_before[moved] = np.where(adjacent, state.oi[moved], np.nan)
    state.price_before[moved] = np.where(adjacent, state.price[moved], np.nan)
    for column in (state.oi, state.price, state.high, state.low):
        column[moved] = np.nan
    state.window[moved] = now


def _learn(mean: ShortFloats, variance: ShortFloats, windows: Ints, rows: Index, change: Floats, gain: float) -> None:
    known = np.isfinite(change)
    kept = rows[known]
    # The first windows count evenly, so that a single one never sets the spread.
    weight = np.maximum(gain, 1.0 / (windows[kept] + 1.0))
    distance = change[known] - mean[kept]
    mean[kept] += weight * distance
    variance[kept] = (1.0 - weight) * (variance[kept] + weight * distance * distance)


def _judge(state: Purge, rows: Index, known_oi: NDArray[np.bool_]) -> Reading:
    before = state.price_before[rows]
    up, down = log_change(state.high[rows], before), log_change(state.low[rows], before)
    excursion = np.where(-down > up, down, up)
    oi_change = np.where(known_oi, log_change(state.oi[rows], state.oi_before[rows]), np.nan)
    oi_sd = np.where(state.oi_windows[rows] >= WARM_UP, np.maximum(np.sqrt(state.oi_variance[rows]), OI_FLOOR), np.nan)
    return_sd = np.where(
        state.return_windows[rows] >= WARM_UP, np.maximum(np.sqrt(state.return_variance[rows]), RETURN_FLOOR), np.nan
    )
    z_oi, z_price, severity = scores(oi_change, oi_sd, excursion, return_sd)
    kind = classify(z_oi, z_price, oi_change)
    return Reading(z_oi, z_price, severity, oi_change, excursion, kind, np.zeros(len(rows), np.bool_))


def classify(
    z_oi: Floats, z_price: Floats, oi_change: Floats, warn: Level = WARN, critical: Level = CRITICAL
) -> NDArray[np.int8]:
    """Kind per row. Open interest that jumps without the price is a discontinuity; without OI there is no purge."""
    with np.errstate(invalid="ignore"):
        fell = [
            (z_oi <= -level.oi) & (z_price >= level.price) & (oi_change <= -level.least_fall)
            for level in (critical, warn)
        ]
        jumped = (np.abs(z_oi) >= warn.oi) & (np.abs(oi_change) >= warn.least_fall) & (z_price < 1.0)
        leapt = np.isnan(z_oi) & (z_price >= critical.price)
    codes = [int(Kind.CRITICAL_PURGE), int(Kind.PURGE), int(Kind.OI_DISCONTINUITY), int(Kind.LARGE_MOVE)]
    kind: NDArray[np.int8] = first_match([*fell, jumped, leapt], codes, Kind.NONE)
    return kind


def _remember(state: Purge, rows: Index, time_ms: Ints, reading: Reading) -> Reading:
    """Merge purges within six hours of each other into one event."""
    purged = (reading.kind == Kind.PURGE) | (reading.kind == Kind.CRITICAL_PURGE)
    last = state.event_ms[rows]
    new = purged & ((last < 0) | (time_ms - last > MERGE_MS))
    state.event_oi_before[rows[new]] = state.oi_before[rows[new]]
    state.event_ms[rows[purged]] = time_ms[purged]
    return reading._replace(new=new)


def daily_volatility(state: Purge, rows: Index, window_ms: int = WINDOW_MS) -> tuple[Floats, Floats]:
    """Daily volatility of the price from its windows, over the last days and over about a month; NaN while unknown."""
    windows_a_day = 24.0 * HOUR_MS / window_ms
    ready = state.return_windows[rows] >= WARM_UP
    fast, slow = (
        np.where(ready, np.sqrt(windows_a_day * variance[rows]), np.nan)
        for variance in (state.return_variance, state.month_variance)
    )
    return fast, slow


def leverage_reset(state: Purge, rows: Index, oi_base: Floats) -> Floats:
    """OI now over OI before the last purge, minus 1: how much leverage has gone; NaN without one."""
    gone: Floats = divide(oi_base, state.event_oi_before[rows]) - 1.0
    return gone


def muted(state: Purge, rows: Index, time_ms: Ints) -> NDArray[np.bool_]:
    """Whether crowding is silent, for half an hour after a purge."""
    last = state.event_ms[rows]
    silent: NDArray[np.bool_] = (last >= 0) & (time_ms - last <= MUTE_MS)
    return silent
