"""The incremental estimators against statsmodels' figures and against plain recomputation, on real settled rates."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fundtui.imbalance import autoregression, estimators, percentile, realised, streak
from fundtui.imbalance.autoregression import AutoRegression
from fundtui.imbalance.estimators import Ewma, Welford
from fundtui.imbalance.percentile import Histogram
from fundtui.imbalance.realised import Realised
from fundtui.imbalance.streak import Streak
from fundtui.imbalance.theory import funding, kernel_parameters
from fundtui.market import Family, FundingRule
from fundtui.units import HOUR_MS, HOURS_PER_YEAR
from tests.imbalance.series import all_series, read, reference
from tests.imbalance.vectors import HISTORY, needs_history

ROW = np.array([0])
STATS = HISTORY / "reference_stats.json"
NAMES = [name for name in json.loads(STATS.read_text()) if "/" in name] if STATS.exists() else []
A_FEW = ["2020_2026/binance/BTC", "2020_2023/dydx/ETH", "2025_2026/hyperliquid/INJ"]


@needs_history
@pytest.mark.parametrize("name", NAMES)
def test_ar1_welford_and_runs_equal_the_reference(name: str) -> None:
    rates, wanted = all_series()[name].rates, reference()[name]
    fit, moments, signs = AutoRegression(1), Welford(1), Streak(1)
    longest = [0, 0]
    for rate in rates:
        value = np.array([rate])
        autoregression.update(fit, ROW, value, wanted["interval_h"], np.array([True]))
        estimators.accumulate(moments, ROW, value)
        streak.update(signs, ROW, value, np.array([8.0]), epsilon=0.0)
        longest = [max(longest[0], signs.length[0]), min(longest[1], signs.length[0])]
    found = autoregression.fit(fit, ROW)
    assert moments.count[0] == wanted["n"]
    assert found.phi[0] == pytest.approx(wanted["ar1_phi"], rel=1e-9, abs=1e-11)
    assert found.intercept[0] == pytest.approx(wanted["ar1_c"], rel=1e-8)
    assert found.half_life_h[0] == pytest.approx(wanted["half_life_h"], rel=1e-8)
    assert moments.mean[0] == pytest.approx(wanted["mean"], rel=1e-11)
    assert np.sqrt(estimators.full_variance(moments, ROW)[0]) == pytest.approx(wanted["sd"], rel=1e-11)
    assert longest == [wanted["longest_positive_run"], -wanted["longest_negative_run"]]


@needs_history
@pytest.mark.parametrize("name", NAMES)
def test_each_reference_quantile_lies_within_its_bin(name: str) -> None:
    rates, wanted = all_series()[name].rates, reference()[name]
    apr = rates / wanted["interval_h"] * HOURS_PER_YEAR
    state = Histogram(1)
    for value in apr:
        percentile.observe(state, ROW, np.array([value]))
    assert state.total[0] == wanted["n"]
    for share, quantile in wanted["q"].items():
        own = percentile.bin_of(quantile / wanted["interval_h"] * HOURS_PER_YEAR)
        below, counted = state.counts[0, :own].sum(), state.counts[0, own]
        # numpy's quantile may fall between two observations, so one observation of slack on each side.
        assert below - 1 <= float(share) * (wanted["n"] - 1) <= below + counted + 1


@needs_history
@pytest.mark.parametrize("name", A_FEW)
def test_percentile_equals_the_mid_rank_of_a_full_recount(name: str) -> None:
    rates, hours = all_series()[name].rates[:3000], reference()[name]["interval_h"]
    apr = rates / hours * HOURS_PER_YEAR
    state = Histogram(1)
    for value in apr:
        percentile.observe(state, ROW, np.array([value]))
    edges = np.sinh((np.arange(258) / 257 * 16) - 8) * 0.02
    for probe in (-0.3, 0.0, 0.05, 0.2, 1.5):
        number = np.searchsorted(edges, probe, side="right") - 1
        inside = (apr >= edges[number]) & (apr < edges[number + 1])
        wanted = (np.sum(apr < edges[number]) + 0.5 * inside.sum()) / len(apr)
        assert percentile.percentile(state, ROW, np.array([probe]))[0] == pytest.approx(wanted, abs=1e-12)


@needs_history
@pytest.mark.parametrize("name", A_FEW)
def test_exponential_mean_and_variance_equal_the_weighted_sums(name: str) -> None:
    rates = all_series()[name].rates[:1500]
    weight, state = float(estimators.gain(8.0)), Ewma(1)
    for value in rates:
        estimators.update(state, ROW, np.array([value]), weight)
    # Weights of ewm(adjust=False): the first value keeps (1 − a)^n, each later one a·(1 − a)^age.
    age = np.arange(len(rates) - 1, -1, -1)
    weights = (1 - weight) ** age * np.where(age == len(rates) - 1, 1.0, weight)
    mean = np.sum(weights * rates)
    assert weights.sum() == pytest.approx(1.0)
    assert state.mean[0] == pytest.approx(mean, rel=1e-11)
    assert state.variance[0] == pytest.approx(np.sum(weights * (rates - mean) ** 2), rel=1e-9)


@needs_history
def test_realised_windows_equal_a_full_sum_for_three_intervals_at_once() -> None:
    chosen = [all_series()[name] for name in ("2025_2026/binance/BTCUSDT", "2025_2026/bybit/TIAUSDT", A_FEW[2])]
    hours = np.array([8.0, 4.0, 1.0])
    state, places = Realised(3), [0, 0, 0]
    last = int(chosen[0].times[300])
    for now in range(int(chosen[0].times[0]), last + 1, HOUR_MS):
        rows = [i for i, one in enumerate(chosen) if places[i] < len(one.times) and one.times[places[i]] <= now]
        if rows:
            index = np.array(rows)
            times = np.array([chosen[i].times[places[i]] for i in rows])
            rates = np.array([chosen[i].rates[places[i]] for i in rows])
            realised.update(state, index, times, rates, hours[index])
            for i in rows:
                places[i] += 1
    found, full = realised.apr(state, np.arange(3)), realised.completeness(state, np.arange(3))
    for i, one in enumerate(chosen):
        until = int(state.last_min[i]) * 60_000
        for column, window_h in enumerate((24, 72, 168, 720)):
            inside = (one.times > until - window_h * HOUR_MS) & (one.times <= until)
            wanted = one.rates[inside].sum() * HOURS_PER_YEAR / window_h
            assert found[i, column] == pytest.approx(wanted, rel=1e-6, abs=1e-9)
            assert full[i, column] == pytest.approx(min(inside.sum() * hours[i] / window_h, 1.0))


@needs_history
def test_the_kernel_reproduces_every_settled_rate_of_hyperliquid() -> None:
    rows = read("hyperliquid_funding_premium_2024_2025_BTC_ETH.csv.gz")
    rates, premiums = (np.array([float(row[name]) for row in rows]) for name in ("rate", "premium"))
    rule = FundingRule(family=Family.NORMALISED, interest_8h=1e-4, damper=5e-4, cap=0.04, floor=-0.04)
    error = np.abs(funding(premiums, kernel_parameters(rule, 1.0)) - rates)
    assert len(error) == 24_384
    assert error.max() <= 1e-10
