"""Thirty hostile texts in every place of every screen and of everything that opens over them."""

from __future__ import annotations

import base64
import json
import re

import msgspec
import pytest
from textual.screen import ModalScreen

from fundtui.config.schema import Watchlist
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.settled_log import SettledEntry
from fundtui.text import clean
from fundtui.ui.screens.registry import PLACES
from tests.ui import rich_market
from tests.ui.hostile import HOSTILE
from tests.ui.market import START_MS, FixedClock, Market, Rows
from tests.ui.pilot import Driven, driven
from tests.ui.test_injection import check

HOUR_MS = 3_600_000
KEYS = ("x", "enter")


class Recording(msgspec.Struct, frozen=True):
    value: str = "paused"


class Kept(msgspec.Struct, frozen=True):
    samples_from_ms: int | None = None
    size: int = 0


class State(msgspec.Struct, frozen=True):
    text: str
    recording: Recording = Recording()
    lost: int = 1
    kept: Kept = Kept()


def hostile(text: str) -> Market:
    """A market in which everything that came from outside is this text."""
    settings = rich_market.settings(watchlists={"w": Watchlist(assets=("BTC",))})
    made = Market(6, clock=FixedClock(), settings=settings, names=("BTC", text, "ETH", "WIF", "INJ"))
    rich_market.say_everywhere(made, text)
    rich_market.positions(made)
    made.explained = text
    made.alert_problem = text
    made.record_state = State(text)
    made.settled = [SettledEntry(f"{text} {text}", START_MS - HOUR_MS, 1e-5, 8.0, 1e-6, 1e-6), *made.settled]
    made.past.kept, made.past.found = (
        True,
        Rows((rich_market.Kept(text, text, START_MS - 2 * HOUR_MS, 1e-5, 8.0, 1e-6),), 9),
    )
    leaves, assets = made.table(Level.INSTRUMENT), made.table(Level.ASSET)
    for leaf in made.instrument_rows(1).tolist():
        for key in ("venue", "symbol", "asset", "status"):
            made.put(leaves, leaf, key, text)
        leaves.columns["next_funding_ms"][leaf] = START_MS + HOUR_MS / 2
    for key in ("long", "short", "low_flag", "high_flag", "consensus_flag"):
        made.put(assets, 1, key, text)
    pairs = made.table(Level.PAIR)
    for key in ("asset", "short", "long", "short_symbol", "long_symbol", "exit_condition", "size_limit"):
        made.put(pairs, 0, key, text)
    made.report(text)
    return made


def copied_safely(screen: Driven) -> None:
    """What went to the clipboard is JSON: a terminal that shows it shows escapes as text."""
    for written in (screen.app.clipboard,):
        if written:
            json.loads(written)
            assert base64.b64encode(written.encode()).isascii()
            assert not re.search(r"[\x00-\x1f\x7f-\x9f]", written)


async def to_main(screen: Driven) -> None:
    while isinstance(screen.app.screen, ModalScreen):
        await screen.press("escape")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_every_screen_and_what_opens_over_it(text: str) -> None:
    async with driven(hostile(text), size=(120, 40)) as screen:
        for place in PLACES:
            await screen.press(place.digit, "j", "l")
            check(screen)
            for key in KEYS:
                await screen.press(key)
                check(screen)
                await screen.press("y")
                check(screen)
                copied_safely(screen)
                await to_main(screen)
                await screen.press(place.digit)
        assert screen.app.return_code in (0, None)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_palette_toast_footer_header_prompt_and_narrow_panes(text: str) -> None:
    async with driven(hostile(text), size=(120, 40)) as screen:
        screen.app.notify(clean(text) or "-", title=clean(text), markup=False)
        await screen.draw()
        check(screen)
        screen.app.main.say(text)
        await screen.draw()
        check(screen)
        await screen.press("colon")
        await screen.pilot.pause()
        check(screen)
        await screen.press("escape", "question_mark")
        check(screen)
        await screen.press("escape", "slash")
        screen.app.main.prompt._input.value = clean(text)  # type: ignore[union-attr]
        await screen.draw()
        check(screen)
        await screen.press("escape")
        await screen.pilot.resize_terminal(40, 12)
        for place in PLACES:
            await to_main(screen)
            await screen.press(place.digit)
            await screen.draw(1.0)
            check(screen)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_in_every_lens_and_the_older_settlements(text: str) -> None:
    async with driven(hostile(text), size=(200, 50)) as screen:
        for digit in ("1", "2", "5", "9"):
            await screen.press(digit, "e")
            check(screen)
        await screen.press("8", "left_square_bracket")
        await screen.draw(1.0)
        check(screen)
