"""Worked examples of methodology §5 and §6: leverage, purges, basis, data quality, sizing, liquidation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fundtui.imbalance import (
    basis,
    exhaustion,
    liquidation,
    parity,
    presettlement,
    pressure,
    purge,
    quality,
    regime,
    sizing,
)
from fundtui.imbalance.pressure import QUADRANT_TEXT, Quadrant
from tests.imbalance.vectors import Check, needs_vectors, run

BP = 1e-4
COMPONENTS = ("funding", "oi", "premium", "oi_vol", "cap")


def turnover(given: Any) -> Any:
    ratio, hours = pressure.oi_to_volume(given["oi"], given["vol24h"])
    return {"oi_to_volume": ratio, "turnover_hours": hours}


def quadrants(given: Any) -> Any:
    codes = pressure.quadrant(np.array(given["dlnOI"]), np.array(given["ret"]))
    return [QUADRANT_TEXT[Quadrant(code)] for code in codes]


def crowding(given: Any) -> Any:
    assert list(given["weights"].values()) == list(pressure.WEIGHTS.values())
    values = [given["components"][name] for name in COMPONENTS]
    without_oi = [math.nan if "oi" in name else value for name, value in zip(COMPONENTS, values, strict=True)]
    score, score_without = pressure.crowding_score(np.array([values, without_oi]).T)
    return {"score": score, "score_without_oi": score_without}


def purged(given: Any) -> Any:
    oi_change = math.log(given["oi"] / given["oi_prev"])
    excursion = math.log(given["low"] / given["price_prev"])
    z_oi, z_price, severity = purge.scores(oi_change, given["ewma_sd_oi"], excursion, given["ewma_sd_ret"])
    return {
        "z_oi": z_oi,
        "z_px": z_price,
        "severity": severity,
        "dlnOI": oi_change,
        "excursion": excursion,
        "oi_drop_pct": math.expm1(oi_change),
    }


def oi_drop(given: Any) -> Any:
    state = purge.Purge(1)
    state.event_oi_before[0] = given["oi_prev"]
    return {"oi_drop_pct": purge.leverage_reset(state, np.array([0]), np.array([given["oi"]]))[0]}


def before_settlement(given: Any) -> Any:
    change = np.array([[given["dlnOI_window"], math.log(given["vol_window"])]])
    mean = np.array([[given["baseline_mean"], given["baseline_ln_vol_mean"]]])
    sd = np.array([[given["baseline_sd"], given["baseline_ln_vol_sd"]]])
    z = presettlement.scores(change, mean, sd)[0]
    return {"z_oi": z[0], "z_vol": z[1]}


def convergence(given: Any) -> Any:
    level, mean, within = (given[name] * BP for name in ("basis_bp", "mean_bp", "eps_bp"))
    kappa = math.log(2) / given["half_life_h"]
    return {
        "z": basis.z_score(level, mean, given["sd_bp"] * BP),
        "time_to_converge_h": basis.hours_to_converge(level, mean, kappa, within),
    }


def dated(given: Any) -> Any:
    found = basis.dated(given["F"], given["S"], given["days"])
    return {
        "simple_ann": found.simple_apr,
        "log_ann": found.log_apr,
        "cumulative_pct": found.basis * 100,
        "implied_avg_funding_8h": found.implied_funding_8h,
    }


def staleness(given: Any) -> Any:
    ratio = quality.staleness(given["age_s"], given["cadence_s"])
    return {"ratio": ratio, "quality": quality.freshness(ratio)}


def depeg(given: Any) -> Any:
    prices = given["mark_usdt"], given["mark_usdc"]
    adjusted = parity.log_difference(*prices, given["usdt_usd"], given["usdc_usd"])
    return {"raw_bp": parity.log_difference(*prices) / BP, "adjusted_bp": adjusted / BP}


def kelly(given: Any) -> Any:
    full, used = sizing.kelly(given["mu_ann"], given["sigma_ann"], given["fraction"], given["cap"])
    return {"full": full, "used": used}


def liquidated(given: Any) -> Any:
    price, spread, days = given["price"], given["sigma_d"], given["days"]
    long = liquidation.long_price(price, given["L"], given["mmr"])
    short = liquidation.short_price(price, given["L"], given["mmr"])
    return {
        "long": long,
        "short": short,
        "dist_long_pct": liquidation.distance(price, long),
        "dist_short_pct": liquidation.distance(price, short),
        "touch_long": liquidation.touch_probability(price, long, spread, days),
        "touch_short": liquidation.touch_probability(price, short, spread, days),
    }


def liquidated_inverse(given: Any) -> Any:
    arguments = given["price"], given["L"], given["mmr"], True
    return {"long": liquidation.long_price(*arguments), "short": liquidation.short_price(*arguments)}


CHECKS: dict[str, Check] = {
    "R1_oi_turnover": turnover,
    "R2_cap_proximity": lambda v: {"proximity": regime.cap_proximity(v["f"], v["cap"], v["floor"])},
    "R3_quadrant": quadrants,
    "R4_crowding": crowding,
    "R5_purge_SOL_2025-10-10T22Z": purged,
    "R5b_purge_BTC_OI_bybit_2025-10-10T22Z": oi_drop,
    "R6_presettlement": before_settlement,
    "R7_basis_convergence": convergence,
    "R8_dated_basis": dated,
    "R9_utilisation_gmx": lambda v: {
        "usage": exhaustion.pool_usage(v["reserved"], v["max_reserve"], v["oi"], v["max_oi"])
    },
    "R10_staleness": staleness,
    "R11_quote_depeg": depeg,
    "S1_vol_target": lambda v: sizing.volatility_target(v["equity"], v["pnl_vol_per_notional"], v["target_vol"]),
    "S2_kelly": kelly,
    "S3_liquidation": liquidated,
    "S4_liquidation_inverse": liquidated_inverse,
    "S5_max_leverage": lambda v: liquidation.largest_leverage(v["sigma_d"], v["days"], v["mmr"], v["p"]),
    "S6_basis_stop": lambda v: {"stop_bp": sizing.basis_stop(v["entry_bp"], v["sd_bp"], spreads=v["k"])},
    "S7_flip_exit": lambda v: {"exit_now": bool(sizing.leaves_by_expectation(v["hold_again_bp"], v["exit_cost_bp"]))},
}


@needs_vectors
@pytest.mark.parametrize("key", CHECKS)
def test_vector(key: str) -> None:
    run(key, CHECKS)
