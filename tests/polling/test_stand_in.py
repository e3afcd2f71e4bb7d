"""A required endpoint that the venue refuses, and another one that answers for it."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from fundtui.clock import SystemClock
from fundtui.market import Batch
from fundtui.polling.fleet import Fleet
from fundtui.polling.live import LiveTransport
from fundtui.polling.transport import Failure, Request, Response, TransportError
from fundtui.simulation.loop import run_virtual
from fundtui.status import VenueState
from fundtui.units import HOUR_MS
from fundtui.venues import load
from fundtui.venues.spec import Endpoint, Parts, Wanted
from tests.polling.badserver import head
from tests.polling.toys import RATES, RATES_ENDPOINT, START_MS, FleetWorld, World, answer, decode, ok, read, toy_venue

SINGLE = Endpoint(
    name="single",
    path="/v1/rates/{key}",
    decode=decode,
    every_s=30.0,
    keys=lambda parts, wanted: ("BTC", "ETH"),
    stands_in_for="rates",
)


def read_either(parts: Parts, observed_ms: int) -> Batch:
    if "rates" in parts:
        return read(parts, observed_ms)
    merged = {symbol: rate for one in parts["single"].values() for symbol, rate in one.items()}
    return read({"rates": merged}, observed_ms)


class Refusing:
    """Answers the list of rates until told otherwise, and single ones always."""

    def __init__(self, refusal: Response | TransportError) -> None:
        self.refusal = refusal
        self.refuses = False

    async def handle(self, request: Request) -> Response:
        if request.endpoint == "single":
            symbol = request.url.rpartition("/")[2]
            return ok({symbol: RATES[symbol]})
        if not self.refuses:
            return ok()
        if isinstance(self.refusal, TransportError):
            raise self.refusal
        return self.refusal


def after_refusal(refusal: Response | TransportError) -> tuple[World, list[Batch], list[Batch]]:
    """A minute of answers, five of refusals, one of answers; batches of the last two parts."""

    async def main() -> tuple[World, list[Batch], list[Batch]]:
        venue = Refusing(refusal)
        world = World(toy_venue(endpoints=[RATES_ENDPOINT, SINGLE], read=read_either), venue.handle)
        await world.run(60)
        assert world.network.times(endpoint="single") == []
        venue.refuses = True
        world.batches.clear()
        await asyncio.sleep(300)
        during = list(world.batches)
        venue.refuses = False
        await asyncio.sleep(100)
        world.batches.clear()
        await asyncio.sleep(60)
        await world.poller.stop()
        return world, during, list(world.batches)

    return run_virtual(main())


def test_it_is_asked_and_makes_the_batches_while_the_list_is_refused() -> None:
    world, during, after = after_refusal(answer(400, b'{"code":"51000","msg":"Parameter instId error"}'))
    assert len(during) >= 9
    for batch in during:
        assert {quote.contract.symbol: quote.rate for quote in batch.quotes} == {"BTC": 0.0001, "ETH": 0.0002}
        assert batch.partial
    # Each is of its own moment: the list's old rates do not ride on.
    assert [one.observed_ms for one in during] == sorted({one.observed_ms for one in during})
    assert during[0].observed_ms < START_MS + 80_000
    assert {len(batch.quotes) for batch in after} == {3}
    assert not any(batch.partial for batch in after)
    assert max(world.network.times(endpoint="single")) < 400


def test_a_lost_connection_is_no_refusal() -> None:
    world, during, _ = after_refusal(TransportError(Failure.CONNECT, "connection refused"))
    assert during == []
    assert world.network.times(endpoint="single") == []


def test_the_venue_is_degraded_and_not_down() -> None:
    async def main() -> tuple[list[str], VenueState]:
        venue = Refusing(answer(400, b'{"msg":"no"}'))
        venue.refuses = True
        world = FleetWorld(())
        fleet = Fleet(
            [toy_venue(endpoints=[RATES_ENDPOINT, SINGLE], read=read_either)],
            world.clock,
            random.Random(3),
            world.network,
            world.batches.append,
            on_event=world.events.append,
        )
        world.network.handle = venue.handle
        fleet.start()
        await asyncio.sleep(300)
        state = fleet.health()[0].state
        await fleet.stop()
        return world.kinds(), state

    assert run_virtual(main()) == ([], VenueState.DEGRADED)


class Okx:
    """OKX over loopback, refusing `instId=ANY` as its sheet says it may (code 51000)."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        target = urlsplit(request.split(b" ")[1].decode())
        status, body = self._answer(target.path.rpartition("/")[2], parse_qs(target.query).get("instId", [""])[0])
        writer.write(head(status, "Connection: close", length=len(body)) + body)
        await writer.drain()
        writer.close()

    def _answer(self, name: str, symbol: str) -> tuple[str, bytes]:
        if name == "funding-rate":
            self.asked.append(symbol)
            if symbol == "ANY":
                return "400 Bad Request", b'{"code":"51000","msg":"Parameter instId error","data":[]}'
            coming_ms = SystemClock().utc_ms() // (8 * HOUR_MS) * 8 * HOUR_MS + 8 * HOUR_MS
            row = {
                "instId": symbol,
                "instType": "SWAP",
                "fundingRate": "0.0002",
                "fundingTime": str(coming_ms),
                "nextFundingTime": str(coming_ms + 8 * HOUR_MS),
            }
            return "200 OK", json.dumps({"code": "0", "msg": "", "data": [row]}).encode()
        listed = [
            {"instId": f"{asset}-USDT-SWAP", "instType": "SWAP", "ctType": "linear", "settleCcy": "USDT",
             "uly": f"{asset}-USDT", "state": "live", "ctVal": "1", "ctMult": "1", "ctValCcy": asset}
            for asset in ("BTC", "ETH", "SOL")
        ]  # fmt: skip
        rows = listed if name == "instruments" else []
        return "200 OK", json.dumps({"code": "0", "msg": "", "data": rows}).encode()


async def test_okx_falls_back_to_single_calls_for_the_watched_assets() -> None:
    okx, batches, clock = Okx(), list[Batch](), SystemClock()
    async with okx.running() as url:
        fleet = Fleet(
            [load("okx")],
            clock,
            random.Random(2),
            LiveTransport(clock, {}),
            batches.append,
            wanted=lambda venue: Wanted(assets=frozenset({"BTC", "SOL"})),
            base_url=url,
            poll_s={"okx": 1.0},
        )
        fleet.start()
        try:
            async with asyncio.timeout(15):
                while not batches or len(batches[-1].quotes) < 2:
                    await asyncio.sleep(0.02)
        finally:
            await fleet.stop()
    # Venue sheet okx: "If ANY ever fails (code 51000/51001), fall back to per-instId calls for the watch list only."
    assert set(okx.asked) == {"ANY", "BTC-USDT-SWAP", "SOL-USDT-SWAP"}
    found = {quote.contract.symbol: quote for quote in batches[-1].quotes}
    assert found.keys() == {"BTC-USDT-SWAP", "SOL-USDT-SWAP"}
    assert found["BTC-USDT-SWAP"].rate == 0.0002
    assert found["BTC-USDT-SWAP"].contract.interval_h == 8.0
