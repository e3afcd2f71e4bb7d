"""Premium samples of the running funding intervals, asked of the venues where an average began late (methodology §2.4).

A program that starts in the middle of an interval has seen none of it. Venues that publish the premium's past are asked
for the part that is missing: for the contracts of watchlists and then those with the most open interest, so many a
venue, one request at a time, slowly enough that no poll ever waits for it. What they tell goes with the venue's next
poll, so that the record holds it at its place and a replay gives the same figures.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from fundtui.clock import Clock
from fundtui.config import Settings
from fundtui.history.asking import Asking, HalfBudget, Line
from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.filling import Filled, Lacking
from fundtui.market import Batch, Instrument, PremiumSamples
from fundtui.polling.judge import Troubled, TroubleKind
from fundtui.status import Event, EventKind, Severity
from fundtui.text import clean
from fundtui.venues.spec import HistoryRequest, PremiumHistory, PremiumSample, Venue

FIRST_LOOK_S = 20.0
"""Venues are asked once all have answered, or that long after the start."""
LOOK_EVERY_S = 300.0
"""Between two looks for averages with holes."""
REST_S = 3600.0
"""A venue that refused is left alone that long."""
MOST_PAGES = 20
MOST_MISSES = 2
"""Contracts in a row that a venue may tell nothing of before it is left alone."""
MOST_TEXT = 300
SPARING = 2.0
"""Requests are that many times further apart than their weight takes to drain: the polls have the rest."""
OF_ONE = frozenset({TroubleKind.HTTP_4XX, TroubleKind.BAD_PAYLOAD})
"""Troubles that may be of one contract alone."""

OfEngine = Callable[[], Calculator]


class _Round(msgspec.Struct):
    """One round of asking a venue: what became of what it told, and why it ended early."""

    counts: Counter[str] = msgspec.field(default_factory=Counter)
    trouble: str = ""
    over: bool = False


class Premiums:
    """Asks for what running averages lack. Made with an engine; asks nothing before `provide`."""

    def __init__(
        self, clock: Clock, calculator: OfEngine, settings: Callable[[], Settings], report: Callable[[Event], None]
    ) -> None:
        """calculator, settings: those in force. report: for the one line in the journal that a round is worth."""
        self._clock = clock
        self._calculator = calculator
        self._settings = settings
        self._report = report
        self._asking: Asking | None = None
        self._line: Line | None = None
        self._look_at = 0.0
        self._latest_first_look = 0.0
        self._asked: dict[tuple[str, str], int] = {}
        self._rest_until: dict[str, float] = {}
        self._ready_at: dict[str, float] = {}
        self._waiting: dict[str, list[PremiumSamples]] = {}
        self._rounds: dict[str, _Round] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, str] = {}

    def provide(self, asking: Asking) -> None:
        """Say how venues can be asked."""
        self._asking = asking
        limiters = {name: HalfBudget(asking.limiter(name), self._clock, asking.share) for name in self._telling(asking)}
        self._line = Line(asking.transport, self._clock, limiters.__getitem__, asking.base_url)
        self._latest_first_look = self._clock.monotonic() + FIRST_LOOK_S

    async def stop(self) -> None:
        """Ask no more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- with the polls ---------------------------------------------------------------------------

    def with_samples(self, batch: Batch) -> Batch:
        """A poll with the samples that came since the venue's last one."""
        waiting = self._waiting.pop(batch.venue, ()) if batch.quotes else ()
        return msgspec.structs.replace(batch, premiums=tuple(waiting)) if waiting else batch

    def took(self, venue: str, filled: Mapping[Filled, int]) -> None:
        """What the calculator made of samples."""
        found = self._rounds.get(venue)
        if found is not None:
            found.counts.update({became.value: count for became, count in filled.items()})
            self._tell(venue, found)

    # --- asking -----------------------------------------------------------------------------------

    def look(self, *, settled: bool) -> None:
        """Once a second: begin to ask where something is lacking. settled: every venue has answered once or failed."""
        now, most = self._clock.monotonic(), self._settings().polling.premium_history
        if self._asking is None or not most or now < self._look_at:
            return
        if not settled and now < self._latest_first_look:
            return
        self._look_at = now + LOOK_EVERY_S
        for name in self._telling(self._asking):
            busy = name in self._tasks and not self._tasks[name].done()
            if busy or now < self._rest_until.get(name, 0.0):
                continue
            wanted = self._wanted(self._asking.venues[name], most)
            if wanted:
                self._rounds[name] = _Round()
                work = self._ask_venue(self._asking, self._asking.venues[name], wanted, self._rounds[name])
                self._tasks[name] = asyncio.get_running_loop().create_task(work, name=f"premiums of {name}")

    @staticmethod
    def _telling(asking: Asking) -> list[str]:
        return [name for name, venue in asking.venues.items() if venue.premium_history is not None]

    def _wanted(self, venue: Venue, most: int) -> list[Lacking]:
        """What a venue is asked for: of its weightiest contracts those that lack something, once an interval."""
        # Imported at the first look: not needed for the first rows.
        from fundtui.history.backfill import ranked

        calculator, history = self._calculator(), venue.premium_history
        assert history is not None
        table = calculator.instruments
        oi_usd = table.columns["oi_usd"]
        rows = np.flatnonzero(table.alive[: table.count]).tolist()
        contracts: dict[int, Instrument] = {row: calculator.contract(row) for row in rows}
        row_of = {contract: row for row, contract in contracts.items() if contract.venue == venue.name}
        watched = frozenset(asset for one in self._settings().watchlists.values() for asset in one.assets)
        order = ranked([(contract, float(oi_usd[row])) for contract, row in row_of.items()], watched)
        told = [row_of[one] for one in order if history.covers is None or history.covers(one.symbol)]
        found = calculator.lacking(told[:most], self._clock.utc_ms())
        return [one for one in found if self._asked.get((venue.name, one.contract.symbol)) != one.start_ms]

    async def _ask_venue(self, asking: Asking, venue: Venue, wanted: Sequence[Lacking], found: _Round) -> None:
        misses = 0
        for one in wanted:
            try:
                samples = await self._samples(asking, venue, one)
            except Troubled as error:
                misses += 1
                if error.trouble.kind in OF_ONE and misses < MOST_MISSES:
                    self._asked[venue.name, one.contract.symbol] = one.start_ms
                    continue
                found.trouble = str(error)
                self._rest_until[venue.name] = self._clock.monotonic() + REST_S
                break
            misses = 0
            self._asked[venue.name, one.contract.symbol] = one.start_ms
            if samples.time_ms:
                self._waiting.setdefault(venue.name, []).append(samples)
            else:
                found.counts[Filled.NO_SAMPLES.value] += 1
        found.over = True
        self._tell(venue.name, found)

    async def _samples(self, asking: Asking, venue: Venue, one: Lacking) -> PremiumSamples:
        """The samples of one contract's interval until now. Raises Troubled."""
        history = venue.premium_history
        assert history is not None
        symbol = one.contract.native_id or one.contract.symbol
        # What is later than the asking is of a candle that still runs.
        end_ms = self._clock.utc_ms()
        found: dict[int, float] = {}
        request: HistoryRequest | None = history.first(symbol, one.start_ms, end_ms)
        for _ in range(MOST_PAGES):
            if request is None:
                break
            rows = await self._ask(asking, venue, history, request, symbol)
            found.update((row.time_ms, row.premium) for row in rows if one.start_ms <= row.time_ms <= end_ms)
            request = history.next(request, rows, symbol, one.start_ms, end_ms)
        times = sorted(found)
        return PremiumSamples(one.contract.symbol, tuple(times), tuple(found[time_ms] for time_ms in times))

    async def _ask(
        self, asking: Asking, venue: Venue, history: PremiumHistory, request: HistoryRequest, symbol: str
    ) -> tuple[PremiumSample, ...]:
        """One answer, asked so long after the one before that the polls' budget has recovered. Raises Troubled."""
        assert self._line is not None
        wait_s = self._ready_at.get(venue.name, 0.0) - self._clock.monotonic()
        if wait_s > 0:
            await self._clock.sleep(wait_s)
        rows = await self._line.ask(venue, request, symbol, history.read)
        spared_s = SPARING * asking.limiter(venue.name).drains_s(request.weight)
        self._ready_at[venue.name] = self._clock.monotonic() + spared_s
        return rows

    def _tell(self, venue: str, found: _Round) -> None:
        """One line about a round that is over and whose samples were taken; what was told before is not repeated."""
        if not found.over or self._waiting.get(venue):
            return
        self._rounds.pop(venue, None)
        taken = found.counts.pop(Filled.TAKEN.value, 0)
        parts = [f"{taken} running averages begin with the venue's own samples"] if taken else []
        parts += [f"samples of {count} left out: {reason}" for reason, count in sorted(found.counts.items())]
        parts += [f"not asked any further: {found.trouble}"] if found.trouble else []
        text = f"{venue} premium history: {'; '.join(parts)}"
        news = found.trouble if found.trouble and not taken else text
        if not parts or self._told.get(venue) == news:
            return
        self._told[venue] = news
        self._report(
            Event(
                time_ms=self._clock.utc_ms(),
                kind=EventKind.RECORD,
                text=clean(text, MOST_TEXT),
                severity=Severity.INFO,
                venue=venue,
            )
        )
