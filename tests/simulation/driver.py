"""Asking the simulated venues in tests: a clock that stands still until it is moved, and one request at a time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fundtui.polling.transport import Request, Response
from fundtui.simulation.market import Market
from fundtui.simulation.transport import SimulatedTransport


class StandingClock:
    """A clock that sleeping moves, and nothing else."""

    def __init__(self, utc_ms: int) -> None:
        self.now_ms = utc_ms
        self.slept_s = 0.0

    def utc_ms(self) -> int:
        return self.now_ms

    def monotonic(self) -> float:
        return self.now_ms / 1000

    async def sleep(self, seconds: float) -> None:
        self.slept_s += seconds

    def timeout(self, seconds: float) -> asyncio.Timeout:
        return asyncio.timeout(None if seconds < 0 else 3600)


class Venues:
    """A market, its transport and its clock."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.clock = StandingClock(market.start_ms)
        self.transport = SimulatedTransport(market, self.clock)

    def move_to(self, seconds: float) -> None:
        """Let it be that many seconds after the start."""
        self.clock.now_ms = self.market.start_ms + round(seconds * 1000)

    def ask(self, venue: str, path: str, body: str = "", **params: str) -> Response:
        """The answer to one request; the path is what follows the host."""
        request = Request(
            venue=venue,
            endpoint=path,
            url=f"https://host.example{path}",
            method="POST" if body else "GET",
            params=tuple(params.items()),
            body=body,
        )
        return asyncio.run(self.transport.send(request))

    def json(self, venue: str, path: str, body: str = "", **params: str) -> Any:
        """The decoded body of an answer that must be good."""
        response = self.ask(venue, path, body, **params)
        assert response.status == 200, response
        return json.loads(response.body)
