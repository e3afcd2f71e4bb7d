"""Real venues over HTTP against their recorded answers, and what each fault of the recorded server comes to."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fundtui import venues
from fundtui.clock import SystemClock
from fundtui.market import Batch
from fundtui.polling.fleet import Fleet
from fundtui.polling.live import LiveTransport
from fundtui.status import VenueHealth, VenueState
from fundtui.text import SafeText

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "recorded"
FAULTY, WELL = "binance", ("bybit", "deribit")


@pytest.fixture
def recorded() -> Iterator[Any]:
    """A recorded server for three venues; skips where the recordings are not beside the repository."""
    if not (RECORDED / "serve.py").is_file():
        pytest.skip("the recorded venues (../shared/recorded) are not beside the repository")
    from serve import RecordedVenues

    with RecordedVenues(venues=[FAULTY, *WELL]) as server:
        yield server


async def poll(
    url: str, enough: Callable[[Fleet, list[Batch]], bool], seconds: float = 12.0, pace_s: float = 1.0
) -> tuple[dict[str, VenueHealth], list[Batch]]:
    """Poll the venues at that pace until `enough`, and return how they are."""
    clock, batches = SystemClock(), list[Batch]()
    names = (FAULTY, *WELL)
    fleet = Fleet(
        list(venues.load_all(names)),
        clock,
        random.Random(5),
        LiveTransport(clock, {}),
        batches.append,
        base_url=url,
        poll_s=dict.fromkeys(names, pace_s),
    )
    fleet.start()
    try:
        async with asyncio.timeout(seconds):
            while not enough(fleet, batches):
                await asyncio.sleep(0.02)
    finally:
        health = {one.venue: one for one in fleet.health()}
        await fleet.stop()
    return health, batches


def seen(fleet: Fleet, batches: list[Batch]) -> bool:
    """The faulty venue has failed, the others have answered."""
    failures = {health.venue: health.failures for health in fleet.health()}
    return failures[FAULTY] > 0 and {batch.venue for batch in batches} >= set(WELL)


async def test_all_is_well_without_faults(recorded: Any) -> None:
    health, batches = await poll(
        recorded.url, lambda fleet, batches: {batch.venue for batch in batches} >= {FAULTY, *WELL}
    )
    assert {one.state for one in health.values()} <= {VenueState.UP, VenueState.DEGRADED}
    # Venue sheet binance: the recorded premiumIndex has 521 rows.
    assert {batch.venue: len(batch.quotes) for batch in batches}[FAULTY] == 521
    assert 0 < health[FAULTY].weight_used <= 0.5


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        ("status=418,retry_after=30", VenueState.BANNED, "418 banned until"),
        ("status=429,retry_after=30", VenueState.LIMITED, "429 rate limited until"),
        ("retry_after=date:30", VenueState.LIMITED, "429 rate limited until"),
        ("status=451", VenueState.GEO_BLOCKED, "451"),
        ("html=403", VenueState.GEO_BLOCKED, "403"),
        ("status=500", None, "500"),
        ("status=503", None, "503"),
        ("status=500,soft", None, "error"),
        ("html=200", VenueState.GEO_BLOCKED, "block page: not served at this location"),
        ("redirect=loop", None, "302 redirect, not followed"),
        ("hang", None, "no whole answer within 0.8 s"),
        ("reset", None, "connection"),
        ("truncate=right", None, "not JSON"),
        ("truncate=wrong", None, "not proper HTTP"),
        ("slow=2000", None, "no whole answer within 0.8 s"),
        ("badjson=comma", None, "not JSON"),
        ("empty", None, "no rows"),
        ("huge=40", None, "answer larger than 16 MiB"),
    ],
)
async def test_a_fault_of_one_venue_has_its_reason_and_harms_no_other(
    recorded: Any, fault: str, state: VenueState | None, words: str
) -> None:
    recorded.set_faults(f"{FAULTY}:{fault}")
    # A deadline follows from the pace, and sixteen megabytes need a moment.
    health, batches = await poll(recorded.url, seen, pace_s=5.0 if fault.startswith("huge") else 1.0)
    assert FAULTY not in {batch.venue for batch in batches}
    troubled = health[FAULTY]
    assert troubled.last_error is not None
    assert isinstance(troubled.last_error, SafeText)
    assert words in troubled.last_error
    if state is not None:
        assert troubled.state is state
    for name in WELL:
        assert health[name].state in (VenueState.UP, VenueState.DEGRADED)
        assert health[name].rows > 0


async def test_after_a_ban_the_server_sees_no_further_request(recorded: Any) -> None:
    recorded.set_faults(f"{FAULTY}:status=418,retry_after=30")
    await poll(recorded.url, lambda fleet, batches: sum(batch.venue == "bybit" for batch in batches) >= 4)
    # The endpoints asked before the first refusal arrived may be on their way; nothing after that.
    assert recorded.stats()[FAULTY]["requests"] <= 4


async def test_hostile_symbols_cost_their_rows_only(recorded: Any) -> None:
    recorded.set_faults(f"{FAULTY}:escape")
    _, batches = await poll(recorded.url, lambda fleet, batches: FAULTY in {batch.venue for batch in batches})
    batch = next(batch for batch in batches if batch.venue == FAULTY)
    assert len(batch.quotes) == 521
    assert sum(batch.rejected.values()) > 0
