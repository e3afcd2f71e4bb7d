"""Sizes, liquidation prices and exit conditions (methodology §6)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundtui.imbalance import liquidation, sizing


def test_the_smallest_known_limit_sets_the_size() -> None:
    found = sizing.dynamic_size(
        np.array([1e6, 1e6, np.nan]), 2e6, np.array([5e7, 1e9, np.nan]), np.array([1e8, 1e9, np.nan]), np.nan, 0.0, 1.0
    )
    assert found.notional_usd.tolist() == [5e5, 1e6, 2e6]
    assert [sizing.LIMITS[i] for i in found.limit] == ["1 % of daily volume", "volatility target", "Kelly fraction"]


def test_crowding_and_old_data_shrink_the_size() -> None:
    found = sizing.dynamic_size(1e6, np.nan, np.nan, np.nan, np.nan, np.array([100.0, 50.0, np.nan]), 0.5)
    assert found.notional_usd.tolist() == [2.5e5, 3.75e5, 5e5]


def test_nothing_known_gives_no_size_and_a_negative_room_gives_zero() -> None:
    nothing = sizing.dynamic_size(np.nan, np.nan, np.nan, np.nan, np.nan, 0.0, 1.0)
    assert np.isnan(nothing.notional_usd)
    assert nothing.limit == -1
    assert sizing.dynamic_size(1e6, 1e6, 1e9, 1e9, -5.0, 0.0, 1.0).notional_usd == 0.0


def test_kelly_is_cut_on_both_sides() -> None:
    assert sizing.kelly(-0.1, 0.1)[1] == 0.0
    assert sizing.kelly(10.0, 0.1)[1] == 2.0
    assert np.isnan(sizing.kelly(0.1, 0.0)[1])


def test_volatility_target_needs_a_volatility() -> None:
    assert np.isnan(sizing.volatility_target(1e6, 0.0))
    assert sizing.pnl_volatility(0.001, 10_000.0, 0.0) == pytest.approx(0.1)
    assert sizing.pnl_volatility(0.0003, 10_000.0, 0.04) == pytest.approx(0.05)


def test_exits() -> None:
    assert sizing.basis_stop(5e-4, 8e-4, side=-1.0) == pytest.approx(-19e-4)
    assert not sizing.leaves_by_expectation(-5.0, 6.0)
    adverse = -0.06 / 8760
    assert sizing.leaves_by_flip(np.array([adverse, adverse]), np.array([adverse, 0.0])).tolist() == [True, False]


def test_a_long_without_leverage_is_never_liquidated_and_an_inverse_short_neither() -> None:
    assert liquidation.long_price(100.0, 1.0, 0.005) == 0.0
    assert liquidation.touch_probability(100.0, 0.0, 0.05, 30.0) == 0.0
    assert liquidation.short_price(100.0, 1.0, 0.005, inverse=True) == np.inf
    assert liquidation.touch_probability(100.0, np.inf, 0.05, 30.0) == 0.0
    assert liquidation.touch_probability(100.0, 100.0, 0.05, 1.0) == 1.0


def test_touch_probability_by_hand() -> None:
    # One standard deviation away: 2Φ(−1) = 0.3173.
    assert liquidation.touch_probability(1.0, math.exp(0.05), 0.025, 4.0) == pytest.approx(0.31731050786291415)


@given(volatility=st.floats(0.005, 0.3), days=st.floats(0.5, 30), maintenance=st.floats(0, 0.02))
def test_largest_leverage_keeps_the_chance_within_the_accepted_one(
    volatility: float, days: float, maintenance: float
) -> None:
    leverage = float(liquidation.largest_leverage(volatility, days, maintenance))
    assert 1.0 <= leverage <= 125.0
    if 1.0 + 1e-6 < leverage < 125.0 - 1e-6:
        level = liquidation.short_price(1.0, leverage, maintenance)
        assert liquidation.touch_probability(1.0, level, volatility, days) == pytest.approx(0.01, abs=1e-6)


def test_margin_is_asked_for_below_two_fifths_of_the_first_distance() -> None:
    assert liquidation.needs_margin(95.0, 90.0, 0.2)
    assert not liquidation.needs_margin(99.0, 90.0, 0.2)
    assert liquidation.stressed_volatility(0.02, 0.03, stressed=True) == pytest.approx(0.045)
    assert liquidation.stressed_volatility(np.nan, 0.03, stressed=False) == pytest.approx(0.03)
