"""Every screen at three sizes in two themes against reviewed pictures in text.

A picture that changed on purpose is written anew with `FUNDTUI_SNAPSHOTS=write` and looked at before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rich.color import Color

from fundtui.ui.screens.registry import PLACES, Place
from fundtui.ui.theme import load_theme
from tests.ui import rich_market
from tests.ui.pilot import Driven, driven

FOLDER = Path(__file__).parent / "snapshots"
SIZES = [(80, 24), (120, 40), (200, 50)]
SHOWN = [place for place in PLACES if place.location]


def colours(screen: Driven) -> set[str]:
    """Every foreground and background on the screen."""
    found: set[Color | None] = set()
    for strip in screen.app.screen._compositor.render_strips():
        for segment in strip:
            if segment.style is not None:
                found |= {segment.style.color, segment.style.bgcolor}
    return {colour.name for colour in found if colour is not None}


def palette_of(theme: str) -> set[str]:
    """Every colour that a theme names."""
    palette = load_theme(theme)
    names: set[str] = set()
    for part in (palette.surface, palette.text, palette.state, palette.sign, palette.heat):
        for field in part.__struct_fields__:
            value = getattr(part, field)
            names |= {value} if isinstance(value, str) else set(value)
    return names


@pytest.mark.parametrize("place", SHOWN, ids=lambda place: place.name)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_screen_looks_as_reviewed(place: Place, size: tuple[int, int]) -> None:
    async with driven(rich_market.market(), size=size) as screen:
        await screen.press(place.digit)
        await screen.draw(1.0)
        text = screen.text + "\n"
        assert colours(screen) <= palette_of("dusk")
        screen.app.use_theme("paper")
        await screen.draw(1.0)
        await screen.pilot.pause()
        # The other theme says the same in its own colours.
        assert screen.text + "\n" == text
        assert colours(screen) <= palette_of("paper")
    path = FOLDER / f"{place.name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("FUNDTUI_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_there_is_no_picture_of_a_screen_that_is_gone() -> None:
    wanted = {f"{place.name}-{width}x{height}.txt" for place in SHOWN for width, height in SIZES}
    assert {path.name for path in FOLDER.glob("*.txt")} == wanted
