"""Worked examples of methodology §3: cross-section, own history, persistence, mean reversion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fundtui.imbalance import autoregression, concentration, estimators, percentile, skew, streak
from fundtui.imbalance.autoregression import AutoRegression
from fundtui.imbalance.estimators import Ewma, Welford
from fundtui.imbalance.percentile import P2Quantile
from fundtui.imbalance.segments import segments
from fundtui.imbalance.streak import Streak
from fundtui.units import HOURS_PER_YEAR
from tests.imbalance.vectors import Check, needs_vectors, run

ROW = np.array([0])


def cross_section(given: Any) -> Any:
    hourly, oi = np.array(given["hourly"]), np.array(given["oi_usd"])
    groups = segments(np.array([len(hourly)]))
    found = skew.cross_section(groups, hourly, skew.weights(groups, oi))
    spread = concentration.concentration(groups, oi)
    scale = (hourly - found.median[0])[1:] / found.z[1:]
    return {
        "oi_weighted_mean": found.mean[0],
        "weighted_median": found.consensus[0],
        "median": found.median[0],
        "mad": scale[-1] / skew.MAD_TO_SIGMA,
        "robust_z": found.z,
        "spread": found.spread[0],
        "spread_apr": found.spread[0] * HOURS_PER_YEAR,
        "hi": given["venues"][found.highest[0]],
        "lo": given["venues"][found.lowest[0]],
        "weighted_sd": found.dispersion[0],
        "gini": spread.gini[0],
        "gini_unbiased": spread.gini_unbiased[0],
        "hhi": spread.hhi[0],
        "n_eff": spread.effective[0],
        "loo_consensus": hourly - found.skew,
        "deviation_loo": found.skew,
        "sign_disagreement_oi_share": found.disagreement[0],
        "funding_flow_usd_per_h": concentration.funding_flow(groups, hourly, oi)[0],
        "excess_over_interest_apr": concentration.excess_over_interest(found.mean)[0],
    }


def flat_cross_section(given: Any) -> Any:
    hourly = np.array(given["hourly"])
    groups = segments(np.array([len(hourly)]))
    found = skew.cross_section(groups, hourly, skew.weights(groups, np.ones(len(hourly))))
    scale = (hourly[-1] - found.median[0]) / found.z[-1]
    mad = np.median(np.abs(hourly - found.median[0]))
    return {"mad": mad, "scale_used": scale, "robust_z": found.z}


def ewma(given: Any) -> Any:
    state, found = Ewma(1), []
    for number, value in enumerate(given["x"]):
        z = estimators.score(state, ROW, np.array([value]), warm_up=0)[0]
        estimators.update(state, ROW, np.array([value]), given["alpha"])
        if number:
            found.append([state.mean[0], state.variance[0], z])
    # The example's last z is not clipped to the ±20 that are shown: without the bound it is (x − m)/√v before.
    mean, variance = found[-2][:2]
    assert found[-1][2] == estimators.LARGEST_Z
    found[-1][2] = (given["x"][-1] - mean) / np.sqrt(variance)
    return found


def welford(given: Any) -> Any:
    state = Welford(1)
    for value in given["x"]:
        estimators.accumulate(state, ROW, np.array([value]))
    variance = estimators.full_variance(state, ROW)[0]
    return {"n": state.count[0], "mean": estimators.full_mean(state, ROW)[0], "var": variance}


def quantile(given: Any) -> Any:
    estimate = P2Quantile(0.5)
    for value in given["obs"]:
        estimate.add(value)
    return {"p2": estimate.value, "exact": np.median(given["obs"])}


def ar1(given: Any) -> Any:
    state = AutoRegression(1)
    for value in given["x"]:
        autoregression.update(state, ROW, np.array([value]), 1.0, np.array([True]))
    fit = autoregression.fit(state, ROW, at_least=1)
    return {
        "phi": fit.phi[0],
        "c": fit.intercept[0],
        "mu": fit.mean[0],
        "s2_mle": fit.residual_variance[0],
        "half_life_steps": fit.half_life_steps[0],
        "phi_bias_corrected": fit.phi_corrected[0],
        "se_phi": fit.phi_error[0],
    }


def hourly_phi(given: Any) -> Any:
    phi, hours = given["phi"], given["N"]
    return {
        "phi_hour": autoregression.hourly_phi(phi, hours),
        "kappa_per_h": autoregression.decay_per_h(phi, hours),
        "half_life_h": autoregression.half_life_steps(phi) * hours,
    }


def signed_streak(given: Any) -> Any:
    state = Streak(1)
    for rate in given["r"]:
        streak.update(state, ROW, np.array([rate]), np.array([8.0]), given["eps"])
    return state.length[0]


CHECKS: dict[str, Check] = {
    "X1_cross_section": cross_section,
    "X2_mad_zero_fallback": flat_cross_section,
    "H1_ewma": ewma,
    "H1b_alpha_from_halflife": lambda v: estimators.gain(v["dt_h"], v["half_life_h"]),
    "H2_welford": welford,
    "H3_midrank_percentile": lambda v: percentile.midrank(np.array([v["counts"]]), np.array([v["bin"]]))[0],
    "H4_asinh_bins": lambda v: percentile.bin_of(np.array(v["apr"])),
    "H5_P2_median_JainChlamtac": quantile,
    "H6_ar1": ar1,
    "H7_phi_to_hourly": hourly_phi,
    "H8_streak": signed_streak,
}


@needs_vectors
@pytest.mark.parametrize("key", CHECKS)
def test_vector(key: str) -> None:
    run(key, CHECKS)
