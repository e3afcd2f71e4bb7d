"""The seam to the record: one small interface, and a store in memory that says what it means."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

import msgspec
import numpy as np
from msgspec.structs import replace

from fundtui.history.codec import Floats, Ints
from fundtui.history.database import StoreProblem
from fundtui.history.steps import STEP_MS, Chunk, Steps, steps_of
from fundtui.market import Batch, Settlement
from fundtui.status import Event, VenueHealth
from fundtui.units import HOUR_MS

FOREVER_MS = 1 << 42
"""A time after every record (year 2109)."""
GAP_INTERVALS = 1.5


class Series(msgspec.Struct, frozen=True):
    """One instrument's recorded rates: when, the rate as published per `period_h`, and the payment interval.

    Only what was observed is there; a rate that a venue did not publish at a poll is NaN.
    """

    time_ms: Ints
    rate: Floats
    period_h: Floats
    interval_h: Floats

    @property
    def hourly(self) -> Floats:
        """Hourly simple rates (methodology N1)."""
        rates: Floats = self.rate / self.period_h
        return rates

    def since(self, start_ms: int, end_ms: int) -> Series:
        """The part from `start_ms`, before `end_ms`."""
        low, high = np.searchsorted(self.time_ms, (start_ms, end_ms)).tolist()
        return Series(*(getattr(self, name)[low:high] for name in self.__struct_fields__))


class Bar(msgspec.Struct, frozen=True):
    """One hour of one instrument: its start, the last, lowest and highest published rate, samples, and the period."""

    time_ms: int
    last: float
    low: float
    high: float
    count: int
    period_h: float


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of which tier: oldest time of each (None: nothing yet), bytes on disk."""

    polls_from_ms: int | None = None
    samples_from_ms: int | None = None
    bars_from_ms: int | None = None
    quotes_from_ms: int | None = None
    size: int = 0


class Store(Protocol):
    """The record. Calls block for as long as the disk takes: not for the event loop. All raise StoreProblem.

    Times are UTC milliseconds; ranges include their start and not their end. What a call has written is there when it
    returns: `settle`, `note` and `keep` also after a power cut, `append` after the end of the process.
    """

    def append(self, batches: Sequence[Batch]) -> None:
        """Keep polls, each whole or not at all. A poll of a venue that is not later than its last one is dropped."""
        ...

    def settle(self, settlements: Iterable[Settlement]) -> int:
        """Keep settled rates; the first word on an instant counts, a later one fills in. Returns how many are new."""
        ...

    def note(self, events: Sequence[Event]) -> None:
        """Keep entries of the journal."""
        ...

    def keep(self, values: Mapping[str, bytes]) -> None:
        """Keep small values by name, together."""
        ...

    def kept(self, name: str) -> bytes | None:
        """A value by name."""
        ...

    def report(self, health: Sequence[VenueHealth]) -> None:
        """Say how the venues are, for others to read."""
        ...

    def health(self) -> dict[str, VenueHealth]:
        """How the venues were, by name."""
        ...

    def instruments(self) -> list[tuple[str, str, str]]:
        """Venue, symbol and asset of every instrument that there is a record of."""
        ...

    def latest(self, at_ms: int = FOREVER_MS) -> list[Batch]:
        """Every venue's last poll before a time; where that one is partial, its last whole one comes before it."""
        ...

    def polls(self, start_ms: int, end_ms: int = FOREVER_MS) -> Iterator[Batch]:
        """Whole polls of a time range by time, as far back as they are kept."""
        ...

    def after(self, seen: Mapping[str, int]) -> list[Batch]:
        """Polls later than those seen, by time; `seen` is venue -> time of its last one."""
        ...

    def series(self, venue: str, symbol: str, start_ms: int, end_ms: int = FOREVER_MS) -> Series:
        """Recorded rates of one instrument; empty where there are none."""
        ...

    def bars(self, venue: str, symbol: str, start_ms: int, end_ms: int = FOREVER_MS) -> list[Bar]:
        """Hourly bars of one instrument, complete days only."""
        ...

    def steps(self, venue: str, symbol: str, start_ms: int, end_ms: int = FOREVER_MS) -> Steps:
        """Mark, premium and open interest of one instrument, the last of each five minutes."""
        ...

    def settlements(self, venue: str, symbol: str, start_ms: int = 0, end_ms: int = FOREVER_MS) -> list[Settlement]:
        """Settled rates of one instrument by time."""
        ...

    def events(self, start_ms: int = 0, end_ms: int = FOREVER_MS, limit: int = 1_000_000) -> list[Event]:
        """Entries of the journal by time; of many the last `limit`."""
        ...

    def compact(self, now_ms: int) -> Iterator[None]:
        """Move polls into chunks and forget what is too old, in small steps: one with each `next`."""
        ...

    def scrub(self) -> Iterator[None]:
        """Look for damage in what is kept for long, in small steps: one with each `next`."""
        ...

    def rest(self) -> None:
        """What a commit should not have to wait for; called now and then when nothing else is to do."""
        ...

    def kept_since(self) -> Kept:
        """What there is."""
        ...

    def close(self) -> None:
        """Let go of the storage."""
        ...


EMPTY = Series(np.empty(0, np.int64), *(np.empty(0) for _ in range(3)))


def merge_settlement(before: Settlement, after: Settlement) -> Settlement:
    """Two words on one instant: the first counts, the second fills in what was unknown."""
    fields = ("interval_h", "premium", "price")
    unknown = {name: getattr(after, name) for name in fields if math.isnan(getattr(before, name))}
    return replace(before, **unknown) if unknown else before


