"""Puts an engine together from a source and the settings: which clock, which transport, which venues."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fundtui.asked import disabled, pace
from fundtui.clock import Clock, ScaledClock, SystemClock
from fundtui.config import Settings, Watcher
from fundtui.courses import Courses
from fundtui.edits import calculator_settings
from fundtui.engine import Engine
from fundtui.history.asking import Asking
from fundtui.imbalance.calculator import Calculator
from fundtui.past import SettledReader
from fundtui.polling.feed import Deliver, Feed, Report
from fundtui.polling.fleet import Fleet
from fundtui.polling.resolver import Lookup, system_lookup
from fundtui.polling.transport import Transport
from fundtui.premiums import Premiums
from fundtui.sources import Source, SourceKind
from fundtui.venues import load, names
from fundtui.venues.spec import Venue, Wanted

# What keeps and reads records, and what evaluates alerts, is imported where it is needed: a demo's first rows are shown
# without any of it, a quarter earlier.
if TYPE_CHECKING:
    from fundtui.alerts.alerting import Alerting
    from fundtui.alerts.sinks import Surroundings
    from fundtui.budgets import BudgetFile
    from fundtui.keeping import Keeping

DEFAULT_TOP = 50

OpenTransport = Callable[[], Awaitable[Transport]]


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """How alerts are evaluated. terminal: there is one to tell. They are kept in the data folder; those of a demo that
    is not recorded in memory."""

    terminal: bool = True


def open_source(
    source: Source,
    watcher: Watcher,
    *,
    only: Iterable[str] | None = None,
    probe: bool = False,
    alerts: Alerts | None = None,
    record: bool = False,
    read_only: bool = False,
    lasting: bool = False,
) -> Engine:
    """An engine over a source, not started. `only` limits the venues, `probe` asks also those that are off. alerts:
    None evaluates none. record: keep a record of what is seen, unless another process does: then its record is read,
    and no venue is asked until that process has ended. read_only: look on, whatever happens to that process.
    lasting: it goes on for so long that running averages are worth asking the venues' premium histories for.

    Raises KeyError for an unknown venue, ValueError for an unknown scenario, StoreProblem where a record cannot be
    replayed.
    """
    settings = watcher.loaded.settings
    only = tuple(only or ())
    if source.kind is SourceKind.RECORD:
        return _replay(source, watcher)
    clock, open_transport, known = _world(source, settings, only)
    chosen = _chosen(only, known)
    calculator = Calculator(calculator_settings(settings))
    keeping: Keeping | None = None
    if settings.history.enabled and not probe and (record or source.kind is SourceKind.LIVE):
        from fundtui.keeping import begin_record

        keeping = begin_record(source.kind.value, settings, clock, calculator, record=record, read_only=read_only)
    alerting = None
    if alerts is not None:
        alerting = partial(_alerting, source, settings, clock, alerts, kept=keeping is not None)

    async def open_fleet(kept: Keeping | None, deliver: Deliver, report: Report) -> Feed:
        transport = await open_transport()
        venues = [_load(name, settings) for name in chosen]
        _introduce(calculator, venues, settings)
        experimental = frozenset(venue.name for venue in venues if venue.experimental)
        engine.experimental = experimental - set(only)
        off = frozenset() if probe else disabled(settings, chosen, engine.experimental)
        fleet = Fleet(
            venues,
            clock,
            random.Random(source.seed if source.kind is SourceKind.DEMO else None),
            transport,
            deliver,
            wanted=lambda name: _wanted(watcher.loaded.settings, name),
            timeout_s=settings.polling.timeout,
            on_event=report,
            base_url=source.base_url,
            disabled=off,
            poll_s=pace(settings),
            share=settings.polling.budget_share,
            budgets=kept.warmth.budgets if kept is not None else None,
            shared=_shared_budgets(settings) if source.kind is SourceKind.LIVE else None,
        )
        if kept is not None and kept.record is not None:
            kept.provide(venues, transport, fleet.limiter, settings.polling.budget_share, source.base_url)
        known_venues = {venue.name: venue for venue in venues}
        asking = Asking(known_venues, transport, fleet.limiter, settings.polling.budget_share, source.base_url)
        if engine.courses is not None:
            engine.courses.provide(asking, engine.settle)
        if engine.premiums is not None:
            engine.premiums.provide(asking)
        return fleet

    if keeping is not None and keeping.record is None:
        from fundtui.keeping import Succession, attached

        succession = None
        if record and not read_only:
            succession = Succession(source.kind.value, chosen, lambda kept: partial(open_fleet, kept))
        engine = attached(keeping, watcher, alerting, known, succession)
        engine.courses = Courses(engine.clock, lambda: engine.calculator, keeping.folder)
        engine.past = SettledReader(keeping.folder)
        engine.premiums = _premiums(engine) if lasting else None
        return engine
    if keeping is not None and isinstance(clock, ScaledClock):
        # A demo that is recorded goes on where it stopped.
        clock.advance_to(max(keeping.warmth.seen.values(), default=0))
    engine = Engine(
        watcher,
        mode=source.kind.value,
        clock=clock,
        calculator=calculator,
        venues=chosen,
        open_fleet=partial(open_fleet, keeping),
        record=keeping.record if keeping is not None else None,
        warmth=keeping.warmth if keeping is not None else None,
        alerting=alerting,
    )
    engine.courses = Courses(clock, lambda: engine.calculator, keeping.folder if keeping is not None else None)
    engine.past = SettledReader(keeping.folder if keeping is not None else None)
    engine.premiums = _premiums(engine) if lasting else None
    return engine


def _premiums(engine: Engine) -> Premiums:
    return Premiums(engine.clock, lambda: engine.calculator, lambda: engine.settings, engine.report)


def _replay(source: Source, watcher: Watcher) -> Engine:
    """An engine over the recorded past."""
    from fundtui.history.folder import data_folder
    from fundtui.history.player import Player
    from fundtui.history.record import Warmth

    settings = watcher.loaded.settings
    folder = Path(source.path).expanduser() if source.path else data_folder(settings)
    player = Player(
        folder,
        lambda: Calculator(calculator_settings(settings)),
        at_ms=source.at_ms,
        speed=source.speed,
        base=SystemClock(),
    )
    scene = player.scene()

    async def open_feed(deliver: Deliver, report: Report) -> Feed:
        return player.feed(deliver, report)

    engine = Engine(
        watcher,
        mode=player.mode,
        clock=player.clock,
        calculator=scene.calculator,
        venues=(),
        open_fleet=open_feed,
        warmth=Warmth(scene.events),
        player=player,
    )
    engine.courses = Courses(player.clock, lambda: engine.calculator, folder)
    engine.past = SettledReader(folder)
    return engine


def _shared_budgets(settings: Settings) -> BudgetFile:
    from fundtui.budgets import BudgetFile
    from fundtui.history.folder import data_folder

    return BudgetFile(data_folder(settings))


def _alerting(source: Source, settings: Settings, clock: Clock, alerts: Alerts, *, kept: bool) -> Alerting:
    from fundtui.alerts.alerting import Alerting
    from fundtui.alerts.sinks import build_all
    from fundtui.history.folder import data_folder

    demo = source.kind is SourceKind.DEMO
    # A demo keeps to itself: what it makes up is no news for anybody's telephone.
    to_itself = demo and not kept
    around = surroundings(settings, clock, terminal=alerts.terminal, elsewhere=not to_itself)
    return Alerting(
        clock,
        random.Random(source.seed if demo else None),
        lambda wanted, show: build_all(wanted, around, show),
        None if to_itself else data_folder(settings),
        close_sinks=around.close,
    )


def surroundings(settings: Settings, clock: Clock, *, terminal: bool = True, elsewhere: bool = True) -> Surroundings:
    """What the sinks of this program are built with: transports of their own, which connect to permitted addresses."""
    from fundtui.alerts.sinks import Surroundings
    from fundtui.alerts.sinks.guard import guarded

    transports: dict[bool, Transport] = {}

    def transport(allow_private: bool) -> Transport:
        if allow_private not in transports:
            lookup = guarded(system_lookup, lambda _: allow_private)
            transports[allow_private] = _http(clock, settings, lookup)
        return transports[allow_private]

    async def close() -> None:
        for one in transports.values():
            await one.close()

    return Surroundings(
        clock=clock,
        environment=os.environ,
        transport=transport,
        close=close,
        terminal=terminal,
        elsewhere=elsewhere,
    )


def _introduce(calculator: Calculator, venues: Iterable[Venue], settings: Settings) -> None:
    """Tell the calculator what the venues publish of themselves: fees, and how often they are asked."""
    own_pace = pace(settings)
    for venue in venues:
        calculator.set_fees({venue.name: venue.fees})
        required = [endpoint.every_s for endpoint in venue.endpoints if endpoint.required]
        if required:
            calculator.set_cadence(venue.name, own_pace.get(venue.name, max(required)))


def _world(source: Source, settings: Settings, only: Sequence[str]) -> tuple[Clock, OpenTransport, tuple[str, ...]]:
    """Clock, transport and the venues that a source has."""
    if source.kind is SourceKind.DEMO:
        from fundtui.simulation.market import DEMO_START_MS, Market
        from fundtui.simulation.transport import SimulatedTransport
        from fundtui.simulation.universe import Scale
        from fundtui.simulation.wire import ALL_NAMES, NAMES

        # The twelve of the demo, or all that are simulated where one of the others is asked for.
        wanted = {*only, *settings.venues.only, *settings.venues.enable}
        simulated = ALL_NAMES if wanted & set(ALL_NAMES) - set(NAMES) else NAMES
        clock: Clock = ScaledClock(DEMO_START_MS, source.speed)
        scale = Scale(venues=len(simulated))
        market = Market(source.seed, DEMO_START_MS, scale, scenario=source.scenario or "all")

        async def open_simulated() -> Transport:
            return SimulatedTransport(market, clock, first_at_once=True)

        return clock, open_simulated, simulated
    clock = SystemClock()
    # The HTTP client takes a tenth of a second to import: after the first frame, off the loop.
    return clock, lambda: asyncio.to_thread(_http, clock, settings), names()


def _http(clock: Clock, settings: Settings, lookup: Lookup = system_lookup) -> Transport:
    from fundtui.polling.live import LiveTransport

    environ = dict(os.environ)
    if settings.polling.proxy:
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            environ[name] = "" if settings.polling.proxy == "none" else settings.polling.proxy
    return LiveTransport(clock, environ, ca_file=settings.polling.ca_file, lookup=lookup)


def _chosen(only: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    if not only:
        return known
    for name in only:
        if name not in known:
            raise KeyError(name)
    return only


def _load(name: str, settings: Settings) -> Venue:
    venue = load(name)
    mine = settings.venues.named.get(name)
    if mine is None or not mine.base_url:
        return venue
    return msgspec.structs.replace(venue, base_url=mine.base_url)


def _wanted(settings: Settings, venue: str) -> Wanted:
    """What a venue's per-symbol endpoints are asked for."""
    assets = frozenset(asset for watchlist in settings.watchlists.values() for asset in watchlist.assets)
    mine = settings.venues.named.get(venue)
    return Wanted(assets=assets, top=mine.top if mine is not None and mine.top is not None else DEFAULT_TOP)
