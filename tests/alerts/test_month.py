"""Thirty days with outages, suspends, clock steps and interval switches: no false resolve, one notice per outage."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fundtui.alerts.defaults import NAMES
from fundtui.alerts.machine import Told, Why
from fundtui.alerts.message import decode
from fundtui.config.schema import AlertRule, Grouping, Until
from fundtui.imbalance.catalogue import Level
from fundtui.status import Event, EventKind
from fundtui.text import clean
from tests.alerts.toys import HOURS_PER_YEAR, START_MS, Market, settings

DAYS = 30
POLL_S = 60.0
VENUES = ("okx", "gate", "mexc", "bybit")
RULE = AlertRule(when="abs(apr) > 50%", level=Level.INSTRUMENT, wait=120.0, keep_firing=300.0, group=Grouping.NONE)


class Month(Market):
    """A market whose wall clock can be stepped without its monotonic clock."""

    stepped_s = 0.0

    @property
    def now_ms(self) -> int:
        return START_MS + round((self.now_s + self.stepped_s) * 1000)


ONLY_HEALTH = {name: AlertRule(enabled=False) for name in NAMES - {"local-outage", "stale-venue"}}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_month_without_a_false_resolve(seed: int) -> None:
    source = random.Random(seed)
    market = Month(settings({"hot": RULE, **ONLY_HEALTH}, defaults=True))
    truth = {f"{venue} {asset}": 0.1 for venue in VENUES for asset in ("WIF", "BTC", "ETH")}
    seen = dict(truth)
    silent_until = dict.fromkeys(VENUES, 0.0)
    outage_until, outages, outage_notices, ends, fired, false_ends = 0.0, 0, 0, 0, 0, []
    while market.now_s < DAYS * 86_400:
        market.now_s += POLL_S if source.random() > 0.001 else source.uniform(600, 20_000)  # the machine slept
        if source.random() < 0.0005:
            market.stepped_s += source.uniform(-7200, 7200)
        if market.now_s >= outage_until and source.random() < 0.0006:
            outage_until = market.now_s + source.uniform(600, 7200)
            outages += 1
        outage = market.now_s < outage_until
        for venue in VENUES:
            if market.now_s >= silent_until[venue] and source.random() < 0.001:
                silent_until[venue] = market.now_s + source.uniform(300, 20_000)
        silent = {venue for venue in VENUES if outage or market.now_s < silent_until[venue]}
        rows = []
        for key in sorted(truth):
            if source.random() < 0.01:
                truth[key] = source.choice((0.05, 0.1, 0.45, 0.6, -0.9))
            venue, asset = key.split()
            if venue in silent:
                # Last good data, marked; the figure itself may be anything a careless reader makes of nothing.
                cells: dict[str, float | str] = {"apr": source.choice((seen[key], 0.0)), "reasons": "stale"}
            else:
                seen[key] = truth[key]
                cells = {"apr": truth[key], "reasons": ""}
            cells["apr"] = float(cells["apr"]) / HOURS_PER_YEAR
            names: dict[str, float | str] = {"venue": venue, "asset": asset}
            rows.append(market.write(Level.INSTRUMENT, key, **names, **cells))
        market.room.readings.observe(market.instruments, np.array(rows), market.now_ms, market.now_s)
        market.venues(up=set(VENUES) - silent, down=silent, outage=outage)
        market.tick()
        change = market.take()
        for one in change.transitions:
            if one.rule != "hot":
                continue
            fired += one.told is Told.FIRED
            ends += one.told is Told.RESOLVED
            venue = one.subject.venue
            if one.told is Told.RESOLVED and (venue in silent or abs(truth[one.subject.key]) > 0.4):
                false_ends.append(one)
            if one.told is Told.FIRED:
                assert venue not in silent
                assert abs(truth[one.subject.key]) > 0.5
            assert one.told is not Told.CLOSED
        outage_notices += sum(
            entry.rule == "local-outage" and message.status == "firing" and not message.title.startswith("again")
            for message in (decode(delivery.body) for delivery in change.deliveries)
            for entry in message.alerts
        )
        if source.random() < 0.0005:
            # The program is started anew, on what had been stored.
            now_s, stepped_s, stored = market.now_s, market.stepped_s, market.room.records
            market = Month(market.settings, stored=stored)
            market.now_s, market.stepped_s = now_s, stepped_s
    assert false_ends == []
    assert min(fired, ends) > 50
    assert outages > 5
    assert outage_notices <= outages


HOUR_MS = 3_600_000
UNTIL_PAID = AlertRule(when="abs(apr) > 50%", level=Level.INSTRUMENT, until=Until.SETTLEMENT, group=Grouping.NONE)
ONLY_SWITCHES = {name: AlertRule(enabled=False) for name in NAMES - {"interval-change"}}


class Contract:
    """A contract that pays at full hours of an interval, which the venue changes now and then."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.venue, self.asset = key.split()
        self.interval_h = 8.0
        self.apr = 0.1
        self.paid_ms: list[int] = []
        self.next_ms = 0

    def advance(self, now_ms: int) -> None:
        """Pay what is due, and name the next payment."""
        while self.next_ms and self.next_ms <= now_ms:
            self.paid_ms.append(self.next_ms)
            self.next_ms += round(self.interval_h * HOUR_MS)
        step = round(self.interval_h * HOUR_MS)
        self.next_ms = (now_ms // step + 1) * step

    def switch(self, interval_h: float, now_ms: int) -> Event:
        """Pay at another pace from now on."""
        before, self.interval_h = self.interval_h, interval_h
        self.advance(now_ms)
        return Event(
            time_ms=now_ms, kind=EventKind.INTERVAL_CHANGED, text=clean(f"{self.key} {before:g}h to {interval_h:g}h"),
            venue=self.venue, symbol=self.asset, asset=self.asset, before=f"{before:g}", after=f"{interval_h:g}",
        )  # fmt: skip


def test_a_month_of_interval_switches() -> None:
    source = random.Random(3)
    market = Month(settings({"paid": UNTIL_PAID, **ONLY_SWITCHES}, defaults=True))
    market.venues(up=VENUES)
    contracts = [Contract(f"{venue} {asset}") for venue in VENUES for asset in ("WIF", "BTC", "ETH")]
    fired_ms: dict[str, int] = {}
    switches = told_switches = settled = fired = 0
    while market.now_s < DAYS * 86_400:
        market.now_s += 3 * POLL_S if source.random() > 0.0015 else source.uniform(600, 20_000)
        silent = source.choice(VENUES) if source.random() < 0.05 else ""
        rows, events = [], []
        for one in contracts:
            one.advance(market.now_ms)
            if source.random() < 0.009:
                one.apr = source.choice((0.1, 0.3, 0.6, -0.9))
            # Venues announce another interval well before a payment, never in its last seconds.
            if source.random() < 0.006 and one.next_ms - market.now_ms > 60_000:
                others = [hours for hours in (1.0, 4.0, 8.0) if hours != one.interval_h]
                events.append(one.switch(source.choice(others), market.now_ms))
            cells: dict[str, float | str] = {"venue": one.venue, "asset": one.asset, "reasons": ""}
            if one.venue == silent:
                # Nothing new of this contract: the row stands as it was, marked.
                cells["reasons"] = "stale"
            else:
                cells |= {"apr": one.apr / HOURS_PER_YEAR, "next_funding_ms": one.next_ms}
            rows.append(market.write(Level.INSTRUMENT, one.key, **cells))
        switches += len(events)
        market.room.readings.journal(events, market.now_ms, market.now_s)
        market.room.readings.observe(market.instruments, np.array(rows), market.now_ms, market.now_s)
        market.tick()
        paid = {one.key: one.paid_ms for one in contracts}
        for told in market.take().transitions:
            key = told.subject.key
            told_switches += told.rule == "interval-change" and told.told is Told.FIRED
            if told.rule == "paid" and told.told is Told.FIRED:
                fired += 1
                fired_ms[key] = told.time_ms
            elif told.rule == "paid" and told.why is Why.SETTLEMENT:
                settled += 1
                # A switch that moves the next payment is no payment: one has really been made since it fired.
                assert any(fired_ms[key] < when <= told.time_ms for when in paid[key]), (key, told.time_ms)
    assert switches > 500
    assert told_switches == switches
    assert min(fired, settled) > 100
