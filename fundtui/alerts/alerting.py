"""The alerts of an engine: opens the desk, feeds it, and answers screens, whether this process evaluates or looks on.

One process evaluates: the one that holds the data folder. Others read what it has stored and leave requests for it.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.alerts import book, requests
from fundtui.alerts.alert import Alert, Transition
from fundtui.alerts.book import AlertRow, Away, Why
from fundtui.alerts.desk import KEEP_DAYS_MS, Desk
from fundtui.alerts.message import Message
from fundtui.alerts.panel import Panel
from fundtui.alerts.records import Delivery, Silence, Stored
from fundtui.alerts.rule import Rule, rules_of
from fundtui.alerts.sinks.sink import Sink
from fundtui.alerts.sqlite_store import SqliteStore
from fundtui.alerts.store import AlertStore, MemoryStore, StoreError
from fundtui.alerts.summary import AlertCounts, Role
from fundtui.clock import Clock
from fundtui.config.schema import Settings
from fundtui.history.database import StoreProblem, Turns
from fundtui.history.folder import STATE, Owned, Owner, refuse_network
from fundtui.imbalance.metric import Level
from fundtui.imbalance.table import Table
from fundtui.polling.threads import in_thread
from fundtui.status import Event, VenueHealth

LAST_HERE = "last here"
AWAY_MS = 15 * 60_000
"""Somebody who has not touched a key for that long is told what happened meanwhile."""
MARK_EVERY_MS = 60_000
RECENT = 2000
LOOK_S = 1.0

Result = TypeVar("Result")
Index = NDArray[np.intp]
BuildSinks = Callable[[Settings, Callable[[Message], None]], Mapping[str, Sink]]


class Alerting:
    """Alerts of one engine. Everything before `open` is empty and does nothing.

    version  grows with every visible change
    notices  what the terminal has to be told, newest last; notice_count counts all there ever were
    recent   transitions of the last day and since, oldest first
    """

    def __init__(
        self, clock: Clock, random_source: random.Random, build_sinks: BuildSinks, folder: Path | None = None,
        close_sinks: Callable[[], Awaitable[None]] | None = None,
    ) -> None:  # fmt: skip
        """folder: the data folder; None keeps everything in memory. build_sinks: the sinks of a configuration, which
        tell the terminal through the second argument. on_transitions is told of each lot."""
        self.clock = clock
        self.folder = folder
        self.on_transitions: Callable[[Sequence[Transition]], None] | None = None
        self.role = Role.CLOSED
        self.version = 0
        self.notices: deque[Message] = deque(maxlen=50)
        self.notice_count = 0
        self.recent: deque[Transition] = deque(maxlen=RECENT)
        self.rules: tuple[Rule, ...] = ()
        self._random = random_source
        self._build_sinks = build_sinks
        self._close_sinks = close_sinks
        self._store: AlertStore = MemoryStore()
        self._owner: Owner | None = None
        self._desk: Desk | None = None
        self._stored = Stored()
        self._seen_version = -1
        self._position = 0
        self._opening_problem = ""
        self._work: set[asyncio.Task[None]] = set()
        self._unsettled = asyncio.Event()
        self._told_away_ms = 0
        self._marked_ms = 0
        self._panel = Panel()
        self._looked: tuple[int, int] | None = None
        self._settling = False
        self._ask_for_requests = False

    # --- life -------------------------------------------------------------------------------------

    async def open(self, settings: Settings, *, owner: bool | None = None, lock: Turns | None = None) -> None:
        """Begin: evaluate where this process owns the data folder, else look on. What was stored goes on.

        owner: whether this process holds the folder; None finds out, and takes it where nobody does. lock: held
        by whoever writes state.db. A store that cannot be used is told as `problem`; who evaluates then works from
        memory, who looks on tries again: two that evaluate would notify twice.
        """
        self.rules = rules_of(settings)
        self._unsettled = asyncio.Event()
        self._store, self._stored = MemoryStore(), Stored()
        try:
            owner = await self._claim() if owner is None else owner
            await self._take_stored(lock, owner=owner)
        except (StoreError, StoreProblem) as error:
            owner = owner is not False
            self._opening_problem = f"alerts are not kept: {error}" if owner else _unread(error)
        self._told_away_ms = self._marked_ms = self._stored.marks.get(LAST_HERE, 0)
        if owner:
            sinks = self._build_sinks(settings, self.notice)
            self._desk = Desk(settings, sinks, self._store, self._stored, self.clock, self._random)
            self._desk.start()
            self.role = Role.EVALUATES
            self._begin(self._settle(), "alerts")
        else:
            self.role = Role.LOOKS_ON
            self._begin(self._look_on(), "alerts of another process")
        self.version += 1

    def _begin(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _claim(self) -> bool:
        """Take the data folder. Raises StoreProblem when it cannot be used at all."""
        if self.folder is None:
            return True
        try:
            self._owner = await in_thread(partial(Owner, self.folder), "fundtui-alerts")
        except Owned:
            return False
        return True

    async def _take_stored(self, lock: Turns | None, *, owner: bool) -> None:
        """Open the store and take what is in it. Raises StoreError or StoreProblem, with everything as it was."""
        now_ms = self.clock.utc_ms()
        store = await self._open_store(now_ms, lock, owner=owner)
        try:
            stored = await _blocking(store, store.load)
            recent = await _blocking(store, partial(store.transitions, now_ms - book.DAY_MS, RECENT))
            position = await _blocking(store, store.position)
        except StoreError:
            await _blocking(store, store.close)
            raise
        self._store, self._stored, self._position = store, stored, position
        self.recent.extend(recent)
        # What was damaged shows when the file is opened and when its records are read.
        self._opening_problem = store.problem if isinstance(store, SqliteStore) else ""

    async def _open_store(self, now_ms: int, lock: Turns | None, *, owner: bool) -> AlertStore:
        lock = lock if self._owner is None else self._owner.writing
        if self.folder is None:
            return MemoryStore()
        refuse_network(self.folder)
        store = await in_thread(
            partial(SqliteStore, self.folder / STATE, now_ms=now_ms, writable=owner, lock=lock), "fundtui-alerts"
        )
        if owner:
            await in_thread(partial(store.prune, now_ms - KEEP_DAYS_MS), "fundtui-alerts")
        return store

    async def _blocking(self, call: Callable[[], Result]) -> Result:
        return await _blocking(self._store, call)

    async def close(self) -> None:
        """Stop, with the last changes durable; what was not sent is sent after the next start."""
        work = list(self._work)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        if self._desk is not None:
            desk, self._desk = self._desk, None
            await desk.stop()
            if self._close_sinks is not None:
                await self._close_sinks()
        elif self.role is Role.LOOKS_ON:
            await self._blocking(self._store.close)
        if self._owner is not None:
            self._owner.release()
            self._owner = None
        self.role = Role.CLOSED

    async def take_over(self, settings: Settings, lock: Turns) -> None:
        """Evaluate from now on: the process that did has ended, and this one holds the data folder."""
        await self.close()
        self.recent.clear()
        await self.open(settings, owner=True, lock=lock)

    def configure(self, settings: Settings) -> None:
        """Take over edited settings."""
        self.rules = rules_of(settings)
        if self._desk is not None:
            self._desk.configure(settings, self._build_sinks(settings, self.notice))
            self._unsettled.set()

    # --- in ---------------------------------------------------------------------------------------

    def observe(self, table: Table, rows: Index) -> None:
        """Rows that have changed."""
        if self._desk is not None and len(rows):
            self._desk.observe(table, rows)
            self._unsettled.set()

    def journal(self, event: Event) -> None:
        """An entry of the journal."""
        if self._desk is not None:
            self._desk.journal((event,))
            self._unsettled.set()

    def tick(self, tables: Iterable[Table], health: Sequence[VenueHealth], *, local_outage: bool) -> None:
        """Time has passed: about once a second."""
        if self._desk is not None:
            self._desk.tick(tables, health, local_outage=local_outage)
            self._ask_for_requests = self.folder is not None
            self._unsettled.set()

    def notice(self, message: Message) -> None:
        """Something that the terminal has to be told."""
        self.notices.append(message)
        self.notice_count += 1
        self.version += 1

    async def _settle(self) -> None:
        while self._desk is not None:
            await self._unsettled.wait()
            self._unsettled.clear()
            desk = self._desk
            if self._ask_for_requests and self.folder is not None:
                self._ask_for_requests = False
                await self._take_requests(desk, self.folder)
            self._settling = True
            await desk.settle()
            self._happened(desk.transitions)
            if desk.changed:
                await self._prepare()
                self.version += 1
            self._settling = False

    def _happened(self, transitions: Sequence[Transition]) -> None:
        if transitions:
            self.recent.extend(transitions)
            if self.on_transitions is not None:
                self.on_transitions(transitions)

    async def _take_requests(self, desk: Desk, folder: Path) -> None:
        try:
            found = await in_thread(partial(requests.waiting, folder), "fundtui-alerts")
            for path, request in found:
                if request is not None:
                    await self._do(desk, request)
                # Gone only when it is durable.
                path.unlink(missing_ok=True)
        except OSError as error:
            self._opening_problem = f"requests of other terminals cannot be read: {error.strerror}"

    async def _do(self, desk: Desk, request: requests.Request) -> None:
        match request:
            case requests.Acknowledge():
                await desk.acknowledge(request.fingerprint, request.by)
            case requests.AddSilence():
                await desk.silence(request.silence)
            case requests.Lift():
                await desk.lift(request.name)
            case requests.SeeDead():
                await desk.courier.see_dead()
        self.version += 1

    async def _look_on(self) -> None:
        """Follow what the other process stores."""
        while True:
            await self.clock.sleep(LOOK_S)
            try:
                await self._look()
            except (StoreError, StoreProblem) as error:
                self._tell(_unread(error))

    def _tell(self, problem: str) -> None:
        self.version += problem != self._opening_problem
        self._opening_problem = problem

    async def _look(self) -> None:
        if self.folder is not None and not isinstance(self._store, SqliteStore):
            # The other process had not made its tables yet.
            await self._take_stored(None, owner=False)
            await self._prepare()
            self.version += 1
            return
        store, version = self._store, self._seen_version
        if isinstance(store, SqliteStore):
            version = await in_thread(store.version, "fundtui-alerts")
            if version == self._seen_version:
                self._tell(store.problem)
                return
        self._stored = await self._blocking(store.load)
        new = await self._blocking(partial(store.after, self._position))
        # Not before all of it was read: what failed is read again at the next look.
        self._seen_version = version
        self._position = max((position for position, _ in new), default=self._position)
        self._tell(store.problem if isinstance(store, SqliteStore) else "")
        self._happened([one for _, one in new])
        await self._prepare()
        self.version += 1

    # --- reading ----------------------------------------------------------------------------------

    @property
    def problem(self) -> str:
        """Why alerts are not durable or not sent now; empty when they are."""
        kept = "" if self._desk is None else self._desk.keeper.problem
        return kept or self._opening_problem

    @property
    def failing(self) -> Mapping[str, str]:
        """Sinks through which nothing has got for five minutes, with the last error."""
        return {} if self._desk is None else self._desk.courier.failing

    @property
    def records(self) -> Stored:
        """All records as they are kept."""
        return self._stored if self._desk is None else self._desk.room.records

    def rows(self) -> list[AlertRow]:
        """Alerts for a panel, those that ended within a day at the end."""
        key = (self.version, self.clock.utc_ms() // 1000)
        # While a crowd of alerts is being worked through, the panel shows what was before; it is told when it is done.
        old = self._looked is None or self._looked[0] != key[0] or (self._looked != key and not self._settling)
        if old:
            self._looked = key
            self._panel.look(*self._shown())
        return self._panel.rows

    def _shown(self) -> tuple[Iterable[Alert], Stored, int, Iterable[Transition]]:
        """What a panel shows now."""
        now_ms = self.clock.utc_ms()
        latest = {one.fingerprint: one for one in self.recent if now_ms - one.time_ms < book.DAY_MS}
        return self._alerts(), self.records, now_ms, latest.values()

    async def _prepare(self) -> None:
        """Work out the panel in small turns, before it is asked for."""
        for _ in self._panel.looking(*self._shown()):
            await asyncio.sleep(0)

    def _alerts(self) -> Iterable[Alert]:
        return self._stored.alerts.values() if self._desk is None else self._desk.room.alerts()

    def counts(self) -> AlertCounts:
        """Counts for a header."""
        self.rows()
        return msgspec.structs.replace(self._panel.counts, dead=len(self.dead_letters()))

    def dead_letters(self) -> tuple[Delivery, ...]:
        """Notices that were given up and that nobody has looked at."""
        return book.unseen_dead(self.records) if self._desk is None else self._desk.courier.unseen_dead

    def silences(self) -> tuple[Silence, ...]:
        """Silences that hold or will."""
        return book.silences(self.records, self.clock.utc_ms())

    def why(self, name: str, tables: Mapping[Level, Table]) -> Why:
        """Why an alert is as it is. Raises KeyError for one that is not on the panel."""
        row = next((row for row in self.rows() if row.id == name), None)
        if row is None:
            raise KeyError(name)
        rule = next((rule for rule in self.rules if rule.name == row.rule), None)
        table = None if rule is None else tables.get(rule.level)
        return book.why(row, rule, table, self.records)

    async def after(self, position: int) -> list[tuple[int, Transition]]:
        """The next transitions behind a position, each with its own. Raises StoreError."""
        return await self._blocking(partial(self._store.after, position))

    async def position(self, since_ms: int | None = None) -> int:
        """The position of the last transition, or of the one before the first since a time. Raises StoreError."""
        return await self._blocking(partial(self._store.position, since_ms))

    # --- acting -----------------------------------------------------------------------------------

    async def acknowledge(self, name: str, by: str = "") -> None:
        """See an alert: it is not repeated until it fires anew. Durable on return. Raises OSError."""
        await self._ask(requests.Acknowledge(name, by))

    async def silence(
        self, until_ms: int, reason: str, *, rule: str = "", subject: str = "", asset: str = "", venue: str = "",
        from_ms: int | None = None,
    ) -> None:  # fmt: skip
        """Keep alerts that match all patterns quiet until a time. Durable on return. Raises OSError."""
        silence = Silence(
            id=self._unique(), from_ms=self.clock.utc_ms() if from_ms is None else from_ms, until_ms=until_ms,
            reason=reason, rule=rule, subject=subject, asset=asset, venue=venue,
        )  # fmt: skip
        await self._ask(requests.AddSilence(silence))

    async def lift(self, name: str) -> None:
        """End a silence before its time. Raises OSError."""
        await self._ask(requests.Lift(name))

    async def see_dead_letters(self) -> None:
        """The dead letters have been looked at. Raises OSError."""
        await self._ask(requests.SeeDead())

    async def _ask(self, request: requests.Request) -> None:
        if self._desk is not None:
            await self._do(self._desk, request)
            return
        if self.folder is None or self.role is Role.CLOSED:
            return
        await in_thread(partial(requests.leave, self.folder, request, self._unique()), "fundtui-alerts")

    def _unique(self) -> str:
        return f"{self.clock.utc_ms():015d}-{self._random.getrandbits(64):016x}"

    def here(self) -> Away | None:
        """Note that somebody is here (a key was pressed). Gives what happened while nobody was, once."""
        now_ms = self.clock.utc_ms()
        last_ms, self._told_away_ms = self._told_away_ms, now_ms
        if self.role is Role.EVALUATES and not 0 <= now_ms - self._marked_ms < MARK_EVERY_MS:
            self._marked_ms = now_ms
            self._begin(self._mark(), "alerts mark")
        if not last_ms or now_ms - last_ms < AWAY_MS:
            return None
        happened = [one for one in self.recent if one.time_ms >= last_ms]
        return book.away(last_ms, happened, self.rows(), len(self.dead_letters()))

    async def _mark(self) -> None:
        if self._desk is not None:
            await self._desk.mark(LAST_HERE)


async def _blocking(store: AlertStore, call: Callable[[], Result]) -> Result:
    return await in_thread(call, "fundtui-alerts") if store.blocks else call()


def _unread(error: StoreError | StoreProblem) -> str:
    return f"the alerts of the other process cannot be read yet: {error}"
