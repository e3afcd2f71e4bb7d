"""Choosing columns on the screen: every key, every mouse action, and what is left of it after a restart."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from fundtui.ui.screens.columnpicker import ColumnPicker
from tests.ui.configured import configured
from tests.ui.market import Market
from tests.ui.pilot import Driven, driven


def picker(screen: Driven) -> ColumnPicker:
    shown = screen.app.screen
    assert isinstance(shown, ColumnPicker)
    return shown


def state(folder: Path) -> dict[str, object]:
    path = folder / "state.toml"
    return tomllib.loads(path.read_text()) if path.exists() else {}


def heads(screen: Driven) -> list[str]:
    return [column.key for column in screen.app.main.table.columns]


async def test_leaving_changes_and_writes_nothing(tmp_path: Path) -> None:
    async with driven(configured(tmp_path)) as screen:
        before = heads(screen)
        for leave in ("escape", "q", "C"):
            await screen.press("C", "j", "j", "space", "plus", "J", leave)
            assert screen.app.screen is screen.app.main
        await screen.press("C", "enter")
        assert heads(screen) == before
        assert state(tmp_path) == {}


async def test_columns_are_hidden_moved_and_widened_and_survive_a_restart(tmp_path: Path) -> None:
    async with driven(configured(tmp_path)) as screen:
        await screen.press("C")
        assert "Columns of all" in screen.text
        # price goes, consensus becomes wider and moves behind spread.
        await screen.press("j", "space", "j", "plus", "plus", "J", "enter")
        assert heads(screen)[:4] == ["asset", "spread", "consensus", "low_rate"]
        kept = screen.app.main.table.columns[2].width
        assert "kept in state.toml" in screen.lines[-1]
    written = state(tmp_path)["display"]
    assert isinstance(written, dict)
    assert written["columns"][:4] == ["asset", "spread", "consensus", "low_rate"]
    assert written["widths"] == {"consensus": kept} == {"consensus": 11}
    assert (tmp_path / "config.toml").read_text() == ""
    async with driven(configured(tmp_path)) as screen:
        assert heads(screen)[:4] == ["asset", "spread", "consensus", "low_rate"]
        assert screen.app.main.table.columns[2].width == 11


async def test_a_hidden_metric_is_found_by_typing_and_shown(tmp_path: Path) -> None:
    async with driven(configured(tmp_path)) as screen:
        await screen.press("C", "slash", *"hhix", "backspace", "enter")
        assert [entry.metric.key for entry in picker(screen).shown] == ["hhi"]
        await screen.press("space", "escape")
        assert len(picker(screen).shown) > 30
        await screen.press("enter")
        assert "hhi" in state(tmp_path)["display"]["columns"]  # type: ignore[index]


async def test_letters_are_letters_while_finding_and_escape_shows_all_again() -> None:
    async with driven() as screen:
        await screen.press("C", "slash", *"qrj")
        assert picker(screen).wanted == "qrj"
        await screen.press("escape")
        assert (picker(screen).wanted, picker(screen).finding) == ("", False)


async def test_each_watchlist_has_its_own_columns(tmp_path: Path) -> None:
    text = '# mine\n[watchlists.majors]\nassets = ["BTC", "ETH"]\n'
    async with driven(configured(tmp_path, text)) as screen:
        before = heads(screen)
        await screen.press("tab", "C", "j", "space", "enter")
        assert "price" not in heads(screen)
        await screen.press("tab")
        assert heads(screen) == before
    assert (tmp_path / "config.toml").read_text() == text
    assert set(state(tmp_path)) == {"watchlists"}


async def test_reset_takes_back_what_was_chosen(tmp_path: Path) -> None:
    async with driven() as screen:
        automatic = heads(screen)
    market = configured(tmp_path, state='[display]\ncolumns = ["asset", "z"]\nwidths = { z = 9 }\nfps = 5\n')
    async with driven(market) as screen:
        assert heads(screen) == ["asset", "z"]
        assert screen.app.main.table.columns[1].width == 9
        await screen.press("C", "r", "enter")
        assert heads(screen) == automatic
        assert state(tmp_path) == {"display": {"fps": 5}}


async def test_the_asset_is_always_there_and_first() -> None:
    async with driven() as screen:
        await screen.press("C", "space")
        assert "always there" in screen.text
        await screen.press("J")
        assert picker(screen).set.entries[0].metric.key == "asset"
        await screen.press("j", "K")
        assert picker(screen).set.entries[0].metric.key == "asset"


async def test_widths_have_bounds_and_a_natural_one() -> None:
    async with driven() as screen:
        await screen.press("C", "j", *["left"] * 30)
        assert picker(screen).set.widths == {"price": 3}
        await screen.press(*["l"] * 50)
        assert picker(screen).set.widths == {"price": 40}
        assert "wide enough" in screen.text
        await screen.press("n")
        assert picker(screen).set.widths == {}


@pytest.mark.parametrize("width", [3, 5, 40])
async def test_any_width_keeps_the_lines_whole(tmp_path: Path, width: int) -> None:
    widths = ", ".join(f"{key} = {width}" for key in ("low_rate", "high_rate", "price", "trend", "regime", "consensus"))
    columns = '["low_rate", "price", "trend", "regime", "consensus", "high_rate"]'
    async with driven(configured(tmp_path, f"[display]\ncolumns = {columns}\nwidths = {{ {widths} }}\n")) as screen:
        for strip in screen.app.screen._compositor.render_strips():
            assert strip.cell_length == screen.app.size.width


async def test_what_has_no_room_is_said() -> None:
    async with driven(size=(80, 24)) as screen:
        await screen.press("C")
        # At 80 cells the trend and others of the thirteen have to go.
        assert "no room" in screen.text
        await screen.press("G")
        assert picker(screen).entry is not None
        assert picker(screen).entry.metric.key == picker(screen).set.entries[-1].metric.key  # type: ignore[union-attr]


async def test_the_mouse_marks_moves_scrolls_and_presses_the_keys_below() -> None:
    async with driven() as screen:
        await screen.press("C")
        box = picker(screen).list
        top = len(box.head)
        await screen.pilot.click(box, offset=(3, top + 2))
        await screen.draw()
        assert not picker(screen).set.entries[2].shown
        await screen.pilot.click(box, offset=(30, top + 5))
        await screen.draw()
        assert picker(screen).cursor == 5
        assert picker(screen).set.entries[5].shown
        line = next(y for y, text in enumerate(screen.lines) if "narrower" in text)
        x = screen.lines[line].index("wider") - box.region.x
        width = picker(screen).set.entries[5].column.width
        await screen.pilot.click(box, offset=(x, line - box.region.y))
        await screen.draw()
        assert picker(screen).set.entries[5].column.width == width + 1
        x = screen.lines[line].index("down") - box.region.x
        await screen.pilot.click(box, offset=(x, line - box.region.y))
        await screen.draw()
        assert picker(screen).cursor == 6


async def test_where_nothing_can_be_written_the_choice_holds_and_that_is_said() -> None:
    class ReadOnly(Market):
        def save_state(self, changes: object) -> None:  # type: ignore[override]
            raise OSError(30, "Read-only file system")

    async with driven(ReadOnly(60)) as screen:
        await screen.press("C", "j", "space", "enter")
        assert "price" not in heads(screen)
        assert "not saved" in screen.lines[-1]
        assert "Read-only" in screen.lines[-1]


async def test_a_broken_state_file_costs_one_message(tmp_path: Path) -> None:
    async with driven(configured(tmp_path, state="[display\n")) as screen:
        assert "state.toml:1" in screen.lines[-1]
        await screen.press("C", "j", "space", "enter")
        assert "state.toml.broken-1" in screen.lines[-1]
        assert (tmp_path / "state.toml.broken-1").read_text() == "[display\n"
        assert "price" not in heads(screen)
        await screen.press("C", "j", "space", "enter")
        assert "kept in state.toml" in screen.lines[-1]


async def test_the_palette_opens_it() -> None:
    from fundtui.ui.commands import commands

    async with driven() as screen:
        names = [command.title for command in commands(screen.app, screen.app.screen)]
        assert any(name.startswith("Columns of this watchlist") for name in names)
