"""Rates of an optional endpoint that fails: they leave the batches instead of looking new for ever."""

from __future__ import annotations

import asyncio
import math

import pytest

from fundtui.market import Batch
from fundtui.polling.transport import Request, Response
from fundtui.simulation.loop import run_virtual
from fundtui.venues.spec import Endpoint, Parts
from tests.polling.toys import CATALOGUE, RATES, RATES_ENDPOINT, START_MS, World, answer, decode, ok, read, toy_venue


@pytest.mark.parametrize("perishable", [True, False])
def test_only_a_perishable_answer_is_left_out_once_it_is_three_intervals_old(perishable: bool) -> None:
    second = Endpoint(name="oi", path="/oi", decode=decode, every_s=20.0, perishable=perishable)

    async def main() -> tuple[World, float, float]:
        failing: list[bool] = []

        async def handle(request: Request) -> Response:
            if request.endpoint != "oi":
                return ok()
            return answer(500) if failing else ok(dict.fromkeys(RATES, 7.0))

        world = World(toy_venue(endpoints=[RATES_ENDPOINT, second]), handle)
        await world.run(45)
        failing.append(True)
        before = world.batches[-1].quotes[0].oi_base
        await asyncio.sleep(120)
        after = world.batches[-1].quotes[0].oi_base
        await world.poller.stop()
        return world, before, after

    world, before, after = run_virtual(main())
    assert before == 7.0
    assert math.isnan(after) if perishable else after == 7.0
    assert len(world.batches[-1].quotes) == len(RATES)


def test_rows_that_only_an_overdue_part_has_are_missing_and_not_gone() -> None:
    """The batch says that it is a part, so that nobody takes its missing rows for delisted."""
    second = Endpoint(name="more", path="/more", decode=decode, every_s=20.0, perishable=True)

    def read_both(parts: Parts, observed_ms: int) -> Batch:
        return read({"rates": parts["rates"] | parts.get("more", {})}, observed_ms)

    async def main() -> tuple[Batch, Batch, Batch]:
        failing: list[bool] = []

        async def handle(request: Request) -> Response:
            if request.endpoint != "more":
                return ok()
            return answer(500) if failing else ok({"XAU": 0.0005})

        world = World(toy_venue(endpoints=[RATES_ENDPOINT, second], read=read_both), handle)
        await world.run(45)
        failing.append(True)
        whole = world.batches[-1]
        await asyncio.sleep(120)
        part = world.batches[-1]
        failing.clear()
        await asyncio.sleep(120)
        await world.poller.stop()
        return whole, part, world.batches[-1]

    whole, part, again = run_virtual(main())
    assert [(len(one.quotes), one.partial) for one in (whole, part, again)] == [(4, False), (3, True), (4, False)]


def test_batches_say_that_a_venue_is_still_learning_until_its_catalogue_has_come() -> None:
    async def main() -> list[Batch]:
        async def handle(request: Request) -> Response:
            if request.endpoint == "catalogue":
                await asyncio.sleep(8)
            return ok()

        world = World(toy_venue(endpoints=[RATES_ENDPOINT, CATALOGUE]), handle)
        await world.run(40)
        await world.poller.stop()
        return world.batches

    flags = [batch.learning for batch in run_virtual(main())]
    assert flags[0]
    assert not flags[-1]
    assert flags == sorted(flags, reverse=True)


def test_a_catalogue_that_fails_three_times_is_no_longer_waited_for() -> None:
    async def main() -> list[Batch]:
        async def handle(request: Request) -> Response:
            return answer(500) if request.endpoint == "catalogue" else ok()

        world = World(toy_venue(endpoints=[RATES_ENDPOINT, CATALOGUE]), handle)
        await world.run(400)
        await world.poller.stop()
        return world.batches

    batches = run_virtual(main())
    assert batches[0].learning
    assert not batches[-1].learning


def test_rates_that_come_quicker_than_the_required_catalogue_make_batches() -> None:
    """Venues without bulk answers: the list of markets hourly, each market's rate every minute."""
    markets = Endpoint(name="markets", path="/markets", decode=decode, every_s=3600.0, required=True)
    rate = Endpoint(
        name="rate",
        path="/rate/{key}",
        decode=decode,
        every_s=60.0,
        perishable=True,
        keys=lambda parts, wanted: ("BTC",),
    )

    def read_single(parts: Parts, observed_ms: int) -> Batch:
        return read(
            {"rates": {symbol: parts.get("rate", {}).get(symbol, {}).get(symbol, 0.0) for symbol in ("BTC",)}},
            observed_ms,
        )

    async def main() -> World:
        asked = [0]

        async def handle(request: Request) -> Response:
            asked[0] += request.endpoint == "rate"
            return ok({"BTC": asked[0] / 1000})

        world = World(toy_venue(endpoints=[markets, rate], read=read_single), handle)
        await world.run(600)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    rates = [batch.quotes[0].rate for batch in world.batches]
    assert len(rates) >= 9
    assert rates[1:] == sorted(set(rates[1:]))
    observed = [batch.observed_ms for batch in world.batches]
    assert observed[-1] > START_MS + 530_000
    assert world.poller.cadence_s == 60.0
