"""What the venue readers make of the simulated answers is what the market holds, within the venues' rounding.

Readers and writers were made apart from the venue sheets, so a misreading on either side shows here.
"""

from __future__ import annotations

import asyncio
import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fundtui.market import Quote, Settlement, Status
from fundtui.polling.transport import Request
from fundtui.simulation import effects
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.universe import SHARED_TICKER, Row, Scale
from fundtui.simulation.wire import ALL_NAMES
from fundtui.venues import BUILT_IN, load
from fundtui.venues.spec import Endpoint, HistoryRequest, Venue, Wanted
from tests.simulation.driver import Venues

HOUR_MS = 3_600_000
CLASSES = {"coin": "crypto", "share": "equity", "commodity": "commodity", "index": "index"}
CLASSED = frozenset({"binance", "bybit", "gate", "mexc", "bitget", "hyperliquid"})
"""Venues whose answers say what is a coin and what is not."""
CONTINUOUS = frozenset({"deribit", "paradex"})
FIXED_AN_HOUR_AHEAD = frozenset({"kraken-futures", "pacifica"})
RENAMED = {"SPX500": {"SPX"}, "NAS100": {"NDX"}}
EVERYTHING = Scale(venues=len(ALL_NAMES))
READABLE = [name for name in ALL_NAMES if name in BUILT_IN]


def simulated(name: str) -> Any:
    return importlib.import_module(f"fundtui.simulation.wire.{name.replace('-', '_')}")


def fetch(
    venues: Venues, venue: Venue, endpoint: Endpoint, key: str = "", extra: tuple[tuple[str, str], ...] = ()
) -> Any:
    def filled(text: str) -> str:
        return text.replace("{key}", key)

    params = (*((name, filled(value)) for name, value in endpoint.params), *extra)
    response = send(venues, venue, filled(endpoint.path), params, filled(endpoint.body), endpoint.method)
    return endpoint.decode(response)


def send(venues: Venues, venue: Venue, path: str, params: tuple[tuple[str, str], ...], body: str, method: str) -> bytes:

    request = Request(
        venue=venue.name, endpoint="x", url=venue.base_url + path, params=params, body=body, method=method
    )
    response = asyncio.run(venues.transport.send(request))
    assert response.status == 200, (path, response)
    return response.body


def read_all(venues: Venues, venue: Venue) -> dict[str, Quote]:
    """All endpoints as the poller would ask them, keyed ones for every key that they want."""
    parts: dict[str, Any] = {}
    for endpoint in sorted(venue.endpoints, key=lambda one: one.keys is not None):
        if endpoint.keys is not None:
            keys = endpoint.keys(parts, Wanted(top=400))
            parts[endpoint.name] = {key: fetch(venues, venue, endpoint, key) for key in keys}
        elif endpoint.next_page is None:
            parts[endpoint.name] = fetch(venues, venue, endpoint)
        else:
            pages = [fetch(venues, venue, endpoint)]
            while (extra := endpoint.next_page(pages[-1])) is not None:
                pages.append(fetch(venues, venue, endpoint, extra=extra))
            assert endpoint.join is not None
            parts[endpoint.name] = endpoint.join(pages)
    batch = venue.read(parts, venues.clock.now_ms)
    assert batch.rejected == {}
    return {quote.contract.symbol: quote for quote in batch.quotes}


@pytest.fixture(scope="module")
def venues() -> Venues:
    made = Venues(Market(scale=EVERYTHING, scenario="calm"))
    made.move_to(3 * 3600 + 777)
    return made


def rows_and_quotes(venues: Venues, name: str) -> list[tuple[Row, Quote]]:
    quotes = read_all(venues, load(name))
    symbol: Callable[[Row], str] = simulated(name).symbol
    listed = venues.market.at(venues.clock.now_ms).listing
    rows = [row for row in venues.market.rows(name) if listed[row.at] != effects.ABSENT]
    missing = [symbol(row) for row in rows if symbol(row) not in quotes]
    assert missing == []
    return [(row, quotes[symbol(row)]) for row in rows]


def close(read: float, true: float, relative: float, absolute: float = 0.0) -> bool:
    return math.isnan(read) or abs(read - true) <= relative * abs(true) + absolute


