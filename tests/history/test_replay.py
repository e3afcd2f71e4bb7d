"""The recorded past: the same figures as were live, nothing before its time, and the keys of a player."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fundtui.clock import LoopClock, SystemClock
from fundtui.history.database import StoreProblem
from fundtui.history.figures import Shelf
from fundtui.history.player import Player, Stage
from fundtui.history.replay import ReplayClock
from fundtui.history.sqlite_store import SqliteStore
from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import Level
from fundtui.market import Averaging, Batch, Family, FundingRule, PremiumSamples, Quote
from fundtui.simulation.loop import run_virtual
from fundtui.status import Event, EventKind
from fundtui.text import clean
from tests.history.market import ALPHA, BETA, HOUR_MS, START_MS, batch, contract

MINUTE = 60_000
POLLS = 240


def figures(calculator: Calculator, level: Level) -> dict[str, dict[str, float]]:
    """Metric -> row's name -> value."""
    table = calculator.tables[level]
    return {
        key: {name: float(column[row]) for name, row in table.index.items()} for key, column in table.columns.items()
    }


async def at_once(call: Callable[[], Stage]) -> Stage:
    """Virtual time does not wait for threads."""
    return call()


@pytest.fixture
def record(tmp_path: Path) -> tuple[Path, dict[int, Calculator]]:
    """A recorded afternoon, and the calculators that were live at three moments of it."""
    store = SqliteStore(tmp_path, now_ms=START_MS)
    live: dict[int, Calculator] = {}
    for moment in (50, 120, 200):
        calculator = live[START_MS + moment * MINUTE + 500] = Calculator()
        for step in range(moment + 1):
            for one in (batch(START_MS + step * MINUTE), batch(START_MS + step * MINUTE + 300, BETA)):
                calculator.apply(one, one.observed_ms)
        calculator.tick(START_MS + moment * MINUTE + 500)
    for step in range(POLLS):
        store.append([batch(START_MS + step * MINUTE, ALPHA), batch(START_MS + step * MINUTE + 300, BETA)])
    store.note(
        [
            Event(time_ms=START_MS + minute * MINUTE, kind=EventKind.LISTED, text=clean(f"minute {minute}"))
            for minute in (10, 100, 150)
        ]
    )
    store.close()
    return tmp_path, live


def test_figures_are_those_that_were_live(record: tuple[Path, dict[int, Calculator]]) -> None:
    folder, live = record

    async def play() -> None:
        player = Player(folder, Calculator, at_ms=START_MS + MINUTE, base=LoopClock(0), blocking=at_once)
        player.pause()
        for at_ms, calculator in live.items():
            scene = await player.go_to(at_ms)
            assert scene is not None
            for level in (Level.INSTRUMENT, Level.ASSET):
                was, now = figures(calculator, level), figures(scene.calculator, level)
                for key in ("rate", "apr", "price", "basis", "age", "next", "oi_usd", "consensus", "spread"):
                    if key in was:
                        np.testing.assert_array_equal(
                            [was[key][name] for name in sorted(was[key])],
                            [now[key][name] for name in sorted(now[key])],
                            err_msg=key,
                        )
        player.close()

    run_virtual(play())


def test_polls_and_entries_come_in_their_time(record: tuple[Path, dict[int, Calculator]]) -> None:
    folder, _ = record

    async def play() -> None:
        base = LoopClock(0)
        player = Player(folder, Calculator, at_ms=START_MS + 95 * MINUTE, speed=60.0, base=base, blocking=at_once)
        scene = player.scene()
        assert [one.text for one in scene.events] == ["minute 10"]
        polls: list[Batch] = []
        told: list[str] = []
        feed = player.feed(polls.append, lambda event: told.append(event.text))
        feed.start()
        await base.sleep(4.01)
        assert player.clock.utc_ms() == START_MS + 99 * MINUTE + 600
        assert {one.observed_ms for one in polls if one.venue == "alpha"} == {
            START_MS + minute * MINUTE for minute in range(96, 100)
        }
        assert told == []
        player.pause()
        seen = len(polls)
        await base.sleep(1000.0)
        assert (len(polls), told) == (seen, [])
        player.pause(paused=False)
        await base.sleep(2.0)
        assert told == ["minute 100"]
        at_ms = player.next_event_ms()
        assert at_ms == START_MS + 150 * MINUTE - 2000
        there = await player.go_to(at_ms)
        assert there is not None
        assert [one.text for one in there.events] == ["minute 10", "minute 100"]
        polls.clear()
        await base.sleep(0.1)
        assert told == ["minute 100", "minute 150"]
        assert {one.observed_ms for one in polls} == {START_MS + 150 * MINUTE, START_MS + 150 * MINUTE + 300}
        there = await player.go_to(START_MS + 20 * MINUTE)
        assert there is not None
        assert [one.text for one in there.events] == ["minute 10"]
        await player.go_to(START_MS + 10_000 * MINUTE)
        assert player.clock.utc_ms() == player.last_ms
        await base.sleep(5.0)
        assert feed.ended
        await feed.stop()
        player.close()

    run_virtual(play())


