"""Running averages begun with the venues' own samples: the whole road, its budget, and when it is not gone."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from fundtui.clock import Clock, LoopClock, ScaledClock
from fundtui.config import Inputs, Watcher
from fundtui.engine import Engine
from fundtui.history.asking import Asking
from fundtui.history.compaction import Retention
from fundtui.history.database import MIB
from fundtui.history.folder import Owner, Room
from fundtui.history.record import Record, Warmth, warm_up
from fundtui.history.sqlite_store import SqliteStore
from fundtui.imbalance.calculator import Calculator
from fundtui.polling.feed import Deliver, Feed, Report
from fundtui.polling.fleet import Fleet
from fundtui.polling.live import LiveTransport
from fundtui.polling.transport import Request, Response, Transport
from fundtui.premiums import Premiums
from fundtui.simulation.loop import run_virtual
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.venues import load

VENUES = ("binance", "okx", "hyperliquid")
PREMIUM_PATHS = ("premiumIndexKlines", "premium-history")
"""Four minutes before a settlement of eight-hour contracts the demo begins: the average has nothing of its interval."""


def watcher(folder: Path, most: int = 4) -> Watcher:
    path = folder / "config.toml"
    path.write_text(f"[polling]\npremium_history = {most}\n[history]\nbackfill = 0\n", encoding="utf-8")
    path.chmod(0o600)
    return Watcher(Inputs(path=path))


class Heard:
    """A transport that notes what it is asked, and may answer otherwise."""

    def __init__(self, inner: Transport, clock: Clock, instead: Callable[[Request], Response | None] | None = None):
        self._inner, self._clock, self._instead = inner, clock, instead or (lambda request: None)
        self.asked: list[tuple[float, Request]] = []
        self.flying: Counter[str] = Counter()
        self.most_flying: Counter[str] = Counter()

    @property
    def premiums(self) -> list[tuple[float, Request]]:
        return [one for one in self.asked if one[1].url.endswith(PREMIUM_PATHS)]

    async def send(self, request: Request) -> Response:
        self.asked.append((self._clock.monotonic(), request))
        of_premiums = request.url.endswith(PREMIUM_PATHS)
        if of_premiums:
            self.flying[request.venue] += 1
            self.most_flying[request.venue] = max(self.most_flying[request.venue], self.flying[request.venue])
        try:
            return self._instead(request) or await self._inner.send(request)
        finally:
            if of_premiums:
                self.flying[request.venue] -= 1

    async def close(self) -> None:
        await self._inner.close()


def engine_of(
    folder: Path,
    clock: Clock,
    transport: Transport,
    *,
    most: int = 4,
    venues: tuple[str, ...] = VENUES,
    base_url: str = "",
    record: Record | None = None,
    warmth: Warmth | None = None,
    calculator: Calculator | None = None,
) -> Engine:
    """An engine that asks for premium histories, as the assembly makes one that lasts."""

    async def open_fleet(deliver: Deliver, report: Report) -> Feed:
        known = {name: load(name) for name in venues}
        fleet = Fleet(
            list(known.values()), clock, random.Random(1), transport, deliver, on_event=report, base_url=base_url
        )
        assert engine.premiums is not None
        engine.premiums.provide(Asking(known, transport, fleet.limiter, 0.5, base_url))
        return fleet

    engine = Engine(
        watcher(folder, most),
        mode="demo",
        clock=clock,
        calculator=calculator or Calculator(),
        venues=venues,
        open_fleet=open_fleet,
        record=record,
        warmth=warmth,
    )
    engine.premiums = Premiums(clock, lambda: engine.calculator, lambda: engine.settings, engine.report)
    return engine


def market_transport(clock: Clock) -> SimulatedTransport:
    return SimulatedTransport(Market(7, DEMO_START_MS, scenario="calm"), clock)


def begun_by(engine: Engine, start: str = "back-filled") -> dict[str, list[int]]:
    """Venue -> rows whose average began so."""
    table, found = engine.calculator.instruments, dict[str, list[int]]()
    for row in range(table.count):
        if table.text("average_start", row) == start:
            found.setdefault(table.text("venue", row), []).append(row)
    return found


def lines(engine: Engine) -> list[str]:
    return [str(event.text) for event in engine.events if "premium history" in event.text]


def watched(folder: Path, seconds: float, most: int = 4, **instead: Any) -> tuple[Engine, Heard]:
    """An engine that ran for that long in simulated time, and what it asked."""

    async def run() -> tuple[Engine, Heard]:
        clock = LoopClock(DEMO_START_MS)
        heard = Heard(market_transport(clock), clock, **instead)
        engine = engine_of(folder, clock, heard, most=most)
        await engine.start()
        await clock.sleep(seconds)
        await engine.stop()
        return engine, heard

    return run_virtual(run())


async def serve(transport: Transport) -> asyncio.Server:
    """The simulated venues behind a real socket, each under its name."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                method, target, _ = line.decode().split(" ", 2)
                length = 0
                while (header := await reader.readline()).strip():
                    name, _, value = header.decode().partition(":")
                    length = int(value) if name.lower() == "content-length" else length
                body = (await reader.readexactly(length)).decode()
                parts = urlsplit(target)
                venue, _, path = parts.path.removeprefix("/").partition("/")
                params = tuple(parse_qsl(parts.query))
                url = f"https://venue/{path}"
                asked = Request(venue=venue, endpoint="", url=url, method=method, params=params, body=body)
                said = await transport.send(asked)
                head = "".join(f"{key}: {value}\r\n" for key, value in said.headers.items())
                writer.write(f"HTTP/1.1 {said.status} X\r\n{head}content-length: {len(said.body)}\r\n\r\n".encode())
                writer.write(said.body)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


