"""Settled rates from the venues' own histories: at first start and after gaps, within the venues' budgets, resumable.

Nothing is made up: an instant that a venue does not tell stays unobserved, an interval that neither row nor spacing
tells stays unknown.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
import numpy as np
from msgspec.structs import replace

from fundtui.clock import Clock
from fundtui.history.accrual import instants, last_of, payments
from fundtui.history.asking import Blocking, Budget, Line
from fundtui.history.store import GAP_INTERVALS
from fundtui.imbalance.settlements import snapped_interval
from fundtui.market import Instrument, Settlement
from fundtui.polling.judge import (
    HOLDING_KINDS,
    NETWORK_KINDS,
    Troubled,
    TroubleKind,
)
from fundtui.polling.transport import Transport
from fundtui.units import HOUR_MS
from fundtui.venues.spec import AccrualHistory, History, HistoryRequest, Venue

Row = TypeVar("Row")
Result = TypeVar("Result")

MOST_PAGES = 400
"""Of one instrument: an endless paging is a defect of the venue."""
FRESH_MS = HOUR_MS
"""Settlements younger than this are not asked for: the polls bring them."""
ASSUMED_H = 8.0
"""How often an instrument of unknown interval is looked at; nothing is worked out from it."""
PAUSE_S = 30.0
"""Before a venue that did not answer is asked again."""
MOST_TRIES = 4
PASSING = frozenset({*HOLDING_KINDS, *NETWORK_KINDS, TroubleKind.HTTP_5XX, TroubleKind.MAINTENANCE})
"""Troubles that waiting can end."""
GIVING_UP = PASSING - {TroubleKind.HTTP_5XX}


class Reached(msgspec.Struct, frozen=True):
    """From when to when an instrument's history was asked for; kept, so that a stopped back-fill goes on."""

    from_ms: int
    to_ms: int


