"""From alerts to notices: who is told what and when, what is muted, and how rules end."""

from __future__ import annotations

import msgspec
import pytest

from fundtui.alerts.machine import Phase, Told, Why
from fundtui.alerts.message import decode
from fundtui.alerts.records import Stored
from fundtui.alerts.room import Room, SinkPace
from fundtui.alerts.store import MemoryStore
from fundtui.config.schema import AlertRule, Grouping
from fundtui.imbalance.catalogue import Level
from fundtui.status import Event, EventKind, Severity
from fundtui.text import clean
from tests.alerts.toys import WIDE, Market, messages, settings, silence, told


def test_alerts_of_a_rule_come_as_one_notice_after_the_wait() -> None:
    market = Market(settings({"wide": WIDE}, group_wait=10.0))
    for name in ("WIF", "PEPE", "BTC"):
        market.asset(name, 0.5)
    assert market.take().deliveries == ()
    market.wait(10, step_s=5)
    (message,) = messages(market.take())
    assert (message.title, message.firing, len(message.alerts)) == ("wide: 3 firing", 3, 3)
    # The next one waits for the interval.
    market.asset("ETH", 0.5)
    assert market.take().deliveries == ()
    market.wait(60)
    (message,) = messages(market.take())
    assert message.firing == 4
    market.wait(3600, step_s=50)
    assert market.take().deliveries == ()


@pytest.mark.parametrize(("group", "count"), [(Grouping.RULE, 1), (Grouping.ASSET, 2), (Grouping.VENUE, 3)])
def test_grouping(group: Grouping, count: int) -> None:
    market = Market(settings({"hot": AlertRule(when="abs(apr) > 50%", level=Level.INSTRUMENT, group=group)}))
    for venue, asset in (("okx", "WIF"), ("gate", "WIF"), ("mexc", "BTC"), ("okx", "BTC")):
        market.instrument(venue, asset, 0.9)
    assert len(market.take().deliveries) == count


def test_what_resolves_before_it_was_told_is_never_told() -> None:
    market = Market(settings({"wide": WIDE}, group_wait=10.0))
    market.asset("WIF", 0.5)
    market.take()
    market.asset("WIF", 0.0)
    change = market.take()
    assert told(change) == [("WIF", Told.RESOLVED)]
    market.wait(60)
    assert market.take().deliveries == ()
    assert list(market.room.alerts()) == []


def test_the_end_is_told_once_and_then_forgotten() -> None:
    market = Market(settings({"wide": WIDE}))
    market.asset("WIF", 0.5)
    market.take()
    market.asset("WIF", 0.0)
    assert market.take().deliveries == ()
    market.wait(60)
    (message,) = messages(market.take())
    assert (message.status, message.title) == ("resolved", "resolved: wide WIF")
    market.wait(60)
    change = market.take()
    assert change.deliveries == ()
    assert market.room.records.alerts == {}
    assert market.room.records.told == {}


def test_it_is_repeated_until_it_is_acknowledged() -> None:
    market = Market(settings({"wide": WIDE}, repeat=3600.0))
    market.asset("WIF", 0.5)
    keys = {market.take().deliveries[0].key}
    market.wait(3600, step_s=50)
    change = market.take()
    assert messages(change)[0].title == "again: wide WIF"
    keys.add(change.deliveries[0].key)
    market.wait(3600, step_s=50)
    keys.add(market.take().deliveries[0].key)
    assert len(keys) == 3
    (alert,) = market.room.alerts()
    market.room.acknowledge(alert.fingerprint, market.now_ms)
    market.wait(7200, step_s=50)
    assert market.take().deliveries == ()
    # It ends, and when it fires anew it is told anew.
    market.asset("WIF", 0.0)
    assert messages(market.take())[0].status == "resolved"
    assert market.room.records.acknowledged == {}
    market.wait(60)
    market.asset("WIF", 0.5)
    assert messages(market.take())[0].status == "firing"


def test_silences_by_matcher_and_their_end() -> None:
    market = Market(settings({"wide": WIDE}))
    market.room.silence(silence(market, asset="W*"))
    market.asset("WIF", 0.5)
    market.asset("BTC", 0.5)
    (message,) = messages(market.take())
    assert [entry.subject for entry in message.alerts] == ["BTC"]
    market.wait(3600, step_s=50)
    change = market.take()
    assert sorted(entry.subject for entry in messages(change)[0].alerts) == ["BTC", "WIF"]
    assert change.lifted == ("s1",)


def test_a_maintenance_window_begins_later() -> None:
    market = Market(settings({"wide": WIDE}, group_interval=0.0))
    market.room.silence(silence(market, from_ms=market.now_ms + 60_000))
    market.asset("WIF", 0.5)
    assert len(market.take().deliveries) == 1
    market.wait(60)
    market.asset("BTC", 0.5)
    assert market.take().deliveries == ()


