"""The one object that the screens and the commands talk to: pollers -> calculator -> journal, and the read side of it.

Data flows one way: a poller delivers a `Batch`, the calculator applies it, the changed rows get a new version and
`revision` grows. Screens pull what they show, at their own pace; nothing is pushed to them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.clock import Clock
from fundtui.config import Settings, Watcher
from fundtui.imbalance.calculator import Calculator, Changes
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.table import Table
from fundtui.market import Batch, record
from fundtui.polling.fleet import Fleet
from fundtui.query import Query, compile_query
from fundtui.status import Event, EventKind, Severity, VenueHealth, VenueState
from fundtui.text import clean
from fundtui.units import Basis

if TYPE_CHECKING:
    from fundtui.imbalance.explain import Explanation

JOURNAL_LENGTH = 2000
TICK_S = 1.0
SETTLE_CHECK_S = 0.02

LEARNT = frozenset(
    {
        EventKind.LISTED,
        EventKind.DELISTED,
        EventKind.INTERVAL_CHANGED,
        EventKind.CAP_CHANGED,
        EventKind.STATUS_CHANGED,
        EventKind.MULTIPLIER_CHANGED,
        EventKind.QUARANTINED,
        EventKind.QUARANTINE_OVER,
    }
)
"""What a contract's first answers can look like without anything having happened."""

Deliver = Callable[[Batch], None]
Report = Callable[[Event], None]
OpenFleet = Callable[[Deliver, Report], Awaitable[Fleet]]


class AlertCounts(msgspec.Struct, frozen=True):
    """How many alerts are in which state."""

    firing: int = 0
    pending: int = 0
    silenced: int = 0


