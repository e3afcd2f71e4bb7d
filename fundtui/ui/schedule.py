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
MOST_FLOWS = 2000


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

    def events(self, start_ms: int, end_ms: int) -> tuple[Index, Floats, Index]:
        """All settlements from start to end: place in `rows`, time, and whether it is the first (0), second…

        A settlement that is overdue counts as due now.
        """
        places, times, numbers = [], [], []
        place = np.arange(len(self.rows))
        number = 0
        time = np.maximum(self.next_ms, start_ms)
        while len(place):
            inside = time < end_ms
            place, time = place[inside], time[inside]
            places.append(place)
            times.append(time)
            numbers.append(np.full(len(place), number))
            number += 1
            time = self.next_ms[place] + number * self.interval_ms[place]
            ahead = time >= start_ms
            place, time = place[ahead], time[ahead]
        nothing = np.zeros(0, np.intp)
        return (
            np.concatenate([nothing, *places]).astype(np.intp),
            np.concatenate([np.zeros(0), *times]),
            np.concatenate([nothing, *numbers]).astype(np.intp),
        )


def schedule(table: Table, now_ms: int, hours: int, step_h: int) -> Schedule:
    """The settlements of the next `hours`, from the full hour on in which we are."""
    start_ms = now_ms // HOUR_MS * HOUR_MS
    count = -(-hours // step_h)
    due = _Due(table, now_ms)
    places, times, _ = due.events(start_ms, start_ms + count * step_h * HOUR_MS)
    stretch = ((times - start_ms) // (step_h * HOUR_MS)).astype(np.intp)
    dollars = due.dollars[places]
    longs: Floats = np.bincount(stretch, np.maximum(dollars, 0.0), count).astype(np.float64)
    shorts: Floats = np.bincount(stretch, np.maximum(-dollars, 0.0), count).astype(np.float64)
    names = table.labels["venue"]
    venue = table.columns["venue"][due.rows][places].astype(np.intp)
    flat = np.bincount(venue * count + stretch, np.abs(dollars), len(names) * count)
    by_venue = flat.astype(np.float64).reshape(len(names), count)
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
    places, times, numbers = due.events(now_ms // HOUR_MS * HOUR_MS, end_ms)
    inside = times >= start_ms
    places, times, numbers = places[inside], times[inside], numbers[inside]
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
