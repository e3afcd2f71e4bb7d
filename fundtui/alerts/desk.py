"""The alerts of a running program: the room, the keeper of its records and the courier of its notices, on one clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fundtui.alerts.alert import Transition
from fundtui.alerts.courier import Courier
from fundtui.alerts.keeper import Keeper
from fundtui.alerts.positions import positions_heard
from fundtui.alerts.records import Change, Silence, Stored
from fundtui.alerts.room import Room, SinkPace
from fundtui.alerts.rule import rules_of
from fundtui.alerts.sinks.sink import Sink
from fundtui.alerts.store import AlertStore
from fundtui.clock import Clock
from fundtui.config.schema import Settings
from fundtui.config.schema import Sink as SinkSettings
from fundtui.imbalance.metric import Level
from fundtui.imbalance.table import Table
from fundtui.status import Event, VenueHealth

KEEP_DAYS_MS = 90 * 86_400_000
MOST_STEPS = 60
"""So many alerts move in one go; when very many do at once, the loop gets its turn in between."""


class Desk:
    """What an engine talks to.

    `observe`, `journal` and `tick` are plain calls that read tables; `settle` makes what they found durable and sends
    it on. `transitions` are those of the last settle, for streams and panels; `changed`: whether it found anything.
    """

    def __init__(
        self, settings: Settings, sinks: Mapping[str, Sink], store: AlertStore, stored: Stored, clock: Clock,
        random_source: random.Random,
    ) -> None:  # fmt: skip
        """`stored` is what `store.load()` gave, on a thread of its own."""
        self._clock = clock
        self.keeper = Keeper(store)
        self.room = Room(
            settings, rules_of(settings), paces(settings, sinks), stored, clock.utc_ms(), most_steps=MOST_STEPS
        )  # fmt: skip
        self.courier = Courier(sinks, self.keeper.keep, clock, random_source, stored.deliveries.values())
        self._positions = settings.positions
        self.transitions: tuple[Transition, ...] = ()
        self.changed = False
        self._carrying: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send."""
        self._carrying = asyncio.get_running_loop().create_task(self.courier.run(), name="alerts courier")

    async def stop(self) -> None:
        """Stop sending and make the last changes durable; what was not sent is sent after the next start."""
        if self._carrying is not None:
            self._carrying.cancel()
        await self.settle()
        await self.keeper.close()

    def configure(self, settings: Settings, sinks: Mapping[str, Sink]) -> None:
        """Take over edited settings."""
        self._positions = settings.positions
        self.room.configure(settings, rules_of(settings), paces(settings, sinks), self._clock.utc_ms())
        self.courier.sinks = dict(sinks)

    def observe(self, table: Table, rows: NDArray[np.intp]) -> None:
        """Look at rows that a batch changed."""
        self.room.readings.observe(table, rows, self._clock.utc_ms(), self._clock.monotonic())

    def journal(self, events: Iterable[Event]) -> None:
        """Take in entries of the journal."""
        self.room.readings.journal(events, self._clock.utc_ms(), self._clock.monotonic())

    def tick(self, tables: Iterable[Table], health: Sequence[VenueHealth], *, local_outage: bool) -> None:
        """Take in how time, venues and sinks go on; about once a second."""
        now_ms, now_s = self._clock.utc_ms(), self._clock.monotonic()
        readings = self.room.readings
        readings.health(health, local_outage=local_outage, now_ms=now_ms, now_s=now_s)
        readings.sink_health(self.courier.failing, now_ms, now_s)
        tables = tuple(tables)
        for table in tables:
            if table.level is Level.INSTRUMENT:
                readings.positions(positions_heard(self._positions, table), now_ms, now_s)
        readings.tick(tables, now_ms, now_s)

    async def settle(self) -> None:
        """Make everything found so far durable, then hand over the notices that are due. Other work gets its turn
        after every few milliseconds."""
        while self.room.readings.behind:
            self.room.readings.catch_up(self._clock.utc_ms(), self._clock.monotonic())
            await asyncio.sleep(0)
        slices = self.room.taking(self._clock.utc_ms())
        while True:
            try:
                next(slices)
            except StopIteration as end:
                change: Change = end.value
                break
            await asyncio.sleep(0)
        self.transitions = change.transitions
        self.changed = bool(change)
        await self.keeper.keep(change)
        self.courier.add(change.deliveries)

    async def acknowledge(self, fingerprint: str, by: str = "") -> None:
        """See an alert: no repeats until it fires anew."""
        await self.keeper.keep(self.room.acknowledge(fingerprint, self._clock.utc_ms(), by))

    async def silence(self, silence: Silence) -> None:
        """Keep matching alerts quiet for a while."""
        await self.keeper.keep(self.room.silence(silence))

    async def lift(self, name: str) -> None:
        """End a silence."""
        await self.keeper.keep(self.room.lift(name))

    async def mark(self, name: str) -> None:
        """Note that something happened now, such as a person leaving ("last seen")."""
        change = Change(marks={name: self._clock.utc_ms()})
        self.room.records.apply(change)
        await self.keeper.keep(change)


def paces(settings: Settings, sinks: Iterable[str]) -> dict[str, SinkPace]:
    """What each sink takes."""
    taken = {}
    for name in sinks:
        sink = settings.notify.sinks.get(name, SinkSettings())
        taken[name] = SinkPace(per_minute=sink.per_minute, per_hour=sink.per_hour, severity=sink.severity)
    return taken
