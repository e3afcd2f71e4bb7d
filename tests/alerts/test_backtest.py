"""A rule on a record whose course is known: when it fires, how long it is on, what it would have been paid."""

from __future__ import annotations

import math
from functools import cache

import pytest

from fundtui.alerts import backtest
from fundtui.alerts.backtest import Backtest, Episode, Taken
from fundtui.alerts.rule import Rule, rules_of
from fundtui.commands.rules_test import evaluated
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


CLOSE = {minute for edge in (FIRST_HOT, 120, 8 * 60, LAST_HOT) for minute in range(edge - 5, edge + 6)}
MINUTES = sorted(CLOSE | set(range(0, 24 * 60, 30)))
"""When there are polls: every minute around what happens, every thirty else."""


@cache
def record() -> MemoryStore:
    """A day of two venues: from minute 60 to 600 `alpha` pays ten times as much; payments each eight hours."""
    store = MemoryStore()
    for minute in MINUTES:
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


def rule(name: str = "mine", **fields: object) -> Rule:
    return next(one for one in rules_of(settings({name: AlertRule(**fields)})) if one.name == name)  # type: ignore[arg-type]


def over_record(*wanted: Rule, step_s: float = 0.0) -> Backtest:
    *_, last = backtest.run(wanted, record(), Calculator(), START_MS, START_MS + 24 * HOUR_MS, step_s)
    return last


def outcome(wanted: Rule) -> list[Episode]:
    return over_record(wanted).episodes["mine"]


def test_it_fires_when_the_record_says_so_and_survives_the_payment() -> None:
    (one,) = outcome(rule(when="abs(apr) >= 50%", level=Level.INSTRUMENT, wait=120.0))
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
    (one,) = outcome(rule(when="spread >= 50%"))
    assert one.subject.key == "WIF"
    assert [(venue, side) for venue, _, side in one.legs] == [("alpha", 1), ("beta", -1)]
    paid = backtest.net(one, record(), START_MS + 24 * HOUR_MS, lambda venue: 0.0005, 0.0001)
    assert paid == pytest.approx(0.001 - 0.0001 - 2 * 2 * 0.0006)


def test_what_ends_before_the_payment_did_not_survive() -> None:
    # Hot from 01:00, and no longer counted once less than six hours are left before 08:00.
    wanted = rule(when="abs(apr) >= 50% and next >= 6h", level=Level.INSTRUMENT, clear="next >= 6h")
    one, _ = outcome(wanted)  # the second one begins after the payment of 08:00
    assert one.next_ms == START_MS + 8 * HOUR_MS
    assert one.ended_ms is not None
    assert one.ended_ms <= START_MS + 2 * HOUR_MS + 2 * MINUTE_MS
    assert one.survived is False


def test_a_rule_that_never_holds_has_no_episodes() -> None:
    assert outcome(rule(when="abs(apr) >= 500%", level=Level.INSTRUMENT)) == []


def test_without_payments_on_record_there_is_no_net() -> None:
    (one,) = outcome(rule(when="abs(apr) >= 50%", level=Level.INSTRUMENT))
    assert math.isnan(backtest.net(one, MemoryStore(), START_MS, lambda venue: 0.0, 0.0))


def test_several_rules_are_tested_at_once() -> None:
    found = over_record(
        rule("instrument", when="abs(apr) >= 50%", level=Level.INSTRUMENT), rule("asset", when="spread >= 50%")
    ).episodes
    assert [one.subject.key for one in found["instrument"]] == ["alpha WIFUSDT"]
    assert [one.subject.key for one in found["asset"]] == ["WIF"]


def test_every_poll_is_taken_or_it_is_told_how_many_were_not() -> None:
    whole = over_record(rule(when="abs(apr) >= 50%", level=Level.INSTRUMENT))
    assert (whole.taken.polls, whole.taken.left_out) == (2 * len(MINUTES), 0)
    assert whole.taken.first_ms == START_MS
    assert whole.taken.last_ms == START_MS + MINUTES[-1] * MINUTE_MS
    assert evaluated(whole.taken, 0.0) == f"every poll on record was evaluated: {2 * len(MINUTES):,}"
    thin = over_record(rule(when="abs(apr) >= 50%", level=Level.INSTRUMENT), step_s=3600.0)
    # A poll an hour and venue, give or take those at which more happens.
    assert 2 * 20 <= thin.taken.polls <= 2 * 25
    assert thin.taken.polls + thin.taken.left_out == 2 * len(MINUTES)
    assert evaluated(thin.taken, 3600.0).startswith(
        f"evaluated: {thin.taken.polls} of {2 * len(MINUTES)} polls, one of each venue per 1h;"
    )
    # It is seen with the step's delay, and no sooner.
    (one,) = thin.episodes["mine"]
    assert START_MS + FIRST_HOT * MINUTE_MS <= one.fired_ms <= START_MS + (FIRST_HOT + 61) * MINUTE_MS


def test_sampled_rates_stand_in_for_polls() -> None:
    taken = Taken()
    batches = list(backtest.sampled(record(), START_MS, START_MS + 2 * HOUR_MS, 600.0, taken))
    seen = {(batch.venue, batch.observed_ms): batch.quotes[0].rate for batch in batches}
    assert seen["alpha", START_MS + 50 * MINUTE_MS] == CALM
    assert seen["alpha", START_MS + 60 * MINUTE_MS] == HOT
    polls = sum(minute < 120 for minute in MINUTES)
    assert len(batches) + taken.left_out == 2 * polls


def test_without_a_step_each_sample_is_a_poll_in_the_order_of_time() -> None:
    taken = Taken()
    batches = list(backtest.sampled(record(), START_MS, START_MS + 24 * HOUR_MS, 0.0, taken))
    assert [(batch.observed_ms, batch.venue) for batch in batches] == [
        (START_MS + minute * MINUTE_MS, venue) for minute in MINUTES for venue in ("alpha", "beta")
    ]
    hot = [batch.observed_ms for batch in batches if batch.venue == "alpha" and batch.quotes[0].rate == HOT]
    assert (hot[0], hot[-1]) == (START_MS + FIRST_HOT * MINUTE_MS, START_MS + (LAST_HOT - 1) * MINUTE_MS)
    assert taken.left_out == 0


def test_many_instruments_are_read_a_while_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(backtest.sampled(record(), START_MS, START_MS + 24 * HOUR_MS, 0.0, Taken()))
    monkeypatch.setattr(backtest, "CELLS", 1000)
    assert list(backtest.sampled(record(), START_MS, START_MS + 24 * HOUR_MS, 0.0, Taken())) == whole
