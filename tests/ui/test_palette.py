"""The palette of commands: found by typing, done with Enter, and drawn like every other small screen."""

from __future__ import annotations

import pytest

from fundtui.ui.screens.palette import CommandPalette
from fundtui.ui.screens.registry import PLACES
from tests.ui import rich_market
from tests.ui.pilot import Driven, driven


def palette(screen: Driven) -> CommandPalette:
    """The palette, which is open."""
    seen = screen.app.screen
    assert isinstance(seen, CommandPalette)
    return seen


async def test_letters_find_and_do_not_move() -> None:
    async with driven() as screen:
        await screen.press("colon", *"jk")
        assert palette(screen).wanted == "jk"
        assert "no command has that in its name" in screen.text
        await screen.press("backspace", "backspace", *"next theme")
        assert [one.key for one in palette(screen).found] == ["t"]
        await screen.press("escape")
        assert screen.app.screen is screen.app.main


async def test_words_that_begin_one_come_first() -> None:
    async with driven() as screen:
        await screen.press("colon", *"cop")
        assert palette(screen).found[0].title.startswith("Copy")


async def test_a_colon_in_it_opens_no_second_one() -> None:
    async with driven() as screen:
        await screen.press("colon", "colon", "ctrl+p")
        assert len(screen.app.screen_stack) <= 2


async def test_no_key_of_the_screen_below_reaches_it() -> None:
    async with driven() as screen:
        await screen.press("colon", *"qtE1")
        assert palette(screen).wanted == "qtE1"
        assert screen.app.pens.palette.name == "dusk"


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40), (200, 50)])
async def test_it_fills_its_surface_and_shows_the_dimmed_screen_around_it(size: tuple[int, int]) -> None:
    async with driven(size=size) as screen:
        behind = screen.lines[0]
        await screen.press("colon")
        pens, area = screen.app.pens, palette(screen).list.region
        own = {pens("plain", surface).bgcolor for surface in ("overlay", "cursor")}
        for y, strip in enumerate(screen.app.screen._compositor.render_strips()):
            x = 0
            for text, style, _ in strip:
                assert style is not None
                inside = area.x <= x < area.right and area.y <= y < area.bottom
                assert style.bgcolor in (own if inside else {pens("faint", "table").bgcolor}), (x, y, text)
                x += len(text)
        assert screen.lines[0] == behind


async def test_the_asset_screens_own_keys_are_offered_on_it() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("enter", "colon", *"only the chosen", "enter")
        await screen.pilot.pause(0.2)
        assert screen.app.screen.subject.alone  # type: ignore[attr-defined]


async def test_every_screen_by_its_name() -> None:
    async with driven(rich_market.market()) as screen:
        for place in PLACES:
            await screen.press("colon", *place.title.lower(), "enter")
            await screen.pilot.pause(0.2)
            shown = getattr(screen.app.screen, "NAME", "") or "skew"
            assert shown == place.name
            if place.name == "asset":
                await screen.press("escape")


async def test_a_sentence_that_does_not_fit_says_so() -> None:
    async with driven(size=(80, 24)) as screen:
        await screen.press("colon", *"filter as you")
        (line,) = (line for line in screen.lines if "Filter as you type" in line)
        assert "…" in line
