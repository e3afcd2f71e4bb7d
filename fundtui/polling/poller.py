"""Asks one venue, endpoint by endpoint, and turns what it answers into batches.

Each endpoint has its own task and pace, so that a slow catalogue never delays the rates; limiter and breaker are
shared by the venue's endpoints. Batches are delivered when a required answer comes, and once more when another
endpoint answers for the first time; later answers of those ride on the next required one. What fails leaves the last
good answer in place, which ages visibly.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Collection
from typing import Any

from fundtui.clock import Clock
from fundtui.market import Batch, Excerpt
from fundtui.polling.asking import TIMEOUT_MAX_S
from fundtui.polling.breaker import Breaker
from fundtui.polling.collecting import Collector
from fundtui.polling.excerpt import excerpts
from fundtui.polling.fetching import Fetcher, HeldBack, guarded
from fundtui.polling.judge import HOLDING_KINDS, Trouble, Troubled, TroubleKind
from fundtui.polling.limiter import Limiter
from fundtui.polling.line import Line
from fundtui.polling.transport import Transport
from fundtui.text import clean
from fundtui.venues.spec import Endpoint, Venue, Wanted

STOP_S = 0.4
KEYED_AFTER_S = 1.5
"""Per-symbol endpoints that are not required start that long after the first batch, to know what is traded most."""

Deliver = Callable[[Batch], None]


class Poller:
    """One venue's polling. `start`, then read the public attributes at any time, then `stop`.

    Times ending in `_at` are monotonic seconds (NaN: never), those ending in `_ms` UTC milliseconds.
    """

    def __init__(
        self,
        venue: Venue,
        clock: Clock,
        rng: random.Random,
        transport: Transport,
        limiter: Limiter,
        deliver: Deliver,
        wanted: Callable[[], Wanted] = Wanted,
        *,
        timeout_s: float = TIMEOUT_MAX_S,
        base_url: str = "",
        poll_s: float | None = None,
        on_outcome: Callable[[str, Trouble | None], None] = lambda venue, trouble: None,
    ) -> None:
        """`poll_s` is the user's pace for the required endpoints; `on_outcome` hears of every poll's end."""
        self.venue = venue
        self.limiter = limiter
        self.lines = [Line(clock, venue.name, one, _pace(one, poll_s), timeout_s) for one in venue.endpoints]
        self._collector = Collector(venue, self.lines)
        self.cadence_s = self._collector.cadence_s
        self.breaker = Breaker(rng, self.cadence_s if self.cadence_s == self.cadence_s else 15.0)
        self.local_outage = False
        """Set by the fleet: our own network is down, so failures say nothing about the venue."""
        self.good_at = math.nan
        self.good_in_a_row = 0
        self.failures_in_a_row = 0
        """Of required endpoints."""
        self.failing_since_ms = 0
        self.failures = 0
        self.holding: Trouble | None = None
        """The ban, limit or block that keeps us silent; until the first good answer after it."""
        self.last_trouble: Trouble | None = None
        self.last_trouble_ms: int | None = None
        self._fetcher = Fetcher(
            venue, clock, transport, limiter, self.breaker, base_url, retries=lambda: not self.local_outage
        )
        self._clock = clock
        self._rng = rng
        self._deliver = deliver
        self._wanted = wanted
        self._on_outcome = on_outcome
        self._tasks: list[asyncio.Task[None]] = []
        self._first_batch = asyncio.Event()

    # --- life -------------------------------------------------------------------------------------

    def set_timeout(self, seconds: float) -> None:
        """The most that one request may take in all, from the next one on."""
        for line in self.lines:
            line.set_timeout(seconds)

    def start(self) -> None:
        """Begin asking. Needs a running loop."""
        for line in self.lines:
            task = asyncio.get_running_loop().create_task(
                self._follow(line), name=f"poll {self.venue.name} {line.endpoint.name}"
            )
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def stop(self) -> None:
        """Stop asking, also while a request hangs. Waits STOP_S at most."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_S)

    def refresh(self, within_s: float = 0.0) -> None:
        """Ask again soon, at a random moment within that time, whatever is required or older than its pace."""
        now = self._clock.monotonic()
        for line in self.lines:
            if line.endpoint.required or (line.known and now - line.answered_at > line.every_s):
                line.hurry_s = self._rng.uniform(0.0, within_s)
                line.hurry.set()

    def slept(self, gap_s: float) -> None:
        """The machine was asleep for that long on a monotonic clock that stood still: everything is that much older."""
        self.good_at -= gap_s
        for line in self.lines:
            line.answered_at -= gap_s

    def forget_failures(self) -> None:
        """The failures were our own network's: ask at the normal pace again. Holds stay."""
        if self.holding is None:
            self.breaker.reset()
            if self.last_trouble is not None and self.last_trouble.network:
                self.failures_in_a_row = 0

    @property
    def running(self) -> bool:
        """Whether it has been started and not stopped."""
        return bool(self._tasks)

    @property
    def settled(self) -> bool:
        """Whether every endpoint has had its first outcome, or the venue cannot be had at all for now."""
        if self.holding is not None or (math.isnan(self.good_at) and self.failures_in_a_row > 0):
            return True
        return all(line.tried for line in self.lines if not line.endpoint.stands_in_for or self._collector.needs(line))

    @property
    def rows(self) -> int:
        """Rows of the last whole batch."""
        return self._collector.rows

    @property
    def rejected(self) -> dict[str, int]:
        """Rows dropped of the last batch, by reason."""
        return self._collector.rejected

    @property
    def polls(self) -> int:
        """Requests sent."""
        return self._fetcher.polls

    def excerpts(self, names: Collection[str]) -> tuple[Excerpt, ...]:
        """What its answers say about the instrument with one of these names."""
        return excerpts(self.lines, names)

    @property
    def clock_offset_ms(self) -> float:
        """The venue's clock minus ours; NaN where it never said."""
        return self._fetcher.clock_offset_ms

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # Nothing that answers can do this: it is a defect of ours (or of `deliver`), so it is not hidden.
            self.last_trouble = Trouble(TroubleKind.BAD_PAYLOAD, clean(f"polling stopped: {type(error).__name__}"))
            context = {"message": f"{task.get_name()} ended", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)

    # --- one endpoint -----------------------------------------------------------------------------

    async def _follow(self, line: Line) -> None:
        first_s = line.schedule.first_s
        if line.endpoint.keys is not None and not line.endpoint.required and not line.endpoint.stands_in_for:
            await self._first_batch.wait()
            first_s += KEYED_AFTER_S
        await self._pause(line, first_s)
        while True:
            # Before the first good poll anything may probe: a catalogue may have to come before the rates.
            probe = line.endpoint.required or math.isnan(self.good_at)
            wait_s = self.breaker.wait_s(self._clock.monotonic(), probe=probe)
            if wait_s <= 0:
                if not line.endpoint.stands_in_for or self._collector.needs(line):
                    await self._poll(line)
                wait_s = self._wait_s(line)
            await self._pause(line, wait_s)

    def _wait_s(self, line: Line) -> float:
        """Seconds until the line is due. What the breaker cut off is due as soon as the breaker allows."""
        now = self._clock.monotonic()
        cut_off = line.failures and not self.breaker.closed
        if cut_off and (line.endpoint.required or self.holding is not None):
            return 0.0
        return line.next_tick(now, self._rng, back_off=not self.local_outage) - now

    async def _pause(self, line: Line, seconds: float) -> None:
        line.next_at = self._clock.monotonic() + seconds
        try:
            async with self._clock.timeout(seconds):
                await line.hurry.wait()
        except TimeoutError:
            return
        line.hurry.clear()
        line.next_at = self._clock.monotonic() + line.hurry_s
        await self._clock.sleep(line.hurry_s)

    async def _poll(self, line: Line) -> None:
        line.probe = self.breaker.begin()
        try:
            self._take(line, await self._fetch(line))
        except Troubled as error:
            self._failed(line, error.trouble)
            self._call_stand_in(line)
            self._deliver_partial(line)
        except HeldBack:
            if line.probe:
                self.breaker.abandon()
            return
        except asyncio.CancelledError:
            if line.probe:
                self.breaker.abandon()
            raise
        else:
            self._succeeded(line)

    def _succeeded(self, line: Line) -> None:
        if line.endpoint.required or line.probe:
            self.breaker.succeed(probe=line.probe)
        if self._collector.makes(line, self._clock.monotonic()):
            self.failures_in_a_row = 0
        if self.breaker.closed:
            self.holding = None
        self._on_outcome(self.venue.name, None)

    def _failed(self, line: Line, trouble: Trouble) -> None:
        now = self._clock.monotonic()
        line.failed(trouble)
        self.failures += 1
        self.last_trouble, self.last_trouble_ms = trouble, self._clock.utc_ms()
        if line.endpoint.required and not self._collector.replaced(line, now):
            self.good_in_a_row = 0
            self.failures_in_a_row += 1
            if self.failures_in_a_row == 1:
                self.failing_since_ms = self.last_trouble_ms
        if trouble.hold_s <= 0 and line.probe:
            # The ban or limit is over; what is wrong now is something else.
            self.holding = None
        if trouble.hold_s > 0:
            self._hold(trouble, now)
        elif self.local_outage and trouble.network:
            self.breaker.abandon()
        elif self._collector.replaced(line, now):
            # What stands in for it is to be asked on; this one waits longer and longer by its own back-off.
            self.breaker.abandon()
        elif line.endpoint.required or line.probe:
            self.breaker.fail(now, probe=line.probe)
        self._on_outcome(self.venue.name, trouble)

    def _hold(self, trouble: Trouble, now: float) -> None:
        if trouble.kind in HOLDING_KINDS:
            self.holding = trouble
        if trouble.kind is not TroubleKind.GEO_BLOCKED:
            # Kept over a restart, unlike a block, which a restart elsewhere may have ended.
            self.limiter.hold(trouble.hold_s)
        self.breaker.hold(now, trouble.hold_s)

    # --- answers ----------------------------------------------------------------------------------

    async def _fetch(self, line: Line) -> Any:
        keys: tuple[str, ...] = ()
        if (wanted_keys := line.endpoint.keys) is not None:
            parts = self._collector.parts(self._clock.monotonic())
            keys = guarded(lambda: tuple(wanted_keys(parts, self._wanted())))
            if line.endpoint.required and not keys:
                # The catalogue that names the keys has not come yet.
                raise HeldBack
        return await self._fetcher.fetch(line, keys)

    def _take(self, line: Line, value: Any) -> None:
        """Keep a good answer, and deliver a batch where one is due. Raises Troubled and keeps the old one."""
        now, now_ms = self._clock.monotonic(), self._clock.utc_ms()
        batch = self._collector.batch(line, value, now, now_ms)
        first = not line.known
        line.answered(value, now, now_ms)
        if first and line.endpoint.keys is None:
            self._hurry_keyed()
        if batch is None:
            return
        if self._collector.makes(line, now):
            self.good_at = now
            self.good_in_a_row += 1
        self._first_batch.set()
        self._deliver(batch)

    def _deliver_partial(self, line: Line) -> None:
        """A pass over keys that was cut short still has answers; they need not wait for the next poll."""
        complete = all(one.known for one in self.lines if one.endpoint.required)
        if line.endpoint.keys is None or not line.value or not complete:
            return
        now, now_ms = self._clock.monotonic(), self._clock.utc_ms()
        try:
            batch = self._collector.batch(line, line.value, now, now_ms)
        except Troubled as error:
            line.trouble = error.trouble
            return
        if batch is not None:
            self._deliver(batch)

    def _hurry_keyed(self) -> None:
        """What names the keys of a required per-symbol endpoint may just have come."""
        for line in self.lines:
            if line.endpoint.required and line.endpoint.keys is not None and not line.known:
                line.hurry_s = 0.0
                line.hurry.set()

    def _call_stand_in(self, refused: Line) -> None:
        """At once, until it has an answer: what names its keys may come later than the refusal."""
        for line in self.lines:
            meant = line.endpoint.stands_in_for == refused.endpoint.name
            if meant and not line.value and self._collector.needs(line):
                line.hurry_s = 0.0
                line.hurry.set()


def _pace(endpoint: Endpoint, poll_s: float | None) -> float:
    if poll_s is None:
        return endpoint.every_s
    return poll_s if endpoint.required else max(endpoint.every_s, poll_s)
