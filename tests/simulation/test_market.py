"""The market: reproducible, of the promised size, obeying its formulas, settling as time goes by."""

from __future__ import annotations

import numpy as np
import pytest

from fundtui.simulation import kernels
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.universe import Scale
from tests.simulation.driver import Venues

HOUR_MS = 3_600_000
BP = 1e-4


def columns(market: Market, utc_ms: int) -> list[bytes]:
    view = market.at(utc_ms)
    return [
        getattr(view, name).tobytes() for name in ("rate", "mark", "index", "oi_usd", "hours", "next_ms", "settled")
    ]


def test_size_is_that_of_the_demo() -> None:
    universe = Market().universe
    assert len({asset.name for asset in universe.assets}) >= 150
    assert len(universe.rows) >= 1200
    assert len(universe.venues) == 12
    assert {row.quote for row in universe.rows} == {"USDT", "USDC", "USD"}
    assert any(row.inverse for row in universe.rows)
    assert {1, 2, 4, 8} == set(universe.hours.tolist())
    assert {"1000PEPE", "kPEPE", "1000000MOG", "XBT", "1MBABYDOGE"} <= {row.base for row in universe.rows}


def test_symbols_are_unique_within_a_venue() -> None:
    universe = Market().universe
    for part in universe.venues.values():
        symbols = [(row.base, row.quote, row.inverse) for row in universe.rows[part]]
        assert len(symbols) == len(set(symbols))


@pytest.mark.parametrize("scale", [Scale(assets=40, venues=3), Scale(assets=1800, venues=12)])
def test_scale(scale: Scale) -> None:
    universe = Market(scale=scale).universe
    assert len(universe.venues) == scale.venues
    assert abs(len(universe.assets) - scale.assets) <= 2


def test_fifteen_thousand_instruments() -> None:
    assert len(Market(scale=Scale(assets=3700)).universe.rows) >= 15_000


def test_same_seed_is_the_same_however_often_it_is_asked() -> None:
    often, seldom = Market(seed=3), Market(seed=3)
    end_ms = DEMO_START_MS + 70 * 60_000 + 12_000
    for time_ms in range(DEMO_START_MS, end_ms, 7_300):
        often.at(time_ms)
    assert columns(often, end_ms) == columns(seldom, end_ms)


def test_another_seed_is_another_market() -> None:
    assert columns(Market(seed=3), DEMO_START_MS) != columns(Market(seed=4), DEMO_START_MS)


def test_a_time_that_goes_back_keeps_the_last_view() -> None:
    market = Market()
    view = market.at(DEMO_START_MS + 5000)
    assert market.at(DEMO_START_MS + 2000) is view


@pytest.mark.parametrize(
    ("venue", "hours", "premium_bp", "rate_bp"),
    [
        ("binance", 8, 12.0, 7.0),
        ("binance", 4, 12.0, 3.5),
        ("binance", 8, 3.0, 1.0),
        ("binance", 8, -9.0, -4.0),
        ("bybit", 4, 12.0, 7.0),
        ("kucoin", 8, -6.0, -1.0),
        ("hyperliquid", 1, 9.943926, 0.61799075),
        ("dydx", 1, 8.0, 1.0),
        ("kraken-futures", 1, 24.0, 1.0),
        ("deribit", 8, 6.0, 3.5),
        ("deribit", 8, -2.0, 0.0),
    ],
)
def test_kernels_give_the_worked_examples_of_the_methodology(
    venue: str, hours: int, premium_bp: float, rate_bp: float
) -> None:
    universe = Market().universe
    row = np.array([universe.venues[venue].start])
    rate = kernels.rate(universe, row, np.array([premium_bp * BP]), np.array([hours]))
    assert rate[0] / BP == pytest.approx(rate_bp, abs=1e-9)


def test_rates_stay_inside_caps_and_prices_near_the_index() -> None:
    market = Market(scenario="all")
    for minutes in (0, 3, 20, 60, 300):
        view = market.at(DEMO_START_MS + minutes * 60_000)
        assert (np.abs(view.rate) <= market.universe.cap + 1e-12).all()
        assert (np.abs(view.mark / view.index - 1) < 0.12).all()
        assert (view.oi_usd > 0).all()


