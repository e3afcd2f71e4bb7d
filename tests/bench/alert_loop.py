"""How long the event loop is held while four thousand alerts fire at once: everything of it, on a store on disk.

Each turn of the loop is measured by the processor time of its thread: what other processes take is not ours.
"""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
import time
from pathlib import Path

import numpy as np

from fundtui.alerts.alerting import Alerting
from fundtui.alerts.entries import entries_of
from fundtui.alerts.message import Message
from fundtui.clock import SystemClock
from fundtui.config.schema import AlertRule, Alerts, Grouping, Notify, Settings, Sink, SinkKind
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.table import Table
from fundtui.status import VenueHealth, VenueState

TARGET_MS = 10.0
SINKS = ("desk", "phone", "log")
ROUNDS = 200
BATCH = 500


class Quiet:
    """A sink that takes everything at once: its time is not what is measured."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def send(self, message: Message) -> None:
        """Take it."""


class Turns:
    """The processor time of each turn of the loop while it is held, in milliseconds, with what ran."""

    def __init__(self) -> None:
        self.found: list[tuple[float, str]] = []
        self._collected_ms = 0.0
        self._collecting = 0.0

    def __enter__(self) -> Turns:
        self._stock = asyncio.events.Handle._run
        found, main = self.found, asyncio.current_task()

        def timed(handle: asyncio.events.Handle) -> None:
            began, collected = time.thread_time(), self._collected_ms
            self._stock(handle)
            spent = (time.thread_time() - began) * 1e3
            owner = getattr(getattr(handle, "_callback", None), "__self__", None)
            if owner is main:
                # What the measurement does itself is measured in its parts.
                return
            name = owner.get_name() if isinstance(owner, asyncio.Task) else "callback"
            found.append((spent, f"{name}, of it {self._collected_ms - collected:.1f} ms collecting"))

        asyncio.events.Handle._run = timed  # type: ignore[method-assign, assignment]
        gc.callbacks.append(self._collect)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.events.Handle._run = self._stock  # type: ignore[method-assign]
        gc.callbacks.remove(self._collect)

    def _collect(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            self._collected_ms += (time.thread_time() - self._collecting) * 1e3


def settings(rules: int, grouping: Grouping) -> Settings:
    """That many rules which all hold, told to three sinks."""
    own = {
        f"r{n}": AlertRule(
            when=f"abs(apr) > {80 + n}% and oi > 20M", level=Level.INSTRUMENT, group=grouping, notify=SINKS
        )
        for n in range(rules)
    }
    sink = Sink(kind=SinkKind.FILE, path="unused")
    return Settings(
        alerts=Alerts(defaults=False, group_wait=0.0, group_interval=1.0, rules=own),
        notify=Notify(sinks=dict.fromkeys(SINKS, sink)),
    )


async def turns(table: Table, wanted: Settings, folder: Path) -> tuple[Turns, int]:
    """Let all of it fire, and all of it end; each turn of the loop, and how many alerts were on."""
    alerting = Alerting(
        SystemClock(), random.Random(1), lambda wanted, show: {name: Quiet(name) for name in SINKS}, folder
    )
    alerting.on_transitions = entries_of  # type: ignore[assignment]
    await alerting.open(wanted)
    venues = tuple(
        VenueHealth(venue=f"v{n}", title=f"V{n}", state=VenueState.UP, age_s=1.0, cadence_s=15.0, rows=BATCH)
        for n in range(30)
    )
    rows = table.count
    gc.collect()
    gc.freeze()
    most = 0
    with Turns() as measured:
        for apr in (3.0 / 8760, 0.01 / 8760):
            table.columns["apr"][:rows] = apr
            for number in range(ROUNDS):
                began = time.thread_time()
                start = number % 30 * BATCH
                alerting.observe(table, np.arange(start, start + BATCH))
                if number % 10 == 0:
                    alerting.tick((table,), venues, local_outage=False)
                measured.found.append(((time.thread_time() - began) * 1e3, "a batch"))
                began = time.thread_time()
                most = max(most, alerting.counts().firing)
                measured.found.append(((time.thread_time() - began) * 1e3, "rows of the panel"))
                await asyncio.sleep(0.01)
    await alerting.close()
    return measured, most


def run(table: Table) -> bool:
    """Print the longest turns, grouped by rule and one by one. Whether all are within the target."""
    well = True
    for grouping in (Grouping.RULE, Grouping.NONE):
        with tempfile.TemporaryDirectory() as folder:
            measured, most = asyncio.run(turns(table, settings(100, grouping), Path(folder)))
        ordered = sorted(measured.found, reverse=True)
        print(f"{most} alerts at once, grouped by {grouping.value}, {len(ordered)} turns of the loop")
        for spent, what in ordered[:3]:
            print(f"  longest {spent:7.2f} ms (target {TARGET_MS:g} ms): {what}")
        well &= ordered[0][0] <= TARGET_MS
    return well
