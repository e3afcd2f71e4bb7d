"""The simulated venues tell the premium of the past as their readers expect it, and as it was."""

from __future__ import annotations

import asyncio

import pytest

from fundtui.clock import LoopClock
from fundtui.polling.transport import Request
from fundtui.simulation.loop import run_virtual
from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.simulation.universe import Scale
from fundtui.simulation.wire import ALL_NAMES
from fundtui.venues import load
from fundtui.venues.spec import HistoryRequest, PremiumSample

MINUTE_MS = 60_000
TELLING = [name for name in ALL_NAMES if load(name).premium_history is not None]
SYMBOLS = {
    "binance": "ETHUSDT",
    "binance-coinm": "ETHUSD_PERP",
    "bybit": "ETHUSDT",
    "okx": "ETH-USDT-SWAP",
    "gate": "ETH_USDT",
    "kucoin": "ETHUSDTM",
    "htx": "ETH-USDT",
}


def test_all_venues_that_tell_it_do() -> None:
    assert set(TELLING) == set(SYMBOLS)


async def told(name: str, start_ms: int, end_ms: int) -> list[PremiumSample]:
    """All samples that a simulated venue tells of a time range at its end."""
    venue, symbol = load(name), SYMBOLS[name]
    history = venue.premium_history
    assert history is not None
    market = Market(7, DEMO_START_MS, Scale(venues=len(ALL_NAMES)))
    transport = SimulatedTransport(market, LoopClock(end_ms), latency_s=0.0)
    found: list[PremiumSample] = []
    request: HistoryRequest | None = history.first(symbol, start_ms, end_ms)
    while request is not None:
        asked = Request(venue=name, endpoint="premiums", url=venue.base_url + request.path, params=request.params)
        response = await transport.send(asked)
        assert response.status == 200, response.body
        rows = history.read(response.body, symbol)
        found += [one for one in rows if start_ms <= one.time_ms <= end_ms]
        request = history.next(request, rows, symbol, start_ms, end_ms)
        await asyncio.sleep(0)
    return sorted(found)


@pytest.mark.parametrize("name", sorted(SYMBOLS))
def test_each_minute_is_told_once(name: str) -> None:
    start_ms, end_ms = DEMO_START_MS - 236 * MINUTE_MS, DEMO_START_MS + 30_000
    found = run_virtual(told(name, start_ms, end_ms))
    minutes = [one.time_ms // MINUTE_MS for one in found]
    assert minutes == sorted(set(minutes))
    assert len(minutes) >= 236
    assert all(abs(one.premium) < 0.05 for one in found)
    assert len({one.premium for one in found}) > 200


def test_the_past_stays_what_it_was() -> None:
    """Whoever asks later, and for more, is told the same."""
    start_ms, end_ms = DEMO_START_MS - 60 * MINUTE_MS, DEMO_START_MS
    first = run_virtual(told("binance", start_ms, end_ms))
    again = run_virtual(told("binance", start_ms - MINUTE_MS, end_ms + 5 * MINUTE_MS))
    assert set(first) <= set(again)
