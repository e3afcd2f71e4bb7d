"""A second process on the same host: reads what the collector records, as it records it, and asks no venue."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from fundtui.clock import Clock
from fundtui.history.codec import Damaged
from fundtui.history.database import StoreProblem
from fundtui.history.folder import is_owned, owner_pid
from fundtui.history.sqlite_store import SqliteStore
from fundtui.market import Batch, Excerpt
from fundtui.polling.limiter import LimiterState
from fundtui.polling.threads import in_thread
from fundtui.status import Event, EventKind, Severity, VenueHealth, VenueState
from fundtui.text import clean

LOOK_S = 0.25
OWNER_LOOKS = 8
"""Looks between two checks whether the collector is still there."""
TAKE_OVER_S = 10.0
"""A collector that is started anew, by systemd say, gets this long to come back."""


class News(NamedTuple):
    """What a look brought."""

    polls: list[Batch]
    events: list[Event]
    health: dict[str, VenueHealth] | None


class Follower:
    """The feed of an attached engine: same calls as a `Fleet`. Reads in a thread of its own."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        deliver: Callable[[Batch], None],
        report: Callable[[Event], None],
        venues: tuple[str, ...],
        *,
        seen: Mapping[str, int] | None = None,
        events_from_ms: int = 0,
        on_free: Callable[[], bool] | None = None,
    ) -> None:
        """seen: venue -> time of the last poll that is known already; events from before `events_from_ms` too.
        on_free: called when the collector has been gone for `TAKE_OVER_S`; True: somebody sees to it, and it is not
        called again. None: this one only ever looks on."""
        self._folder = folder
        self._clock = clock
        self._deliver = deliver
        self._report = report
        self._venues = venues
        self._seen = dict(seen or {})
        self._events_from_ms = events_from_ms
        self._told: list[Event] = []
        self._health: dict[str, VenueHealth] = {}
        self._store: SqliteStore | None = None
        self._version = (-1, -1)
        self._looks = 0
        self._owned = True
        self._on_free = on_free
        self._gone_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        self.looked = False

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow. Needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="follow the record")

    async def stop(self) -> None:
        """Let go of the record."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        # In the thread of a look that may still be going on.
        await in_thread(self._close, "fundtui attached")

    async def configure(
        self, *, disabled: Collection[str], poll_s: Mapping[str, float], timeout_s: float | None = None
    ) -> None:
        """Nothing to do: the collector has its own settings."""

    # --- reading ----------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether everything recorded so far was delivered once."""
        return self.looked

    @property
    def local_outage(self) -> bool:
        """The collector tells outages in the journal."""
        return False

    def health(self) -> tuple[VenueHealth, ...]:
        """The venues as the collector last said they are, with the ages of now."""
        now_ms = self._clock.utc_ms()
        unknown = [name for name in self._venues if name not in self._health]
        known = [self._aged(self._health[name], now_ms) for name in self._venues if name in self._health]
        return (*known, *(VenueHealth(venue=name, title=name, state=VenueState.STARTING) for name in unknown))

    def _aged(self, health: VenueHealth, now_ms: int) -> VenueHealth:
        seen_ms = self._seen.get(health.venue)
        age_s = (now_ms - seen_ms) / 1000 if seen_ms is not None else math.nan
        return replace(health, age_s=max(age_s, 0.0), next_in_s=math.nan)

    def excerpts(self, venue: str, names: Collection[str]) -> tuple[Excerpt, ...]:
        """Answers as they came are not part of the record."""
        return ()

    def budgets(self) -> dict[str, LimiterState]:
        """No venue is asked."""
        return {}

    # --- inside -----------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            # One look at a time, so the store is never used by two threads at once.
            news = await in_thread(self._look, "fundtui attached")
            for batch in news.polls:
                self._seen[batch.venue] = batch.observed_ms
                self._deliver(batch)
                # Others get their turn between two venues.
                await asyncio.sleep(0)
            for event in news.events:
                self._report(event)
            if news.health is not None:
                self._health = news.health
            self.looked = True
            self._watch_owner()
            await self._clock.sleep(LOOK_S)

    def _look(self) -> News:
        """In the thread: what is new. A record that cannot be read right now brings nothing."""
        self._looks += 1
        try:
            if self._store is None:
                self._store = SqliteStore(self._folder, now_ms=self._clock.utc_ms(), writable=False)
            version = self._store.versions()
            if version == self._version:
                return News([], [], None)
            polls = self._store.after(self._seen)
            events = self._new_events(self._store) if version[0] != self._version[0] else []
            health = self._store.health()
            self._version = version
        except (StoreProblem, Damaged):
            self._close()
            self._version = (-1, -1)
            return News([], [], None)
        return News(polls, events, health)

    def _new_events(self, store: SqliteStore) -> list[Event]:
        found = store.events(self._events_from_ms)
        fresh = [one for one in found if one not in self._told]
        if found:
            self._events_from_ms = found[-1].time_ms
            self._told = [one for one in found if one.time_ms == self._events_from_ms]
        return fresh

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _watch_owner(self) -> None:
        if self._looks % OWNER_LOOKS:
            return
        owned = is_owned(self._folder)
        if owned != self._owned:
            self._owned = owned
            self._gone_at = None if owned else self._clock.monotonic()
            pid = owner_pid(self._folder)
            then = "figures grow old" if self._on_free is None else f"this one takes over in {TAKE_OVER_S:.0f} s"
            text = f"The collector is back (process {pid})" if owned else f"The collector is gone: {then}"
            severity = Severity.INFO if owned else Severity.CRITICAL
            now_ms = self._clock.utc_ms()
            self._report(Event(time_ms=now_ms, kind=EventKind.RECORD, text=clean(text), severity=severity))
        gone_at = self._gone_at
        if self._on_free is not None and gone_at is not None and self._clock.monotonic() - gone_at >= TAKE_OVER_S:
            self._gone_at = None if self._on_free() else gone_at
