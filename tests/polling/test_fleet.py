"""Many venues at once: incidents said once, our own outage as one fact, sleep, clocks and settings."""

from __future__ import annotations

import asyncio
import contextlib
import random
from email.utils import formatdate
from itertools import pairwise

import pytest

from fundtui.clock import LoopClock
from fundtui.polling.fleet import Fleet
from fundtui.polling.transport import Failure, Request, Response, TransportError
from fundtui.simulation.loop import run_virtual
from fundtui.status import Event, VenueHealth, VenueState
from fundtui.venues.spec import Endpoint
from tests.polling.toys import START_MS, FleetWorld, Network, answer, decode, ok, toy_venue

NAMES = [f"v{number}" for number in range(10)]


class Weather:
    """Which venues fail, and how; everything else answers well."""

    def __init__(self) -> None:
        self.broken: dict[str, Response | TransportError] = {}
        self.hanging: set[str] = set()

    async def handle(self, request: Request) -> Response:
        if request.venue in self.hanging:
            await asyncio.Event().wait()
        outcome = self.broken.get(request.venue)
        if isinstance(outcome, TransportError):
            raise outcome
        return ok() if outcome is None else outcome


def no_network() -> TransportError:
    return TransportError(Failure.DNS, "name not found")


def of(world: FleetWorld, venue: str) -> VenueHealth:
    return next(health for health in world.fleet.health() if health.venue == venue)


def test_a_venue_goes_and_comes_back_and_both_are_said_once() -> None:
    async def main() -> tuple[FleetWorld, list[VenueState], VenueHealth]:
        weather = Weather()
        world = FleetWorld(NAMES, weather.handle)
        world.fleet.start()
        await asyncio.sleep(20)
        states = [of(world, "v3").state]
        weather.broken["v3"] = answer(502)
        await asyncio.sleep(14)
        states.append(of(world, "v3").state)
        await asyncio.sleep(100)
        states.append(of(world, "v3").state)
        down = of(world, "v3")
        weather.broken.clear()
        await asyncio.sleep(600)
        states.append(of(world, "v3").state)
        await world.fleet.stop()
        return world, states, down

    world, states, down = run_virtual(main())
    assert states == [VenueState.UP, VenueState.DEGRADED, VenueState.DOWN, VenueState.UP]
    assert down.last_error == "502 server error"
    assert down.age_s > 100
    assert down.rows == 3
    assert world.kinds() == ["venue_down", "venue_recovered"]
    assert world.events[0].text == "V3 down: 502 server error"
    lasted_ms = world.events[1].time_ms - START_MS - 20_000
    assert lasted_ms > 114_000
    assert world.events[1].text.startswith("V3 recovered after ")


def test_a_ban_is_told_with_its_end() -> None:
    async def main() -> tuple[FleetWorld, VenueHealth, VenueState]:
        weather = Weather()
        world = FleetWorld(NAMES, weather.handle)
        weather.broken["v1"] = answer(418, b'{"msg":"banned until 1795350660000"}')
        world.fleet.start()
        await asyncio.sleep(60)
        banned = of(world, "v1")
        weather.broken.clear()
        await asyncio.sleep(1900)
        await world.fleet.stop()
        return world, banned, of(world, "v1").state

    world, banned, after = run_virtual(main())
    assert banned.state is VenueState.BANNED
    assert banned.until_ms is not None
    assert 1_795_350_660_000 <= banned.until_ms <= 1_795_350_660_000 + 15_000
    assert world.events[0].text == "V1 banned us: 418 banned until 12:31 UTC"
    assert world.kinds() == ["venue_banned", "venue_recovered"]
    assert after is VenueState.UP


@pytest.mark.parametrize(
    ("refusal", "state", "kind"),
    [
        (answer(429, retry_after="600"), VenueState.LIMITED, "venue_limited"),
        (answer(451), VenueState.GEO_BLOCKED, "venue_blocked"),
        (answer(500), VenueState.DOWN, "venue_down"),
        (TransportError(Failure.TLS, "certificate not accepted"), VenueState.DOWN, "venue_down"),
    ],
)
def test_every_kind_of_absence_has_its_state_and_harms_no_other(
    refusal: Response | TransportError, state: VenueState, kind: str
) -> None:
    async def main() -> tuple[FleetWorld, VenueHealth, list[VenueState]]:
        weather = Weather()
        weather.broken["v1"] = refusal
        world = FleetWorld(NAMES, weather.handle)
        world.fleet.start()
        await asyncio.sleep(100)
        others = [health.state for health in world.fleet.health() if health.venue != "v1"]
        await world.fleet.stop()
        return world, of(world, "v1"), others

    world, health, others = run_virtual(main())
    assert health.state is state
    assert world.kinds() == [kind]
    assert set(others) == {VenueState.UP}
    assert health.last_error is not None


