"""Prints what the whole program holds in memory while it watches 15,000 instruments.

    python -m tests.bench.memory [MINUTES]        (default 3)

A simulated market answers over loopback HTTP from another process; `fundtui --source URL` polls it in a real pty of
200x50 with record, alerts and screen as they come, and is asked for its resident size each half minute.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from urllib.parse import parse_qsl, urlsplit

from fundtui.clock import SystemClock
from fundtui.polling.transport import Request, Response, TransportError
from fundtui.simulation.market import Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.simulation.universe import Scale
from tests.pty.terminal import Terminal

ASSETS = 2_750
VENUES = 21
LOOK_EVERY_S = 30.0


def serve(pipe: Connection, assets: int) -> None:
    """Answer requests for `/VENUE/PATH` from the simulated market, until the process is ended."""

    async def main() -> None:
        clock = SystemClock()
        market = Market(start_utc_ms=clock.utc_ms(), scale=Scale(assets=assets, venues=VENUES), scenario="calm")
        transport = SimulatedTransport(market, clock, latency_s=0.0)

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    method, target, _ = head.split(" ", 2)
                    lengths = [line[15:] for line in head.lower().split("\r\n") if line.startswith("content-length:")]
                    body = (await reader.readexactly(int(lengths[0]) if lengths else 0)).decode()
                    parts = urlsplit(target)
                    venue, _, path = parts.path.lstrip("/").partition("/")
                    asked = Request(
                        venue=venue,
                        endpoint=path,
                        url=f"https://{venue}/{path}",
                        method=method,
                        params=tuple(parse_qsl(parts.query)),
                        body=body,
                    )
                    try:
                        answer = await transport.send(asked)
                    except TransportError:
                        # A venue that the simulated market does not have.
                        answer = Response(status=503, headers={}, body=b"")
                    headers = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
                    writer.write(
                        f"HTTP/1.1 {answer.status} X\r\n{headers}content-length: {len(answer.body)}\r\n\r\n".encode()
                    )
                    writer.write(answer.body)
                    await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        server = await asyncio.start_server(one, "127.0.0.1", 0, backlog=256)
        pipe.send((server.sockets[0].getsockname()[1], len(market.universe.rows)))
        await server.serve_forever()

    asyncio.run(main())


def watch(url: str, minutes: float) -> None:
    """Run the program on that source and print its resident size now and then."""
    with tempfile.TemporaryDirectory() as home:
        folders = {f"XDG_{kind}_HOME": f"{home}/{kind}" for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        argv = [sys.executable, "-m", "fundtui.cli", "--source", url]
        with Terminal(argv, 200, 50, env={"HOME": home, **folders}, emulate=False) as terminal:
            end = time.monotonic() + 60.0 * minutes
            while time.monotonic() < end:
                look = time.monotonic() + LOOK_EVERY_S
                while time.monotonic() < look:
                    terminal.pump(0.5)
                seconds = time.perf_counter() - terminal.started
                print(
                    f"after {seconds:4.0f} s {terminal.rss_mb():6.1f} MB, {terminal.cpu_s():5.1f} s of CPU", flush=True
                )


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs, ASSETS), daemon=True)
    server.start()
    port, instruments = ours.recv()
    print(f"{instruments} instruments of {VENUES} venues, simulated, over loopback HTTP")
    try:
        watch(f"http://127.0.0.1:{port}", minutes)
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
