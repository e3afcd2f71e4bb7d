"""`x` on any cell of any table, and `y` for the same as JSON."""

from __future__ import annotations

import json

import pytest

from fundtui.status import VenueState
from fundtui.ui.provenance import Provenance, as_json, provenance_lines, wrapped
from fundtui.ui.screens.explain import ExplainScreen
from fundtui.ui.widgets.table import RowsTable
from tests.ui import rich_market
from tests.ui.pilot import Driven, driven

TABLES = {
    "skew": "1", "matrix": "2", "pairs": "3", "calendar": "5", "alerts": "6", "venues": "7", "journal": "8",
    "positions": "9",
}  # fmt: skip


def shown(screen: Driven) -> Provenance:
    """What the open page is about."""
    page = screen.app.screen
    assert isinstance(page, ExplainScreen)
    return page.shown


async def explained(screen: Driven) -> Provenance:
    """Explain the cell under the cursor, look, and close."""
    await screen.press("x")
    found = shown(screen)
    await screen.press("escape")
    return found


async def to_column(screen: Driven, key: str) -> None:
    """Move the column cursor."""
    listing = screen.app.screen.list  # type: ignore[attr-defined]
    place = [field.key for field in listing.shown].index(key)
    await screen.press(*["right"] * (place - listing.column))


@pytest.mark.parametrize("digit", TABLES.values(), ids=TABLES)
async def test_every_cell_of_every_table_and_the_same_as_json(digit: str) -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press(digit)
        table = screen.app.main.table if digit == "1" else screen.app.screen.list  # type: ignore[attr-defined]
        columns = len(table.columns if isinstance(table, RowsTable) else table.shown)
        assert columns > 4
        await screen.press(*["left"] * columns)
        seen = set()
        for _ in range(columns):
            await screen.press("x")
            found = shown(screen)
            assert found.title
            assert found.formula or found.exclusions or found.meaning or found.parts
            seen.add((found.title, found.value))
            await screen.press("y")
            assert json.loads(screen.app.clipboard)["title"] == found.title
            assert "copied as JSON" in screen.text
            await screen.press("escape", "right")
        assert len(seen) >= columns - 1


async def test_a_metric_tells_the_wire_the_interval_and_the_multiplier() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("l", "x", "y")
        for text in (
            "interval 8h (tickers fundingIntervalHour)", "multiplier 1000", "seen 3s ago", "1 + 1", "okx: stale",
            "tickers: fundingRate 0.0001 = rate", "methodology §1",
        ):  # fmt: skip
            assert text in screen.text
        copied = json.loads(screen.app.clipboard)
        assert copied["data"]["origins"][0]["raw"][0] == {
            "endpoint": "tickers", "name": "fundingRate", "value": "0.0001", "means": "rate",
        }  # fmt: skip


async def test_health_figures_say_where_each_comes_from() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("7", "j", "j")
        assert screen.app.screen.list.row.state is not VenueState.BANNED  # type: ignore[attr-defined]
        await screen.press("g")
        await to_column(screen, "latency")
        found = await explained(screen)
        assert "median" in found.formula
        await screen.press("j")
        await to_column(screen, "weight")
        found = await explained(screen)
        assert found.numbers == "18.0% of the published limit"
        assert "openInterest: answered 1m ago, took 1300 ms" in found.inputs[1]
        assert found.exclusions == ("3 rows: no rate",)


async def test_an_alert_tells_value_threshold_and_the_figure_behind_it() -> None:
    market = rich_market.market()
    async with driven(market, size=(200, 50)) as screen:
        await screen.press("6")
        found = await explained(screen)
        assert found.inputs == ("spread > 25%: now +212.7%, threshold 0.25, holds",)
        assert found.parts[0].title == "WIF spread"
        assert ("when", "spread > 25%") in found.facts


async def test_a_settlement_tells_announced_and_formula() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("8", "G")
        await to_column(screen, "surprise")
        found = await explained(screen)
        # 2 bp an hour paid, 1.9 bp announced.
        assert found.numbers == "+0.02000% − +0.01900% an hour"
        assert found.parts[0].title == "binance BTCUSDT surprise"


async def test_a_position_tells_how_it_is_worked_out() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("9", "slash", *"hedge", "enter")
        await to_column(screen, "due")
        found = await explained(screen)
        # Two coins at 100 dollars, 1 bp an hour, paid for eight hours.
        assert found.numbers == "+ 200 × +0.01000% × 8 h"
        assert found.parts[0].title == "binance BTCUSDT apr"


async def test_the_ends_of_a_pair_and_the_half_life() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("3")
        await to_column(screen, "half_life")
        found = await explained(screen)
        assert [part.title for part in found.parts] == ["binance BTCUSDT half_life", "bybit BTCUSDT half_life"]


async def test_a_cell_of_the_matrix_and_one_that_is_empty() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("2", "l", "l", "l")
        grid = screen.app.screen.list  # type: ignore[attr-defined]
        row, venue = grid.cell()
        found = await explained(screen)
        name, asset = grid.grid.venues[venue], screen.app.screen.view.table.keys[row]  # type: ignore[attr-defined]
        assert found.title in (f"{name} {asset}USDT apr", f"{name} {asset}")
        if found.exclusions and not found.formula:
            assert found.exclusions == (f"{name} does not list {asset}",)


async def test_a_long_page_scrolls_and_x_closes() -> None:
    async with driven(rich_market.market(), size=(80, 24)) as screen:
        await screen.press("x", "end")
        assert "okx: stale" in screen.text
        await screen.press("x")
        assert not isinstance(screen.app.screen, ExplainScreen)


def test_lines_are_wrapped_between_words() -> None:
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("x" * 20, 8) == ["x" * 8, "x" * 8, "x" * 4]
    assert wrapped("", 8) == [""]
    page = provenance_lines(Provenance(title="t", value="v", formula="word " * 60), 40)
    assert all(sum(len(text) for text, _ in line) <= 40 for line in page[2:])


def test_json_has_no_nan() -> None:
    said = json.loads(
        as_json(Provenance(title="t", value="v", data={"number": float("nan"), "list": (1.0, float("inf"))}))
    )
    assert said["data"] == {"number": None, "list": [1.0, None]}


async def test_an_instruments_row_of_the_asset_screen() -> None:
    async with driven(rich_market.market(), size=(120, 40)) as screen:
        await screen.press("enter", "j", "x")
        found = shown(screen)
        assert found.value == "+1.0%"
        assert {part.title.rsplit(" ", 1)[1] for part in found.parts} >= {"rate", "premium", "theory", "oi_usd"}
        await screen.press("y")
        assert json.loads(screen.app.clipboard)["data"]["figures"][0]["key"] == "apr"
