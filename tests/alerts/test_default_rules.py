"""Rules that follow no query, and what only the defaults use: positions, pegs, lost consensus, watchlists, limits."""

from __future__ import annotations

import math

import numpy as np

from fundtui.alerts.defaults import NAMES
from fundtui.alerts.machine import Phase, Reading, Told
from fundtui.alerts.positions import positions_heard
from fundtui.alerts.track import MOST_PER_RULE
from fundtui.config.schema import AlertRule, Alerts, Position, Settings, Side, Watchlist
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.table import Table
from fundtui.status import Event, EventKind, Severity
from fundtui.text import clean
from tests.alerts.toys import HOURS_PER_YEAR, Market, settings

ONLY = Settings(alerts=Alerts(defaults=True, group_wait=0.0))


def told(market: Market, rule: str) -> list[tuple[Told, str]]:
    return [(one.told, one.subject.key) for one in market.take().transitions if one.rule == rule]


def peg(market: Market, quote: str, level: str, severity: Severity) -> None:
    event = Event(
        time_ms=market.now_ms, kind=EventKind.DEPEG, text=clean(f"{quote} peg {level}"), severity=severity,
        asset=quote, after=level,
    )  # fmt: skip
    market.room.readings.journal([event], market.now_ms, market.now_s)


def test_a_broken_peg_is_on_until_it_holds_again() -> None:
    market = Market(ONLY)
    peg(market, "USDC", "broken", Severity.CRITICAL)
    peg(market, "FDUSD", "slipping", Severity.WARNING)
    assert told(market, "depeg") == [(Told.FIRED, "USDC"), (Told.FIRED, "FDUSD")]
    market.wait(3600, step_s=300)
    assert told(market, "depeg") == []
    peg(market, "USDC", "holds", Severity.INFO)
    assert told(market, "depeg") == [(Told.RESOLVED, "USDC")]
    assert [one.subject.key for one in market.room.alerts() if one.rule == "depeg" and one.firing] == ["FDUSD"]


def test_open_interest_that_jumps_alone_is_no_purge() -> None:
    market = Market(ONLY)

    def happen(after: str) -> None:
        event = Event(
            time_ms=market.now_ms, kind=EventKind.PURGE, text=clean(after), severity=Severity.WARNING, venue="okx",
            symbol="WIF-SWAP", asset="WIF", after=after,
        )  # fmt: skip
        market.room.readings.journal([event], market.now_ms, market.now_s)

    happen("OI jump")
    assert told(market, "purge") == []
    happen("purge")
    assert told(market, "purge") == [(Told.FIRED, "okx WIF-SWAP")]


def test_one_assets_many_instruments_are_not_a_purge_of_the_market() -> None:
    market = Market(ONLY)
    for number in range(8):
        event = Event(
            time_ms=market.now_ms, kind=EventKind.PURGE, text=clean("purge"), venue=f"v{number}", symbol="WIF",
            asset="WIF", after="purge",
        )  # fmt: skip
        market.room.readings.journal([event], market.now_ms, market.now_s)
    assert (Told.FIRED, "market") not in told(market, "purge")


def test_the_consensus_is_lost_when_stale_venues_hold_a_third_of_open_interest() -> None:
    market = Market(ONLY)
    venues = Table(Level.VENUE, CATALOGUE[Level.VENUE], 8)
    for name, oi_usd in (("okx", 31e9), ("gate", 60e9), ("mexc", 9e9)):
        row = venues.add(name)
        venues.columns["oi_usd"][row] = oi_usd
    market.venues(up=("okx", "gate", "mexc"))

    def tick() -> list[tuple[Told, str]]:
        market.room.readings.tick((venues,), market.now_ms, market.now_s)
        return told(market, "consensus-lost")

    assert tick() == []
    market.venues(up=("okx", "gate"), down=("mexc",))
    venues.columns["oi_usd"][2] = 0.0
    assert tick() == []  # 9 %
    market.venues(up=("gate", "mexc"), down=("okx",))
    venues.columns["oi_usd"][0] = 0.0
    assert tick() == [(Told.FIRED, "consensus")]  # 31 %, by what okx had when it last answered


