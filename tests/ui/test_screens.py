"""What all screens behind the digits share: ways between them, sizes, filters, copies, exports, hostile text."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import msgspec
import pytest
from textual.events import MouseScrollDown

from fundtui.config.schema import History
from fundtui.status import VenueHealth, VenueState
from fundtui.ui.options import Options
from fundtui.ui.screen_keys import keys_of
from fundtui.ui.screens.listing import ListScreen
from fundtui.ui.screens.livepage import LivePage
from fundtui.ui.screens.registry import PLACES
from tests.ui import rich_market
from tests.ui.hostile import HOSTILE
from tests.ui.pilot import Driven, driven
from tests.ui.test_injection import harmless

DIGITS = [place.digit for place in PLACES if place.location]
SIZES = [(40, 12), (80, 24), (120, 40), (200, 50)]


def shown(screen: Driven) -> ListScreen:
    current = screen.app.screen
    assert isinstance(current, ListScreen)
    return current


def venue_under_cursor(screen: Driven) -> str:
    row = shown(screen).list.row
    assert isinstance(row, VenueHealth)
    return row.venue


def check_frame(screen: Driven) -> None:
    """Every line is exactly as wide as the screen and holds nothing that could harm a terminal."""
    for strip in screen.app.screen._compositor.render_strips():
        assert strip.cell_length == screen.app.size.width
        assert harmless(strip.text)
        assert all(segment.style is None or segment.style.link is None for segment in strip)


@pytest.mark.parametrize("place", [place for place in PLACES if place.location], ids=lambda place: place.name)
async def test_a_digit_opens_each_screen_and_escape_leads_back(place: msgspec.Struct) -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press(place.digit)  # type: ignore[attr-defined]
        assert place.name == shown(screen).NAME  # type: ignore[attr-defined]
        assert place.title in screen.lines[0]  # type: ignore[attr-defined]
        await screen.press("escape")
        assert screen.app.screen is screen.app.main


async def test_digits_lead_from_screen_to_screen_and_choices_stay() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("7", "j", "8", "5", "7")
        assert len(screen.app.screen_stack) == 2
        assert shown(screen).list.cursor == 1
        await screen.press("1")
        assert screen.app.screen is screen.app.main


async def test_four_opens_the_asset_of_the_row_and_comes_back_to_the_screen() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("3", "4")
        assert type(screen.app.screen).__name__ == "AssetScreen"
        assert "BTC" in screen.text
        await screen.press("escape")
        assert shown(screen).NAME == "pairs"


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("size", SIZES)
async def test_every_size_is_filled_exactly(digit: str, size: tuple[int, int]) -> None:
    async with driven(rich_market.market(), size=size) as screen:
        await screen.press(digit)
        check_frame(screen)
        await screen.press("j", "right", ">", "j", "enter")
        check_frame(screen)
        await screen.press("escape")
        await screen.pilot.resize_terminal(max(size[0] - 31, 30), max(size[1] - 9, 8))
        await screen.draw(2.0)
        check_frame(screen)


@pytest.mark.parametrize("digit", DIGITS)
async def test_hostile_text_is_harmless_on_every_screen(digit: str) -> None:
    market = rich_market.market(assets=4)
    async with driven(market, size=(120, 40)) as screen:
        await screen.press(digit)
        for opened in (False, True):
            if opened:
                await screen.press("enter")
            for text in HOSTILE:
                rich_market.say_everywhere(market, text)
                await screen.draw(4.0)
                if isinstance(page := screen.app.screen, LivePage):
                    page.draw()
                await screen.pilot.pause()
                check_frame(screen)


@pytest.mark.parametrize("digit", DIGITS)
async def test_without_colour_and_unicode_everything_is_still_said(digit: str) -> None:
    async with driven(rich_market.market(), options=Options(colour=False, unicode=False)) as screen:
        await screen.press(digit)
        assert "".join(screen.lines).isascii()
        for strip in screen.app.screen._compositor.render_strips():
            assert all(s.style is None or (s.style.color is None and s.style.bgcolor is None) for s in strip)


@pytest.mark.parametrize("digit", DIGITS)
async def test_copy_is_json_without_nan(digit: str) -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press(digit, "y")
        record = json.loads(screen.app.clipboard)
        assert isinstance(record, dict)
        assert record
        assert "copied" in screen.lines[-1]


@pytest.mark.parametrize("digit", ["1", *DIGITS])
async def test_export_writes_what_is_shown_where_it_says(digit: str, tmp_path: Path) -> None:
    market = rich_market.market()
    market.settings = rich_market.settings(history=History(folder=str(tmp_path)))
    async with driven(market, size=(200, 50)) as screen:
        await screen.press(digit, "E")
        (path,) = (tmp_path / "exports").glob("*.csv")
        assert str(path) in screen.lines[-1]
        assert path.stat().st_mode & 0o777 == 0o600
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        count = len(shown(screen).list.rows) if digit != "1" else len(screen.app.main.view.order)
        assert len(rows) == count > 0


async def test_an_export_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    market = rich_market.market()
    market.settings = rich_market.settings(history=History(folder=str(blocked)))
    async with driven(market) as screen:
        await screen.press("7", "E")
        assert "not exported" in screen.lines[-1]


async def test_formulas_do_not_leave_as_formulas(tmp_path: Path) -> None:
    from fundtui.ui.export import write_csv

    path = write_csv(tmp_path, "x", 0, ["a", "b"], [{"a": "=1+1", "b": -2.5}, {"a": None, "b": float("nan")}])
    assert path.read_text(encoding="utf-8").split() == ["a,b", "'=1+1,-2.5", ","]
    assert write_csv(tmp_path, "x", 0, ["a"], []) != path


@pytest.mark.parametrize("digit", DIGITS)
async def test_help_names_every_key_of_the_screen(digit: str) -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press(digit)
        lines = ["".join(text for text, _ in line) for line in shown(screen).help_lines()]
        assert all(any(key.help in line for line in lines) for key in keys_of(shown(screen).NAME))
        await screen.press("question_mark")
        assert type(screen.app.screen).__name__ == "Overlay"
        await screen.press("escape")
        assert isinstance(screen.app.screen, ListScreen)


async def test_every_key_of_a_screen_has_an_action() -> None:
    async with driven(rich_market.market()) as screen:
        for digit in DIGITS:
            await screen.press(digit)
            current = shown(screen)
            for key in keys_of(current.NAME):
                namespace, _, name = key.action.partition("(")[0].rpartition(".")
                owner = screen.app if namespace == "app" else current
                assert hasattr(owner, f"action_{name}"), (current.NAME, key.action)


async def test_the_palette_opens_screens_and_offers_their_own_commands() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("colon")
        await screen.press(*"calendar")
        await screen.pilot.pause(0.5)
        await screen.press("enter")
        await screen.pilot.pause(0.3)
        assert shown(screen).NAME == "calendar"
        await screen.press("colon")
        await screen.press(*"24 or 72")
        await screen.pilot.pause(0.5)
        await screen.press("enter")
        await screen.pilot.pause(0.3)
        await screen.draw()
        assert "next 72 h" in screen.text


async def test_a_theme_chosen_on_a_screen_is_drawn_at_once() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("7")
        before = {segment.style for strip in screen.app.screen._compositor.render_strips() for segment in strip}
        await screen.press("t")
        await screen.draw(1.0)
        after = {segment.style for strip in screen.app.screen._compositor.render_strips() for segment in strip}
        assert not {style for style in before if style and style.bgcolor} & {s for s in after if s and s.bgcolor}


async def test_moving_by_keys_wheel_and_click() -> None:
    async with driven(rich_market.market(assets=60), size=(120, 40)) as screen:
        await screen.press("5", "right_square_bracket")
        rows = shown(screen).list
        count = len(rows.rows)
        assert count > rows.page
        await screen.press("G")
        assert rows.cursor == count - 1
        await screen.press("g")
        assert rows.cursor == 0
        await screen.press("pagedown")
        assert rows.cursor == rows.page - 1
        await screen.press("g")
        rows.post_message(MouseScrollDown(rows, 5, 5, 0, 1, 0, shift=False, meta=False, ctrl=False))
        await screen.draw()
        assert rows.top == 3
        await screen.pilot.click(rows, offset=(8, 5))
        await screen.draw()
        assert rows.cursor == 3 + 5 - 1


async def test_rows_stay_where_they_are_while_a_person_moves() -> None:
    market = rich_market.market()
    async with driven(market) as screen:
        await screen.press("7", "j")
        names = [row.venue for row in shown(screen).list.rows]
        assert market.healths is not None
        worse = msgspec.structs.replace(market.healths[2], state=VenueState.DOWN)
        market.healths = (*market.healths[:2], worse)
        await screen.draw(1.0)
        assert [row.venue for row in shown(screen).list.rows] == names
        assert venue_under_cursor(screen) == names[1]
        await screen.draw(5.0)
        assert [row.venue for row in shown(screen).list.rows] == ["bybit", "okx", "binance"]
        # The cursor stays with its venue, not with its line.
        assert venue_under_cursor(screen) == names[1]


async def test_what_looks_the_same_is_not_drawn_again() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("7")
        await screen.draw(1.0)
        rows = shown(screen).list
        before = rows._content
        await screen.draw(1.0)
        marked = [y for y, strip in enumerate(rows._frame) if strip is None]
        assert marked == []
        assert rows._content == before
