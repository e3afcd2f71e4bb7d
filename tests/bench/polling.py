"""Polls 30 loopback venues once a second and prints CPU per poll and the longest event-loop callback.

    python tests/bench/polling.py [SECONDS]        (default 60)

The venues are copies of Binance's on a server in another process, 500 rows each in its wire format, packed with gzip.
A poll is the whole way: schedule, limiter, HTTP, decoding, reading, the calculator. Beside it, in the same run: the
bare HTTP client fetching the same bodies as often, which is the part that is not ours.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fundtui.clock import SystemClock
from fundtui.imbalance.calculator import Calculator
from fundtui.market import Batch
from fundtui.polling.fleet import Fleet
from fundtui.polling.http import HttpTransport
from fundtui.polling.transport import Request
from fundtui.venues.binance import VENUE as BINANCE
from fundtui.venues.spec import Budget, Venue

VENUES, ROWS, ASSETS, PACE_S = 30, 500, 2_000, 1.0
HOUR_MS = 3_600_000


def bodies(now_ms: int, venue: int) -> list[bytes]:
    """Two `premiumIndex` answers of one venue, listing its own 500 of 2,000 assets at everyone's prices."""
    rng = random.Random(venue)
    next_ms = (now_ms // (8 * HOUR_MS) + 1) * 8 * HOUR_MS
    listed = rng.sample(range(ASSETS), ROWS)
    return [gzip.compress(json.dumps([row(number, rng, next_ms, now_ms) for number in listed]).encode()) for _ in "ab"]


def row(number: int, rng: random.Random, next_ms: int, now_ms: int) -> dict[str, object]:
    """One row: about half of the rates differ between the two answers."""
    index = 0.1 * 1.005**number
    rate = rng.gauss(0, 2e-4) if rng.random() < 0.5 else 1e-4
    return {
        "symbol": f"A{number}USDT",
        "markPrice": f"{index * rng.gauss(1, 2e-4):.8f}",
        "indexPrice": f"{index:.8f}",
        "estimatedSettlePrice": f"{index:.8f}",
        "lastFundingRate": f"{rate:.8f}",
        "interestRate": "0.00010000",
        "nextFundingTime": next_ms,
        "time": now_ms,
    }


def serve(pipe: Connection) -> None:
    """Answer every request with one of the bodies, keeping connections alive."""

    async def main() -> None:
        now_ms = time.time_ns() // 1_000_000
        answers = {
            f"venue{venue}".encode(): [
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
                for body in bodies(now_ms, venue)
            ]
            for venue in range(VENUES)
        }
        turn = 0

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal turn
            try:
                while True:
                    venue = (await reader.readuntil(b"\r\n\r\n")).split(b"/", 2)[1]
                    turn += 1
                    writer.write(answers[venue][turn // VENUES % 2])
                    await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        server = await asyncio.start_server(one, "127.0.0.1", 0, backlog=256)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def copies() -> list[Venue]:
    """Thirty venues named apart, polled once a second."""
    endpoint = msgspec.structs.replace(BINANCE.endpoints[0], every_s=PACE_S)

    def named(name: str) -> Callable[[object, int], Batch]:
        def read(parts: object, observed_ms: int) -> Batch:
            batch = BINANCE.read(parts, observed_ms)  # type: ignore[arg-type]
            quotes = tuple(
                msgspec.structs.replace(quote, contract=contract(name, quote.contract)) for quote in batch.quotes
            )
            return msgspec.structs.replace(batch, venue=name, quotes=quotes)

        return read

    made: dict[tuple[str, str], object] = {}

    def contract(name: str, original):  # type: ignore[no-untyped-def]
        key = (name, original.symbol)
        if key not in made:
            made[key] = msgspec.structs.replace(original, venue=name)
        return made[key]

    return [
        msgspec.structs.replace(
            BINANCE,
            name=f"venue{number}",
            endpoints=(endpoint,),
            read=named(f"venue{number}"),
            budget=Budget(capacity=4000, window_s=60),
        )
        for number in range(VENUES)
    ]


class Callbacks:
    """Times every callback of the running loop."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.longest_without_apply_s = 0.0
        self.over_20_ms = 0
        self.applying_s = 0.0
        self._run = asyncio.events.Handle._run

    def __enter__(self) -> Callbacks:
        run = self._run

        def timed(handle: asyncio.events.Handle) -> None:
            self.applying_s = 0.0
            started = time.perf_counter()
            run(handle)
            took = time.perf_counter() - started
            self.longest_s = max(self.longest_s, took)
            self.longest_without_apply_s = max(self.longest_without_apply_s, took - self.applying_s)
            self.over_20_ms += took > 0.020

        asyncio.events.Handle._run = timed  # type: ignore[method-assign, assignment]
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.events.Handle._run = self._run  # type: ignore[method-assign]


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def whole_way(url: str, seconds: float) -> None:
    clock = SystemClock()
    calculator = Calculator()
    applied: list[float] = []
    callbacks = Callbacks()

    def apply(batch: Batch) -> None:
        started = time.perf_counter()
        calculator.apply(batch, clock.utc_ms())
        applied.append(time.perf_counter() - started)
        callbacks.applying_s += applied[-1]

    fleet = Fleet(copies(), clock, random.Random(1), HttpTransport(clock, {}), apply, base_url=url)
    fleet.start()
    # The first round adds 15,000 instruments; what comes after it is the daily bread.
    await asyncio.sleep(4)
    applied.clear()
    polls = sum(health.polls for health in fleet.health())
    before, began = cpu_s(), time.perf_counter()
    with callbacks:
        await asyncio.sleep(seconds)
    used, lasted = cpu_s() - before, time.perf_counter() - began
    health = fleet.health()
    polls = sum(one.polls for one in health) - polls
    failures = sum(one.failures for one in health)
    await fleet.stop()
    applied.sort()
    print(f"whole way    {polls} polls in {lasted:.0f} s, {failures} failures, {len(applied)} batches of {ROWS} rows")
    print(f"             CPU per poll {1000 * used / polls:.2f} ms = {100 * used / lasted:.1f} % of a core")
    print(f"             of it apply: median {1000 * applied[len(applied) // 2]:.2f} ms, "
          f"p99 {1000 * applied[int(len(applied) * 0.99)]:.2f} ms")  # fmt: skip
    print(f"             longest callback {1000 * callbacks.longest_s:.1f} ms, {callbacks.over_20_ms} above 20 ms; "
          f"without apply {1000 * callbacks.longest_without_apply_s:.1f} ms")  # fmt: skip


async def bare_http(url: str, seconds: float) -> None:
    transport = HttpTransport(SystemClock(), {})
    requests = [Request(venue=f"venue{n}", endpoint="x", url=f"{url}/venue{n}/x") for n in range(VENUES)]
    await asyncio.gather(*map(transport.send, requests))
    before, began, polls = cpu_s(), time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for request in requests:
            await transport.send(request)
            polls += 1
        await asyncio.sleep(0.2)
    print(f"HTTP alone   {polls} polls, CPU per poll {1000 * (cpu_s() - before) / polls:.2f} ms")
    await transport.close()


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    asyncio.run(whole_way(url, seconds))
    asyncio.run(bare_http(url, min(seconds, 5.0)))
    server.terminate()


if __name__ == "__main__":
    main()
