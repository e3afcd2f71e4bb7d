"""The heat map of assets by venues."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fundtui.imbalance.catalogue import Level
from fundtui.ui.cells import Lens
from fundtui.ui.grid import NOBODY, GridMaker, heat, spread_of
from tests.ui import rich_market
from tests.ui.market import FixedClock, Market
from tests.ui.pilot import Driven, driven

# Hourly rates of 10, -20, 50 % a year and so on.
YEAR = 8760.0


def small() -> Market:
    """BTC on binance and okx, ETH on binance and bybit; bybit has the most open interest, okx the least."""
    market = Market(0, clock=FixedClock())
    for asset in ("BTC", "ETH"):
        market.add(asset, 0)
    leaves = market.table(Level.INSTRUMENT)
    for place, (venue, asset, rate, size) in enumerate(
        (("binance", "BTC", 0.10, 5e6), ("okx", "BTC", -0.20, 1e6), ("binance", "ETH", 0.50, 4e6),
         ("bybit", "ETH", 1.20, 9e8))
    ):  # fmt: skip
        leaf = leaves.add(f"{venue} {asset}USDT")
        for key, text in (("venue", venue), ("asset", asset), ("symbol", f"{asset}USDT")):
            market.put(leaves, leaf, key, text)
        columns = leaves.columns
        columns["apr"][leaf], columns["oi_usd"][leaf] = rate / YEAR, size
        columns["excess"][leaf], columns["premium"][leaf] = (rate - 0.1095) / YEAR, rate / 100
        columns["observed_ms"][leaf] = market.clock.utc_ms()
        columns["rate"][leaf], columns["interval_h"][leaf] = rate / YEAR * 8, 8.0
        market._members[place // 2] = np.append(market._members[place // 2], leaf)
    for row in range(2):
        market.table(Level.ASSET).columns["venues"][row] = 2.0
    return market


def leave_out(market: Market, key: str, reason: str) -> None:
    leaves = market.table(Level.INSTRUMENT)
    market.put(leaves, leaves.index[key], "reasons", reason)


def test_the_grid_by_hand() -> None:
    market = small()
    grid = GridMaker().make(market.table(Level.ASSET), market.table(Level.INSTRUMENT), Lens.RAW)
    assert grid.venues == ("bybit", "binance", "okx")
    expected = np.array([[np.nan, 0.10, -0.20], [1.20, 0.50, np.nan]])
    assert np.allclose(grid.values * YEAR, expected, equal_nan=True)
    assert np.allclose(grid.mean * YEAR, [1.20, 0.30, -0.20])
    assert grid.coverage.tolist() == [1, 2, 1]
    assert np.allclose(spread_of(grid.values) * YEAR, [0.30, 0.70])
    assert (grid.leaves == NOBODY).tolist() == [[True, False, False], [False, False, True]]


def test_more_open_interest_stands_for_a_venue_and_what_is_left_out_never_before_what_is_in() -> None:
    market = small()
    leaves = market.table(Level.INSTRUMENT)
    for symbol, rate, size in (("BTCUSDC", 0.33, 6e6), ("BTCUSD", 0.99, 9e9)):
        leaf = leaves.add(f"binance {symbol}")
        for key, text in (("venue", "binance"), ("asset", "BTC"), ("symbol", symbol)):
            market.put(leaves, leaf, key, text)
        leaves.columns["apr"][leaf], leaves.columns["oi_usd"][leaf] = rate / YEAR, size
    leave_out(market, "binance BTCUSD", "stale")
    grid = GridMaker().make(market.table(Level.ASSET), leaves, Lens.RAW)
    assert grid.values[0, grid.venues.index("binance")] * YEAR == pytest.approx(0.33)


def test_left_out_alone_is_no_figure_but_still_an_instrument() -> None:
    market = small()
    leave_out(market, "okx BTCUSDT", "stale")
    maker = GridMaker()
    grid = maker.make(market.table(Level.ASSET), market.table(Level.INSTRUMENT), Lens.RAW)
    # okx has nothing that is compared, so its place among the venues is not known yet.
    assert grid.venues == ("bybit", "binance")
    assert np.isnan(spread_of(grid.values)[0])


def test_venues_keep_their_places_while_open_interest_moves() -> None:
    market = small()
    maker = GridMaker()
    leaves = market.table(Level.INSTRUMENT)
    before = maker.make(market.table(Level.ASSET), leaves, Lens.RAW).venues
    leaves.columns["oi_usd"][leaves.index["okx BTCUSDT"]] = 9e12
    assert maker.make(market.table(Level.ASSET), leaves, Lens.RAW).venues == before


def test_steps_of_heat() -> None:
    metric = small().table(Level.INSTRUMENT).metrics["apr"]
    surfaces = [heat(metric, rate / YEAR) for rate in (0.0, 0.04, 0.10, 0.20, 0.50, 3.0, -0.04, -3.0)]
    assert surfaces == [
        "table", "heat-up0", "heat-up1", "heat-up2", "heat-up3", "heat-up4", "heat-down0", "heat-down4",
    ]  # fmt: skip
    assert heat(metric, float("nan")) == "table"


def row_of(screen: Driven, asset: str) -> str:
    """A row without the bars that mark row and cell."""
    return next(line for line in plain(screen) if line[2:].startswith(asset + " "))


def plain(screen: Driven) -> list[str]:
    return [line.replace("▌", " ") for line in screen.lines]


async def test_rows_foot_and_the_cell_under_the_cursor() -> None:
    async with driven(small()) as screen:
        await screen.press("2")
        assert screen.lines[1].split()[:6] == ["asset", "cons", "spread▾", "bybit", "binance", "okx"]
        assert row_of(screen, "ETH").split() == ["ETH", "-", "70.0%", "+120.0%", "+50.0%"]
        assert row_of(screen, "BTC").split() == ["BTC", "-", "30.0%", "+10.0%", "-20.0%"]
        foot = {line.split()[0]: line.split()[1:] for line in screen.lines if line.startswith(("  mean", "  assets"))}
        assert foot == {"mean": ["+120.0%", "+30.0%", "-20.0%"], "assets": ["1", "2", "1"]}
        await screen.press("right")
        told = next(line for line in screen.lines if line.startswith("  bybit ETH"))
        assert "+120.0%" in told
        assert "paid +0.1096%/8h" in told
        assert "OI 900M" in told
        await screen.press("right", "right")
        assert "okx ETH  not traded there" in screen.text


async def test_lens_and_basis() -> None:
    async with driven(small()) as screen:
        await screen.press("2", "e")
        # 120 % less 10.95 % is half-way between two printed figures; 50 % less it is +39.05 %.
        assert "+109." in row_of(screen, "ETH")
        assert "above the interest part" in screen.text
        await screen.press("e")
        assert "+120bp" in row_of(screen, "ETH")
        await screen.press("e", "b")
        # 120 % a year are 1.37 bp an hour.
        assert "+1.37" in row_of(screen, "ETH")


async def test_sorting_by_a_venue_by_key_and_click_and_by_spread() -> None:
    async with driven(small()) as screen:
        await screen.press("2", "right", "right", ">")
        assert "binance▾" in screen.lines[1]
        rows = [plain(screen).index(row_of(screen, asset)) for asset in ("ETH", "BTC")]
        assert rows[0] < rows[1]
        await screen.press("<")
        rows = [plain(screen).index(row_of(screen, asset)) for asset in ("ETH", "BTC")]
        assert rows[0] > rows[1]
        grid = screen.app.screen.query_one("#list")
        await screen.pilot.click(grid, offset=(screen.lines[1].index("okx") + 1, 0))
        await screen.draw()
        assert "okx" in screen.lines[0]
        # ETH is not on okx: what is missing comes last in both directions.
        assert plain(screen).index(row_of(screen, "BTC")) < plain(screen).index(row_of(screen, "ETH"))
        await screen.press("s")
        assert "spread▾" in screen.lines[1]


async def test_venues_that_do_not_fit_scroll_in_under_the_cursor() -> None:
    async with driven(rich_market.market(), size=(80, 24)) as screen:
        await screen.press("2")
        assert "→" in screen.lines[1]
        heads = screen.lines[1]
        await screen.press(*["right"] * 12)
        assert screen.lines[1] != heads
        grid = screen.app.screen.grid  # type: ignore[attr-defined]
        assert grid.venues[-1][:8] in screen.lines[1]
        assert "→" not in screen.lines[1]


async def test_the_filter_speaks_the_query_language() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("2", "slash", *"spread > 100%", "enter")
        spreads = screen.market.table(Level.ASSET).columns["spread"][:30] * YEAR
        assert len(screen.app.screen.view.order) == int((spreads > 1.0).sum())  # type: ignore[attr-defined]
        assert "/spread > 100%" in screen.lines[0]
        await screen.press("slash", *" and nope > 1")
        assert "column" in screen.text
        await screen.press("escape")
        assert len(screen.app.screen.view.order) == 30  # type: ignore[attr-defined]


async def test_copy_explain_and_open() -> None:
    async with driven(small()) as screen:
        await screen.press("2", "y")
        assert json.loads(screen.app.clipboard) == {
            "asset": "ETH", "figure": "apr", "bybit": pytest.approx(1.2), "binance": pytest.approx(0.5), "okx": None,
        }  # fmt: skip
        await screen.press("right", "x")
        assert "bybit ETHUSDT apr" in screen.text
        await screen.press("escape", "enter")
        assert type(screen.app.screen).__name__ == "AssetScreen"


async def test_left_out_cells_say_why() -> None:
    market = small()
    # A second asset keeps okx among the venues.
    leaves = market.table(Level.INSTRUMENT)
    leaf = leaves.add("okx ETHUSDT")
    for key, text in (("venue", "okx"), ("asset", "ETH"), ("symbol", "ETHUSDT")):
        market.put(leaves, leaf, key, text)
    leaves.columns["apr"][leaf], leaves.columns["oi_usd"][leaf] = 0.1 / YEAR, 1e3
    leave_out(market, "okx BTCUSDT", "interval_unknown")
    market.put(leaves, leaves.index["okx BTCUSDT"], "flag", "?")
    async with driven(market) as screen:
        await screen.press("2", "j", "right", "right", "right")
        assert "-?" in screen.text
        assert "okx BTC" in screen.text
        assert "left out: interval unknown" in screen.text