def test_a_clock_of_the_past_can_be_paused_sped_up_and_set() -> None:
    async def play() -> None:
        base = LoopClock(0)
        clock = ReplayClock(1_000_000, speed=10.0, base=base)
        await base.sleep(1.0)
        assert clock.utc_ms() == 1_010_000
        before = clock.monotonic()
        clock.set(5_000_000)
        assert (clock.utc_ms(), clock.monotonic()) == (5_000_000, before)
        clock.pause()
        await base.sleep(50.0)
        assert clock.utc_ms() == 5_000_000
        clock.set_speed(2.0)
        clock.pause(paused=False)
        start = base.monotonic()
        await clock.sleep(20.0)
        assert base.monotonic() - start == pytest.approx(10.0)

    run_virtual(play())


def test_an_empty_record_says_so(tmp_path: Path) -> None:
    SqliteStore(tmp_path, now_ms=START_MS).close()
    with pytest.raises(StoreProblem, match="no polls are kept"):
        Player(tmp_path, Calculator, base=LoopClock(0))


def test_without_a_snapshot_figures_are_said_to_warm_up(record: tuple[Path, dict[int, Calculator]]) -> None:
    folder, live = record
    taken_ms = START_MS + 120 * MINUTE + 500
    Shelf(folder).save(taken_ms, live[taken_ms].export_state())

    async def play() -> None:
        base = LoopClock(0)
        player = Player(folder, Calculator, at_ms=START_MS + 60 * MINUTE, speed=60.0, base=base, blocking=at_once)
        player.scene()
        assert (player.warming, player.mode) == (True, "record, warming up")
        await base.sleep(60.0)
        assert not player.can_be_exact()
        await base.sleep(1.0)
        assert player.can_be_exact()
        scene = await player.go_to(player.clock.utc_ms())
        assert scene is not None
        assert (player.warming, player.mode) == (False, "record")
        assert not player.can_be_exact()
        assert scene.calculator.instruments.count == 4
        # A snapshot that cannot be read is tried once, not every second.
        (path,) = folder.glob("figures-*.bin")
        path.write_bytes(b"nothing")
        await player.go_to(START_MS + 60 * MINUTE)
        await base.sleep(61.0)
        assert player.can_be_exact()
        await player.go_to(player.clock.utc_ms())
        assert player.warming
        assert not player.can_be_exact()
        player.close()

    run_virtual(play())


async def test_another_moment_is_made_ready_beside_the_event_loop(record: tuple[Path, dict[int, Calculator]]) -> None:
    folder, _ = record
    go = threading.Event()
    makers: list[str] = []

    def make() -> Calculator:
        makers.append(threading.current_thread().name)
        assert go.wait(30)
        return Calculator()

    player = Player(folder, make, at_ms=START_MS + 10 * MINUTE, speed=1000.0, base=SystemClock())

    def going() -> int | None:
        return player.going_ms

    first = asyncio.create_task(player.go_to(START_MS + 60 * MINUTE))
    while not makers:
        await asyncio.sleep(0)
    # The loop goes on, says where it goes, and time stands still so that nothing of the old moment happens.
    assert going() == START_MS + 60 * MINUTE
    held_ms = player.clock.utc_ms()
    second = asyncio.create_task(player.go_to(START_MS + 120 * MINUTE))
    while len(makers) < 2:
        await asyncio.sleep(0)
    assert going() == START_MS + 120 * MINUTE
    assert player.clock.utc_ms() == held_ms
    assert not player.paused
    go.set()
    found = await asyncio.gather(first, second)
    # The newest wish counts.
    assert found[0] is None
    assert found[1] is not None
    assert going() is None
    assert player.clock.utc_ms() >= START_MS + 120 * MINUTE
    assert threading.current_thread().name not in makers
    assert player.next_event_ms() == START_MS + 150 * MINUTE - 2000
    player.close()


