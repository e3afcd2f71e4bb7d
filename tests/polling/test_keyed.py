"""Endpoints that are asked symbol by symbol or page by page, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from fundtui.polling.judge import TroubleKind
from fundtui.polling.transport import Request, Response
from fundtui.simulation.loop import run_virtual
from fundtui.venues.spec import Endpoint, Parts, Wanted
from tests.polling.toys import RATES, RATES_ENDPOINT, World, answer, decode, gaps, ok, toy_venue


def keyed(every_s: float = 60.0, count: int = 6) -> Endpoint:
    def keys(parts: Parts, wanted: Wanted) -> Sequence[str]:
        return tuple(parts["rates"])[: min(count, wanted.top)]

    return Endpoint(name="oi", path="/oi", params=(("symbol", "{key}"),), decode=decode, every_s=every_s, keys=keys)


SIX = {f"S{number}": 0.0001 for number in range(6)}


def test_a_per_symbol_endpoint_is_spread_over_its_period_and_fills_the_batches() -> None:
    async def main() -> World:
        async def handle(request: Request) -> Response:
            return ok(float(request.params[0][1][1:])) if request.endpoint == "oi" else ok(SIX)

        world = World(toy_venue(endpoints=[RATES_ENDPOINT, keyed()]), handle)
        await world.run(300)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    assert {quote.contract.symbol: quote.oi_base for quote in world.batches[-1].quotes} == {
        f"S{number}": float(number) for number in range(6)
    }
    times = world.network.times(endpoint="oi")
    assert max(gaps(times[:6])) < 0.2, "the first pass is quick"
    assert min(gaps(times[6:12])) > 8, "the others take their time"
    # The quick first pass, and one in each of the five minutes (the last may not be over).
    assert 5 * 6 <= len(times) <= 6 * 6


def test_a_per_symbol_endpoint_that_is_required_gives_the_first_batch_when_its_pass_is_through() -> None:
    listing = Endpoint(name="rates", path="/r", decode=decode, every_s=300.0, required=True)
    asked = replace(keyed(every_s=30.0), required=True)

    async def main() -> World:
        async def handle(request: Request) -> Response:
            return ok(1.0) if request.endpoint == "oi" else ok(SIX)

        world = World(toy_venue(endpoints=[listing, asked]), handle)
        await world.run(20)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    assert world.batches
    assert all(quote.oi_base == 1.0 for quote in world.batches[0].quotes)
    assert world.poller.failures == 0


def test_after_a_ban_another_trouble_is_named_for_what_it_is() -> None:
    refusals = [answer(418, retry_after="60"), answer(500)]

    async def main() -> list[TroubleKind | None]:
        async def handle(request: Request) -> Response:
            return refusals.pop(0) if len(refusals) > 1 else refusals[0]

        world = World(toy_venue(), handle)
        await world.run(30)
        first = world.poller.holding
        await world.run(60)
        second = world.poller.holding
        await world.poller.stop()
        return [None if holding is None else holding.kind for holding in (first, second)]

    assert run_virtual(main()) == [TroubleKind.BANNED, None]


def test_how_many_symbols_are_asked_is_the_users_choice() -> None:
    async def main() -> set[str]:
        async def handle(request: Request) -> Response:
            return ok(1.0) if request.endpoint == "oi" else ok(SIX)

        world = World(toy_venue(endpoints=[RATES_ENDPOINT, keyed()]), handle, wanted=lambda: Wanted(top=2))
        await world.run(100)
        await world.poller.stop()
        return {request.params[0][1] for _, request in world.network.sent if request.endpoint == "oi"}

    assert run_virtual(main()) == {"S0", "S1"}


def test_one_symbol_that_fails_costs_only_itself() -> None:
    async def main() -> World:
        async def handle(request: Request) -> Response:
            if request.endpoint != "oi":
                return ok(SIX)
            return answer(400, b'{"msg":"Invalid symbol."}') if request.params[0][1] == "S3" else ok(1.0)

        world = World(toy_venue(endpoints=[RATES_ENDPOINT, keyed()]), handle)
        await world.run(30)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    known = {quote.contract.symbol for quote in world.batches[-1].quotes if quote.oi_base == 1.0}
    assert known == {"S0", "S1", "S2", "S4", "S5"}
    assert world.poller.lines[1].known


def test_pages_are_followed_and_joined() -> None:
    def next_page(page: Any) -> tuple[tuple[str, str], ...] | None:
        return (("cursor", page["next"]),) if page["next"] else None

    def join(pages: Sequence[Any]) -> dict[str, float]:
        return {symbol: rate for page in pages for symbol, rate in page["rates"].items()}

    endpoint = Endpoint(
        name="rates", path="/r", decode=decode, required=True, every_s=10.0, next_page=next_page, join=join
    )

    async def main() -> World:
        async def handle(request: Request) -> Response:
            cursor = dict(request.params).get("cursor", "")
            return ok({"": {"rates": {"A": 0.1}, "next": "2"}, "2": {"rates": {"B": 0.2}, "next": ""}}[cursor])

        world = World(toy_venue(endpoints=[endpoint]), handle)
        await world.run(2)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    assert [quote.contract.symbol for quote in world.batches[0].quotes] == ["A", "B"]


@pytest.mark.parametrize("growing", [True, False])
def test_paging_without_end_is_cut_off(growing: bool) -> None:
    def next_page(page: Any) -> tuple[tuple[str, str], ...]:
        return (("cursor", str(page["at"] + 1) if growing else "same"),)

    endpoint = Endpoint(
        name="rates", path="/r", decode=decode, required=True, every_s=10.0, next_page=next_page,
        join=lambda pages: pages[0]["rates"],
    )  # fmt: skip

    async def main() -> World:
        async def handle(request: Request) -> Response:
            at = dict(request.params).get("cursor", "0")
            return ok({"rates": RATES, "at": int(at) if growing else 0})

        world = World(toy_venue(endpoints=[endpoint]), handle)
        await world.run(1)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    assert len(world.network.sent) == (60 if growing else 2)
    assert len(world.batches) == (0 if growing else 1)
