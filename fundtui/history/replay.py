"""The recorded past as a feed: polls arrive when they did, on a clock that can be paused, sped up and set.

Nothing arrives before its time: figures at a moment come from what had been recorded by then and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from fundtui.clock import Clock, SystemClock
from fundtui.history.figures import Arrays, Shelf
from fundtui.history.store import Store
from fundtui.market import Batch, Excerpt, Settlement
from fundtui.polling.limiter import LimiterState
from fundtui.status import Event, VenueHealth, VenueState

LEAD_MS = 3_600_000
"""Polls taken before the wanted moment where no snapshot is at hand."""
SETTLED_DAYS_MS = 90 * 86_400_000
STALE_S = 180.0


class ReplayClock:
    """Time of the record: runs `speed` times as fast as the machine's, unless it is paused; can be set."""

    def __init__(self, start_utc_ms: int, speed: float = 1.0, base: Clock | None = None) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self._base = base or SystemClock()
        self._at_ms = float(start_utc_ms)
        self._since = self._base.monotonic()
        self._speed = speed
        self._paused = self._held = False
        self._offset_s = 0.0
        self._changed = asyncio.Event()

    @property
    def speed(self) -> float:
        """Recorded seconds per second."""
        return self._speed

    @property
    def paused(self) -> bool:
        """Whether time stands still."""
        return self._paused

    @property
    def _stands(self) -> bool:
        return self._paused or self._held

    def utc_ms(self) -> int:
        return int(self._now_ms())

    def monotonic(self) -> float:
        return self._now_ms() / 1000 + self._offset_s

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while (left_s := until - self.monotonic()) > 1e-9:
            with contextlib.suppress(TimeoutError):
                async with self._base.timeout(left_s / self._speed if not self._stands else 3600.0):
                    await self._changed.wait()

    def timeout(self, seconds: float) -> contextlib.AbstractAsyncContextManager[object]:
        return self._base.timeout(seconds / self._speed)

    def pause(self, *, paused: bool = True) -> None:
        """Let time stand still, or go on."""
        self._settle()
        self._paused = paused
        self._wake()

    def hold(self, *, held: bool = True) -> None:
        """Let time stand still while another moment is made ready; whether it is paused stays as it is."""
        self._settle()
        self._held = held
        self._wake()

    def set_speed(self, speed: float) -> None:
        """Run that many times as fast. Raises ValueError unless above 0."""
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self._settle()
        self._speed = speed
        self._wake()

    def set(self, utc_ms: int) -> None:
        """Go to a time. Schedules do not notice: `monotonic` goes on from where it was."""
        before = self.monotonic()
        self._at_ms, self._since = float(utc_ms), self._base.monotonic()
        self._offset_s = before - utc_ms / 1000
        self._wake()

    def _now_ms(self) -> float:
        if self._stands:
            return self._at_ms
        return self._at_ms + (self._base.monotonic() - self._since) * self._speed * 1000

    def _settle(self) -> None:
        self._at_ms, self._since = self._now_ms(), self._base.monotonic()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Opening(NamedTuple):
    """What a replay begins with: state of the calculator (None: none at hand), settlements known, polls to take first.

    Polls are to be taken in order, each with its own time as now.
    """

    figures: Arrays | None
    settlements: list[Settlement]
    polls: Iterator[Batch]
    events: list[Event]


def opening(store: Store, shelf: Shelf | None, at_ms: int, *, events: int = 2000) -> Opening:
    """Everything that was known at a time. With a snapshot from before it the figures are those that were live."""
    snapshot = shelf.before(at_ms) if shelf is not None else None
    first_ms = store.kept_since().polls_from_ms
    if snapshot is not None and (first_ms is None or snapshot[0] < first_ms - LEAD_MS):
        # What was seen between the two is not kept any more.
        snapshot = None
    if snapshot is not None:
        taken_ms, figures = snapshot
        first = list(store.latest(taken_ms + 1))
        polls = _chained(first, store.polls(taken_ms + 1, at_ms + 1))
        return Opening(figures, [], polls, store.events(0, at_ms + 1, events))
    lead_ms = at_ms - LEAD_MS
    paid = [
        one
        for venue, symbol, _ in store.instruments()
        for one in store.settlements(venue, symbol, at_ms - SETTLED_DAYS_MS, at_ms + 1)
    ]
    first = store.latest(lead_ms)
    return Opening(None, paid, _chained(first, store.polls(lead_ms, at_ms + 1)), store.events(0, at_ms + 1, events))


