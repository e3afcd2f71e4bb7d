"""How long after a collector has kept a poll an attached program has it: `python -m tests.bench.attach`.

The collector is a process of its own that writes polls of 500 instruments as the recorder does; this one follows the
record as `fundtui` does beside a collector. The age counts from just before the poll was handed to the store, on the
one clock that both share, to its delivery.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fundtui.clock import SystemClock
from fundtui.history.folder import Owner
from fundtui.history.follow import Follower
from fundtui.history.sqlite_store import SqliteStore
from fundtui.market import Batch, Quote
from tests.bench.record import contracts, numbers, rates

VENUES, POLLS, EVERY_S = 30, 600, 0.11
"""Fifteen thousand instruments; a poll each tenth of a second, not in step with the looks of who is attached."""


def collect(folder: Path) -> None:
    """Write polls at an even pace until all are written; each says when it was made."""
    source = np.random.default_rng(1)
    listed = [contracts(venue) for venue in range(VENUES)]
    moving = rates(len(listed[0]), POLLS, 1)
    with Owner(folder):
        store = SqliteStore(folder, now_ms=SystemClock().utc_ms())
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.perf_counter()
        for step in range(POLLS):
            time.sleep(max(began + step * EVERY_S - time.perf_counter(), 0.0))
            chosen = listed[step % VENUES]
            cells = numbers(moving[step], step, source, whole=True).T.tolist()
            at_ms = SystemClock().utc_ms()
            for row in cells:
                row[1] = int(row[1])
            quotes = tuple(Quote(one, at_ms, *row) for one, row in zip(chosen, cells, strict=True))
            store.append([Batch(venue=chosen[0].venue, observed_ms=at_ms, quotes=quotes)])
            store.rest()
        store.close()


async def follow(folder: Path, process: subprocess.Popen[bytes]) -> list[float]:
    """Ages of the polls as they were delivered, milliseconds."""
    clock, ages = SystemClock(), []
    names = tuple(contracts(venue)[0].venue for venue in range(VENUES))
    everything = asyncio.Event()

    def deliver(batch: Batch) -> None:
        ages.append(1e3 * time.time() - batch.observed_ms)
        if len(ages) == POLLS:
            everything.set()

    follower = Follower(folder, clock, deliver, lambda event: None, names)
    follower.start()
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.flush()
    try:
        await asyncio.wait_for(everything.wait(), POLLS * EVERY_S + 120)
    finally:
        await follower.stop()
    return ages


def main() -> None:
    if sys.argv[1:2] == ["collect"]:
        collect(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "tests.bench.attach", "collect", place]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            ages = asyncio.run(follow(Path(place), process))
            process.wait(30)
    middle, late, last = np.percentile(ages, (50, 99, 100))
    print(
        f"  {len(ages)} polls of 500 instruments by another process, "
        f"{1 / EVERY_S:.0f} a second: delivered after p50 {middle:.0f} ms, p99 {late:.0f} ms (target 500), "
        f"the last of all {last:.0f} ms"
    )


if __name__ == "__main__":
    main()
