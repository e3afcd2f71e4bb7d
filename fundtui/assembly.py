"""Puts an engine together from a source and the settings: which clock, which transport, which venues."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Iterable

from fundtui.clock import Clock, ScaledClock, SystemClock
from fundtui.config import Settings, Watcher
from fundtui.engine import Deliver, Engine, Report, disabled, pace
from fundtui.imbalance.calculator import Calculator, CalculatorSettings
from fundtui.polling.fleet import Fleet
from fundtui.polling.transport import Transport
from fundtui.sources import Source, SourceKind
from fundtui.venues import load, names
from fundtui.venues.spec import Venue, Wanted

DEFAULT_TOP = 50

OpenTransport = Callable[[], Transport]


def open_source(source: Source, watcher: Watcher, *, only: Iterable[str] | None = None, probe: bool = False) -> Engine:
    """An engine over a source, not started. `only` limits the venues, `probe` asks also those that are off.

    Raises KeyError for an unknown venue, ValueError for an unknown scenario.
    """
    settings = watcher.loaded.settings
    clock, open_transport, known = _world(source, settings)
    chosen = _chosen(tuple(only) if only is not None else None, known)

    async def open_fleet(deliver: Deliver, report: Report) -> Fleet:
        # Venue modules and the HTTP client take a tenth of a second to import: after the first frame, off the loop.
        transport = await asyncio.to_thread(open_transport)
        venues = [_load(name, settings) for name in chosen]
        experimental = frozenset(venue.name for venue in venues if venue.experimental)
        off = frozenset() if probe else disabled(settings, chosen, experimental - set(only or ()))
        return Fleet(
            venues,
            clock,
            random.Random(source.seed if source.kind is SourceKind.DEMO else None),
            transport,
            deliver,
            wanted=lambda: _wanted(watcher.loaded.settings),
            on_event=report,
            base_url=source.base_url,
            disabled=off,
            poll_s=pace(settings),
            share=settings.polling.budget_share,
        )

    return Engine(
        watcher,
        mode=source.kind.value,
        clock=clock,
        calculator=Calculator(calculator_settings(settings)),
        venues=chosen,
        open_fleet=open_fleet,
    )


def calculator_settings(settings: Settings) -> CalculatorSettings:
    """What the calculator takes from the configuration."""
    return CalculatorSettings()


def _world(source: Source, settings: Settings) -> tuple[Clock, OpenTransport, tuple[str, ...]]:
    """Clock, transport and the venues that a source has."""
    if source.kind is SourceKind.DEMO:
        from fundtui.simulation.market import DEMO_START_MS, Market
        from fundtui.simulation.transport import SimulatedTransport
        from fundtui.simulation.wire import NAMES

        clock: Clock = ScaledClock(DEMO_START_MS, source.speed)
        market = Market(source.seed, DEMO_START_MS, scenario=source.scenario or "all")
        return clock, lambda: SimulatedTransport(market, clock), tuple(name for name in NAMES if name in names())
    if source.kind is SourceKind.RECORD:
        raise ValueError("record: needs a record; none can be replayed yet")
    clock = SystemClock()
    return clock, lambda: _http(clock, settings), names()


def _http(clock: Clock, settings: Settings) -> Transport:
    from fundtui.polling.live import LiveTransport

    environ = dict(os.environ)
    if settings.polling.proxy:
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            environ[name] = "" if settings.polling.proxy == "none" else settings.polling.proxy
    return LiveTransport(clock, environ, ca_file=settings.polling.ca_file)


def _chosen(only: tuple[str, ...] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    if only is None:
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
    import msgspec

    return msgspec.structs.replace(venue, base_url=mine.base_url)


def _wanted(settings: Settings) -> Wanted:
    assets = frozenset(asset for watchlist in settings.watchlists.values() for asset in watchlist.assets)
    return Wanted(assets=assets, top=DEFAULT_TOP)
