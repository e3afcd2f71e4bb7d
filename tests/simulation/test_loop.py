"""Virtual time: it jumps, it keeps order, and it says so when nothing can happen any more."""

import asyncio
import time

import pytest

from fundtui.simulation.loop import Stuck, run_virtual


def test_an_hour_passes_at_once_and_exactly() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    started = time.perf_counter()
    assert run_virtual(main()) == 3600.0
    assert time.perf_counter() - started < 1.0


def test_timers_fire_in_their_order_with_their_times() -> None:
    fired: list[tuple[float, str]] = []

    async def after(seconds: float, name: str) -> None:
        await asyncio.sleep(seconds)
        fired.append((asyncio.get_running_loop().time(), name))

    async def main() -> None:
        await asyncio.gather(after(5, "late"), after(0.1, "early"), after(2.5, "middle"))

    run_virtual(main())
    assert fired == [(0.1, "early"), (2.5, "middle"), (5.0, "late")]


def test_timeouts_run_in_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 30.0


def test_waiting_for_nothing_is_an_error_and_no_hang() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck):
        run_virtual(main())
