"""A collector ends: a program that looked on asks the venues, keeps the record and evaluates alerts from then on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fundtui import assembly
from fundtui.alerts.summary import Role
from fundtui.assembly import Alerts, open_source
from fundtui.clock import Clock
from fundtui.config import Inputs, Settings, Watcher
from fundtui.engine import Engine
from fundtui.history import follow
from fundtui.history.database import StoreProblem
from fundtui.history.folder import is_owned, owner_pid
from fundtui.history.sqlite_store import SqliteStore
from fundtui.polling.transport import Request, Response, Transport
from fundtui.simulation.market import Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.sources import Source

CHILD = """
import sys
from pathlib import Path
from fundtui.alerts.sqlite_store import SqliteStore as AlertStore
from fundtui.clock import SystemClock
from fundtui.history.folder import STATE, Owner
from fundtui.history.sqlite_store import SqliteStore
from tests.history.market import batch
folder = Path(sys.argv[1])
with Owner(folder):
    now_ms = SystemClock().utc_ms()
    store = SqliteStore(folder, now_ms=now_ms)
    store.keep({"source": sys.argv[2].encode()})
    store.append([batch(now_ms)])
    AlertStore(folder / STATE, now_ms=now_ms).close()
    print("ready", flush=True)
    sys.stdin.read()
"""


class Collector:
    """A process that owns a record with one poll."""

    def __init__(self, folder: Path, source: str = "live") -> None:
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", CHILD, str(folder), source]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class Counted:
    """A simulated market as if it were live, that counts what it is asked."""

    def __init__(self, clock: Clock) -> None:
        self._inner: Transport = SimulatedTransport(Market(7, clock.utc_ms()), clock)
        self.asked = 0

    async def send(self, request: Request) -> Response:
        self.asked += 1
        return await self._inner.send(request)

    async def close(self) -> None:
        await self._inner.close()


@pytest.fixture
def transports(monkeypatch: pytest.MonkeyPatch) -> list[Counted]:
    """Transports that were opened."""
    opened: list[Counted] = []

    def http(clock: Clock, settings: Settings, *more: object) -> Transport:
        opened.append(Counted(clock))
        return opened[-1]

    monkeypatch.setattr(assembly, "_http", http)
    monkeypatch.setattr(follow, "TAKE_OVER_S", 0.5)
    return opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "record"


@pytest.fixture
def watcher(tmp_path: Path, folder: Path) -> Watcher:
    config = tmp_path / "config.toml"
    config.write_text(f'[history]\nfolder = "{folder}"\n[venues]\nonly = ["binance", "bybit"]\n')
    config.chmod(0o600)
    return Watcher(Inputs(path=config))


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def told(engine: Engine) -> str:
    return " / ".join(event.text for event in engine.events)


async def test_an_onlooker_takes_over(transports: list[Counted], folder: Path, watcher: Watcher) -> None:
    collector = Collector(folder)
    engine = open_source(Source(), watcher, record=True, alerts=Alerts(terminal=False))
    assert engine.mode == "attached"
    await engine.start()
    await until(lambda: engine.calculator.instruments.count == 3)
    assert engine.alert_role is Role.LOOKS_ON
    assert transports == []
    collector.end()
    await until(lambda: engine.mode == "live")
    await until(lambda: engine.alert_role is Role.EVALUATES)
    assert owner_pid(folder) == os.getpid()
    await until(lambda: sum(one.rows > 0 for one in engine.health()) == 2)
    assert "The collector is gone: this one takes over in" in told(engine)
    assert "this program keeps the record and asks the venues now" in told(engine)
    # What was known before is still there, beside what the venues say now.
    assert "alpha BTCUSDT" in engine.calculator.instruments.index
    assert engine.calculator.instruments.count > 100
    assert engine.record_state is not None
    await until(lambda: engine.record_state is not None and engine.record_state.recording == "on")
    await engine.stop()
    assert not is_owned(folder)
    store = SqliteStore(folder, now_ms=0, writable=False)
    assert {one.venue for one in store.latest()} == {"alpha", "binance", "bybit"}
    assert any("keeps the record" in one.text for one in store.events())
    store.close()


async def test_of_two_onlookers_one_takes_over(transports: list[Counted], folder: Path, watcher: Watcher) -> None:
    collector = Collector(folder)
    engines = [open_source(Source(), watcher, record=True) for _ in range(2)]
    for engine in engines:
        await engine.start()
    collector.end()
    await until(lambda: any(engine.mode == "live" for engine in engines))
    other = next(engine for engine in engines if engine.mode == "attached")
    await until(lambda: "The collector is back" in told(other))
    # It goes on looking on, at what the first one records.
    await until(lambda: other.calculator.instruments.count > 100)
    assert sorted(engine.mode for engine in engines) == ["attached", "live"]
    assert len(transports) == 1
    for engine in engines:
        await engine.stop()


async def test_reading_only_never_takes_over(transports: list[Counted], folder: Path, watcher: Watcher) -> None:
    collector = Collector(folder)
    engine = open_source(Source(), watcher, record=True, read_only=True)
    await engine.start()
    collector.end()
    await until(lambda: "figures grow old" in told(engine))
    await asyncio.sleep(1.5)
    assert engine.mode == "attached"
    assert not is_owned(folder)
    await engine.stop()
    # Nobody keeps it now: it is still only looked at.
    engine = open_source(Source(), watcher, record=True, read_only=True)
    assert engine.mode == "attached"
    await engine.start()
    await until(lambda: engine.calculator.instruments.count == 3)
    await engine.stop()
    assert transports == []


def test_reading_only_needs_a_record(transports: list[Counted], watcher: Watcher) -> None:
    with pytest.raises(StoreProblem):
        open_source(Source(), watcher, record=True, read_only=True)


async def test_a_record_of_another_market_is_not_taken_over(
    transports: list[Counted], folder: Path, watcher: Watcher
) -> None:
    collector = Collector(folder, source="demo")
    engine = open_source(Source(), watcher, record=True)
    assert engine.mode == "attached demo"
    await engine.start()
    collector.end()
    await until(lambda: "figures grow old" in told(engine))
    await engine.stop()
    assert transports == []


@pytest.fixture(autouse=True)
def no_children_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Collectors of tests that failed must not outlive them."""
    made: list[Collector] = []
    begin = Collector.__init__

    def noted(self: Collector, folder: Path, source: str = "live") -> None:
        begin(self, folder, source)
        made.append(self)

    monkeypatch.setattr(Collector, "__init__", noted)
    yield
    for one in made:
        if one.process.poll() is None:
            one.end()
