"""The screen about one asset: its views, its charts and every key."""

from __future__ import annotations

import contextlib
import csv
import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from fundtui.imbalance.catalogue import Level
from fundtui.ui.charts.dots import Dots
from fundtui.ui.charts.plot import ChartPanel
from fundtui.ui.charts.views import View
from fundtui.ui.options import Options
from fundtui.ui.screens.asset import AssetScreen
from fundtui.ui.scrub import scrub
from tests.ui import rich_market
from tests.ui.hostile import HOSTILE
from tests.ui.market import START_MS, Market
from tests.ui.past import DAY_MS, HOURS_PER_YEAR, PastDesk
from tests.ui.pilot import Driven, driven


def made_market(**words: Any) -> Market:
    """The rich market with a past, in which BTC has figures of its history."""
    market = rich_market.market()
    market.courses = PastDesk(market, **words)
    table = market.table(Level.INSTRUMENT)
    for place, row in enumerate(market.instrument_rows(0).tolist()):
        table.columns["apr"][row] = (place + 1) * 0.05 / HOURS_PER_YEAR
        table.columns["excess"][row] = table.columns["apr"][row] - 0.1095 / HOURS_PER_YEAR
        table.columns["oi_usd"][row] = 1e6 * (place + 1)
        table.columns["mean_rate"][row] = 0.12 / HOURS_PER_YEAR
        table.columns["half_life"][row] = 24.0
        for key in ("realised_1d", "realised_3d", "realised_7d", "realised_30d", "projected"):
            table.columns[key][row] = 0.08 / HOURS_PER_YEAR
    return market


@contextlib.asynccontextmanager
async def opened(
    *keys: str, size: tuple[int, int] = (120, 40), market: Market | None = None, options: Options | None = None
) -> AsyncIterator[Driven]:
    """The screen about BTC after these keys."""
    async with driven(market or made_market(), size=size, options=options) as screen:
        screen.app.open_asset(0)
        await screen.pilot.pause()
        await pressed(screen, *keys)
        yield screen


async def pressed(screen: Driven, *keys: str) -> None:
    """Press keys and wait until the chart is drawn."""
    if keys:
        await screen.press(*keys)
    await screen.app.workers.wait_for_complete()
    await screen.draw(1.0)
    await screen.app.workers.wait_for_complete()
    await screen.pilot.pause()


def asset_screen(screen: Driven) -> AssetScreen:
    """The screen under test."""
    found = screen.app.screen
    assert isinstance(found, AssetScreen)
    return found


def chart(screen: Driven) -> ChartPanel:
    """Its chart."""
    return asset_screen(screen).chart


async def test_tab_goes_through_all_views_and_back() -> None:
    async with opened() as screen:
        seen = [asset_screen(screen).view]
        for _ in range(7):
            await pressed(screen, "tab")
            seen.append(asset_screen(screen).view)
            assert f"[{seen[-1].value}]" in screen.lines[1]
        assert seen == [*View, View.LIST]
        await pressed(screen, "shift+tab")
        assert asset_screen(screen).view is View.SIZE
        await pressed(screen, "4")
        assert asset_screen(screen).view is View.LIST


async def test_a_line_per_venue_with_its_figure_now() -> None:
    async with opened("tab") as screen:
        legend = [line[87:] for line in screen.lines if line[87:].strip()]
        # The last observations: 5 % a year for the first venue, 40 % for the eighth, which has the most OI.
        assert any("a binance" in line and "+5.0%" in line for line in legend)
        assert any("h hyperliquid" in line and "+40.0%" in line for line in legend)
        assert any("hyperliquid settled" in line for line in legend)
        assert asset_screen(screen).subject.place == 7


async def test_ranges_ask_the_record_for_as_many_days() -> None:
    market = made_market()
    async with opened("tab", market=market) as screen:
        for days in (30, 90, 1, 7):
            await pressed(screen, "r")
            assert f"[{days}d]" in screen.lines[1]
            desk = market.courses
            assert isinstance(desk, PastDesk)
            start_ms, end_ms, step_ms = desk.asked[-1]
            assert end_ms - start_ms == days * DAY_MS
            assert step_ms == days * DAY_MS // 360
        await pressed(screen, "R")
        assert "[1d]" in screen.lines[1]