class Progress(msgspec.Struct, frozen=True):
    """How far a back-fill is: instruments done and in all, settlements found, what failed."""

    done: int = 0
    total: int = 0
    found: int = 0
    failed: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing is left to ask."""
        return self.done >= self.total


class Task(msgspec.Struct, frozen=True):
    """One instrument and the time range that is missing."""

    contract: Instrument
    start_ms: int
    end_ms: int


def ranked(contracts: Iterable[tuple[Instrument, float]], watched: frozenset[str]) -> list[Instrument]:
    """Contracts in the order in which they are asked: assets of watchlists first, then by open interest in dollars."""
    known = [(contract, oi if oi == oi else 0.0) for contract, oi in contracts if not contract.excluded]
    known.sort(key=lambda one: (one[0].asset_id not in watched and one[0].asset not in watched, -one[1]))
    return [contract for contract, _ in known]


def missing(
    contract: Instrument, reached: Reached | None, settled: Sequence[Settlement], start_ms: int, now_ms: int
) -> Task | None:
    """What is still to be asked for an instrument; None: nothing.

    `settled` are the settlements known since `reached.to_ms`: an unbroken line of them needs no asking.
    """
    if reached is None or reached.from_ms > start_ms:
        return Task(contract, start_ms, now_ms)
    step_ms = int((contract.interval_h if contract.interval_h == contract.interval_h else ASSUMED_H) * HOUR_MS)
    to_ms = reached.to_ms
    for one in settled:
        if one.time_ms - to_ms > GAP_INTERVALS * step_ms:
            break
        to_ms = max(to_ms, one.time_ms)
    return Task(contract, to_ms, now_ms) if now_ms - to_ms > GAP_INTERVALS * step_ms + FRESH_MS else None


def with_intervals(settled: Sequence[Settlement]) -> list[Settlement]:
    """Rows sorted, each with an interval where it tells one or the spacing to the row before does."""
    ordered = sorted(settled, key=lambda one: one.time_ms)
    if len(ordered) < 2:
        return ordered
    hours = np.diff([one.time_ms for one in ordered]) / HOUR_MS
    spacing = snapped_interval(hours).tolist()
    # Nothing comes before the first row; the second one's is the best word on it.
    return [
        replace(one, interval_h=hours_before) if math.isnan(one.interval_h) else one
        for one, hours_before in zip(ordered, [spacing[0], *spacing], strict=True)
    ]


def tells_of(venue: Venue, contract: Instrument) -> bool:
    """Whether a venue tells the settled rates of a contract."""
    if venue.history is None:
        return venue.accrual is not None
    return venue.history.covers is None or venue.history.covers(contract.symbol)


FULL_S = 0.1
"""Between two looks whether what was found has been taken."""


class Backfill:
    """Asks the histories of all venues side by side, one instrument of a venue after the other."""

    def __init__(
        self,
        venues: Mapping[str, Venue],
        transport: Transport,
        clock: Clock,
        limiter: Callable[[str], Budget],
        keep: Callable[[Task, list[Settlement]], None],
        *,
        base_url: str = "",
        blocking: Blocking | None = None,
        room: Callable[[], bool] = lambda: True,
    ) -> None:
        """keep: called with each instrument's settlements once all of them are here. blocking: reads large answers
        away from the event loop; None: there is none to be kept waiting. room: whether more may come now."""
        self._venues = venues
        self._clock = clock
        self._keep = keep
        self._room = room
        self._line = Line(transport, clock, limiter, base_url, blocking)
        self.progress = Progress()
        self.problems: dict[str, str] = {}

    async def run(self, tasks: Sequence[Task]) -> Progress:
        """Ask for everything, in the order given within each venue."""
        by_venue: dict[str, list[Task]] = {}
        for task in tasks:
            venue = self._venues.get(task.contract.venue)
            if venue is not None and tells_of(venue, task.contract):
                by_venue.setdefault(venue.name, []).append(task)
        self.progress = Progress(total=sum(map(len, by_venue.values())))
        async with asyncio.TaskGroup() as group:
            for name, mine in by_venue.items():
                group.create_task(self._venue(self._venues[name], mine))
        return self.progress

    async def _venue(self, venue: Venue, tasks: Sequence[Task]) -> None:
        for place, task in enumerate(tasks):
            try:
                settled = await self._instrument(venue, task)
            except Troubled as error:
                self.problems[venue.name] = str(error)
                if error.trouble.kind in GIVING_UP:
                    # The venue is not to be had: what is missing is asked for at the next start.
                    self._count(failed=len(tasks) - place)
                    return
                self._count(failed=1)
                continue
            self._keep(task, settled)
            self._count(found=len(settled))
            while not self._room():
                await self._clock.sleep(FULL_S)

    def _count(self, *, found: int = 0, failed: int = 0) -> None:
        before = self.progress
        self.progress = replace(
            before,
            done=before.done + (failed or 1),
            found=before.found + found,
            failed=before.failed + failed,
        )

    async def _instrument(self, venue: Venue, task: Task) -> list[Settlement]:
        if venue.history is not None:
            return await self._pages(venue, venue.history, task)
        return await self._samples(venue, venue.accrual, task) if venue.accrual is not None else []

    async def _pages(self, venue: Venue, history: History, task: Task) -> list[Settlement]:
        contract = task.contract
        symbol = contract.native_id or contract.symbol
        start_ms = task.start_ms
        if math.isfinite(history.depth_h):
            start_ms = max(start_ms, task.end_ms - int(history.depth_h * HOUR_MS))
        found: dict[int, Settlement] = {}
        request: HistoryRequest | None = history.first(symbol, start_ms, task.end_ms)
        for _ in range(MOST_PAGES):
            if request is None:
                break
            rows = await self._ask(venue, request, symbol, history.read)
            for one in rows:
                if start_ms <= one.time_ms <= task.end_ms:
                    found[one.time_ms] = replace(one, venue=venue.name, symbol=contract.symbol)
            request = history.next(request, rows, symbol, start_ms, task.end_ms)
        return with_intervals(list(found.values()))

    async def _samples(self, venue: Venue, accrual: AccrualHistory, task: Task) -> list[Settlement]:
        symbol = task.contract.native_id or task.contract.symbol
        samples = []
        for time_ms in instants(task.start_ms, task.end_ms, accrual.step_h)[-MOST_PAGES:]:
            rows = await self._ask(venue, accrual.at(symbol, time_ms), symbol, accrual.read)
            sample = last_of(rows, time_ms)
            if sample is not None:
                samples.append(sample)
        return payments(samples, venue.name, task.contract.symbol, accrual.step_h)

    async def _ask(
        self, venue: Venue, request: HistoryRequest, symbol: str, read: Callable[[bytes, str], tuple[Row, ...]]
    ) -> tuple[Row, ...]:
        """One page; asked again a few times where waiting can help. Raises Troubled."""
        for attempt in range(MOST_TRIES):
            try:
                return await self._line.ask(venue, request, symbol, read)
            except Troubled as error:
                if error.trouble.kind not in PASSING or attempt == MOST_TRIES - 1:
                    raise
                await self._clock.sleep(max(error.trouble.hold_s, PAUSE_S))
        raise AssertionError("unreachable")
