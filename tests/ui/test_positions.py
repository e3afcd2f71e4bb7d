"""The screen of the user's own positions."""

from __future__ import annotations

import math

import msgspec
import pytest

from fundtui.config.schema import Position, Side
from fundtui.imbalance.catalogue import Level
from fundtui.ui.screens.positions import Held, held
from tests.ui import rich_market
from tests.ui.market import START_MS
from tests.ui.pilot import driven


def position(name: str) -> Held:
    table = rich_market.market().table(Level.INSTRUMENT)
    return held(name, rich_market.POSITIONS[name], table, START_MS)


def test_a_short_that_is_paid() -> None:
    row = position("hedge")
    # 2 BTC at 100: 200 dollars. 8 h at 1 bp an hour is 0.08 %: the short gets 0.16 dollars, 7.5 h of 8 have passed.
    assert row.notional == pytest.approx(200.0)
    assert row.due == pytest.approx(0.16)
    assert row.accrued == pytest.approx(0.15)
    assert row.day == pytest.approx(0.48)
    # Sold at 110, now 100.
    assert row.profit == pytest.approx(20.0)
    # 110·(1 + 1/5)/(1 + 0.005) = 131.34: 31.3 % above the mark.
    assert row.liquidation == pytest.approx(131.3433, abs=1e-4)
    assert row.estimated
    assert row.away == pytest.approx(0.313433, abs=1e-5)


def test_a_long_that_is_paid_by_a_negative_rate() -> None:
    row = position("bag")
    # 3 BTC at 100, −1 bp for one hour: 0.03 dollars at the settlement, half of the hour has passed.
    assert row.due == pytest.approx(0.03)
    assert row.accrued == pytest.approx(0.015)
    assert row.liquidation == 95.0
    assert not row.estimated
    assert row.away == pytest.approx(-0.05)
    assert math.isnan(row.profit)


def test_what_the_market_does_not_list_has_no_figures() -> None:
    row = position("gone")
    assert row.row == -1
    assert all(math.isnan(value) for value in (row.mark, row.due, row.accrued, row.day, row.away, row.liquidation))


def test_an_inverse_long_is_liquidated_by_the_coin_formula() -> None:
    market = rich_market.market()
    table = market.table(Level.INSTRUMENT)
    market.put(table, table.index["binance BTCUSDT"], "kind", "inverse")
    each = Position(venue="binance", symbol="BTCUSDT", side=Side.LONG, size=1.0, entry=100.0, leverage=5.0)
    # 100·(1 + 0.005)/(1 + 1/5) = 83.75.
    assert held("x", each, table, START_MS).liquidation == pytest.approx(83.75)


def test_continuous_funding_has_no_settlement_but_a_day() -> None:
    market = rich_market.market()
    table = market.table(Level.INSTRUMENT)
    table.columns["interval_h"][table.index["binance BTCUSDT"]] = math.nan
    row = held("hedge", rich_market.POSITIONS["hedge"], table, START_MS)
    assert math.isnan(row.due)
    assert math.isnan(row.accrued)
    assert row.day == pytest.approx(0.48)


async def test_nearest_to_liquidation_on_top_with_a_mark() -> None:
    async with driven(rich_market.market(), size=(168, 40)) as screen:
        await screen.press("9")
        names = [line[2:].split()[0] for line in screen.lines[2:5]]
        assert names == ["bag", "hedge", "gone"]
        assert "-5.0%!" in screen.lines[2]
        assert "131.343e" in screen.lines[3]
        assert "due 0.19" in screen.lines[0] or "due +0.19" in screen.lines[0]


async def test_detail_says_what_is_assumed_and_what_is_not_listed() -> None:
    async with driven(rich_market.market(), size=(120, 40)) as screen:
        await screen.press("9", "j")
        assert "from 0.5% maintenance, isolated margin" in screen.text
        await screen.press("j")
        assert "okx does not list NOPE" in screen.text


async def test_without_positions_the_screen_says_how_to_write_one() -> None:
    market = rich_market.market()
    market.settings = rich_market.settings(positions={})
    async with driven(market, size=(80, 24)) as screen:
        await screen.press("9")
        assert "[positions.hedge]" in screen.text
        assert "sent nowhere" in screen.text


async def test_the_example_on_the_screen_is_a_configuration_that_works() -> None:
    import tomllib

    market = rich_market.market()
    market.settings = rich_market.settings(positions={})
    async with driven(market, size=(80, 24)) as screen:
        await screen.press("9")
        start = next(y for y, line in enumerate(screen.lines) if "[positions.hedge]" in line)
        text = "\n".join(screen.lines[start : start + 7])
    example = msgspec.convert(tomllib.loads(text)["positions"]["hedge"], Position)
    assert (example.side, example.size, example.leverage) == (Side.SHORT, 1.5, 5)