def test_a_stale_venue_is_one_notice_and_mutes_its_instruments() -> None:
    wanted = settings({"hot": AlertRule(when="abs(apr) > 50%", level=Level.INSTRUMENT)}, defaults=True)
    market = Market(wanted)
    market.venues(up=("okx",), down=("gate",))
    market.instrument("gate", "WIF", 0.9)
    market.instrument("okx", "WIF", 0.9)
    texts = [
        entry.subject
        for message in messages(market.take())
        for entry in message.alerts
        if entry.rule != "extreme-funding"
    ]
    assert sorted(texts) == ["gate", "okx WIF"]
    market.venues(up=("okx", "gate"))
    market.wait(31, step_s=5)
    market.venues(up=("okx", "gate"))
    assert ("gate", Told.RESOLVED) in told(market.take())


def test_a_local_outage_is_one_notice_and_one_recovery() -> None:
    market = Market(settings(defaults=True))
    names = tuple(f"v{n}" for n in range(30))
    market.venues(down=names, outage=True)
    (message,) = messages(market.take())
    assert [entry.rule for entry in message.alerts] == ["local-outage"]
    market.now_s += 300
    market.venues(up=names)
    market.wait(60, step_s=5)
    market.venues(up=names)
    found = messages(market.take())
    assert [(message.status, message.alerts[0].rule) for message in found] == [("resolved", "local-outage")]


def test_journal_events_are_told_once_each() -> None:
    market = Market(settings(defaults=True))
    event = Event(
        time_ms=market.now_ms, kind=EventKind.INTERVAL_CHANGED, text=clean("binance INJ interval 8h -> 1h"),
        venue="binance", symbol="INJUSDT", asset="INJ",
    )  # fmt: skip
    market.room.readings.journal([event], market.now_ms, market.now_s)
    (message,) = messages(market.take())
    assert message.alerts[0].text == "binance INJ interval 8h -> 1h"
    market.wait(700, step_s=50)
    change = market.take()
    assert change.deliveries == ()
    assert [one.why for one in change.transitions] == [Why.SHOWN]


def test_a_market_wide_purge_mutes_the_single_ones() -> None:
    market = Market(settings(defaults=True, group_wait=10.0))
    events = [
        Event(time_ms=market.now_ms, kind=EventKind.PURGE, text=clean(f"purge {n}"), asset=f"A{n}") for n in range(7)
    ]
    market.room.readings.journal(events, market.now_ms, market.now_s)
    market.wait(10, step_s=5)
    (message,) = messages(market.take())
    assert [entry.subject for entry in message.alerts] == ["market"]
    assert message.severity == "critical"


def test_a_storm_becomes_a_digest_within_the_budget() -> None:
    rules = {f"r{n}": AlertRule(when=f"spread > {n + 1}%") for n in range(500)}
    market = Market(settings(rules))
    market.sinks = {"terminal": SinkPace()}
    market.room.configure(market.settings, market.rules(), market.sinks, market.now_ms)
    market.asset("WIF", 9.0)
    change = market.take()
    assert len(change.deliveries) == 3
    assert messages(change)[-1].title == "498 alerts in 498 groups, 498 firing"
    market.wait(59, step_s=1)
    assert market.take().deliveries == ()
    # Nothing was left untold.
    assert sum(len(one.numbers) for one in market.room.records.told.values()) == 500


def test_sinks_take_what_their_rules_and_severity_say() -> None:
    rules = {
        "a": msgspec.structs.replace(WIDE, notify=("ntfy",), severity=Severity.CRITICAL),
        "b": msgspec.structs.replace(WIDE, notify=("ntfy", "terminal"), severity=Severity.INFO),
        "c": msgspec.structs.replace(WIDE, notify=()),
    }
    market = Market(settings(rules), sinks=("terminal", "ntfy"))
    market.sinks["ntfy"] = SinkPace(severity=Severity.CRITICAL)
    market.room.configure(market.settings, market.rules(), market.sinks, market.now_ms)
    market.asset("WIF", 0.5)
    change = market.take()
    found = sorted((delivery.sink, decode(delivery.body).alerts[0].rule) for delivery in change.deliveries)
    assert found == [("ntfy", "a"), ("terminal", "b")]
    assert len(change.transitions) == 3


def test_a_failing_sink_is_told_to_the_others() -> None:
    market = Market(settings(defaults=True, notify=("terminal", "ntfy")), sinks=("terminal", "ntfy"))
    market.room.readings.sink_health({"ntfy": "refused (401)"}, market.now_ms, market.now_s)
    change = market.take()
    assert [delivery.sink for delivery in change.deliveries] == ["terminal"]
    assert "ntfy do not get through: refused (401)" in messages(change)[0].alerts[0].text
    market.room.readings.sink_health({}, market.now_ms, market.now_s)
    assert told(market.take()) == [("ntfy", Told.RESOLVED)]


