"""Ticks keep their phase over restarts, spread over the interval, and are skipped when missed."""

from __future__ import annotations

import pytest

from fundtui.polling.schedule import Schedule, spread


class Still:
    """A clock that a test sets."""

    def __init__(self, utc_s: float, steady: float) -> None:
        self.utc_s, self.steady = utc_s, steady

    def utc_ms(self) -> int:
        return round(self.utc_s * 1000)

    def monotonic(self) -> float:
        return self.steady

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("a schedule does not wait")

    def timeout(self, seconds: float):  # type: ignore[no-untyped-def]
        raise AssertionError("a schedule does not wait")


def test_the_phase_is_the_same_after_a_restart_at_another_time() -> None:
    before = Schedule(Still(1_000_000.0, 50.0), "binance", "premiumIndex", 15)
    after = Schedule(Still(1_000_123.4, 3.0), "binance", "premiumIndex", 15)
    utc_before = before.next_after(50.0) - 50.0 + 1_000_000.0
    utc_after = after.next_after(3.0) - 3.0 + 1_000_123.4
    assert (utc_after - utc_before) % 15 == pytest.approx(0, abs=1e-6) or (
        (utc_after - utc_before) % 15 == pytest.approx(15, abs=1e-6)
    )


def test_ticks_are_one_interval_apart_and_missed_ones_are_skipped() -> None:
    schedule = Schedule(Still(1_000_000.0, 0.0), "okx", "funding", 10)
    first = schedule.next_after(0.0)
    assert 0 < first <= 10
    assert schedule.next_after(first) == pytest.approx(first + 10)
    # The answer took 27 s: the two ticks in between are gone, the third comes at its own time.
    assert schedule.next_after(first + 27) == pytest.approx(first + 30)


def test_a_delay_moves_to_the_first_tick_not_before_it() -> None:
    schedule = Schedule(Still(1_000_000.0, 0.0), "okx", "funding", 10)
    first = schedule.next_after(0.0)
    assert schedule.next_after(first, delay_s=10.5) == pytest.approx(first + 20)


def test_a_stepped_wall_clock_moves_no_tick() -> None:
    clock = Still(1_000_000.0, 0.0)
    schedule = Schedule(clock, "okx", "funding", 10)
    first = schedule.next_after(0.0)
    clock.utc_s -= 3600
    assert schedule.next_after(0.0) == first


def test_venues_and_endpoints_are_spread_over_the_interval() -> None:
    shares = sorted(spread(f"venue{number}", "rates") for number in range(100))
    assert all(0 <= share < 1 for share in shares)
    tenths = [sum(int(share * 10) == tenth for share in shares) for tenth in range(10)]
    assert min(tenths) >= 3
    assert spread("a", "b") != spread("a", "c")


def test_the_first_ask_comes_soon_whatever_the_pace() -> None:
    clock = Still(1_000_000.0, 0.0)
    assert Schedule(clock, "okx", "funding", 10).first_s <= 0.5
    assert Schedule(clock, "okx", "instruments", 3600, required=False).first_s <= 2


def test_a_pace_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="every 0"):
        Schedule(Still(0.0, 0.0), "okx", "funding", 0)
