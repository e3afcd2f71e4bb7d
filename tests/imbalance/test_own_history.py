"""What is learnt from settled rates: scores, percentiles, streaks, windows, reversion, regimes (methodology §3)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundtui.imbalance import autoregression, estimators, own_history, percentile, realised, regime, settlements, streak
from fundtui.imbalance.autoregression import AutoRegression
from fundtui.imbalance.estimators import Ewma, Welford
from fundtui.imbalance.own_history import OwnHistory
from fundtui.imbalance.percentile import Histogram, P2Quantile
from fundtui.imbalance.realised import Realised
from fundtui.imbalance.regime import Crowded, Regime
from fundtui.imbalance.rows import Floats
from fundtui.imbalance.settlements import Settlements
from fundtui.imbalance.streak import Streak
from fundtui.units import HOUR_MS

BP = 1e-4
ROW = np.array([0])
START = 472_000 * HOUR_MS


def one(x: float) -> Floats:
    return np.array([x])


def test_half_of_the_memory_is_gone_after_a_half_life_however_it_is_cut() -> None:
    assert estimators.gain(240.0) == pytest.approx(0.5)
    kept = (1 - estimators.gain(8.0)) ** 30
    assert kept == pytest.approx(0.5)
    assert estimators.gain(np.nan) == 0.0


def test_a_score_needs_a_history_and_a_spread() -> None:
    state = Ewma(1)
    for number in range(29):
        estimators.update(state, ROW, one(number % 2), 0.1)
    assert np.isnan(estimators.score(state, ROW, one(3.0))[0])
    estimators.update(state, ROW, one(1.0), 0.1)
    assert estimators.score(state, ROW, one(3.0))[0] > 3.0
    assert estimators.score(state, ROW, one(1e9))[0] == 20.0
    flat = Ewma(1)
    for _ in range(40):
        estimators.update(flat, ROW, one(1.25e-5), 0.1)
    assert np.isnan(estimators.score(flat, ROW, one(2e-5))[0])
    assert estimators.score(flat, ROW, one(1.5e-5), (0.02 * BP / 8) ** 2)[0] == pytest.approx(10.0)


def test_missing_values_change_nothing() -> None:
    state, moments = Ewma(1), Welford(1)
    for value in (1.0, np.nan, 2.0, np.nan):
        estimators.update(state, ROW, one(value), 0.5)
        estimators.accumulate(moments, ROW, one(value))
    assert (state.mean[0], state.count[0]) == (1.5, 2)
    assert estimators.full_variance(moments, ROW)[0] == pytest.approx(0.5)


def test_counts_are_halved_when_there_are_too_many() -> None:
    state = Histogram(1)
    state.counts[0, 167] = state.total[0] = percentile.HALVED_AT - 1
    percentile.observe(state, ROW, one(0.1095))
    assert state.counts[0, 167] == percentile.HALVED_AT == state.total[0]
    percentile.observe(state, ROW, one(0.1095))
    assert state.counts[0, 167] == percentile.HALVED_AT // 2 + 1
    assert state.total[0] == state.counts[0].sum()


def test_the_plateau_reads_as_its_middle() -> None:
    state = Histogram(1)
    for apr in [0.1095] * 80 + [-0.2] * 10 + [0.9] * 10:
        percentile.observe(state, ROW, one(apr))
    assert percentile.percentile(state, ROW, one(0.1095))[0] == pytest.approx(0.5)
    assert percentile.percentile(state, ROW, one(5.0))[0] == 1.0
    assert np.isnan(percentile.percentile(state, ROW, one(np.nan))[0])
    assert np.isnan(percentile.percentile(Histogram(1), ROW, one(0.1))[0])


def test_one_quantile_of_a_long_stream() -> None:
    estimate = P2Quantile(0.9)
    assert math.isnan(estimate.value)
    for number in range(5000):
        estimate.add((number * 7919 % 5000) / 5000)
    assert estimate.value == pytest.approx(0.9, abs=0.01)


def test_streaks_skip_zero_and_count_hours() -> None:
    state = Streak(1)
    for rate, hours in [(1 * BP, 8), (np.nan, 8), (0.0, 8), (2 * BP, 4)]:
        streak.update(state, ROW, one(rate), one(hours))
    assert (state.length[0], state.hours[0]) == (2, 12.0)
    streak.update(state, ROW, one(-BP), one(1.0))
    assert (state.length[0], state.hours[0]) == (-1, 1.0)


def test_settlements_in_line_missed_changed_and_repeated() -> None:
    state = Settlements(1)
    at = [0, 8, 8, 16, 32, 40, 41, 42, 44, 48]
    intervals = [8, 8, 8, 8, 8, 8, 1, 1, 1, 4]
    steps = [
        settlements.advance(state, ROW, np.array([START + t * HOUR_MS]), one(n))
        for t, n in zip(at, intervals, strict=True)
    ]
    told = [(bool(s.fresh[0]), bool(s.chained[0]), bool(s.changed[0]), bool(s.missed[0])) for s in steps]
    new, in_line, repeated = (True, False, False, False), (True, True, False, False), (False, False, False, False)
    hole, changed = (True, False, False, True), (True, False, True, False)
    assert told == [new, in_line, repeated, in_line, hole, in_line, changed, in_line, hole, changed]


def test_usual_intervals_are_recognised_within_ten_minutes() -> None:
    found = settlements.snapped_interval(np.array([8.1, 7.9, 3.0, 1.0, np.nan, 24.16]))
    assert found[[0, 1, 3, 5]].tolist() == [8.0, 8.0, 1.0, 24.0]
    assert np.isnan(found[[2, 4]]).all()


def test_realised_windows_wait_until_they_are_full_and_tell_gaps() -> None:
    state = Realised(1)
    for number in range(1, 10):
        if number != 8:
            realised.update(state, ROW, np.array([START + number * 8 * HOUR_MS]), one(BP), one(8.0))
    apr = realised.apr(state, ROW)[0]
    assert apr[0] == pytest.approx(2 * BP * 365)
    assert apr[1] == pytest.approx(8 * BP * 365 / 3)
    assert np.isnan(apr[2:]).all()
    assert realised.completeness(state, ROW)[0, :2] == pytest.approx([2 / 3, 8 / 9])


def test_a_ring_grows_when_the_interval_shrinks_and_empties_with_time() -> None:
    state, hours = Realised(1), 0
    for interval_h, count in [(8, 100), (1, 800)]:
        for _ in range(count):
            hours += interval_h
            realised.update(state, ROW, np.array([START + hours * HOUR_MS]), one(1e-5 * interval_h), one(interval_h))
    assert realised.apr(state, ROW)[0] == pytest.approx([1e-5 * 8760] * 4, rel=1e-6)
    assert len(realised.history(state, 0)[0]) == 720
    realised.expire(state, ROW, START + (hours + 800) * HOUR_MS)
    assert realised.apr(state, ROW)[0].tolist() == [0.0] * 4


@pytest.mark.parametrize("silence_days", [10, 16, 29, 31, 45, 46, 75, 91, 400])
def test_after_any_silence_only_what_is_inside_a_window_counts(silence_days: int) -> None:
    state, times = Realised(1), [START + number * 8 * HOUR_MS for number in range(1, 91)]
    times.append(times[-1] + silence_days * 24 * HOUR_MS)
    for time_ms in times:
        realised.update(state, ROW, np.array([time_ms]), one(BP), one(8.0))
    inside = [sum(t > times[-1] - days * 24 * HOUR_MS for t in times) for days in (1, 3, 7, 30)]
    assert state.total[0] == pytest.approx([BP * count for count in inside])
    assert realised.history(state, 0)[0].tolist() == times[-inside[3] :]


def test_mean_reversion_of_a_known_process() -> None:
    generator, state, x = np.random.default_rng(7), AutoRegression(1), 0.0
    for _ in range(20_000):
        x = 0.9 * x + generator.normal()
        autoregression.update(state, ROW, one(3e-5 + 1e-6 * x), 8.0, np.array([True]))
    fit = autoregression.fit(state, ROW)
    assert fit.phi[0] == pytest.approx(0.9, abs=0.01)
    assert fit.mean[0] == pytest.approx(3e-5, abs=2e-7)
    assert np.sqrt(fit.residual_variance[0]) == pytest.approx(1e-6, rel=0.03)
    assert fit.half_life_h[0] == pytest.approx(8 * math.log(0.5) / math.log(0.9), rel=0.15)


def test_a_plateau_has_no_mean_reversion_and_few_pairs_have_no_fit() -> None:
    state = AutoRegression(1)
    for _ in range(100):
        autoregression.update(state, ROW, one(1.25e-5), 8.0, np.array([True]))
    assert np.isnan(autoregression.fit(state, ROW).phi[0])
    state = AutoRegression(1)
    for number in range(60):
        autoregression.update(state, ROW, one(number % 3), 8.0, np.array([True]))
    assert np.isnan(autoregression.fit(state, ROW).phi[0])
    autoregression.update(state, ROW, one(1.0), 8.0, np.array([True]))
    assert np.isfinite(autoregression.fit(state, ROW).phi[0])


@pytest.mark.parametrize(("phi", "steps"), [(-0.2, 0.0), (0.0, 0.0), (0.5, 1.0), (1.0, np.inf), (1.2, np.inf)])
def test_half_life_at_the_edges(phi: float, steps: float) -> None:
    assert autoregression.half_life_steps(phi) == pytest.approx(steps)


def test_a_change_of_step_keeps_the_decay_per_hour() -> None:
    generator, state, x = np.random.default_rng(3), AutoRegression(1), 0.0
    for _ in range(500):
        x = 0.7 * x + generator.normal()
        autoregression.update(state, ROW, one(x), 8.0, np.array([True]))
    before = autoregression.fit(state, ROW)
    autoregression.rebase(state, ROW, one(1.0))
    after = autoregression.fit(state, ROW)
    assert after.phi[0] == pytest.approx(before.phi[0] ** (1 / 8), rel=0.01)
    assert after.half_life_h[0] == pytest.approx(before.half_life_h[0], rel=0.05)
    assert after.mean[0] == pytest.approx(before.mean[0], abs=0.02)


@pytest.mark.parametrize(
    ("apr", "proximity", "rank", "settled", "wanted"),
    [
        (0.5, 0.99, 0.5, 0, Regime.CAPPED),
        (1.2, 0.5, 0.5, 0, Regime.EXTREME_LONG),
        (0.35, 0.1, 0.995, 0, Regime.EXTREME_LONG),
        (0.2, 0.1, 0.995, 0, Regime.NEUTRAL),
        (-1.0, np.nan, np.nan, 0, Regime.EXTREME_SHORT),
        (-0.4, 0.1, 0.01, 0, Regime.EXTREME_SHORT),
        (0.25, 0.1, 0.9, 2, Regime.LONG_CROWDED),
        (-0.15, 0.1, 0.1, -2, Regime.SHORT_CROWDED),
        (0.25, 0.1, 0.9, 1, Regime.NEUTRAL),
        (0.1095, 0.03, 0.5, 0, Regime.PINNED),
        (np.nan, np.nan, np.nan, 0, Regime.UNKNOWN),
    ],
)
def test_regimes(apr: float, proximity: float, rank: float, settled: int, wanted: Regime) -> None:
    rate = one(apr / 1095)
    found = regime.label(rate, BP, one(proximity), one(apr), one(rank), np.array([settled]))
    assert Regime(found[0]) is wanted


def test_crowded_settlements_in_a_row_count_up_and_start_again() -> None:
    state, seen = Crowded(1), []
    for apr in (0.25, 0.3, np.nan, 0.1, -0.2, -0.2, 0.5):
        regime.settle(state, ROW, one(apr), 0.1095)
        seen.append(int(state.settlements[0]))
    assert seen == [1, 2, 2, 0, -1, -2, 1]


def test_cap_proximity_takes_the_bound_of_its_side() -> None:
    found = regime.cap_proximity(np.array([0.02, -0.01, 0.02, -0.01]), np.array([0.04, 0.04, np.nan, 0.04]), -0.02)
    assert found[[0, 1, 3]].tolist() == [0.5, 0.5, 0.5]
    assert np.isnan(found[2])


def test_breadth_counts_known_assets_only() -> None:
    above, negative = regime.breadth(np.array([2e-5, 1.25e-5, -1e-6, np.nan]))
    assert (above, negative) == pytest.approx((1 / 3, 1 / 3))
    assert math.isnan(regime.breadth(np.array([np.nan]))[0])


settlement = st.tuples(
    st.integers(0, 3),
    st.integers(1, 400),
    st.floats(-0.05, 0.05) | st.just(float("nan")),
    st.sampled_from([1.0, 4.0, 8.0]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(settlement, max_size=60))
def test_any_order_of_settlements_gives_figures_within_their_ranges(
    found: list[tuple[int, int, float, float]],
) -> None:
    state, rows = OwnHistory(4), np.arange(4)
    for row, hour, rate, interval_h in found:
        time_ms = np.array([START + hour * HOUR_MS])
        settled = own_history.settle(state, np.array([row]), time_ms, one(rate), one(interval_h))
        assert np.isnan(settled.z[0]) or abs(settled.z[0]) <= 20
        assert np.isnan(settled.percentile[0]) or 0 <= settled.percentile[0] <= 1
    fit = autoregression.fit(state.autoregression, rows, at_least=2)
    assert not np.isinf(fit.phi).any()
    assert not (fit.residual_variance < 0).any()
    assert not np.isinf(realised.apr(state.realised, rows)).any()
    share = realised.completeness(state.realised, rows)
    assert np.all(np.isnan(share) | ((share >= 0) & (share <= 1)))


@settings(max_examples=30, deadline=None)
@given(st.lists(settlement, max_size=40))
def test_in_batches_or_one_by_one_it_is_the_same_to_the_byte(found: list[tuple[int, int, float, float]]) -> None:
    single, batched = OwnHistory(4), OwnHistory(1)
    batched.grow(4)
    for row, hour, rate, interval_h in found:
        time_ms = np.full(4, START + hour * HOUR_MS)
        rates = np.where(np.arange(4) == row, rate, np.nan)
        own_history.settle(single, np.array([row]), time_ms[:1], one(rate), one(interval_h))
        own_history.settle(batched, np.arange(4), time_ms, rates, np.full(4, interval_h))
    again = OwnHistory()
    again.restore(single.arrays())
    for name, column in batched.arrays().items():
        if not name.startswith("realised.times") and not name.startswith("realised.rates"):
            assert column.tobytes() == single.arrays()[name].tobytes() == again.arrays()[name].tobytes(), name
