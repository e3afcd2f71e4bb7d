"""The screen of pairs and the cash ladder."""

from __future__ import annotations

import math

import msgspec

from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.ladder import FlowKind, Rung
from fundtui.ui.glyphs import ASCII, UNICODE
from fundtui.ui.pairtext import half_life_h, later, reasons_against
from fundtui.ui.widgets.staircase import AXIS, staircase, steps
from tests.ui import rich_market
from tests.ui.market import START_MS
from tests.ui.pilot import Driven, driven

HOUR_MS = 3_600_000


def rung(hours: float, total: float) -> Rung:
    return Rung(START_MS + round(hours * HOUR_MS), FlowKind.SHORT, 0.0, total, 0.0, known=True)


def test_the_staircase_steps_where_cash_flows() -> None:
    rungs = [rung(0, -10e-4), rung(2, 5e-4), rung(6, 20e-4), rung(8, 10e-4)]
    # Eight columns over eight hours: each shows the sum at its end.
    assert steps(rungs, 8) == [-10e-4, 5e-4, 5e-4, 5e-4, 5e-4, 20e-4, 20e-4, 10e-4]
    assert all(math.isnan(value) for value in steps([], 4))


def test_sums_that_are_not_known_leave_the_plot_empty_there() -> None:
    rungs = [rung(0, math.nan), rung(4, -20e-4), rung(8, math.nan)]
    lines = ["".join(text for text, _ in line) for line in staircase(rungs, 40, 4, UNICODE)]
    assert lines[-1].split()[0] == "-20bp"
    empty = staircase([rung(0, math.nan), rung(8, math.nan)], 40, 4, UNICODE)
    assert "".join(text for line in empty for text, _ in line).count("even") == 1
    assert not any(role in {"up3", "down3"} for line in empty for _, role in line)


async def test_a_pair_that_is_not_priced_has_a_ladder_without_sums() -> None:
    market = rich_market.market()
    market.ladders = {
        row: tuple(msgspec.structs.replace(each, flow=math.nan, total=math.nan) for each in rungs)
        for row, rungs in market.ladders.items()
    }
    assert market.ladders
    for size in ((80, 24), (120, 40), (200, 50)):
        async with driven(market, size=size) as screen:
            await screen.press("3", "v", "v", "v", "x")
            assert screen.app._exception is None


def test_the_plot_has_scale_and_even_line() -> None:
    rungs = [rung(0, -10e-4), rung(4, 30e-4), rung(8, 30e-4)]
    lines = ["".join(text for text, _ in line) for line in staircase(rungs, 40, 4, UNICODE)]
    # Four lines from +30 bp to -10 bp, ten each: even is between the third and the fourth.
    assert lines[0].startswith("   +30bp")
    assert lines[3].startswith("   -10bp")
    assert [line.endswith("even") for line in lines] == [False, False, False, True]
    # The second half stands at the top, the first half at the bottom.
    assert lines[0][AXIS:].rstrip().endswith("█")
    assert "█" not in lines[0][AXIS : AXIS + 8]
    ascii_lines = ["".join(text for text, _ in line) for line in staircase(rungs, 40, 4, ASCII)]
    assert "".join(ascii_lines).isascii()


def test_reasons_by_hand() -> None:
    market = rich_market.market()
    table, leaves = market.table(Level.PAIR), market.table(Level.INSTRUMENT)
    assert half_life_h(table, leaves, 0) == 9.0
    assert reasons_against(table, leaves, 0, 100_000.0) == [
        "break-even after the half-life (9h)", "room for 50.0k: Kelly fraction", "one time in twenty a loss",
        "assumed: default fee",
    ]  # fmt: skip
    assert reasons_against(table, leaves, 1, 10_000.0) == [
        "costs exceed funding", "no break-even within 60 d", "assumed: default fee",
    ]  # fmt: skip
    table.columns["ceiling"][1] = 5e-4
    assert "can never reach its costs" in reasons_against(table, leaves, 1, 10_000.0)


def test_later() -> None:
    assert [later(hours) for hours in (14.0, 1440.0, float("nan"))] == ["14h", ">60d", "-"]


async def test_only_what_earns_its_costs_until_asked_for_all() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("3")
        assert "net above zero" in screen.lines[0]
        row = screen.lines[2].split()
        # Net 20 bp in a week are 10.4 % a year; the spread of 0.3 bp an hour is 26.3 %.
        assert row[1:8] == ["BTC", "binance", "bybit", "26.3%", "+20.0bp", "+10.4%", "14h"]
        assert not screen.lines[3][2:20].strip()
        await screen.press("f")
        assert "all priced" in screen.lines[0]
        assert screen.lines[3][2:].split()[:3] == ["ETH", "bybit", "okx"]
        assert ">60d" in screen.lines[3]


