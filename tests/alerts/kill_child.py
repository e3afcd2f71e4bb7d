"""A desk over the real store and the real HTTP sink that is killed at every step: forked from a warm parent.

Started as `python -m tests.alerts.kill_child FOLDER URL KILLS SEED`. Each child opens what the one before it left,
lives through alerts, and ends by SIGKILL: half of the children at an exact step of their own (before and after every
commit and every send), half at any moment from outside. Whatever a commit made durable is written to `ledger` first
thing after the commit returned, so that the ledger names only what must never be lost. The last child is not killed:
it sends what is left.
"""

from __future__ import annotations

import asyncio
import os
import random
import select
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
WEEK_S = 7 * 86_400.0
"""Notices are not repeated: a repetition would be the same words under another key."""


class Fate:
    """Ends the process at its n-th step."""

    def __init__(self, step: int) -> None:
        self._left = step

    def step(self) -> None:
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


async def live(
    folder: Path, url: str, began: float, fate: Fate, source: random.Random, began_to_work: int, *, last: bool
) -> None:
    """One life. It writes to `began_to_work` once it has opened what the one before it left."""
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
    desk.start()
    os.write(began_to_work, b".")
    while not last or desk.courier.queued or any(desk.room.alerts()):
        for row in source.sample(rows, 5):
            table.columns["spread"][row] = (0.1 if last else source.choice((0.1, 0.5))) / 8760
        desk.observe(table, np.array(rows))
        desk.tick((table,), UP, local_outage=False)
        await desk.settle()
        await clock.sleep(source.choice((0.5, 3.0)))
    await desk.stop()
    await transport.close()


async def warm(url: str) -> None:
    """Send once, so that what a first request imports is there for all lives."""
    transport = HttpTransport(SystemClock(), {})
    await transport.send(Request(venue="warm", endpoint="warm", url=url))
    await transport.close()


def main(folder: Path, url: str, kills: int, seed: int) -> None:
    source = random.Random(seed)
    asyncio.run(warm(url))
    began = time.time()
    inside = 0
    for life in range(kills + 1):
        last = life == kills
        exact = bool(life % 2)
        fate = Fate(source.randint(1, 12) if exact and not last else 0)
        child_seed = source.getrandbits(32)
        told, tells = os.pipe()
        child = os.fork()
        if child == 0:
            asyncio.run(live(folder, url, began, fate, random.Random(child_seed), tells, last=last))
            os._exit(0)
        if not last and not exact:
            if source.random() < 0.9:
                # Some die while they open the store, most at work.
                select.select([told], [], [], 10.0)
            time.sleep(source.uniform(0.001, 0.05))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(told)
        os.close(tells)
        if last and status != 0:
            sys.exit("the last life did not end well")
        if not last and os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"life {life} ended by itself")
        inside += exact
    sys.stdout.write(f"{kills} kills, {inside} at exact steps, {time.time() - began:.1f} s\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
