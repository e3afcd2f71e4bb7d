"""The journal of ten simulated minutes: what happens in the market is told once, and nothing else is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from functools import cache

from fundtui.clock import LoopClock
from fundtui.config import Inputs, Watcher
from fundtui.engine import Engine
from fundtui.imbalance.calculator import Calculator
from fundtui.polling.feed import Deliver, Report
from fundtui.polling.fleet import Fleet
from fundtui.simulation.loop import run_virtual
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.scenarios import Happening
from fundtui.simulation.transport import SimulatedTransport
from fundtui.simulation.universe import Scale
from fundtui.simulation.wire import NAMES
from fundtui.status import Event, EventKind
from fundtui.venues import load

MINUTES = 10
DETECTED_WITHIN_S = 75.0


@cache
def watched() -> tuple[tuple[Event, ...], tuple[Happening, ...], Market]:
    """Ten minutes of the demo with all its scenarios: events, and what the market's timetable says happened."""

    async def main() -> tuple[Event, ...]:
        clock = LoopClock(DEMO_START_MS)
        transport = SimulatedTransport(market, clock)

        async def open_fleet(deliver: Deliver, report: Report) -> Fleet:
            venues = [load(name) for name in NAMES]
            return Fleet(venues, clock, random.Random(7), transport, deliver, on_event=report)

        engine = Engine(
            Watcher(Inputs()), mode="demo", clock=clock, calculator=Calculator(), venues=NAMES, open_fleet=open_fleet
        )
        await engine.start()
        await asyncio.sleep(MINUTES * 60)
        await engine.stop()
        return tuple(engine.events)

    market = Market(7, DEMO_START_MS, Scale(assets=140))
    events = run_virtual(main())
    start_s = DEMO_START_MS // 1000
    happened = market.timetable.near(start_s, start_s + MINUTES * 60)
    return events, tuple(happened), market


def happening(kind: str) -> Happening:
    return next(one for one in watched()[1] if one.kind == kind)


def told(kind: EventKind, *, venue: str = "", assets: Iterable[str] = ()) -> list[Event]:
    return [
        event
        for event in watched()[0]
        if event.kind is kind and venue in ("", event.venue) and (not assets or event.asset in assets)
    ]


def soon_after(event: Event, moment_s: float) -> bool:
    return moment_s <= event.time_ms / 1000 <= moment_s + DETECTED_WITHIN_S


def test_an_outage_and_its_end_are_told_once() -> None:
    outage = happening("outage")
    (down,) = told(EventKind.VENUE_DOWN, venue=outage.venue)
    (back,) = told(EventKind.VENUE_RECOVERED, venue=outage.venue)
    assert soon_after(down, outage.start_s)
    assert soon_after(back, outage.end_s)


def test_a_rate_limit_is_told() -> None:
    limit = happening("ratelimit")
    (limited,) = told(EventKind.VENUE_LIMITED, venue=limit.venue)
    assert soon_after(limited, limit.start_s)


def test_a_venue_that_answers_old_data_is_stale_and_its_prices_are_not_held_against_it() -> None:
    stale = happening("stale")
    began, ended = told(EventKind.STALE, venue=stale.venue)
    assert (began.after, ended.after) == ("still", "moving")
    assert soon_after(began, stale.start_s)
    assert soon_after(ended, stale.end_s)
    assert told(EventKind.QUARANTINED, venue=stale.venue) == []


def test_another_coin_under_a_known_ticker_is_listed_and_left_out_at_once() -> None:
    collision = happening("collision")
    (listed,) = told(EventKind.LISTED)
    (left_out,) = told(EventKind.QUARANTINED)
    assert {(listed.venue, listed.asset), (left_out.venue, left_out.asset)} == {("gate", "MOVE")}
    assert listed.time_ms == left_out.time_ms
    assert soon_after(left_out, collision.start_s)


def test_a_squeeze_shows_as_caps_and_shorter_intervals() -> None:
    squeeze, market = happening("squeeze"), watched()[2]
    asset = market.universe.assets[squeeze.asset].ticker
    switched = told(EventKind.INTERVAL_CHANGED)
    assert {event.venue for event in switched} == {market.universe.rows[at].venue for at in squeeze.targets}
    assert {(event.asset, event.before, event.after) for event in switched} == {(asset, "8h", "1h")}
    assert {event.asset for event in told(EventKind.AT_CAP)} == {asset}


def test_a_delisting_is_told_with_its_announcement() -> None:
    delisting, market = happening("delisting"), watched()[2]
    row = market.universe.rows[delisting.rows[0]]
    changes = [*told(EventKind.STATUS_CHANGED), *told(EventKind.DELISTED, assets=[row.asset.ticker])]
    assert changes
    assert {(event.venue, event.asset) for event in changes} == {(row.venue, row.asset.ticker)}


def test_nothing_else_is_told() -> None:
    """Calm venues, settlements, answers that come late and wandering prices are no news."""
    accounted = {
        EventKind.VENUE_DOWN, EventKind.VENUE_RECOVERED, EventKind.VENUE_LIMITED, EventKind.STALE, EventKind.LISTED,
        EventKind.QUARANTINED, EventKind.INTERVAL_CHANGED, EventKind.AT_CAP, EventKind.STATUS_CHANGED,
        EventKind.DELISTED, EventKind.DEPEG, EventKind.PURGE,
    }  # fmt: skip
    faulty = {happening(kind).venue for kind in ("outage", "ratelimit", "stale")}
    events = watched()[0]
    assert {event.kind for event in events} <= accounted
    assert len(events) < 30
    incidents = {EventKind.VENUE_DOWN, EventKind.VENUE_RECOVERED, EventKind.VENUE_LIMITED, EventKind.STALE}
    assert {event.venue for event in events if event.kind in incidents} == faulty
    # The end of the collision: gate takes the coin off its list again.
    assert {event.asset for event in told(EventKind.DELISTED)} <= {"MOVE", *_delisted()}


def _delisted() -> set[str]:
    rows = watched()[2].universe.rows
    return {rows[at].asset.ticker for one in watched()[1] if one.kind == "delisting" for at in one.rows}
