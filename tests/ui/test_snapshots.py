"""Every screen at three sizes in two themes against reviewed pictures in text.

A picture that changed on purpose is written anew with `FUNDTUI_SNAPSHOTS=write` and looked at before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from rich.color import Color

from fundtui.config.schema import Watchlist
from fundtui.ui.screens.registry import PLACES
from fundtui.ui.theme import load_theme
from tests.ui import rich_market
from tests.ui.market import Market
from tests.ui.pilot import Driven, driven

FOLDER = Path(__file__).parent / "snapshots"
SIZES = [(80, 24), (120, 40), (200, 50)]
# The screens behind the digits, and the small ones over the main screen, with the keys that open them.
SMALL = {"columns": ("C", "j", "space"), "lists": ("W", "j"), "save": ("0", "space", "j", "space", "s"), "welcome": ()}
PICTURES: dict[str, tuple[str, ...]] = {place.name: (place.digit,) for place in PLACES if place.location} | SMALL


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


def market() -> Market:
    """The rich market with two watchlists."""
    made = rich_market.market()
    lists = {"majors": Watchlist(assets=("BTC", "ETH")), "loud": Watchlist(where="spread > 100%")}
    made.settings = msgspec.structs.replace(made.settings, watchlists=lists)
    return made


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_screen_looks_as_reviewed(name: str, size: tuple[int, int]) -> None:
    made = market() if name in SMALL else rich_market.market()
    if name == "welcome":
        made.first_start = True
    async with driven(made, size=size) as screen:
        await screen.press(*PICTURES[name])
        await screen.draw(1.0)
        text = screen.text + "\n"
        assert colours(screen) <= palette_of("dusk")
        screen.app.use_theme("paper")
        await screen.draw(1.0)
        await screen.pilot.pause()
        # The other theme says the same in its own colours.
        assert screen.text + "\n" == text
        assert colours(screen) <= palette_of("paper")
    path = FOLDER / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("FUNDTUI_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_there_is_no_picture_of_a_screen_that_is_gone() -> None:
    wanted = {f"{name}-{width}x{height}.txt" for name in PICTURES for width, height in SIZES}
    assert {path.name for path in FOLDER.glob("*.txt")} == wanted
