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
from collections.abc import Callable
from typing import Any

from fundtui.clock import Clock
from fundtui.market import Batch
from fundtui.polling.asking import request_for
from fundtui.polling.breaker import Breaker
from fundtui.polling.judge import HOLDING_KINDS, Trouble, Troubled, TroubleKind, classify, from_bad_answer, from_failure
from fundtui.polling.limiter import Limiter
from fundtui.polling.line import Line
from fundtui.polling.skew import offset_ms
from fundtui.polling.transport import Failure, Request, Response, Transport, TransportError
from fundtui.text import clean
from fundtui.venues.spec import BadAnswer, Endpoint, Params, Parts, Venue, Wanted

GRACE_S = 1.0
"""Beyond the request's own deadline, for transports that do not keep it."""
STOP_S = 0.4
KEYED_AFTER_S = 1.5
"""Per-symbol endpoints that are not required start that long after the first batch, to know what is traded most."""
FIRST_PASS_PAUSE_S = 0.1
KEY_FAILURES = 5
"""Keys that fail in a row before a pass over a per-symbol endpoint is given up."""
PASS_SHARE = 0.9
"""Of its period, for one pass over the keys."""
MAX_PAGES = 60
RETRY_SHARE = 0.1
RETRY_TOKENS = 3.0
SUSPECT_SHARE = 0.2
SUSPECT_POLLS = 2
READER_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What a faulty venue reader (they come from other packages too) may raise instead of BadAnswer."""

Deliver = Callable[[Batch], None]


class HeldBack(Exception):
    """The venue asked for silence while this request waited for its turn. No failure: nothing was sent."""


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
        base_url: str = "",
        poll_s: float | None = None,
        on_outcome: Callable[[str, Trouble | None], None] = lambda venue, trouble: None,
    ) -> None:
        """`poll_s` is the user's pace for the required endpoints; `on_outcome` hears of every poll's end."""
        self.venue = venue
        self.limiter = limiter
        self.lines = [Line(clock, venue.name, one, _pace(one, poll_s)) for one in venue.endpoints]
        self.cadence_s = min((line.every_s for line in self.lines if line.endpoint.required), default=math.nan)
        self.breaker = Breaker(rng, self.cadence_s if self.cadence_s == self.cadence_s else 15.0)
        self.local_outage = False
        """Set by the fleet: our own network is down, so failures say nothing about the venue."""
        self.good_at = math.nan
        self.rows = 0
        self.rejected: dict[str, int] = {}
        self.good_in_a_row = 0
        self.failures_in_a_row = 0
        """Of required endpoints."""
        self.failing_since_ms = 0
        self.polls = 0
        self.failures = 0
        self.holding: Trouble | None = None
        """The ban, limit or block that keeps us silent; until the first good answer after it."""
        self.last_trouble: Trouble | None = None
        self.last_trouble_ms: int | None = None
        self.clock_offset_ms = math.nan
        self._clock = clock
        self._rng = rng
        self._transport = transport
        self._deliver = deliver
        self._wanted = wanted
        self._base_url = base_url
        self._on_outcome = on_outcome
        self._tasks: list[asyncio.Task[None]] = []
        self._first_batch = asyncio.Event()
        self._suspects = 0
        self._retry_tokens = RETRY_TOKENS

    # --- life -------------------------------------------------------------------------------------

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
        return all(line.tried for line in self.lines)

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
        if line.endpoint.keys is not None and not line.endpoint.required:
            await self._first_batch.wait()
            first_s += KEYED_AFTER_S
        await self._pause(line, first_s)
        while True:
            # Before the first good poll anything may probe: a catalogue may have to come before the rates.
            probe = line.endpoint.required or math.isnan(self.good_at)
            wait_s = self.breaker.wait_s(self._clock.monotonic(), probe=probe)
            if wait_s <= 0:
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
        if line.endpoint.required:
            self.failures_in_a_row = 0
        if self.breaker.closed:
            self.holding = None
        self._on_outcome(self.venue.name, None)

    def _failed(self, line: Line, trouble: Trouble) -> None:
        now = self._clock.monotonic()
        line.failed(trouble)
        self.failures += 1
        self.last_trouble, self.last_trouble_ms = trouble, self._clock.utc_ms()
        if line.endpoint.required:
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

    # --- asking -----------------------------------------------------------------------------------

    async def _fetch(self, line: Line) -> Any:
        if line.endpoint.keys is not None:
            return await self._fetch_keys(line, line.endpoint.keys)
        if line.endpoint.next_page is not None:
            return await self._fetch_pages(line, line.endpoint.next_page)
        return await self._ask(line)

    async def _fetch_pages(self, line: Line, next_page: Callable[[Any], Params | None]) -> Any:
        pages: list[Any] = []
        extra: Params = ()
        for _ in range(MAX_PAGES):
            pages.append(await self._ask(line, extra=extra))
            following = guarded(lambda: next_page(pages[-1]))
            # A mirror that ignores paging repeats its first page for ever.
            if following is None or following == extra:
                return _joined(line.endpoint, pages)
            extra = following
        raise Troubled(Trouble(TroubleKind.BAD_PAYLOAD, clean(f"more than {MAX_PAGES} pages")))

    async def _fetch_keys(self, line: Line, wanted_keys: Callable[[Parts, Wanted], Any]) -> dict[str, Any]:
        keys: tuple[str, ...] = guarded(lambda: tuple(wanted_keys(self._parts(), self._wanted())))
        if line.endpoint.required and not keys:
            # The catalogue that names the keys has not come yet.
            raise HeldBack
        earlier: dict[str, Any] = line.value or {}
        # Answers count as soon as they are there: the next batch is made while the pass still runs.
        line.value = {key: earlier[key] for key in keys if key in earlier}
        pause_s = PASS_SHARE * line.every_s / max(1, len(keys))
        failures = 0
        for position, key in enumerate(keys):
            if position:
                await self._clock.sleep(pause_s if line.known else min(pause_s, FIRST_PASS_PAUSE_S))
            try:
                line.value[key] = await self._ask(line, key=key)
                failures = 0
            except Troubled as error:
                failures += 1
                if error.trouble.hold_s > 0 or failures >= min(KEY_FAILURES, len(keys)):
                    raise
                if not error.trouble.network:
                    line.value.pop(key, None)
                line.trouble = error.trouble
        return dict(line.value)

    async def _ask(self, line: Line, *, key: str = "", extra: Params = ()) -> Any:
        """One request and its decoded answer. Raises Troubled, or HeldBack if the venue wants silence by now."""
        request = request_for(
            self.venue, line.endpoint, base=self._base_url, key=key, extra=extra, timeout_s=line.timeout_s
        )
        response = await self._send(line, request)
        line.answer_bytes = len(response.body)
        self.limiter.correct(response.headers)
        now_ms = self._clock.utc_ms()
        trouble = classify(response, self.venue, now_ms)
        if trouble is not None:
            raise Troubled(trouble)
        try:
            return guarded(lambda: line.endpoint.decode(response.body))
        except BadAnswer as error:
            raise Troubled(from_bad_answer(error, response, now_ms)) from error

    async def _send(self, line: Line, request: Request) -> Response:
        """Send, and once more if there was no connection and the bucket of retries allows."""
        try:
            return await self._send_once(line, request)
        except TransportError as error:
            if error.failure is not Failure.CONNECT or self._retry_tokens < 1 or self.local_outage:
                raise Troubled(from_failure(error)) from error
            self._retry_tokens -= 1
        try:
            return await self._send_once(line, request)
        except TransportError as error:
            raise Troubled(from_failure(error)) from error

    async def _send_once(self, line: Line, request: Request) -> Response:
        await self.limiter.acquire(line.endpoint.weight)
        if not self.breaker.closed and not line.probe:
            raise HeldBack
        self.polls += 1
        self._retry_tokens = min(RETRY_TOKENS, self._retry_tokens + RETRY_SHARE)
        sent, sent_ms = self._clock.monotonic(), self._clock.utc_ms()
        try:
            async with self._clock.timeout(line.timeout_s + GRACE_S):
                response = await self._transport.send(request)
        except TimeoutError as error:
            raise TransportError(Failure.TIMEOUT, f"no answer within {line.timeout_s:g} s") from error
        line.latencies.append(self._clock.monotonic() - sent)
        offset = offset_ms(response.headers, sent_ms, self._clock.utc_ms())
        if not math.isnan(offset):
            self.clock_offset_ms = offset
        return response

    # --- batches ----------------------------------------------------------------------------------

    def _take(self, line: Line, value: Any) -> None:
        """Keep a good answer, and deliver a batch where one is due. Raises Troubled and keeps the old one."""
        now, now_ms = self._clock.monotonic(), self._clock.utc_ms()
        parts = self._parts() | {line.endpoint.name: value}
        due = line.endpoint.required or not line.known
        complete = all(one.endpoint.name in parts for one in self.lines if one.endpoint.required)
        batch = self._read(parts, self._observed_ms(line, now, now_ms)) if due and complete else None
        first = not line.known
        line.answered(value, now, now_ms)
        if first and line.endpoint.keys is None:
            self._hurry_keyed()
        if batch is None:
            return
        if line.endpoint.required:
            self.good_at = now
            self.good_in_a_row += 1
        self.rows, self.rejected = len(batch.quotes), dict(batch.rejected)
        self._first_batch.set()
        self._deliver(batch)

    def _deliver_partial(self, line: Line) -> None:
        """A pass over keys that was cut short still has answers; they need not wait for the next poll."""
        complete = all(one.known for one in self.lines if one.endpoint.required)
        if line.endpoint.keys is None or not line.value or not complete:
            return
        now, now_ms = self._clock.monotonic(), self._clock.utc_ms()
        try:
            self._deliver(self._read(self._parts(), self._observed_ms(line, now, now_ms)))
        except Troubled as error:
            line.trouble = error.trouble

    def _read(self, parts: Parts, observed_ms: int) -> Batch:
        try:
            batch: Batch = guarded(lambda: self.venue.read(parts, observed_ms))
        except BadAnswer as error:
            raise Troubled(from_bad_answer(error, Response(status=200, headers={}, body=b""), observed_ms)) from error
        if len(batch.quotes) < SUSPECT_SHARE * self.rows and self._suspects < SUSPECT_POLLS:
            self._suspects += 1
            text = f"only {len(batch.quotes)} rows where {self.rows} were before"
            raise Troubled(Trouble(TroubleKind.BAD_PAYLOAD, clean(text)))
        self._suspects = 0
        return batch

    def _observed_ms(self, line: Line, now: float, now_ms: int) -> int:
        """When the batch's data was seen: now, or when the oldest required answer came that should be newer."""
        required = [one for one in self.lines if one.endpoint.required and one is not line]
        old_ms = [one.answered_ms for one in required if one.known and (not line.endpoint.required or one.overdue(now))]
        return min(old_ms, default=now_ms)

    def _hurry_keyed(self) -> None:
        """What names the keys of a required per-symbol endpoint may just have come."""
        for line in self.lines:
            if line.endpoint.required and line.endpoint.keys is not None and not line.known:
                line.hurry_s = 0.0
                line.hurry.set()

    def _parts(self) -> dict[str, Any]:
        """What is known. A first pass over keys counts while it runs, unless there is nothing without it."""
        now = self._clock.monotonic()
        return {
            line.endpoint.name: line.value
            for line in self.lines
            if line.value is not None
            and (line.known or not line.endpoint.required)
            and not (line.endpoint.perishable and line.overdue(now))
        }


def guarded(call: Callable[[], Any]) -> Any:
    """The result of a venue's function; a defect in it fails this poll, in words, and nothing else."""
    try:
        return call()
    except READER_ERRORS as error:
        text = f"the reader failed: {type(error).__name__}: {error}"
        raise Troubled(Trouble(TroubleKind.BAD_PAYLOAD, clean(text, 160))) from error


def _joined(endpoint: Endpoint, pages: list[Any]) -> Any:
    join = endpoint.join
    return pages if join is None else guarded(lambda: join(pages))


def _pace(endpoint: Endpoint, poll_s: float | None) -> float:
    if poll_s is None:
        return endpoint.every_s
    return poll_s if endpoint.required else max(endpoint.every_s, poll_s)