def test_29_hanging_venues_leave_the_30th_its_ticks() -> None:
    names = [f"v{number}" for number in range(30)]

    async def main() -> FleetWorld:
        weather = Weather()
        weather.hanging = set(names[1:])
        world = FleetWorld(names, weather.handle)
        world.fleet.start()
        await asyncio.sleep(200)
        await world.fleet.stop()
        return world

    world = run_virtual(main())
    times = world.network.times("v0")
    assert len(times) >= 19
    assert all(later - earlier == pytest.approx(10, abs=0.01) for earlier, later in pairwise(times[1:]))


def test_no_network_is_one_event_and_one_recovery_and_all_are_fresh_soon_after() -> None:
    async def main() -> tuple[FleetWorld, bool, float, int]:
        weather = Weather()
        world = FleetWorld(NAMES, weather.handle)
        world.fleet.start()
        await asyncio.sleep(60)
        for name in NAMES:
            weather.broken[name] = no_network()
        await asyncio.sleep(1800)
        during = world.fleet.local_outage
        asked = len([at for at in world.network.times() if at > 60])
        weather.broken.clear()
        await asyncio.sleep(20)
        oldest = max(health.age_s for health in world.fleet.health())
        await asyncio.sleep(100)
        await world.fleet.stop()
        return world, during, oldest, asked

    world, during, oldest, asked = run_virtual(main())
    assert during
    assert world.kinds() == ["local_outage", "local_outage_over"]
    assert world.events[1].text.startswith("Network back after 30m")
    assert oldest <= 20, "fresh within an interval and ten seconds"
    assert not world.fleet.local_outage
    assert asked > 1000, "no back-off for what is not the venues' fault"


def test_after_an_outage_of_ours_what_is_asked_rarely_is_asked_at_once_too() -> None:
    rates = Endpoint(name="rates", path="/r", decode=decode, every_s=10.0, required=True)
    rare = Endpoint(name="rare", path="/rare", decode=decode, every_s=900.0)

    async def main() -> tuple[FleetWorld, Network]:
        weather = Weather()
        world = FleetWorld((), weather.handle)
        venues = [toy_venue(name, endpoints=[rates, rare]) for name in NAMES]
        fleet = Fleet(
            venues, world.clock, random.Random(3), world.network, world.batches.append, on_event=world.events.append
        )
        fleet.start()
        await asyncio.sleep(60)
        weather.broken = dict.fromkeys(NAMES, no_network())
        await asyncio.sleep(1800)
        weather.broken.clear()
        await asyncio.sleep(60)
        await fleet.stop()
        return world, world.network

    world, network = run_virtual(main())
    assert world.kinds() == ["local_outage", "local_outage_over"]
    over = (world.events[1].time_ms - START_MS) / 1000
    for name in NAMES:
        assert any(1860 <= at <= over + 10.5 for at in network.times(name, "rare")), name


def test_half_of_the_venues_failing_is_no_outage_of_ours() -> None:
    async def main() -> FleetWorld:
        weather = Weather()
        for name in NAMES[:5]:
            weather.broken[name] = no_network()
        world = FleetWorld(NAMES, weather.handle)
        world.fleet.start()
        await asyncio.sleep(300)
        await world.fleet.stop()
        return world

    world = run_virtual(main())
    assert world.kinds() == ["venue_down"] * 5


def test_two_venues_alone_are_never_an_outage() -> None:
    async def main() -> FleetWorld:
        weather = Weather()
        weather.broken = {"v0": no_network(), "v1": no_network()}
        world = FleetWorld(NAMES[:2], weather.handle)
        world.fleet.start()
        await asyncio.sleep(300)
        await world.fleet.stop()
        return world

    assert run_virtual(main()).kinds() == ["venue_down"] * 2


def test_server_errors_everywhere_are_no_outage_of_ours() -> None:
    async def main() -> FleetWorld:
        weather = Weather()
        weather.broken = {name: answer(503) for name in NAMES}
        world = FleetWorld(NAMES, weather.handle)
        world.fleet.start()
        await asyncio.sleep(100)
        await world.fleet.stop()
        return world

    world = run_virtual(main())
    assert sorted(world.kinds()) == ["venue_down"] * 10


def test_a_venue_whose_catalogue_never_comes_is_down_and_not_starting_for_ever() -> None:
    catalogue = Endpoint(name="catalogue", path="/c", decode=decode, every_s=600.0)
    rates = Endpoint(
        name="rates",
        path="/r/{key}",
        decode=decode,
        every_s=10.0,
        required=True,
        keys=lambda parts, wanted: tuple(parts.get("catalogue", ())),
    )

    async def main() -> tuple[VenueState, list[Event]]:
        async def refuse(request: Request) -> Response:
            return answer(500)

        clock, events = LoopClock(START_MS), list[Event]()
        venue = toy_venue(endpoints=[catalogue, rates])
        fleet = Fleet([venue], clock, random.Random(1), Network(clock, refuse), print, on_event=events.append)
        fleet.start()
        await asyncio.sleep(120)
        state = fleet.health()[0].state
        await fleet.stop()
        return state, events

    state, events = run_virtual(main())
    assert state is VenueState.DOWN
    assert [event.text for event in events] == ["Toy down: 500 server error"]


