"""Carries requests to the simulated market instead of the network, with the latency and the faults of its scenarios."""

from __future__ import annotations

from collections.abc import Mapping

from fundtui.clock import Clock
from fundtui.polling.transport import Failure, Request, Response, TransportError
from fundtui.simulation.market import Market
from fundtui.simulation.noise import fraction, key
from fundtui.simulation.scenarios import Happening
from fundtui.simulation.wire import open_sheet
from fundtui.simulation.wire.sheet import HTML, Ask, Handler, Reply, Sheet

RETRY_AFTER_S = 20
UNREACHABLE_S, HANGING_S = 70, 110
MEDIAN_LATENCY_S = 0.04


class SimulatedTransport:
    """A `Transport` over one market. Answers depend on the request and on the clock's time alone."""

    def __init__(
        self, market: Market, clock: Clock, latency_s: float = MEDIAN_LATENCY_S, *, first_at_once: bool = False
    ) -> None:
        """first_at_once: the very first answer has no distance to go, so that a demo begins with rows and not with
        waiting for nothing. Those of the other venues come from afar, while the screen is being built."""
        self.market = market
        self._clock = clock
        self._latency_s = latency_s
        self._first_at_once = first_at_once
        self._sheets: dict[str, Sheet] = {}

    async def send(self, request: Request) -> Response:
        """The venue's answer now. Raises TransportError as the network would."""
        at_once = self._first_at_once and not self._sheets
        if request.venue not in self._sheets:
            self._sheets[request.venue] = self._open(request.venue)
        sheet = self._sheets[request.venue]
        now_ms = self._clock.utc_ms()
        self.market.at(now_ms)
        happening = [what for what in self.market.happening(now_ms) if what.venue == request.venue]
        # The answer is that of the moment of asking, so that it does not depend on who else asks during the wait.
        response = next(filter(None, (_fault(sheet, what, now_ms) for what in happening)), None)
        if response is None:
            response = _answer(sheet, request, now_ms)
        await self._wait(request, now_ms, happening, at_once=at_once)
        return response

    async def close(self) -> None:
        """Nothing is held."""

    def _open(self, venue: str) -> Sheet:
        try:
            return open_sheet(self.market, venue)
        except KeyError:
            raise TransportError(Failure.DNS, f"{venue} is not part of the simulated market") from None

    async def _wait(self, request: Request, now_ms: int, happenings: list[Happening], *, at_once: bool) -> None:
        """Venues differ in distance; every answer differs a little. Raises while a venue is unreachable."""
        far = 0.5 + 2.0 * fraction(key(self.market.seed, "far", request.venue))
        jitter = 0.6 + 0.8 * fraction(key(self.market.seed, now_ms, request.venue, request.endpoint))
        latency_s = 0.0 if at_once else self._latency_s * far * jitter
        for happening in happenings:
            age_s = now_ms / 1000 - happening.start_s
            if happening.kind == "outage" and age_s < UNREACHABLE_S:
                await self._clock.sleep(latency_s)
                raise TransportError(Failure.CONNECT, "connection refused")
            if happening.kind == "outage" and age_s < HANGING_S:
                await self._clock.sleep(request.timeout_s)
                raise TransportError(Failure.TIMEOUT, f"no answer within {request.timeout_s:g} s")
        if latency_s > 0:
            await self._clock.sleep(latency_s)


def _fault(sheet: Sheet, happening: Happening, now_ms: int) -> Response | None:
    if happening.kind == "outage" and now_ms / 1000 - happening.start_s >= HANGING_S:
        return Response(
            status=503, headers={"content-type": HTML}, body=b"<html><h1>503 Service Unavailable</h1></html>"
        )
    if happening.kind == "ratelimit":
        refusal = sheet.writer.refuse(429, "Too many requests")
        headers = {"content-type": refusal.content_type, "retry-after": str(RETRY_AFTER_S)}
        return Response(status=429, headers=headers, body=refusal.body.encode())
    return None


def _answer(sheet: Sheet, request: Request, now_ms: int) -> Response:
    path, params = _path(request.url), dict(request.params)
    handler, segment = _route(sheet.writer.routes, f"{request.method} {path}")
    used = sheet.count(now_ms, sheet.writer.weight(path, params))
    sheet.view = sheet.market.seen_by(sheet.venue, now_ms)
    reply: Reply | str
    if handler is None:
        reply = sheet.writer.refuse(404, "Not found")
    else:
        reply = handler(sheet, Ask(params, now_ms, segment, request.body))
    if isinstance(reply, str):
        reply = Reply(reply)
    body = reply.body.encode()
    if len(body) > request.max_bytes:
        raise TransportError(Failure.TOO_LARGE, f"answer of {len(body)} bytes, {request.max_bytes} allowed")
    headers = {"content-type": reply.content_type, **sheet.writer.headers(used)}
    return Response(status=reply.status, headers=headers, body=body)


def _path(url: str) -> str:
    rest = url.partition("://")[2]
    return "/" + rest.partition("/")[2]


def _route(routes: Mapping[str, Handler], wanted: str) -> tuple[Handler | None, str]:
    """The handler of a path, and what stands where its route has `*`."""
    found = routes.get(wanted)
    if found is not None:
        return found, ""
    for pattern, handler in routes.items():
        before, star, after = pattern.partition("*")
        if star and wanted.startswith(before) and wanted.endswith(after):
            segment = wanted[len(before) : len(wanted) - len(after)]
            if segment and "/" not in segment:
                return handler, segment
    return None, ""
