"""Plays the record: what a replay begins with at any moment, and the keys of a player: pause, speed, go to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fundtui.clock import Clock
from fundtui.history.database import StoreProblem
from fundtui.history.figures import Shelf
from fundtui.history.replay import ReplayClock, ReplayFeed, bounds, opening
from fundtui.history.sqlite_store import SqliteStore
from fundtui.imbalance.calculator import Calculator
from fundtui.market import Batch
from fundtui.status import Event

BEFORE_EVENT_MS = 2000
"""Going to an event stops that long before it, so that it is seen to happen."""


class Scene(NamedTuple):
    """A moment: the calculator as it was, and the journal until then."""

    calculator: Calculator
    events: list[Event]


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
    ) -> None:
        """at_ms: where to begin; None: at the first poll. Raises StoreProblem when there is nothing to replay."""
        self._make = make_calculator
        self._shelf = Shelf(folder)
        self.store = SqliteStore(folder, now_ms=base.utc_ms(), writable=False)
        found = bounds(self.store)
        if found is None:
            self.store.close()
            raise StoreProblem(f"no polls are kept in {folder}")
        self.first_ms, self.last_ms = found
        self.clock = ReplayClock(self._within(at_ms if at_ms is not None else self.first_ms), speed, base)
        self._feed: ReplayFeed | None = None
        self._last: dict[str, Batch] = {}
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
        """The moment that the clock shows: nothing that was not known then."""
        at_ms = self.clock.utc_ms()
        found = opening(self.store, self._shelf, at_ms)
        self.warming, self._began_ms = found.figures is None, at_ms
        calculator = self._make()
        if found.figures is not None:
            try:
                calculator.import_state(found.figures)
            except (ValueError, KeyError):
                # Of an older fundtui: statistics warm up as without a snapshot.
                calculator, self.warming = self._make(), True
        last: dict[str, Batch] = {}
        for batch in found.polls:
            calculator.apply(batch, batch.observed_ms)
            if batch.venue not in last and found.settlements:
                calculator.settle([one for one in found.settlements if one.venue == batch.venue], batch.observed_ms)
            last[batch.venue] = batch
        calculator.tick(at_ms)
        if self._feed is not None:
            self._feed.note(last)
        self._last = last
        return Scene(calculator, found.events)

    def feed(self, deliver: Callable[[Batch], None], report: Callable[[Event], None]) -> ReplayFeed:
        """What brings the polls that follow."""
        self._feed = ReplayFeed(self.store, self.clock, deliver, report)
        self._feed.note(self._last)
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

    def go_to(self, at_ms: int) -> Scene:
        """Another moment, within the record."""
        self.clock.set(self._within(at_ms))
        scene = self.scene()
        if self._feed is not None:
            self._feed.moved()
        return scene

    def next_event_ms(self) -> int | None:
        """Shortly before the next entry of the journal that is not about to happen anyway; None: there is none."""
        soon_ms = self.clock.utc_ms() + BEFORE_EVENT_MS
        found = self.store.events(soon_ms + 1)
        return found[0].time_ms - BEFORE_EVENT_MS if found else None

    def close(self) -> None:
        """Let go of the record."""
        self.store.close()