def test_a_position_is_judged_by_daily_moves() -> None:
    table = Table(Level.INSTRUMENT, CATALOGUE[Level.INSTRUMENT], 8)
    row = table.add("okx BTC-USDT-SWAP")
    table.columns["mark"][row] = 100.0
    table.columns["volatility"][row] = 0.05
    for key, label in (("reasons", ""), ("kind", "linear"), ("asset", "BTC")):
        table.columns[key][row] = table.code(key, label)

    def judged(level: float, side: Side = Side.LONG) -> tuple[Reading, Severity]:
        position = Position(venue="okx", symbol="BTC-USDT-SWAP", side=side, size=1.0, liquidation=level)
        (heard,) = positions_heard({"mine": position}, table)
        return heard.reading, heard.severity

    # ln(100/89) = 0.1165: 2.3 moves of 5 %. ln(100/94) = 0.0619: 1.2. ln(100/86) = 0.1508: 3.0. ln(100/80): 4.5.
    assert judged(89.0) == (Reading.TRUE, Severity.WARNING)
    assert judged(94.0) == (Reading.TRUE, Severity.CRITICAL)
    assert judged(86.0)[0] is Reading.NEAR
    assert judged(80.0)[0] is Reading.FALSE
    assert judged(112.0, Side.SHORT) == (Reading.TRUE, Severity.WARNING)  # ln 1.12 = 0.1133
    assert judged(101.0) == (Reading.TRUE, Severity.CRITICAL)  # already beyond it
    table.columns["volatility"][row] = math.nan
    assert judged(94.0)[0] is Reading.UNKNOWN
    table.columns["volatility"][row] = 0.05
    table.columns["reasons"][row] = table.code("reasons", "stale")
    assert judged(94.0)[0] is Reading.UNKNOWN


def test_a_position_that_is_no_longer_configured_is_closed() -> None:
    market = Market(ONLY)
    table = market.instruments
    row = table.add("okx X")
    table.columns["mark"][row], table.columns["volatility"][row] = 100.0, 0.05
    for key in ("reasons", "kind"):
        table.columns[key][row] = table.code(key, "")
    mine = {"mine": Position(venue="okx", symbol="X", side=Side.LONG, size=1.0, liquidation=95.0)}
    market.room.readings.positions(positions_heard(mine, table), market.now_ms, market.now_s)
    assert told(market, "liquidation") == [(Told.FIRED, "mine: okx X")]
    market.room.readings.positions((), market.now_ms, market.now_s)
    assert told(market, "liquidation") == [(Told.CLOSED, "mine: okx X")]


def test_a_watchlist_that_is_a_query_limits_a_rule() -> None:
    wanted = Settings(
        watchlists={"big": Watchlist(assets=("BTC",), where="oi > 20M")},
        alerts=Alerts(defaults=False, group_wait=0.0, rules={"hot": AlertRule(when="spread > 25%", only="big")}),
    )
    market = Market(wanted)
    for name, oi_usd in (("BTC", 1e6), ("WIF", 50e6), ("PEPE", 1e6), ("ODD", math.nan)):
        market.asset(name, 0.1, oi_usd=oi_usd)
    market.tick()

    def firing() -> set[str]:
        market.take()
        return {one.subject.key for one in market.room.alerts() if one.firing}

    for name in ("BTC", "WIF", "PEPE", "ODD"):
        market.asset(name, 0.5)
    assert firing() == {"BTC", "WIF"}
    # No longer known to be large: that is missing data, not an end.
    market.asset("WIF", 0.5, oi_usd=math.nan)
    market.tick()
    assert firing() == {"BTC", "WIF"}
    market.asset("WIF", 0.5, oi_usd=1e6)
    market.tick()
    market.asset("WIF", 0.5)
    assert firing() == {"BTC"}