async def test_a_moment_that_cannot_be_read_leaves_the_replay_where_it_was(
    record: tuple[Path, dict[int, Calculator]], tmp_path: Path
) -> None:
    folder, _ = record
    player = Player(folder, Calculator, at_ms=START_MS + 10 * MINUTE, base=SystemClock())
    player.scene()
    player.pause()
    (folder / "live.db").unlink()
    with pytest.raises(OSError, match=r"live\.db"):
        await player.go_to(START_MS + 60 * MINUTE)
    assert player.going_ms is None
    assert player.clock.utc_ms() < START_MS + 11 * MINUTE
    player.close()


def test_figures_of_another_format_are_said_not_to_be_taken_over(record: tuple[Path, dict[int, Calculator]]) -> None:
    folder, live = record
    at_ms, calculator = next(iter(live.items()))
    for wrong in (
        calculator.export_state() | {"format": np.array([99])},
        {"format": calculator.export_state()["format"], "instruments": np.array(["alpha BTCUSDT"])},
        {"something": np.array([1.0])},
    ):
        Shelf(folder).save(at_ms - 10_000, wrong)
        player = Player(folder, Calculator, at_ms=at_ms, base=LoopClock(0), blocking=at_once)
        scene = player.scene()
        assert player.mode == "record, warming up"
        said = [event for event in scene.events if event.kind is EventKind.RECORD]
        assert [str(event.text) for event in said] == [
            "Figures kept by another version of fundtui are not taken over: statistics are made anew"
        ]
        shown = figures(scene.calculator, Level.INSTRUMENT)["rate"]
        assert shown == figures(calculator, Level.INSTRUMENT)["rate"]
        player.close()


def test_samples_that_came_with_a_poll_give_the_same_figures_again(tmp_path: Path) -> None:
    """Live, recorded and replayed from before, across and after the poll that brought them: the same bits."""
    rule = FundingRule(family=Family.NORMALISED, interest_8h=1e-4, damper=5e-4, averaging=Averaging.LINEAR)
    eight = contract("alpha", "BTCUSDT", rule=rule)
    first = START_MS + 200 * MINUTE
    told = PremiumSamples(
        "BTCUSDT",
        tuple(START_MS + minute * MINUTE for minute in range(202)),
        tuple((1e-4 * np.sin(np.arange(202) / 7.0)).tolist()),
    )
    polls = []
    for step in range(30):
        at_ms = first + step * MINUTE
        quoted = Quote(eight, at_ms, 1e-4, START_MS + 8 * HOUR_MS, 100.01, 100.0, premium=1e-4)
        with_it = (told,) if step == 2 else ()
        polls.append(Batch(venue="alpha", observed_ms=at_ms, quotes=(quoted,), premiums=with_it))
    live = Calculator()
    store = SqliteStore(tmp_path, now_ms=first)
    for one in polls:
        store.append([one])
        live.apply(one, one.observed_ms)
        if one is polls[10]:
            Shelf(tmp_path).save(one.observed_ms + 1, live.export_state())
    assert list(map(repr, store.polls(0))) == list(map(repr, polls))
    store.close()
    end_ms = polls[-1].observed_ms
    live.tick(end_ms)
    assert live.instruments.text("average_start", 0) == "back-filled"
    assert float(live.instruments.columns["coverage"][0]) > 0.999

    async def play() -> None:
        # Begun before the samples came, and played on across them.
        base = LoopClock(0)
        player = Player(tmp_path, Calculator, at_ms=first + MINUTE, speed=60.0, base=base, blocking=at_once)
        across = player.scene().calculator
        assert across.instruments.text("average_start", 0) == "partial"
        feed = player.feed(lambda batch: (across.apply(batch, batch.observed_ms), None)[1], lambda event: None)
        feed.start()
        await base.sleep(60.0)
        across.tick(end_ms)
        await feed.stop()
        # From the snapshot after them, and at the snapshot's own moment.
        after = await player.go_to(end_ms)
        assert after is not None
        for replayed in (across, after.calculator):
            for key in ("premium_average", "coverage", "theory", "band_lo", "band_hi", "divergence", "average_start"):
                np.testing.assert_array_equal(replayed.instruments.columns[key][:1], live.instruments.columns[key][:1])
        player.close()

    run_virtual(play())
