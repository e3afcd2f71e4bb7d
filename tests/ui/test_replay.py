"""A replay's keys, and what header, banner and journal say about the record."""

from __future__ import annotations

import msgspec
import pytest

from fundtui.ui.replaying import moment_of
from fundtui.ui.screens.main import PANELS_S, PANELS_WAIT_S
from tests.ui import rich_market
from tests.ui.market import START_MS, Market, Rows
from tests.ui.pilot import driven

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Clock(msgspec.Struct):
    speed: float = 1.0


class Player:
    """A player that notes what is asked of it."""

    def __init__(self) -> None:
        self.first_ms, self.last_ms = START_MS - DAY_MS, START_MS + DAY_MS
        self.clock = Clock()
        self.paused = False
        self.going_ms: int | None = None

    def pause(self, *, paused: bool = True) -> None:
        self.paused = paused

    def set_speed(self, speed: float) -> None:
        self.clock.speed = speed


class Recording(msgspec.Struct, frozen=True):
    value: str


class Kept(msgspec.Struct, frozen=True):
    samples_from_ms: int | None = START_MS - DAY_MS
    size: int = 412_000_000


class State(msgspec.Struct, frozen=True):
    recording: Recording
    text: str = ""
    lost: int = 0
    kept: Kept = Kept()


class Progress(msgspec.Struct, frozen=True):
    done: int
    total: int
    found: int = 0
    failed: int = 0

    @property
    def over(self) -> bool:
        return self.done >= self.total


def replayed() -> Market:
    market = rich_market.market()
    market.mode = "record"
    market.player = Player()
    return market


@pytest.mark.parametrize("digit", ["1", "3", "8"])
async def test_pause_speed_next_and_jump_on_any_screen(digit: str) -> None:
    market = replayed()
    async with driven(market) as screen:
        await screen.press(digit, "p")
        assert market.player.paused
        assert "STOPPED" in screen.lines[0]
        await screen.press("p", "right_curly_bracket", "right_curly_bracket", "left_curly_bracket")
        assert market.player.clock.speed == 2.0
        await screen.draw(1.0)
        assert "PLAYING x2" in screen.lines[0]
        await screen.press("n")
        assert market.gone_to == [-1]
        assert "just before the next entry" in screen.text
        await screen.press("n")
        assert "no later entry" in screen.text
        await screen.press("at", "ctrl+u", *"08:30", "enter")
        assert market.gone_to[-1] == START_MS // DAY_MS * DAY_MS + 8 * HOUR_MS + 30 * 60_000


async def test_the_header_says_where_the_replay_goes_until_it_is_there() -> None:
    market = replayed()
    async with driven(market) as screen:
        market.player.going_ms = START_MS - DAY_MS
        await screen.draw(PANELS_S + PANELS_WAIT_S)
        assert "going to 2026-09-20 " in screen.lines[0]
        assert "PLAYING" not in screen.lines[0]
        market.player.going_ms = None
        await screen.draw(PANELS_S + PANELS_WAIT_S)
        assert "PLAYING" in screen.lines[0]


async def test_a_moment_that_cannot_be_read_is_told() -> None:
    market = replayed()

    async def fails(at_ms: int) -> None:
        raise OSError("live.db is damaged")

    market.go_to = fails  # type: ignore[method-assign]
    async with driven(market) as screen:
        await screen.press("at", "ctrl+u", *"08:30", "enter")
        await screen.draw(PANELS_S + PANELS_WAIT_S)
        assert "live.db is damaged" in screen.text


async def test_a_wrong_time_is_asked_again() -> None:
    market = replayed()
    async with driven(market) as screen:
        await screen.press("at", "ctrl+u", *"soon", "enter")
        assert "a time such as" in screen.text
        assert market.gone_to == []
        await screen.press("escape")
        assert market.gone_to == []


async def test_live_there_is_nothing_to_play() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("n")
        assert "only a replay has this" in screen.text


