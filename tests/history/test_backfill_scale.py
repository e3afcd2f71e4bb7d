"""Back-fill of many instruments of twelve venues: in order, within half the budgets, going on after a kill."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fundtui.clock import LoopClock
from fundtui.history.asking import HalfBudget
from fundtui.history.backfill import Backfill, Reached, Task
from fundtui.history.record import missing_of
from fundtui.history.sqlite_store import SqliteStore
from fundtui.history.state import reached_name
from fundtui.market import Batch, Instrument, Settlement
from fundtui.polling.fleet import Fleet
from fundtui.polling.limiter import Limiter
from fundtui.polling.transport import Request, Response
from fundtui.simulation.loop import run_virtual
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.simulation.wire import NAMES
from fundtui.venues import load
from tests.history.market import DAY_MS

EACH = 6
SHARE = 0.5


class Watching:
    """The simulated venues, with a note of what was asked when."""

    def __init__(self, clock: LoopClock) -> None:
        self._inner = SimulatedTransport(Market(7, DEMO_START_MS), clock)
        self._clock = clock
        self.asked: list[tuple[float, Request]] = []

    async def send(self, request: Request) -> Response:
        self.asked.append((self._clock.monotonic(), request))
        return await self._inner.send(request)

    async def close(self) -> None:
        await self._inner.close()


async def listed(clock: LoopClock, transport: Watching) -> list[Instrument]:
    """The first contracts of each venue, as polls bring them."""
    import random

    found: dict[str, list[Instrument]] = {}

    def deliver(batch: Batch) -> None:
        good = [quote.contract for quote in batch.quotes if not quote.contract.excluded]
        if not batch.learning:
            found[batch.venue] = good[:EACH]

    fleet = Fleet([load(name) for name in NAMES], clock, random.Random(1), transport, deliver)
    fleet.start()
    while len(found) < len(NAMES):
        await clock.sleep(1.0)
    await fleet.stop()
    transport.asked.clear()
    return [found[name][place] for place in range(EACH) for name in NAMES if place < len(found[name])]


def test_a_killed_fill_goes_on_within_half_the_budgets(tmp_path: Path) -> None:
    async def play() -> None:
        clock = LoopClock(DEMO_START_MS)
        transport = Watching(clock)
        contracts = await listed(clock, transport)
        assert len({one.venue for one in contracts}) == len(NAMES) == 12
        venues = {name: load(name) for name in NAMES}
        limiters = {name: Limiter(one.budget, clock, share=SHARE) for name, one in venues.items()}
        highest = dict.fromkeys(NAMES, 0.0)
        now_ms, since_ms = clock.utc_ms(), clock.utc_ms() - 30 * DAY_MS
        store = SqliteStore(tmp_path, now_ms=now_ms)
        done: list[Task] = []
        found: dict[tuple[str, str], list[Settlement]] = {}

        def keep(task: Task, settled: list[Settlement]) -> None:
            import msgspec

            store.settle(settled)
            reached = msgspec.msgpack.encode(Reached(since_ms, task.end_ms))
            store.keep({reached_name(task.contract.venue, task.contract.symbol): reached})
            done.append(task)
            found[task.contract.venue, task.contract.symbol] = settled
            for name, limiter in limiters.items():
                highest[name] = max(highest[name], limiter.used_share)

        def fill() -> Backfill:
            return Backfill(venues, transport, clock, lambda name: HalfBudget(limiters[name], clock, SHARE), keep)

        tasks = missing_of(store, contracts, since_ms, now_ms)
        assert [task.contract for task in tasks] == contracts
        first = fill()
        running = asyncio.ensure_future(first.run(tasks))
        while len(done) < len(tasks) // 3:
            await clock.sleep(0.2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        before, asked = list(done), len(transport.asked)
        assert 0 < len(before) < len(tasks)

        rest = missing_of(store, contracts, since_ms, now_ms)
        assert {task.contract for task in rest} == set(contracts) - {task.contract for task in before}
        second = fill()
        progress = await second.run(rest)
        assert (progress.done, progress.failed) == (len(rest), 0)
        assert second.problems == {}
        assert len(transport.asked) > asked
        assert missing_of(store, contracts, since_ms, now_ms) == []
        # Of each venue in the order of the contracts.
        for name in NAMES:
            order = [task.contract.symbol for task in done if task.contract.venue == name]
            assert order == [one.symbol for one in contracts if one.venue == name]
        # The polls have the other half; one request alone may be more than that.
        for name, share in highest.items():
            assert share <= max(SHARE / 2, limiters[name].share_of(venues[name].history.first(  # type: ignore[union-attr]
                "BTC", since_ms, now_ms).weight)) + 1e-9, name  # fmt: skip
        for (venue, symbol), settled in found.items():
            kept = store.settlements(venue, symbol, since_ms)
            assert [one.time_ms for one in kept] == [one.time_ms for one in settled]
            assert len(kept) >= 28, (venue, symbol)
        store.close()

    run_virtual(play())


def test_large_answers_are_read_away_from_the_loop() -> None:
    async def play() -> None:
        clock = LoopClock(DEMO_START_MS)
        sizes: list[int] = []
        kept: list[int] = []

        async def elsewhere(call: Callable[[], Any]) -> Any:
            rows = call()
            sizes.append(len(rows))
            return rows

        blocking: Callable[[Callable[[], Any]], Awaitable[Any]] = elsewhere
        for name, symbol in (("kraken-futures", "PF_XBTUSD"), ("bybit", "BTCUSDT")):
            venue = load(name)
            filling = Backfill(
                {name: venue},
                SimulatedTransport(Market(7, DEMO_START_MS), clock),
                clock,
                lambda name, venue=venue: Limiter(venue.budget, clock),  # type: ignore[misc]
                lambda task, settled: kept.append(len(settled)),
                blocking=blocking,
            )
            one = Instrument(venue=name, symbol=symbol, asset="BTC", quote="USD", settle="USD", rate_period_h=8.0)
            await filling.run([Task(one, DEMO_START_MS - 20 * DAY_MS, DEMO_START_MS)])
        # Kraken tells a year of hours at once; Bybit two hundred rows a page.
        assert sizes
        assert min(sizes) > 1000
        assert len(kept) == 2

    run_virtual(play())
