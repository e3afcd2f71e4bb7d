"""From prices to premium and its error: tiers, learnt half-spread, sampling, coverage (methodology §2.3, §2.4)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundtui.imbalance import sampling, tiers
from fundtui.imbalance.sampling import Roughness
from fundtui.imbalance.tiers import HalfSpread

BP = 1e-4
ROW = np.array([0])
NONE = np.array([np.nan])


def value(x: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([x])


@pytest.mark.parametrize(
    ("published", "bid", "ask", "mark", "impact", "premium_bp", "tier"),
    [
        (12 * BP, 100.2, 100.3, 100.25, False, 12.0, 1),
        (np.nan, 100.2, 100.3, 100.25, True, 20.0, 1),
        (np.nan, 100.2, 100.3, 100.25, False, 20.0, 2),
        (np.nan, np.nan, np.nan, 100.25, False, 23.0, 3),
        (np.nan, 100.3, 100.2, 100.25, False, 23.0, 3),
        (np.nan, np.nan, np.nan, np.nan, False, np.nan, 0),
        (np.nan, np.nan, np.nan, 110.0, False, np.nan, 0),
    ],
)
def test_the_best_source_wins_and_implausible_ones_do_not_count(
    published: float, bid: float, ask: float, mark: float, impact: bool, premium_bp: float, tier: int
) -> None:
    found, of_tier = tiers.premium(
        value(published), value(bid), value(ask), value(mark), value(100.0), value(2 * BP), impact
    )
    assert of_tier[0] == tier
    assert found[0] / BP == pytest.approx(premium_bp, nan_ok=True)


def test_without_an_index_there_is_no_premium() -> None:
    found, tier = tiers.premium(NONE, value(1.0), value(1.1), value(1.0), value(0.0), value(0.0))
    assert np.isnan(found[0])
    assert tier[0] == 0


def test_the_half_spread_is_learnt_from_the_venues_own_average() -> None:
    state = HalfSpread(1)
    state.delta[:] = tiers.default_half_spread(50)
    assert state.delta[0] == pytest.approx(5 * BP)
    tiers.learn(state, ROW, value(25 * BP), value(17 * BP))
    assert state.delta[0] / BP == pytest.approx(5 + 0.05 * (25 - 17 - 5))
    for _ in range(200):
        tiers.learn(state, ROW, value(25 * BP), value(17 * BP))
    assert state.delta[0] / BP == pytest.approx(8.0, abs=1e-3)
    assert tiers.uncertainty(state, ROW, np.array([3]))[0] < 0.1 * BP
    assert tiers.uncertainty(state, ROW, np.array([1]))[0] == 0.0


def test_nothing_is_learnt_inside_the_dead_band_and_the_half_spread_stays_within_50_bp() -> None:
    state = HalfSpread(1)
    state.delta[:] = 2 * BP
    tiers.learn(state, ROW, value(25 * BP), NONE)
    assert (state.delta[0], state.updates[0]) == (2 * BP, 0)
    for _ in range(500):
        tiers.learn(state, ROW, value(400 * BP), value(1 * BP))
    assert state.delta[0] == 50 * BP
    for _ in range(500):
        tiers.learn(state, ROW, value(1 * BP), value(400 * BP))
    assert state.delta[0] == 0.0


@pytest.mark.parametrize(("rank", "bp"), [(0, 0.5), (1, 0.5), (2, 2.0), (29, 2.0), (30, 5.0)])
def test_default_half_spreads_follow_the_rank(rank: int, bp: float) -> None:
    assert tiers.default_half_spread(rank) / BP == pytest.approx(bp)


def test_roughness_of_a_saw_tooth() -> None:
    # 2 bp up or down every 0.01 h: quadratic variation 4 bp² / 0.01 h = 400 bp² per hour, mean 1 bp, variance 1 bp².
    state = Roughness(1)
    for number in range(6000):
        sampling.update(state, ROW, value(number * 0.01), value(2 * BP * (number % 2)), 0.05)
    assert state.variation[0] / BP**2 == pytest.approx(400.0)
    assert state.mean[0] / BP == pytest.approx(1.0, abs=0.01)
    assert state.variance[0] / BP**2 == pytest.approx(1.0, abs=0.01)


def test_a_hole_is_not_measured() -> None:
    state = Roughness(1)
    for x_h, level in [(0.0, 0.0), (5.0, 100.0)]:
        sampling.update(state, ROW, value(x_h), value(level), 0.05)
    assert np.isnan(state.variation[0])


def test_error_adds_sampling_half_spread_and_coverage() -> None:
    # C = 0.75 and sd_P = 4.1 bp: 2.05 bp for two standard deviations of what was not seen.
    assert sampling.coverage_error(0.75, 4.1) == pytest.approx(2.05)
    assert sampling.total_error(3.0, 4.0, 2.05) == pytest.approx(12.05)
    state = Roughness(1)
    state.variation[0], state.variance[0] = (10 * BP) ** 2, (4.1 * BP) ** 2
    found = sampling.error(state, ROW, 30 / 3600, value(8.0), value(0.75), 0.0)[0] / BP
    assert found == pytest.approx(2 * 0.008505172717997146 + 2.05)


@given(
    points=st.lists(st.tuples(st.floats(0, 24), st.floats(-500 * BP, 500 * BP) | st.just(float("nan"))), max_size=40)
)
def test_roughness_never_turns_negative_or_infinite(points: list[tuple[float, float]]) -> None:
    state = Roughness(1)
    for x_h, level in points:
        sampling.update(state, ROW, value(x_h), value(level), 1.0)
    assert not state.variation[0] < 0
    assert 0 <= state.variance[0] < 1
    assert np.isfinite(state.variance[0])


def test_the_sampling_rule_agrees_with_a_simulation() -> None:
    # Brownian premium, 10 bp per root hour, watched every 30 s for two hours: average against that of every second.
    seconds, paths = 7200, 400
    steps = np.random.default_rng(11).normal(0.0, 10 / 60, (paths, seconds))
    path = np.concatenate([np.zeros((paths, 1)), np.cumsum(steps, axis=1)], axis=1)
    exact = (0.5 * (path[:, 1:] + path[:, :-1])).mean(axis=1)
    polled = path[:, ::30]
    error = (0.5 * (polled[:, 1:] + polled[:, :-1])).mean(axis=1) - exact
    held = polled[:, :-1].mean(axis=1) - exact
    assert error.std() == pytest.approx(float(sampling.sampling_error(100.0, 30 / 3600, 2.0)), rel=0.1)
    assert held.std() == pytest.approx(float(sampling.sampling_error(100.0, 30 / 3600, 2.0, hold=True)), rel=0.1)
