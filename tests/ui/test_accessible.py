"""Without colour and with ASCII alone every screen says the same; nothing flashes; a long absence is seen at once."""

from __future__ import annotations

import itertools
import re

import msgspec
import numpy as np
import pytest
from rich.style import Style
from textual.driver import Driver
from textual.widgets import Input

from fundtui.imbalance.catalogue import Level
from fundtui.status import Severity
from fundtui.ui.options import Options
from fundtui.ui.screens.registry import PLACES
from fundtui.ui.screens.whole import REFRESH_S
from tests.ui import rich_market
from tests.ui.market import Counts, FixedClock, Market
from tests.ui.pilot import Driven, driven

FRAMES = 10
DIGITS = [place.digit for place in PLACES]
PLAIN = Options(colour=False, unicode=False)
# What opens over screens, with the keys that lead there from the main screen.
SMALL = {
    "help": ("question_mark",), "columns": ("C",), "lists": ("W",), "explain": ("x",), "question": ("6", "s"),
    "save": ("0", "space", "s"), "page": ("7", "enter"), "explain a row": ("9", "x"), "help of a list": ("3", "f1"),
    "filter": ("slash", "a"), "commands": ("colon",), "commands of an asset": ("4", "colon"),
    "chart": ("4", "tab"), "size": ("4", "shift+tab"),
}  # fmt: skip


def coloured(screen: Driven) -> list[str]:
    """The texts on the screen that have a colour."""
    return [
        segment.text
        for strip in screen.app.screen._compositor.render_strips()
        for segment in strip
        if segment.style is not None and (segment.style.color is not None or segment.style.bgcolor is not None)
    ]


