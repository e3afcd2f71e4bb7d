"""Asks one endpoint for its whole value: one request, page after page, or key after key.

Everything a venue is asked goes through here: the limiter before each request, the deadline around it, the judgement
of its status behind it, and the venue's own decoding, whose defects cost this poll and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fundtui.clock import Clock
from fundtui.polling.asking import request_for
from fundtui.polling.breaker import Breaker
from fundtui.polling.judge import Trouble, Troubled, TroubleKind, classify, from_bad_answer, from_failure
from fundtui.polling.limiter import Limiter
from fundtui.polling.line import Line
from fundtui.polling.skew import offset_ms
from fundtui.polling.transport import Failure, Request, Response, Transport, TransportError
from fundtui.text import clean
from fundtui.venues.spec import BadAnswer, Endpoint, Params, Venue

GRACE_S = 1.0
"""Beyond the request's own deadline, for transports that do not keep it."""
FIRST_PASS_PAUSE_S = 0.1
KEY_FAILURES = 5
"""Keys that fail in a row before a pass over a per-symbol endpoint is given up."""
PASS_SHARE = 0.9
"""Of its period, for one pass over the keys."""
MAX_PAGES = 60
RETRY_SHARE = 0.1
RETRY_TOKENS = 3.0
READER_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What a faulty venue reader (they come from other packages too) may raise instead of BadAnswer."""


class HeldBack(Exception):
    """The venue asked for silence while this request waited for its turn. No failure: nothing was sent."""


class Fetcher:
    """Sends one venue's requests. `polls` counts them; `clock_offset_ms` is the venue's clock minus ours (NaN: it
    never said). `retries` tells whether a second try after a failed connection makes sense now."""

    def __init__(
        self,
        venue: Venue,
        clock: Clock,
        transport: Transport,
        limiter: Limiter,
        breaker: Breaker,
        base_url: str,
        retries: Callable[[], bool],
    ) -> None:
        self.polls = 0
        self.clock_offset_ms = math.nan
        self._venue = venue
        self._clock = clock
        self._transport = transport
        self._limiter = limiter
        self._breaker = breaker
        self._base_url = base_url
        self._retries = retries
        self._retry_tokens = RETRY_TOKENS

    async def fetch(self, line: Line, keys: tuple[str, ...]) -> Any:
        """The decoded value of an endpoint; of a keyed one key -> value. Raises Troubled or HeldBack."""
        if line.endpoint.keys is not None:
            return await self._fetch_keys(line, keys)
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

    async def _fetch_keys(self, line: Line, keys: tuple[str, ...]) -> dict[str, Any]:
        earlier: dict[str, Any] = line.value or {}
        # Answers count as soon as they are there: the next batch is made while the pass still runs.
        line.value = {key: earlier[key] for key in keys if key in earlier}
        pause_s = PASS_SHARE * line.every_s / max(1, len(keys))
        if not (line.known and earlier):
            pause_s = min(pause_s, FIRST_PASS_PAUSE_S)
        failures = 0
        for position, key in enumerate(keys):
            if position:
                await self._clock.sleep(pause_s)
            try:
                line.value[key] = await self._ask(line, key=key)
                line.kept_keys.discard(key)
                failures = 0
            except Troubled as error:
                failures += 1
                if error.trouble.hold_s > 0 or failures >= min(KEY_FAILURES, len(keys)):
                    raise
                line.key_failed(key, error.trouble)
        return dict(line.value)

    async def _ask(self, line: Line, *, key: str = "", extra: Params = ()) -> Any:
        """One request and its decoded answer. Raises Troubled, or HeldBack if the venue wants silence by now."""
        request = request_for(
            self._venue, line.endpoint, base=self._base_url, key=key, extra=extra, timeout_s=line.timeout_s
        )
        response = await self._send(line, request)
        line.answer_bytes = len(response.body)
        self._limiter.correct(response.headers)
        now_ms = self._clock.utc_ms()
        trouble = classify(response, self._venue, now_ms)
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
            if error.failure is not Failure.CONNECT or self._retry_tokens < 1 or not self._retries():
                raise Troubled(from_failure(error)) from error
            self._retry_tokens -= 1
        try:
            return await self._send_once(line, request)
        except TransportError as error:
            raise Troubled(from_failure(error)) from error

    async def _send_once(self, line: Line, request: Request) -> Response:
        await self._limiter.acquire(line.endpoint.weight)
        if not self._breaker.closed and not line.probe:
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
