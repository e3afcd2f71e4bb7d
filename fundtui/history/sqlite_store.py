"""The record in SQLite: state.db, live.db and a pair of files per month, behind `Store`."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fundtui.history import codec, compaction, frames, premiums, scrub
from fundtui.history import live as hot
from fundtui.history import state as durable
from fundtui.history.compaction import Retention
from fundtui.history.database import MIB, Database, StoreProblem, Turns, private_folder
from fundtui.history.folder import LIVE, STATE
from fundtui.history.frames import Frame
from fundtui.history.live import Live, Poll
from fundtui.history.months import (
    BARS,
    DAY_MS,
    SAMPLES,
    Months,
    day_of,
    decode_bars,
    decode_clock,
    decode_day,
)
from fundtui.history.salvage import rescue
from fundtui.history.state import State
from fundtui.history.steps import COLUMNS, QUOTES, STEP_MS, Chunk, Gatherer, Steps, by_contract, readable, steps_of
from fundtui.history.store import EMPTY, FOREVER_MS, Bar, Kept, Series
from fundtui.imbalance.rates import observations, reasons_of
from fundtui.market import Batch, Quote, Settlement
from fundtui.status import Event, VenueHealth

CHECKPOINT_BYTES = 8 * MIB
MOST_CLOCKS = 512
"""Venues' days whose times are remembered; one is twelve kilobytes."""