async def test_nothing_that_earns_says_so() -> None:
    market = rich_market.market()
    market.table(Level.PAIR).columns["net"][0] = -1e-4
    async with driven(market) as screen:
        await screen.press("3")
        assert "none of 2 pairs is expected to earn its costs" in screen.text


async def test_the_ladder_of_the_selected_pair_as_plot_and_list() -> None:
    async with driven(rich_market.market(), size=(120, 40)) as screen:
        await screen.press("3")
        text = screen.text
        assert "even" in text
        # 25 bp of 100k are 250 dollars; entry cost 100, so 150 so far.
        line = next(line for line in screen.lines if "16:13" in line)
        assert line.split("16:13")[1].split() == ["binance", "+25.0bp", "+250", "+150"]
        expected = next(line for line in screen.lines if "09-22 00:13" in line)
        assert expected.split("00:13")[1].split() == ["bybit", "+16.0bp", "+160", "+310", "e"]


async def test_enter_opens_the_whole_ladder_on_a_small_screen() -> None:
    async with driven(rich_market.market(), size=(80, 24)) as screen:
        await screen.press("3", "enter")
        assert "why not" in screen.text
        await screen.press("end")
        assert "exit" in screen.text


async def test_sorting_filtering_and_explaining() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("3", "f", *["left"] * 12, "<")
        assert [line[2:].split()[0] for line in screen.lines[2:4]] == ["BTC", "ETH"]
        await screen.press(">")
        assert [line[2:].split()[0] for line in screen.lines[2:4]] == ["ETH", "BTC"]
        await screen.press("slash", *"net > 10bp", "enter")
        assert screen.lines[2][2:].split()[0] == "BTC"
        assert "1/2" in screen.lines[0]
        await screen.press("escape", "slash", *"eth", "enter")
        assert screen.lines[2][2:].split()[0] == "ETH"
        await screen.press("x")
        assert "ETH perp-perp" in screen.text


async def test_a_pair_that_was_never_priced_has_no_ladder_and_no_crash() -> None:
    market = rich_market.market()
    market.ladders.clear()
    async with driven(market) as screen:
        await screen.press("3")
        assert "BTC" in screen.text


def drawn(screen: Driven) -> bool:
    """Whether the staircase is on the screen."""
    return any(line.rstrip().endswith(" even") or " even  " in line for line in screen.lines)


def listed(screen: Driven) -> bool:
    """Whether the rungs are listed."""
    return any("when " in line and "leg " in line and "sum" in line for line in screen.lines)


async def test_the_ladder_by_key_on_a_small_screen() -> None:
    async with driven(rich_market.market(), size=(80, 24)) as screen:
        await screen.press("3")
        assert not drawn(screen)
        await screen.press("v")
        assert drawn(screen)
        assert not listed(screen)
        await screen.press("v")
        assert not drawn(screen)
        assert listed(screen)
        await screen.press("v")
        assert not listed(screen)


async def test_the_ladder_side_by_side_by_key_on_a_large_screen() -> None:
    async with driven(rich_market.market(), size=(120, 40)) as screen:
        await screen.press("3")
        beside = [line for line in screen.lines if "│" in line]
        assert any(" leg " in line for line in beside)
        await screen.press("v")
        assert drawn(screen)
        assert not listed(screen)
        await screen.press("v")
        assert not drawn(screen)
        assert listed(screen)
        await screen.press("v")
        assert drawn(screen)
        assert listed(screen)


async def test_rungs_scroll() -> None:
    market = rich_market.market()
    market.ladders[0] = tuple(rung(hours, hours * 1e-4) for hours in range(40))
    async with driven(market, size=(80, 24)) as screen:
        await screen.press("3", "v", "v")
        # Rung n is n hours after 14:13 and its sum n bp of 100,000 dollars.
        first = [line.split()[-2:] for line in screen.lines if line.startswith("  14:13 ")]
        assert first
        await screen.press("right_square_bracket")
        assert not any(line.startswith("  14:13 ") for line in screen.lines)
        assert any(line.startswith("  22:13 ") for line in screen.lines)
        await screen.press("left_square_bracket")
        assert any(line.startswith("  14:13 ") for line in screen.lines)
