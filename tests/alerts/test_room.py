"""From a market to notices: what fires, what missing data may not do, who is told what and when."""

from __future__ import annotations

import math

import msgspec
import pytest

from fundtui.alerts.machine import Phase, Told, Why
from fundtui.alerts.store import MemoryStore
from fundtui.config.schema import AlertRule, Settings, Until
from fundtui.imbalance.catalogue import Level
from fundtui.status import Severity
from tests.alerts.toys import WIDE, Market, messages, settings, told


def test_a_condition_that_holds_long_enough_fires_with_its_values() -> None:
    market = Market(settings({"wide": msgspec.structs.replace(WIDE, wait=60.0)}))
    market.asset("WIF", 2.127, age=3.0)
    assert told(market.take()) == [("WIF", Told.PENDING)]
    market.wait(45)
    assert told(market.take()) == []
    market.wait(15)
    change = market.take()
    (fired,) = change.transitions
    assert (fired.told, fired.subject.key, fired.subject.asset, fired.rule) == (Told.FIRED, "WIF", "WIF", "wide")
    assert fired.value == pytest.approx(2.127)
    assert fired.threshold == pytest.approx(0.25)
    assert (fired.unit, fired.age_s) == ("rate", 3.0)
    assert fired.text == "WIF: +212.7% (spread > 25%), for 1m"
    (message,) = messages(change)
    assert (message.status, message.title, message.alerts[0].text) == ("firing", "wide WIF", fired.text)


def test_it_clears_at_eighty_percent_and_not_before() -> None:
    market = Market(settings({"wide": WIDE}))
    market.asset("WIF", 0.30)
    assert told(market.take()) == [("WIF", Told.FIRED)]
    market.asset("WIF", 0.21)
    assert told(market.take()) == []
    market.asset("WIF", 0.19)
    assert told(market.take()) == [("WIF", Told.RESOLVED)]


def test_an_own_clearing_condition() -> None:
    market = Market(settings({"wide": msgspec.structs.replace(WIDE, clear="spread > 10%")}))
    market.asset("WIF", 0.30)
    market.asset("WIF", 0.11)
    assert told(market.take()) == [("WIF", Told.FIRED)]
    market.asset("WIF", 0.09)
    assert told(market.take()) == [("WIF", Told.RESOLVED)]


def test_missing_values_hold_and_a_decided_part_decides() -> None:
    market = Market(settings({"wide": AlertRule(when="spread > 25% and breakeven < 3d")}))
    market.asset("WIF", 0.30, breakeven=10.0)
    assert told(market.take()) == [("WIF", Told.FIRED)]
    market.asset("WIF", math.nan, breakeven=math.nan)
    market.wait(86_400, step_s=50)
    assert told(market.take()) == []
    (alert,) = market.room.alerts()
    assert (alert.state.phase, alert.state.held) == (Phase.FIRING, True)
    # The spread alone refutes the condition; the missing break-even changes nothing.
    market.asset("WIF", 0.05, breakeven=math.nan)
    assert told(market.take()) == [("WIF", Told.RESOLVED)]
    market.asset("PEPE", 0.50, breakeven=math.nan)
    assert told(market.take()) == []


def test_a_gap_does_not_count_towards_for() -> None:
    market = Market(settings({"wide": msgspec.structs.replace(WIDE, wait=60.0)}))
    market.asset("WIF", 0.30)
    market.now_s += 7200  # suspended
    market.tick()
    assert told(market.take()) == [("WIF", Told.PENDING)]
    market.wait(60)
    assert told(market.take()) == [("WIF", Told.FIRED)]


def test_a_silent_venue_never_resolves_the_spread_it_was_part_of() -> None:
    market = Market(settings({"wide": WIDE}))
    market.instrument("mexc", "WIF", -0.20)
    market.instrument("okx", "WIF", 1.90)
    market.asset("WIF", 2.10)
    assert told(market.take()) == [("WIF", Told.FIRED)]
    market.instrument("mexc", "WIF", -0.20, reasons="stale")
    market.tick()
    market.asset("WIF", 0.01)
    market.wait(600)
    assert told(market.take()) == []
    market.instrument("mexc", "WIF", 1.85, reasons="")
    market.tick()
    market.asset("WIF", 0.05)
    assert told(market.take()) == [("WIF", Told.RESOLVED)]