@pytest.mark.parametrize("size", [(40, 20), (80, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_screen_is_ascii_without_colours(size: tuple[int, int]) -> None:
    async with driven(rich_market.market(), size=size, options=PLAIN) as screen:
        for digit in DIGITS:
            await screen.press(digit)
            assert screen.text.isascii(), (digit, screen.text)
            assert coloured(screen) == [], digit
            if digit == "4":
                await screen.press("escape")


@pytest.mark.parametrize("keys", SMALL.values(), ids=SMALL)
async def test_what_opens_over_a_screen_is_ascii_too(keys: tuple[str, ...]) -> None:
    async with driven(rich_market.market(), size=(120, 40), options=PLAIN) as screen:
        for key in keys:
            await screen.press(key)
        assert screen.text.isascii(), screen.text


@pytest.mark.parametrize("keys", [("slash",), ("6", "s")], ids=["filter", "question"])
async def test_no_cursor_blinks(keys: tuple[str, ...]) -> None:
    async with driven(rich_market.market()) as screen:
        for key in keys:
            await screen.press(key)
        entries = list(screen.app.screen.query(Input))
        assert entries
        assert not any(entry.cursor_blink for entry in entries)


async def test_behind_a_question_stands_the_screen_it_is_about() -> None:
    async with driven(rich_market.market(), size=(100, 30)) as screen:
        await screen.press("6", "s")
        assert "Silence how long?" in screen.text
        assert "Alerts" in screen.lines[0]
        assert "stale-venue" in screen.text
        faint = screen.app.pens("faint", "table")
        first = next(iter(screen.app.screen._compositor.render_strips()[0]))
        assert first.style == faint


async def test_without_colours_nothing_stands_behind_a_question() -> None:
    async with driven(rich_market.market(), size=(100, 30), options=PLAIN) as screen:
        await screen.press("6", "s")
        assert "Silence how long?" in screen.text
        assert "stale-venue" not in screen.text


Look = list[list[tuple[str, Style | None]]]


def looks(screen: Driven) -> Look:
    """Every cell: its character and its style."""
    strips = screen.app.screen._compositor.render_strips()
    return [[(character, segment.style) for segment in strip for character in segment.text] for strip in strips]


async def frames(screen: Driven, seconds: float) -> list[Look]:
    """What is on the screen at each frame, ten a second, while the market moves and alerts and toasts come."""
    market = screen.market
    assert isinstance(market.clock, FixedClock)
    pictures = []
    for step in range(round(seconds * FRAMES)):
        market.clock.seconds += 1 / FRAMES
        screen.wall.seconds += 1 / FRAMES
        if step % 2:
            market.report(f"alert {step}", Severity.CRITICAL if step % 4 == 1 else Severity.INFO)
            market.counts = Counts(firing=step, pending=step % 3)
        await screen.pilot.pause()
        screen.app.main.tick()
        if step % FRAMES == 0 and screen.app.screen is not screen.app.main:
            # Screens behind the digits follow once a second, by a timer of their own.
            screen.app.screen.tick()  # type: ignore[attr-defined]
        await screen.pilot.pause()
        pictures.append(looks(screen))
    return pictures


def toggles(pictures: list[Look]) -> int:
    """How often the cell that changed its colours most did so: a flash takes two changes, there and back."""
    return max(
        sum(a[y][x][1] != b[y][x][1] for a, b in itertools.pairwise(pictures))
        for y in range(len(pictures[0]))
        for x in range(min(len(picture[y]) for picture in pictures))
    )


@pytest.mark.parametrize("digit", DIGITS)
async def test_no_cell_changes_its_look_more_than_twice_a_second_while_alerts_come(digit: str) -> None:
    assert REFRESH_S >= 1.0
    async with driven(rich_market.market(), size=(120, 40)) as screen:
        await screen.press(digit)
        await frames(screen, 0.5)
        screen.app.say("a message that goes again")
        for _ in range(2):
            assert toggles(await frames(screen, 1.0)) <= 2


@pytest.mark.parametrize("digit", DIGITS)
async def test_without_news_nothing_changes_but_clocks_and_countdowns(digit: str) -> None:
    market = rich_market.market()
    assert isinstance(market.clock, FixedClock)
    async with driven(market, size=(120, 40)) as screen:
        await screen.press(digit)
        await screen.draw(6.0)
        before = looks(screen)
        for _ in range(4):
            market.clock.seconds += 0.25
            await screen.draw(0.25)
            after = looks(screen)
            # Figures may go on, in the same colours.
            assert [[style for _, style in line] for line in after] == [[style for _, style in line] for line in before]


async def test_after_a_long_gap_the_first_frame_says_that_everything_is_old() -> None:
    market = Market(30, clock=FixedClock())
    assert isinstance(market.clock, FixedClock)
    async with driven(market, size=(120, 40)) as screen:
        assert "worst 14s" in screen.lines[0]
        first = market.healths = market.health()
        ages = [line for line in screen.lines if re.search(r"\b0s\b", line)]
        assert ages, screen.text
        # Two hours in which nothing ran: clocks go on, nothing was polled, no table has changed.
        market.clock.seconds += 7200.0
        market.healths = tuple(msgspec.structs.replace(each, age_s=each.age_s + 7200.0) for each in first)
        await screen.draw(7200.0)
        assert "worst 2h" in screen.lines[0]
        assert f"{len(first)} stale" in screen.lines[0]
        assert any(re.search(r"\b2h\b", line) for line in screen.lines[1:]), screen.text
        observed = market.table(Level.INSTRUMENT).columns["observed_ms"]
        assert np.nanmax(observed) < market.clock.utc_ms() - 7_000_000


@pytest.mark.parametrize("digit", DIGITS)
async def test_back_after_a_stop_the_screen_says_at_once_how_old_everything_is(digit: str) -> None:
    market = Market(30, clock=FixedClock())
    assert isinstance(market.clock, FixedClock)
    async with driven(market, size=(120, 40)) as screen:
        await screen.press(digit)
        assert "worst 14s" in screen.lines[0]
        healths = market.health()
        # The process stood still for an hour; no timer of the screen has run since.
        market.clock.seconds += 3600.0
        screen.wall.seconds += 3600.0
        market.healths = tuple(msgspec.structs.replace(each, age_s=each.age_s + 3600.0) for each in healths)
        screen.app.post_message(Driver.SignalResume())
        await screen.pilot.pause()
        assert "worst 1h" in screen.lines[0]
        assert f"{len(healths)} stale" in screen.lines[0]
