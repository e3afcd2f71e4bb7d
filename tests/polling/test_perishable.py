"""Rates of an optional endpoint that fails: they leave the batches instead of looking new for ever."""

from __future__ import annotations

import asyncio
import math

import pytest

from fundtui.polling.transport import Request, Response
from fundtui.simulation.loop import run_virtual
from fundtui.venues.spec import Endpoint
from tests.polling.toys import RATES, RATES_ENDPOINT, World, answer, decode, ok, toy_venue


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