async def test_a_hole_in_the_record_is_a_hole_in_the_chart() -> None:
    async with opened("tab", "o", "tab", size=(200, 50)) as screen:
        drawn = chart(screen)._drawn
        assert drawn is not None
        width = drawn.size[0]
        published = drawn.picture.curves[-1]
        window = drawn.window
        # Nothing was observed from 42 to 30 hours before now; the middle of that is 36 hours ago.
        cell = int((START_MS - 36 * 3_600_000 - window.start_ms) / window.span_ms * width)
        assert math.isnan(published.at(START_MS - 36 * 3_600_000, math.inf))
        glyphs = {row[cell] for row in drawn.rows}
        assert not any(role == published.role for _, role in glyphs)
        before = int((START_MS - 60 * 3_600_000 - window.start_ms) / window.span_ms * width)
        assert any(row[before][1] == published.role for row in drawn.rows)


async def test_the_crosshair_reads_values_out() -> None:
    async with opened("tab", "r", "r", "r") as screen:
        assert asset_screen(screen).subject.days == 1
        await pressed(screen, "left")
        assert "UTC" in screen.text.split("rate by venue")[1].splitlines()[0]
        at_ms = chart(screen).cross_ms
        await pressed(screen, "left", "left", "pageup")
        cell_ms = DAY_MS / (chart(screen).size.width - 14)
        assert at_ms - chart(screen).cross_ms == pytest.approx(12 * cell_ms, rel=1e-6)
        # A day ago the eighth venue paid 40 % and a tenth more.
        await pressed(screen, *["pageup"] * 12)
        assert chart(screen).cross_ms == chart(screen).whole.start_ms
        await pressed(screen, "pagedown", "right")
        await pressed(screen, "escape")
        assert math.isnan(chart(screen).cross_ms)
        await pressed(screen, "escape")
        assert not isinstance(screen.app.screen, AssetScreen)


async def test_zoom_and_pan_stay_inside_the_range() -> None:
    async with opened("tab") as screen:
        whole = chart(screen).whole
        await pressed(screen, "plus")
        assert chart(screen).shown.span_ms == pytest.approx(0.7 * whole.span_ms)
        assert chart(screen).shown.end_ms == pytest.approx(whole.end_ms)
        assert "70% of the range" in screen.text
        await pressed(screen, "left_square_bracket")
        assert chart(screen).shown.end_ms == pytest.approx(whole.end_ms - 0.25 * 0.7 * whole.span_ms)
        await pressed(screen, *["left_square_bracket"] * 5)
        assert chart(screen).shown.start_ms == whole.start_ms
        await pressed(screen, "right_square_bracket", "minus", "minus")
        assert chart(screen).window is None
        await pressed(screen, "plus", "left", "0")
        assert chart(screen).window is None
        assert math.isnan(chart(screen).cross_ms)


async def test_mouse_points_zooms_and_chooses() -> None:
    async with opened("tab") as screen:
        await screen.pilot.click(ChartPanel, offset=(30, 5))
        assert not math.isnan(chart(screen).cross_ms)
        chart(screen).on_mouse_scroll_up(_Wheel())  # type: ignore[arg-type]
        assert chart(screen).window is not None
        chart(screen).on_mouse_scroll_down(_Wheel())  # type: ignore[arg-type]
        at = screen.lines[1].index(" 30d ")
        await screen.pilot.click("#tabs", offset=(at + 1, 0))
        assert asset_screen(screen).subject.days == 30
        at = screen.lines[1].index(" size ")
        await screen.pilot.click("#tabs", offset=(at + 1, 0))
        assert asset_screen(screen).view is View.SIZE


class _Wheel:
    def stop(self) -> None:
        """Nothing above hears of it."""