def test_moments() -> None:
    assert moment_of("2026-09-21 08:00", START_MS) == 1_789_977_600_000
    assert moment_of("2026-09-21T10:00+02:00", START_MS) == 1_789_977_600_000
    with pytest.raises(ValueError, match="such as"):
        moment_of("yesterday", START_MS)


async def test_exchanged_tables_are_followed() -> None:
    market = replayed()
    async with driven(market) as screen:
        others = Market(5, clock=market.clock)
        market.tables = others.tables
        market._members = others._members
        await screen.press("n")
        await screen.draw(2.0)
        assert len(screen.assets) == 5


async def test_back_fill_is_in_the_header_and_in_the_journal() -> None:
    market = rich_market.market()
    market.backfill_progress = Progress(312, 800, found=20_500, failed=3)
    market.record_state = State(Recording("on"))
    async with driven(market, size=(200, 50)) as screen:
        assert "fill 312/800" in screen.lines[0]
        await screen.press("8")
        for text in ("record on  412MB  since 2026-09-20", "keeps samples 30 d  bars 730 d", "settlements for good",
                     "back-fill 312/800, 20,500 found, 3 failed"):  # fmt: skip
            assert text in screen.lines[1] + screen.lines[2]
        market.backfill_progress = Progress(800, 800)
        await screen.draw(PANELS_S + PANELS_WAIT_S)
        assert "fill 800" not in screen.lines[0]


@pytest.mark.parametrize("digit", ["1", "7"])
async def test_a_full_disk_is_a_banner_as_long_as_it_lasts(digit: str) -> None:
    market = rich_market.market()
    market.record_state = State(Recording("paused"), text="disk full: 0 bytes free in /data", lost=7)
    async with driven(market) as screen:
        await screen.press(digit)
        await screen.draw(PANELS_S + PANELS_WAIT_S)
        assert "not recording: disk full: 0 bytes free in /data, 7 polls lost" in screen.lines[1]
        assert "NOT KEPT" in screen.lines[0]
        market.record_state = State(Recording("on"))
        await screen.draw(PANELS_S + PANELS_WAIT_S)
        await screen.draw(PANELS_S + PANELS_WAIT_S)
        assert "not recording" not in screen.text


async def test_older_settlements_of_the_record_page_by_page() -> None:
    market = rich_market.market()
    market.past.kept = True
    older = market.settled[0]._replace(time_ms=START_MS - 20 * HOUR_MS)
    row = rich_market.Kept("okx", "BTC-USDT-SWAP", older.time_ms, 1e-4, 8.0, 2e-6)
    market.past.found = Rows((row,), 5)
    async with driven(market, size=(200, 50)) as screen:
        await screen.press("8", "f", "f", "f")
        await screen.draw()
        # Those that were seen to happen, and those of the last day that the record has.
        assert market.past.asked == [(START_MS + 1 - DAY_MS, START_MS + 1)]
        assert [entry.key.split()[1] for entry in screen.app.screen.list.rows] == ["binance", "okx"]  # type: ignore[attr-defined]
        await screen.press("left_square_bracket")
        await screen.draw()
        assert market.past.asked[-1] == (older.time_ms - DAY_MS, older.time_ms)
        assert "record before" in screen.lines[0]
        assert "1 of 5" in screen.lines[0]
        await screen.press("right_square_bracket")
        await screen.draw()
        assert "settlement" in screen.lines[0]
        assert market.past.asked[-1] == (START_MS + 1 - DAY_MS, START_MS + 1)


async def test_without_a_record_there_are_no_older_ones() -> None:
    async with driven(rich_market.market()) as screen:
        await screen.press("8", "left_square_bracket")
        assert "nothing is kept here" in screen.text


async def test_a_record_that_cannot_be_read_says_why() -> None:
    market = rich_market.market()
    market.past.kept, market.past.found, market.settled = True, Rows(problem="state.db is damaged"), []
    async with driven(market) as screen:
        await screen.press("8", "left_square_bracket")
        await screen.draw()
        assert "state.db is damaged" in screen.text
