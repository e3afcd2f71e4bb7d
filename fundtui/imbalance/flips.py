"""The exit after two adverse settlements: what a pair was paid at the last two instants (methodology §6, S7)."""

from __future__ import annotations

import numpy as np

from fundtui.imbalance import realised
from fundtui.imbalance.realised import Realised
from fundtui.imbalance.rows import Floats, Index, Ints

NOBODY = -1
SAME_PACE_MIN = 10


def less_adverse(state: Realised, shorts: Index, longs: Index) -> Floats:
    """The higher of what a pair was paid at the last two settlements of either leg, hourly; NaN before there were two.

    Short leg less long leg; a leg that did not settle at an instant counts with the rate of its running interval. Both
    were below a level exactly where this is. `longs` −1: bought spot, which pays nothing.
    """
    short_min, short_rate = last_two(state, shorts)
    long_min, long_rate = last_two(state, longs)
    spot = (longs == NOBODY)[:, None]
    long_min, long_rate = np.where(spot, -1, long_min), np.where(spot, 0.0, long_rate)
    newest = np.maximum(short_min[:, 1], long_min[:, 1])
    times = np.concatenate((short_min, long_min), axis=1)
    before = np.where(times < newest[:, None], times, -1).max(axis=1)
    paid_last = short_rate[:, 1] - long_rate[:, 1]
    hours = state.interval_h
    paid_before = _in_force(short_min, short_rate, hours[shorts], before)
    paid_before = paid_before - _in_force(long_min, long_rate, np.where(longs == NOBODY, 0.0, hours[longs]), before)
    higher: Floats = np.where(before >= 0, np.maximum(paid_last, paid_before), np.nan)
    return higher


def last_two(state: Realised, rows: Index) -> tuple[Ints, Floats]:
    """Minutes (UTC) and hourly rates of the last two settlements, shape (rows, 2), newest last; −1 and NaN: none.

    Across a hole or a change of the interval the older one is not told: its hours are not known any more.
    """
    minutes = np.full((len(rows), 2), -1, np.int64)
    hourly = np.full((len(rows), 2), np.nan)
    known = np.flatnonzero((rows >= 0) & (state.pushed[rows] > 0))
    mine = rows[known]
    hours = state.interval_h[mine]
    minutes[known, 1], hourly[known, 1] = state.last_min[mine], realised.entry(state, mine, 1)[1] / hours
    twice = np.flatnonzero(state.pushed[mine] > 1)
    mine, hours, known = mine[twice], hours[twice], known[twice]
    at_min, rate = realised.entry(state, mine, 2)
    steady = np.abs(state.last_min[mine] - at_min - 60.0 * hours) <= SAME_PACE_MIN
    minutes[known[steady], 0], hourly[known[steady], 0] = at_min[steady], (rate / hours)[steady]
    return minutes, hourly


def _in_force(minutes: Ints, hourly: Floats, interval_h: Floats, at_min: Ints) -> Floats:
    """The rate paid for the hours until an instant: the older one where it was paid then or later, else the newer.

    NaN where the newer one was paid later, for hours that began at the instant or after it: a settlement is missing.
    """
    covers = minutes[:, 1] - 60.0 * interval_h + SAME_PACE_MIN < at_min
    newer = np.where((minutes[:, 1] < at_min) | covers, hourly[:, 1], np.nan)
    rate: Floats = np.where(minutes[:, 0] >= at_min, hourly[:, 0], newer)
    return rate
