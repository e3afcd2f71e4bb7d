"""One venue's poller in virtual time: what it asks, when it is silent, and what it delivers."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from fundtui.polling.judge import TroubleKind
from fundtui.polling.limiter import Limiter
from fundtui.polling.transport import Failure, Request, Response, TransportError
from fundtui.simulation.loop import run_virtual
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, Parts
from tests.polling.toys import (
    CATALOGUE,
    RATES,
    RATES_ENDPOINT,
    START_MS,
    World,
    answer,
    decode,
    gaps,
    ok,
    read,
    toy_venue,
)


def refusing(refusal: Response, first: int = 1) -> tuple[list[int], Any]:
    """A handler that answers well, and refuses from the `first`-th request (from 0) while `refusals` is not empty."""
    refusals = [1]
    count = [0]

    async def handle(request: Request) -> Response:
        count[0] += 1
        return refusal if refusals and count[0] > first else ok()

    return refusals, handle


def test_it_asks_at_its_pace_and_delivers_each_answer() -> None:
    async def main() -> World:
        world = World(toy_venue())
        await world.run(100)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    times = world.network.times()
    assert times[0] <= 0.5
    assert all(gap == pytest.approx(10, abs=1e-3) for gap in gaps(times)[1:])
    assert len(world.batches) == len(times) >= 10
    assert {quote.contract.symbol: quote.rate for quote in world.batches[0].quotes} == RATES
    assert [batch.observed_ms for batch in world.batches] == [START_MS + round(at * 1000) for at in times]


@pytest.mark.parametrize(
    ("refusal", "silent_s"),
    [
        (answer(418, retry_after="1800"), 1800),
        (answer(418, b'{"msg":"banned until 1795352400000"}'), 3600 - 20),
        (answer(403, b'{"retMsg":"access too frequent"}'), 600),
        (answer(429, retry_after="120"), 120),
        (answer(429, retry_after="Sun, 22 Nov 2026 12:05:00 GMT"), 300 - 20),
        (answer(451), 900),
        (answer(403, b"<html>blocked in your country</html>"), 900),
        (answer(503, retry_after="60"), 60),
    ],
)
def test_not_one_request_until_the_end_of_a_ban_limit_or_block(refusal: Response, silent_s: float) -> None:
    async def main() -> World:
        open_interest = Endpoint(name="oi", path="/oi", decode=decode, every_s=3.0)
        _, handle = refusing(refusal, first=5)
        world = World(toy_venue(endpoints=[RATES_ENDPOINT, CATALOGUE, open_interest]), handle)
        await world.run(20 + silent_s * 2)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    times = world.network.times()
    # The sixth request is refused; the seventh is the probe after the end.
    assert times[6] - times[5] >= silent_s - 15
    assert times[6] >= times[5] + silent_s if silent_s in (1800, 600, 120, 900, 60) else True
    assert times[6] - times[5] <= silent_s + 20
    # Refused again: silent again, with that one probe between.
    if silent_s in (1800, 600, 900):
        assert gaps(times)[6:7] == [] or gaps(times)[6] >= silent_s


def test_a_ban_is_over_with_the_probe_and_all_endpoints_go_on() -> None:
    async def main() -> tuple[World, int, TroubleKind | None]:
        refusals, handle = refusing(answer(418, retry_after="600"))
        world = World(toy_venue(endpoints=[RATES_ENDPOINT, CATALOGUE]), handle)
        await world.run(300)
        during = len(world.network.sent)
        kind = world.poller.holding.kind if world.poller.holding else None
        refusals.clear()
        await world.run(360)
        assert world.poller.holding is None
        await world.poller.stop()
        return world, during, kind

    world, during, kind = run_virtual(main())
    assert (during, kind) == (2, TroubleKind.BANNED)
    after = [request.endpoint for _, request in world.network.sent[during:]]
    assert after[0] == "rates"
    assert "catalogue" in after
    assert after.count("rates") >= 3


def test_a_ban_outlives_a_restart() -> None:
    async def main() -> float:
        world = World(toy_venue(), refusing(answer(418, retry_after="600"), first=0)[1])
        await world.run(5)
        await world.poller.stop()
        again = World(toy_venue(), clock=world.clock)
        again.limiter.restore(world.limiter.state())
        await again.run(700)
        await again.poller.stop()
        return again.network.times()[0]

    assert run_virtual(main()) >= 600


def test_the_weight_used_never_passes_half_of_the_budget() -> None:
    async def main() -> tuple[list[float], float]:
        endpoints = [
            Endpoint(name="rates", path="/a", decode=decode, every_s=1.0, weight=10, required=True),
            Endpoint(name="b", path="/b", decode=decode, every_s=1.0, weight=10),
            Endpoint(name="c", path="/c", decode=decode, every_s=1.0, weight=10),
        ]
        world = World(toy_venue(endpoints=endpoints, budget=Budget(capacity=200, window_s=60)))
        await world.run(600)
        share = world.limiter.used_share
        await world.poller.stop()
        return world.network.times(), share

    times, share = run_virtual(main())
    busiest = max(sum(start <= at < start + 60 - 1e-6 for at in times) for start in times)
    assert 6 <= busiest <= 10
    assert 0.3 < share <= 0.5


def test_a_hanging_endpoint_stops_no_other_and_has_one_request_in_flight() -> None:
    in_flight = {"rates": 0, "catalogue": 0}
    most = dict(in_flight)

    async def handle(request: Request) -> Response:
        in_flight[request.endpoint] += 1
        most[request.endpoint] = max(most.values())
        try:
            if request.endpoint == "catalogue":
                await asyncio.Event().wait()
            return ok()
        finally:
            in_flight[request.endpoint] -= 1

    async def main() -> World:
        slow = Endpoint(name="catalogue", path="/c", decode=decode, every_s=5.0)
        world = World(toy_venue(endpoints=[RATES_ENDPOINT, slow]), handle)
        await world.run(100)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    assert max(most.values()) <= 1
    assert all(gap == pytest.approx(10, abs=1e-3) for gap in gaps(world.network.times(endpoint="rates"))[1:])
    line = world.poller.lines[1]
    assert line.trouble is not None
    assert line.trouble.text == "no answer within 4 s"


def test_stopping_while_a_request_hangs_takes_no_time() -> None:
    async def forever(request: Request) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def main() -> float:
        world = World(toy_venue(), forever)
        await world.run(3)
        before = asyncio.get_running_loop().time()
        await world.poller.stop()
        return asyncio.get_running_loop().time() - before

    assert run_virtual(main()) < 0.01


def test_missed_ticks_are_skipped_and_never_made_up_for() -> None:
    async def slow(request: Request) -> Response:
        await asyncio.sleep(7.9)
        return ok()

    async def main() -> World:
        # 8 s deadline, 10 s pace; the limiter lets one through each 12 s.
        world = World(toy_venue(budget=Budget(capacity=1, window_s=6)), slow)
        await world.run(200)
        await world.poller.stop()
        return world

    times = run_virtual(main()).network.times()
    assert min(gaps(times)) >= 10 - 1e-3
    assert all(gap >= 10 - 1e-3 for gap in gaps(times))


def test_failures_space_the_asks_out_and_one_success_ends_that() -> None:
    broken = [True]

    async def handle(request: Request) -> Response:
        return answer(500) if broken else ok()

    async def main() -> tuple[int, int, bool]:
        world = World(toy_venue(), handle)
        await world.run(3600)
        during = len(world.network.sent)
        assert not world.poller.breaker.closed
        broken.clear()
        await world.run(1200)
        before = len(world.batches)
        await world.run(100)
        await world.poller.stop()
        return during, len(world.batches) - before, world.poller.breaker.closed

    during, after, closed = run_virtual(main())
    assert during < 60, "360 ticks in the hour"
    assert during > 6
    assert after in (9, 10, 11)
    assert closed


def test_only_a_lost_connection_is_tried_again_at_once_and_only_now_and_then() -> None:
    async def handle(request: Request) -> Response:
        raise TransportError(Failure.CONNECT, "connection refused")

    async def main() -> list[float]:
        world = World(toy_venue(), handle)
        await world.run(600)
        await world.poller.stop()
        return world.network.times()

    times = run_virtual(main())
    at_once = sum(gap < 0.01 for gap in gaps(times))
    assert 2 <= at_once <= 3 + 0.1 * len(times) + 1
    assert all(not (a < 0.01 and b < 0.01) for a, b in pairwise(gaps(times)))


def test_a_timeout_is_not_tried_again_within_the_tick() -> None:
    async def handle(request: Request) -> Response:
        raise TransportError(Failure.TIMEOUT, "no answer")

    async def main() -> list[float]:
        world = World(toy_venue(), handle)
        await world.run(60)
        await world.poller.stop()
        return world.network.times()

    assert min(gaps(run_virtual(main()))) > 0.9


def test_the_last_good_answer_stays_while_asking_fails() -> None:
    refusals, handle = refusing(answer(502, b"<html>bad gateway</html>"), first=2)

    async def main() -> World:
        world = World(toy_venue(), handle)
        await world.run(60)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    assert refusals
    assert len(world.batches) == 2
    assert world.poller.rows == 3
    assert world.poller.good_at == world.network.times()[1]
    assert world.poller.last_trouble is not None
    assert world.poller.last_trouble.text == "502 server error"


def test_a_first_catalogue_is_delivered_at_once_and_later_ones_with_the_rates() -> None:
    async def main() -> World:
        slow = Endpoint(name="oi", path="/oi", decode=decode, every_s=4.0)

        async def handle(request: Request) -> Response:
            return ok({"BTC": 5.0}) if request.endpoint == "oi" else ok()

        world = World(toy_venue(endpoints=[RATES_ENDPOINT, slow]), handle)
        await world.run(100)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    rates = world.network.times(endpoint="rates")
    assert len(world.batches) == len(rates) + 1
    assert world.batches[-1].quotes[0].oi_base == 5.0
    # The extra batch repeats what was seen of the rates, so it carries their time.
    stamps = [batch.observed_ms for batch in world.batches]
    assert len(set(stamps)) == len(rates)


def test_nothing_is_delivered_before_all_required_answers_are_there() -> None:
    late = Endpoint(name="marks", path="/marks", decode=decode, every_s=10.0, required=True)

    async def main() -> World:
        async def handle(request: Request) -> Response:
            if request.endpoint == "marks" and asyncio.get_running_loop().time() < 30:
                return answer(500)
            return ok()

        world = World(toy_venue(endpoints=[RATES_ENDPOINT, late]), handle)
        await world.run(29)
        assert world.batches == []
        await world.run(60)
        await world.poller.stop()
        return world

    assert run_virtual(main()).batches


def test_one_required_answer_that_stays_away_shows_in_the_batch_times() -> None:
    other = Endpoint(name="marks", path="/marks", decode=decode, every_s=10.0, required=True)

    async def main() -> World:
        async def handle(request: Request) -> Response:
            if request.endpoint == "marks" and asyncio.get_running_loop().time() > 20:
                return answer(500)
            return ok()

        world = World(toy_venue(endpoints=[RATES_ENDPOINT, other]), handle)
        await world.run(100)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    last_marks = max(at for at in world.network.times(endpoint="marks") if at <= 20)
    assert world.batches[-1].observed_ms == START_MS + round(last_marks * 1000)


def test_a_sudden_loss_of_most_rows_is_doubted_twice_and_then_believed() -> None:
    many = {f"A{number}": 0.0001 for number in range(100)}
    few = dict(list(many.items())[:19])

    async def main() -> World:
        async def handle(request: Request) -> Response:
            return ok(many if asyncio.get_running_loop().time() < 15 else few)

        world = World(toy_venue(), handle)
        await world.run(120)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    sizes = [len(batch.quotes) for batch in world.batches]
    good = sizes.count(100)
    assert sizes == [100] * good + [19] * (len(sizes) - good)
    assert len(world.network.sent) - len(sizes) == 2
    assert world.poller.last_trouble is not None
    assert world.poller.last_trouble.text == "only 19 rows where 100 were before"


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        (KeyError("mark"), "the reader failed: KeyError: 'mark'"),
        (ZeroDivisionError("x"), "the reader failed: ZeroDivisionError: x"),
        (BadAnswer(Fault.WRONG_SHAPE, "30 of 100 rows unusable"), "30 of 100 rows unusable"),
    ],
)
def test_a_reader_that_breaks_fails_the_poll_and_keeps_the_last_good_answer(broken: Exception, text: str) -> None:
    async def main() -> World:
        def reading(parts: Parts, observed_ms: int) -> Any:
            if observed_ms > START_MS + 15_000:
                raise broken
            return read(parts, observed_ms)

        world = World(toy_venue(read=reading))
        await world.run(60)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    assert len(world.batches) == sum(at <= 15 for at in world.network.times())
    assert world.poller.rows == 3
    assert world.poller.last_trouble is not None
    assert world.poller.last_trouble.text == text
    assert world.poller.running is False


def test_the_users_pace_applies_to_the_required_endpoints() -> None:
    async def main() -> World:
        world = World(toy_venue(endpoints=[RATES_ENDPOINT, CATALOGUE]), poll_s=30.0)
        await world.run(300)
        await world.poller.stop()
        return world

    world = run_virtual(main())
    assert world.poller.cadence_s == 30
    assert len(world.network.times(endpoint="rates")) in (10, 11)
    assert len(world.network.times(endpoint="catalogue")) == 1


def test_it_is_settled_when_everything_has_been_asked_once() -> None:
    async def main() -> list[bool]:
        world = World(toy_venue(endpoints=[RATES_ENDPOINT, CATALOGUE]))
        seen = [world.poller.settled]
        await world.run(2.1)
        seen.append(world.poller.settled)
        await world.poller.stop()
        failing = World(toy_venue(), refusing(answer(500), first=0)[1])
        await failing.run(1)
        seen.append(failing.poller.settled)
        await failing.poller.stop()
        return seen

    assert run_virtual(main()) == [False, True, True]


def test_a_limiter_of_another_owner_is_respected() -> None:
    """History back-fill takes from the same limiter: what it took is missing here."""

    async def main() -> float:
        world = World(toy_venue(budget=Budget(capacity=4, window_s=100)))
        limiter: Limiter = world.limiter
        await limiter.acquire(1)
        await world.run(150)
        await world.poller.stop()
        return world.network.times()[0]

    assert run_virtual(main()) > 30


def test_what_waited_for_its_turn_when_the_ban_came_stays_silent_too() -> None:
    """After the ban exactly one request goes out, the probe, though others had been waiting in the limiter."""

    async def main() -> list[str]:
        async def handle(request: Request) -> Response:
            await asyncio.sleep(0.5)
            return answer(418, retry_after="600")

        slow = [Endpoint(name=f"e{number}", path=f"/{number}", decode=decode, every_s=5.0) for number in range(4)]
        # The burst is one request: the others queue behind the one that brings the ban.
        world = World(toy_venue(endpoints=[RATES_ENDPOINT, *slow], budget=Budget(capacity=2, window_s=4)), handle)
        await world.run(620)
        await world.poller.stop()
        return [request.endpoint for at, request in world.network.sent if at > 10]

    assert run_virtual(main()) == ["rates"]