async def test_the_whole_road_over_http(tmp_path: Path) -> None:
    clock = ScaledClock(DEMO_START_MS, 10.0)
    heard = Heard(SimulatedTransport(Market(7, DEMO_START_MS, scenario="calm"), clock, latency_s=0.0), clock)
    server = await serve(heard)
    host, port = server.sockets[0].getsockname()
    transport = LiveTransport(clock, {})
    engine = engine_of(tmp_path, clock, transport, venues=("binance", "okx"), base_url=f"http://{host}:{port}")
    await engine.start()
    try:
        async with asyncio.timeout(60):
            while len(lines(engine)) < 2:
                await asyncio.sleep(0.05)
    finally:
        await engine.stop()
        await transport.close()
        server.close()
        await server.wait_closed()
    found = begun_by(engine)
    assert {venue: len(rows) for venue, rows in found.items()} == {"binance": 4, "okx": 4}
    columns = engine.calculator.instruments.columns
    for rows in found.values():
        assert (columns["coverage"][rows] > 0.99).all()
        # The simulated venues pay by their formulas, which is what the averages now give: to a tenth of a basis point.
        assert np.nanmedian(np.abs(columns["divergence"][rows])) < 0.1e-4 / 8
        assert np.isfinite(columns["divergence"][rows]).any()
    assert sorted(lines(engine)) == [
        "binance premium history: 4 running averages begin with the venue's own samples",
        "okx premium history: 4 running averages begin with the venue's own samples",
    ]


def test_the_weightiest_contracts_are_asked_for_and_no_more(tmp_path: Path) -> None:
    engine, heard = watched(tmp_path, 120)
    asked = [dict(request.params)["symbol"] for _, request in heard.premiums if request.venue == "binance"]
    table = engine.calculator.instruments
    rows = [row for row in range(table.count) if table.text("venue", row) == "binance"]
    rows.sort(key=lambda row: -np.nan_to_num(table.columns["oi_usd"][row]))
    assert set(asked) == {table.text("symbol", row) for row in rows[:4]}
    assert len(asked) == 4
    assert {request.venue for _, request in heard.premiums} == {"binance", "okx"}


