"""The one object that the screens and the commands talk to: pollers -> calculator -> journal, and the read side of it.

Data flows one way: a poller delivers a `Batch`, the calculator applies it, the changed rows get a new version and
`revision` grows. Screens pull what they show, at their own pace; nothing is pushed to them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fundtui import memory
from fundtui.alerts.summary import Role
from fundtui.alertside import AlertSide
from fundtui.asked import disabled, pace
from fundtui.clock import Clock
from fundtui.config import Watcher
from fundtui.edits import calculator_settings, told
from fundtui.imbalance.calculator import Calculator, Changes
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.table import Table
from fundtui.market import Batch, Excerpt, Instrument, Settlement
from fundtui.market import record as instrument_record
from fundtui.past import SettledReader
from fundtui.polling.feed import Feed, OpenFeed
from fundtui.polling.threads import leave_to_thread
from fundtui.query import Query, compile_query
from fundtui.status import Event, EventKind, Severity, VenueHealth, VenueState
from fundtui.text import clean
from fundtui.units import Basis

if TYPE_CHECKING:
    from fundtui.alerts.alert import Transition
    from fundtui.alertside import MakeAlerting
    from fundtui.config import Loaded
    from fundtui.config.state import Kept
    from fundtui.courses import Courses
    from fundtui.history.backfill import Progress
    from fundtui.history.player import Player
    from fundtui.history.record import Record, Warmth
    from fundtui.history.recorder import RecordState
    from fundtui.imbalance.explain import Explanation
    from fundtui.imbalance.ladder import Rung
    from fundtui.imbalance.settled_log import SettledEntry
    from fundtui.premiums import Premiums

JOURNAL_LENGTH = 2000
TICK_S = 1.0
SETTLE_CHECK_S = 0.02
FILL_EVERY_S = 6 * 3600.0
"""How often settled rates that the polls did not bring are looked for."""
FILL_AFTER_S = 60.0
"""Settled rates are asked for once every venue has answered, or after this long."""
GIVE_BACK_AFTER_S, GIVE_BACK_EVERY_S = 20.0, 300.0
"""When memory is given back: once the first answers are through, then from time to time."""


class Engine(AlertSide):
    """A market under watch. `fundtui.assembly` makes one; nothing is asked before `start`."""

    def __init__(
        self,
        watcher: Watcher,
        *,
        mode: str,
        clock: Clock,
        calculator: Calculator,
        venues: tuple[str, ...],
        open_fleet: OpenFeed,
        record: Record | None = None,
        warmth: Warmth | None = None,
        player: Player | None = None,
        alerting: MakeAlerting | None = None,
    ) -> None:
        """mode: `live`, `demo`, `url`, `attached` or `record`. venues: names in the order in which they are shown.
        open_fleet: called at `start`, so that the HTTP client is imported after the first frame. record: where what
        is seen is kept. warmth: what the calculator was given from the record before. player: what replays a record.
        alerting: makes it when alerts are opened; None: no alerts."""
        super().__init__(alerting)
        self._watcher = watcher
        self.settings = watcher.loaded.settings
        self.mode = mode
        self.clock = clock
        self.calculator = calculator
        self.events: deque[Event] = deque(maxlen=JOURNAL_LENGTH)
        self.events.extend(warmth.events if warmth is not None else ())
        self.event_count = len(self.events)
        self.revision = 0
        self._venues = venues
        self.experimental: frozenset[str] = frozenset()
        self._open_fleet = open_fleet
        self._looked: dict[Level, int] = {}
        self._fleet: Feed | None = None
        self._record = record
        self._warmth = warmth
        self.player = player
        self.past = SettledReader()  # of the record; `fundtui.assembly` says where that is
        self._fill_at = clock.monotonic() + FILL_AFTER_S
        self._give_back_at = clock.monotonic() + GIVE_BACK_AFTER_S
        self._ticker: asyncio.Task[None] | None = None
        self._taking_over: list[asyncio.Task[None]] = []
        self._started = False
        self._has_rows = asyncio.Event()
        self.courses: Courses | None = None
        self.premiums: Premiums | None = None  # asks for what running averages lack; None where nobody is asked

    # --- life -------------------------------------------------------------------------------------

    async def start(self, *, alerts: bool = True) -> None:
        """Begin to poll; answers come while the loop runs. Raises RuntimeError the second time: none is asked twice.

        alerts: open them first. Otherwise `open_alerts` is to follow, and what comes before it is kept for them.
        """
        if self._started:
            raise RuntimeError("the engine was started before")
        self._started = True
        asyncio.get_running_loop().set_exception_handler(self._unexpected)
        if alerts:
            await self.open_alerts()
        if self._record is not None:
            self._record.start(self.report)
        if self._warmth is not None and self._warmth.problem:
            self._say(self._warmth.problem, Severity.WARNING)
        self._fleet = await self._open_fleet(self.deliver, self.report)
        self._fleet.start()
        self._ticker = asyncio.get_running_loop().create_task(self._tick(), name="engine tick")

    async def open_alerts(self) -> None:
        """Begin to evaluate alerts, with what came before; nothing where there are none, or the second time."""
        alerting = self._make()
        if alerting is None:
            return
        alerting.on_transitions = self._journal_alerts
        lock = None if self._record is None else self._record.writing
        await alerting.open(self.settings, owner=self._owns_folder(), lock=lock)
        self._tell_untold(alerting)

    async def first_rows(self) -> None:
        """Wait until there are rows. Who waits runs before anything else comes in."""
        await self._has_rows.wait()

    async def stop(self) -> None:
        """Stop polling; returns within about half a second, hanging requests or not."""
        await asyncio.gather(*self._taking_over, return_exceptions=True)
        if self._ticker is not None:
            self._ticker.cancel()
        if self.premiums is not None:
            await self.premiums.stop()
        if self._fleet is not None:
            await self._fleet.stop()
        if self._alerting is not None:
            await self._alerting.close()
        if self._record is not None:
            self._record.stop(self.calculator.export_state, self._fleet.budgets() if self._fleet is not None else {})

    def _owns_folder(self) -> bool | None:
        """Whether this process evaluates alerts: the one that keeps the record does. None: not known here."""
        if self._record is not None:
            return True
        return False if self.mode.startswith("attached") else None

    def begin_to_take_over(self, mode: str, record: Record, venues: tuple[str, ...], open_fleet: OpenFeed) -> None:
        """Keep the record, ask the venues and evaluate alerts from now on: the process that did so has ended."""
        work = self._take_over(mode, record, venues, open_fleet)
        self._taking_over.append(asyncio.get_running_loop().create_task(work, name="take over"))

    async def _take_over(self, mode: str, record: Record, venues: tuple[str, ...], open_fleet: OpenFeed) -> None:
        if self._fleet is not None:
            await self._fleet.stop()
        self.mode, self._record, self._venues = mode, record, venues
        self._fill_at = self.clock.monotonic() + FILL_AFTER_S
        record.start(self.report)
        if self._alerting is not None:
            await self._alerting.take_over(self.settings, record.writing)
        self._fleet = await open_fleet(self.deliver, self.report)
        self._fleet.start()
        self._say("this program keeps the record and asks the venues now", Severity.WARNING)

    async def settled(self, wait_s: float) -> bool:
        """Wait until every endpoint has answered or failed once; False when `wait_s` was not enough."""
        deadline = self.clock.monotonic() + wait_s
        while self._fleet is None or not self._fleet.settled:
            if self.clock.monotonic() >= deadline:
                return False
            await self.clock.sleep(SETTLE_CHECK_S)
        self._changed(self.calculator.tick(self.clock.utc_ms()))
        self.calculator.refresh_pairs(self.clock.utc_ms())
        return True

    async def look_at_configuration(self) -> None:
        """Take over settings that were edited while running; a broken edit is told and changes nothing."""
        if not self._watcher.poll():
            return
        for text, severity in told(self._watcher, self.settings):
            self._say(text, severity)
        if self._watcher.problems:
            return
        self.settings = settings = self._watcher.loaded.settings
        self.calculator.configure(calculator_settings(settings))
        if self._alerting is not None:
            self._alerting.configure(settings)
        if self._fleet is not None:
            off = disabled(settings, self._venues, self.experimental)
            await self._fleet.configure(disabled=off, poll_s=pace(settings), timeout_s=settings.polling.timeout)

    @property
    def configuration(self) -> Loaded:
        """The configuration in force: where each setting comes from, and what was ignored."""
        return self._watcher.loaded

    def save_state(self, changes: Mapping[str, Any]) -> Kept:
        """Keep what was changed on the screen in state.toml: as `fundtui.config.state.save`, with its errors."""
        from fundtui.config.state import Kept, save

        aside = save(self._watcher.loaded.state_path, changes)
        return Kept(self._watcher.ahead(), aside)

    # --- replay -----------------------------------------------------------------------------------

    async def go_to(self, at_ms: int) -> None:
        """Show another moment of the record that is replayed. Raises OSError when it cannot be read."""
        assert self.player is not None
        scene = await self.player.go_to(at_ms)
        if scene is None:
            return
        self.calculator, self.mode = scene.calculator, self.player.mode
        self.events = deque(scene.events, maxlen=JOURNAL_LENGTH)
        self.event_count += 1
        self.revision += 1

    async def go_to_next_event(self) -> bool:
        """Show the moment before the next entry of the journal; False when there is none. Raises OSError."""
        assert self.player is not None
        at_ms = self.player.next_event_ms()
        if at_ms is not None:
            await self.go_to(at_ms)
        return at_ms is not None

    # --- writing ----------------------------------------------------------------------------------

    def deliver(self, batch: Batch) -> None:
        """One venue's poll."""
        if self.premiums is not None:
            batch = self.premiums.with_samples(batch)
        if self._record is not None:
            self._record.poll(batch)
        changes = self.calculator.apply(batch, self.clock.utc_ms())
        if self.premiums is not None and changes.filled:
            self.premiums.took(batch.venue, changes.filled)
        self._changed(changes)

    def settle(self, settled: Sequence[Settlement], anew: Collection[tuple[str, str]] = ()) -> None:
        """Settled rates of the past; `anew`: instruments, by venue and symbol, whose history begins with them."""
        self.calculator.forget_settled(anew)
        self._changed(self.calculator.settle(settled, self.clock.utc_ms()))

    def report(self, event: Event) -> None:
        """One entry for the journal."""
        self._journal(event)
        self._tell_alerts(lambda alerting: alerting.journal(event))

    def _journal(self, event: Event) -> None:
        self.events.append(event)
        self.event_count += 1
        self.revision += 1
        if self._record is not None:
            self._record.event(event)

    def _changed(self, changes: Changes) -> None:
        self.revision += 1
        # A replay has the journal of then.
        for event in changes.events if self.player is None else ():
            self.report(event)
        instruments, assets = self.calculator.instruments, self.calculator.assets
        self._tell_alerts(lambda alerting: alerting.observe(instruments, changes.instruments))
        self._tell_alerts(lambda alerting: alerting.observe(assets, changes.assets))
        if assets.count:
            self._has_rows.set()

    def _look_at_alerts(self) -> None:
        """Once a second: tables that are worked out anew as a whole, and whatever changes with time alone."""
        if self._alerting is None or self._untold is not None:
            return
        tables = self.calculator.tables
        for level in (Level.PAIR, Level.VENUE, Level.MARKET):
            table = tables[level]
            if self._looked.get(level) != table.revision:
                self._looked[level] = table.revision
                self._alerting.observe(table, np.arange(table.count))
        self._alerting.tick(tables.values(), self.health(), local_outage=self.local_outage)

    def _journal_alerts(self, transitions: Sequence[Transition]) -> None:
        """What fired or ended goes into the journal; where it is very much at once, the first of it."""
        if self.alert_role is not Role.EVALUATES:
            # Whoever evaluates has written it down.
            return
        from fundtui.alerts.entries import entries_of

        for entry in entries_of(transitions):
            self._journal(entry)

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
            self._look_at_alerts()
            if self.player is not None and self.player.can_be_exact():
                try:
                    await self.go_to(self.clock.utc_ms())
                except OSError as error:
                    self._say(str(error), Severity.WARNING)
            await self.look_at_configuration()
            if self._record is not None and self._fleet is not None:
                self._record.tick(self._fleet.health, self._fleet.budgets, self.calculator.export_state)
                self._fill_in_time(self._record, self._fleet)
            if self.premiums is not None and self._fleet is not None:
                self.premiums.look(settled=self._fleet.settled)
            self._give_memory_back()

    def _give_memory_back(self) -> None:
        now = self.clock.monotonic()
        if now >= self._give_back_at:
            self._give_back_at = now + GIVE_BACK_EVERY_S
            leave_to_thread(memory.give_back, "fundtui memory")

    def _fill_in_time(self, record: Record, feed: Feed) -> None:
        """Ask for settled rates that are missing, once contracts are known and then from time to time."""
        now = self.clock.monotonic()
        if now >= self._fill_at or (record.progress is None and feed.settled):
            self._fill_at = now + FILL_EVERY_S
            self.fill()

    def fill(self, *, since_s: float | None = None, only: Collection[str] = ()) -> None:
        """Begin to ask for settled rates since then, of these assets (none named: of all); one that runs goes on."""
        if self._record is None:
            return
        table = self.calculator.instruments
        oi_usd = table.columns["oi_usd"]
        rows = np.flatnonzero(table.alive[: table.count]).tolist()
        contracts = [(self.calculator.contract(row), float(oi_usd[row])) for row in rows]
        if only:
            contracts = [one for one in contracts if one[0].asset_id.upper() in only]
        watched = frozenset(asset for one in self.settings.watchlists.values() for asset in one.assets)
        span_s = self.settings.history.backfill if since_s is None else since_s
        self._fill_at = self.clock.monotonic() + FILL_EVERY_S
        self._record.fill(contracts, watched, self.clock.utc_ms() - int(span_s * 1000), self.settle)

    # --- reading ----------------------------------------------------------------------------------

    @property
    def basis(self) -> Basis:
        """How the user wants rates shown."""
        return self.settings.display.rate_basis

    @property
    def local_outage(self) -> bool:
        """Whether most venues are unreachable at once: our network rather than theirs."""
        return self._fleet is not None and self._fleet.local_outage

    @property
    def record_state(self) -> RecordState | None:
        """How the record is; None where nothing is kept."""
        return self._record.state if self._record is not None else None

    @property
    def filling(self) -> bool:
        """Whether settled rates are being asked for."""
        return self._record is not None and self._record.filling

    @property
    def backfill_problems(self) -> Mapping[str, str]:
        """Venue -> what went wrong last with asking it for settled rates."""
        return self._record.problems if self._record is not None else {}

    @property
    def backfill_progress(self) -> Progress | None:
        """How far the back-fill of settled rates is; None where there is none."""
        return self._record.progress if self._record is not None else None

    def table(self, level: Level) -> Table:
        """The rows of a level. Raises KeyError for a level that has none."""
        return self.calculator.tables[level]

    def instrument_rows(self, asset_row: int) -> NDArray[np.int64]:
        """Rows of the instrument table that belong to an asset."""
        return self.calculator.instrument_rows(asset_row)

    def settled_lately(self, limit: int) -> list[SettledEntry]:
        """The newest settlements that were seen to happen, with what nobody had announced of them."""
        return self.calculator.settled_log.newest(limit)

    @property
    def settled_count(self) -> int:
        """How many settlements were seen to happen; grows with each."""
        return self.calculator.settled_log.count

    def health(self) -> tuple[VenueHealth, ...]:
        """Every venue, in the order in which they are shown."""
        if self._fleet is None:
            return tuple(VenueHealth(venue=name, title=name, state=VenueState.STARTING) for name in self._venues)
        return self._fleet.health()

    def pair_ladder(self, row: int) -> tuple[Rung, ...]:
        """Dated cash flows of one pair, fractions of the notional. Raises KeyError for a pair never priced."""
        return self.calculator.ladder(row, self.clock.utc_ms())

    def select(self, text: str, level: Level) -> Query:
        """A compiled filter. Raises QueryError."""
        return compile_query(text, level)

    def explain(self, level: Level, row: int, key: str) -> Explanation:
        """Where one figure comes from. Raises KeyError for an unknown metric."""
        # Imported when somebody asks: not needed for the first frame.
        from fundtui.imbalance.explain import explain

        return explain(self.calculator, level, row, key, self.clock.utc_ms(), self._raw_of)

    def _raw_of(self, contract: Instrument) -> Sequence[Excerpt]:
        names = {contract.symbol, contract.native_id}
        return () if self._fleet is None else self._fleet.excerpts(contract.venue, names)

    def record(self, row: int) -> dict[str, Any]:
        """The instrument record of design §6, with the reasons of the comparisons added to the reader's own."""
        quote = self.calculator.quote(row)
        if quote is None:
            raise KeyError(row)
        fields = instrument_record(quote)
        fields["reasons"] = [reason.value for reason in self.calculator.reasons(row)]
        return fields
