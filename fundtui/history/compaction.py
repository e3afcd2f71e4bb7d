"""From polls to day chunks and hourly bars: a venue's day at a time, in small steps, any number of times.

A day's chunks grow from what is in them already and the polls after that, so that doing it twice, or being killed in
between, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from fundtui.history import codec
from fundtui.history.codec import Floats, Ints
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
from fundtui.history.steps import Chunk, Part, by_contract, grown
from fundtui.history.store import Bar
from fundtui.history.tail import Rates, Tail
from fundtui.units import HOUR_MS

EVERY_MS = 12 * HOUR_MS
"""A day's chunks are written anew each time: of 15,000 instruments four times a day is 52 bytes a sample, twice 44."""
KEEP_POLLS_MS = 48 * HOUR_MS
WRITE_BYTES = 8 << 20
"""Of chunks that are written together: half of what fifteen thousand instruments' day takes, a tenth of a second."""
SLICE = 500_000
"""Rates that are unpacked together, four megabytes: as many contracts as have that many."""
STEP = 4
"""Chunks, or polls' other values, per step: a few milliseconds of work."""

Rows = list[tuple[int, bytes]]


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


class Day(NamedTuple):
    """A venue's day as it is being made: its clock before and after, and rows of chunks by kind."""

    day: int
    clock: Ints
    times: Ints
    hours: Rows
    steps: Rows
    chunks: Rows


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
    clock = _clock(rooms.samples, venue, day)
    start_ms = int(clock[-1]) + 1 if len(clock) else day * DAY_MS
    # Not in the file yet, or never: a poll whose time is within the day.
    tail = Tail(np.array(live.times(venue, start_ms, (day + 1) * DAY_MS), np.int64))
    known = _owners_of(state, venue)
    if not len(tail.times) and (day == today or not len(clock) or _has_bars(rooms.bars, known, day)):
        return
    # Without a poll since: all of the day was in its chunks while it lasted, and only its hours are still to be made.
    yield from tail.gather(live, venue, quotes=quotes)
    made = Day(day, clock, np.concatenate((clock, tail.times)), [], [], [])
    by_owner = dict.fromkeys(sorted(known), ()) | _by_owner(state, tail.contracts)
    for group in _groups(by_owner, len(tail.times)):
        yield from _add(state, rooms, tail, made, group, bars=day < today)
    pending.add(day, made.hours, made.steps, made.chunks, [(venue << DAY_BITS | day, encode_clock(made.times))])
    yield


def _by_owner(state: State, contracts: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Instrument -> those of these contracts that are its own."""
    owners = state.owners(contracts)
    found: dict[int, tuple[int, ...]] = {}
    for contract in contracts:
        if contract in owners:
            found[owners[contract]] = (*found.get(owners[contract], ()), contract)
    return found


def _groups(by_owner: Mapping[int, tuple[int, ...]], polls: int) -> Iterator[dict[int, tuple[int, ...]]]:
    """Instruments by number, as many together as have no more than `SLICE` rates in that many polls."""
    most = max(SLICE // max(polls, 1), 1)
    group: dict[int, tuple[int, ...]] = {}
    together = 0
    for owner, contracts in sorted(by_owner.items()):
        if group and together + len(contracts) > most:
            yield group
            group, together = {}, 0
        group[owner] = contracts
        together += len(contracts)
    yield group


def _add(
    state: State, rooms: Rooms, tail: Tail, made: Day, group: Mapping[int, tuple[int, ...]], *, bars: bool
) -> Iterator[None]:
    """The chunks of some instruments of a venue's day."""
    wanted = np.array(sorted(one for contracts in group.values() for one in contracts), np.int64)
    rates = tail.room(wanted)
    yield from tail.fill(rates)
    parts: list[Part] = []
    for part in tail.steps(wanted):
        parts.append(part)
        if len(parts) % STEP == 0:
            yield
    added = by_contract(parts)
    for place, (owner, contracts) in enumerate(group.items()):
        before = rooms.samples.rows("chunk", owner, made.day, made.day).get(made.day) if len(made.clock) else None
        if before is None and not contracts:
            continue
        number = owner << DAY_BITS | made.day
        chunk = _grow(before, len(made.clock), rates, contracts)
        made.chunks.append((number, encode_day(chunk)))
        made.steps.extend(_grown_steps(rooms, owner, made.day, added, contracts))
        if bars:
            made.hours.append((number, encode_bars(_bars(state, made.times, chunk))))
        if place % STEP == 0:
            yield


def _grown_steps(rooms: Rooms, owner: int, day: int, added: Mapping[int, Chunk], contracts: Sequence[int]) -> Rows:
    """An instrument's chunk of five-minute quotes with what was added to it, where anything was."""
    if not any(one in added for one in contracts):
        return []
    body = grown(rooms.quotes.rows("chunk", owner, day, day).get(day), added, contracts)
    return [(owner << DAY_BITS | day, body)] if body is not None else []


def _grow(before: bytes | None, polls: int, rates: Rates, contracts: Sequence[int]) -> DayChunk:
    """A chunk with the polls after it added. `polls`: of the clock before."""
    count = polls + len(rates.seen)
    seen = np.zeros(count, np.bool_)
    contract = np.zeros(count, np.int64)
    rate = np.full(count, np.nan)
    if before is not None:
        try:
            old = decode_day(before)
        except codec.Damaged:
            old = None
        if old is not None and len(old.seen) <= polls:
            there = np.flatnonzero(old.seen)
            seen[there], contract[there], rate[there] = True, old.contract, old.rate
    for number in contracts:
        column = rates.column[number]
        places = np.flatnonzero(rates.seen[:, column])
        there = places + polls
        seen[there], contract[there], rate[there] = True, number, rates.rate[places, column]
    return DayChunk(seen, contract[seen], rate[seen])


def _bars(state: State, times: Ints, chunk: DayChunk) -> list[Bar]:
    """The hours of a day. Rates of another period than the hour's last one are not compared with it."""
    when = times[chunk.seen]
    period_h = _periods(state, chunk.contract)
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


def _periods(state: State, contract: Ints) -> Floats:
    """What each of a day's rates covers, NaN where its contract was lost."""
    distinct, place = np.unique(contract, return_inverse=True)
    known = state.known(distinct)
    found: Floats = np.array([one.rate_period_h if one is not None else np.nan for one in known], np.float64)[place]
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
