"""Every key of every screen, and every change of size under whatever it opens: all of it drawn for a real terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.drivers.headless_driver import HeadlessDriver
from textual.events import Resize
from textual.geometry import Size

from fundtui.config.schema import History
from fundtui.ui.keys import KEYS, Key
from fundtui.ui.output import OutputApp
from fundtui.ui.screen_keys import keys_of
from fundtui.ui.screens.registry import PLACES, Place
from tests.ui import rich_market
from tests.ui.market import Market
from tests.ui.pilot import Driven, driven
from tests.ui.test_replay import replayed

SIZE = (120, 40)
OTHER_SIZES = [(40, 20), (200, 50), (80, 24), SIZE]
# Passes of the event loop in which everybody hears of a change of size.
STEPS = 8
# They end the program; that they do is tested where programs are.
_ENDING = {"app.quit", "app.interrupt"}


@pytest.fixture(autouse=True)
def _drawn_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal frames would not be made; here each goes through the diff, to nowhere."""
    monkeypatch.setattr(OutputApp, "_cannot_draw", lambda app: bool(app._batch_count) or not app._running)


def keys_at(place: Place) -> Iterator[tuple[Key, str]]:
    """Every key that does something there, with each of its names."""
    for key in KEYS if place.name == "skew" else keys_of(place.name):
        if key.action not in _ENDING:
            yield from ((key, name) for name in key.keys.split(","))


async def press(screen: Driven, *keys: str) -> None:
    """Press keys and wait until everybody has seen them; far quicker than waiting for a process that idles."""
    for key in keys:
        screen.app.simulate_key(key)
        await settled(screen)


async def settled(screen: Driven) -> None:
    """Let everything that is under way come to its end, and draw."""
    for _ in range(3):
        await screen.pilot._wait_for_screen()
    screen.app.screen._on_timer_update()
    assert screen.app._exception is None


async def go(screen: Driven, place: Place) -> None:
    """From wherever it is, to a screen; what was open over it is closed."""
    while len(screen.app.screen_stack) > 1:
        screen.app.pop_screen()
    await settled(screen)
    if place.digit != "1":
        await press(screen, place.digit)


async def through_sizes(screen: Driven) -> None:
    """Give the terminal other sizes and the first one again; a frame is drawn at each step of a change."""
    app = screen.app
    for size in map(Size._make, OTHER_SIZES):
        assert isinstance(app._driver, HeadlessDriver)
        app._driver._size = size
        app.post_message(Resize(size, size))
        await frames(screen)
        # What a timer does a moment later.
        app._check_resize()
        await frames(screen)
        await settled(screen)
        assert {strip.cell_length for strip in app.screen._compositor.render_strips()} == {size.width}


async def frames(screen: Driven) -> None:
    """A frame of everything after each pass of the event loop."""
    for _ in range(STEPS):
        await asyncio.sleep(0)
        screen.app.screen.refresh()
        screen.app.screen._on_timer_update()


def market_at(tmp_path: Path, kind: str) -> Market:
    made = replayed() if kind == "replay" else rich_market.market()
    made.settings = rich_market.settings(history=History(folder=str(tmp_path)))
    return made


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_every_key_and_every_size_under_what_it_opens(place: Place, tmp_path: Path) -> None:
    async with driven(market_at(tmp_path, "live"), size=SIZE) as screen:
        await go(screen, place)
        await through_sizes(screen)
        here, opened = screen.app.screen, set[str]()
        for key, name in keys_at(place):
            await press(screen, name)
            assert not screen.app._exit, (place.name, name)
            if screen.app.screen is not here:
                if key.group != "Screens" and key.action not in opened:
                    opened.add(key.action)
                    await through_sizes(screen)
                    await press(screen, "j", "pagedown", "G", "escape")
                await go(screen, place)
                here = screen.app.screen
        assert opened


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_the_keys_of_a_replay_on_every_screen(place: Place, tmp_path: Path) -> None:
    async with driven(market_at(tmp_path, "replay"), size=SIZE) as screen:
        await go(screen, place)
        for name in ("p", "left_curly_bracket", "right_curly_bracket", "n", "at"):
            await press(screen, name)
        await through_sizes(screen)
        await press(screen, "escape", "p")
        assert not screen.app._exit
