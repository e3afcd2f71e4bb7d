"""The engine over the simulated market in virtual time: what it tells, what it takes over, how it ends."""

from __future__ import annotations

import asyncio
import math
import random
from pathlib import Path

import pytest

from fundtui.asked import disabled, pace
from fundtui.clock import LoopClock
from fundtui.config import Inputs, Watcher
from fundtui.engine import Engine
from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import Level
from fundtui.polling.feed import Deliver, Feed, Report
from fundtui.polling.fleet import Fleet
from fundtui.simulation.loop import run_virtual
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.status import EventKind, VenueState
from fundtui.venues import load

VENUES = ("binance", "kucoin", "dydx")


def engine_of(watcher: Watcher, scenario: str = "calm") -> Engine:
    """An engine over three simulated venues whose time is the event loop's."""
    clock = LoopClock(DEMO_START_MS)

    async def open_fleet(deliver: Deliver, report: Report) -> Feed:
        transport = SimulatedTransport(Market(7, DEMO_START_MS, scenario=scenario), clock)
        venues = [load(name) for name in VENUES]
        off = disabled(watcher.loaded.settings, VENUES)
        settings = watcher.loaded.settings
        return Fleet(
            venues, clock, random.Random(1), transport, deliver, on_event=report, disabled=off, poll_s=pace(settings)
        )

    calculator = Calculator()
    calculator.set_fees({name: load(name).fees for name in VENUES})
    return Engine(watcher, mode="demo", clock=clock, calculator=calculator, venues=VENUES, open_fleet=open_fleet)


def watched(seconds: float, watcher: Watcher | None = None, scenario: str = "calm") -> Engine:
    """An engine that has run for that long and stopped."""

    async def run() -> Engine:
        engine = engine_of(watcher or Watcher(Inputs()), scenario)
        await engine.start()
        await asyncio.sleep(seconds)
        await engine.stop()
        return engine

    return run_virtual(run())


