"""Hostile names change nothing but their own cell, wherever they are shown."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from fundtui.imbalance.catalogue import Level
from fundtui.ui.safety import ScreenGuard
from fundtui.ui.scrub import scrub
from tests.ui.hostile import HOSTILE
from tests.ui.market import NAMES, FixedClock, Market
from tests.ui.pilot import Driven, driven

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Mc", "Zl", "Zp"}


def harmless(text: str) -> bool:
    return not any(unicodedata.category(character) in FORBIDDEN for character in text)


@pytest.mark.parametrize("text", HOSTILE)
def test_guarded_text_is_harmless_and_as_wide_as_it_was(text: str) -> None:
    (segment,) = ScreenGuard().apply([Segment(text)], Color(0, 0, 0))
    assert harmless(scrub(text))
    assert harmless(segment.text)
    assert cell_len(segment.text) == cell_len(text)


def test_the_guard_cleans_segments_and_removes_links() -> None:
    segments = [Segment("\x1b]52;c;x\x07", Style(link="http://evil.example")), Segment("", None, [(1, 2)])]  # type: ignore[list-item]
    cleaned = ScreenGuard().apply(segments, Color(0, 0, 0))
    assert all(harmless(segment.text) for segment in cleaned)
    assert all(segment.style is None or segment.style.link is None for segment in cleaned)


def hostile_market() -> Market:
    """Names of assets, venues, symbols, reasons, events and watchlists are all hostile."""
    market = Market(len(HOSTILE), clock=FixedClock(), names=HOSTILE)
    leaves = market.table(Level.INSTRUMENT)
    for row, text in enumerate(HOSTILE):
        market.exclude(row, text)
        for leaf in market.instrument_rows(row).tolist():
            market.put(leaves, leaf, "venue", text)
            market.put(leaves, leaf, "symbol", text)
        table = market.table(Level.ASSET)
        for key in ("long", "short", "low_flag", "high_flag", "consensus_flag"):
            market.put(table, row, key, text)
        table.columns["spread"][row] = (len(HOSTILE) - row) / 8760
        market.report(text)
    return market


def check(screen: Driven) -> None:
    for strip in screen.app.screen._compositor.render_strips():
        assert harmless(strip.text)
        assert strip.cell_length == screen.app.size.width
        assert all(segment.style is None or segment.style.link is None for segment in strip)
        assert all(segment.style is None or not segment.style.meta.get("@click") for segment in strip)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50), (40, 12)])
async def test_every_place_of_the_main_screen(size: tuple[int, int]) -> None:
    async with driven(hostile_market(), size=size) as screen:
        check(screen)
        for _ in HOSTILE:
            await screen.press("j")
            await screen.draw(1.0)
            check(screen)


@pytest.mark.parametrize("key", ["enter", "x", "question_mark", "colon", "y", "slash"])
async def test_what_opens_over_it(key: str) -> None:
    async with driven(hostile_market()) as screen:
        for _ in range(len(HOSTILE)):
            await screen.press(key)
            await screen.pilot.pause()
            check(screen)
            await screen.press("escape", "j")
        assert screen.app.return_code in (0, None)


async def test_a_hostile_name_changes_only_its_own_line() -> None:
    calm = Market(10, clock=FixedClock())
    angry = Market(10, clock=FixedClock(), names=("BTC", "ETH", "\x1b[2J\x1b]0;x\x07[/]", *NAMES[3:]))
    for market in (calm, angry):
        columns = market.table(Level.ASSET).columns
        columns["spread"][:10] = np.arange(10, 0, -1) / 8760
    async with driven(calm) as first:
        expected = first.lines
    async with driven(angry) as second:
        shown = second.lines
    differing = [y for y, (one, other) in enumerate(zip(expected, shown, strict=True)) if one != other]
    assert differing == [4]


def test_no_control_byte_leaves_the_program() -> None:
    from tests.pty.terminal import Terminal, python

    with Terminal(python("tests/pty/app.py", "hostile"), 120, 40) as terminal:
        terminal.wait_for("spread▾")
        for _ in range(len(HOSTILE)):
            terminal.send("j")
            terminal.until(lambda: False, 0.05)
        for keys in ("\r", "\x1b", "x", "\x1b", "?", "\x1b"):
            terminal.send(keys)
            terminal.until(lambda: False, 0.4)
        before_end = bytes(terminal.raw)
        terminal.send("q")
        assert terminal.end(3.0) == 0
    text = before_end.decode()
    sent = re.sub(r"\x1b\[[0-9;?<>=$]*[a-zA-Z]|\x1b\[\?2026\$p|\x1b\[\?2048\$p", "", text)
    # The terminal is asked whether it shows notices (OSC 99), and told its pointer's shape (OSC 22).
    sent = sent.replace("\x1b]99;i=fundtui:p=?;\x1b\\", "")
    sent = re.sub(r"\x1b\]22;default\x1b\\|\x1b\]22;[a-z]+\x07", "", sent)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", sent)
    # Cleared once at the start, and at each redraw that was asked for; never by a name.
    assert text.count("\x1b[2J") <= 2