def test_beyond_the_limit_subjects_are_counted_and_told_as_one() -> None:
    both = settings({"all": AlertRule(when="spread > 25%")}, defaults=True)
    market = Market(both)
    count = MOST_PER_RULE + 40
    rows = [market.write(Level.ASSET, f"A{n}", asset=f"A{n}", spread=0.5 / HOURS_PER_YEAR) for n in range(count)]
    market.room.readings.observe(market.assets, np.array(rows), market.now_ms, market.now_s)
    market.tick()
    change = market.take()
    assert sum(one.rule == "all" and one.told is Told.FIRED for one in change.transitions) == MOST_PER_RULE
    (more,) = [one for one in change.transitions if one.rule == "too-many" and one.subject.key == "all"]
    assert "40 more" in more.text
    # Those that are over make room, and the ones that were only counted take it.
    for row in rows[:50]:
        market.assets.columns["spread"][row] = 0.1 / HOURS_PER_YEAR
    market.room.readings.observe(market.assets, np.array(rows), market.now_ms, market.now_s)
    market.room.readings.observe(market.assets, np.array(rows), market.now_ms, market.now_s)
    market.take()
    on = {one.subject.key for one in market.room.alerts() if one.rule == "all" and one.state.phase is Phase.FIRING}
    assert on == {f"A{n}" for n in range(50, count)}


def alone(name: str) -> Market:
    """A market with one of the built-in rules."""
    off = {other: AlertRule(enabled=False) for other in NAMES - {name}}
    return Market(settings(off, defaults=True))


def firing(market: Market) -> set[str]:
    market.take()
    return {one.subject.key for one in market.room.alerts() if one.firing}


def crowded(market: Market, score: float, change: float, minutes: int = 6) -> set[str]:
    """What fires once crowding has stood like that for some minutes."""
    for _ in range(minutes):
        market.now_s += 50
        market.set(Level.ASSET, "WIF", asset="WIF", crowding=score, crowding_1h=change)
    return firing(market)


def test_crowding_has_to_rise_to_begin_and_not_to_go_on() -> None:
    market = alone("crowding")
    assert crowded(market, 90.0, -3.0, minutes=20) == set(), "crowded, and less so than an hour ago"
    assert crowded(market, 84.0, 10.0, minutes=20) == set()
    assert crowded(market, 90.0, math.nan, minutes=20) == set(), "not known whether it rises"
    assert crowded(market, -90.0, 4.0, minutes=9) == {"WIF"}, "shorts, ever more of them"
    assert crowded(market, -80.0, -10.0) == {"WIF"}
    assert crowded(market, -67.0, -13.0) == set(), "below 80 % of 85"


def test_crowding_at_95_is_critical_whether_it_rises_or_not() -> None:
    market = alone("crowding")
    assert crowded(market, 96.0, -1.0, minutes=9) == {"WIF"}, "methodology §7: 95 is a level, only 85 asks for a rise"
    assert [one.severity for one in market.room.alerts()] == [Severity.CRITICAL]
    begun = alone("crowding")
    assert crowded(begun, 96.0, math.nan, minutes=9) == {"WIF"}, "just started: nobody knows whether it rose to there"
    rising = alone("crowding")
    assert crowded(rising, 90.0, 4.0, minutes=9) == {"WIF"}
    assert [one.severity for one in rising.room.alerts()] == [Severity.WARNING]
    assert crowded(rising, 95.5, 0.0) == {"WIF"}
    assert [one.severity for one in rising.room.alerts()] == [Severity.CRITICAL]


def test_a_sign_flip_is_told_at_the_second_settlement_and_ends_with_the_fourth() -> None:
    market = alone("sign-flip")

    def seen(settlements: float, consensus_apr: float) -> set[str]:
        market.now_s += 30
        market.set(Level.ASSET, "WIF", asset="WIF", flip=settlements, consensus=consensus_apr / HOURS_PER_YEAR)
        return firing(market)

    assert seen(0.0, 0.30) == set()
    assert seen(-1.0, -0.30) == set()
    assert seen(-2.0, -0.30) == {"WIF"}
    assert seen(-3.0, -0.30) == {"WIF"}
    assert seen(-4.0, -0.30) == set()
    assert seen(2.0, 0.04) == set(), "under 5 % a year"
    assert seen(2.0, 0.06) == {"WIF"}
