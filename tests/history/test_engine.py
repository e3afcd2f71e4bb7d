"""The whole engine over the simulated market, in simulated time, with a real record on disk."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fundtui.clock import Clock, LoopClock
from fundtui.config import Inputs, Watcher
from fundtui.engine import Engine
from fundtui.history.asking import Asking
from fundtui.history.compaction import Retention
from fundtui.history.database import MIB
from fundtui.history.folder import Owner, Room
from fundtui.history.record import Record, Warmth, warm_up
from fundtui.history.recorder import Recording
from fundtui.history.sqlite_store import SqliteStore
from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import Level
from fundtui.polling.feed import Deliver, Feed, Report
from fundtui.polling.fleet import Fleet
from fundtui.simulation.loop import run_virtual
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.venues import load

VENUES = ("binance", "hyperliquid", "okx")


def watcher(tmp_path: Path) -> Watcher:
    """Default settings."""
    path = tmp_path / "config.toml"
    path.write_text('[history]\nbackfill = "10d"\n')
    path.chmod(0o600)
    return Watcher(Inputs(path=path))


def engine_of(tmp_path: Path, clock: Clock, record: Record | None, warmth: Warmth, calculator: Calculator) -> Engine:
    """An engine over the simulated market that keeps a record."""
    market = Market(7, DEMO_START_MS)
    transport = SimulatedTransport(market, clock)

    async def open_fleet(deliver: Deliver, report: Report) -> Feed:
        venues = [load(name) for name in VENUES]
        fleet = Fleet(venues, clock, random.Random(1), transport, deliver, on_event=report, budgets=warmth.budgets)
        if record is not None:
            record.provide(Asking({one.name: one for one in venues}, transport, fleet.limiter, 0.5))
        return fleet

    return Engine(
        watcher(tmp_path),
        mode="demo",
        clock=clock,
        calculator=calculator,
        venues=VENUES,
        open_fleet=open_fleet,
        record=record,
        warmth=warmth,
    )


async def at_once(call: Callable[[], Any]) -> Any:
    """Threads and simulated time do not go together."""
    return call()


def record_of(folder: Path, clock: Clock) -> Record:
    """A record that this process owns, on whatever disk there is."""
    room = Room(folder, reserve=MIB, ballast=MIB)
    return Record(folder, Owner(folder), clock, Retention(), source="demo", room=room, blocking=at_once)


async def session(tmp_path: Path, seconds: float, start_ms: int = DEMO_START_MS) -> Engine:
    """Run an engine for a while and stop it."""
    clock = LoopClock(start_ms)
    calculator = Calculator()
    warmth = warm_up(tmp_path, calculator, clock.utc_ms())
    record = record_of(tmp_path, clock)
    engine = engine_of(tmp_path, clock, record, warmth, calculator)
    await engine.start()
    await clock.sleep(seconds)
    await engine.stop()
    assert engine.record_state is not None
    assert engine.record_state.recording is Recording.ENDED
    return engine


def figures(calculator: Calculator, key: str) -> dict[str, float]:
    """A metric of all instruments by name."""
    table = calculator.tables[Level.INSTRUMENT]
    return {name: float(table.columns[key][row]) for name, row in table.index.items()}


def test_everything_seen_is_in_the_record(tmp_path: Path) -> None:
    engine = run_virtual(session(tmp_path, 600))
    store = SqliteStore(tmp_path, now_ms=0, writable=False)
    table = engine.calculator.tables[Level.INSTRUMENT]
    assert {f"{venue} {symbol}" for venue, symbol, _ in store.instruments()} == set(table.index)
    last = {quote.contract: quote for batch in store.latest() for quote in batch.quotes}
    for name, row in list(table.index.items())[:50]:
        venue, symbol = name.split(" ")
        seen = engine.calculator.quote(row)
        kept = next(one for key, one in last.items() if (key.venue, key.symbol) == (venue, symbol))
        assert repr(kept) == repr(seen)
    assert set(store.health()) == set(VENUES)
    assert store.kept("budgets")
    store.close()


def test_a_start_is_warm(tmp_path: Path) -> None:
    first = run_virtual(session(tmp_path, 900))
    later_ms = DEMO_START_MS + 960_000
    calculator = Calculator()
    warmth = warm_up(tmp_path, calculator, later_ms)
    assert set(warmth.seen) == set(VENUES)
    before, now = figures(first.calculator, "apr"), figures(calculator, "apr")
    assert before.keys() == now.keys()
    np.testing.assert_array_equal(list(before.values()), [now[name] for name in before])
    ages = figures(calculator, "age")
    assert all(60 <= age <= 360 for age in ages.values())
    trend = calculator.assets.series["trend"]
    assert np.isfinite(trend[: calculator.assets.count, -1]).any()


def test_settled_rates_are_filled_in_from_the_venues(tmp_path: Path) -> None:
    engine = run_virtual(session(tmp_path, 1800))
    progress = engine.backfill_progress
    assert progress is not None
    assert progress.done > 10
    store = SqliteStore(tmp_path, now_ms=0, writable=False)
    paid = store.settlements("binance", "BTCUSDT")
    assert len(paid) >= 29
    assert {one.interval_h for one in paid[1:]} == {8.0}
    z = figures(engine.calculator, "z")
    assert np.isfinite(z["binance BTCUSDT"])
    store.close()
