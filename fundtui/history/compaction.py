"""From polls to day chunks and hourly bars: a venue's day at a time, in small steps, any number of times.

A day's chunks grow from what is in them already and the polls after that, so that doing it twice, or being killed in
between, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np

from fundtui.history import codec
from fundtui.history.codec import Ints
from fundtui.history.frames import RATE
from fundtui.history.live import Live
from fundtui.history.months import (
    DAY_BITS,
    DAY_MS,
    DayChunk,
    Months,
    day_of,
    decode_clock,
    decode_day,
    encode_bars,
    encode_clock,
    encode_day,
)
from fundtui.history.state import State
from fundtui.history.steps import Gatherer, grown
from fundtui.history.store import Bar
from fundtui.units import HOUR_MS

EVERY_MS = 12 * HOUR_MS
"""A day's chunks are written anew each time: of 15,000 instruments four times a day is 52 bytes a sample, twice 44."""
KEEP_POLLS_MS = 48 * HOUR_MS
WRITE_BYTES = 8 << 20
"""Of chunks that are written together: half of what fifteen thousand instruments' day takes, a tenth of a second."""
STEP = 16
"""Polls or chunks per step: a few milliseconds of work."""


Rows = list[tuple[int, bytes]]


class Tail(NamedTuple):
    """Polls as arrays: times, and per contract number the places of its polls and its rates there; and what else they
    said, thinned."""

    times: Ints
    rows: dict[int, tuple[list[int], list[float]]]
    steps: Gatherer


class Retention(msgspec.Struct, frozen=True):
    """How long samples, bars and five-minute quotes are kept, milliseconds, 0: not at all; settlements and the journal
    are kept for good."""

    samples_ms: int = 30 * DAY_MS
    bars_ms: int = 730 * DAY_MS
    quotes_ms: int = 30 * DAY_MS


class Rooms(NamedTuple):
    """Where chunks are kept."""

    samples: Months
    bars: Months
    quotes: Months


class Pending:
    """What is written together: a page holds chunks of several venues, and each writing costs whole pages.

    A venue's day is added whole, so that being killed between two writings leaves it as it was or finished.
    """

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._days: dict[int, tuple[Rows, Rows, Rows, Rows]] = {}
        self.size = 0

    def add(self, day: int, hours: Rows, steps: Rows, chunks: Rows, clock: Rows) -> None:
        """A venue's day."""
        for waiting, rows in zip(
            self._days.setdefault(day, ([], [], [], [])), (hours, steps, chunks, clock), strict=True
        ):
            waiting += rows
            self.size += sum(len(body) for _, body in rows)

    def write(self) -> Iterator[None]:
        """Everything, the clocks at last: a day is not taken for done before it is."""
        for day, (hours, steps, chunks, clock) in sorted(self._days.items()):
            for months, rows in ((self._rooms.bars, hours), (self._rooms.quotes, steps)):
                if rows:
                    months.write(day, {"chunk": sorted(rows)})
                    yield
            self._rooms.samples.write(day, {"chunk": sorted(chunks), "clock": sorted(clock)})
            yield
        self._days, self.size = {}, 0


def compact(state: State, live: Live, rooms: Rooms, now_ms: int, keep: Retention) -> Iterator[None]:
    """Bring every venue's days up to date, then forget what is older than it is kept. One step with each `next`."""
    today = day_of(now_ms)
    pending = Pending(rooms)
    found = {number: live.first_ms(number) for number in state.venues().values()}
    firsts = {number: first_ms for number, first_ms in found.items() if first_ms is not None}
    for number, first_ms in firsts.items():
        for day in range(day_of(first_ms), today + 1):
            yield from _compact_day(state, live, pending, rooms, number, day, today, quotes=keep.quotes_ms > 0)
            if pending.size > WRITE_BYTES:
                yield from pending.write()
    yield from pending.write()
    for number in firsts:
        live.forget(number, now_ms - KEEP_POLLS_MS)
        yield
    for months in rooms:
        months.rest()
        yield
    for months, kept_ms in zip(rooms, (keep.samples_ms, keep.bars_ms, keep.quotes_ms), strict=True):
        months.forget(day_of(now_ms - kept_ms))


