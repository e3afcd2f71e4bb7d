"""What an engine does with its record: keep what it sees, start warm, fill the holes from the venues' histories."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fundtui.clock import Clock
from fundtui.history.asking import Asking, HalfBudget
from fundtui.history.backfill import Backfill, Progress, Reached, Task, missing, ranked
from fundtui.history.codec import Damaged
from fundtui.history.compaction import Retention
from fundtui.history.database import Refused, StoreProblem, Turns
from fundtui.history.figures import ANOTHER_FORMAT, EVERY_MS, Arrays, Shelf
from fundtui.history.folder import Owner, Room, refuse_network
from fundtui.history.recorder import Recorder, RecordState
from fundtui.history.settled import MOST_WAITING, OnSettled, SettledStream
from fundtui.history.sqlite_store import SqliteStore
from fundtui.history.state import reached_name
from fundtui.history.store import Store
from fundtui.imbalance.calculator import Calculator
from fundtui.market import Batch, Instrument, Settlement
from fundtui.polling.limiter import LimiterState
from fundtui.polling.threads import in_thread
from fundtui.status import Event, VenueHealth

BUDGETS = "budgets"
SOURCE = "source"
HEALTH_S = 5.0
BUDGETS_S = 10.0
WARM_MS = 48 * 3_600_000
"""Polls older than this are not shown at start."""
GROUP = 500
"""Instruments whose settlements are in memory at once."""
SETTLED_MS = 90 * 86_400_000
EVENTS = 500

Result = TypeVar("Result")

_budgets = msgspec.msgpack.Decoder(dict[str, LimiterState])
_reached = msgspec.msgpack.Decoder(Reached)
_encode = msgspec.msgpack.encode


class Warmth(msgspec.Struct, frozen=True):
    """What a start begins with: the journal, venue -> time of its last poll, venues' health, budgets, and from when
    on settlements are not in the figures yet, what the record is of, and what of it could not be taken over."""

    events: list[Event] = []
    seen: dict[str, int] = {}
    health: dict[str, VenueHealth] = {}
    budgets: dict[str, LimiterState] = {}
    figures_ms: int = 0
    source: str = ""
    problem: str = ""


def warm_up(folder: Path, calculator: Calculator, now_ms: int) -> Warmth:
    """Give a fresh calculator the last known values, with the age that they have, and the statistics behind them.

    A record that cannot be read gives nothing and is judged later, by the writer.
    """
    try:
        store = SqliteStore(folder, now_ms=now_ms, writable=False)
    except StoreProblem:
        return Warmth()
    try:
        return _warm_up(store, Shelf(folder), calculator, now_ms)
    except (StoreProblem, Damaged):
        return Warmth()
    finally:
        store.close()


def _warm_up(store: Store, shelf: Shelf, calculator: Calculator, now_ms: int) -> Warmth:
    snapshot = shelf.before(now_ms)
    figures_ms, problem = 0, ""
    if snapshot is not None:
        try:
            calculator.import_state(snapshot[1])
            figures_ms = snapshot[0]
        except (ValueError, KeyError):
            # Of another fundtui: settlements make the statistics anew.
            problem = ANOTHER_FORMAT
    seen = {}
    for batch in store.latest(now_ms + 1):
        if batch.observed_ms > now_ms - WARM_MS:
            calculator.apply(batch, now_ms)
            seen[batch.venue] = batch.observed_ms
    # Gives ages without judging them: what is stale leaves the comparisons at the first tick, after the first frame.
    calculator.recompute(now_ms)
    return Warmth(
        store.events(0, now_ms + 1, EVENTS),
        seen,
        store.health(),
        _kept_budgets(store),
        figures_ms,
        (store.kept(SOURCE) or b"").decode("utf-8", "replace"),
        problem,
    )


def kept_budgets(folder: Path) -> dict[str, LimiterState]:
    """The venues' budgets as they were last kept; nothing where they cannot be read."""
    try:
        store = SqliteStore(folder, now_ms=0, writable=False)
    except StoreProblem:
        return {}
    try:
        return _kept_budgets(store)
    except StoreProblem:
        return {}
    finally:
        store.close()


def _kept_budgets(store: Store) -> dict[str, LimiterState]:
    try:
        return _budgets.decode(store.kept(BUDGETS) or b"\x80")
    except msgspec.MsgspecError:
        return {}