def gaps(settled: Sequence[Settlement]) -> list[tuple[int, int]]:
    """Where settlements were not observed: after which instant, before which (both settled)."""
    found = []
    for one, following in pairwise(settled):
        hours = max((x for x in (one.interval_h, following.interval_h) if not math.isnan(x)), default=math.nan)
        if following.time_ms - one.time_ms > GAP_INTERVALS * hours * HOUR_MS:
            found.append((one.time_ms, following.time_ms))
    return found


class MemoryStore:
    """Keeps everything until the process ends; nothing is compacted or forgotten."""

    def __init__(self) -> None:
        self._polls: dict[str, list[Batch]] = {}
        self._settled: dict[tuple[str, str], dict[int, Settlement]] = {}
        self._events: list[Event] = []
        self._values: dict[str, bytes] = {}
        self._health: dict[str, VenueHealth] = {}

    def append(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            polls = self._polls.setdefault(batch.venue, [])
            if batch.quotes and (not polls or batch.observed_ms > polls[-1].observed_ms):
                polls.append(batch)

    def settle(self, settlements: Iterable[Settlement]) -> int:
        new = 0
        for one in settlements:
            if math.isnan(one.rate):
                continue
            settled = self._settled.setdefault((one.venue, one.symbol), {})
            before = settled.get(one.time_ms)
            new += before is None
            settled[one.time_ms] = one if before is None else merge_settlement(before, one)
        return new

    def note(self, events: Sequence[Event]) -> None:
        self._events.extend(events)

    def keep(self, values: Mapping[str, bytes]) -> None:
        self._values.update(values)

    def kept(self, name: str) -> bytes | None:
        return self._values.get(name)

    def report(self, health: Sequence[VenueHealth]) -> None:
        self._health.update((one.venue, one) for one in health)

    def health(self) -> dict[str, VenueHealth]:
        return dict(self._health)

    def instruments(self) -> list[tuple[str, str, str]]:
        found = {
            (quote.contract.venue, quote.contract.symbol, quote.contract.asset_id)
            for polls in self._polls.values()
            for batch in polls
            for quote in batch.quotes
        }
        named = {one[:2] for one in found}
        return sorted(found | {(*key, "") for key in self._settled if key not in named})

    def latest(self, at_ms: int = FOREVER_MS) -> list[Batch]:
        found = []
        for polls in self._polls.values():
            place = bisect_left(polls, at_ms, key=lambda batch: batch.observed_ms)
            last = polls[place - 1 : place] if place else []
            if any(one.partial for one in last):
                last = [*[one for one in polls[: place - 1] if not one.partial][-1:], *last]
            found += last
        return sorted(found, key=_when)

    def polls(self, start_ms: int, end_ms: int = FOREVER_MS) -> Iterator[Batch]:
        everything = (batch for polls in self._polls.values() for batch in polls)
        yield from sorted((one for one in everything if start_ms <= one.observed_ms < end_ms), key=_when)

    def after(self, seen: Mapping[str, int]) -> list[Batch]:
        return [one for one in self.polls(0) if one.observed_ms > seen.get(one.venue, -1)]

    def series(self, venue: str, symbol: str, start_ms: int, end_ms: int = FOREVER_MS) -> Series:
        rows = [
            (batch.observed_ms, quote.rate, quote.contract.rate_period_h, quote.contract.interval_h)
            for batch in self._polls.get(venue, [])
            for quote in batch.quotes
            if quote.contract.symbol == symbol
        ]
        if not rows:
            return EMPTY
        times, *numbers = map(np.array, zip(*rows, strict=True))
        return Series(times, *numbers).since(start_ms, end_ms)

    def bars(self, venue: str, symbol: str, start_ms: int, end_ms: int = FOREVER_MS) -> list[Bar]:
        return []

    def steps(self, venue: str, symbol: str, start_ms: int, end_ms: int = FOREVER_MS) -> Steps:
        found: dict[int, Chunk] = {}
        for batch in self._polls.get(venue, []):
            for quote in batch.quotes:
                slot_ms = batch.observed_ms // STEP_MS * STEP_MS
                if quote.contract.symbol == symbol and start_ms <= slot_ms < end_ms:
                    numbers = (quote.mark, quote.premium, quote.oi_base, quote.oi_usd, quote.index)
                    found[slot_ms] = Chunk(np.array([slot_ms]), np.array([numbers]).T)
        return steps_of(found.values())

    def settlements(self, venue: str, symbol: str, start_ms: int = 0, end_ms: int = FOREVER_MS) -> list[Settlement]:
        settled = self._settled.get((venue, symbol), {})
        return [settled[time_ms] for time_ms in sorted(settled) if start_ms <= time_ms < end_ms]

    def events(self, start_ms: int = 0, end_ms: int = FOREVER_MS, limit: int = 1_000_000) -> list[Event]:
        found = [one for one in self._events if start_ms <= one.time_ms < end_ms]
        return sorted(found, key=lambda event: event.time_ms)[-limit:]

    def compact(self, now_ms: int) -> Iterator[None]:
        return iter(())

    def scrub(self) -> Iterator[None]:
        return iter(())

    def rest(self) -> None:
        """Nothing to do."""

    def kept_since(self) -> Kept:
        times = [polls[0].observed_ms for polls in self._polls.values() if polls]
        first = min(times, default=None)
        return Kept(polls_from_ms=first, samples_from_ms=first)

    def close(self) -> None:
        """Nothing to let go of."""


def _when(batch: Batch) -> tuple[int, str]:
    return batch.observed_ms, batch.venue


__all__ = ["EMPTY", "FOREVER_MS", "Bar", "Kept", "MemoryStore", "Series", "Store", "StoreProblem", "gaps"]
