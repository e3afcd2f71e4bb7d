"""Each scenario can be seen from outside, as a venue's client would see it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fundtui.polling.transport import Failure, TransportError
from fundtui.simulation import effects
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.scenarios import SCENARIOS, SINGLE_FIRST_S, Happening
from tests.simulation.driver import Venues

PATHS = {
    "binance": "/fapi/v1/premiumIndex",
    "okx": "/api/v5/public/mark-price",
    "bitget": "/api/v2/mix/market/tickers",
    "mexc": "/api/v1/contract/ticker",
    "kucoin": "/api/v1/contracts/active",
    "gate": "/api/v4/futures/usdt/contracts",
    "bybit": "/v5/market/tickers",
    "dydx": "/v4/perpetualMarkets",
    "lighter": "/api/v1/orderBookDetails",
}
PARAMS = {
    "okx": {"instType": "SWAP"},
    "bitget": {"productType": "USDT-FUTURES"},
    "bybit": {"category": "linear"},
}


def first(venues: Venues, kind: str) -> Happening:
    start_s = venues.market.start_ms / 1000
    found = [one for one in venues.market.timetable.near(start_s, start_s + 700) if one.kind == kind]
    return found[0]


def ask(venues: Venues, venue: str, after_s: float) -> bytes:
    venues.move_to(after_s)
    response = venues.ask(venue, PATHS[venue], **PARAMS.get(venue, {}))
    assert response.status == 200
    return response.body


def test_scenarios_have_names_and_help() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names))
    assert {"squeeze", "purge", "outage", "stale", "delisting", "collision", "depeg", "ratelimit"} <= set(names)
    assert all(scenario.help.endswith(".") for scenario in SCENARIOS)


def test_unknown_scenario_is_refused_with_the_names() -> None:
    with pytest.raises(ValueError, match="squeeze"):
        Market(scenario="nonsense")


def test_all_kinds_happen_within_ten_minutes() -> None:
    market = Market()
    start_s = market.start_ms / 1000
    kinds = {one.kind for one in market.timetable.near(start_s, start_s + 600)}
    assert kinds == {scenario.name for scenario in SCENARIOS} - {"all", "calm"}


def test_they_come_again() -> None:
    market = Market()
    later_s = market.start_ms / 1000 + 5 * 3600
    kinds = {one.kind for one in market.timetable.near(later_s, later_s + 1800)}
    assert {"purge", "outage", "stale", "depeg", "ratelimit"} <= kinds


def test_calm_has_none() -> None:
    market = Market(scenario="calm")
    start_s = market.start_ms / 1000
    assert market.timetable.near(start_s, start_s + 36_000) == ()


def test_squeeze_reaches_the_cap_and_switches_the_interval() -> None:
    market = Market(scenario="squeeze")
    squeeze = next(one for one in market.timetable.near(market.start_ms / 1000, market.start_ms / 1000 + 60))
    targets = np.array(squeeze.targets)
    assert targets.size == 3
    at_start = market.at(DEMO_START_MS)
    assert (at_start.hours[targets] == 8).all()
    use = np.abs(at_start.rate[targets]) / market.universe.cap[targets]
    assert (use > 0.8).all()
    just_before = market.at(DEMO_START_MS + 4 * 60_000 - 1000)
    assert (just_before.rate[targets] == market.universe.cap[targets]).any()
    after = market.at(DEMO_START_MS + 4 * 60_000 + 2000)
    switched = after.hours[targets] == 1
    assert switched.any()
    capped = np.isclose(after.settled[targets], market.universe.cap[targets])
    assert (switched == capped).all()
    assert (after.next_ms[targets[switched]] == DEMO_START_MS + 64 * 60_000).all()
    relaxed = market.at(DEMO_START_MS + 12 * 3_600_000)
    assert (relaxed.hours[targets] == 8).all()


def test_purge_takes_open_interest_price_and_premium_down() -> None:
    market, calm = Market(scenario="purge"), Market(scenario="calm")
    purge = next(iter(market.timetable.near(market.start_ms / 1000, market.start_ms / 1000 + 60)))
    row = purge.rows[0]
    time_ms = (purge.start_s + 260) * 1000
    hit, other = market.at(time_ms), calm.at(time_ms)
    assert hit.oi_usd[row] / other.oi_usd[row] == pytest.approx(0.62, abs=0.02)
    assert hit.index[row] / other.index[row] == pytest.approx(np.exp(-0.11), abs=0.01)
    assert hit.premium[row] - other.premium[row] < -0.003


def test_outage_refuses_hangs_answers_503_and_recovers() -> None:
    venues = Venues(Market(scenario="outage"))
    venue = first(venues, "outage").venue
    ask(venues, venue, 5)
    for after_s, failure in ((SINGLE_FIRST_S + 10, Failure.CONNECT), (SINGLE_FIRST_S + 80, Failure.TIMEOUT)):
        venues.move_to(after_s)
        with pytest.raises(TransportError) as raised:
            venues.ask(venue, PATHS[venue])
        assert raised.value.failure is failure
    venues.move_to(SINGLE_FIRST_S + 120)
    assert venues.ask(venue, PATHS[venue]).status == 503
    ask(venues, venue, SINGLE_FIRST_S + 160)


def test_rate_limit_is_a_429_with_retry_after() -> None:
    venues = Venues(Market(scenario="ratelimit"))
    venue = first(venues, "ratelimit").venue
    venues.move_to(SINGLE_FIRST_S + 5)
    response = venues.ask(venue, PATHS[venue])
    assert response.status == 429
    assert response.headers["retry-after"] == "20"
    json.loads(response.body)
    ask(venues, venue, SINGLE_FIRST_S + 50)


def test_stale_venue_repeats_itself_to_all_who_ask() -> None:
    venues, late = Venues(Market(scenario="stale")), Venues(Market(scenario="stale"))
    venue = first(venues, "stale").venue
    moving = ask(venues, venue, SINGLE_FIRST_S - 5)
    frozen = ask(venues, venue, SINGLE_FIRST_S + 20)
    assert frozen != moving
    assert ask(venues, venue, SINGLE_FIRST_S + 200) == frozen
    assert ask(late, venue, SINGLE_FIRST_S + 100) == frozen
    assert ask(venues, venue, SINGLE_FIRST_S + 250) != frozen


def test_delisting_is_announced_then_stops_then_leaves() -> None:
    venues = Venues(Market(scenario="delisting"))
    market = venues.market
    row = first(venues, "delisting").rows[0]
    states = [
        int(market.at(market.start_ms + (SINGLE_FIRST_S + age) * 1000).listing[row]) for age in (-5, 10, 100, 200)
    ]
    assert states == [effects.LISTED, effects.ANNOUNCED, effects.STOPPED, effects.ABSENT]
    venue = market.universe.rows[row].venue
    full = Venues(Market(scenario="calm"))
    shorter, longer = ask(venues, venue, SINGLE_FIRST_S + 300), ask(full, venue, SINGLE_FIRST_S + 300)
    assert len(shorter) < len(longer)


def test_collision_lists_another_coin_of_the_same_name() -> None:
    venues = Venues(Market(scenario="collision"))

    def moves() -> list[str]:
        rows = venues.json("gate", PATHS["gate"])
        return [row["index_price"] for row in rows if row["name"] == "MOVE_USDT"]

    venues.move_to(5)
    assert moves() == []
    venues.move_to(SINGLE_FIRST_S + 10)
    (price,) = moves()
    others = [row.at for row in venues.market.universe.rows if row.asset.name == "MOVE"]
    assert others
    known = float(venues.market.at(venues.clock.now_ms).index[others[0]])
    assert float(price) > 10 * known


def test_depeg_moves_contracts_quoted_in_usdc() -> None:
    market = Market(scenario="depeg")
    rows = {row.quote: row.at for row in market.universe.rows if row.venue == "binance" and row.base == "ETH"}
    calm = market.at(DEMO_START_MS + 5000)
    assert calm.index[rows["USDC"]] == calm.index[rows["USDT"]]
    gone = market.at(DEMO_START_MS + (SINGLE_FIRST_S + 120) * 1000)
    assert gone.index[rows["USDC"]] / gone.index[rows["USDT"]] == pytest.approx(1 / 0.985, rel=1e-9)
    coin = next(row.at for row in market.universe.rows if (row.venue, row.base) == ("binance", "USDC"))
    assert gone.index[coin] / calm.index[coin] == pytest.approx(0.985, rel=2e-3)
    back = market.at(DEMO_START_MS + 740_000)
    assert back.index[rows["USDC"]] == back.index[rows["USDT"]]


def test_a_share_and_a_coin_have_the_same_ticker() -> None:
    universe = Market().universe
    sorts = {(row.asset.sort, row.venue) for row in universe.rows if row.asset.ticker == "META"}
    assert {sort for sort, _venue in sorts} == {"coin", "share"}
    assert len({venue for _sort, venue in sorts}) == len(sorts)
