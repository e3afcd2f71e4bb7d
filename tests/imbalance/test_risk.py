"""Leverage, purges, flows before settlements, basis, exhaustion, data quality, parity (methodology §5)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundtui.imbalance import (
    basis,
    concentration,
    cycle,
    exhaustion,
    momentum,
    parity,
    presettlement,
    pressure,
    purge,
    quality,
)
from fundtui.imbalance.cycle import Cycle, Phase
from fundtui.imbalance.exhaustion import Fullness
from fundtui.imbalance.momentum import Day
from fundtui.imbalance.parity import Peg
from fundtui.imbalance.presettlement import Flow, PreSettlement
from fundtui.imbalance.pressure import Quadrant
from fundtui.imbalance.purge import Kind, Purge, Reading
from fundtui.imbalance.quality import MarkWatch
from fundtui.imbalance.rows import Floats
from fundtui.imbalance.segments import segments
from fundtui.units import HOUR_MS

BP = 1e-4
ROW = np.array([0])
START = 472_000 * HOUR_MS
MINUTE_MS = 60_000


def one(x: float) -> Floats:
    return np.array([x])


def at(hours: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([START + round(hours * HOUR_MS)])


def test_concentration_leaves_unknown_open_interest_out() -> None:
    groups = segments(np.array([3, 1, 2]))
    found = concentration.concentration(groups, np.array([1.0, np.nan, 3.0, 5.0, np.nan, np.nan]))
    assert found.gini[:2].tolist() == [0.25, 0.0]
    assert found.gini_unbiased[:2].tolist() == [0.5, 0.0]
    assert found.hhi[:2].tolist() == [0.625, 1.0]
    assert found.effective[:2].tolist() == [1.6, 1.0]
    assert found.counted.tolist() == [2, 1, 0]
    assert np.isnan(found.hhi[2])


def test_funding_flow_and_what_is_due() -> None:
    groups = segments(np.array([2, 1]))
    oi = np.array([1e6, 2e6, np.nan])
    assert concentration.funding_flow(groups, np.array([1e-5, -1e-5, 1e-5]), oi)[0] == pytest.approx(-10.0)
    assert np.isnan(concentration.funding_flow(groups, np.array([1e-5, -1e-5, 1e-5]), oi)[1])
    due = concentration.funding_due(
        groups, np.array([1e-4, -2e-4, 1e-4]), oi, np.array([START + HOUR_MS, START + HOUR_MS + 1, np.nan]), START
    )
    assert due.tolist() == pytest.approx([100.0, 0.0])


def test_growth_and_returns_look_back_whole_half_hours() -> None:
    state = Day(1)
    for step in range(60):
        momentum.observe(state, ROW, at(step / 2), one(100.0 * 1.01**step), one(50.0))
    growth = momentum.oi_growth(state, ROW, one(100.0 * 1.01**59))[0]
    assert growth == pytest.approx(np.log(1.01) * np.array([2, 8, 48]), rel=1e-5)
    assert momentum.returns(state, ROW, one(50.0))[0] == pytest.approx([0.0] * 3, abs=1e-6)
    # Two hours without an answer: one hour ago is not known, four hours ago is.
    momentum.observe(state, ROW, at(31.5), one(200.0), one(50.0))
    growth = momentum.oi_growth(state, ROW, one(200.0))[0]
    assert np.isnan(growth[0])
    assert np.isfinite(growth[1])
    momentum.reset_oi(state, ROW)
    assert np.isnan(momentum.oi_growth(state, ROW, one(200.0))).all()


def test_the_quadrant_has_a_dead_zone() -> None:
    found = pressure.quadrant(np.array([0.004, 0.01, np.nan, -0.02]), np.array([0.05, 0.002, 0.05, -0.01]))
    assert [Quadrant(code) for code in found] == [
        Quadrant.QUIET,
        Quadrant.QUIET,
        Quadrant.UNKNOWN,
        Quadrant.LONG_UNWINDING,
    ]


def test_crowding_needs_funding_and_one_more() -> None:
    known, nothing = np.array([0.98, 0.98, np.nan]), np.full(3, np.nan)
    oi = np.array([0.9, np.nan, 0.9])
    found = pressure.crowding(known, oi, nothing, nothing, nothing, np.array([1e-5, -1e-5, 1e-5]))
    assert found.score[0] == pytest.approx(100 * (0.3 * 0.96 + 0.25 * 0.9) / 0.55)
    assert np.isnan(found.score[1:]).all()
    assert found.sign.tolist() == [1.0, -1.0, 1.0]
    assert pressure.squeeze_side(np.array([1.0, -1.0, 1.0]), np.array([-0.01, 0.01, 0.01])).tolist() == [-1, 1, 0]
    assert pressure.normal_percentile(1.959963984540054) == pytest.approx(0.975)


def fed(hours: int = 30, oi_step: float = 0.004) -> Purge:
    """A purge detector after calm hours with spreads of 0.4 % (OI) and 0.5 % (price)."""
    state = Purge(1)
    for hour in range(hours):
        sign = (-1) ** hour
        purge.observe(
            state, ROW, at(hour), one(1000 * math.exp(oi_step / 2 * sign)), one(100 * math.exp(0.0025 * sign))
        )
    return state


def look(state: Purge, hours: float, oi: float, price: float) -> Reading:
    return purge.observe(state, ROW, at(hours), one(oi), one(price))


def test_a_purge_fires_within_its_window_once_and_keeps_the_direction() -> None:
    state = fed()
    calm = look(state, 29.5, 1000, 100)
    assert Kind(calm.kind[0]) is Kind.NONE
    first = look(state, 29.7, 900, 90)
    assert Kind(first.kind[0]) is Kind.CRITICAL_PURGE
    assert first.new[0]
    assert first.excursion[0] < 0
    again = look(state, 29.8, 880, 95)
    assert not again.new[0]
    # The lowest price of the window still counts after a bounce.
    assert again.excursion[0] == first.excursion[0]
    assert purge.leverage_reset(state, ROW, one(880.0))[0] == pytest.approx(880 / (1000 * math.exp(-0.002)) - 1)
    assert purge.muted(state, ROW, at(30.2))[0]
    assert not purge.muted(state, ROW, at(30.4))[0]


def test_open_interest_without_a_price_is_a_discontinuity_and_a_price_alone_is_a_move() -> None:
    assert Kind(look(fed(), 29.5, 700, 99.9).kind[0]) is Kind.OI_DISCONTINUITY
    assert Kind(look(fed(), 29.5, np.nan, 85).kind[0]) is Kind.LARGE_MOVE
    # Rising open interest in a fast market is no purge, and a small fall is none either.
    assert Kind(look(fed(), 29.5, 1200, 90).kind[0]) is Kind.NONE
    assert Kind(look(fed(oi_step=0.0), 29.5, 985, 90).kind[0]) is Kind.NONE


def test_after_a_hole_the_window_is_void() -> None:
    state = fed()
    assert Kind(look(state, 35.5, 500, 50).kind[0]) is Kind.NONE
    assert np.isnan(look(state, 35.6, 500, 50).z_price[0])


def test_no_purge_before_a_day_of_windows() -> None:
    assert Kind(look(fed(20), 19.5, 500, 50).kind[0]) is Kind.NONE


def test_daily_volatility_comes_from_the_windows() -> None:
    fast, slow = purge.daily_volatility(fed(200), ROW)
    assert fast[0] == pytest.approx(0.005 * math.sqrt(24), rel=0.02)
    assert slow[0] == pytest.approx(0.005 * math.sqrt(24), rel=0.02)


def test_the_leverage_cycle() -> None:
    state, seen = Cycle(1), []
    story = [(50, 0.0), (72, 0.06), (72, 0.0), (88, 0.0), (70, 0.0), (60, 0.0), (55, 0.0), (95, 0.1)]
    for hour, (score, growth) in enumerate(story):
        phase = cycle.advance(state, ROW, at(hour), np.array([hour == 7]), one(score), one(growth), HOUR_MS)
        seen.append(Phase(int(phase[0])))
    assert seen == [
        Phase.CALM,
        Phase.BUILD_UP,
        Phase.BUILD_UP,
        Phase.STRETCHED,
        Phase.STRETCHED,
        Phase.BUILD_UP,
        Phase.CALM,
        Phase.FLUSH,
    ]


def settle_day(state: PreSettlement, day: int, oi_change: float, premium_change: float) -> presettlement.Change:
    next_ms = np.array([START + day * 24 * HOUR_MS])
    for minutes, share in [(40, 0.0), (20, 0.0), (1, 1.0)]:
        presettlement.observe(
            state,
            ROW,
            next_ms - minutes * MINUTE_MS,
            next_ms,
            one(8.0),
            one(1e6 * math.exp(oi_change * share)),
            one(1e8 + 1e6 * share),
            one(10 * BP + premium_change * share),
        )
    found = presettlement.judge(state, ROW, one(5 * BP), BP)
    presettlement.settle(state, ROW, next_ms)
    return found


def test_payers_leaving_before_a_payment_are_told_from_harvesters_arriving() -> None:
    state = PreSettlement(1)
    for day in range(12):
        calm = settle_day(state, day, 0.003 * (-1) ** day - 0.001, 0.5 * BP * (-1) ** day)
        assert Flow(calm.flow[0]) is Flow.NONE
    leaving = settle_day(state, 12, -0.03, -3 * BP)
    assert leaving.change[0, 0] == pytest.approx(-0.03)
    assert leaving.z[0, 0] < -3
    assert Flow(leaving.flow[0]) is Flow.PAYERS_LEAVE
    assert Flow(settle_day(state, 13, 0.08, 9 * BP).flow[0]) is Flow.CARRY_ENTRY


def test_small_payments_move_nobody_and_other_phases_have_their_own_baseline() -> None:
    z = np.array([[-9.0, 0.0, 0.0]])
    change = np.array([[-0.1, 0.0, -1.0]])
    assert presettlement.classify(z, change, one(1.9 * BP), BP, volume_counts=False)[0] == Flow.NONE
    assert presettlement.classify(z, change, one(2.1 * BP), BP, volume_counts=False)[0] == Flow.PAYERS_LEAVE
    assert presettlement.classify(z, change, one(-2.1 * BP), BP, volume_counts=False)[0] == Flow.UNUSUAL
    state = PreSettlement(1)
    settle_day(state, 0, -0.01, 0.0)
    phase = START // presettlement.PHASE_MS % 3
    assert state.count[0, phase, 0] == 1
    assert state.count.sum() == 3


def test_volume_raises_a_flag_only_from_a_counter() -> None:
    z, change = np.array([[-2.1, 2.1, 0.0]]), np.array([[-0.1, 18.0, -1.0]])
    assert presettlement.classify(z, change, one(5 * BP), BP, volume_counts=True)[0] == Flow.PAYERS_LEAVE
    assert presettlement.classify(z, change, one(5 * BP), BP, volume_counts=False)[0] == Flow.NONE


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 100),
            st.floats(1, 1e9) | st.just(float("nan")),
            st.floats(1e-6, 1e6) | st.just(float("nan")),
        ),
        max_size=80,
    )
)
def test_any_order_and_loss_of_observations_gives_readings_or_nothing(found: list[tuple[float, float, float]]) -> None:
    state, day = Purge(1), Day(1)
    for hours, oi, price in found:
        reading = look(state, hours, oi, price)
        momentum.observe(day, ROW, at(hours), one(oi), one(price))
        for value in (reading.z_oi, reading.z_price, reading.severity, momentum.oi_growth(day, ROW, one(oi))):
            assert not np.isinf(value).any()
        assert not reading.severity[0] < 0
    assert state.oi_variance[0] >= 0
    assert state.return_variance[0] >= 0


def test_basis_that_has_converged_or_never_will() -> None:
    found = basis.hours_to_converge(np.array([3, 25, 25, np.nan]) * BP, 0.0, np.array([0.1, 0.1, 0.0, 0.1]))
    assert found[:3].tolist() == pytest.approx([0.0, math.log(5) / 0.1, np.inf])
    assert np.isnan(found[3])


def test_near_expiry_only_the_raw_basis_means_anything() -> None:
    found = basis.dated(np.array([101.0, 101.0]), 100.0, np.array([0.5, 73.0]))
    assert found.basis == pytest.approx([0.01, 0.01])
    assert np.isnan(found.simple_apr[0])
    assert found.simple_apr[1] == pytest.approx(0.05)
    assert basis.term_premium(2 * BP, 0.5 * BP) / BP == pytest.approx(1.5)
    assert basis.expiry_alert(np.array([3.5, 3.5, -2.0]), np.array([1.5, 3.0, 1.0])).tolist() == [True, False, False]
    assert basis.expiry_urgency(-0.01, 0.25) == pytest.approx(0.02)


def test_levels_of_exhaustion_and_the_time_that_is_left() -> None:
    usage = exhaustion.cap_usage(np.array([79.0, 80, 95, 100, 50]), np.array([100.0, 100, 100, 100, np.nan]))
    assert [Fullness(level) for level in exhaustion.fullness(usage)] == [
        Fullness.FREE,
        Fullness.WARN,
        Fullness.CRITICAL,
        Fullness.FULL,
        Fullness.UNKNOWN,
    ]
    hours = exhaustion.hours_to_full(np.array([0.5, 0.5, 1.2, np.nan]), np.array([math.log(2), -0.1, 0.1, 0.1]), 24.0)
    assert hours[:3].tolist() == pytest.approx([24.0, np.inf, 0.0])
    assert np.isnan(hours[3])
    assert exhaustion.pool_usage(42.0, 60.0, 50.0, np.nan) == pytest.approx(0.7)
    assert exhaustion.skew_ratio(3.0, 1.0) == 0.5


@pytest.mark.parametrize(("ratio", "fresh", "left_out"), [(0.2, 1.0, False), (3.0, 0.5, False), (3.1, 0.483, True)])
def test_older_figures_count_less_until_they_are_left_out(ratio: float, fresh: float, left_out: bool) -> None:
    assert quality.freshness(ratio) == pytest.approx(fresh, abs=1e-3)
    assert quality.excluded(ratio) == left_out


def test_an_unknown_age_is_left_out() -> None:
    assert quality.excluded(np.nan)


def test_a_mark_that_stands_still_while_the_others_move_is_frozen() -> None:
    state = MarkWatch(1)
    frozen = [quality.observe_mark(state, ROW, one(100.0), one(100 + 0.02 * poll))[0] for poll in range(13)]
    assert frozen == [False] * 11 + [True] * 2
    assert not quality.observe_mark(state, ROW, one(100.1), one(100.3))[0]
    for _ in range(20):
        quiet = quality.observe_mark(state, ROW, one(100.1), one(100.3))[0]
    assert not quiet


def test_outliers_clocks_and_late_settlements() -> None:
    assert quality.outlier(np.array([103.0, 101.0, 97.0]), 100.0).tolist() == [True, False, True]
    assert quality.clock_off(np.array([6_000, 4_000, -6_000]), np.zeros(3, np.int64)).tolist() == [True, False, True]
    due = np.array([START, START, -1])
    assert quality.settlement_late(due, START + 301_000).tolist() == [True, True, False]
    assert not quality.settlement_late(due, START + 299_000).any()


def test_pegs_and_what_crosses_a_broken_one() -> None:
    assert parity.quote_parity(np.array([0.999, np.nan])) == parity.Parity(1.0, assumed=True)
    assert parity.quote_parity(np.array([0.998, 0.999, 1.0])) == parity.Parity(0.999, assumed=False)
    assert [Peg(level) for level in parity.peg(np.array([0.9975, 0.9965, 1.02, np.nan]))] == [
        Peg.HOLDS,
        Peg.WARN,
        Peg.CRITICAL,
        Peg.HOLDS,
    ]
    crossing = parity.crosses_broken_peg(np.array([0.99, 0.99, 1.0]), np.array([1.0, 0.99, 1.001]))
    assert crossing.tolist() == [True, False, False]
