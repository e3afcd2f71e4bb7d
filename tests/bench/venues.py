"""Reads one poll of every venue, recorded answers grown to real row counts: `python -m tests.bench.venues`.

The rows of each list, or object of rows, are repeated under new names until there are as many as the venue has
contracts. Where names that are made up make no contracts, the simulated market's answers stand in (marked `s`). A poll
is what happens at each tick: decoding the required answers, and reading the batch with the slower answers decoded
already.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from fundtui.clock import LoopClock
from fundtui.market import Batch
from fundtui.polling.asking import request_for
from fundtui.simulation.loop import run_virtual
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.simulation.universe import Scale
from fundtui.simulation.wire import ALL_NAMES
from fundtui.venues import load_all
from fundtui.venues.spec import BadAnswer, Venue
from tests.venues.answers import SHARED, Bodies, bodies_of, parts_of, renamed, tables

RUNS = 15
NOW_MS = 1_790_000_000_000
CONTRACTS = {
    "binance": 600, "bybit": 700, "okx": 450, "bitget": 816, "gate": 940, "kucoin": 670, "mexc": 800,
    "hyperliquid": 232, "dydx": 250, "kraken-futures": 350, "deribit": 60, "lighter": 150, "htx": 250, "bingx": 600,
    "bitfinex": 80, "whitebit": 250, "woox": 300, "xt": 600, "aster": 300, "binance-coinm": 60,
}  # fmt: skip
"""Contracts a venue has, by its sheet; 150 where the sheet does not say."""
OTHERWISE = 150


def grown(one: Venue, bodies: Bodies) -> Bodies:
    """The answers with every list of rows repeated under new names."""
    recorded = one.read(parts_of(one, bodies), NOW_MS)
    identifiers = frozenset(
        text
        for quote in recorded.quotes
        for text in (quote.contract.symbol, quote.contract.native_id, quote.contract.asset)
        if text
    )
    wanted = CONTRACTS.get(one.name, OTHERWISE)
    copies = max(0, wanted // max(1, len(recorded.quotes)) - 1)

    def grow(answer: Any) -> Any:
        for table in tables(answer):
            rows = list(table)
            for number in range(copies):
                table.extend(renamed(row, identifiers, f"Z{number}{{}}".format) for row in rows)
        for keyed_table in objects(answer):
            items = list(keyed_table.items())
            for number in range(copies):
                name = f"Z{number}{{}}".format
                keyed_table.update({name(key): renamed(row, identifiers | {key}, name) for key, row in items})
        return answer

    keyed = {endpoint.name for endpoint in one.endpoints if endpoint.keys is not None}
    return {
        name: by_key if name in keyed else {key: _bytes(grow(json.loads(body))) for key, body in by_key.items()}
        for name, by_key in bodies.items()
    }


def objects(answer: Any) -> Iterator[dict[str, Any]]:
    """Objects of rows keyed by symbol, as Nado's and dYdX's answers are."""
    if isinstance(answer, dict):
        if len(answer) > 1 and all(isinstance(row, dict) for row in answer.values()):
            yield answer
        else:
            for item in answer.values():
                yield from objects(item)


def simulated(one: Venue) -> Bodies:
    """The answers of the simulated market at its largest; none of a venue that it does not speak for."""
    if one.name not in ALL_NAMES:
        return {}
    market = Market(7, DEMO_START_MS, Scale(assets=400, venues=len(ALL_NAMES)))

    async def ask() -> Bodies:
        transport = SimulatedTransport(market, LoopClock(DEMO_START_MS))
        found: Bodies = {}
        for endpoint in one.endpoints:
            if endpoint.keys is None:
                response = await transport.send(request_for(one, endpoint, timeout_s=10.0))
                found[endpoint.name] = {"": response.body}
        return found

    return run_virtual(ask())


def _bytes(answer: Any) -> bytes:
    return json.dumps(answer).encode()


def best_ms(run: Callable[[], Any]) -> float:
    """Median CPU milliseconds of a call."""
    run()
    took = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        took.append((time.process_time() - start) * 1e3)
    return statistics.median(took)


def measure(one: Venue) -> tuple[int, bool, float, float] | None:
    """Rows of a batch, whether it is simulated, milliseconds of one poll and of its longest single step.

    None where there is neither a recording of a whole poll nor a simulation.
    """
    recorded = _read(one, lambda: grown(one, bodies_of(one)), NOW_MS)
    rows = len(recorded[1].quotes) if recorded is not None else 0
    stand_in = None
    if rows < CONTRACTS.get(one.name, OTHERWISE) // 4:
        stand_in = _read(one, lambda: simulated(one), DEMO_START_MS)
    chosen = stand_in or recorded
    if chosen is None:
        return None
    bodies, batch, now_ms = chosen
    slow = parts_of(one, bodies)
    fast = [one_of for one_of in one.endpoints if one_of.required and one_of.keys is None and one_of.name in bodies]
    steps = [best_ms(partial(end.decode, next(iter(bodies[end.name].values())))) for end in fast]
    steps.append(best_ms(lambda: one.read(slow, now_ms)))
    return len(batch.quotes), stand_in is not None, sum(steps), max(steps)


def _read(one: Venue, make: Callable[[], Bodies], now_ms: int) -> tuple[Bodies, Batch, int] | None:
    try:
        bodies = make()
        return bodies, one.read(parts_of(one, bodies), now_ms), now_ms
    except (BadAnswer, KeyError, pytest.skip.Exception):
        return None


def main() -> None:
    if not SHARED.is_dir():
        print("the recorded answers are not beside the repository (../shared)")
        return
    total, longest = 0.0, (0.0, "")
    gc.disable()
    print(f"{'venue':<16}{'rows':>6}{'poll ms':>10}{'longest step ms':>18}")
    for one in load_all():
        measured = measure(one)
        if measured is None:
            print(f"{one.name:<16}{'-':>6}   no recorded answers of a whole poll")
            continue
        rows, stand_in, poll_ms, step_ms = measured
        total += poll_ms
        longest = max(longest, (step_ms, one.name))
        print(f"{one.name:<16}{rows:>6}{poll_ms:>10.2f}{step_ms:>18.2f}{' s' if stand_in else ''}")
    print(f"one poll of all of them: {total:.1f} ms of CPU; longest single step {longest[0]:.1f} ms ({longest[1]})")


if __name__ == "__main__":
    main()
