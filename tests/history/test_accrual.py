"""Back-fill of a venue that pays all the time: from samples of its running total to what was paid."""

from __future__ import annotations

import math

import msgspec
import pytest

from fundtui.clock import LoopClock
from fundtui.history.accrual import instants, last_of, payments
from fundtui.history.backfill import Backfill, Task, tells_of
from fundtui.market import Settlement
from fundtui.polling.transport import Request, Response
from fundtui.simulation.loop import run_virtual
from fundtui.venues import load
from fundtui.venues.spec import Accrued
from tests.history.market import HOUR_MS, contract
from tests.history.test_backfill import Free

MIDNIGHT_MS = 1_764_115_200_000  # 2025-11-26 00:00 UTC
STEP_MS = 8 * HOUR_MS


def test_samples_are_asked_for_at_whole_steps_from_before_the_start() -> None:
    assert list(instants(MIDNIGHT_MS + 1, MIDNIGHT_MS + 17 * HOUR_MS, 8.0)) == [
        MIDNIGHT_MS,
        MIDNIGHT_MS + STEP_MS,
        MIDNIGHT_MS + 2 * STEP_MS,
    ]


def test_the_last_sample_before_the_instant_counts() -> None:
    early, late, after = (Accrued(MIDNIGHT_MS + shift, 0.0) for shift in (-9000, -4000, 1000))
    assert last_of([late, after, early], MIDNIGHT_MS) == late
    assert last_of([after], MIDNIGHT_MS) is None


def test_what_was_paid_is_the_difference_over_the_price() -> None:
    """8.5 USD per BTC at 85,000 USD is 0.01 %; the prices at both ends are averaged."""
    found = payments(
        [Accrued(MIDNIGHT_MS, 100.0, 84_000.0), Accrued(MIDNIGHT_MS + STEP_MS, 108.5, 86_000.0)], "v", "S", 8.0
    )
    assert [(one.time_ms, one.interval_h, one.price) for one in found] == [(MIDNIGHT_MS + STEP_MS, 8.0, 86_000.0)]
    assert found[0].rate == pytest.approx(0.0001)


def test_samples_somewhat_early_are_scaled_to_the_step() -> None:
    """Seven hours and 59 minutes of 0.01 % per eight hours paid 479/480 of it."""
    late = Accrued(MIDNIGHT_MS + STEP_MS - 60_000, 8.5 * 479 / 480, 85_000.0)
    (one,) = payments([Accrued(MIDNIGHT_MS, 0.0, 85_000.0), late], "v", "S", 8.0)
    assert one.rate == pytest.approx(0.0001)
    assert one.time_ms == MIDNIGHT_MS + STEP_MS


def test_what_is_not_known_is_not_made_up() -> None:
    start, unpriced = Accrued(MIDNIGHT_MS, 0.0), Accrued(MIDNIGHT_MS + STEP_MS, 1.0)
    assert payments([start, unpriced], "v", "S", 8.0) == []
    missing_one = Accrued(MIDNIGHT_MS + 2 * STEP_MS, 1.0, 85_000.0)
    assert payments([start, missing_one], "v", "S", 8.0) == []
    # Nothing paid is nothing paid at any price.
    (idle,) = payments([start, Accrued(MIDNIGHT_MS + STEP_MS, 0.0)], "v", "S", 8.0)
    assert idle.rate == 0.0


class Paradex:
    """Answers as the venue would that pays 0.02 % per eight hours at 100,000 USD; one sample is missing."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    async def send(self, request: Request) -> Response:
        """One sample four seconds before the end of the window."""
        asked = dict(request.params)
        self.asked.append(asked)
        at_ms = int(asked["end_at"]) - 4000
        row = {
            "market": asked["market"],
            "created_at": at_ms,
            "funding_index": str(20.0 * (at_ms - MIDNIGHT_MS) / STEP_MS),
            "funding_premium": "20",
            "funding_rate": "0.0002",
            "funding_rate_8h": "",
            "funding_period_hours": 0,
        }
        rows = [] if int(asked["end_at"]) == MIDNIGHT_MS + 5 * STEP_MS else [row]
        return Response(status=200, headers={}, body=msgspec.json.encode({"results": rows}))

    async def close(self) -> None:
        """Nothing is open."""


def test_a_running_total_becomes_settlements() -> None:
    async def play() -> None:
        venue, transport = load("paradex"), Paradex()
        kept: list[Settlement] = []
        one = contract("paradex", "BTC-USD-PERP", interval_h=math.nan, continuous=True)
        fill = Backfill(
            {"paradex": venue},
            transport,
            LoopClock(MIDNIGHT_MS),
            lambda name: Free(),
            lambda task, rows: kept.extend(rows),
        )
        progress = await fill.run([Task(one, MIDNIGHT_MS, MIDNIGHT_MS + 7 * STEP_MS)])
        assert (progress.done, progress.failed, progress.found) == (1, 0, 5)
        assert [(row.time_ms - MIDNIGHT_MS) // STEP_MS for row in kept] == [1, 2, 3, 4, 7]
        assert all(row.rate == pytest.approx(0.0002) and row.interval_h == 8.0 for row in kept)
        assert {row.symbol for row in kept} == {"BTC-USD-PERP"}
        assert transport.asked[0] == {
            "market": "BTC-USD-PERP",
            "start_at": str(MIDNIGHT_MS - 60_000),
            "end_at": str(MIDNIGHT_MS),
            "page_size": "1",
        }

    run_virtual(play())


def test_only_symbols_with_a_history_are_asked() -> None:
    """The perpetuals of Coinbase's old venue have one, those of the US venue have none (venue sheet coinbase-intx)."""
    venue = load("coinbase-intx")
    assert tells_of(venue, contract("coinbase-intx", "BTC-PERP"))
    assert not tells_of(venue, contract("coinbase-intx", "BIP-20DEC30-CDE"))
    assert not tells_of(load("gmx"), contract("gmx", "BTC/USD:WBTC.b-USDC"))
    assert venue.history is not None
    assert venue.history.first("BTC-PERP", 0, 1).base_url == "https://api.international.coinbase.com"
