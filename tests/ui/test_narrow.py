"""A strip of a tmux pane: every screen says what matters, whole."""

from __future__ import annotations

import math
import re

import pytest

from fundtui.ui.chart import resampled
from fundtui.ui.screens.registry import PLACES
from tests.ui import rich_market
from tests.ui.market import Counts
from tests.ui.pilot import Driven, driven

LISTS = [place for place in PLACES if place.location]
SIZES = [(40, 24), (40, 12), (30, 10), (24, 6), (59, 20)]
# A figure that was cut: digits right at the edge are followed by their unit, or by a space.
SUMMARIES = {
    "matrix": "30 assets", "pairs": "1 earn their costs of 2", "calendar": "longs pay", "alerts": "2 firing",
    "venues": "1 up  1 banned", "journal": "4 entries  2 to look at", "positions": "3 held  due +0.19",
}  # fmt: skip


def body(screen: Driven) -> list[str]:
    return [line for line in screen.lines[1:-1] if line.strip()]


@pytest.mark.parametrize("place", LISTS, ids=lambda place: place.name)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_nothing_is_wider_than_the_pane_and_the_header_is_whole(place: object, size: tuple[int, int]) -> None:
    async with driven(rich_market.market(), size=size) as screen:
        await screen.press(place.digit)  # type: ignore[attr-defined]
        strips = screen.app.screen._compositor.render_strips()
        assert all(strip.cell_length == size[0] for strip in strips)
        assert screen.lines[0].startswith(" fundtui") or size[0] < 40
        assert body(screen)


@pytest.mark.parametrize("name", SUMMARIES)
async def test_the_first_line_sums_the_screen_up(name: str) -> None:
    place = next(place for place in LISTS if place.name == name)
    for size in ((40, 24), (40, 12)):
        async with driven(rich_market.market(), size=size) as screen:
            await screen.press(place.digit)
            assert SUMMARIES[name] in screen.lines[1]


async def test_columns_say_more_and_no_number_is_cut() -> None:
    async with driven(rich_market.market(), size=(40, 12)) as screen:
        await screen.press("3")
        assert re.search(r"BTC binance/bybit +\+20\.0bp +14h$", screen.lines[3])
        await screen.press("5")
        assert re.search(r"14:43 BTC binance +\+393k$", screen.lines[3])
        await screen.press("6")
        assert "WIF wide-spread" in screen.lines[3]
        await screen.press("7")
        assert re.search(r"bybit +banned 14:33 +1m~", screen.lines[3])
        await screen.press("8")
        assert "14:12  okx recovered" in screen.lines[3]
        await screen.press("9")
        assert any(re.search(r"- hedge +\+0\.16 00:30 +", line) for line in screen.lines)


async def test_the_matrix_fits_with_sign_and_step() -> None:
    async with driven(rich_market.market(), size=(40, 24)) as screen:
        await screen.press("2")
        assert re.search(r"BTC .*175\.2%  -3    \+1 \+1 \+3", screen.lines[3])
        await screen.press("l", "l")
        # The cell under the cursor is told in words below.
        assert any("BTC" in line and ("not traded" in line or "%" in line) for line in screen.lines[-4:])


async def test_explaining_copying_and_sorting_work_there_too() -> None:
    async with driven(rich_market.market(), size=(40, 24)) as screen:
        await screen.press("7", "x")
        assert "bybit venue" in screen.text
        assert all(len(line) <= 40 for line in screen.lines)
        await screen.press("escape", "l", "l", "greater_than_sign")
        assert "age▾" in screen.lines[2]
        await screen.press("y")
        assert "copied" in screen.text


async def test_growing_wide_and_small_again_keeps_sort_and_row() -> None:
    async with driven(rich_market.market(), size=(120, 40)) as screen:
        await screen.press("7", "j")
        listing = screen.app.screen.list  # type: ignore[attr-defined]
        listing.sort_by("polls")
        await screen.pilot.resize_terminal(40, 20)
        await screen.draw(1.0)
        assert listing.sort_key == "polls"
        assert len(listing.shown) <= 4
        await screen.pilot.resize_terminal(120, 40)
        await screen.draw(1.0)
        assert len(listing.shown) > 8


@pytest.mark.parametrize("place", [PLACES[0], *LISTS], ids=lambda place: place.name)
@pytest.mark.parametrize("size", [(20, 10), (40, 3), (12, 2)])
async def test_too_small_is_said(place: object, size: tuple[int, int]) -> None:
    async with driven(rich_market.market(), size=size) as screen:
        await screen.press(place.digit)  # type: ignore[attr-defined]
        assert "too small" in screen.text


@pytest.mark.parametrize("view", range(7))
async def test_an_asset_says_which_it_is_and_which_view_is_chosen(view: int) -> None:
    async with driven(rich_market.market(), size=(40, 24)) as screen:
        await screen.press("4", *["tab"] * view)
        assert all(strip.cell_length == 40 for strip in screen.app.screen._compositor.render_strips())
        asset = screen.app.main.view.key
        assert asset is not None
        assert asset in screen.lines[0]
        name = ("list", "rate", "theory", "premium", "OI", "term", "size")[view]
        assert f"[{name}]" in screen.lines[1]
        # What is cut says so.
        assert all(line.endswith("…") for line in screen.lines[2:4] if len(line) == 40 and line[-1].isalnum())


@pytest.mark.parametrize("size", [(40, 24), (60, 20), (99, 40), (100, 30)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_events_take_one_column_and_end_with_an_ellipsis(size: tuple[int, int]) -> None:
    market = rich_market.market()
    for number in range(9):
        market.report(f"number {number} " + "of a text that is longer than any line of the screen " * 3)
    async with driven(market, size=size) as screen:
        panel = screen.app.main.events_panel
        if not panel.display:
            assert "number 8" not in screen.text
            return
        region = panel.region
        lines = screen.lines[region.y : region.bottom]
        assert [line.split()[2] for line in lines] == ["8", "7", "6", "5"]
        assert all(len(line) == size[0] and line.endswith("…") and line.count("number") == 1 for line in lines)


@pytest.mark.parametrize("place", LISTS, ids=lambda place: place.name)
async def test_the_header_names_the_screen_at_eighty_columns(place: object) -> None:
    async with driven(rich_market.market(), size=(80, 24)) as screen:
        screen.market.counts = Counts(firing=168, pending=113)
        await screen.press(place.digit)  # type: ignore[attr-defined]
        assert screen.lines[0].split()[1] == place.title  # type: ignore[attr-defined]


def test_a_thinned_course_keeps_its_newest_value() -> None:
    assert resampled([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2) == [3.0, 6.0]
    assert resampled([1.0, 2.0], 4) == [1.0, 1.0, 2.0, 2.0]
    assert resampled([math.nan] * 95 + [7.0], 28)[-1] == 7.0
