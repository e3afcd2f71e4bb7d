"""Thirty days with outages, suspends, clock steps, restarts and interval switches: no false end, one notice an outage.

The whole desk (rules, store, courier, a sink that now and then fails) in virtual time over a market whose truth is
known. What a careless program gets wrong is all there at once: stale venues whose figures read as nothing, a wall
clock that is hours off while a venue moves its payments, hours that the machine slept through.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
import pytest

from fundtui.alerts.defaults import NAMES
from fundtui.alerts.desk import Desk
from fundtui.alerts.machine import Told, Why
from fundtui.alerts.message import Entry, Message
from fundtui.alerts.sinks.sink import Trouble
from fundtui.alerts.store import MemoryStore
from fundtui.clock import LoopClock
from fundtui.config.schema import AlertRule, Grouping, Notify, Settings, Sink, SinkKind, Until
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.table import Table
from fundtui.simulation.loop import run_virtual
from fundtui.status import Event, EventKind, VenueHealth, VenueState
from fundtui.text import clean
from tests.alerts.toys import HOURS_PER_YEAR, START_MS, settings

DAYS = 30
POLL_S = 60.0
HOUR_MS = 3_600_000
VENUES = ("okx", "gate", "mexc")
ASSETS = ("WIF", "BTC")
HOT = AlertRule(
    when="abs(apr) > 50%", level=Level.INSTRUMENT, wait=120.0, keep_firing=300.0, group=Grouping.NONE, notify=()
)
PAID = AlertRule(when="abs(apr) > 50%", level=Level.INSTRUMENT, until=Until.SETTLEMENT, group=Grouping.NONE, notify=())
IN_USE = {"local-outage", "stale-venue", "interval-change"}


def wanted() -> Settings:
    off = {name: AlertRule(enabled=False) for name in NAMES - IN_USE}
    plain = settings({"hot": HOT, "paid": PAID, **off}, defaults=True, notify=("hook",), repeat=100 * 86_400.0)
    sink = Sink(kind=SinkKind.WEBHOOK, url="https://hook.example", per_minute=60, per_hour=3600)
    return Settings(alerts=plain.alerts, notify=Notify(sinks={"hook": sink}))


class SteppedClock(LoopClock):
    """The loop's time, and a wall clock that is off by as much as is said."""

    off_ms = 0

    def utc_ms(self) -> int:
        return super().utc_ms() + self.off_ms