async def test_venue_and_only_the_chosen_one() -> None:
    async with opened("tab") as screen:
        assert len([curve for curve in chart(screen).picture.curves if curve.letter]) == 8  # type: ignore[union-attr]
        await pressed(screen, "down", "o")
        picture = chart(screen).picture
        assert picture is not None
        assert {curve.name for curve in picture.curves} == {"binance", "binance settled"}
        await pressed(screen, "k")
        assert asset_screen(screen).subject.names()[asset_screen(screen).subject.place] == "hyperliquid"


async def test_basis_and_lens_change_the_chart() -> None:
    async with opened("tab") as screen:
        await pressed(screen, "b")
        picture = chart(screen).picture
        assert picture is not None
        # 40 % a year are 0.457 bp an hour.
        assert picture.label(0.40 / HOURS_PER_YEAR).startswith("+0.46")
        await pressed(screen, "b", "b", "e")
        picture = chart(screen).picture
        assert picture is not None
        assert "excess" in picture.title
        # The excess leaves the interest of 10.95 % out: 40 % become 29.05 %.
        assert chart(screen).reading(picture.curves[-1]) * HOURS_PER_YEAR == pytest.approx(0.2905)
        await pressed(screen, "e")
        assert "premium by venue" in screen.text


async def test_theory_premium_and_interest() -> None:
    async with opened("tab", "tab") as screen:
        picture = chart(screen).picture
        assert picture is not None
        assert [curve.name for curve in picture.curves] == ["settled", "theory", "published"]
        assert chart(screen).reading(picture.curves[1]) * HOURS_PER_YEAR == pytest.approx(0.36)
        await pressed(screen, "tab")
        assert "premium by venue" in screen.text
        await pressed(screen, "tab")
        assert "open interest by venue" in screen.text
        assert "8.00M" in screen.text


async def test_the_term_view_expects_by_the_half_life() -> None:
    async with opened("shift+tab", "shift+tab", size=(200, 50)) as screen:
        lines = [line for line in screen.lines[2:] if " hyperliquid" in line]
        # 40 % now, 12 % in the long run, half of the distance gone each day: 26 % after one, 12.2 % after seven.
        figures = lines[0].split()
        assert "+26.0%" in figures
        assert "+15.5%" in figures
        assert "+12.2%" in figures
        assert figures.count("+8.0%") == 5
        assert "expected by AR(1)" in screen.text


async def test_glyphs_of_charts() -> None:
    async with opened("tab") as screen:

        def kinds() -> set[str]:
            drawn = chart(screen)._drawn
            assert drawn is not None
            glyphs = {glyph for row in drawn.rows for glyph, _ in row} - {" "}
            return {
                "braille" if "⠀" <= glyph <= "⣿" else "block" if "▀" <= glyph <= "▟" else "ascii" for glyph in glyphs
            }

        assert kinds() == {"braille"}
        await pressed(screen, "m")
        assert kinds() == {"block"}
        await pressed(screen, "m")
        assert kinds() == {"ascii"}
        await pressed(screen, "m")
        assert asset_screen(screen)._dots() is Dots.BRAILLE


async def test_without_unicode_and_colour_everything_is_ascii() -> None:
    async with opened("tab", options=Options(unicode=False, colour=False)) as screen:
        await pressed(screen, "m", "left")
        assert screen.text.isascii()
        strips = screen.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style is not None]
        assert all(style.color is None or style.color.is_default for style in styles)


async def test_size_is_typed_and_shown_against_its_limits() -> None:
    market = made_market()
    async with opened("dollar_sign", market=market) as screen:
        answer = screen.app.screen.query_one("#answer", Input)
        answer.value = "250k 3x 1M"
        await screen.press("enter")
        await pressed(screen)
        assert asset_screen(screen).view is View.SIZE
        assert "size 250k a leg" in screen.text
        assert "leverage 3x" in screen.text
        assert "equity 1.00M" in screen.text
        # 3x: 1/(1 + m) of 4/3 less one, and 2/3 of 1/(1 - m) less one, at a maintenance of half a percent.
        assert "+32.7%" in screen.text
        assert "-33.0%" in screen.text