def configuration(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_calm_market_fills_the_tables_and_tells_nothing_but_settlements() -> None:
    engine = watched(120)
    assert {one.state for one in engine.health()} == {VenueState.UP}
    assets = engine.table(Level.ASSET)
    row = assets.index["BTC"]
    assert assets.columns["venues"][row] == len(VENUES)
    assert not math.isnan(assets.columns["consensus"][row])
    assert {event.kind for event in engine.events} <= {EventKind.SETTLED, EventKind.AT_CAP}


def test_before_the_start_every_venue_is_starting() -> None:
    engine = engine_of(Watcher(Inputs()))
    assert [one.state for one in engine.health()] == [VenueState.STARTING] * 3
    assert engine.table(Level.ASSET).count == 0
    assert not engine.local_outage


def test_the_same_market_gives_the_same_figures_twice() -> None:
    def figures(engine: Engine) -> list[tuple[str, ...]]:
        table = engine.table(Level.INSTRUMENT)
        return [tuple(map(repr, (key, *(table.columns[name][row] for name in ("apr", "theory", "mark")))))
                for row, key in enumerate(table.keys)]  # fmt: skip

    assert figures(watched(90)) == figures(watched(90))


def edited(tmp_path: Path, before: str, after: str, run_s: float = 20.0) -> Engine:
    """An engine whose configuration is edited after twenty seconds and read for twenty more, or as long as said."""
    path = configuration(tmp_path / "config.toml", before)
    watcher = Watcher(Inputs(path=path))

    async def run() -> Engine:
        engine = engine_of(watcher)
        await engine.start()
        await asyncio.sleep(20)
        configuration(path, after)
        await asyncio.sleep(run_s)
        await engine.stop()
        return engine

    return run_virtual(run())


def told(engine: Engine) -> list[str]:
    return [event.text for event in engine.events if event.kind is EventKind.CONFIG]


def test_an_edit_is_taken_over_while_running(tmp_path: Path) -> None:
    engine = edited(
        tmp_path, '[display]\nrate_basis = "apr"\n', '[display]\nrate_basis = "8h"\n[venues]\ndisable = ["dydx"]\n'
    )
    assert engine.basis == "8h"
    assert {one.venue: one.state for one in engine.health()}["dydx"] is VenueState.OFF
    assert told(engine) == ["configuration taken over"]


def test_a_broken_edit_changes_nothing_and_is_told(tmp_path: Path) -> None:
    engine = edited(tmp_path, '[display]\nrate_basis = "8h"\n', '[display]\nrate_basis = "9h"\n')
    assert engine.basis == "8h"
    (text,) = told(engine)
    assert "config.toml:2" in text


def test_a_task_that_dies_is_an_entry_of_the_journal() -> None:
    async def run() -> Engine:
        engine = engine_of(Watcher(Inputs()))
        await engine.start()

        def fail() -> None:
            raise ValueError("of our own making")

        asyncio.get_running_loop().call_soon(fail)
        await asyncio.sleep(1)
        await engine.stop()
        return engine

    engine = run_virtual(run())
    assert [event.text for event in engine.events if event.kind is EventKind.DEFECT and "own making" in event.text]


def test_a_venue_that_goes_away_and_comes_back_is_told_once_each() -> None:
    engine = watched(600, scenario="outage")
    kinds = [event.kind for event in engine.events if event.kind.value.startswith("venue_")]
    assert kinds == sorted(kinds, key=[EventKind.VENUE_DOWN, EventKind.VENUE_RECOVERED].index)


def test_settled_waits_no_longer_than_it_was_told() -> None:
    async def run() -> tuple[bool, float]:
        engine = engine_of(Watcher(Inputs()))
        await engine.start()
        begin = asyncio.get_running_loop().time()
        done = await engine.settled(0.001)
        took = asyncio.get_running_loop().time() - begin
        await engine.stop()
        return done, took

    done, took = run_virtual(run())
    assert not done
    assert took < 0.1


def test_the_venues_that_are_off() -> None:
    watcher = Watcher(Inputs(flags={"venues.disable": ["dydx"]}))
    settings = watcher.loaded.settings
    assert disabled(settings, VENUES) == {"dydx"}
    assert disabled(settings, VENUES, frozenset({"kucoin"})) == {"dydx", "kucoin"}
    only = Watcher(Inputs(flags={"venues.only": ["binance"]})).loaded.settings
    assert disabled(only, VENUES) == {"kucoin", "dydx"}
    assert pace(settings) == {}


def test_an_edit_that_has_to_wait_says_so(tmp_path: Path) -> None:
    engine = edited(
        tmp_path, "", '[carry]\nquote_rate = "5%"\n[history]\nkeep_samples = "40d"\n[costs]\nsize_usd = "1M"\n'
    )
    assert told(engine) == ["configuration taken over; [history] at the next start"]


def test_an_edited_rate_of_money_moves_what_is_paid_above_it(tmp_path: Path) -> None:
    before = edited(tmp_path, "", '[display]\nrate_basis = "8h"\n', run_s=130).table(Level.INSTRUMENT)
    after = edited(tmp_path, "", '[carry]\nquote_rate = "12%"\n', run_s=130).table(Level.INSTRUMENT)
    seen = 0
    for key, row in before.index.items():
        excess = before.columns["carry_excess"][row], after.columns["carry_excess"][after.index[key]]
        if math.isfinite(excess[0]):
            seen += 1
            # 12 % a year instead of 4 %.
            assert excess[0] - excess[1] == pytest.approx(0.08 / 8760)
    assert seen > 20


def test_fees_of_resting_orders_count_once_that_is_said(tmp_path: Path) -> None:
    before = edited(tmp_path, "", '[display]\nrate_basis = "8h"\n').table(Level.PAIR)
    after = edited(tmp_path, "", '[costs]\nexecution = "maker"\n').table(Level.PAIR)
    both = [
        (before.columns["cost"][row], after.columns["cost"][after.index[key]])
        for key, row in before.index.items()
        if key in after.index and before.columns["cost"][row] > 0
    ]
    assert both
    assert all(resting < taking for taking, resting in both)


def test_an_edited_timeout_holds_from_the_next_request_on(tmp_path: Path) -> None:
    engine = edited(tmp_path, "", '[polling]\ntimeout = "3s"\n')
    assert told(engine) == ["configuration taken over"]
    waits = edited(tmp_path, "", '[polling]\ntimeout = "3s"\nbudget_share = "30%"\n')
    assert told(waits) == ["configuration taken over; [polling] at the next start"]


def test_edited_costs_price_pairs_anew(tmp_path: Path) -> None:
    before = edited(tmp_path, "", '[display]\nrate_basis = "8h"\n').table(Level.PAIR)
    after = edited(tmp_path, "", '[costs]\nhalf_spread = "1%"\n').table(Level.PAIR)
    key = next(key for key in before.keys if key in after.index and before.columns["cost"][before.index[key]] > 0)
    dearer = after.columns["cost"][after.index[key]] - before.columns["cost"][before.index[key]]
    # Two legs, in and out: four half-spreads of 1 % instead of 0.01 % (the market's other costs have no part in it).
    assert dearer == pytest.approx(4 * 0.0099, rel=0.02)


def test_an_edit_starts_no_experimental_venue(tmp_path: Path) -> None:
    path = configuration(tmp_path / "config.toml", "")

    async def run() -> Engine:
        engine = engine_of(Watcher(Inputs(path=path)))
        engine.experimental = frozenset({"dydx"})
        await engine.start()
        await asyncio.sleep(5)
        configuration(path, '[display]\nrate_basis = "8h"\n')
        await asyncio.sleep(20)
        await engine.stop()
        return engine

    health = {one.venue: one.state for one in run_virtual(run()).health()}
    assert health["dydx"] is VenueState.OFF
