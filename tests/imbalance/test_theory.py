"""The kernel's families, bounds, inverse and band, by hand-computed cases (methodology §2.2)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundtui.imbalance.theory import (
    Kernel,
    KernelRows,
    at_bound,
    band,
    funding,
    impact_premium,
    in_dead_band,
    invert,
    invertible,
    kernel_parameters,
)
from fundtui.market import Family, FundingRule

BP = 1e-4
RULE_A = FundingRule(family=Family.NORMALISED, interest_8h=BP, damper=5 * BP)
RULE_B = FundingRule(family=Family.PER_INTERVAL, interest_8h=BP, damper=5 * BP)


@pytest.mark.parametrize(
    ("rule", "interval_h", "premium_bp", "rate_bp"),
    [
        (RULE_A, 8.0, 12.0, 7.0),
        (RULE_A, 4.0, 12.0, 3.5),
        (RULE_B, 4.0, 12.0, 7.0),
        (RULE_A, 1.0, 3.0, 0.125),
        (RULE_A, 1.0, -13.0, -1.0),
        (FundingRule(family=Family.NO_INTEREST), 8.0, 0.91, 0.91),
        (FundingRule(family=Family.FRACTION, share=1 / 8, fixed_per_interval=0.125 * BP), 1.0, 8.0, 1.125),
        (FundingRule(family=Family.FRACTION, share=1 / 24, cap=12.5 * BP, floor=-12.5 * BP), 1.0, 400.0, 12.5),
        (FundingRule(family=Family.CONTINUOUS, damper=2.5 * BP), math.nan, 6.0, 3.5),
    ],
)
def test_each_family_gives_the_rate_of_the_worked_example(
    rule: FundingRule, interval_h: float, premium_bp: float, rate_bp: float
) -> None:
    kernel = kernel_parameters(rule, interval_h, rate_period_h=interval_h)
    assert float(funding(premium_bp * BP, kernel)) / BP == pytest.approx(rate_bp, rel=1e-12)


def test_own_caps_are_scaled_from_their_period_to_the_payment_interval() -> None:
    kernel = kernel_parameters(RULE_A, 8.0, cap=0.001, floor=-0.002, rate_period_h=1.0)
    assert (kernel.cap, kernel.floor) == (0.008, -0.016)


def test_without_any_cap_there_is_no_bound_and_the_rule_cap_is_second_choice() -> None:
    assert kernel_parameters(RULE_A, 8.0).cap == math.inf
    capped = FundingRule(family=Family.NORMALISED, cap=0.04, floor=-0.04)
    assert kernel_parameters(capped, 1.0).floor == -0.04


@pytest.mark.parametrize("family", [Family.UNKNOWN, Family.OI_SKEW])
def test_a_family_without_a_premium_has_no_theory(family: Family) -> None:
    kernel = kernel_parameters(FundingRule(family=family), 8.0)
    assert np.isnan(funding(BP, kernel))


def test_an_unknown_interval_has_no_theory() -> None:
    assert np.isnan(funding(BP, kernel_parameters(RULE_A, math.nan)))


def test_inverse_outside_and_inside_the_dead_band() -> None:
    kernel = kernel_parameters(RULE_A, 4.0)
    lowest, highest = invert(np.array([3.5 * BP, 0.5 * BP, -1.0 * BP]), _wide(kernel, 3))
    assert lowest / BP == pytest.approx([12.0, -4.0, -7.0])
    assert highest / BP == pytest.approx([12.0, 6.0, -7.0])
    assert invertible(np.array([3.5 * BP, 0.5 * BP]), _wide(kernel, 2)).tolist() == [True, False]


def test_a_rate_on_its_cap_cannot_be_inverted() -> None:
    kernel = kernel_parameters(RULE_A, 8.0, cap=30 * BP, floor=-30 * BP, rate_period_h=8.0)
    rates = np.array([30 * BP, -30 * BP, 29 * BP])
    assert at_bound(rates, kernel).tolist() == [True, True, False]
    assert np.isnan(invert(rates, kernel)[0]).tolist() == [True, True, False]


def test_inside_the_dead_band_the_band_has_no_width() -> None:
    kernel = kernel_parameters(RULE_A, 8.0)
    low, middle, high = band(3 * BP, 1.5 * BP, kernel)
    assert low == middle == high == pytest.approx(BP)
    assert in_dead_band(3 * BP, kernel)
    assert not in_dead_band(6.5 * BP, kernel)


def test_impact_premium_needs_prices_above_zero() -> None:
    premium = impact_premium(np.array([100.2, 100.2, 0.0]), np.array([100.3, 100.3, 1.0]), np.array([100.0, 0.0, 1.0]))
    assert premium[0] == pytest.approx(20 * BP)
    assert np.isnan(premium[1:]).all()


def test_rows_give_back_what_was_set_and_survive_growth() -> None:
    rows = KernelRows(1)
    rows.set(0, kernel_parameters(RULE_A, 4.0))
    rows.grow(3)
    rows.set(2, kernel_parameters(RULE_B, 8.0))
    assert funding(12 * BP, rows.at(np.array([0, 2]))) / BP == pytest.approx([3.5, 7.0])
    assert np.isnan(rows.share[1])


@given(
    average=st.floats(-0.05, 0.05),
    error=st.floats(0, 0.01),
    share=st.sampled_from([1 / 24, 1 / 8, 0.5, 1.0]),
    cap=st.floats(1e-4, 0.05),
)
def test_the_rate_stays_within_caps_and_moves_no_faster_than_its_share(
    average: float, error: float, share: float, cap: float
) -> None:
    kernel = Kernel(share, BP, 5 * BP, 0.0, -cap, cap, 8.0)
    low, middle, high = band(average, error, kernel)
    assert -cap <= low <= middle <= high <= cap
    assert high - low <= 2 * share * error + 1e-15


@given(average=st.floats(-0.02, 0.02))
def test_inverting_the_rate_recovers_the_average_or_a_set_that_holds_it(average: float) -> None:
    kernel = kernel_parameters(RULE_A, 8.0)
    lowest, highest = invert(funding(average, kernel), kernel)
    assert lowest - 2e-9 <= average <= highest + 2e-9


def _wide(kernel: Kernel, count: int) -> Kernel:
    return Kernel(*(np.full(count, value) for value in kernel))
