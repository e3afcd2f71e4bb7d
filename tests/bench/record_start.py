"""One start under measurement: record_start.py make FOLDER | cold | warm FOLDER. Prints milliseconds to the table."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from fundtui.clock import LoopClock, SystemClock
from fundtui.history.figures import Shelf
from fundtui.history.sqlite_store import SqliteStore
from fundtui.imbalance.calculator import Calculator
from fundtui.market import Batch
from fundtui.polling.fleet import Fleet
from fundtui.simulation.loop import run_virtual
from fundtui.simulation.market import Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.simulation.wire import NAMES
from fundtui.venues import load, names
from tests.pty.terminal import Terminal

MINUTES = 5
FIGURES = 40
"""Percentages on the screen: there are rows, whichever they are. The header, which comes first, has none."""
WAIT_S = 180.0
"""A machine with other work may take long; the figure then says so, which is better than none."""


def make(folder: Path) -> None:
    """A record of the demo's market whose last polls are of just now."""
    start_ms = SystemClock().utc_ms() - MINUTES * 60_000
    store, calculator = SqliteStore(folder, now_ms=start_ms), Calculator()

    async def run() -> None:
        clock = LoopClock(start_ms)

        def deliver(batch: Batch) -> None:
            store.append([batch])
            calculator.apply(batch, batch.observed_ms)

        venues = [load(name) for name in NAMES if name in names()]
        fleet = Fleet(venues, clock, random.Random(1), SimulatedTransport(Market(7, start_ms), clock), deliver)
        fleet.start()
        await clock.sleep(MINUTES * 60)
        await fleet.stop()

    run_virtual(run())
    store.keep({"source": b"live"})
    store.close()
    Shelf(folder).save(SystemClock().utc_ms(), calculator.export_state())


def measure(*arguments: str, environment: dict[str, str]) -> float:
    """Milliseconds from the start of the program to the first row of its table."""
    with Terminal(
        [sys.executable, "-m", "fundtui.cli", *arguments], 160, 50, env=environment, emulate=False
    ) as terminal:
        seen = terminal.until(lambda: terminal.raw.count(b"%") >= FIGURES, WAIT_S)
        found = 1e3 * (time.perf_counter() - terminal.started)
        if not seen:
            raise SystemExit(f"no table within {WAIT_S:.0f} s; the terminal got {bytes(terminal.raw[-400:])!r}")
        terminal.signal(signal.SIGTERM)
        terminal.end(10)
    return found


def main() -> None:
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
        return
    if sys.argv[1] == "cold":
        print(measure("demo", environment={}))
        return
    # Nothing answers there: what is shown comes from the record alone, and no venue is asked.
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "FUNDTUI_HISTORY__FOLDER": sys.argv[2]}
    print(measure(environment=os.environ | nowhere))


if __name__ == "__main__":
    main()
