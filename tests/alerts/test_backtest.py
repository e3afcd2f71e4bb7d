"""A rule on a record whose course is known: when it fires, how long it is on, what it would have been paid."""

from __future__ import annotations

import math

import pytest

from fundtui.alerts import backtest
from fundtui.alerts.backtest import Backtest
from fundtui.alerts.rule import Rule, rules_of
from fundtui.config.schema import AlertRule
from fundtui.history.store import MemoryStore
from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import Level
from fundtui.market import Batch, Instrument, Quote, RateKind, Settlement
from tests.alerts.toys import settings

HOUR_MS = 3_600_000
START_MS = 20_500 * 24 * HOUR_MS
MINUTE_MS = 60_000


def contract(venue: str) -> Instrument:
    return Instrument(
        venue=venue, symbol="WIFUSDT", asset="WIF", quote="USDT", settle="USDT", rate_period_h=8.0, interval_h=8.0,
        rate_kind=RateKind.PREDICTED,
    )  # fmt: skip


CALM, HOT = 0.0001, 0.001  # 10.95 % and 109.5 % a year
FIRST_HOT, LAST_HOT = 60, 600  # minutes


def record() -> MemoryStore:
    """A day of two venues: from minute 60 to 600 `alpha` pays ten times as much; payments each eight hours."""
    store = MemoryStore()
    for minute in range(24 * 60):
        time_ms = START_MS + minute * MINUTE_MS
        for venue in ("alpha", "beta"):
            hot = venue == "alpha" and FIRST_HOT <= minute < LAST_HOT
            due_ms = (time_ms // (8 * HOUR_MS) + 1) * 8 * HOUR_MS
            quote = Quote(
                contract(venue), time_ms, rate=HOT if hot else CALM, next_funding_ms=due_ms, mark=2.0, index=2.0,
                oi_base=1e6, oi_usd=2e6,
            )  # fmt: skip
            store.append([Batch(venue=venue, observed_ms=time_ms, quotes=(quote,))])
    for venue, paid in (("alpha", HOT), ("beta", CALM)):
        store.settle(
            Settlement(venue=venue, symbol="WIFUSDT", time_ms=START_MS + hours * HOUR_MS, rate=rate, interval_h=8.0)
            for hours, rate in ((0, CALM), (8, paid), (16, CALM), (24, CALM))
        )
    return store


def rule(**fields: object) -> Rule:
    return next(one for one in rules_of(settings({"mine": AlertRule(**fields)})) if one.name == "mine")  # type: ignore[arg-type]


def outcome(wanted: Rule) -> Backtest:
    *_, last = backtest.run(wanted, record(), Calculator(), START_MS, START_MS + 24 * HOUR_MS)
    return last


def test_it_fires_when_the_record_says_so_and_survives_the_payment() -> None:
    (one,) = outcome(rule(when="abs(apr) >= 50%", level=Level.INSTRUMENT, wait=120.0)).episodes
    assert one.subject.key == "alpha WIFUSDT"
    # True from minute 60 on, and for two minutes, as seen once a minute.
    assert one.fired_ms == START_MS + (FIRST_HOT + 2) * MINUTE_MS
    assert one.ended_ms == START_MS + LAST_HOT * MINUTE_MS
    assert one.next_ms == START_MS + 8 * HOUR_MS
    assert one.survived is True
    # Received once, at 8 h; a round trip of it and of its hedge at 5 bp a side and 1 bp of half-spread.
    paid = backtest.net(one, record(), START_MS + 24 * HOUR_MS, lambda venue: 0.0005, 0.0001)
    assert paid == pytest.approx(0.001 - 2 * 2 * 0.0006)


def test_a_spread_pays_the_difference() -> None:
    (one,) = outcome(rule(when="spread >= 50%")).episodes
    assert one.subject.key == "WIF"
    assert [(venue, side) for venue, _, side in one.legs] == [("alpha", 1), ("beta", -1)]
    paid = backtest.net(one, record(), START_MS + 24 * HOUR_MS, lambda venue: 0.0005, 0.0001)
    assert paid == pytest.approx(0.001 - 0.0001 - 2 * 2 * 0.0006)


def test_what_ends_before_the_payment_did_not_survive() -> None:
    # Hot from 01:00, and no longer counted once less than six hours are left before 08:00.
    wanted = rule(when="abs(apr) >= 50% and next >= 6h", level=Level.INSTRUMENT, clear="next >= 6h")
    one, _ = outcome(wanted).episodes  # the second one begins after the payment of 08:00
    assert one.next_ms == START_MS + 8 * HOUR_MS
    assert one.ended_ms is not None
    assert one.ended_ms <= START_MS + 2 * HOUR_MS + 2 * MINUTE_MS
    assert one.survived is False


def test_a_rule_that_never_holds_has_no_episodes() -> None:
    assert outcome(rule(when="abs(apr) >= 500%", level=Level.INSTRUMENT)).episodes == []


def test_without_payments_on_record_there_is_no_net() -> None:
    (one,) = outcome(rule(when="abs(apr) >= 50%", level=Level.INSTRUMENT)).episodes
    assert math.isnan(backtest.net(one, MemoryStore(), START_MS, lambda venue: 0.0, 0.0))


def test_sampled_rates_stand_in_for_polls() -> None:
    store = record()
    batches = list(backtest.sampled(store, START_MS, START_MS + 2 * HOUR_MS, 600.0))
    seen = {(batch.venue, batch.observed_ms): batch.quotes[0].rate for batch in batches}
    assert seen["alpha", START_MS + 50 * MINUTE_MS] == CALM
    assert seen["alpha", START_MS + 60 * MINUTE_MS] == HOT
    assert len(batches) == 2 * 12
