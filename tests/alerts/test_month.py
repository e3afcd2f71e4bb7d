"""Thirty days with outages, suspends, clock steps and interval switches: no false resolve, one notice per outage."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fundtui.alerts.defaults import NAMES
from fundtui.alerts.machine import Told
from fundtui.alerts.message import decode
from fundtui.config.schema import AlertRule, Grouping
from fundtui.imbalance.catalogue import Level
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
    interval_h = dict.fromkeys(truth, 8.0)
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
            if source.random() < 0.001:
                interval_h[key] = source.choice((1.0, 4.0, 8.0))
            venue, asset = key.split()
            if venue in silent:
                # Last good data, marked; the figure itself may be anything a careless reader makes of nothing.
                cells: dict[str, float | str] = {"apr": source.choice((seen[key], 0.0)), "reasons": "stale"}
            else:
                seen[key] = truth[key]
                cells = {"apr": truth[key], "reasons": ""}
            cells["apr"] = float(cells["apr"]) / HOURS_PER_YEAR
            names: dict[str, float | str] = {"venue": venue, "asset": asset, "interval_h": interval_h[key]}
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
