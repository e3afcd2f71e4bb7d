"""How settled rates of the past are handed to the figures while they come in."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from fundtui.clock import LoopClock
from fundtui.history.settled import AT_ONCE, MOST_WAITING, SettledStream
from fundtui.market import Instrument, Settlement
from fundtui.simulation.loop import run_virtual
from fundtui.units import HOUR_MS

START_MS = 1_800_000_000_000 // HOUR_MS * HOUR_MS


def contract(number: int) -> Instrument:
    return Instrument(venue="a", symbol=f"C{number}", asset=f"C{number}", quote="USDT", settle="USDT")


def settled(number: int, count: int) -> list[Settlement]:
    return [
        Settlement(venue="a", symbol=f"C{number}", time_ms=START_MS + hour * HOUR_MS, rate=1e-4, interval_h=1.0)
        for hour in range(count)
    ]


class Figures:
    """Takes what is handed on."""

    def __init__(self) -> None:
        self.taken: list[Settlement] = []
        self.anew: list[tuple[str, str]] = []
        self.largest = 0

    def take(self, settled: Sequence[Settlement], anew: Collection[tuple[str, str]]) -> None:
        self.taken.extend(settled)
        self.anew.extend(anew)
        self.largest = max(self.largest, len(settled))


def test_much_of_it_is_handed_on_at_once_and_little_of_it_when_its_time_has_come() -> None:
    figures = Figures()

    async def main() -> tuple[int, int, int]:
        stream = SettledStream(figures.take, LoopClock(START_MS))
        running = asyncio.get_running_loop().create_task(stream.run())
        for number in range(MOST_WAITING // 500):
            stream.add(contract(number), settled(number, 500), anew=True)
        await asyncio.sleep(1.0)
        at_once = len(figures.taken)
        stream.add(contract(-1), settled(-1, 3), anew=True)
        await asyncio.sleep(1.0)
        soon = len(figures.taken)
        await asyncio.sleep(60.0)
        running.cancel()
        return at_once, soon, len(figures.taken)

    assert run_virtual(main()) == (MOST_WAITING, MOST_WAITING, MOST_WAITING + 3)
    assert figures.largest <= AT_ONCE
    assert len(set(figures.anew)) == len(figures.anew) == MOST_WAITING // 500 + 1


def test_the_end_hands_on_what_is_left_and_waits_for_a_hand_over_that_runs() -> None:
    figures = Figures()

    async def main() -> None:
        stream = SettledStream(figures.take, LoopClock(START_MS))
        running = asyncio.get_running_loop().create_task(stream.run())
        for number in range(MOST_WAITING // 500):
            stream.add(contract(number), settled(number, 500), anew=False)
        for _ in range(5):
            await asyncio.sleep(0)
        assert 0 < len(figures.taken) < MOST_WAITING
        stream.add(contract(-1), settled(-1, 3), anew=False)
        stream.end()
        await running

    run_virtual(main())
    assert len(figures.taken) == MOST_WAITING + 3
