"""Worked examples of methodology §1 and §2: units, unit traps, premium, kernel, averaging, projection, bands."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from fundtui import units
from fundtui.imbalance import excess, formula, projection, sampling, theory, tiers, twap
from fundtui.imbalance.theory import Kernel
from fundtui.imbalance.twap import Averaging, Twap
from fundtui.market import Family, FundingRule, Kind
from fundtui.venues import kraken_futures, lighter
from tests.imbalance.vectors import Check, needs_vectors, run

BP = 1e-4
RULES = {"A": FundingRule(family=Family.NORMALISED, interest_8h=BP, damper=5 * BP)}
EIGHT_HOURS = theory.kernel_parameters(RULES["A"], 8.0, cap=3e-3, floor=-3e-3, rate_period_h=8.0)
BOTH = np.array([0, 1])


def normalised(given: Any) -> Any:
    return norm(given["rate"], given["interval_h"])


def norm(rate: float, interval_h: float) -> Any:
    hourly = units.hourly(rate, interval_h)
    apy = units.apy(rate, interval_h)
    return {"per_hour": hourly, "per_8h": 8 * hourly, "apr": units.apr(hourly), "apy": apy}


def lighter_history(given: Any) -> Any:
    row = {"timestamp": 3600, "rate": str(given["rate_percent_per_hour"]), "direction": given["direction"]}
    settlement = lighter._history_read(json.dumps({"code": 200, "fundings": [row]}).encode(), "BTC")[0]
    return {"per_hour": units.hourly(settlement.rate, settlement.interval_h)}


def deribit(given: Any) -> Any:
    hourly = units.hourly(given["current_funding_8h"], 8.0)
    return {"per_hour": hourly, "apr": units.apr(hourly)}


def impact(given: Any) -> Any:
    return theory.impact_premium(given["impact_bid"], given["impact_ask"], given["index"])


def soft_of_mid(given: Any) -> Any:
    mid, index = np.array([given["mid"]]), np.array([given["index"]])
    missing = np.array([np.nan])
    delta = np.array([given["half_impact_spread"] / given["index"]])
    value, tier = tiers.premium(missing, missing, missing, mid, index, delta)
    assert tier[0] == 3
    return value[0]


def kernel_of(given: Any) -> Kernel:
    return Kernel(given["s"], given["I"], given["c"], given["j"], given["lo"], given["hi"], 8.0)


def kernel(given: Any) -> Any:
    return theory.funding(given["A"], kernel_of(given))


def identity(_: Any) -> Any:
    premium = np.linspace(-0.01, 0.01, 4001)
    clamped = premium + np.clip(BP - premium, -5 * BP, 5 * BP)
    return np.max(np.abs(clamped - theory.funding(premium, EIGHT_HOURS._replace(cap=np.inf, floor=-np.inf))))


def hyperliquid(given: Any) -> Any:
    premium, settled = np.array(given["premium_and_settled_rate"]).T
    rates = theory.funding(premium, kernel_of(given["kernel"]))
    return {"theory": rates, "max_abs_error": np.max(np.abs(rates - settled))}


def inverted(given: Any) -> Any:
    lowest, highest = theory.invert(given["f"], theory.kernel_parameters(RULES[given["family"]], given["N"]))
    return [lowest, highest]


def weights(given: Any) -> Any:
    # A venue's n-th of five samples stands for the time from (n − 1) to n: a flat piece, seen from both of its ends.
    state, codes = Twap(2), np.array([Averaging.UNIFORM, Averaging.LINEAR])
    for number, level in enumerate(given["P_bp"]):
        for x_h in (number + 1e-12 * (number > 0), number + 1):
            twap.update(state, BOTH, np.full(2, float(x_h)), np.full(2, level * BP), 2.0)
    uniform, _ = twap.average(state, BOTH, codes, 5.0).premium
    # The discrete rule n·P_n/Σn weighs a piece with its end, the exact integral with its middle.
    count = len(given["P_bp"])
    _, linear = twap.average(state, BOTH, codes, 5.0).premium
    discrete = (linear * count**2 / 2 + uniform * count / 2) / (count * (count + 1) / 2)
    return {"linear": discrete, "uniform": uniform}


def averaged(given: Any) -> Any:
    state, codes = Twap(2), np.array([Averaging.UNIFORM, Averaging.LINEAR])
    for x_h, level in given["x_hours_P_bp"]:
        twap.update(state, BOTH, np.full(2, float(x_h)), np.full(2, level * BP), given.get("gap_h", 2.1))
    premium, so_far, settle = twap.average(state, BOTH, codes, given["N"])
    return {
        "uniform": premium[0],
        "linear": premium[1],
        "cov_uniform_so_far": so_far[0],
        "cov_linear_so_far": so_far[1],
        "cov_uniform_settle": settle[0],
        "cov_linear_settle": settle[1],
    }


def projected(given: Any, *, linear: bool) -> Any:
    return projection.project(
        given["A_obs_bp"] * BP,
        given["x_h"],
        given["P_now_bp"] * BP,
        given["mu_bp"] * BP,
        projection.decay_rate(given["half_life_h"]),
        given["N"],
        linear,
    )


def projected_linear(given: Any) -> Any:
    average = projected(given, linear=True)
    return {"A_T": average, "F_T": projection.projected_rate(average, EIGHT_HOURS)}


def band(given: Any) -> Any:
    return theory.band(given["A_bp"] * BP, given["eps_bp"] * BP, EIGHT_HOURS)


def sampling_error(given: Any) -> Any:
    arguments = given["sigma_bp_per_sqrt_h"] ** 2, given["poll_s"] / 3600.0, given["T_h"]
    return {
        "trapezoid": sampling.sampling_error(*arguments),
        "hold": sampling.sampling_error(*arguments, hold=True),
    }


def fair_premium(given: Any) -> Any:
    rule = FundingRule(family=Family.NORMALISED, interest_8h=given["I_bp"] * BP, damper=given["c_bp"] * BP)
    return excess.fair_premium(given["r_quote"], 0.0, theory.kernel_parameters(rule, given["N"]))


def divergence(given: Any) -> Any:
    published, average = np.array([given["f_pub"]]), np.array([given["A_est_bp"] * BP])
    found = formula.record(published, average, given["eps_bp"] * BP, np.ones(1), EIGHT_HOURS)
    assert not found.real[0]
    return {
        "F_theory": found.theory[0],
        "D_form_bp_8h": found.distance[0] / BP,
        "band_bp": found.error[0] / BP,
        "t_stat": found.t[0],
    }


CHECKS: dict[str, Check] = {
    "U1": normalised,
    "U2": normalised,
    "U3": normalised,
    "U4_kraken_absolute_linear": lambda v: {
        "per_hour": kraken_futures.relative(v["absolute_usd_per_base_per_hour"], v["index"], Kind.LINEAR)
    },
    "U5_kraken_absolute_inverse": lambda v: {
        "per_hour": kraken_futures.relative(v["absolute_base_per_usd_per_hour"], v["spot"], Kind.INVERSE)
    },
    "U6_lighter_percent": lighter_history,
    "U7_deribit": deribit,
    "U8_dydx_v4_hourly": lambda v: norm(v["nextFundingRate"], 1.0),
    "T1_impact_premium": impact,
    "T1b_impact_premium_discount": impact,
    "T1c_impact_premium_straddle": impact,
    "T2_soft_of_mid": soft_of_mid,
    "F1_8h_A=12bp": kernel,
    "F2_8h_dead_band": kernel,
    "F3_8h_A=-9bp": kernel,
    "F4_4h_family_A": kernel,
    "F5_4h_family_B": kernel,
    "F6_1h_hyperliquid": kernel,
    "F7_deribit_8h": kernel,
    "F8_dydx_1h": kernel,
    "F9_drift_1h_capped": kernel,
    "F10_okx_norate": kernel,
    "F_identity_max_abs_diff": identity,
    "G1_hyperliquid_real": hyperliquid,
    "F11_invert_outside_band": inverted,
    "F12_invert_in_band": inverted,
    "W1_linear_weights": weights,
    "W2_trapezoid_full": averaged,
    "W3_mid_interval_start": averaged,
    "W4_gap_not_bridged": averaged,
    "P1_projection_linear": projected_linear,
    "P2_projection_uniform": lambda v: {"A_T": projected(v, linear=False)},
    "E1_band_outside": band,
    "E2_band_inside": band,
    "E3_band_edge": band,
    "E4_sampling_sd_bp": sampling_error,
    "C1_carry_rate": lambda v: excess.carry_rate(v["r_quote"], v["r_base"], v["N"]),
    "C2_fair_premium_under_damper": fair_premium,
    "C3_FS_ratio_no_damper": lambda v: {
        "F_over_S": excess.frictionless_ratio(v["r_minus_rb"], 0.0, v["kappa_per_year"], v["iota"])
    },
    "C4_FS_ratio_AHJ": lambda v: {
        "F_over_S": excess.frictionless_ratio(v["r_a"], v["r_b"], v["kappa_per_year"], v["iota_per_year"])
    },
    "C5_excess_funding": lambda v: {"excess_apr": excess.excess_carry(units.hourly(v["f_8h"], 8.0), v["r_quote"], 0.0)},
    "D1_divergence": divergence,
}


@needs_vectors
@pytest.mark.parametrize("key", CHECKS)
def test_vector(key: str) -> None:
    run(key, CHECKS)


def test_the_smallest_rates_are_still_told_apart() -> None:
    # A tolerance of 1e-12 would pass a wrong rate of 1e-13; the examples' rates are all far above it.
    assert math.isclose(float(kernel({"A": 9.1e-5, "I": 0, "c": 0, "s": 1, "j": 0, "lo": -1, "hi": 1})), 9.1e-5)
