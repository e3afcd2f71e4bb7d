"""The limiter never lets more than its share through in any window, whatever is asked and told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundtui.clock import LoopClock
from fundtui.polling.limiter import Limiter, LimiterState, TooHeavy
from fundtui.simulation.loop import run_virtual
from fundtui.venues.spec import Budget

BUDGET = Budget(capacity=120, window_s=60, used_header="X-Used", remaining_header="X-Left")


def heaviest_window(taken: Sequence[tuple[float, float]], window_s: float) -> float:
    """The most weight within any window: it is enough to look at windows that begin with a request."""
    return max(sum(weight for at, weight in taken if start <= at < start + window_s - 1e-6) for start, _ in taken)


async def take_all(limiter: Limiter, asks: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Acquire each (pause before, weight) concurrently; returns when each was let through."""
    taken: list[tuple[float, float]] = []

    async def one(weight: float) -> None:
        await limiter.acquire(weight)
        taken.append((asyncio.get_running_loop().time(), weight))

    async with asyncio.TaskGroup() as group:
        for pause, weight in asks:
            await asyncio.sleep(pause)
            group.create_task(one(weight))
    return taken


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 20)), min_size=1, max_size=80))
def test_no_window_ever_holds_more_than_half_of_the_budget(asks: list[tuple[float, int]]) -> None:
    async def main() -> list[tuple[float, float]]:
        return await take_all(Limiter(BUDGET, LoopClock(0), heaviest=20), asks)

    assert heaviest_window(run_virtual(main()), 60) <= 60


def test_a_flood_is_let_through_at_a_useful_pace_and_in_order() -> None:
    async def main() -> list[tuple[float, float]]:
        return await take_all(Limiter(BUDGET, LoopClock(0), heaviest=5), [(0, 5)] * 40)

    taken = run_virtual(main())
    # 200 weight at 45 per minute (60 less the burst of 15) after the burst.
    assert taken[-1][0] == pytest.approx((200 - 15) / 45 * 60, rel=0.01)
    assert [at for at, _ in taken[:3]] == [0.0, 0.0, 0.0]


def test_the_share_is_what_the_user_set() -> None:
    async def main() -> list[tuple[float, float]]:
        return await take_all(Limiter(BUDGET, LoopClock(0), share=0.1, heaviest=1), [(0, 1)] * 60)

    assert heaviest_window(run_virtual(main()), 60) <= 12


@pytest.mark.parametrize("header", [{"x-used": "100"}, {"x-left": "20"}])
def test_others_on_the_address_count_when_the_venue_tells_so(header: dict[str, str]) -> None:
    async def main() -> tuple[float, float]:
        limiter = Limiter(BUDGET, LoopClock(0), heaviest=10)
        limiter.correct(header)
        share = limiter.used_share
        await limiter.acquire(10)
        return share, asyncio.get_running_loop().time()

    share, waited = run_virtual(main())
    assert share == pytest.approx(100 / 120)
    # 100 used, 60 allowed: 40 over and 10 more must drain at 45 a minute.
    assert waited == pytest.approx(50 / 45 * 60, rel=0.01)


def test_a_low_or_absurd_count_changes_nothing() -> None:
    async def main() -> float:
        limiter = Limiter(BUDGET, LoopClock(0), heaviest=10)
        for told in ("3", "-5", "nan", "1e9", "99999", "", "x"):
            limiter.correct({"x-used": told})
        await limiter.acquire(10)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 0.0


def test_a_hold_is_waited_out_and_never_shortened() -> None:
    async def main() -> float:
        limiter = Limiter(BUDGET, LoopClock(0))
        limiter.hold(300)
        limiter.hold(5)
        assert limiter.held_s == 300
        await limiter.acquire(1)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(300, abs=0.01)


def test_a_hold_that_comes_while_waiting_counts_too() -> None:
    async def main() -> float:
        limiter = Limiter(BUDGET, LoopClock(0), heaviest=15)
        await limiter.acquire(15)
        waiting = asyncio.ensure_future(limiter.acquire(15))
        await asyncio.sleep(1)
        limiter.hold(500)
        await waiting
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(501, abs=0.01)


def test_a_cancelled_wait_takes_nothing_and_lets_the_next_one_through() -> None:
    async def main() -> float:
        limiter = Limiter(BUDGET, LoopClock(0), heaviest=15)
        await limiter.acquire(15)
        waiting = asyncio.ensure_future(limiter.acquire(15))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        await limiter.acquire(15)
        return asyncio.get_running_loop().time()

    # The first 15 drain at 45 a minute: 20 s, as if the cancelled one had never asked.
    assert run_virtual(main()) == pytest.approx(20, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.floats(0.1, 20))
def test_restarting_again_and_again_does_not_reset_the_budget(restarts: int, apart_s: float) -> None:
    async def main() -> list[tuple[float, float]]:
        clock, state = LoopClock(1_000_000), LimiterState(0)
        taken: list[tuple[float, float]] = []
        for _ in range(restarts):
            limiter = Limiter(BUDGET, clock, heaviest=5)
            limiter.restore(state)
            taken += await take_all(limiter, [(0, 5)] * 4)
            state = limiter.state()
            await asyncio.sleep(apart_s)
        return taken

    assert heaviest_window(run_virtual(main()), 60) <= 60


def test_a_ban_outlives_a_restart_but_a_broken_clock_does_not_ban_for_ever() -> None:
    async def main() -> tuple[float, float]:
        clock = LoopClock(1_000_000)
        first = Limiter(BUDGET, clock)
        first.hold(7200)
        again, broken = Limiter(BUDGET, clock), Limiter(BUDGET, clock)
        again.restore(first.state())
        broken.restore(LimiterState(10**15, 10**15))
        return again.held_s, broken.held_s

    held_s, broken_s = run_virtual(main())
    assert held_s == pytest.approx(7200, abs=0.01)
    assert broken_s == 0.0


def test_one_request_heavier_than_half_keeps_the_rate_over_a_longer_time() -> None:
    async def main() -> list[tuple[float, float]]:
        return await take_all(Limiter(Budget(capacity=1, window_s=1), LoopClock(0), heaviest=1), [(0, 1)] * 30)

    taken = run_virtual(main())
    assert heaviest_window(taken, 1) <= 1
    assert heaviest_window(taken, 20) <= 0.5 * 20


def test_a_request_that_can_never_be_sent_is_refused() -> None:
    async def main() -> None:
        limiter = Limiter(BUDGET, LoopClock(0), heaviest=10)
        with pytest.raises(TooHeavy):
            await limiter.acquire(70)
        with pytest.raises(TooHeavy):
            Limiter(BUDGET, LoopClock(0), heaviest=121)

    run_virtual(main())
