"""Processes on one host share one budget per venue, and a restart does not make a new one."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
from pathlib import Path

import pytest

from fundtui.budgets import LOCK, NAME, BudgetFile, added
from fundtui.clock import LoopClock
from fundtui.polling.fleet import Fleet
from fundtui.polling.limiter import LimiterState, Use
from fundtui.simulation.loop import run_virtual
from fundtui.venues.spec import Budget
from tests.polling.toys import RATES_ENDPOINT, START_MS, Network, toy_venue

NOW_MS = START_MS


def use(drained_ms: int = 0, taken_ms: int = 0, held_until_ms: int = 0) -> Use:
    return Use(LimiterState(drained_ms, held_until_ms), taken_ms)


def test_what_each_has_taken_is_added_up(tmp_path: Path) -> None:
    mine, yours = BudgetFile(tmp_path), BudgetFile(tmp_path)
    first = mine.exchange({"okx": use(NOW_MS + 4000, 4000)}, NOW_MS)
    assert first == {"okx": LimiterState(NOW_MS + 4000)}
    second = yours.exchange({"okx": use(NOW_MS + 4000, 4000)}, NOW_MS)
    assert second == {"okx": LimiterState(NOW_MS + 8000)}
    # Ten seconds later all of it has drained.
    assert mine.exchange({"okx": use()}, NOW_MS + 10_000) == {"okx": LimiterState(NOW_MS + 10_000)}


def test_the_later_hold_and_the_venues_own_count_win() -> None:
    kept = {"a": LimiterState(NOW_MS + 100, 7)}
    assert added(kept, {"a": use(NOW_MS + 900, 50, 8)}, NOW_MS) == {"a": LimiterState(NOW_MS + 900, 8)}
    assert added(kept, {"a": use(0, 50, 6)}, NOW_MS) == {"a": LimiterState(NOW_MS + 150, 7)}


def test_a_time_from_a_broken_clock_does_not_count() -> None:
    kept = {"a": LimiterState(NOW_MS + 10**12)}
    assert added(kept, {"a": use(NOW_MS + 5)}, NOW_MS) == {"a": LimiterState(NOW_MS + 5)}


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 3}', b"\xff\xfe", b"[]", b'{"a": {"drained_ms": "x"}}'])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert BudgetFile(tmp_path).exchange({"a": use(NOW_MS + 3)}, NOW_MS) == {"a": LimiterState(NOW_MS + 3)}


def test_nobody_waits_for_the_file(tmp_path: Path) -> None:
    handle = os.open(tmp_path / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        assert BudgetFile(tmp_path).exchange({"a": use()}, NOW_MS) is None
        assert not (tmp_path / NAME).exists()
    finally:
        os.close(handle)


def test_without_a_folder_everybody_has_a_budget_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    assert BudgetFile(file / "below").exchange({"a": use()}, NOW_MS) is None


def requests_in_a_minute(processes: int, folder: Path | None) -> int:
    """How many requests of one venue several fleets send within the busiest minute of five, asked twice a second."""

    async def main() -> int:
        clock = LoopClock(START_MS)
        network = Network(clock)
        venue = toy_venue(endpoints=[RATES_ENDPOINT], budget=Budget(capacity=40, window_s=60))
        fleets = [
            Fleet(
                [venue],
                clock,
                random.Random(seed),
                network,
                lambda batch: None,
                poll_s={"toy": 5.0},
                shared=BudgetFile(folder) if folder is not None else None,
            )
            for seed in range(processes)
        ]
        for fleet in fleets:
            fleet.start()
            await asyncio.sleep(1.7)
        await asyncio.sleep(300)
        for fleet in fleets:
            await fleet.stop()
        times = network.times()
        return max(sum(at <= other < at + 60 for other in times) for at in times)

    return run_virtual(main())


def test_five_processes_stay_within_one_budget(tmp_path: Path) -> None:
    """Half of forty a minute is allowed. Alone each asks twelve times; five of them would ask sixty times."""
    assert requests_in_a_minute(5, None) > 40
    assert requests_in_a_minute(5, tmp_path) <= 22


def test_a_restart_goes_on_with_the_budget_of_the_run_before(tmp_path: Path) -> None:
    """A program started every five seconds, as by a careless cron line."""

    async def main() -> int:
        clock = LoopClock(START_MS)
        network = Network(clock)
        venue = toy_venue(endpoints=[RATES_ENDPOINT], budget=Budget(capacity=10, window_s=60))
        for _ in range(60):
            fleet = Fleet([venue], clock, random.Random(1), network, lambda batch: None, shared=BudgetFile(tmp_path))
            fleet.start()
            await asyncio.sleep(5)
            await fleet.stop()
        times = network.times()
        return max(sum(at <= other < at + 60 for other in times) for at in times)

    assert run_virtual(main()) <= 5
