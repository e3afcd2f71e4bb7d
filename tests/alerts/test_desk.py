"""The whole room on one clock: from a table to a sink, over restarts between all steps."""

from __future__ import annotations

import random

import numpy as np

from fundtui.alerts.desk import Desk
from fundtui.alerts.machine import Phase
from fundtui.alerts.records import DeliveryState, Silence
from fundtui.alerts.sinks.sink import Trouble
from fundtui.alerts.store import MemoryStore
from fundtui.config.schema import AlertRule
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.table import Table
from fundtui.status import VenueHealth, VenueState
from tests.alerts.test_courier import HandClock, Scripted
from tests.alerts.toys import HOURS_PER_YEAR, settings

UP = (VenueHealth(venue="okx", title="OKX", state=VenueState.UP, age_s=2.0, cadence_s=15.0, rows=9),)
WIDE = settings({"wide": AlertRule(when="spread > 25%", notify=("a",))})


class Program:
    """A desk over one table and a store that outlives it."""

    def __init__(self, sink: Scripted, store: MemoryStore, clock: HandClock) -> None:
        self.clock = clock
        self.assets = Table(Level.ASSET, CATALOGUE[Level.ASSET], 16)
        self.desk = Desk(WIDE, {"a": sink}, store, store.load(), clock, random.Random(5))
        self.tick()

    def tick(self) -> None:
        self.desk.tick((self.assets,), UP, local_outage=False)

    def spread(self, name: str, apr: float) -> None:
        row = self.assets.index[name] if name in self.assets.index else self.assets.add(name)
        self.assets.columns["asset"][row] = self.assets.code("asset", name)
        self.assets.columns["spread"][row] = apr / HOURS_PER_YEAR
        self.desk.observe(self.assets, np.array([row]))


async def test_a_firing_alert_reaches_its_sink_once() -> None:
    sink, clock = Scripted("a"), HandClock()
    program = Program(sink, MemoryStore(), clock)
    program.spread("WIF", 0.5)
    await program.desk.settle()
    assert [one.subject.key for one in program.desk.transitions] == ["WIF"]
    assert sink.got == []
    for _ in range(5):
        await program.desk.courier.send_due()
        clock.now_s += 60
        program.tick()
        await program.desk.settle()
    assert len(sink.got) == 1


async def test_restarts_between_all_steps_lose_nothing_and_repeat_only_keys() -> None:
    random_source = random.Random(11)
    store, clock, sink = MemoryStore(), HandClock(), Scripted("a")
    program = Program(sink, store, clock)
    wanted = {"WIF": 0.0, "BTC": 0.0, "ETH": 0.0}
    for _ in range(1500):
        name = random_source.choice(sorted(wanted))
        wanted[name] = random_source.choice((0.0, 0.1, 0.5))
        if random_source.random() < 0.2:
            sink.errors.append(Trouble("lost"))
        # A process may end after any of these.
        steps = random_source.randint(1, 4)
        program.spread(name, wanted[name])
        if steps > 1:
            program.tick()
        if steps > 2:
            await program.desk.settle()
        if steps > 3:
            await program.desk.courier.send_due()
        if random_source.random() < 0.15:
            program = Program(sink, store, clock)
        clock.now_s += random_source.choice((1.0, 20.0, 300.0))
    sink.errors.clear()
    for name in wanted:
        wanted[name] = 0.0
    for _ in range(30):
        for name in wanted:
            program.spread(name, 0.0)
        program.tick()
        await program.desk.settle()
        await program.desk.courier.send_due()
        clock.now_s += 400
    kept = store.load()
    assert (kept.alerts, kept.told) == ({}, {})
    created = store._stored.deliveries
    assert {one.state for one in created.values()} == {DeliveryState.SENT}
    assert set(sink.got) == set(created)
    assert len(created) > 50


async def test_acknowledging_and_silencing_survive_a_restart() -> None:
    store, clock, sink = MemoryStore(), HandClock(), Scripted("a")
    program = Program(sink, store, clock)
    program.spread("WIF", 0.5)
    await program.desk.settle()
    (alert,) = program.desk.room.alerts()
    await program.desk.acknowledge(alert.fingerprint, "me")
    now_ms = clock.utc_ms()
    await program.desk.silence(
        Silence(id="q", from_ms=now_ms, until_ms=now_ms + 9_000_000, reason="quiet", asset="BTC")
    )
    await program.desk.mark("last seen")
    again = Program(sink, store, clock)
    records = again.desk.room.records
    assert set(records.acknowledged) == {alert.fingerprint}
    assert set(records.silences) == {"q"}
    assert records.marks == {"last seen": now_ms}
    assert [one.state.phase for one in again.desk.room.alerts()] == [Phase.FIRING]
    await again.desk.lift("q")
    assert store.load().silences == {}


async def test_starting_and_stopping() -> None:
    store, clock, sink = MemoryStore(), HandClock(), Scripted("a")
    program = Program(sink, store, clock)
    program.desk.start()
    program.spread("WIF", 0.5)
    await program.desk.stop()
    assert {one.subject.key for one in store.load().alerts.values()} == {"WIF"}
