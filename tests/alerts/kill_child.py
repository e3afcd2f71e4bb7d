"""A desk over the real store and the real HTTP sink that is killed at every step: forked from a warm parent.

Started as `python -m tests.alerts.kill_child FOLDER URL KILLS SEED`. Each child opens what the one before it left,
lives through alerts, and ends by SIGKILL: half of the children at an exact step of their own (before and after every
commit and every send), half at any moment from outside: some while they open the store, most after a number of steps
and a share of the time that a step takes on this machine, so that a slow one kills as deep into the work as a quick
one. Whatever a commit made durable is written to `ledger` first
thing after the commit returned, so that the ledger names only what must never be lost. The last child is not killed:
it sends what is left.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from fundtui.alerts.desk import Desk
from fundtui.alerts.message import Message
from fundtui.alerts.records import Change, Stored
from fundtui.alerts.sinks.sink import Sink
from fundtui.alerts.sinks.web import WebSink, webhook
from fundtui.alerts.sqlite_store import SqliteStore
from fundtui.clock import ScaledClock, SystemClock
from fundtui.config.schema import AlertRule, Alerts, Grouping, Notify, Settings, SinkKind
from fundtui.config.schema import Sink as SinkSettings
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.table import Table
from fundtui.polling.http import HttpTransport
from fundtui.polling.transport import Request
from fundtui.status import VenueHealth, VenueState

SPEED = 600.0
SINKS = ("one", "two", "three")
UP = (VenueHealth(venue="okx", title="OKX", state=VenueState.UP, age_s=2.0, cadence_s=15.0, rows=9),)
ASSETS = 12
MOST_STEPS = 12
"""Lives end at the latest about so many steps after they began to work."""
WEEK_S = 7 * 86_400.0
"""Notices are not repeated: a repetition would be the same words under another key."""


class Fate:
    """Ends the process at its n-th step. Each step, and before them that work has begun, is told through a pipe."""

    def __init__(self, step: int, tells: int) -> None:
        self._left = step
        self._tells = tells

    def begin(self) -> None:
        os.write(self._tells, b".")

    def step(self) -> None:
        os.write(self._tells, b".")
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalStore:
    """The real store, with a step before and after each commit, and a ledger of what was made durable."""

    blocks = True

    def __init__(self, store: SqliteStore, ledger: Path, fate: Fate) -> None:
        self._store = store
        self._ledger = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._fate = fate
        self.load, self.transitions, self.close = store.load, store.transitions, store.close
        self.after, self.position, self.prune = store.after, store.position, store.prune

    def commit(self, change: Change) -> None:
        self._fate.step()
        self._store.commit(change)
        new = [one.key for one in change.deliveries if one.tries == 0]
        if new:
            os.write(self._ledger, "".join(f"{key}\n" for key in new).encode())
        self._fate.step()


class MortalSink:
    """A real sink with a step before and after each send."""

    def __init__(self, sink: WebSink, fate: Fate) -> None:
        self.name = sink.name
        self._sink = sink
        self._fate = fate

    async def send(self, message: Message) -> None:
        self._fate.step()
        await self._sink.send(message)
        self._fate.step()


def settings(url: str) -> Settings:
    rule = AlertRule(when="spread > 25%", notify=SINKS, group=Grouping.NONE)
    sink = SinkSettings(kind=SinkKind.WEBHOOK, url=url, per_minute=60, per_hour=3600)
    return Settings(
        alerts=Alerts(defaults=False, group_wait=0.0, group_interval=0.0, repeat=WEEK_S, rules={"wide": rule}),
        notify=Notify(sinks=dict.fromkeys(SINKS, sink)),
    )


async def live(folder: Path, url: str, began: float, fate: Fate, source: random.Random, *, last: bool) -> None:
    """One life: it opens what the one before it left, and works."""
    clock = ScaledClock(1_790_000_000_000 + round((time.time() - began) * SPEED * 1000), SPEED)
    # Requests take real time: the transport has the real clock.
    transport = HttpTransport(SystemClock(), {})

    def sink(name: str) -> Sink:
        async def secrets() -> tuple[str, str]:
            return f"{url}/{name}", ""

        web = WebSink(
            name, webhook, transport, clock, secrets, timeout_s=0.3, allow_http=True, allow_private=True
        )  # fmt: skip
        return MortalSink(web, fate)

    store = MortalStore(SqliteStore(folder / "state.db", now_ms=0), folder / "ledger", fate)
    stored: Stored = store.load()
    wanted = settings(url)
    desk = Desk(wanted, {name: sink(name) for name in SINKS}, store, stored, clock, source)
    table = Table(Level.ASSET, CATALOGUE[Level.ASSET], 32)
    rows = [table.add(f"A{number}") for number in range(ASSETS)]
    for row in rows:
        table.columns["asset"][row] = table.code("asset", table.keys[row])
        # Where an earlier life left it.
        on = any(one.subject.key == table.keys[row] and one.firing for one in stored.alerts.values())
        table.columns["spread"][row] = (0.5 if on else 0.1) / 8760

    async def look() -> None:
        for row in source.sample(rows, 5):
            table.columns["spread"][row] = (0.1 if last else source.choice((0.1, 0.5))) / 8760
        desk.observe(table, np.array(rows))
        desk.tick((table,), UP, local_outage=False)
        await desk.settle()

    fate.begin()
    if source.random() < 0.3:
        # What is sent of former lives takes most steps: some lives find something new before they send.
        await look()
    desk.start()
    while not last or desk.courier.queued or any(desk.room.alerts()):
        await look()
        await clock.sleep(source.choice((0.5, 3.0)))
    await desk.stop()
    await transport.close()


async def warm(url: str) -> None:
    """Send once, so that what a first request imports is there for all lives."""
    transport = HttpTransport(SystemClock(), {})
    await transport.send(Request(venue="warm", endpoint="warm", url=url))
    await transport.close()


class Pace:
    """How long opening and a step take here, as far as it is known by now."""

    def __init__(self) -> None:
        self.opening_s = 0.01
        self.step_s = 0.01

    def kill(self, child: int, told: int, source: random.Random) -> None:
        """Kill from outside: one in ten while it opens the store, the others at work."""
        began = time.monotonic()
        if source.random() < 0.1:
            time.sleep(source.random() * self.opening_s)
        else:
            os.read(told, 1)
            opened = time.monotonic()
            self.opening_s = opened - began
            steps = source.randint(0, MOST_STEPS)
            for _ in range(steps):
                os.read(told, 1)
            if steps:
                self.step_s = (time.monotonic() - opened) / steps
            time.sleep(source.uniform(0.0, 2.0) * self.step_s)
        os.kill(child, signal.SIGKILL)


def main(folder: Path, url: str, kills: int, seed: int) -> None:
    source = random.Random(seed)
    asyncio.run(warm(url))
    began = time.time()
    inside = 0
    pace = Pace()
    for life in range(kills + 1):
        last = life == kills
        exact = bool(life % 2)
        step = source.randint(1, MOST_STEPS) if exact and not last else 0
        child_seed = source.getrandbits(32)
        told, tells = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told)
            asyncio.run(live(folder, url, began, Fate(step, tells), random.Random(child_seed), last=last))
            os._exit(0)
        os.close(tells)
        if last:
            drain(told)
        elif not exact:
            pace.kill(child, told, source)
        _, status = os.waitpid(child, 0)
        os.close(told)
        if last and status != 0:
            sys.exit("the last life did not end well")
        if not last and os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"life {life} ended by itself")
        inside += exact
    sys.stdout.write(f"{kills} kills, {inside} at exact steps, {time.time() - began:.1f} s\n")


def drain(told: int) -> None:
    """Read what a child says until it ends, so that its pipe never fills."""
    while os.read(told, 65536):
        pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
