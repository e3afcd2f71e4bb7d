"""A small venue, a network that does what a test says, and virtual time: what the polling tests are made of."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Any

from fundtui.clock import Clock, LoopClock
from fundtui.market import UNKNOWN_RULE, Batch, Fees, Instrument, Quote
from fundtui.polling.fleet import Fleet
from fundtui.polling.limiter import Limiter
from fundtui.polling.poller import Poller
from fundtui.polling.transport import Request, Response
from fundtui.status import Event
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, Parts, Venue

START_MS = 1_795_348_800_000  # 2026-11-22 12:00:00 UTC
RATES = {"BTC": 0.0001, "ETH": 0.0002, "SOL": -0.0003}

Handler = Callable[[Request], Awaitable[Response]]


def decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadAnswer(Fault.NOT_JSON, "not JSON") from error


def read(parts: Parts, observed_ms: int) -> Batch:
    """A quote for each symbol of `rates`; open interest of `oi` where it is known."""
    quotes = tuple(
        Quote(
            Instrument(venue="toy", symbol=symbol, asset=symbol, quote="USDT", settle="USDT"),
            observed_ms,
            rate,
            oi_base=parts.get("oi", {}).get(symbol, float("nan")),
        )
        for symbol, rate in parts["rates"].items()
    )
    if not quotes:
        raise BadAnswer(Fault.EMPTY, "no instrument in the answer")
    return Batch(venue="toy", observed_ms=observed_ms, quotes=quotes)


RATES_ENDPOINT = Endpoint(name="rates", path="/v1/rates", decode=decode, every_s=10.0, required=True)
CATALOGUE = Endpoint(name="catalogue", path="/v1/catalogue", decode=decode, every_s=3600.0)


def toy_venue(
    name: str = "toy",
    endpoints: Sequence[Endpoint] = (RATES_ENDPOINT,),
    budget: Budget | None = None,
    **more: Any,
) -> Venue:
    return Venue(
        name=name,
        title=name.title(),
        base_url=f"https://api.{name}.test",
        endpoints=tuple(endpoints),
        read=more.pop("read", read),
        rule=UNKNOWN_RULE,
        fees=Fees(),
        budget=budget or Budget(capacity=1000, window_s=60),
        **more,
    )


def ok(value: Any = None, **headers: str) -> Response:
    body = json.dumps(RATES if value is None else value).encode()
    return Response(status=200, headers={name.replace("_", "-"): text for name, text in headers.items()}, body=body)


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()}, body=body)


async def always_ok(request: Request) -> Response:
    return ok()


class Network:
    """Carries requests to `handle`, which a test may change at any time, and remembers when each was sent."""

    def __init__(self, clock: Clock, handle: Handler = always_ok) -> None:
        self.clock = clock
        self.handle = handle
        self.sent: list[tuple[float, Request]] = []
        self.closed = 0

    async def send(self, request: Request) -> Response:
        self.sent.append((self.clock.monotonic(), request))
        return await self.handle(request)

    async def close(self) -> None:
        self.closed += 1

    def times(self, venue: str = "", endpoint: str = "") -> list[float]:
        return [at for at, request in self.sent if venue in ("", request.venue) and endpoint in ("", request.endpoint)]


class World:
    """One poller in virtual time."""

    def __init__(self, venue: Venue, handle: Handler = always_ok, clock: Clock | None = None, **more: Any) -> None:
        self.clock = clock or LoopClock(START_MS)
        self.network = Network(self.clock, handle)
        self.batches: list[Batch] = []
        heaviest = max(endpoint.weight for endpoint in venue.endpoints)
        self.limiter = Limiter(venue.budget, self.clock, heaviest=heaviest)
        self.poller = Poller(
            venue, self.clock, random.Random(7), self.network, self.limiter, self.batches.append, **more
        )

    async def run(self, seconds: float) -> None:
        """Start if needed, and let that much time pass."""
        if not self.poller.running:
            self.poller.start()
        await asyncio.sleep(seconds)


class FleetWorld:
    """Several toy venues polled together in virtual time."""

    def __init__(
        self, names: Sequence[str], handle: Handler = always_ok, clock: Clock | None = None, **more: Any
    ) -> None:
        self.clock = clock or LoopClock(START_MS)
        self.network = Network(self.clock, handle)
        self.batches: list[Batch] = []
        self.events: list[Event] = []
        self.fleet = Fleet(
            [toy_venue(name) for name in names],
            self.clock,
            random.Random(3),
            self.network,
            self.batches.append,
            on_event=self.events.append,
            **more,
        )

    def kinds(self) -> list[str]:
        return [event.kind.value for event in self.events]


def gaps(times: Sequence[float]) -> list[float]:
    """Seconds between one time and the next."""
    return [later - earlier for earlier, later in pairwise(times)]