class SqliteStore:
    """See `Store`. `problems` says in words for people what was found damaged."""

    def __init__(
        self,
        folder: Path,
        *,
        now_ms: int,
        writable: bool = True,
        retention: Retention | None = None,
        lock: Turns | None = None,
    ) -> None:
        """Open or make a record. lock: shared with whoever else writes state.db.
        Raises NewerRecord, DiskFull, StoreProblem; to read, there must be one."""
        self.folder = folder
        self.retention = retention or Retention()
        self.writable = writable
        if writable:
            private_folder(folder)
        self._problems: list[str] = []
        self._clocks: dict[tuple[int, int], tuple[bytes, codec.Ints]] = {}
        self._state_file = Database(
            folder / STATE,
            (durable.SCHEMA,),
            now_ms=now_ms,
            durable=True,
            check=writable,
            writable=writable,
            lock=lock,
        )
        try:
            self._live_file = Database(
                folder / LIVE,
                (hot.SCHEMA,),
                now_ms=now_ms,
                durable=False,
                check=writable,
                writable=writable,
                small_pages=True,
                small_cache=True,
            )
        except StoreProblem:
            self._state_file.close()
            raise
        self.state = State(self._state_file)
        self.live = Live(self._live_file)
        self.samples = Months(folder, "hist", SAMPLES, now_ms=now_ms, writable=writable)
        self._bars = Months(folder, "bars", BARS, now_ms=now_ms, writable=writable)
        self._quotes = Months(folder, "quotes", QUOTES, now_ms=now_ms, writable=writable)
        if writable:
            self._problems += rescue(self._state_file, durable.SCHEMA.room, durable.rescued())
            self._problems += rescue(self._live_file, hot.SCHEMA.room, hot.RESCUED)

    @property
    def problems(self) -> list[str]:
        """What was found damaged, and what was done about it."""
        return [*self._problems, *self.samples.problems, *self._bars.problems, *self._quotes.problems]

    @property
    def newer(self) -> str:
        """Why the record cannot be written to, empty where it can: it is of a newer fundtui. Raises StoreProblem."""
        return self._state_file.newer or self._live_file.newer

    # --- writing ----------------------------------------------------------------------------------

    def append(self, batches: Sequence[Batch]) -> None:
        self.live.append(
            [
                Poll(self.state.add_venue(batch.venue), batch.observed_ms, self._frame(batch))
                for batch in batches
                if batch.quotes
            ]
        )

    def _frame(self, batch: Batch) -> Frame:
        seen = observations(batch.quotes)
        # Adding nothing turns -0.0 into 0.0, which packs better and means the same.
        return Frame(
            self.state.contract_numbers(seen.contracts),
            seen.observed_ms.astype(np.int64),
            seen.numbers + 0.0,
            seen.reasons,
            frames.LEARNING * batch.learning | frames.PARTIAL * batch.partial,
            None if seen.sides is None else seen.sides + 0.0,
            premiums.encode(batch.premiums),
        )

    def settle(self, settlements: Iterable[Settlement]) -> int:
        return self.state.settle(settlements)

    def note(self, events: Sequence[Event]) -> None:
        self.state.note(events)

    def keep(self, values: Mapping[str, bytes]) -> None:
        self.state.keep(values)

    def report(self, health: Sequence[VenueHealth]) -> None:
        self.live.report({self.state.add_venue(one.venue): one for one in health})

    def compact(self, now_ms: int) -> Iterator[None]:
        return compaction.compact(self.state, self.live, self._rooms, now_ms, self.retention)

    @property
    def _rooms(self) -> compaction.Rooms:
        return compaction.Rooms(self.samples, self._bars, self._quotes)

    def scrub(self) -> Iterator[None]:
        return scrub.scrub(self.folder, self.state, self._rooms, self._problems)

    # --- reading ----------------------------------------------------------------------------------

    def kept(self, name: str) -> bytes | None:
        return self.state.kept(name)

    def health(self) -> dict[str, VenueHealth]:
        return self.live.health()

    def instruments(self) -> list[tuple[str, str, str]]:
        return self.state.instruments()

    def latest(self, at_ms: int = FOREVER_MS) -> list[Batch]:
        found = []
        for venue, number in self.state.venues().items():
            last_ms = self.live.last_ms(number, min(at_ms, hot.TIMES))
            last = list(self._polls(venue, number, last_ms, last_ms + 1)) if last_ms >= 0 else []
            if any(one.partial for one in last):
                whole_ms = self.live.last_whole_ms(number, last_ms)
                last = [*(self._polls(venue, number, whole_ms, whole_ms + 1) if whole_ms >= 0 else ()), *last]
            found += last
        return sorted(found, key=_when)

    def polls(self, start_ms: int, end_ms: int = FOREVER_MS) -> Iterator[Batch]:
        streams = [self._polls(venue, number, start_ms, end_ms) for venue, number in self.state.venues().items()]
        return heapq.merge(*streams, key=_when)

    def _polls(self, venue: str, number: int, start_ms: int, end_ms: int) -> Iterator[Batch]:
        for time_ms, frame in self.live.frames(number, start_ms, end_ms):
            try:
                yield self._batch(venue, time_ms, frame)
            except codec.Damaged as error:
                self._problems.append(f"a poll of {venue} was left out: {error}")

    def after(self, seen: Mapping[str, int]) -> list[Batch]:
        found = []
        for venue, number in self.state.venues().items():
            found += list(self._polls(venue, number, seen.get(venue, -1) + 1, FOREVER_MS))
        return sorted(found, key=_when)

    def _batch(self, venue: str, time_ms: int, frame: Frame) -> Batch:
        contracts = self.state.contracts(frame.contracts)
        if any(one.venue != venue for one in contracts):
            raise codec.Damaged("contracts of another venue")
        rows: list[list[Any]] = frame.numbers.T.tolist()
        sides: list[list[float]] = [[]] * len(rows) if frame.sides is None else frame.sides.T.tolist()
        quotes = []
        for contract, seen_ms, numbers, bits, both in zip(
            contracts, frame.observed_ms.tolist(), rows, frame.reasons.tolist(), sides, strict=True
        ):
            coming = numbers[1]
            numbers[1] = int(coming) if coming == coming else None
            fields: tuple[Any, ...] = (contract, seen_ms, *numbers, reasons_of(bits), *both)
            quotes.append(Quote(*fields))
        return Batch(
            venue=venue,
            observed_ms=time_ms,
            quotes=tuple(quotes),
            learning=bool(frame.flags & frames.LEARNING),
            partial=bool(frame.flags & frames.PARTIAL),
            premiums=premiums.decode(frame.premiums),
        )

    def series(self, venue: str, symbol: str, start_ms: int, end_ms: int = FOREVER_MS) -> Series:
        owner, number = self.state.instrument(venue, symbol), self.state.venue(venue)
        if owner is None or number is None:
            return EMPTY
        times, contracts, rates = self._chunks(owner, number, start_ms, end_ms)
        numbers = self._contracts_of(owner)
        tail = self.live.rates(number, numbers, max(start_ms, self._compacted_ms(number) + 1), end_ms)
        times.append(tail.time_ms)
        contracts.append(tail.contract)
        rates.append(tail.rate)
        return self._series(
            venue, symbol, np.concatenate(times), np.concatenate(contracts), np.concatenate(rates)
        ).since(start_ms, end_ms)

    def compacted(self, venue: str, symbol: str, start_ms: int, end_ms: int) -> Series:
        """The part of `series` that is in chunks: it costs a fraction of reading polls."""
        owner, number = self.state.instrument(venue, symbol), self.state.venue(venue)
        if owner is None or number is None:
            return EMPTY
        times, contracts, rates = self._chunks(owner, number, start_ms, end_ms)
        found = self._series(venue, symbol, np.concatenate(times), np.concatenate(contracts), np.concatenate(rates))
        return found.since(start_ms, end_ms)

    def contracts_of(self, venue: str, symbol: str) -> frozenset[int]:
        """The numbers of all contracts that an instrument has had; none where there is no record of it."""
        owner = self.state.instrument(venue, symbol)
        return frozenset() if owner is None else self._contracts_of(owner)

    def _series(self, venue: str, symbol: str, times: codec.Ints, contract: codec.Ints, rates: codec.Floats) -> Series:
        """Rates with the terms of their contracts; without those of contracts that were lost or are another's."""
        distinct, place = np.unique(contract, return_inverse=True)
        known = self.state.known(distinct)
        mine = [one is not None and (one.venue, one.symbol) == (venue, symbol) for one in known]
        period_h = np.array([one.rate_period_h if one is not None else np.nan for one in known], np.float64)
        interval_h = np.array([one.interval_h if one is not None else np.nan for one in known], np.float64)
        there = np.array(mine, np.bool_)[place]
        return Series(times[there], rates[there], period_h[place][there], interval_h[place][there])

    def _chunks(
        self, owner: int, number: int, start_ms: int, end_ms: int
    ) -> tuple[list[codec.Ints], list[codec.Ints], list[codec.Floats]]:
        first, last = day_of(max(start_ms, 0)), min(day_of(end_ms), (1 << 16) - 1)
        months = self.samples.months()
        if months:
            # No chunk is older than the oldest file or younger than the youngest.
            first, last = max(first, _first_day(months[0])), min(last, _first_day(months[-1]) + 31)
        times: list[codec.Ints] = [np.empty(0, np.int64)]
        contracts: list[codec.Ints] = [np.empty(0, np.int64)]
        rates: list[codec.Floats] = [np.empty(0)]
        if not months or first > last:
            return times, contracts, rates
        clocks = self.samples.rows("clock", number, first, last)
        for day, body in sorted(self.samples.rows("chunk", owner, first, last).items()):
            try:
                chunk = decode_day(body)
            except codec.Damaged:
                self._problems.append(f"{self.samples.kind} of day {day}: a damaged chunk was left out")
                continue
            clock = self._clock(number, day, clocks.get(day, b""))
            if len(chunk.seen) <= len(clock):
                times.append(clock[: len(chunk.seen)][chunk.seen])
                contracts.append(chunk.contract)
                rates.append(chunk.rate)
        return times, contracts, rates

    def _contracts_of(self, owner: int) -> frozenset[int]:
        return frozenset(
            one for (one,) in self._state_file.rows("SELECT id FROM contract WHERE instrument = ?", (owner,))
        )

    def _compacted_ms(self, number: int) -> int:
        """Until when a venue's polls are in chunks; -1: none are."""
        for day, body in self.samples.last("clock", number):
            clock = self._clock(number, day, body)
            if len(clock):
                return int(clock[-1])
        return -1

    def _clock(self, number: int, day: int, body: bytes) -> codec.Ints:
        """When a venue was polled on a day; nothing where its clock is damaged."""
        kept = self._clocks.get((number, day))
        if kept is not None and kept[0] == body:
            return kept[1]
        try:
            clock = decode_clock(body)
        except codec.Damaged:
            return np.empty(0, np.int64)
        if len(self._clocks) >= MOST_CLOCKS:
            self._clocks.clear()
        self._clocks[number, day] = body, clock
        return clock

    def bars(self, venue: str, symbol: str, start_ms: int, end_ms: int = FOREVER_MS) -> list[Bar]:
        owner, months = self.state.instrument(venue, symbol), self._bars.months()
        if owner is None or not months:
            return []
        first = max(day_of(max(start_ms, 0)), _first_day(months[0]))
        last = min(day_of(end_ms), _first_day(months[-1]) + 31)
        found: list[Bar] = []
        for day, body in sorted(self._bars.rows("chunk", owner, first, last).items()) if first <= last else ():
            try:
                found += decode_bars(body)
            except codec.Damaged:
                self._problems.append(f"bars of day {day}: a damaged chunk was left out")
        return [bar for bar in found if start_ms <= bar.time_ms < end_ms]

    def steps(self, venue: str, symbol: str, start_ms: int, end_ms: int = FOREVER_MS) -> Steps:
        number = self.state.venue(venue)
        if number is None:
            return steps_of(())
        chunks = self._told(venue, symbol, start_ms, end_ms)
        # Polls after the last chunk; the five minutes at its end may have gone on.
        ends = [int(one.time_ms[-1]) for one in chunks[-1:] if len(one.time_ms)]
        tail_ms = max([start_ms // STEP_MS * STEP_MS, *ends])
        mine, tail = np.array(list(self.contracts_of(venue, symbol)), np.int64), Gatherer()
        for time_ms, poll in self.live.packed(number, tail_ms, end_ms, COLUMNS):
            tail.take(time_ms, poll)
        return steps_of([*chunks, *by_contract(tail.parts(mine)).values()]).since(start_ms, end_ms)

    def told_steps(self, venue: str, symbol: str, start_ms: int, end_ms: int) -> Steps:
        """`steps` as far as polls were made into chunks: at most twelve hours less, for a fraction of the work."""
        return steps_of(self._told(venue, symbol, start_ms, end_ms)).since(start_ms, end_ms)

    def _told(self, venue: str, symbol: str, start_ms: int, end_ms: int) -> list[Chunk]:
        owner, months = self.state.instrument(venue, symbol), self._quotes.months()
        if owner is None or not months:
            return []
        first = max(day_of(max(start_ms, 0)), _first_day(months[0]))
        last = min(day_of(end_ms), _first_day(months[-1]) + 31)
        bodies = self._quotes.rows("chunk", owner, first, last) if first <= last else {}
        return list(readable(bodies[day] for day in sorted(bodies)))

    def settlements(self, venue: str, symbol: str, start_ms: int = 0, end_ms: int = FOREVER_MS) -> list[Settlement]:
        return self.state.settlements(venue, symbol, start_ms, end_ms)

    def events(self, start_ms: int = 0, end_ms: int = FOREVER_MS, limit: int = 1_000_000) -> list[Event]:
        return self.state.events(start_ms, end_ms, limit)

    def kept_since(self) -> Kept:
        firsts = [first for number in self.state.venues().values() if (first := self.live.first_ms(number)) is not None]
        samples, bars, quotes = self.samples.months(), self._bars.months(), self._quotes.months()
        return Kept(
            polls_from_ms=min(firsts, default=None),
            samples_from_ms=_first_day(samples[0]) * DAY_MS if samples else min(firsts, default=None),
            bars_from_ms=_first_day(bars[0]) * DAY_MS if bars else None,
            quotes_from_ms=_first_day(quotes[0]) * DAY_MS if quotes else min(firsts, default=None),
            size=self._state_file.size
            + self._live_file.size
            + self.samples.size()
            + self._bars.size()
            + self._quotes.size(),
        )

    def rest(self) -> None:
        """See `Store.rest`."""
        if self._live_file.log_size > CHECKPOINT_BYTES:
            self._live_file.checkpoint()

    def versions(self) -> tuple[int, int]:
        """Numbers of state.db and live.db that differ once another process has written to them."""
        return self._state_file.data_version(), self._live_file.data_version()

    def close(self) -> None:
        self.samples.close()
        self._bars.close()
        self._quotes.close()
        self._live_file.close()
        self._state_file.close()


def _when(batch: Batch) -> tuple[int, str]:
    return batch.observed_ms, batch.venue


def _first_day(month: str) -> int:
    return int(np.datetime64(month, "D").astype(np.int64))
