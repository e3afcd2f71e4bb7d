"""Reads one poll of every venue, recorded answers grown to real row counts: `python -m tests.bench.venues`.

The rows of each list are repeated under new names until there are as many as the venue has contracts. A poll is what
happens at each tick: decoding the required answers, and reading the batch with the slower answers decoded already.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from fundtui.market import Batch
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
        return answer

    keyed = {endpoint.name for endpoint in one.endpoints if endpoint.keys is not None}
    return {
        name: by_key if name in keyed else {key: _bytes(grow(json.loads(body))) for key, body in by_key.items()}
        for name, by_key in bodies.items()
    }


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


def measure(one: Venue) -> tuple[int, float, float] | None:
    """Rows of a batch, milliseconds of one poll, and of its longest single step; None without recordings."""
    try:
        bodies = grown(one, bodies_of(one))
        slow = parts_of(one, bodies)
        batch: Batch = one.read(slow, NOW_MS)
    except (BadAnswer, KeyError, pytest.skip.Exception):
        return None
    fast = [one_of for one_of in one.endpoints if one_of.required and one_of.keys is None and one_of.name in bodies]
    steps = [best_ms(partial(end.decode, next(iter(bodies[end.name].values())))) for end in fast]
    steps.append(best_ms(lambda: one.read(slow, NOW_MS)))
    return len(batch.quotes), sum(steps), max(steps)


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
        rows, poll_ms, step_ms = measured
        total += poll_ms
        longest = max(longest, (step_ms, one.name))
        print(f"{one.name:<16}{rows:>6}{poll_ms:>10.2f}{step_ms:>18.2f}")
    print(f"one poll of all of them: {total:.1f} ms of CPU; longest single step {longest[0]:.1f} ms ({longest[1]})")


if __name__ == "__main__":
    main()