def test_stale_rows_neither_fire_nor_resolve() -> None:
    market = Market(settings({"hot": AlertRule(when="abs(apr) > 50%", level=Level.INSTRUMENT)}))
    market.instrument("okx", "WIF", 0.90, reasons="stale")
    assert told(market.take()) == []
    market.instrument("okx", "WIF", 0.90, reasons="")
    assert told(market.take()) == [("okx WIF", Told.FIRED)]
    market.instrument("okx", "WIF", 0.10, reasons="stale, not_trading")
    market.wait(600)
    assert told(market.take()) == []


def test_after_a_start_nothing_resolves_until_every_venue_has_answered() -> None:
    first = Market(settings({"wide": WIDE}))
    first.asset("WIF", 2.0)
    store = MemoryStore()
    store.commit(first.take())
    again = Market(settings({"wide": WIDE}), stored=store.load())
    again.venues(up=("okx",), silent=("mexc",))
    again.asset("WIF", 0.01)
    assert told(again.take()) == []
    again.venues(up=("okx", "mexc"))
    again.asset("WIF", 0.01)
    assert told(again.take()) == [("WIF", Told.RESOLVED)]


def test_a_delisting_closes_with_its_own_reason() -> None:
    market = Market(settings({"hot": AlertRule(when="abs(apr) > 50%", level=Level.INSTRUMENT)}))
    row = market.instrument("okx", "WIF", 0.90)
    market.take()
    market.now_s += 60
    market.instruments.alive[row] = False
    market.instrument("okx", "WIF", 0.90)
    change = market.take()
    assert [(one.told, one.why) for one in change.transitions] == [(Told.CLOSED, Why.DELISTED)]
    assert messages(change)[0].alerts[0].reason == "delisted"


def test_a_second_threshold_escalates_once() -> None:
    market = Market(settings({"wide": msgspec.structs.replace(WIDE, critical="spread > 100%", severity=Severity.INFO)}))
    market.asset("WIF", 0.30)
    market.asset("WIF", 0.40)
    assert [one.severity for one in market.take().transitions] == [Severity.INFO]
    market.now_s += 120
    market.asset("WIF", 1.20)
    change = market.take()
    assert [(one.told, one.severity) for one in change.transitions] == [(Told.ESCALATED, Severity.CRITICAL)]
    assert change.transitions[0].threshold == 1.0
    assert "(spread > 100%)" in change.transitions[0].text
    assert messages(change)[0].severity == "critical"
    market.asset("WIF", 1.30)
    assert market.take().transitions == ()


def test_once_per_settlement() -> None:
    rule = AlertRule(when="abs(apr) > 50%", level=Level.INSTRUMENT, until=Until.SETTLEMENT)
    market = Market(settings({"due": rule}))
    market.instrument("okx", "WIF", 0.90, next_funding_ms=1000.0)
    market.instrument("okx", "WIF", 0.10, next_funding_ms=1000.0)
    market.instrument("okx", "WIF", 0.90, next_funding_ms=1000.0)
    assert told(market.take()) == [("okx WIF", Told.FIRED), ("okx WIF", Told.RESOLVED)]
    market.instrument("okx", "WIF", 0.90, next_funding_ms=29_000_000.0)
    market.instrument("okx", "WIF", 0.90, next_funding_ms=29_000_000.0)
    assert told(market.take()) == [("okx WIF", Told.FIRED)]


def test_only_the_assets_of_a_watchlist() -> None:
    wanted = settings({"wide": msgspec.structs.replace(WIDE, only="mine")})
    wanted = msgspec.structs.replace(wanted, watchlists={"mine": msgspec.convert({"assets": ["BTC"]}, dict)})
    wanted = msgspec.convert(msgspec.to_builtins(wanted), Settings)
    market = Market(wanted)
    market.asset("WIF", 2.0)
    market.asset("BTC", 0.5)
    assert told(market.take()) == [("BTC", Told.FIRED)]
