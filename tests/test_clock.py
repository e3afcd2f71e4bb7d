"""Clocks: a scaled one runs as many times faster, a loop's stands still outside the loop."""

from __future__ import annotations

import asyncio

import pytest

from fundtui.clock import LoopClock, ScaledClock, SystemClock
from fundtui.simulation.loop import run_virtual


def test_a_scaled_clock_counts_its_own_seconds() -> None:
    async def run() -> tuple[float, int, float]:
        base = LoopClock(0)
        clock = ScaledClock(1_000_000, speed=60.0, base=base)
        await clock.sleep(120)
        return clock.monotonic(), clock.utc_ms(), base.monotonic()

    monotonic, utc_ms, real = run_virtual(run())
    assert monotonic == pytest.approx(120.0)
    assert utc_ms == 1_120_000
    assert real == pytest.approx(2.0)


def test_its_deadlines_are_in_its_own_seconds() -> None:
    async def run() -> float:
        clock = ScaledClock(0, speed=10.0, base=LoopClock(0))
        with pytest.raises(TimeoutError):
            async with clock.timeout(30):
                await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run_virtual(run()) == pytest.approx(3.0)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        ScaledClock(0, speed)


def test_a_loop_clock_stands_still_when_its_loop_has_ended() -> None:
    clock = LoopClock(5_000)

    async def run() -> None:
        await asyncio.sleep(7)
        assert clock.monotonic() == 7.0

    run_virtual(run())
    assert clock.monotonic() == 7.0
    assert clock.utc_ms() == 12_000


def test_the_system_clock_moves_forward() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.utc_ms() > 1_700_000_000_000
