"""Plays the record: what a replay begins with at any moment, and the keys of a player: pause, speed, go to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from fundtui.clock import Clock
from fundtui.history.database import StoreProblem
from fundtui.history.figures import ANOTHER_FORMAT, Shelf
from fundtui.history.replay import Ahead, ReplayClock, ReplayFeed, ahead, bounds, opening
from fundtui.history.sqlite_store import SqliteStore
from fundtui.imbalance.calculator import Calculator
from fundtui.market import Batch
from fundtui.polling.threads import in_thread
from fundtui.status import Event, EventKind, Severity
from fundtui.text import clean

BEFORE_EVENT_MS = 2000
"""Going to an event stops that long before it, so that it is seen to happen."""


class Scene(NamedTuple):
    """A moment: the calculator as it was, and the journal until then."""

    calculator: Calculator
    events: list[Event]


class Stage(NamedTuple):
    """A moment made ready: what is shown, what comes then, whether its figures warm up, and the store that reads on."""

    at_ms: int
    scene: Scene
    ahead: Ahead
    warming: bool
    store: SqliteStore


class Player:
    """One record being replayed. Raises StoreProblem where the record cannot be read."""

    def __init__(
        self,
        folder: Path,
        make_calculator: Callable[[], Calculator],
        *,
        at_ms: int | None = None,
        speed: float = 1.0,
        base: Clock,
        blocking: Callable[[Callable[[], Stage]], Awaitable[Stage]] = in_thread,
    ) -> None:
        """at_ms: where to begin; None: at the first poll. blocking: runs what takes long, away from the event loop.
        Raises StoreProblem when there is nothing to replay."""
        self._folder = folder
        self._make = make_calculator
        self._blocking = blocking
        self._shelf = Shelf(folder)
        self.store = SqliteStore(folder, now_ms=base.utc_ms(), writable=False)
        found = bounds(self.store)
        if found is None:
            self.store.close()
            raise StoreProblem(f"no polls are kept in {folder}")
        self.first_ms, self.last_ms = found
        self.clock = ReplayClock(self._within(at_ms if at_ms is not None else self.first_ms), speed, base)
        self._feed: ReplayFeed | None = None
        self._ahead: Ahead | None = None
        self._moves = 0
        self.going_ms: int | None = None
        """The moment that is being made ready; None: none is."""
        self.warming = False
        self._began_ms = 0

    @property
    def mode(self) -> str:
        """What the header says: whether figures that look far back are those that were shown then."""
        return "record, warming up" if self.warming else "record"

    def can_be_exact(self) -> bool:
        """Whether figures that warm up could be those that were live by now: a snapshot has come since."""
        return self.warming and self._shelf.between(self._began_ms + 1, self.clock.utc_ms())

    def _within(self, at_ms: int) -> int:
        return min(max(at_ms, self.first_ms), self.last_ms)

    def scene(self) -> Scene:
        """The moment that the clock shows: nothing that was not known then. Blocks for as long as that takes."""
        stage = self._stage(self.store, self.clock.utc_ms())
        self._take(stage)
        return stage.scene

    def _stage(self, store: SqliteStore, at_ms: int) -> Stage:
        found = opening(store, self._shelf, at_ms)
        calculator = self._make()
        if found.figures is not None:
            try:
                calculator.import_state(found.figures)
            except (ValueError, KeyError):
                # Of another fundtui: as without a snapshot, and that is said.
                calculator, found = self._make(), opening(store, None, at_ms)
                said = Event(
                    time_ms=at_ms, kind=EventKind.RECORD, text=clean(ANOTHER_FORMAT), severity=Severity.WARNING
                )
                found.events.append(said)
        last: dict[str, Batch] = {}
        for batch in found.polls:
            calculator.apply(batch, batch.observed_ms)
            if batch.venue not in last and found.settlements:
                calculator.settle([one for one in found.settlements if one.venue == batch.venue], batch.observed_ms)
            last[batch.venue] = batch
        calculator.tick(at_ms)
        scene = Scene(calculator, found.events)
        return Stage(at_ms, scene, ahead(store, at_ms, last), found.figures is None, store)

    def _take(self, stage: Stage) -> None:
        self.warming, self._began_ms = stage.warming, stage.at_ms
        before, self.store, self._ahead = self.store, stage.store, stage.ahead
        if before is not stage.store:
            before.close()
        if self._feed is not None:
            self._feed.resume(stage.ahead)

    def feed(self, deliver: Callable[[Batch], None], report: Callable[[Event], None]) -> ReplayFeed:
        """What brings the polls that follow the scene."""
        start = self._ahead or ahead(self.store, self.clock.utc_ms(), {})
        self._ahead = start
        self._feed = ReplayFeed(start, self.clock, deliver, report)
        return self._feed

    # --- keys -------------------------------------------------------------------------------------

    @property
    def paused(self) -> bool:
        """Whether time stands still."""
        return self.clock.paused

    def pause(self, *, paused: bool = True) -> None:
        """Let time stand still, or go on."""
        self.clock.pause(paused=paused)

    def set_speed(self, speed: float) -> None:
        """Recorded seconds per second. Raises ValueError unless above 0."""
        self.clock.set_speed(speed)

    async def go_to(self, at_ms: int) -> Scene | None:
        """Another moment, within the record; None when yet another one was asked for meanwhile.

        It is made ready away from the event loop, by a store of its own; time stands still until then. Raises OSError.
        """
        self._moves += 1
        mine, self.going_ms = self._moves, self._within(at_ms)
        # Not tried again by itself where it fails.
        self._began_ms = self.going_ms
        self.clock.hold()
        try:
            stage = await self._blocking(partial(self._fresh_stage, self.going_ms))
            if mine != self._moves:
                stage.store.close()
                return None
            self.clock.set(stage.at_ms)
            self._take(stage)
        except StoreProblem as problem:
            raise OSError(str(problem)) from problem
        finally:
            if mine == self._moves:
                self.going_ms = None
                self.clock.hold(held=False)
        return stage.scene

    def _fresh_stage(self, at_ms: int) -> Stage:
        store = SqliteStore(self._folder, now_ms=at_ms, writable=False)
        try:
            return self._stage(store, at_ms)
        except BaseException:
            store.close()
            raise

    def next_event_ms(self) -> int | None:
        """Shortly before the next entry of the journal that is not about to happen anyway; None: there is none."""
        soon_ms = self.clock.utc_ms() + BEFORE_EVENT_MS
        events = self._ahead.events if self._ahead is not None else ()
        return next((one.time_ms - BEFORE_EVENT_MS for one in events if one.time_ms > soon_ms), None)

    def close(self) -> None:
        """Let go of the record."""
        self.store.close()
