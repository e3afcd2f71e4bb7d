"""Projection, drift, fair premium, the divergence record, surprises at settlements, rule detectors (methodology §2)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundtui.imbalance import detectors, excess, formula, projection, theory
from fundtui.imbalance.detectors import FamilyFit, LockWatch
from fundtui.imbalance.formula import Announced
from fundtui.imbalance.rows import Floats
from fundtui.imbalance.theory import Kernel
from fundtui.market import Family, FundingRule
from fundtui.units import HOUR_MS

BP = 1e-4
ROW = np.array([0])
RULE = FundingRule(family=Family.NORMALISED, interest_8h=BP, damper=5 * BP)
KERNEL = theory.kernel_parameters(RULE, 8.0, cap=30 * BP, floor=-30 * BP, rate_period_h=8.0)


def one(x: float) -> Floats:
    return np.array([x])


@pytest.mark.parametrize("linear", [True, False])
def test_projection_equals_quadrature(linear: bool) -> None:
    hours = np.linspace(6.0, 8.0, 200_001)
    path = 4 + 10 * np.exp(-0.7 * (hours - 6.0))
    weight = hours if linear else np.ones_like(hours)
    seen = 9 * (18.0 if linear else 6.0)
    rest = np.sum(0.5 * (path[1:] * weight[1:] + path[:-1] * weight[:-1]) * np.diff(hours))
    wanted = (seen + rest) / (32.0 if linear else 8.0)
    assert projection.project(9.0, 6.0, 14.0, 4.0, 0.7, 8.0, linear) == pytest.approx(wanted, rel=1e-9)


def test_projection_without_decay_keeps_the_present_premium() -> None:
    assert projection.project(9.0, 6.0, 14.0, 4.0, 0.0, 8.0, linear=False) == pytest.approx((54 + 28) / 8)
    assert projection.project(9.0, 6.0, 14.0, 4.0, 0.0, 8.0, linear=True) == pytest.approx((9 * 18 + 14 * 14) / 32)
    assert projection.project(9.0, 8.0, 14.0, 4.0, 1.0, 8.0, linear=True) == pytest.approx(9.0)
    assert projection.project(np.nan, 0.0, 4.0, 4.0, 1.0, 8.0, linear=True) == pytest.approx(4.0)


@given(
    average=st.floats(-100, 100),
    now=st.floats(-100, 100),
    mean=st.floats(-100, 100),
    elapsed=st.floats(0, 8),
    kappa=st.floats(0, 50),
    linear=st.booleans(),
)
def test_projection_stays_between_what_was_seen_and_where_the_premium_goes(
    average: float, now: float, mean: float, elapsed: float, kappa: float, linear: bool
) -> None:
    found = float(projection.project(average, elapsed, now, mean, kappa, 8.0, linear))
    assert min(average, now, mean) - 1e-4 <= found <= max(average, now, mean) + 1e-4


def test_drift_leads_the_published_rate() -> None:
    assert projection.drift(12 * BP, 4 * BP, KERNEL) / BP == pytest.approx(3.0)
    assert projection.decay_rate(np.nan) == pytest.approx(np.log(2) / 0.5)


def test_fair_premium_by_the_side_of_the_carry_rate() -> None:
    # 4.5 % a year is 0.411 bp per 8 h, below the interest of 1 bp: the damped venue trades 5 bp below that.
    assert excess.fair_premium(0.045, 0.0, KERNEL) / BP == pytest.approx(0.45 / 1095 * 1e3 - 5)
    assert excess.fair_premium(0.2190, 0.0, KERNEL) / BP == pytest.approx(2 + 5)
    assert excess.fair_premium(0.1095, 0.0, KERNEL) / BP == pytest.approx(1.0)
    undamped = theory.kernel_parameters(FundingRule(family=Family.NO_INTEREST), 8.0)
    assert excess.fair_premium(0.045, 0.0, undamped) / BP == pytest.approx(0.41096, abs=1e-5)
    assert np.isnan(excess.fair_premium(5.0, 0.0, KERNEL))


@pytest.mark.parametrize(
    ("coverage", "distance_bp", "real", "trusted"),
    [(1.0, 2.0, True, True), (0.7, 2.0, False, True), (0.3, 2.0, False, False), (0.1, np.nan, False, False)],
)
def test_divergence_needs_coverage(coverage: float, distance_bp: float, real: bool, trusted: bool) -> None:
    found = formula.record(one(6 * BP), one(9 * BP), 0.1 * BP, one(coverage), KERNEL)
    assert found.distance[0] / BP == pytest.approx(distance_bp, nan_ok=True)
    assert (found.real[0], found.trusted[0]) == (real, trusted)


def test_inside_the_dead_band_the_smallest_band_counts() -> None:
    found = formula.record(one(1.02 * BP), one(3 * BP), 1.5 * BP, one(1.0), KERNEL)
    assert found.error[0] == 0.0
    assert found.t[0] == pytest.approx(2.0)


def test_rates_of_a_shorter_period_are_compared_per_eight_hours() -> None:
    hourly = theory.kernel_parameters(RULE, 1.0)
    published = formula.to_period(2.0 * BP, 4.0, hourly)
    assert published / BP == pytest.approx(0.5)
    found = formula.record(one(0.5625 * BP), one(9 * BP), 0.0, one(1.0), hourly)
    assert found.distance[0] / BP == pytest.approx(0.5)


def test_surprise_is_against_what_was_published_half_an_hour_before() -> None:
    state, settlement = Announced(1), np.array([8 * HOUR_MS])
    for minutes, rate in [(120, 1.0), (31, 2.0), (29, 9.0)]:
        formula.announce(state, ROW, settlement - minutes * 60_000, settlement, one(rate))
    # The payment is read late, when the next one is announced already.
    formula.announce(state, ROW, settlement + 60_000, settlement + 8 * HOUR_MS, one(7.0))
    assert formula.surprise(state, ROW, settlement, one(2.5))[0] == pytest.approx(0.5)
    assert np.isnan(formula.surprise(state, ROW, settlement + 16 * HOUR_MS, one(2.5))[0])


def test_formula_error_is_only_told_when_the_interval_was_seen() -> None:
    assert formula.formula_error(one(4.5 * BP), one(9 * BP), one(0.9), KERNEL)[0] / BP == pytest.approx(0.5)
    assert np.isnan(formula.formula_error(one(4.5 * BP), one(9 * BP), one(0.7), KERNEL)[0])


def families(interval_h: float) -> tuple[Kernel, ...]:
    return detectors.family_kernels(one(interval_h), one(-1.0), one(1.0))


@pytest.mark.parametrize(
    ("interval_h", "true", "proposed"), [(4.0, 0, 0), (4.0, 1, 1), (8.0, 1, 0), (8.0, 2, 2), (1.0, 2, 2)]
)
def test_the_family_that_fits_is_proposed_after_six_settlements(interval_h: float, true: int, proposed: int) -> None:
    state, kernels = FamilyFit(1), families(interval_h)
    assert detectors.proposed_family(state, ROW)[0] == -1
    for number in range(6):
        average = one((12 + number) * BP)
        assert detectors.proposed_family(state, ROW)[0] == -1
        detectors.observe_family(state, ROW, theory.funding(average, kernels[true]) + 0.01 * BP, average, kernels)
    assert detectors.proposed_family(state, ROW)[0] == proposed
    assert detectors.family_name(proposed) is (Family.NORMALISED, Family.PER_INTERVAL, Family.NO_INTEREST)[proposed]


def test_a_switch_of_the_formula_is_noticed() -> None:
    state, kernels = FamilyFit(1), families(4.0)
    for number in range(60):
        average = one((12 + number % 7) * BP)
        detectors.observe_family(
            state, ROW, theory.funding(average, kernels[1 if number < 30 else 0]), average, kernels
        )
    assert detectors.proposed_family(state, ROW)[0] == 0


def test_settlements_on_which_the_families_agree_teach_nothing() -> None:
    state, kernels = FamilyFit(1), detectors.family_kernels(one(8.0), one(-1e-5), one(1e-5))
    detectors.observe_family(state, ROW, one(1e-5), one(50 * BP), kernels)
    assert state.settlements[0] == 0


def test_a_rate_that_never_moves_and_is_paid_five_times_is_locked() -> None:
    state = LockWatch(1)
    for number in range(5):
        assert not detectors.locked(state, ROW)[0]
        for _ in range(3):
            detectors.observe_published(state, ROW, one(number * BP))
        detectors.end_published(state, ROW)
        detectors.settle_published(state, ROW, one(number * BP), np.array([False]))
    assert detectors.locked(state, ROW)[0]
    detectors.observe_published(state, ROW, one(1 * BP))
    detectors.observe_published(state, ROW, one(2 * BP))
    detectors.end_published(state, ROW)
    detectors.settle_published(state, ROW, one(2 * BP), np.array([False]))
    assert not detectors.locked(state, ROW)[0]


def test_what_is_published_for_the_next_settlement_does_not_move_the_last_one() -> None:
    """Venues tell what was paid some minutes late, when the next rate is out already."""
    state = LockWatch(1)
    for number in range(6):
        detectors.observe_published(state, ROW, one(number * BP))
        detectors.settle_published(state, ROW, one((number - 1) * BP), np.array([False]))
        detectors.observe_published(state, ROW, one(number * BP))
        detectors.end_published(state, ROW)
    assert detectors.locked(state, ROW)[0]


def test_the_interest_plateau_makes_nobody_locked() -> None:
    state = LockWatch(1)
    for _ in range(20):
        detectors.observe_published(state, ROW, one(BP))
        detectors.end_published(state, ROW)
        detectors.settle_published(state, ROW, one(BP), np.array([True]))
    assert not detectors.locked(state, ROW)[0]
