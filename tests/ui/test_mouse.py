"""What the top and the bottom line say can be clicked: everything is reachable with the mouse."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual.events import MouseScrollDown, MouseScrollUp
from textual.widget import Widget

from fundtui.config.schema import Watchlist
from fundtui.imbalance.catalogue import Level
from fundtui.ui.keys import FOOTER
from fundtui.ui.screen_keys import footer_of, key_shown_as, keys_of
from fundtui.ui.screens.listing import ListScreen
from fundtui.ui.screens.picker import Picker
from fundtui.ui.screens.registry import PLACES, Place
from fundtui.ui.widgets.gridtable import GridTable
from tests.ui import rich_market
from tests.ui.market import Market
from tests.ui.pilot import Driven, driven


async def click(screen: Driven, text: str, line: int) -> None:
    """Click on a text of a line."""
    await screen.pilot.click(offset=(screen.lines[line].index(text), line % screen.app.size.height))
    await screen.draw()


async def test_the_keys_of_the_bottom_line_can_be_clicked() -> None:
    async with driven() as screen:
        await click(screen, "basis", -1)
        assert screen.app.choices.basis.value == "1h"
        await click(screen, "> sort", -1)
        assert "spread▴" in screen.lines[1]
        await click(screen, "filter", -1)
        assert screen.app.main.prompt.open
        await screen.press("escape")
        await click(screen, "help", -1)
        assert type(screen.app.screen).__name__ == "HelpScreen"


async def test_a_message_in_the_bottom_line_presses_nothing() -> None:
    async with driven() as screen:
        screen.app.main.say("x" * 100)
        await screen.draw()
        await screen.pilot.click(offset=(4, 39))
        assert not screen.app.main.prompt.open


@pytest.mark.parametrize(
    ("text", "expected"),
    [("fundtui", "CommandPalette"), ("all", "ListPicker"), ("venues", "VenuesScreen"), ("▲2", "AlertsScreen")],
)
async def test_the_top_line_leads_to_what_it_says(text: str, expected: str) -> None:
    async with driven() as screen:
        await click(screen, text, 0)
        assert type(screen.app.screen).__name__ == expected


async def test_basis_and_lens_change_where_they_are_said() -> None:
    async with driven() as screen:
        await click(screen, "APR", 0)
        assert "per 1h" in screen.lines[0]
        await click(screen, "raw", 0)
        assert screen.app.choices.lens.value == "excess"


@pytest.mark.parametrize("place", [place for place in PLACES if place.location], ids=lambda place: place.name)
async def test_every_screen_leads_to_all_commands_by_mouse(place: object) -> None:
    async with driven(rich_market.market(), size=(80, 24)) as screen:
        await screen.press(place.digit)  # type: ignore[attr-defined]
        await click(screen, "fundtui", 0)
        assert type(screen.app.screen).__name__ == "CommandPalette"


def test_every_entry_of_a_bottom_line_has_its_key() -> None:
    for place in PLACES:
        entries = footer_of(place.name) if place.location else FOOTER
        bound = {name for key in keys_of(place.name) for name in key.keys.split(",")} | {"colon"}
        for shown, _ in entries:
            names = {key_shown_as(word) for word in shown.split()}
            assert names <= bound or not place.location, (place.name, shown)
    assert [key_shown_as(word) for word in ("/", "<", ">", "Enter", ":", "1-9")] == [
        "slash", "less_than_sign", "greater_than_sign", "enter", "colon", "colon",
    ]  # fmt: skip


async def test_the_palette_has_a_command_for_every_key() -> None:
    from fundtui.ui.commands import commands
    from fundtui.ui.keys import KEYS

    async with driven() as screen:
        offered = {command.title for command in commands(screen.app, screen.app.screen)}
        missing = [key.help for key in KEYS if key.group != "Move" and key.help.rstrip(".") not in offered]
        assert missing == ["Find a command by name."]


async def wheel(screen: Driven, at: Widget, up: bool = False) -> None:
    """Turn the wheel one notch over a widget."""
    kind = MouseScrollUp if up else MouseScrollDown
    at.post_message(kind(at, 5, 5, 0, -1 if up else 1, 0, shift=False, meta=False, ctrl=False))
    await screen.draw()


def full(name: str) -> Market:
    """A market in which that screen has more rows than fit on 24 lines."""
    made = rich_market.market(assets=60)
    if name == "venues":
        assert made.healths is not None
        made.healths = tuple(
            msgspec.structs.replace(made.healths[0], venue=f"venue{number:02d}") for number in range(40)
        )
    elif name == "alerts":
        made.desk.rows = [
            msgspec.structs.replace(made.desk.rows[0], id=f"f{number}", rule=f"rule{number:02d}")
            for number in range(40)
        ]
    elif name == "journal":
        for number in range(40):
            made.report(f"event {number}")
    elif name == "positions":
        held = {f"held{number:02d}": rich_market.POSITIONS["hedge"] for number in range(40)}
        made.settings = rich_market.settings(positions=held)
    elif name == "pairs":
        table = made.table(Level.PAIR)
        for number in range(40):
            row = table.add(f"TOK{number:02d} perp-perp")
            for key, text in (("asset", f"TOK{number:02d}"), ("trade", "perp-perp"), ("short", "okx")):
                made.put(table, row, key, text)
            table.columns["net"][row] = 1e-4 + number * 1e-6
    return made


LISTS = [place for place in PLACES if place.location]


@pytest.mark.parametrize("place", LISTS, ids=lambda place: place.name)
async def test_a_list_is_sorted_chosen_from_and_scrolled_by_mouse(place: Place) -> None:
    async with driven(full(place.name), size=(120, 24)) as screen:
        await screen.press(place.digit)
        if place.name == "calendar":
            await screen.press("right_square_bracket")
        shown = screen.app.screen
        assert isinstance(shown, ListScreen)
        table: Any = shown.list
        heads = 1
        # The wheel moves the rows, back as far.
        await wheel(screen, table)
        assert table.top == 3
        await wheel(screen, table, up=True)
        assert table.top == 0
        # A row is chosen by a click on it.
        await screen.pilot.click(table, offset=(4, heads + 2))
        await screen.draw()
        assert (table.view.cursor if isinstance(table, GridTable) else table.cursor) == 2
        # A click on a head sorts by it, a second one the other way round.
        before = (shown.sort_key, shown.descending)
        heading = screen.lines[table.region.y]
        title = {"matrix": "spread", "settings": "value", "journal": "venue"}.get(place.name)
        where = heading.index(title) if title else table.region.x + 4
        await screen.pilot.click(table, offset=(where - table.region.x, 0))
        await screen.draw()
        first = (shown.sort_key, shown.descending)
        await screen.pilot.click(table, offset=(where - table.region.x, 0))
        await screen.draw()
        assert (shown.sort_key, shown.descending) == (first[0], not first[1])
        assert before != first
        # Two clicks open.
        await screen.pilot.click(table, offset=(4, heads + 1), times=2)
        await screen.draw()
        assert screen.app.screen is not shown or place.name == "settings"


async def test_the_main_table_is_sorted_chosen_from_and_scrolled_by_mouse() -> None:
    async with driven(size=(120, 24)) as screen:
        table = screen.app.main.table
        await wheel(screen, table)
        assert table.top == 3
        assert screen.app.main.view.held(screen.wall.monotonic())
        await wheel(screen, table, up=True)
        assert table.top == 0
        await screen.pilot.click(table, offset=(4, 3))
        await screen.draw()
        assert screen.app.main.view.cursor == 2
        where = screen.lines[1].index("excess")
        for descending in (True, False):
            await screen.pilot.click(table, offset=(where, 0))
            await screen.draw()
            assert (screen.app.main.view.sort_key, screen.app.main.view.descending) == ("excess", descending)
        await screen.pilot.click(table, offset=(4, 3), times=2)
        await screen.draw()
        assert type(screen.app.screen).__name__ == "AssetScreen"


@pytest.mark.parametrize("key", ["C", "W"])
async def test_columns_and_watchlists_are_chosen_and_scrolled_by_mouse(key: str) -> None:
    made = rich_market.market()
    lists = {f"list{number:02d}": Watchlist(assets=("BTC",)) for number in range(30)}
    made.settings = msgspec.structs.replace(made.settings, watchlists=lists)
    async with driven(made, size=(120, 24)) as screen:
        await screen.press(key)
        picker = screen.app.screen
        assert isinstance(picker, Picker)
        start = picker.cursor
        await wheel(screen, picker.list)
        assert picker.cursor == start + 3
        await wheel(screen, picker.list, up=True)
        assert picker.cursor == start
        await screen.pilot.click(picker.list, offset=(8, len(picker.list.head) + 2))
        await screen.draw()
        assert picker.cursor == picker.list.top + 2


async def test_the_views_of_an_asset_are_chosen_by_mouse() -> None:
    async with driven(rich_market.market(), size=(120, 40)) as screen:
        await screen.press("4")
        await click(screen, "rate ", 1)
        assert "[rate]" in screen.lines[1]
