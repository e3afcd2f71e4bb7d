"""Coming settlements worked out from the instrument table: when, where, and how many dollars change hands."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.table import Table
from fundtui.market import Reason
from fundtui.units import HOUR_MS

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

# More flows of one stretch are read by nobody; the largest stay.
MOST_FLOWS = 500
MINUTE_MS = 60_000
# More than any venue number, and than any number of minutes that a clock is ahead or behind.
_MANY = 1 << 20


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One settlement of one instrument.

    hourly   the rate as hourly simple rate; interval_h what it is paid for
    dollars  OI times what is paid: above zero longs pay shorts
    first    the instrument's next settlement, for which the rate is published; later ones assume today's rate
    settling due, and the venue does not tell the next one yet
    """

    key: str
    row: int
    time_ms: int
    venue: str
    asset: str
    symbol: str
    hourly: float
    interval_h: float
    oi_usd: float
    dollars: float
    first: bool
    settling: bool


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """The settlements of a span in stretches of `step_h` hours from `start_ms`.

    longs, shorts  dollars per stretch that longs (shorts) pay
    venues         names, most dollars first; by_venue: dollars per venue and stretch, whoever pays
    continuous     dollars per hour of contracts that pay all the time, net from longs to shorts
    settling       how many instruments are due and not yet seen to have settled
    """

    start_ms: int
    step_h: int
    longs: Floats
    shorts: Floats
    venues: tuple[str, ...]
    by_venue: Floats
    continuous: float
    settling: int

    @property
    def stretches(self) -> int:
        """How many stretches there are."""
        return len(self.longs)

    def begins_ms(self, stretch: int) -> int:
        """When a stretch begins."""
        return self.start_ms + stretch * self.step_h * HOUR_MS


class _Due:
    """The rows of the table that settle at known times, with what each pays then."""

    def __init__(self, table: Table, now_ms: int) -> None:
        count, columns = table.count, table.columns
        hourly, hours = columns["apr"][:count], columns["interval_h"][:count]
        size, next_ms = columns["oi_usd"][:count], columns["next_funding_ms"][:count]
        known = table.alive[:count] & np.isfinite(hourly) & np.isfinite(size)
        settles = known & np.isfinite(next_ms) & (hours > 0)
        self.rows: Index = np.flatnonzero(settles)
        self.next_ms: Floats = next_ms[self.rows]
        self.interval_ms: Floats = hours[self.rows] * HOUR_MS
        self.dollars: Floats = (hourly * hours * size)[self.rows]
        self.late = self.next_ms <= now_ms
        unknown = np.array([Reason.INTERVAL_UNKNOWN in label for label in table.labels["reasons"]] + [False])
        flowing = known & np.isnan(hours) & ~unknown[columns["reasons"][:count]]
        self.continuous = float((hourly * size)[flowing].sum())


def events(
    next_ms: Floats, interval_ms: Floats, hour_ms: int, start_ms: int, end_ms: int
) -> tuple[Index, Floats, Index]:
    """Settlements from start to end: which row, when, and how many come before it (0: its next one).

    hour_ms: the full hour in which we are; what was due before it and is not seen yet counts as due at it, once.
    """
    overdue = next_ms < hour_ms
    number = np.maximum(np.ceil((start_ms - next_ms) / interval_ms), np.where(overdue, 1.0, 0.0)).astype(np.intp)
    now = np.flatnonzero(overdue) if start_ms <= hour_ms < end_ms else np.zeros(0, np.intp)
    places, times, numbers = [now], [np.full(len(now), float(hour_ms))], [np.zeros(len(now), np.intp)]
    place: Index = np.arange(len(next_ms))
    while len(place):
        time = next_ms[place] + number[place] * interval_ms[place]
        inside = time < end_ms
        place, time = place[inside], time[inside]
        places.append(place)
        times.append(time)
        numbers.append(number[place])
        number[place] += 1
    return np.concatenate(places), np.concatenate(times), np.concatenate(numbers)


def _grouped(due: _Due, venue: Index, hour_ms: int) -> tuple[Index, Index]:
    """What settles at the same minute, at the same interval, on the same venue belongs together: the first row of
    each group, and the group of each row. Thousands of contracts keep a few hundred clocks."""
    minute = ((due.next_ms - hour_ms) // MINUTE_MS).astype(np.int64)
    interval = (due.interval_ms // MINUTE_MS).astype(np.int64)
    clock = (venue * _MANY + interval) * _MANY + minute
    _, first, group = np.unique(clock, return_index=True, return_inverse=True)
    return first, group


def schedule(table: Table, now_ms: int, hours: int, step_h: int) -> Schedule:
    """The settlements of the next `hours`, from the full hour on in which we are."""
    start_ms = now_ms // HOUR_MS * HOUR_MS
    count = -(-hours // step_h)
    due = _Due(table, now_ms)
    venue = table.columns["venue"][due.rows].astype(np.intp)
    first, group = _grouped(due, venue, start_ms)
    paid = [np.bincount(group, np.maximum(sign * due.dollars, 0.0), len(first)) for sign in (1.0, -1.0)]
    end_ms = start_ms + count * step_h * HOUR_MS
    places, times, _ = events(due.next_ms[first], due.interval_ms[first], start_ms, start_ms, end_ms)
    stretch = ((times - start_ms) // (step_h * HOUR_MS)).astype(np.intp)
    longs, shorts = (np.bincount(stretch, side[places], count).astype(np.float64) for side in paid)
    names = table.labels["venue"]
    cell = venue[first][places] * count + stretch
    flat = np.bincount(cell, (paid[0] + paid[1])[places], len(names) * count).astype(np.float64)
    by_venue = flat.reshape(len(names), count)
    order = [code for code in np.argsort(-by_venue.sum(axis=1), kind="stable").tolist() if by_venue[code].any()]
    return Schedule(
        start_ms=start_ms,
        step_h=step_h,
        longs=longs,
        shorts=shorts,
        venues=tuple(names[code] for code in order),
        by_venue=by_venue[order],
        continuous=due.continuous,
        settling=int(due.late.sum()),
    )


def flows(table: Table, now_ms: int, start_ms: int, end_ms: int) -> list[Flow]:
    """Who pays whom from start to end, the largest flows."""
    due = _Due(table, now_ms)
    hour_ms = now_ms // HOUR_MS * HOUR_MS
    places, times, numbers = events(due.next_ms, due.interval_ms, hour_ms, max(start_ms, hour_ms), end_ms)
    largest = np.argsort(-np.abs(due.dollars[places]), kind="stable")[:MOST_FLOWS]
    columns = table.columns
    found = []
    for place, time, number in zip(
        places[largest].tolist(), times[largest].tolist(), numbers[largest].tolist(), strict=True
    ):
        row = int(due.rows[place])
        found.append(
            Flow(
                key=f"{table.keys[row]} {number}",
                row=row,
                time_ms=int(time) if number or not due.late[place] else int(due.next_ms[place]),
                venue=table.text("venue", row),
                asset=table.text("asset", row),
                symbol=table.text("symbol", row),
                hourly=float(columns["apr"][row]),
                interval_h=float(columns["interval_h"][row]),
                oi_usd=float(columns["oi_usd"][row]),
                dollars=float(due.dollars[place]),
                first=number == 0,
                settling=number == 0 and bool(due.late[place]),
            )
        )
    return found