def test_premiums_come_back_and_most_rates_sit_on_the_interest() -> None:
    market = Market(scenario="calm")
    rows = np.arange(market.universe.venues["binance"].stop)
    day = np.arange(0, 20 * 86_400, 1800) + DEMO_START_MS / 1000 - 40 * 86_400
    premium = market.premiums.past(rows, day)
    assert np.abs(premium.mean(axis=0)).max() < 4 * premium.std(axis=0).mean()
    view = market.at(DEMO_START_MS)
    eight = view.rate[rows] * 8 / view.hours[rows]
    assert 0.25 < (np.abs(eight - BP) < 1e-12).mean() < 0.8


def test_settlement_happens_live() -> None:
    market = Market(scenario="calm")
    row = market.universe.venues["binance"].start
    settle_ms = DEMO_START_MS + 4 * 60_000
    before = market.at(settle_ms - 1000)
    assert before.next_ms[row] == settle_ms
    assert np.isnan(before.settled[row])
    after = market.at(settle_ms + 1000)
    assert after.next_ms[row] == settle_ms + 8 * HOUR_MS
    assert after.settled[row] == pytest.approx(before.rate[row], abs=2e-6)
    paid = market.history(row, settle_ms, settle_ms, settle_ms + 1000)
    assert [(one.time_ms, one.hours) for one in paid] == [(settle_ms, 8)]
    assert paid[0].rate == after.settled[row]


def test_average_starts_anew_at_a_settlement() -> None:
    market = Market(scenario="calm")
    late = market.at(DEMO_START_MS + 4 * 60_000 + 500)
    rows = np.nonzero(late.previous_ms == DEMO_START_MS + 4 * 60_000)[0]
    assert rows.size > 1000
    assert np.abs(late.average[rows] - late.premium[rows]).max() < 1e-9


def test_kucoin_settles_eight_hour_contracts_at_4_12_and_20() -> None:
    market = Market(scenario="calm")
    universe, view = market.universe, market.at(DEMO_START_MS)
    for name, hours in (("kucoin", {4, 12, 20}), ("binance", {0, 8, 16})):
        part = universe.venues[name]
        eight = view.hours[part] == 8
        assert set((view.next_ms[part][eight] // HOUR_MS % 24).tolist()) <= hours


def test_history_reaches_back_and_joins_what_happens_live() -> None:
    market = Market(scenario="calm")
    row = next(row.at for row in market.universe.rows if row.hours == 1)
    now_ms = DEMO_START_MS + 3 * HOUR_MS
    paid = market.history(row, DEMO_START_MS - 90 * 24 * HOUR_MS, now_ms, now_ms)
    steps = np.diff([one.time_ms for one in paid])
    assert (steps == HOUR_MS).all()
    assert len(paid) >= 90 * 24
    assert all(abs(one.rate) <= market.universe.cap[row] for one in paid)
    assert len({one.rate for one in paid}) > 200


def test_history_is_the_same_whoever_asks_when() -> None:
    early, late = Market(), Market()
    row = 17
    window = (DEMO_START_MS - 10 * 24 * HOUR_MS, DEMO_START_MS)
    assert early.history(row, *window, DEMO_START_MS) == late.history(row, *window, DEMO_START_MS + 5 * HOUR_MS)


def test_deribit_accrues_continuously() -> None:
    market = Market(scenario="calm")
    part = market.universe.venues["deribit"]
    now_ms = DEMO_START_MS + 65 * 60_000
    view = market.at(now_ms)
    row = part.start
    paid = market.history(row, now_ms - 9 * HOUR_MS, now_ms, now_ms)[-8:]
    assert market.accrued(view, part)[0] == pytest.approx(sum(one.rate for one in paid), rel=1e-9, abs=1e-15)


def test_bytes_of_answers_are_reproducible() -> None:
    paths = [
        ("binance", "/fapi/v1/premiumIndex"),
        ("gate", "/api/v4/futures/usdt/contracts"),
        ("kucoin", "/api/v1/contracts/active"),
    ]
    one, other = Venues(Market(seed=11)), Venues(Market(seed=11))
    for seconds in (1, 30, 301, 900):
        one.move_to(seconds)
        one.ask("mexc", "/api/v1/contract/ticker")
    other.move_to(900)
    assert [one.ask(*path).body for path in paths] == [other.ask(*path).body for path in paths]
