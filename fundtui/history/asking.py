"""One request of a venue's history: within the budget that the polls leave, judged like a poll's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from fundtui.clock import Clock
from fundtui.polling.asking import rebase
from fundtui.polling.judge import Trouble, Troubled, TroubleKind, classify, from_bad_answer, from_failure
from fundtui.polling.limiter import Limiter, TooHeavy
from fundtui.polling.transport import Request, Transport, TransportError
from fundtui.text import clean
from fundtui.venues.spec import BadAnswer, HistoryRequest, Venue

Row = TypeVar("Row")
Result = TypeVar("Result")

TIMEOUT_S = 10.0
LARGE = 64 * 1024
"""Answers of more bytes are not read in the event loop: a year of hours in one answer takes ten milliseconds."""
LOOK_S = 0.5
"""Between two looks whether there is budget to spare."""


class Asking(NamedTuple):
    """How venues can be asked: `share` is the part of each published limit that the limiters allow."""

    venues: Mapping[str, Venue]
    transport: Transport
    limiter: Callable[[str], Limiter]
    share: float
    base_url: str = ""


class Budget(Protocol):
    """Says when a venue may be asked."""

    async def acquire(self, weight: float) -> None:
        """Wait for that much."""
        ...

    def correct(self, headers: Mapping[str, str]) -> None:
        """Take the venue's own count."""
        ...

    def hold(self, seconds: float) -> None:
        """Nothing may be sent for that long."""
        ...


class Blocking(Protocol):
    """Runs what takes long, away from the event loop."""

    def __call__(self, call: Callable[[], Result], /) -> Awaitable[Result]: ...


class Line:
    """Asks the venues' histories, one request after the other of whoever asks."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        limiter: Callable[[str], Budget],
        base_url: str = "",
        blocking: Blocking | None = None,
    ) -> None:
        """blocking: reads large answers away from the event loop; None: there is none to be kept waiting."""
        self._transport = transport
        self._clock = clock
        self._limiter = limiter
        self._base_url = base_url
        self._blocking = blocking

    async def ask(
        self, venue: Venue, request: HistoryRequest, symbol: str, read: Callable[[bytes, str], tuple[Row, ...]]
    ) -> tuple[Row, ...]:
        """One answer, read. Waits until there is budget to spare; raises Troubled."""
        budget = self._limiter(venue.name)
        try:
            await budget.acquire(request.weight)
        except TooHeavy as error:
            raise Troubled(Trouble(TroubleKind.HTTP_4XX, clean(error))) from error
        url = rebase((request.base_url or venue.base_url).rstrip("/") + request.path, venue.name, self._base_url)
        asked = Request(
            venue=venue.name,
            endpoint="history",
            url=url,
            method=request.method,
            params=request.params,
            body=request.body,
            timeout_s=TIMEOUT_S,
        )
        try:
            response = await self._transport.send(asked)
        except TransportError as error:
            raise Troubled(from_failure(error)) from error
        budget.correct(response.headers)
        trouble = classify(response, venue, self._clock.utc_ms())
        if trouble is None:
            try:
                if self._blocking is not None and len(response.body) > LARGE:
                    return await self._blocking(partial(read, response.body, symbol))
                return read(response.body, symbol)
            except BadAnswer as error:
                trouble = from_bad_answer(error, response, self._clock.utc_ms())
        if trouble.hold_s:
            budget.hold(trouble.hold_s)
        raise Troubled(trouble)


class HalfBudget:
    """Half of what a venue's limiter allows: the polls have the rest, and never wait long."""

    def __init__(self, limiter: Limiter, clock: Clock, share: float) -> None:
        """share: of the published limit, that the limiter allows."""
        self._limiter = limiter
        self._clock = clock
        self._most = share / 2

    async def acquire(self, weight: float) -> None:
        """Wait until polls and back-fill together leave half of the allowance, then take the weight."""
        while self._limiter.used_share + self._limiter.share_of(weight) > max(
            self._most, self._limiter.share_of(weight)
        ):
            await self._clock.sleep(LOOK_S)
        await self._limiter.acquire(weight)

    def correct(self, headers: Mapping[str, str]) -> None:
        """Take the venue's own count."""
        self._limiter.correct(headers)

    def hold(self, seconds: float) -> None:
        """Nothing may be sent for that long."""
        self._limiter.hold(seconds)
