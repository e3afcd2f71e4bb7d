"""Alerts: what a batch costs with 100 rules over 15,000 instruments, how long an answer takes to its sink, and how
long the loop is held while thousands fire at once.

The peer of the first figure is the plain way: each rule's expression evaluated over all rows with numpy, once per
batch. The second runs everything: batch, calculator, rules, store on disk, HTTP request, against a local server.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from fundtui.alerts.desk import MOST_STEPS
from fundtui.alerts.records import Stored
from fundtui.alerts.room import Room, SinkPace
from fundtui.alerts.rule import Rule, rules_of
from fundtui.config.schema import AlertRule, Alerts, Settings
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.table import Table
from tests.alerts.receiver import Receiver
from tests.alerts.wire import Line
from tests.bench import alert_loop

INSTRUMENTS, VENUES, RULES, BATCHES = 15_000, 30, 100, 90
TARGET_MS = 5.0
SINKS = ("terminal", "ntfy", "webhook")
NOTICES = 200
TARGET_S = 1.0


def filled(apr: np.ndarray) -> Table:
    """A table of all instruments."""
    generator = np.random.default_rng(1)
    table = Table(Level.INSTRUMENT, CATALOGUE[Level.INSTRUMENT], INSTRUMENTS + 8)
    for number in range(INSTRUMENTS):
        row = table.add(f"v{number % VENUES} A{number // VENUES}")
        for key, label in (("venue", f"v{number % VENUES}"), ("asset", f"A{number // VENUES}"), ("reasons", "")):
            table.columns[key][row] = table.code(key, label)
    table.columns["apr"][:INSTRUMENTS] = apr
    table.columns["oi_usd"][:INSTRUMENTS] = generator.exponential(5e7, INSTRUMENTS)
    table.columns["cap_use"][:INSTRUMENTS] = generator.random(INSTRUMENTS)
    return table


def timed(call: Callable[[], object]) -> float:
    """Processor time of a call, in milliseconds: what other processes take meanwhile is not its own."""
    started = time.thread_time()
    call()
    return (time.thread_time() - started) * 1e3


def slices(room: Room, now_ms: int) -> list[float]:
    """How long each slice of taking the notices that are due takes, in milliseconds."""
    taking = room.taking(now_ms)
    done = object()
    found = []
    while True:
        started = time.thread_time()
        ended = next(taking, done) is done
        found.append((time.thread_time() - started) * 1e3)
        if ended:
            return found


def all_rows(rules: Iterable[Rule], table: Table) -> None:
    """The plain way: every rule over every row."""
    for rule in rules:
        assert rule.when is not None
        rule.when.mask(table)


def batches(name: str, apr: np.ndarray) -> bool:
    """Print what a batch costs. Whether p99 is within the target."""
    generator = np.random.default_rng(2)
    table = filled(apr)
    own = {
        f"r{n}": AlertRule(when=f"abs(apr) > {80 + n}% and oi > 20M and cap_use < 90%", level=Level.INSTRUMENT)
        for n in range(RULES)
    }
    settings = Settings(alerts=Alerts(defaults=False, rules=own))
    rules = rules_of(settings)
    room = Room(settings, rules, {name: SinkPace() for name in SINKS}, Stored(), 0, most_steps=MOST_STEPS)
    began = []
    for venue in range(VENUES):
        rows = np.arange(venue, INSTRUMENTS, VENUES)
        began.append(timed(partial(room.readings.observe, table, rows, 0, 0.0)))
    while room.readings.behind:
        began.append(timed(partial(room.readings.catch_up, 0, 0.0)))
    # The first notices of all of it.
    began += slices(room, 0)
    began += slices(room, 11_000)
    ours, taken, peer = [], [], []
    for batch in range(BATCHES):
        rows = np.arange(batch % VENUES, INSTRUMENTS, VENUES)
        table.columns["apr"][rows] *= 1 + generator.normal(0, 0.01, len(rows))
        now_ms = 12_000 + batch * 500
        ours.append(timed(partial(room.readings.observe, table, rows, now_ms, now_ms / 1000)))
        taken.append(max(slices(room, now_ms)))
        peer.append(timed(partial(all_rows, rules, table)))
    mine, theirs = statistics.median(ours), statistics.median(peer)
    on = sum(alert.firing for alert in room.alerts())
    print(f"{name}: {RULES} rules, batch of {INSTRUMENTS // VENUES} of {INSTRUMENTS} rows, {on} alerts on")
    print(f"  ours       {mine:7.2f} ms median, {np.percentile(ours, 99):.2f} ms p99 (target {TARGET_MS:g} ms)")
    print(
        f"  notices    {statistics.median(taken):7.2f} ms median, {np.percentile(taken, 99):.2f} ms p99, longest slice"
    )
    print(f"  all at once{statistics.median(began):7.2f} ms median, {max(began):.2f} ms longest of {len(began)} slices")
    print(f"  all rows   {theirs:7.2f} ms median: {theirs / mine:.1f} times as long")
    return float(np.percentile(ours, 99)) <= TARGET_MS


async def latency() -> bool:
    """Print how long an answer takes to the request at its sink, grouping off. Whether p99 is within the target."""
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver:
        async with Line(Path(folder), receiver.url, random.Random(3)).running() as line:
            waits = [await line.time_one(receiver, number) for number in range(NOTICES)]
    p99 = float(np.percentile(waits, 99))
    print(f"answer received to request at the sink, {NOTICES} notices, SQLite with full durability")
    print(f"  {statistics.median(waits) * 1e3:.1f} ms median, {p99 * 1e3:.1f} ms p99 (target {TARGET_S:g} s)")
    return p99 <= TARGET_S


def main() -> int:
    """All figures; 1 when a target is missed."""
    generator = np.random.default_rng(1)
    well = [
        batches("an ordinary market", generator.normal(0, 0.25 / 8760, INSTRUMENTS)),
        batches("the worst case, every rule holds for every row", np.full(INSTRUMENTS, 3.0 / 8760)),
        asyncio.run(latency()),
        alert_loop.run(filled(np.full(INSTRUMENTS, 0.01 / 8760))),
    ]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
