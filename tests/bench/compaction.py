"""What half a day of a large venue takes to be made into chunks: `python -m tests.bench.compaction`.

Two thousand contracts polled each fifteen seconds for twelve hours, compacted in a process of its own: memory on top of
what the process takes anyway, CPU, and the longest step, for the writer's other work waits for one.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from fundtui.history.frames import Frame
from fundtui.history.live import Poll
from fundtui.history.sqlite_store import SqliteStore
from tests.bench.record import START_MS, contracts, numbers, rates

CONTRACTS, POLLS, EVERY_MS = 2_000, 2_880, 15_000
PER_RATE = 4
"""Polls between two movements of a rate: as the series of a minute move, each fifteen seconds."""


def fill(folder: Path) -> None:
    """Write the polls."""
    source = np.random.default_rng(1)
    store = SqliteStore(folder, now_ms=START_MS)
    listed = contracts(0, CONTRACTS)
    known, venue = store.state.contract_numbers(listed), store.state.add_venue(listed[0].venue)
    series = rates(CONTRACTS, POLLS // PER_RATE, 0)
    reasons = np.zeros(CONTRACTS, np.int64)
    for number in range(POLLS):
        time_ms = START_MS + number * EVERY_MS
        cells = numbers(series[number // PER_RATE], number // PER_RATE, source, whole=True)
        seen = Frame(known, np.full(CONTRACTS, time_ms), cells, reasons)
        store.live.append([Poll(venue, time_ms, seen)])
        store.rest()
    store.close()


def compact(folder: Path) -> None:
    """Make chunks of them and say what that took."""
    store = SqliteStore(folder, now_ms=START_MS)
    before, began, longest_ms, steps = peak_mb(), time.process_time(), 0.0, 0
    working = store.compact(START_MS + POLLS * EVERY_MS)
    while True:
        step = time.perf_counter()
        if next(working, working) is working:
            break
        longest_ms, steps = max(longest_ms, 1e3 * (time.perf_counter() - step)), steps + 1
    more_mb, spent = peak_mb() - before, time.process_time() - began
    print(f"  {CONTRACTS:,} contracts x {POLLS:,} polls: {more_mb:.0f} MB more at most, {spent:.1f} s of CPU "
          f"in {steps:,} steps, the longest {longest_ms:.0f} ms")  # fmt: skip
    store.close()


def peak_mb() -> float:
    """The most that this process has had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    # A fresh process each: what was held while filling is not what compaction takes.
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place:
        for work in (fill, compact):
            child = context.Process(target=work, args=(Path(place),))
            child.start()
            child.join()


if __name__ == "__main__":
    main()