class SleepyClock(LoopClock):
    """Its machine can be put to sleep: the wall goes on, the monotonic clock does not."""

    slept_ms = 0

    def utc_ms(self) -> int:
        return super().utc_ms() + self.slept_ms


def test_after_sleep_everything_is_old_and_asked_again_within_ten_seconds() -> None:
    async def main() -> tuple[FleetWorld, float, float, list[float]]:
        clock = SleepyClock(START_MS)
        world = FleetWorld(NAMES, clock=clock)
        world.fleet.start()
        await asyncio.sleep(60)
        clock.slept_ms = 3 * 3_600_000
        await asyncio.sleep(1.01)
        woken = min(health.age_s for health in world.fleet.health())
        await asyncio.sleep(10)
        fresh = max(health.age_s for health in world.fleet.health())
        asked = [at for at in world.network.times() if at > 61]
        await world.fleet.stop()
        return world, woken, fresh, asked

    world, woken, fresh, asked = run_virtual(main())
    assert woken > 3 * 3600 - 1 or woken < 1.01
    assert fresh <= 11
    assert max(asked) - min(asked) > 5, "spread, not all at once"
    assert world.kinds() == ["clock"]
    assert "3h" in world.events[0].text
    assert world.network.closed == 2


def test_a_wrong_clock_is_noticed_by_the_venues_dates() -> None:
    async def main() -> tuple[FleetWorld, float]:
        async def handle(request: Request) -> Response:
            now_s = START_MS / 1000 + asyncio.get_running_loop().time()
            return ok(date=formatdate(now_s + 37, usegmt=True))

        world = FleetWorld(NAMES, handle)
        world.fleet.start()
        await asyncio.sleep(60)
        offset = world.fleet.clock_offset_s
        await world.fleet.stop()
        return world, offset

    world, offset = run_virtual(main())
    assert offset == pytest.approx(37, abs=0.6)
    assert world.kinds() == ["clock"]
    assert world.events[0].text == "This machine's clock is 37s behind the venues' clocks: countdowns are off"


def test_disabled_venues_are_off_and_can_be_switched_while_running() -> None:
    async def main() -> list[list[VenueState]]:
        world = FleetWorld(NAMES[:3], disabled={"v1"})
        world.fleet.start()
        await asyncio.sleep(15)
        seen = [[health.state for health in world.fleet.health()]]
        assert world.network.times("v1") == []
        await world.fleet.configure(disabled={"v0"}, poll_s={"v2": 30.0})
        await asyncio.sleep(15)
        seen.append([health.state for health in world.fleet.health()])
        assert of(world, "v2").cadence_s == 30
        quiet = [at for at in world.network.times("v0") if at > 15]
        await world.fleet.stop()
        assert quiet == []
        return seen

    off, up = VenueState.OFF, VenueState.UP
    assert run_virtual(main()) == [[up, off, up], [off, up, up]]


def test_budgets_are_handed_over_a_restart() -> None:
    async def main() -> float:
        weather = Weather()
        weather.broken["v0"] = answer(429, retry_after="300")
        world = FleetWorld(NAMES[:1], weather.handle)
        world.fleet.start()
        await asyncio.sleep(5)
        await world.fleet.stop()
        again = FleetWorld(NAMES[:1], clock=world.clock, budgets=world.fleet.budgets())
        again.fleet.start()
        await asyncio.sleep(400)
        await again.fleet.stop()
        return again.network.times()[0]

    assert run_virtual(main()) >= 300


def test_it_is_settled_even_when_some_venues_never_answer() -> None:
    async def main() -> tuple[bool, bool]:
        weather = Weather()
        weather.broken["v1"] = answer(500)
        weather.broken["v2"] = answer(451)
        world = FleetWorld(NAMES, weather.handle)
        world.fleet.start()
        before = world.fleet.settled
        await asyncio.sleep(3)
        after = world.fleet.settled
        await world.fleet.stop()
        return before, after

    assert run_virtual(main()) == (False, True)


async def test_stopping_while_everything_hangs_takes_less_than_half_a_second_of_real_time() -> None:
    async def stubborn(request: Request) -> Response:
        while True:
            # A transport that swallows cancellation must not hold up the end.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.8)
                return ok()

    world = FleetWorld(NAMES, stubborn)
    world.fleet.start()
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0.6)
    started = loop.time()
    await world.fleet.stop()
    assert loop.time() - started < 0.5
    await asyncio.sleep(0.8)


def test_the_same_seed_gives_the_same_requests_to_the_millisecond() -> None:
    def once() -> list[tuple[float, str]]:
        async def main() -> list[tuple[float, str]]:
            weather = Weather()
            world = FleetWorld(NAMES, weather.handle)
            world.fleet.start()
            await asyncio.sleep(60)
            weather.broken = {"v1": answer(500), "v2": answer(429), "v3": no_network()}
            await asyncio.sleep(1200)
            await world.fleet.stop()
            return [(at, request.venue) for at, request in world.network.sent]

        return run_virtual(main())

    assert once() == once()
