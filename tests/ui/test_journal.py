"""The screen of the journal."""

from __future__ import annotations

from fundtui.status import EventKind
from fundtui.ui.screens.journal import GROUPS
from tests.ui import rich_market
from tests.ui.market import START_MS
from tests.ui.pilot import Driven, driven


def entries(screen: Driven) -> list[str]:
    return [row.kind for row in screen.app.screen.list.rows]  # type: ignore[attr-defined]


def test_every_kind_belongs_to_a_group() -> None:
    assert set(GROUPS) == set(EventKind)


async def test_newest_first_with_the_settlement_among_them() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("8")
        # Events 1 minute, 1 hour, 2 hours ago; BTC settled 8 h before 14:13:20, that is at 06:13.
        assert entries(screen) == ["venue recovered", "interval changed", "venue down", "settled"]
        assert screen.lines[3].split()[:2] == ["▌", "14:12:20"]
        settled = next(line for line in screen.lines if "settled" in line)
        assert "06:13:20" in settled


async def test_a_settlement_tells_what_was_paid_and_the_surprise() -> None:
    async with driven(rich_market.market(), size=(200, 50)) as screen:
        await screen.press("8")
        line = next(line for line in screen.lines if "settled" in line)
        # Paid 16 bp per 8 h: 2 bp an hour, 175.2 % a year. Surprise 0.1 bp an hour.
        assert "paid +175.2%, +8.8% to announced" in line
        await screen.press("b", "b")
        line = next(line for line in screen.lines if "settled" in line)
        assert "paid +16.00, +0.80 to announced" in line


async def test_a_settlement_that_came_as_announced_says_so() -> None:
    market = rich_market.market()
    market.settled = [market.settled[0]._replace(surprise=0.0)]
    async with driven(market, size=(200, 50)) as screen:
        await screen.press("8")
        assert "paid +175.2%, as announced" in screen.text


async def test_severity_has_a_mark_beside_its_colour() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("8")
        marks = {line[2:].split()[0]: line[14:16].strip() for line in screen.lines[3:6]}
        assert marks == {"14:12:20": "", "13:13:20": "!", "12:13:20": "!!"}


async def test_groups_in_turn_and_backwards() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("8", "f")
        assert "contract" in screen.lines[0]
        assert entries(screen) == ["interval changed"]
        await screen.press("f")
        assert entries(screen) == ["venue recovered", "venue down"]
        await screen.press("f")
        assert entries(screen) == ["settled"]
        await screen.press("f")
        assert "no market yet" in screen.text
        await screen.press("F", "F", "F", "F")
        assert "all kinds" in screen.lines[0]
        assert len(entries(screen)) == 4


async def test_filter_by_kind_venue_and_asset() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("8")
        for typed, expected in (
            ("kind:interval", ["interval changed"]), ("venue:okx", ["venue recovered", "venue down"]),
            ("asset:btc", ["settled"]), ("group:incident !recovered", ["venue down"]),
        ):  # fmt: skip
            await screen.press("slash", "ctrl+u", *typed, "enter")
            assert entries(screen) == expected


async def test_the_detail_tells_before_and_after() -> None:
    async with driven(rich_market.market(), size=(80, 24)) as screen:
        await screen.press("8", "j", "enter")
        assert "8h → 1h" in screen.text
        assert "2026-09-21 13:13:20 UTC, 1h ago" in screen.text


async def test_an_event_that_comes_while_one_reads_does_not_move_the_cursor() -> None:
    market = rich_market.market()
    async with driven(market) as screen:
        await screen.press("8", "j")
        market.report("gate recovered")
        await screen.draw(5.0)
        rows = screen.app.screen.list  # type: ignore[attr-defined]
        assert rows.row.kind == "interval changed"
        assert rows.cursor == 2
        assert rows.row.time_ms == START_MS - 3_600_000
