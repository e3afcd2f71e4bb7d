"""What the top and the bottom line say can be clicked: everything is reachable with the mouse."""

from __future__ import annotations

import pytest

from fundtui.ui.keys import FOOTER
from fundtui.ui.screen_keys import footer_of, key_shown_as, keys_of
from fundtui.ui.screens.registry import PLACES
from tests.ui import rich_market
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
    from fundtui.ui.keys import KEYS

    async with driven() as screen:
        offered = {command.title for command in screen.app.get_system_commands(screen.app.screen)}
        missing = [key.help for key in KEYS if key.group != "Move" and key.help.rstrip(".") not in offered]
        assert missing == ["Find a command by name."]