class Contract:
    """A contract that pays at full hours of an interval, which the venue changes now and then. Times are the venue's:
    no clock of ours is in them."""

    def __init__(self, venue: str, asset: str) -> None:
        self.key, self.venue, self.asset = f"{venue} {asset}", venue, asset
        self.interval_h = 8.0
        self.apr = self.seen_apr = 0.1
        self.seen_next_ms, self.seen_interval_h = 0, 8.0
        self.next_ms = 0
        self.paid_ms: list[int] = []

    def advance(self, true_ms: int) -> None:
        """Pay what is due, and name the next payment."""
        step = round(self.interval_h * HOUR_MS)
        while self.next_ms and self.next_ms <= true_ms:
            self.paid_ms.append(self.next_ms)
            self.next_ms += step
        self.next_ms = (true_ms // step + 1) * step

    def switch(self, interval_h: float, true_ms: int) -> None:
        """Pay at another pace from now on."""
        self.interval_h = interval_h
        self.advance(true_ms)


class Hook:
    """A sink that now and then fails. `got` has each notice once, by key."""

    name = "hook"

    def __init__(self, source: random.Random) -> None:
        self.got: dict[str, Message] = {}
        self._source = source

    async def send(self, message: Message) -> None:
        fate = self._source.random()
        if fate < 0.1:
            raise Trouble("answered 503")
        self.got[message.key] = message
        if fate < 0.2:
            raise Trouble("the reply was lost")

    def entries(self, rule: str) -> list[Entry]:
        return [entry for message in self.got.values() for entry in message.alerts if entry.rule == rule]


class Fired(NamedTuple):
    """When an alert fired, by the venue's time: what it has to be judged by."""

    true_ms: int
    apr: float


class Month:
    """A market, the desk that watches it, and what has to be said of it in the end."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.clock = SteppedClock(START_MS)
        self.settings = wanted()
        self.store = MemoryStore()
        self.hook = Hook(random.Random(seed))
        self.contracts = {one.key: one for one in (Contract(venue, asset) for venue in VENUES for asset in ASSETS)}
        self.silent_until = dict.fromkeys(VENUES, 0.0)
        self.outage_until = 0.0
        self.true_ms = START_MS
        self.counts = dict.fromkeys(
            (
                "outages",
                "steps",
                "suspends",
                "sleeps",
                "restarts",
                "switches",
                "told switches",
                "fired",
                "ended",
                "settled",
            ),
            0,
        )
        self.on: dict[str, Fired] = {}
        self.table, self.desk = self._begin()

    def _begin(self) -> tuple[Table, Desk]:
        table = Table(Level.INSTRUMENT, CATALOGUE[Level.INSTRUMENT], 16)
        for one in self.contracts.values():
            row = table.add(one.key)
            for key, text in (("venue", one.venue), ("asset", one.asset)):
                table.columns[key][row] = table.code(key, text)
        stored = self.store.load()
        desk = Desk(self.settings, {"hook": self.hook}, self.store, stored, self.clock, random.Random(1))
        return table, desk

    async def live(self) -> None:
        self.desk.start()
        began = self.clock.monotonic()
        while self.clock.monotonic() - began < DAYS * 86_400:
            await self._pass_time()
            silent = self._go_silent()
            events = self._change(silent)
            self._poll(silent)
            self.desk.journal(events)
            health = [self._health(venue, silent) for venue in VENUES]
            self.desk.tick((self.table,), health, local_outage=len(silent) == len(VENUES))
            await self.desk.settle()
            self._judge(silent)
            if self.source.random() < 0.0005:
                self.counts["restarts"] += 1
                await self.desk.stop()
                self.table, self.desk = self._begin()
                self.desk.start()
        while self.desk.courier.queued:
            await self.clock.sleep(POLL_S)
        await self.desk.stop()

    async def _pass_time(self) -> None:
        source, before = self.source, self.clock.monotonic()
        fate = source.random()
        if fate < 0.0007:
            # The machine is stopped for a while: nobody looks, both clocks go on.
            self.counts["sleeps"] += 1
            await self.clock.sleep(source.uniform(600, 20_000))
        elif fate < 0.0014:
            # It is suspended: only the wall clock goes on.
            self.counts["suspends"] += 1
            away_ms = round(source.uniform(600, 20_000) * 1000)
            self.clock.off_ms += away_ms
            self.true_ms += away_ms
            await self.clock.sleep(POLL_S)
        else:
            await self.clock.sleep(POLL_S)
        self.true_ms += round((self.clock.monotonic() - before) * 1000)
        if source.random() < 0.001:
            # Somebody sets the wall clock, wrongly, or right again.
            self.counts["steps"] += 1
            right_ms = self.clock.off_ms - (self.clock.utc_ms() - self.true_ms)
            self.clock.off_ms = right_ms + (0 if source.random() < 0.5 else round(source.uniform(-7200, 7200) * 1000))

    def _go_silent(self) -> frozenset[str]:
        now_s, source = self.clock.monotonic(), self.source
        if now_s >= self.outage_until and source.random() < 0.0006:
            self.outage_until = now_s + source.uniform(600, 7200)
            self.counts["outages"] += 1
        for venue in VENUES:
            if now_s >= self.silent_until[venue] and source.random() < 0.001:
                self.silent_until[venue] = now_s + source.uniform(300, 20_000)
        if now_s < self.outage_until:
            return frozenset(VENUES)
        # Never all at once for reasons of their own: that could not be told from an outage here.
        return frozenset([venue for venue in VENUES if now_s < self.silent_until[venue]][: len(VENUES) - 1])

    def _change(self, silent: frozenset[str]) -> list[Event]:
        """Let rates move, payments be made and intervals change; what the journal says of it."""
        events, source = [], self.source
        for one in self.contracts.values():
            one.advance(self.true_ms)
            if source.random() < 0.01:
                one.apr = source.choice((0.05, 0.1, 0.45, 0.6, -0.9))
            # Venues announce another interval well before a payment, never in its last seconds.
            if source.random() < 0.004 and one.next_ms - self.true_ms > 60_000:
                one.switch(source.choice([hours for hours in (1.0, 4.0, 8.0) if hours != one.interval_h]), self.true_ms)
            if one.venue not in silent and one.interval_h != one.seen_interval_h:
                self.counts["switches"] += 1
                before, after = f"{one.seen_interval_h:g}", f"{one.interval_h:g}"
                events.append(Event(
                    time_ms=self.clock.utc_ms(), kind=EventKind.INTERVAL_CHANGED, venue=one.venue, symbol=one.asset,
                    asset=one.asset, text=clean(f"{one.key} {before}h to {after}h"), before=before, after=after,
                ))  # fmt: skip
        return events

    def _poll(self, silent: frozenset[str]) -> None:
        """What the calculator makes of it: the newest figures, or the last good ones with their mark."""
        columns = self.table.columns
        marks = {stale: self.table.code("reasons", "stale" if stale else "") for stale in (False, True)}
        for row, one in enumerate(self.contracts.values()):
            stale = one.venue in silent
            if not stale:
                one.seen_apr, one.seen_next_ms, one.seen_interval_h = one.apr, one.next_ms, one.interval_h
            # The figure itself may be anything that a careless reader makes of nothing.
            apr = self.source.choice((one.seen_apr, 0.0)) if stale else one.apr
            columns["reasons"][row] = marks[stale]
            columns["apr"][row] = apr / HOURS_PER_YEAR
            columns["next_funding_ms"][row] = one.seen_next_ms or np.nan
            columns["interval_h"][row] = one.seen_interval_h
        self.desk.observe(self.table, np.arange(len(self.contracts)))

    def _health(self, venue: str, silent: frozenset[str]) -> VenueHealth:
        down = venue in silent
        return VenueHealth(
            venue=venue, title=venue, state=VenueState.DOWN if down else VenueState.UP, rows=len(ASSETS),
            age_s=3600.0 if down else 2.0, cadence_s=15.0,
        )  # fmt: skip

    def _judge(self, silent: frozenset[str]) -> None:
        for told in self.desk.transitions:
            self.counts["told switches"] += told.rule == "interval-change" and told.told is Told.FIRED
            if told.rule not in ("hot", "paid"):
                continue
            one = self.contracts[told.subject.key]
            at = f"{told.rule} {one.key} {told.told} at {self.true_ms}"
            assert one.venue not in silent, f"{at}: of a venue that says nothing"
            if told.told is Told.FIRED:
                self.counts["fired"] += 1
                assert abs(one.apr) > 0.5, at
                self.on[told.fingerprint] = Fired(self.true_ms, one.apr)
            elif told.told is Told.RESOLVED:
                self.counts["ended"] += 1
                # It clears at 80 % of 50 %.
                assert abs(one.apr) <= 0.4, f"{at}: it still holds"
            elif told.told is Told.CLOSED:
                self.counts["settled"] += 1
                assert (told.rule, told.why) == ("paid", Why.SETTLEMENT), at
                began = self.on[told.fingerprint].true_ms
                assert any(began < when <= self.true_ms for when in one.paid_ms), f"{at}: nothing was paid"


@pytest.mark.parametrize("seed", [1])
def test_a_month_without_a_false_end(seed: int) -> None:
    month = Month(seed)
    run_virtual(month.live())
    counts = month.counts
    assert min(counts["fired"], counts["ended"], counts["settled"]) > 100, counts
    assert min(counts["steps"], counts["suspends"], counts["sleeps"], counts["restarts"]) > 5, counts
    assert counts["switches"] > 500, counts
    # One notice and one recovery for each outage that was seen to begin, whatever fell silent with it.
    outages = [entry for entry in month.hook.entries("local-outage") if entry.status == "firing"]
    assert 5 < len({entry.number for entry in outages}) <= counts["outages"]
    assert len(outages) == len({entry.number for entry in outages}), "an outage is told once"
    assert counts["told switches"] == counts["switches"]
    # A notice of one that was over before it was told, by a clock that was set hours on, is not sent.
    switches = {(entry.id, entry.number) for entry in month.hook.entries("interval-change")}
    assert counts["switches"] - counts["steps"] <= len(switches) <= counts["switches"]