def test_an_edited_rule_is_reset_with_one_notice() -> None:
    market = Market(settings({"wide": msgspec.structs.replace(WIDE, group=Grouping.ASSET), "other": WIDE}))
    for name in ("WIF", "PEPE", "BTC"):
        market.asset(name, 0.5)
    assert len(market.take().deliveries) == 4
    market.now_s += 120
    market.settings = settings({"wide": AlertRule(when="spread > 30%", group=Grouping.ASSET), "other": WIDE})
    market.room.configure(market.settings, market.rules(), market.sinks, market.now_ms)
    change = market.take()
    assert {one.why for one in change.transitions} == {Why.RULE_CHANGED}
    (message,) = messages(change)
    assert (message.status, len(message.alerts)) == ("resolved", 3)
    # The untouched rule goes on as it was.
    assert sorted(alert.rule for alert in market.room.alerts()) == ["other"] * 3
    # Only the way of telling was changed: nothing is reset.
    market.settings = settings({"other": msgspec.structs.replace(WIDE, notify=(), message="{asset}")})
    market.room.configure(market.settings, market.rules(), market.sinks, market.now_ms)
    assert told(market.take()) == []
    assert len(list(market.room.alerts())) == 3


def test_an_end_that_is_not_told_yet_is_told_as_it_was_though_it_is_pending_anew() -> None:
    wanted = settings({"wide": AlertRule(when="spread > 25%", wait=300.0)}, group_interval=60.0)
    market = Market(wanted)
    market.asset("WIF", 0.5)
    market.wait(315)
    market.asset("WIF", 0.5)
    (told_on,) = [decode(one.body) for one in market.take().deliveries]
    assert told_on.status == "firing"
    market.now_s += 5
    market.asset("WIF", 0.1)
    assert told(market.take()) == [("WIF", Told.RESOLVED)]
    market.now_s += 5
    market.asset("WIF", 0.5)
    assert told(market.take()) == [("WIF", Told.PENDING)]
    # A restart in between changes nothing.
    market.room = Room(wanted, market.rules(), market.sinks, market.room.records, market.now_ms)
    market.venues(up=("okx",))
    market.now_s += 15
    market.asset("WIF", 0.5)
    market.take()
    market.wait(45)
    (told_over,) = [decode(one.body) for one in market.take().deliveries]
    assert told_over.status == "resolved"
    (entry,) = told_over.alerts
    assert (entry.status, entry.subject) == ("resolved", "WIF")
    assert "resolved after" in entry.text
    # It fires again in its own time, and is told again.
    market.wait(400)
    (again,) = [decode(one.body) for one in market.take().deliveries]
    assert (again.status, again.alerts[0].number > entry.number) == ("firing", True)


def test_a_removed_rule_ends_its_alerts_with_one_notice() -> None:
    market = Market(settings({"wide": msgspec.structs.replace(WIDE, group=Grouping.ASSET)}))
    market.asset("WIF", 0.5)
    market.asset("PEPE", 0.5)
    market.take()
    market.now_s += 120
    market.settings = settings({})
    market.room.configure(market.settings, market.rules(), market.sinks, market.now_ms)
    (message,) = messages(market.take())
    assert {entry.reason for entry in message.alerts} == {"rule removed"}
    market.wait(60)
    market.take()
    assert (market.room.records.alerts, market.room.records.told) == ({}, {})


def test_a_restart_goes_on_where_it_was() -> None:
    store = MemoryStore()
    wanted = settings({"wide": msgspec.structs.replace(WIDE, wait=60.0, keep_firing=60.0)}, group_wait=10.0)
    first = Market(wanted)
    first.asset("WIF", 0.5)
    first.wait(60)
    first.asset("PEPE", 0.5)
    first.wait(45)
    store.commit(first.take())
    second = Market(wanted, stored=store.load())
    second.now_s = first.now_s + 86_400
    # Not seen yet, but known.
    assert {alert.subject.key: alert.state.phase for alert in second.room.alerts()} == {
        "WIF": Phase.FIRING, "PEPE": Phase.PENDING
    }  # fmt: skip
    second.asset("WIF", 0.5)
    second.asset("PEPE", 0.5)
    assert told(second.take()) == []
    second.wait(15)
    change = second.take()
    # 45 of its 60 seconds were counted before; the day in between was not.
    assert told(change) == [("PEPE", Told.FIRED)]
    third = Market(wanted, stored=Stored())
    assert list(third.room.alerts()) == []


def test_a_message_template_names_columns_and_never_evaluates() -> None:
    message = "{asset} {spread} via {long}/{short} {nothing} {0} {asset.__class__}"
    market = Market(settings({"wide": msgspec.structs.replace(WIDE, message=message)}))
    market.asset("WIF", 2.127, long="mexc", short="by\x1b[31mbit")
    (fired,) = market.take().transitions
    assert fired.text == "WIF +212.7% via mexc/by[31mbit {nothing} {0} {asset.__class__}"


def test_the_same_notice_has_the_same_key_whenever_it_is_made() -> None:
    keys = []
    for _ in range(2):
        market = Market(settings({"wide": WIDE}))
        market.asset("WIF", 0.5)
        market.asset("BTC", 0.5)
        keys.append(market.take().deliveries[0].key)
    assert keys[0] == keys[1]


def test_a_clock_that_steps_back_does_not_stop_notices() -> None:
    market = Market(settings({"wide": WIDE}))
    market.now_s = 100_000
    market.asset("WIF", 0.5)
    market.take()
    market.now_s = 0
    market.asset("BTC", 0.5)
    assert len(market.take().deliveries) == 1