class Record:
    """The record of the process that owns it."""

    def __init__(
        self,
        folder: Path,
        owner: Owner,
        clock: Clock,
        retention: Retention,
        *,
        source: str = "live",
        figures_ms: int = 0,
        room: Room | None = None,
        blocking: Callable[[Callable[[], Any]], Awaitable[Any]] = in_thread,
    ) -> None:
        """source: what the record is of; one of another source is not written to. figures_ms: until when settlements
        are in the figures already. blocking: runs what takes long, away from the event loop."""
        self.folder = folder
        self._owner = owner
        self._clock = clock
        self._shelf = Shelf(folder)
        self._retention = retention
        self._source = source.encode()
        self._on_event: Callable[[Event], None] = lambda event: None
        self._recorder = Recorder(self._open, clock, room=room or Room(folder), on_event=self._say)
        self._told_health_at = self._told_budgets_at = clock.monotonic()
        self._figures_ms = 0
        self._settled_ms = figures_ms
        self._blocking = blocking
        self._warmed = False
        self._asking: Asking | None = None
        self._backfill: Backfill | None = None
        self._filling: asyncio.Task[None] | None = None

    @property
    def writing(self) -> Turns:
        """Held by whoever writes state.db at the moment."""
        return self._owner.writing

    def _open(self, now_ms: int) -> SqliteStore:
        refuse_network(self.folder)
        store = SqliteStore(self.folder, now_ms=now_ms, retention=self._retention, lock=self._owner.writing)
        of = store.kept(SOURCE)
        if of is None:
            store.keep({SOURCE: self._source})
        elif of != self._source:
            store.close()
            raise Refused(f"{self.folder} has a record of {of.decode('utf-8', 'replace')}; set history.folder")
        return store

    def _say(self, event: Event) -> None:
        self._on_event(event)

    # --- life -------------------------------------------------------------------------------------

    def start(self, on_event: Callable[[Event], None]) -> None:
        """Begin to write. `on_event` is called in the running loop."""
        loop = asyncio.get_running_loop()

        def say(event: Event) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(on_event, event)

        self._on_event = say
        self._recorder.start()

    def stop(self, figures: Callable[[], Arrays], budgets: Mapping[str, LimiterState]) -> None:
        """Write everything that is queued, and give the record back."""
        if self._filling is not None:
            self._filling.cancel()
        self._recorder.keep({BUDGETS: _encode(budgets)})
        self._save_figures(figures())
        self._recorder.stop()
        self._owner.release()

    # --- what is seen -----------------------------------------------------------------------------

    def poll(self, batch: Batch) -> None:
        """A venue's poll."""
        self._recorder.append(batch)

    def event(self, event: Event) -> None:
        """An entry of the journal."""
        self._recorder.note(event)

    def tick(
        self,
        health: Callable[[], Sequence[VenueHealth]],
        budgets: Callable[[], Mapping[str, LimiterState]],
        figures: Callable[[], Arrays],
    ) -> None:
        """Once a second: say how the venues are, keep budgets and now and then the figures."""
        now, now_ms = self._clock.monotonic(), self._clock.utc_ms()
        if now - self._told_health_at >= HEALTH_S:
            self._told_health_at = now
            self._recorder.report(health())
        if now - self._told_budgets_at >= BUDGETS_S:
            self._told_budgets_at = now
            self._recorder.keep({BUDGETS: _encode(budgets())})
        if not self._figures_ms:
            self._figures_ms = now_ms
        elif now_ms // EVERY_MS > self._figures_ms // EVERY_MS:
            self._figures_ms = now_ms
            self._save_figures(figures())

    def _save_figures(self, arrays: Arrays) -> None:
        taken_ms = self._clock.utc_ms()

        def save() -> Mapping[str, bytes]:
            # In the writer's thread: packing takes longer than the event loop may be kept.
            self._shelf.save(taken_ms, arrays)
            return {}

        if len(arrays.get("instruments", ())):
            self._recorder.keep(save)

    @property
    def state(self) -> RecordState:
        """How the record is."""
        return self._recorder.state

    # --- settled rates ----------------------------------------------------------------------------

    @property
    def progress(self) -> Progress | None:
        """How far the back-fill is; None while there is none."""
        return self._backfill.progress if self._backfill is not None else None

    @property
    def filling(self) -> bool:
        """Whether a back-fill runs."""
        return self._filling is not None and not self._filling.done()

    @property
    def problems(self) -> Mapping[str, str]:
        """Venue -> what went wrong last."""
        return self._backfill.problems if self._backfill is not None else {}

    def provide(self, asking: Asking) -> None:
        """Say how venues can be asked."""
        self._asking = asking

    def fill(
        self,
        contracts: Iterable[tuple[Instrument, float]],
        watched: frozenset[str],
        since_ms: int,
        on_settled: OnSettled = lambda settled, anew: None,
    ) -> None:
        """Ask for settled rates that are missing since a time; contracts come with their open interest in dollars.

        What the record has and the figures do not goes to `on_settled` first. Goes on by itself; a fill that still
        runs goes on instead.
        """
        if self._asking is None or self.filling:
            return
        asking, order = self._asking, ranked(contracts, watched)
        stream = SettledStream(on_settled, self._clock)

        def keep(task: Task, settled: list[Settlement]) -> None:
            self._recorder.settle(settled)
            self._recorder.keep({_name(task.contract): _encode(Reached(since_ms, task.end_ms))})
            stream.add(task.contract, settled, anew=task.start_ms <= since_ms)

        self._backfill = Backfill(
            asking.venues,
            asking.transport,
            self._clock,
            lambda name: HalfBudget(asking.limiter(name), self._clock, asking.share),
            keep,
            base_url=asking.base_url,
            blocking=self._blocking,
            # Venues answer quicker than a disk with full commits takes it in.
            room=lambda: max(self._recorder.settling, stream.waiting) < MOST_WAITING,
        )
        self._filling = asyncio.get_running_loop().create_task(self._fill(order, since_ms, stream), name="back-fill")

    async def _fill(self, order: Sequence[Instrument], since_ms: int, stream: SettledStream) -> None:
        assert self._backfill is not None
        if not self._warmed:
            self._warmed = True
            await self._take_over(order, stream)
        tasks: list[Task] = await self._blocking(lambda: self._missing(order, since_ms))
        feeding = asyncio.get_running_loop().create_task(stream.run(), name="settled rates")
        try:
            await self._backfill.run(tasks)
            # Not cancelled in the middle of a hand-over: what was left of it would be lost to the figures.
            stream.end()
            await feeding
        finally:
            feeding.cancel()

    async def _take_over(self, order: Sequence[Instrument], stream: SettledStream) -> None:
        """Give the figures the settlements of the record that are younger than they are."""
        since_ms = self._settled_ms or self._clock.utc_ms() - SETTLED_MS
        for start in range(0, len(order), GROUP):
            part = order[start : start + GROUP]
            settled: list[Settlement] = await self._blocking(partial(self._settled_of, part, since_ms))
            stream.take(settled)
            await stream.flush()

    def _settled_of(self, contracts: Sequence[Instrument], since_ms: int) -> list[Settlement]:
        def read(store: Store) -> list[Settlement]:
            return [one for each in contracts for one in store.settlements(each.venue, each.symbol, since_ms)]

        return self._reading(read) or []

    def _missing(self, order: Sequence[Instrument], since_ms: int) -> list[Task]:
        now_ms = self._clock.utc_ms()
        return self._reading(lambda store: missing_of(store, order, since_ms, now_ms)) or []

    def _reading(self, read: Callable[[Store], list[Result]]) -> list[Result] | None:
        try:
            store: Store = SqliteStore(self.folder, now_ms=0, writable=False)
        except StoreProblem:
            return None
        try:
            return read(store)
        except StoreProblem:
            return None
        finally:
            store.close()


def missing_of(store: Store, order: Sequence[Instrument], since_ms: int, now_ms: int) -> list[Task]:
    """What is still to be asked for, in the order of the contracts."""
    found = []
    for contract in order:
        reached = _kept_reach(store, contract)
        known_since = reached.to_ms if reached is not None else now_ms
        settled = store.settlements(contract.venue, contract.symbol, known_since)
        task = missing(contract, reached, settled, since_ms, now_ms)
        if task is not None:
            found.append(task)
    return found


def _kept_reach(store: Store, contract: Instrument) -> Reached | None:
    body = store.kept(_name(contract))
    if body is None:
        return None
    try:
        return _reached.decode(body)
    except msgspec.MsgspecError:
        return None


def _name(contract: Instrument) -> str:
    return reached_name(contract.venue, contract.symbol)
