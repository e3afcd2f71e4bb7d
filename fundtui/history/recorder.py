"""The one writer: takes polls, events and settlements from the event loop and keeps them from a thread of its own.

Nothing here ever makes the caller wait. What cannot be written is said once, tried again by itself, and never stops
the program: while the disk is full polls are not recorded, the journal and settlements wait for room.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from queue import Empty, SimpleQueue

import msgspec

from fundtui.clock import Clock
from fundtui.history import scrub
from fundtui.history.compaction import EVERY_MS
from fundtui.history.database import DiskFull, Refused, StoreProblem
from fundtui.history.folder import Room
from fundtui.history.settler import Settler
from fundtui.history.store import Kept, Store
from fundtui.market import Batch, Settlement
from fundtui.status import Event, EventKind, Severity, VenueHealth
from fundtui.text import clean

GATHER_S = 0.1
"""Polls that come within this time share a commit."""
RETRY_S = 10.0
LOOK_AT_ROOM_S = 10.0
STOP_S = 1.0
MOST_WAITING = 20_000
"""Entries of journal and settlements that wait for room on the disk; the oldest are dropped first."""
MOST_QUEUED = 2000
COMPACTED = "compacted_ms"
COMPACT_AFTER_MS = 300_000
"""After each quarter of a day, so that the last polls of it are there."""

SCRUBBED = "scrubbed_ms"
SCRUB_PAUSE_S = 0.02
"""Between two steps of looking through: that takes minutes, and nobody waits for it."""

OpenStore = Callable[[int], Store]
OnEvent = Callable[[Event], None]


class Recording(StrEnum):
    """Whether what is seen is being kept."""

    OPENING = "opening"
    ON = "on"
    PAUSED = "paused"
    REFUSED = "refused"
    ENDED = "ended"


class RecordState(msgspec.Struct, frozen=True):
    """How the record is: `text` says for people why it is not kept; `lost` counts polls that were not."""

    recording: Recording = Recording.OPENING
    text: str = ""
    lost: int = 0
    kept: Kept = Kept()


class _Work(msgspec.Struct):
    """What is written together."""

    polls: list[Batch] = []
    events: list[Event] = []
    settlements: list[Settlement] = []
    values: dict[str, bytes] = {}
    health: dict[str, VenueHealth] = {}
    given: int = 0
    """Settlements that came from outside."""

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Take settlements from outside."""
        self.settlements.extend(settlements)
        self.given += len(settlements)

    def __bool__(self) -> bool:
        return bool(self.polls or self.events or self.settlements or self.values or self.health)