class Engine:
    """A market under watch. `fundtui.assembly` makes one; nothing is asked before `start`."""

    def __init__(
        self,
        watcher: Watcher,
        *,
        mode: str,
        clock: Clock,
        calculator: Calculator,
        venues: tuple[str, ...],
        open_fleet: OpenFleet,
    ) -> None:
        """mode: `live`, `demo`, `url` or `record`. venues: names in the order in which they are shown. open_fleet:
        called at `start`, so that the HTTP client is imported after the first frame."""
        self._watcher = watcher
        self.settings = watcher.loaded.settings
        self.mode = mode
        self.clock = clock
        self.calculator = calculator
        self.events: deque[Event] = deque(maxlen=JOURNAL_LENGTH)
        self.event_count = 0
        self.revision = 0
        self._venues = venues
        self._open_fleet = open_fleet
        self._fleet: Fleet | None = None
        self._complete: set[str] = set()
        self._ticker: asyncio.Task[None] | None = None

    # --- life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to poll. Returns at once; answers come while the loop runs."""
        asyncio.get_running_loop().set_exception_handler(self._unexpected)
        self._fleet = await self._open_fleet(self.deliver, self.report)
        self._fleet.start()
        self._ticker = asyncio.get_running_loop().create_task(self._tick(), name="engine tick")

    async def stop(self) -> None:
        """Stop polling; returns within about half a second, hanging requests or not."""
        if self._ticker is not None:
            self._ticker.cancel()
        if self._fleet is not None:
            await self._fleet.stop()

    async def settled(self, wait_s: float) -> bool:
        """Wait until every endpoint has answered or failed once; False when `wait_s` was not enough."""
        deadline = self.clock.monotonic() + wait_s
        while self._fleet is None or not self._fleet.settled:
            if self.clock.monotonic() >= deadline:
                return False
            await self.clock.sleep(SETTLE_CHECK_S)
        self._changed(self.calculator.tick(self.clock.utc_ms()))
        return True

    async def look_at_configuration(self) -> None:
        """Take over settings that were edited while running; a broken edit is told and changes nothing."""
        if not self._watcher.poll():
            return
        for problem in self._watcher.problems:
            self._say(f"configuration not taken over: {problem}", Severity.WARNING)
        if self._watcher.problems:
            return
        self.settings = settings = self._watcher.loaded.settings
        self._say("configuration taken over")
        if self._fleet is not None:
            await self._fleet.configure(disabled=disabled(settings, self._venues), poll_s=pace(settings))

    def save_state(self, changes: Mapping[str, Any]) -> None:
        """Keep what was changed on the screen in state.toml; dotted keys as in `fundtui.config.state.save`.

        Raises OSError or ConfigError when the file cannot be written or read.
        """
        from fundtui.config.state import save

        save(self._watcher.loaded.state_path, changes)

    # --- writing ----------------------------------------------------------------------------------

    def deliver(self, batch: Batch) -> None:
        """One venue's poll."""
        changes = self.calculator.apply(batch, self.clock.utc_ms())
        if batch.venue not in self._complete:
            # While a venue's slower answers still come in, its contracts are being learnt, not changed.
            changes = changes._replace(events=tuple(one for one in changes.events if one.kind not in LEARNT))
            if self._fleet is not None and self._fleet.complete(batch.venue):
                self._complete.add(batch.venue)
        self._changed(changes)

    def report(self, event: Event) -> None:
        """One entry for the journal."""
        self.events.append(event)
        self.event_count += 1
        self.revision += 1

    def _changed(self, changes: Changes) -> None:
        self.revision += 1
        for event in changes.events:
            self.report(event)

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A task of ours that died: told in the journal, never as a traceback over the screen."""
        error = context.get("exception")
        text = f"internal error: {context.get('message', 'task ended')}: {error!r}"
        now_ms = self.clock.utc_ms()
        self.report(Event(time_ms=now_ms, kind=EventKind.DEFECT, text=clean(text), severity=Severity.CRITICAL))

    def _say(self, text: str, severity: Severity = Severity.INFO) -> None:
        """An entry about this program itself."""
        now_ms = self.clock.utc_ms()
        self.report(Event(time_ms=now_ms, kind=EventKind.CONFIG, text=clean(text), severity=severity))

    async def _tick(self) -> None:
        while True:
            await self.clock.sleep(TICK_S)
            self._changed(self.calculator.tick(self.clock.utc_ms()))
            await self.look_at_configuration()

    # --- reading ----------------------------------------------------------------------------------

    @property
    def basis(self) -> Basis:
        """How the user wants rates shown."""
        return self.settings.display.rate_basis

    @property
    def local_outage(self) -> bool:
        """Whether most venues are unreachable at once: our network rather than theirs."""
        return self._fleet is not None and self._fleet.local_outage

    def table(self, level: Level) -> Table:
        """The rows of a level. Raises KeyError for a level that has none."""
        return self.calculator.tables[level]

    def instrument_rows(self, asset_row: int) -> NDArray[np.int64]:
        """Rows of the instrument table that belong to an asset."""
        return self.calculator.instrument_rows(asset_row)

    def health(self) -> tuple[VenueHealth, ...]:
        """Every venue, in the order in which they are shown."""
        if self._fleet is None:
            return tuple(VenueHealth(venue=name, title=name, state=VenueState.STARTING) for name in self._venues)
        return self._fleet.health()

    def select(self, text: str, level: Level) -> Query:
        """A compiled filter. Raises QueryError."""
        return compile_query(text, level)

    def explain(self, level: Level, row: int, key: str) -> Explanation:
        """Where one figure comes from. Raises KeyError for an unknown metric."""
        # Imported when somebody asks: not needed for the first frame.
        from fundtui.imbalance.explain import explain

        return explain(self.calculator, level, row, key, self.clock.utc_ms())

    def record(self, row: int) -> dict[str, Any]:
        """The instrument record of design §6, with the reasons of the comparisons added to the reader's own."""
        quote = self.calculator.quote(row)
        if quote is None:
            raise KeyError(row)
        fields = record(quote)
        fields["reasons"] = [reason.value for reason in self.calculator.reasons(row)]
        return fields

    def alert_counts(self) -> AlertCounts:
        """How many alerts are in which state."""
        return AlertCounts()


def disabled(settings: Settings, venues: tuple[str, ...], experimental: frozenset[str] = frozenset()) -> frozenset[str]:
    """The venues that are not asked: switched off, not among `only`, or experimental and not switched on."""
    chosen = settings.venues
    off = set(chosen.disable) | (experimental - set(chosen.enable))
    off |= {name for name, one in chosen.named.items() if not one.enabled}
    if chosen.only:
        off |= set(venues) - set(chosen.only)
    return frozenset(off)


def pace(settings: Settings) -> dict[str, float]:
    """Venue -> the user's seconds between two polls."""
    return {name: one.poll for name, one in settings.venues.named.items() if one.poll is not None}
