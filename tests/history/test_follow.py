"""Two processes on one host: the second shows what the first records, soon, and asks no venue anything."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fundtui.assembly import open_source
from fundtui.clock import SystemClock
from fundtui.config import Inputs, Watcher
from fundtui.history.follow import Follower
from fundtui.history.record import warm_up
from fundtui.history.sqlite_store import SqliteStore
from fundtui.imbalance.calculator import Calculator
from fundtui.market import Batch
from fundtui.polling.fleet import Fleet
from fundtui.sources import Source
from fundtui.status import Event
from tests.history.market import batch

POLLS = 60
CHILD = """
import sys, time
from pathlib import Path
from fundtui.clock import SystemClock
from fundtui.history.folder import Owner, Room
from fundtui.history.recorder import Recorder
from fundtui.history.sqlite_store import SqliteStore
from tests.history.market import batch
folder = Path(sys.argv[1])
with Owner(folder):
    recorder = Recorder(lambda now_ms: SqliteStore(folder, now_ms=now_ms), SystemClock())
    recorder.start()
    print("ready", flush=True)
    for step in range({polls}):
        time.sleep(0.05)
        # Stamped when it is handed over: the reader's clock is the same.
        recorder.append(batch(SystemClock().utc_ms()))
    sys.stdin.read()
    recorder.stop()
"""


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Path]:
    """A process that owns a record and polls twenty times a second; the record's folder."""
    folder = tmp_path / "record"
    command = [sys.executable, "-c", CHILD.replace("{polls}", str(POLLS)), str(folder)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield folder
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.wait(10)
    process.stdout.close()


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_polls_arrive_within_half_a_second(collector: Path) -> None:
    clock = SystemClock()
    lags: list[int] = []
    seen: list[Batch] = []

    def deliver(one: Batch) -> None:
        lags.append(clock.utc_ms() - one.observed_ms)
        seen.append(one)

    follower = Follower(collector, clock, deliver, lambda event: None, ("alpha",))
    follower.start()
    await until(lambda: len(seen) >= POLLS)
    await follower.stop()
    assert [one.observed_ms for one in seen] == sorted({one.observed_ms for one in seen})
    assert all(repr(one) == repr(batch(one.observed_ms)) for one in seen)
    # The first look finds what had been recorded before.
    assert sorted(lags[5:])[-2] <= 500


async def test_a_second_program_attaches_and_asks_nobody(
    collector: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise AssertionError("an attached program has no pollers")

    monkeypatch.setattr(Fleet, "__init__", refuse)
    config = tmp_path / "config.toml"
    config.write_text(f'[history]\nfolder = "{collector}"\n')
    config.chmod(0o600)
    watcher = Watcher(Inputs(path=config))
    for record in (True, False):
        engine = open_source(Source(), watcher, record=record)
        assert engine.mode == "attached"
        await engine.start()
        await until(lambda engine=engine: engine.calculator.instruments.count == 3)  # type: ignore[misc]
        assert engine.record_state is None
        rows = {name: float(engine.calculator.instruments.columns["rate"][row]) for name, row in
                engine.calculator.instruments.index.items()}  # fmt: skip
        assert not math.isnan(rows["alpha BTCUSDT"])
        await engine.stop()


async def test_a_collector_that_ends_is_told(collector: Path) -> None:
    told: list[Event] = []
    store_seen: list[Batch] = []
    follower = Follower(collector, SystemClock(), store_seen.append, told.append, ("alpha",))
    follower.start()
    await until(lambda: len(store_seen) >= 1)
    pid = int((collector / "owner.lock").read_text())
    os.kill(pid, 9)
    await until(lambda: bool(told))
    await follower.stop()
    assert "collector is gone" in told[0].text
    assert told[0].severity == "critical"
    warmth = warm_up(collector, Calculator(), SystemClock().utc_ms())
    assert warmth.seen == {"alpha": max(one.observed_ms for one in last_polls(collector))}


def last_polls(folder: Path) -> list[Batch]:
    store = SqliteStore(folder, now_ms=0, writable=False)
    try:
        return store.latest()
    finally:
        store.close()