def test_one_request_at_a_time_and_within_a_quarter_of_the_published_limit(tmp_path: Path) -> None:
    """fundtui uses half of a venue's limit at most; of that, this asks half at most, and the polls go on as ever."""
    engine, heard = watched(tmp_path, 240, most=40)
    assert max(heard.most_flying.values()) == 1
    weight_of = {"binance": 2, "okx": 1}  # 236 candles weigh two; a page of samples one.
    for venue in ("binance", "okx"):
        budget = load(venue).budget
        times = [at for at, request in heard.premiums if request.venue == venue]
        assert len(times) >= 40
        for first in times:
            window = [at for at in times if first <= at < first + budget.window_s]
            assert len(window) * weight_of[venue] <= budget.capacity / 4
        polls = [at for at, request in heard.asked if request.venue == venue and "premiums" not in request.endpoint]
        required = {"binance": "/fapi/v1/premiumIndex", "okx": "/api/v5/public/funding-rate"}[venue]
        polls = [at for at, request in heard.asked if request.venue == venue and request.url.endswith(required)]
        # Asked each ten seconds, jitter included.
        assert max(np.diff(polls)) < 15.0
    assert len(begun_by(engine)["binance"]) == 40


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (418, b'{"code":-1003,"msg":"Way too many requests; IP banned until 1772530000000"}', "banned"),
        (429, b'{"code":-1003,"msg":"Too many requests"}', "rate limited"),
        (451, b'{"code":0,"msg":"Service unavailable from a restricted location"}', "location"),
        (200, b"<html>blocked</html>", "not asked any further"),
        (404, b"<html>not here</html>", "404"),
    ],
)
def test_a_refusal_ends_it_in_one_line(tmp_path: Path, status: int, body: bytes, word: str) -> None:
    def refuse(request: Request) -> Response | None:
        refused = request.venue == "binance" and request.url.endswith(PREMIUM_PATHS)
        return Response(status=status, headers={}, body=body) if refused else None

    engine, heard = watched(tmp_path, 900, instead=refuse)
    asked = [request for _, request in heard.premiums if request.venue == "binance"]
    # What may be of one contract alone is tried with a second one.
    assert len(asked) == (2 if status in (200, 404) else 1)
    said = [line for line in lines(engine) if line.startswith("binance")]
    assert len(said) == 1
    assert word in said[0]
    assert "binance" not in begun_by(engine)
    assert "okx premium history: 4 running averages begin with the venue's own samples" in lines(engine)


def test_samples_in_another_unit_are_left_out_and_counted(tmp_path: Path) -> None:
    def percent(request: Request) -> Response | None:
        if request.venue != "binance" or not request.url.endswith(PREMIUM_PATHS):
            return None
        start_ms = int(dict(request.params)["startTime"])
        rows = ",".join(
            f'[{start_ms + minute * 60_000},"0","0","0","0.31","0",0]'
            for minute in range(int(dict(request.params)["limit"]))
        )
        return Response(status=200, headers={}, body=f"[{rows}]".encode())

    engine, _ = watched(tmp_path, 120, instead=percent)
    assert "binance" not in begun_by(engine)
    assert "binance premium history: samples of 4 left out: far from the premium now" in lines(engine)


def test_nobody_is_asked_where_it_is_switched_off(tmp_path: Path) -> None:
    engine, heard = watched(tmp_path, 120, most=0)
    assert heard.premiums == []
    assert begun_by(engine) == {}


async def at_once(call: Callable[[], Any]) -> Any:
    """Threads and simulated time do not go together."""
    return call()


def recorded(folder: Path, seconds: float, start_ms: int) -> tuple[Engine, Heard, Warmth]:
    """An engine with a record, run for a while."""

    async def run() -> tuple[Engine, Heard, Warmth]:
        clock = LoopClock(start_ms)
        heard, calculator = Heard(market_transport(clock), clock), Calculator()
        warmth = warm_up(folder, calculator, clock.utc_ms())
        room = Room(folder, reserve=MIB, ballast=MIB)
        record = Record(folder, Owner(folder), clock, Retention(), source="demo", room=room, blocking=at_once)
        engine = engine_of(folder, clock, heard, record=record, warmth=warmth, calculator=calculator)
        await engine.start()
        await clock.sleep(seconds)
        await engine.stop()
        return engine, heard, warmth

    return run_virtual(run())


def test_a_restart_keeps_what_was_filled_and_does_not_ask_again(tmp_path: Path) -> None:
    engine, heard, _ = recorded(tmp_path, 100, DEMO_START_MS)
    assert len(begun_by(engine)["binance"]) == 4
    store = SqliteStore(tmp_path, now_ms=0, writable=False)
    kept = [one.symbol for batch in store.polls(0) for one in batch.premiums]
    store.close()
    assert len(kept) == 8
    again, heard, warmth = recorded(tmp_path, 60, DEMO_START_MS + 110_000)
    assert warmth.problem == ""
    assert heard.premiums == []
    assert {venue: len(rows) for venue, rows in begun_by(again).items()} == {"binance": 4, "okx": 4}


def test_a_state_of_another_format_is_said_to_be_left(tmp_path: Path) -> None:
    engine, _, _ = recorded(tmp_path, 30, DEMO_START_MS)
    from fundtui.history.figures import Shelf

    Shelf(tmp_path).save(DEMO_START_MS + 40_000, engine.calculator.export_state() | {"format": np.array([99])})
    again, _, warmth = recorded(tmp_path, 30, DEMO_START_MS + 60_000)
    assert warmth.figures_ms == 0
    said = [event for event in again.events if "another version" in event.text]
    assert len(said) == 1