async def test_a_wrong_size_is_refused_in_words() -> None:
    async with opened("dollar_sign") as screen:
        await screen.press("0", "enter")
        assert "is not" in screen.text or "above zero" in screen.text or "amount" in screen.text
        await screen.press("escape")
        await pressed(screen)
        assert isinstance(screen.app.screen, AssetScreen)


async def test_no_record_is_said_in_words() -> None:
    async with opened("tab", market=made_market(empty=True)) as screen:
        assert "no record of this yet" in screen.text
    async with opened("tab", market=made_market(empty=True, asking=True)) as screen:
        assert "no record yet: the venues are being asked for settled rates" in screen.text
    async with opened("tab", market=rich_market.market()) as screen:
        assert "there is no record here" in screen.text
    async with opened("tab", market=made_market(empty=True, problem="disk is gone")) as screen:
        assert "the record cannot be read: disk is gone" in screen.text


async def test_where_the_record_begins_is_said() -> None:
    async with opened("tab", "tab", "tab") as screen:
        # Premiums were observed for five of the seven days.
        assert "begins 09-16 14:13 UTC" in screen.text


async def test_copy_export_explain_and_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    async with opened("tab", "left", "y") as screen:
        copied = json.loads(screen.app.clipboard)
        assert copied["values"]["hyperliquid"] * HOURS_PER_YEAR == pytest.approx(0.40, rel=0.01)
        await pressed(screen, "E")
        (path,) = (tmp_path / "fundtui" / "exports").iterdir()
        rows = list(csv.DictReader(path.read_text().splitlines()))
        assert {row["curve"] for row in rows} >= {"binance", "hyperliquid settled"}
        await pressed(screen, "question_mark")
        assert "Crosshair to the left" in screen.text
        await screen.press("escape")
        await pressed(screen, "x")
        assert not isinstance(screen.app.screen, AssetScreen)
        await screen.press("escape")
        await pressed(screen, "q")
        assert not isinstance(screen.app.screen, AssetScreen)


@pytest.mark.parametrize("keys", [("tab",), ("tab", "o", "left"), ("shift+tab", "shift+tab"), ("shift+tab",)])
async def test_hostile_names_stay_text(keys: tuple[str, ...]) -> None:
    market = made_market()
    table = market.table(Level.INSTRUMENT)
    rows = market.instrument_rows(0).tolist()
    for start in range(0, len(HOSTILE), len(rows)):
        for place, row in enumerate(rows):
            name = HOSTILE[(start + place) % len(HOSTILE)]
            market.put(table, row, "venue", name)
            market.put(table, row, "symbol", name)
        async with opened(*keys, market=market) as screen:
            for line in screen.lines:
                assert line == scrub(line)
            strips = screen.app.screen._compositor.render_strips()
            links = [segment.style.link for strip in strips for segment in strip if segment.style is not None]
            assert not any(links)


async def test_the_size_page_is_whole_at_forty_columns() -> None:
    async with opened("shift+tab", size=(120, 40)) as screen:
        words = " ".join(screen.lines[2:-1]).split()
    async with opened("shift+tab", size=(40, 20)) as screen:
        seen: list[str] = []
        for _ in range(80):
            seen += [line.strip() for line in screen.lines[2:-1] if line.strip() and line.strip() not in seen]
            if not screen.lines[-2].endswith(" more"):
                break
            await screen.press("j")
        assert not any("…" in line for line in seen)
        assert set(words) <= set(" ".join(seen).split())
        await screen.press(*["k"] * 80)
        assert "a leg" in screen.lines[2]


async def test_the_term_page_fits_forty_columns_and_follows_the_choice() -> None:
    async with opened(*["tab"] * 5, size=(40, 12)) as screen:
        assert [line for line in screen.lines[2:3] if "…" in line] == []
        count = len(asset_screen(screen).subject.rows())
        for _ in range(count):
            chosen = asset_screen(screen).subject.place
            marked = [line for line in screen.lines[3:-1] if "▌" in line]
            assert len(marked) == 1
            assert marked[0].split("▌")[1].startswith("abcdefghijklmnop"[chosen])
            await screen.press("j")