@pytest.mark.parametrize("name", READABLE)
def test_readers_find_what_the_market_holds(venues: Venues, name: str) -> None:
    pairs = rows_and_quotes(venues, name)
    market = venues.market
    view = market.at(venues.clock.now_ms)
    settled = market.settled_rates(view, market.universe.venues[name])
    wrong: list[tuple[str, str, object, object]] = []

    def expect(row: Row, what: str, read: object, true: object, good: object) -> None:
        if not good:
            wrong.append((row.base + row.quote, what, read, true))

    for row, quote in pairs:
        at, contract = row.at, quote.contract
        hours = float(view.hours[at])
        rate = view.rate[at] / (8 if name in CONTINUOUS else hours)
        if name in FIXED_AN_HOUR_AHEAD:
            rate = settled[row.number]
        if name == "mexc" and simulated(name).pays_nothing(row):
            rate = 0.0
        expect(row, "hourly", quote.hourly, rate, abs(quote.hourly - rate) <= 6e-7 + 1e-5 * abs(rate))
        mark = view.index[at] if name == "dydx" else view.mark[at]
        # Binance prints eight decimals whatever the price is.
        rounding = 6e-9
        expect(row, "mark", quote.mark, mark, close(quote.mark, mark, 2e-5, rounding))
        expect(row, "index", quote.index, view.index[at], close(quote.index, view.index[at], 2e-5, rounding))
        lot = row.lot * (1.0 if row.inverse else view.mark[at])
        dollars = view.oi_usd[at] * (mark / view.mark[at])
        expect(row, "oi_usd", quote.oi_usd, dollars, close(quote.oi_usd, dollars, 2e-3, lot))
        expect(
            row, "oi_base", quote.oi_base, view.oi_base[at], close(quote.oi_base, view.oi_base[at], 2e-3, lot / mark)
        )
        expect(row, "volume", quote.volume_usd, view.volume_usd[at], close(quote.volume_usd, view.volume_usd[at], 0.03))
        expect(row, "status", contract.status, Status.TRADING, contract.status is Status.TRADING)
        names = RENAMED.get(row.asset.ticker, {row.asset.ticker}) | {row.asset.ticker}
        expect(row, "asset", contract.asset, row.asset.ticker, contract.asset in names)
        expect(row, "multiplier", contract.multiplier, row.size, contract.multiplier == row.size)
        # A coin and a share have this ticker: a venue that names no class cannot be read right both ways, and the
        # calculator's price check keeps the two apart there.
        ambiguous = row.asset.ticker == SHARED_TICKER and name not in CLASSED
        same = ambiguous or contract.asset_class == CLASSES[row.asset.sort]
        expect(row, "class", contract.asset_class, row.asset.sort, same)
        expect(row, "inverse", contract.kind, row.inverse, (contract.kind == "inverse") == row.inverse)
        if name not in CONTINUOUS:
            expect(row, "hours", contract.interval_h, hours, contract.interval_h == hours)
            expect(row, "next", quote.next_funding_ms, view.next_ms[at], quote.next_funding_ms == view.next_ms[at])
    assert wrong == []
    # HTX gives marks one contract at a time: only watched ones are asked for.
    assert name == "htx" or not any(math.isnan(quote.mark) for _row, quote in pairs)


@pytest.mark.parametrize("name", READABLE)
def test_rows_that_are_no_trading_perpetuals_are_marked(venues: Venues, name: str) -> None:
    quotes = read_all(venues, load(name))
    own = {simulated(name).symbol(row) for row in venues.market.rows(name)}
    others = [quote for symbol, quote in quotes.items() if symbol not in own]
    assert all(quote.contract.status is not Status.TRADING or quote.reasons for quote in others)


def pages(venues: Venues, venue: Venue, symbol: str, start_ms: int, end_ms: int) -> list[Settlement]:
    history = venue.history
    assert history is not None
    request: HistoryRequest | None = history.first(symbol, start_ms, end_ms)
    found: list[Settlement] = []
    for _page in range(60):
        if request is None:
            return found
        body = send(venues, venue, request.path, request.params, request.body, request.method)
        rows = history.read(body, symbol)
        found += rows
        request = history.next(request, rows, symbol, start_ms, end_ms)
    raise AssertionError(f"{venue.name}: paging does not end")


@pytest.mark.parametrize("days", [3, 20])
@pytest.mark.parametrize("name", READABLE)
def test_back_fill_gives_every_payment_once(venues: Venues, name: str, days: int) -> None:
    venue = load(name)
    if venue.history is None:
        pytest.skip(f"{name} has no history yet")
    market, now_ms = venues.market, venues.clock.now_ms
    row = market.rows(name)[1]
    wire = simulated(name)
    symbol = str(wire.market_id(row)) if name == "lighter" else wire.symbol(row)
    native = [quote.contract for quote in read_all(venues, venue).values() if quote.contract.symbol == wire.symbol(row)]
    start_ms = now_ms - days * 24 * HOUR_MS
    rows = pages(venues, venue, native[0].native_id or symbol, start_ms, now_ms)
    got = {one.time_ms: one.rate for one in rows if start_ms <= one.time_ms <= now_ms}
    # Pacifica pays at an hour what was fixed at the hour before.
    late_ms = HOUR_MS if name == "pacifica" else 0
    known = market.history(row.at, start_ms - late_ms, now_ms - late_ms, now_ms)
    true = {one.time_ms + late_ms: one.rate for one in known}
    assert sorted(got) == sorted(true)
    assert np.abs(np.array([got[time] - true[time] for time in true])).max() <= 6e-7


def test_first_answers_come_before_any_catalogue() -> None:
    """The required endpoint alone gives rows with the right rates: the first painted table is not wrong."""
    venues = Venues(Market(scale=EVERYTHING, scenario="calm"))
    venues.clock.now_ms = DEMO_START_MS + 1000
    for name in READABLE:
        venue = load(name)
        parts = {one.name: fetch(venues, venue, one) for one in venue.endpoints if one.required}
        batch = venue.read(parts, venues.clock.now_ms)
        assert batch.quotes
        assert all(quote.contract.venue == name for quote in batch.quotes)
