"""The transport: latency on the clock, limits of the request, venues that are not simulated."""

from __future__ import annotations

import asyncio

import pytest

from fundtui.polling.transport import Failure, Request, TransportError
from fundtui.simulation.market import Market
from fundtui.simulation.transport import SimulatedTransport
from fundtui.simulation.universe import Scale
from tests.simulation.driver import StandingClock, Venues

SMALL = Scale(assets=30, venues=3)


def test_latency_passes_on_the_clock_and_is_reproducible() -> None:
    slept = []
    for _ in range(2):
        venues = Venues(Market(scale=SMALL))
        venues.ask("binance", "/fapi/v1/premiumIndex")
        slept.append(venues.clock.slept_s)
    assert slept[0] == slept[1]
    assert 0.005 < slept[0] < 0.2


def test_no_latency_when_none_is_wanted() -> None:
    market = Market(scale=SMALL)
    clock = StandingClock(market.start_ms)
    transport = SimulatedTransport(market, clock, latency_s=0.0)
    request = Request(venue="binance", endpoint="time", url="https://fapi.binance.com/fapi/v1/time")
    response = asyncio.run(transport.send(request))
    assert response.body == b'{"serverTime":%d}' % market.start_ms
    assert clock.slept_s == 0


def test_a_demo_gets_the_very_first_answer_at_once_and_all_others_from_afar() -> None:
    market = Market(scale=SMALL)
    clock = StandingClock(market.start_ms)
    transport = SimulatedTransport(market, clock, first_at_once=True)
    slept = []
    for venue, url in [("binance", "https://fapi.binance.com/fapi/v1/time")] * 2 + [
        ("bybit", "https://api.bybit.com/v5/market/time")
    ] * 2:
        before = clock.slept_s
        asyncio.run(transport.send(Request(venue=venue, endpoint="time", url=url)))
        slept.append(clock.slept_s - before > 0)
    assert slept == [False, True, True, True]


def test_answer_larger_than_allowed_is_an_error() -> None:
    market = Market(scale=SMALL)
    transport = SimulatedTransport(market, StandingClock(market.start_ms))
    request = Request(venue="binance", endpoint="x", url="https://x/fapi/v1/premiumIndex", max_bytes=100)
    with pytest.raises(TransportError) as raised:
        asyncio.run(transport.send(request))
    assert raised.value.failure is Failure.TOO_LARGE


@pytest.mark.parametrize("name", ["nowhere", "lighter"])
def test_venue_outside_the_market_is_not_found(name: str) -> None:
    venues = Venues(Market(scale=SMALL))
    with pytest.raises(TransportError) as raised:
        venues.ask(name, "/api/v1/funding-rates")
    assert raised.value.failure is Failure.DNS


def test_answer_is_that_of_the_moment_of_asking() -> None:
    """A slow answer does not depend on what was asked meanwhile."""
    alone, busy = Venues(Market(scale=SMALL)), Venues(Market(scale=SMALL))

    class Interrupting(StandingClock):
        async def sleep(self, seconds: float) -> None:
            busy.market.at(self.now_ms + 60_000)

    busy.transport = SimulatedTransport(busy.market, Interrupting(busy.market.start_ms))
    path = "/fapi/v1/premiumIndex"
    assert alone.ask("binance", path).body == busy.ask("binance", path).body
