"""The screen of venues."""

from __future__ import annotations

import msgspec

from fundtui.ui.screens.livepage import LivePage
from fundtui.ui.screens.venues import milliseconds, moment, soon
from tests.ui import rich_market
from tests.ui.market import START_MS
from tests.ui.pilot import Driven, driven


def line_of(screen: Driven, venue: str) -> str:
    return next(line for line in screen.lines if line[2:].startswith(venue))


async def test_trouble_is_on_top_and_says_when_it_ends() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("7")
        assert screen.lines[2].startswith("▌ bybit")
        line = line_of(screen, "bybit")
        # START is 14:13:20 UTC; the ban ends twenty minutes later, the error was a minute before.
        assert "banned" in line
        assert "14:33" in line
        assert "14:12:20  418 ban" in line
        # 100 s old with a poll due every 10 s.
        assert "1m~" in line


async def test_a_healthy_venue_in_figures() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("7")
        assert line_of(screen, "binance").split()[:4] == ["binance", "up", "4s", "84ms"]
        assert " 612 " in line_of(screen, "binance")
        assert " 18% " in line_of(screen, "binance")
        # Least, nearly least, greatest, at the right end of its column.
        assert "▁▁█" in line_of(screen, "binance")
        assert "okx            off" in line_of(screen, "okx")


async def test_sorting_by_a_click_and_by_keys() -> None:
    async with driven(rich_market.market(), size=(120, 40)) as screen:
        await screen.press("7")
        rows = screen.app.screen.query_one("#list")
        await screen.pilot.click(rows, offset=(screen.lines[1].index("rows") + 1, 0))
        await screen.draw()
        assert "rows▾" in screen.lines[1]
        assert [line[2:].split()[0] for line in screen.lines[2:5]] == ["bybit", "binance", "okx"]
        await screen.press("h", "h", "h", "h", "h", "h", "<")
        assert "venue▴" in screen.lines[1]
        assert [line[2:].split()[0] for line in screen.lines[2:5]] == ["binance", "bybit", "okx"]
        await screen.press(">")
        assert [line[2:].split()[0] for line in screen.lines[2:5]] == ["okx", "bybit", "binance"]


async def test_filtering_by_words_columns_and_numbers() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("7")
        for typed, expected in (
            ("ban", ["bybit"]), ("state:up", ["binance"]), ("!state:off polls>50", ["bybit"]), ("!b", ["okx"]),
        ):  # fmt: skip
            await screen.press("slash", "ctrl+u", *typed, "enter")
            names = [line[2:].split()[0] for line in screen.lines[2:5] if line[2:].strip()]
            assert [name for name in names if name in {"binance", "bybit", "okx"}] == expected
            assert f"/{typed}"[:18] in screen.lines[0]
        await screen.press("slash", "ctrl+u", *"nope>1")
        assert "no column nope (column 1)" in screen.text
        await screen.press("ctrl+u", *"zzz", "enter")
        assert "nothing of 3 passes /zzz" in screen.text
        await screen.press("escape")
        assert "binance" in screen.text


async def test_enter_shows_every_endpoint_and_follows_what_happens() -> None:
    market = rich_market.market()
    async with driven(market, size=(80, 24)) as screen:
        await screen.press("7", "j", "enter")
        page = screen.app.screen
        assert isinstance(page, LivePage)
        line = next(line for line in screen.lines if "openInterest" in line)
        assert line.split() == ["openInterest", "1m", "1.3s", "-", "-", "2", "timeout"]
        assert "136,000" in screen.text
        assert "3  no rate" in screen.text
        assert market.healths is not None
        endpoints = market.healths[0].endpoints
        worse = msgspec.structs.replace(endpoints[0], failures=7)
        market.healths = (msgspec.structs.replace(market.healths[0], endpoints=(worse,)), *market.healths[1:])
        page.draw()
        await screen.pilot.pause()
        assert "openInterest" not in screen.text
        assert " 7" in next(line for line in screen.lines if "premiumIndex" in line)


def test_times_and_latencies_as_people_write_them() -> None:
    assert [milliseconds(seconds) for seconds in (0.0841, 0.9996, 12.0, float("nan"))] == ["84ms", "1.0s", "12.0s", "-"]
    assert [soon(seconds) for seconds in (-1.0, 0.4, 6.0, 125.0)] == ["now", "now", "6s", "00:02"]
    # 2026-09-21 14:13:20 UTC, and a day earlier.
    assert moment(START_MS, START_MS) == "14:13:20"
    assert moment(START_MS - 86_400_000, START_MS) == "09-20 14:13"
