"""Every key and every mouse action of the main screen."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from textual.events import MouseScrollDown

from fundtui.config.schema import Settings, Watchlist
from fundtui.imbalance.catalogue import Level
from fundtui.ui.options import Options
from fundtui.units import Basis
from tests.ui.market import FixedClock, Market
from tests.ui.pilot import driven


def by_spread(market: Market) -> list[str]:
    table = market.table(Level.ASSET)
    order = sorted(range(table.count), key=lambda row: -table.columns["spread"][row])
    return [table.keys[row] for row in order]


def with_lists(**lists: Watchlist) -> Market:
    return Market(60, clock=FixedClock(), settings=msgspec.structs.replace(Settings(), watchlists=lists))


async def test_starts_with_the_widest_spread_on_top_and_a_visible_sort_marker() -> None:
    async with driven() as screen:
        assert screen.assets[:5] == by_spread(screen.market)[:5]
        assert "spread▾" in screen.lines[1]
        assert screen.selected == by_spread(screen.market)[0]


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        (["down"], 1), (["j", "j"], 2), (["j", "k"], 0), (["down", "up"], 0), (["G"], 59), (["end"], 59),
        (["G", "g"], 0), (["G", "home"], 0), (["pagedown"], None), (["pagedown", "pageup"], 0),
    ],
)  # fmt: skip
async def test_moving(keys: list[str], index: int | None) -> None:
    async with driven() as screen:
        await screen.press(*keys)
        expected = screen.app.main.table.page - 1 if index is None else index
        assert screen.selected == by_spread(screen.market)[expected]
        assert any(line.startswith("▌ " + str(screen.selected)) for line in screen.lines)


async def test_the_cursor_stays_with_the_asset_and_on_its_line_when_rows_move() -> None:
    async with driven() as screen:
        await screen.press(*["j"] * 30)
        line = screen.app.main.view.cursor - screen.app.main.table.top
        asset = screen.selected
        columns = screen.market.table(Level.ASSET).columns
        columns["spread"][:60] = np.random.default_rng(1).permutation(60) / 8760
        screen.market.table(Level.ASSET).version[:60] += 1
        screen.market.revision += 1
        await screen.draw(10.0)
        assert screen.selected == asset
        table = screen.app.main.table
        # Near the ends of the list a row cannot keep its line; elsewhere it does.
        if 0 < table.top < 60 - table.page:
            assert screen.app.main.view.cursor - table.top == line


async def test_rows_do_not_move_while_a_person_moves_and_the_header_says_so() -> None:
    async with driven() as screen:
        before = screen.assets
        await screen.press("j")
        assert "held" in screen.lines[0]
        table = screen.market.table(Level.ASSET)
        table.columns["spread"][: table.count] *= -1
        screen.market.revision += 1
        await screen.draw(1.5)
        assert screen.assets == before
        await screen.draw(3.0)
        assert screen.assets != before
        assert "held" not in screen.lines[0]


async def test_sorting_by_keys_and_turning_it_round() -> None:
    async with driven() as screen:
        table = screen.market.table(Level.ASSET)
        await screen.press("left", "left", "left", ">")
        main = screen.app.main
        assert main.view.sort_key == main.table.columns[0].key == "asset"
        assert screen.assets == sorted(table.keys, reverse=True, key=str.casefold)[: len(screen.assets)]
        await screen.press(">")
        assert screen.assets == sorted(table.keys, key=str.casefold)[: len(screen.assets)]
        await screen.press("<")
        assert "asset▾" in screen.lines[1]


async def test_a_click_on_a_head_sorts_and_a_second_one_turns_round() -> None:
    async with driven() as screen:
        table = screen.app.main.table
        x = screen.lines[1].index("OI")
        await screen.pilot.click(table, offset=(x, 0))
        await screen.draw()
        assert screen.app.main.view.sort_key == "oi_usd"
        sizes = screen.market.table(Level.ASSET).columns["oi_usd"][screen.app.main.view.order]
        assert (np.diff(sizes) <= 0).all()
        await screen.pilot.click(table, offset=(x, 0))
        await screen.draw()
        assert "OI▴" in screen.lines[1]


async def test_a_click_selects_a_row_and_a_double_click_opens_it() -> None:
    async with driven() as screen:
        await screen.pilot.click(screen.app.main.table, offset=(5, 4))
        await screen.draw()
        assert screen.selected == by_spread(screen.market)[3]
        await screen.pilot.click(screen.app.main.table, offset=(5, 4), times=2)
        await screen.pilot.pause()
        assert type(screen.app.screen).__name__ == "AssetScreen"


async def test_the_wheel_scrolls() -> None:
    async with driven() as screen:
        table = screen.app.main.table
        table.post_message(MouseScrollDown(table, 5, 5, 0, 1, 0, shift=False, meta=False, ctrl=False))
        await screen.draw()
        assert table.top == 3
        assert screen.assets[0] == by_spread(screen.market)[3]


async def test_filtering_as_typed_with_inverse_and_expression() -> None:
    async with driven() as screen:
        await screen.press("slash", "b", "t", "c")
        assert screen.assets == ["BTC"]
        await screen.press("enter")
        assert "/btc" in screen.lines[0]
        assert "1/60" in screen.lines[0]
        await screen.press("slash", "home", "!")
        assert "BTC" not in screen.assets
        await screen.press("escape")
        assert len(screen.app.main.view.order) == 60


async def test_an_expression_filters_and_an_error_points_at_its_column() -> None:
    async with driven() as screen:
        await screen.press("slash", *"spread>100%")
        spreads = screen.market.table(Level.ASSET).columns["spread"]
        assert len(screen.app.main.view.order) == int((spreads[:60] * 8760 > 1.0).sum())
        shown = screen.assets
        await screen.press(*"+x")
        assert "column" in screen.text
        assert screen.assets == shown


async def test_pinned_rows_stay_on_top() -> None:
    async with driven() as screen:
        await screen.press("G", "space")
        last = by_spread(screen.market)[-1]
        assert screen.app.main.view.order[0] == screen.market.table(Level.ASSET).index[last]
        await screen.press("g")
        assert screen.lines[2].startswith("▌•" + last)
        await screen.press("space")
        assert screen.app.main.view.pinned == set()


async def test_watchlists_by_tab() -> None:
    market = with_lists(majors=Watchlist(assets=("BTC", "ETH")), loud=Watchlist(where="spread > 100%", sort="asset"))
    async with driven(market) as screen:
        await screen.press("tab")
        assert "majors 2/3" in screen.lines[0]
        assert set(screen.assets) == {"BTC", "ETH"}
        await screen.press("tab")
        assert screen.assets == sorted(screen.assets, key=str.casefold)
        await screen.press("tab")
        assert "all 1/3" in screen.lines[0]
        await screen.press("shift+tab")
        assert "loud 3/3" in screen.lines[0]


async def test_basis_lens_and_wide() -> None:
    async with driven(size=(200, 50)) as screen:
        assert "APR raw" in screen.lines[0]
        await screen.press("b")
        assert "per 1h" in screen.lines[0]
        await screen.press("b", "b", "e")
        assert "APR excess" in screen.lines[0]
        await screen.press("e", "e")
        before = len(screen.app.main.table.columns)
        await screen.press("w")
        assert len(screen.app.main.table.columns) >= before
        assert {column.key for column in screen.app.main.table.columns} & {"volume_usd", "cap_use", "premium"}


async def test_faults_only() -> None:
    async with driven() as screen:
        screen.market.exclude(3, "interval_unknown")
        await screen.press("z")
        assert screen.assets == [screen.market.table(Level.ASSET).keys[3]]
        assert "interval unknown" in screen.text
        assert "faults" in screen.lines[0]


async def test_pause_holds_the_picture() -> None:
    async with driven() as screen:
        await screen.press("p")
        assert "PAUSED" in screen.lines[0]
        rows = screen.lines[1:25]
        screen.market.tick(1.0)
        await screen.draw(5.0)
        assert screen.lines[1:25] == rows
        await screen.press("p")
        await screen.draw(5.0)
        assert screen.lines[1:25] != rows


async def test_help_names_every_key_and_metric() -> None:
    from fundtui.imbalance.catalogue import CATALOGUE
    from fundtui.ui.keys import KEYS
    from fundtui.ui.screens.help import help_lines

    async with driven() as screen:
        await screen.press("question_mark")
        assert type(screen.app.screen).__name__ == "HelpScreen"
        text = "\n".join("".join(piece for piece, _ in line) for line in help_lines(screen.app.main.scene()))
        assert all(key.help in text for key in KEYS)
        assert all(metric.key in text for level in (Level.ASSET, Level.INSTRUMENT) for metric in CATALOGUE[level])
        await screen.press("escape")
        assert screen.app.screen is screen.app.main


async def test_explain_names_the_figure_under_the_cursor() -> None:
    async with driven() as screen:
        await screen.press("x")
        assert f"{by_spread(screen.market)[0]}" in screen.text
        await screen.press("escape")


async def test_enter_opens_the_asset_and_escape_comes_back() -> None:
    async with driven(size=(80, 24)) as screen:
        await screen.press("enter")
        assert "8 instruments on 8 venues" in screen.text
        await screen.press("escape")
        assert screen.app.screen is screen.app.main


async def test_copy_puts_the_row_as_json_on_the_clipboard() -> None:
    async with driven() as screen:
        await screen.press("y")
        record = json.loads(screen.app.clipboard)
        row = screen.market.table(Level.ASSET).index[by_spread(screen.market)[0]]
        assert record["asset"] == by_spread(screen.market)[0]
        assert record["spread"] == pytest.approx(screen.market.table(Level.ASSET).columns["spread"][row] * 8760)
        assert record["mean"] is None


@pytest.mark.parametrize("keys", ["colon", "ctrl+p"])
async def test_the_palette_offers_themes_and_commands(keys: str) -> None:
    async with driven() as screen:
        await screen.press(keys)
        assert type(screen.app.screen).__name__ == "CommandPalette"
        await screen.press(*"theme paper")
        for _ in range(100):
            if "theme: paper" in screen.text:
                break
            await screen.pilot.pause(0.05)
        await screen.press("down", "enter")
        for _ in range(100):
            if screen.app.pens.palette.name == "paper":
                break
            await screen.pilot.pause(0.05)
        assert screen.app.pens.palette.name == "paper"


async def test_themes_in_turn() -> None:
    async with driven() as screen:
        names = []
        for _ in range(6):
            names.append(screen.app.pens.palette.name)
            await screen.press("t")
        assert len(set(names)) == 6
        assert screen.app.pens.palette.name == names[0] == "dusk"


async def test_quit_ends_with_zero() -> None:
    async with driven() as screen:
        await screen.press("q")
        assert screen.app.exit_code == 0
        assert screen.app._exit


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((80, 24), ["asset", "cons", "spread", "lowest", "highest", "next"]),
        ((120, 40), ["asset", "cons", "spread", "lowest", "highest", "next", "why out", "events"]),
        ((200, 50), ["asset", "spread", "z", "b/e", "OI", "24 h", "why out", "consensus, last 24 h"]),
    ],
)
async def test_what_each_size_shows(size: tuple[int, int], expected: list[str]) -> None:
    async with driven(size=size) as screen:
        text = screen.text
        assert [word for word in expected if word not in text] == []


async def test_a_narrow_pane_gets_a_summary_and_a_tiny_one_a_word() -> None:
    async with driven(size=(40, 12)) as screen:
        assert by_spread(screen.market)[0] in screen.lines[1]
    async with driven(size=(20, 8)) as screen:
        assert "too small" in screen.text


async def test_an_outage_and_venue_counts_are_in_the_header() -> None:
    async with driven() as screen:
        assert "11/12 venues" in screen.lines[0]
        assert "worst 14s" in screen.lines[0]
        screen.market.local_outage = True
        await screen.draw(2.0)
        assert "NO NETWORK" in screen.lines[0]


async def test_without_colour_and_unicode_everything_is_still_said() -> None:
    from fundtui.ui.options import Options

    async with driven(options=Options(colour=False, unicode=False)) as screen:
        assert "spreadv" in screen.lines[1]
        assert screen.lines[2].startswith("> ")
        own = "".join(screen.lines)
        assert own.isascii()
        for strip in screen.app.screen._compositor.render_strips():
            for segment in strip:
                assert segment.style is None or (segment.style.color is None and segment.style.bgcolor is None)


async def test_new_assets_appear_and_delisted_ones_go() -> None:
    async with driven() as screen:
        row = screen.market.add("NEWCOIN", 4)
        screen.market.table(Level.ASSET).columns["spread"][row] = 9.0
        screen.market.revision += 1
        await screen.draw(5.0)
        assert "NEWCOIN" in screen.assets
        screen.market.table(Level.ASSET).alive[row] = False
        screen.market.revision += 1
        await screen.draw(5.0)
        assert "NEWCOIN" not in screen.assets


async def test_a_chosen_theme_is_remembered() -> None:
    async with driven() as screen:
        await screen.press("t")
        assert screen.market.saved == {"display.theme": screen.app.pens.palette.name}


async def test_an_edited_configuration_is_taken_over_while_running() -> None:
    async with driven() as screen:
        display = msgspec.structs.replace(Settings().display, theme="paper", rate_basis=Basis.EIGHT_HOURS)
        lists = {"majors": Watchlist(assets=("BTC", "ETH"))}
        screen.market.settings = msgspec.structs.replace(Settings(), display=display, watchlists=lists)
        await screen.pilot.pause(0.3)
        await screen.draw(2.0)
        assert screen.app.pens.palette.name == "paper"
        assert "per 8h" in screen.lines[0]
        await screen.press("tab")
        assert set(screen.assets) == {"BTC", "ETH"}


async def test_without_any_answer_it_says_why_and_offers_the_demo() -> None:
    from fundtui.status import VenueHealth, VenueState
    from fundtui.text import clean

    market = Market(0, clock=FixedClock())
    market.mode = "live"
    down = VenueHealth(venue="okx", title="OKX", state=VenueState.DOWN, last_error=clean("name not found"))
    market.health = lambda: (down,)  # type: ignore[method-assign]
    async with driven(market) as screen:
        assert "no venue can be reached" in screen.text
        assert "name not found" in screen.text
        assert "starts the demo" in screen.text
        await screen.press("d")
        assert screen.app.demo_wanted


async def test_sparklines_on_their_own_scale_or_on_one() -> None:
    async with driven() as screen:
        assert " own" in screen.lines[1]
        alone = screen.lines[2:]
        await screen.press("S")
        assert " all" in screen.lines[1]
        assert " own" not in screen.lines[1]
        assert screen.lines[2:] != alone
        assert screen.app.main.scene().spark is not None
        await screen.press("S")
        assert " own" in screen.lines[1]
        assert screen.app.main.scene().spark is None


@pytest.mark.parametrize(("unicode", "sign"), [(True, "…"), (False, "~")])
@pytest.mark.parametrize("size", [(120, 40), (40, 12)], ids=["table", "narrow"])
async def test_a_cut_venue_name_says_that_it_is_cut(unicode: bool, sign: str, size: tuple[int, int]) -> None:
    market = Market(8, clock=FixedClock())
    table = market.table(Level.ASSET)
    for row in range(table.count):
        market.put(table, row, "long", "kraken-futures")
        market.put(table, row, "short", "deribit")
    async with driven(market, size=size, options=Options(unicode=unicode)) as screen:
        lines = [line for line in screen.lines if "kra" in line]
        assert lines
        assert all(f"kraken-{sign}" in line or f"kraken{sign}/deribit" in line for line in lines[:8])
        # A whole name is left as it is.
        assert size[0] < 120 or any("deribit " in line for line in lines)