def _chained(first: list[Batch], then: Iterator[Batch]) -> Iterator[Batch]:
    yield from first
    yield from then


class Ahead(NamedTuple):
    """What comes after a moment: later polls, the first of them read already, and later entries of the journal.

    last: venue -> its last poll until then.
    """

    polls: Iterator[Batch]
    first: Batch | None
    events: deque[Event]
    last: dict[str, Batch]


def ahead(store: Store, at_ms: int, last: Mapping[str, Batch]) -> Ahead:
    """What a record has after a moment. Blocks for as long as the journal takes."""
    polls = store.polls(at_ms + 1)
    return Ahead(polls, next(polls, None), deque(store.events(at_ms + 1)), dict(last))


class ReplayFeed:
    """Delivers recorded polls and journal entries as their time comes; same calls as a `Fleet`."""

    def __init__(
        self, ahead: Ahead, clock: ReplayClock, deliver: Callable[[Batch], None], report: Callable[[Event], None]
    ) -> None:
        self._ahead = ahead
        self._next = ahead.first
        self._last = ahead.last
        self._clock = clock
        self._deliver = deliver
        self._report = report
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.ended = False

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Go on from the clock's time. Needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="replay")

    async def stop(self) -> None:
        """Stop delivering."""
        if self._task is not None:
            self._task.cancel()

    async def configure(
        self, *, disabled: Collection[str], poll_s: Mapping[str, float], timeout_s: float | None = None
    ) -> None:
        """Nothing to do: the past had its settings."""

    def resume(self, ahead: Ahead) -> None:
        """The clock was set: go on from there."""
        self._ahead, self._next, self._last = ahead, ahead.first, ahead.last
        self.ended = False
        self._moved.set()

    # --- reading ----------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """The past does not need to be waited for."""
        return True

    @property
    def local_outage(self) -> bool:
        """Outages of then are in the journal."""
        return False

    def health(self) -> tuple[VenueHealth, ...]:
        """The venues by what their polls tell."""
        now_ms = self._clock.utc_ms()
        return tuple(self._health(venue, batch, now_ms) for venue, batch in sorted(self._last.items()))

    def _health(self, venue: str, batch: Batch, now_ms: int) -> VenueHealth:
        age_s = max(now_ms - batch.observed_ms, 0) / 1000
        state = VenueState.UP if age_s < STALE_S else VenueState.DEGRADED
        return VenueHealth(venue=venue, title=venue, state=state, age_s=age_s, cadence_s=60.0, rows=len(batch.quotes))

    def excerpts(self, venue: str, names: Collection[str]) -> tuple[Excerpt, ...]:
        """Answers as they came are not part of the record."""
        return ()

    def budgets(self) -> dict[str, LimiterState]:
        """No venue is asked."""
        return {}

    # --- inside -----------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._moved.clear()
            due_ms = self._due_ms()
            if due_ms is None:
                self.ended = True
                await self._moved.wait()
                continue
            now_ms = self._clock.utc_ms()
            if due_ms > now_ms:
                await self._wait((due_ms - now_ms) / 1000)
                continue
            self._take(now_ms)
            await asyncio.sleep(0)

    def _due_ms(self) -> int | None:
        times = [self._next.observed_ms] if self._next is not None else []
        times += [self._ahead.events[0].time_ms] if self._ahead.events else []
        return min(times, default=None)

    async def _wait(self, seconds: float) -> None:
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        moving = asyncio.ensure_future(self._moved.wait())
        try:
            await asyncio.wait({sleeping, moving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            moving.cancel()

    def _take(self, now_ms: int) -> None:
        """One poll, and the entries up to it."""
        events = self._ahead.events
        while events and events[0].time_ms <= now_ms:
            self._report(events.popleft())
        if self._next is not None and self._next.observed_ms <= now_ms:
            batch, self._next = self._next, next(self._ahead.polls, None)
            self._last[batch.venue] = batch
            self._deliver(batch)


def bounds(store: Store) -> tuple[int, int] | None:
    """First and last poll that can be replayed."""
    first, last = store.kept_since().polls_from_ms, max((one.observed_ms for one in store.latest()), default=None)
    return None if first is None or last is None else (first, last)