def _compact_day(
    state: State, live: Live, pending: Pending, rooms: Rooms, venue: int, day: int, today: int, *, quotes: bool
) -> Iterator[None]:
    samples = rooms.samples
    clock = _clock(samples, venue, day)
    start_ms = int(clock[-1]) + 1 if len(clock) else day * DAY_MS
    # Not in the file yet, or never: a poll whose time is within the day.
    tail = Tail(np.array(live.times(venue, start_ms, (day + 1) * DAY_MS), np.int64), {}, Gatherer())
    known = _owners_of(state, venue)
    if not len(tail.times) and (day == today or not len(clock) or _has_bars(rooms.bars, known, day)):
        return
    # Without a poll since: all of the day was in its chunks while it lasted, and only its hours are still to be made.
    yield from _gather(live, venue, tail, quotes=quotes)
    added = tail.steps.chunks()
    by_owner: dict[int, list[int]] = {}
    for contract in tail.rows:
        owner = state.owner(contract)
        if owner is not None:
            by_owner.setdefault(owner, []).append(contract)
    times = np.concatenate((clock, tail.times))
    chunks: Rows = []
    hours: Rows = []
    steps: Rows = []
    for place, owner in enumerate(sorted(known | set(by_owner))):
        before = samples.rows("chunk", owner, day, day).get(day) if len(clock) else None
        if before is None and owner not in by_owner:
            continue
        chunk = _grow(before, len(clock), len(tail.times), {one: tail.rows[one] for one in by_owner.get(owner, ())})
        chunks.append((owner << DAY_BITS | day, encode_day(chunk)))
        if added:
            kept = rooms.quotes.rows("chunk", owner, day, day).get(day)
            body = grown(kept, added, by_owner.get(owner, ()))
            steps += [(owner << DAY_BITS | day, body)] if body is not None else []
        if day < today:
            hours.append((owner << DAY_BITS | day, encode_bars(_bars(state, times, chunk))))
        if place % STEP == 0:
            yield
    pending.add(day, hours, steps, chunks, [(venue << DAY_BITS | day, encode_clock(times))])
    yield


def _gather(live: Live, venue: int, tail: Tail, *, quotes: bool) -> Iterator[None]:
    """Sort the rates of polls by contract. A damaged poll stays in the clock without rates."""
    place = {time_ms: number for number, time_ms in enumerate(tail.times.tolist())}
    if not place:
        return
    for number, (time_ms, frame) in enumerate(live.frames(venue, int(tail.times[0]), int(tail.times[-1]) + 1)):
        if time_ms not in place:
            continue
        for contract, rate in zip(frame.contracts.tolist(), frame.numbers[RATE].tolist(), strict=True):
            places, rates = tail.rows.setdefault(contract, ([], []))
            places.append(place[time_ms])
            rates.append(rate)
        if quotes:
            tail.steps.take(time_ms, frame)
        if number % STEP == 0:
            yield


def _grow(before: bytes | None, polls: int, more: int, rows: dict[int, tuple[list[int], list[float]]]) -> DayChunk:
    """A chunk with the polls after it added. `polls` and `more`: polls of the clock before and after."""
    seen = np.zeros(polls + more, np.bool_)
    contract = np.zeros(polls + more, np.int64)
    rate = np.full(polls + more, np.nan)
    if before is not None:
        try:
            old = decode_day(before)
        except codec.Damaged:
            old = None
        if old is not None and len(old.seen) <= polls:
            there = np.flatnonzero(old.seen)
            seen[there], contract[there], rate[there] = True, old.contract, old.rate
    for number, (places, rates) in rows.items():
        there = np.array(places, np.intp) + polls
        seen[there], contract[there], rate[there] = True, number, rates
    return DayChunk(seen, contract[seen], rate[seen])


def _bars(state: State, times: Ints, chunk: DayChunk) -> list[Bar]:
    """The hours of a day. Rates of another period than the hour's last one are not compared with it."""
    when = times[chunk.seen]
    contracts = state.known(chunk.contract)
    period_h = np.array([one.rate_period_h if one is not None else np.nan for one in contracts], np.float64)
    known = chunk.rate == chunk.rate
    found = []
    hours = when // HOUR_MS
    for hour in np.unique(hours[known]).tolist():
        place = np.flatnonzero(known & (hours == hour))
        last = place[-1]
        alike = chunk.rate[place[period_h[place] == period_h[last]]] if period_h[last] == period_h[last] else None
        rates = alike if alike is not None and len(alike) else chunk.rate[place[-1:]]
        found.append(
            Bar(
                hour * HOUR_MS,
                float(chunk.rate[last]),
                float(rates.min()),
                float(rates.max()),
                len(place),
                float(period_h[last]),
            )
        )
    return found


def _has_bars(bars: Months, owners: set[int], day: int) -> bool:
    """Whether the hours of a venue's day have been made: all of them are written together."""
    return any(bars.rows("chunk", owner, day, day) for owner in sorted(owners))


def _clock(samples: Months, venue: int, day: int) -> Ints:
    body = samples.rows("clock", venue, day, day).get(day)
    if body is None:
        return np.empty(0, np.int64)
    try:
        return decode_clock(body)
    except codec.Damaged:
        # Without its clock a day's chunks have no times: they are made anew from the polls that are left.
        return np.empty(0, np.int64)


def _owners_of(state: State, venue: int) -> set[int]:
    return {int(one) for (one,) in state.database.rows("SELECT id FROM instrument WHERE venue = ?", (venue,))}