class Recorder:
    """Writes in a thread from `start` to `stop`. `on_event` is called in that thread."""

    def __init__(
        self, open_store: OpenStore, clock: Clock, *, room: Room | None = None, on_event: OnEvent = lambda event: None
    ) -> None:
        """open_store: called in the thread with the time in UTC ms, again after trouble. The clock is read by the
        callers' thread alone: the writer's time is that of the last thing it was given."""
        self._open_store = open_store
        self._clock = clock
        self._room = room
        self._on_event = on_event
        self._queue: SimpleQueue[Callable[[_Work], None] | None] = SimpleQueue()
        self._settler = Settler()
        self._store: Store | None = None
        self._waiting: deque[Event] = deque()
        self._unsettled: deque[Settlement] = deque()
        self._retry_at = 0.0
        self._look_at = 0.0
        self._roomy = True
        self._compacting: Iterator[None] | None = None
        self._compacted_ms = 0
        self._scrubbing: Iterator[None] | None = None
        self._scrubbed_ms = 0
        self._told: list[str] = []
        self._given = self._taken = 0
        self._now, self._now_ms = 0.0, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fundtui record", daemon=True)
        self.state = RecordState()

    # --- for the event loop -----------------------------------------------------------------------

    def start(self) -> None:
        """Begin to write."""
        self._look_at_clock()
        self._thread.start()

    def stop(self, wait_s: float = STOP_S) -> bool:
        """Write what is queued and end; False when that took longer than `wait_s`."""
        if self._thread.ident is None:
            return True
        self._stop.set()
        self._queue.put(None)
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _look_at_clock(self) -> None:
        self._now, self._now_ms = self._clock.monotonic(), self._clock.utc_ms()

    def append(self, batch: Batch) -> None:
        """Keep a poll."""
        self._look_at_clock()
        if self._queue.qsize() > MOST_QUEUED:
            self.state = msgspec.structs.replace(self.state, lost=self.state.lost + 1)
            return
        self._queue.put(lambda work: work.polls.append(batch))

    def note(self, event: Event) -> None:
        """Keep an entry of the journal."""
        self._queue.put(lambda work: work.events.append(event))

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Keep settled rates."""
        self._given += len(settlements)
        self._queue.put(lambda work: work.settle(settlements))

    @property
    def settling(self) -> int:
        """Settlements that were given and are not written yet."""
        return self._given - self._taken

    def keep(self, values: Mapping[str, bytes] | Callable[[], Mapping[str, bytes]]) -> None:
        """Keep small values; a function is called in the thread."""
        self._queue.put(lambda work: work.values.update(values() if callable(values) else values))

    def report(self, health: Sequence[VenueHealth]) -> None:
        """Say how the venues are."""
        self._queue.put(lambda work: work.health.update((one.venue, one) for one in health))

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        self._reopen()
        ending = False
        while not ending:
            work, ending = self._gather()
            self._write(work)
            self._taken += work.given
            self._housekeeping()
        self._end()

    def _gather(self) -> tuple[_Work, bool]:
        """What there is to write, and whether it is the last."""
        work = _Work(polls=[], events=[], settlements=[], values={}, health={})
        while self._compacting is not None and self._queue.empty():
            self._compact_a_little()
        while self._scrubbing is not None and self._queue.empty():
            self._scrub_a_little()
            self._stop.wait(SCRUB_PAUSE_S)
        item = self._queue.get()
        if item is not None:
            self._stop.wait(GATHER_S)
        while True:
            if item is None:
                return work, True
            item(work)
            try:
                item = self._queue.get_nowait()
            except Empty:
                return work, False

    def _write(self, work: _Work) -> None:
        for batch in work.polls:
            work.settlements += self._settler.observe(batch)
        self._waiting.extend(work.events)
        self._unsettled.extend(work.settlements)
        if self._store is None and self.state.recording is not Recording.REFUSED and self._due():
            self._reopen()
        if self._store is None:
            self._lose(work)
            return
        try:
            self._write_state(self._store, work)
            self._write_polls(self._store, work)
        except DiskFull as error:
            self._disk_full(str(error))
            self._lose(work)
        except StoreProblem as error:
            self._trouble(str(error))
            self._lose(work)

    def _write_state(self, store: Store, work: _Work) -> None:
        """What must not be lost: also while the disk is nearly full, the ballast gives it room."""
        if self._unsettled:
            store.settle(list(self._unsettled))
            self._unsettled.clear()
        if self._waiting:
            store.note(list(self._waiting))
            self._waiting.clear()
        if work.values:
            store.keep(work.values)

    def _write_polls(self, store: Store, work: _Work) -> None:
        if not self._enough_room():
            self._lose(work)
            return
        if work.polls:
            store.append(work.polls)
        if work.health:
            store.report(list(work.health.values()))
        if self.state.recording is Recording.PAUSED:
            lost = self.state.lost
            self._say(f"Recording again; {lost} polls in between were not kept", Severity.INFO)
            self.state = RecordState(Recording.ON, kept=store.kept_since())
            if self._room is not None:
                self._room.load_ballast()

    def _lose(self, work: _Work) -> None:
        self.state = msgspec.structs.replace(self.state, lost=self.state.lost + len(work.polls))
        for waiting in (self._waiting, self._unsettled):
            while len(waiting) > MOST_WAITING:
                waiting.popleft()

    # --- trouble ----------------------------------------------------------------------------------

    def _due(self) -> bool:
        now = self._now
        if now < self._retry_at:
            return False
        self._retry_at = now + RETRY_S
        return True

    def _enough_room(self) -> bool:
        """Whether the disk has room, looked at now and then."""
        now = self._now
        if self._room is not None and now >= self._look_at:
            self._look_at = now + LOOK_AT_ROOM_S
            self._roomy = not self._room.low()
            if not self._roomy:
                self._pause("Not recording: the disk is nearly full")
        return self._roomy or self._room is None

    def _disk_full(self, reason: str) -> None:
        """Make room for what must not be lost, and wait for more before polls are tried again."""
        self._compacting = self._scrubbing = None
        if self._room is not None:
            self._room.drop_ballast()
            self._roomy, self._look_at = False, self._now + RETRY_S
        else:
            self._close()
            self._retry_at = self._now + RETRY_S
        self._pause(f"Not recording: {reason}")

    def _trouble(self, reason: str) -> None:
        """Close the record and look at it anew: opening finds out what is damaged and saves the rest."""
        self._close()
        self._compacting = self._scrubbing = None
        self._pause(f"Not recording: {reason}")
        self._retry_at = self._now

    def _reopen(self) -> None:
        try:
            self._store = self._open_store(self._now_ms)
            self._compacted_ms = int(self._store.kept(COMPACTED) or 0)
            self._scrubbed_ms = int(self._store.kept(SCRUBBED) or 0)
            kept = self._store.kept_since()
        except Refused as error:
            self._close()
            self.state = RecordState(Recording.REFUSED, f"Not recording: {error}")
            self._say(self.state.text, Severity.WARNING)
            return
        except StoreProblem as error:
            self._close()
            self._retry_at = self._now + RETRY_S
            self._pause(f"Not recording: {error}")
            return
        if self._room is not None:
            self._room.load_ballast()
        if self.state.recording is Recording.OPENING:
            self.state = RecordState(Recording.ON, kept=kept)

    def _pause(self, text: str) -> None:
        if self.state.recording is not Recording.PAUSED:
            self._say(text, Severity.WARNING)
        self.state = msgspec.structs.replace(self.state, recording=Recording.PAUSED, text=text)

    def _say(self, text: str, severity: Severity) -> None:
        event = Event(time_ms=self._now_ms, kind=EventKind.RECORD, text=clean(text), severity=severity)
        self._on_event(event)

    # --- in quiet moments -------------------------------------------------------------------------

    def _housekeeping(self) -> None:
        store = self._store
        if store is None or self.state.recording is not Recording.ON:
            return
        try:
            store.rest()
        except StoreProblem as error:
            (self._disk_full if isinstance(error, DiskFull) else self._trouble)(str(error))
            return
        for problem in [one for one in getattr(store, "problems", ()) if one not in self._told]:
            self._told.append(problem)
            self._say(f"The record was damaged: {problem}", Severity.WARNING)
        now_ms = self._now_ms
        if self._compacting is None and (now_ms - COMPACT_AFTER_MS) // EVERY_MS > self._compacted_ms // EVERY_MS:
            self._compacted_ms = now_ms - COMPACT_AFTER_MS
            self._compacting = store.compact(now_ms)
        if not self._scrubbed_ms:
            # A new record has nothing to look through yet.
            self._scrubbed_ms = now_ms
            self._finish(store, {SCRUBBED: str(now_ms).encode()})
        elif self._scrubbing is None and now_ms - self._scrubbed_ms >= scrub.EVERY_MS:
            self._scrubbing = store.scrub()

    def _compact_a_little(self) -> None:
        if not self._step(self._compacting):
            self._compacting = None
            if self._store is not None:
                self._finish(self._store, {COMPACTED: str(self._compacted_ms).encode()})

    def _scrub_a_little(self) -> None:
        if not self._step(self._scrubbing):
            self._scrubbing = None
            if self._store is not None:
                self._scrubbed_ms = self._now_ms
                self._finish(self._store, {SCRUBBED: str(self._now_ms).encode()})

    def _step(self, work: Iterator[None] | None) -> bool:
        """One step of work in quiet moments; whether there is more of it."""
        assert work is not None
        try:
            next(work)
        except StopIteration:
            return False
        except DiskFull as error:
            self._disk_full(str(error))
        except StoreProblem as error:
            self._trouble(str(error))
        return True

    def _finish(self, store: Store, done: Mapping[str, bytes]) -> None:
        try:
            store.keep(done)
            self.state = msgspec.structs.replace(self.state, kept=store.kept_since())
        except DiskFull as error:
            self._disk_full(str(error))
        except StoreProblem as error:
            self._trouble(str(error))

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _end(self) -> None:
        self._close()
        self.state = msgspec.structs.replace(self.state, recording=Recording.ENDED)
