"""Worked examples of methodology §4: settlement counts, expected sums, costs, break-even, worst case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fundtui.imbalance import carry, costs, parity
from fundtui.imbalance.carry import Leg
from fundtui.imbalance.rows import Floats
from tests.imbalance.vectors import Check, needs_vectors, run

BP = 1e-4
A5 = {"mark_short": 68102.0, "mark_long": 68068.0}


def counted(given: Any) -> Any:
    return [carry.settlement_count(np.array(given["next_h"]), np.array(given["N"]), hours) for hours in given["H"]]


def expected(given: Any) -> Any:
    n = given["n"]
    return {
        "mean": carry.expected_sum(given["f1"], given["mu"], given["phi"], n),
        "flat": carry.expected_sum(given["f1"], given["mu"], 1.0, n),
        "sd_if_s_eps_1.5e-4": np.sqrt(carry.sum_variance(1.5e-4, given["phi"], n)),
    }


def impacts(given: Any) -> Any:
    return costs.impact(given["sigma_d"], given["Q"], np.array(given["V_day"]), given["Y"])


def round_trip(given: Any) -> Any:
    fees = given["fee_short"] + given["fee_long"]
    spreads = given["half_spread_short"] + given["half_spread_long"]
    cost = costs.round_trip(fees, spreads, given["impact_short"] + given["impact_long"])
    return {"fraction": cost, "bp": cost / BP}


def entry_basis(given: Any) -> Any:
    basis = parity.log_difference(given["mark_short"], given["mark_long"])
    return {"log_basis": basis, "bp": basis / BP}


def legs_of(given: Any) -> tuple[Leg, Leg]:
    short, long = (given["legs"][side] for side in ("short", "long"))
    return tuple(Leg(leg["next_h"], leg["N"], leg["f1"], leg["mu"], leg["phi"]) for leg in (short, long))  # type: ignore[return-value]


def reached_before(legs: tuple[Leg, Leg], cost: float, gain: float = 0.0) -> float:
    """First event at which what was paid *before* it covers the cost: the reading of the worked examples.

    Their event times are cut to nine decimals, which for thirds of an hour is just before the payment.
    """
    times, flows = carry.merged_flows(*legs)
    before = np.cumsum(flows, axis=1) - flows + gain
    instants = np.unique(times[np.isfinite(times)])
    sums = {float(t): before[0][times[0] == t][0] for t in instants}
    return next(t for t, paid in sums.items() if paid >= cost)


def pair(given: Any) -> Any:
    legs, cost = legs_of(given), given["rt_cost"]
    hours = np.array(given["H"], float)
    gain = float(entry_basis(A5)["log_basis"])
    return {
        "gross": carry.gross(*legs, hours),
        "naive_apr_x_t": (legs[0].first - legs[1].first / 8) * hours,
        "net_72h": carry.gross(*legs, 72.0) - cost,
        "break_even_h": reached_before(legs, cost),
        "break_even_h_with_basis_5bp": reached_before(legs, cost, gain),
    }


def persistent_pair(given: Any) -> Any:
    legs, cost = legs_of(given), given["rt_cost"]
    net = carry.gross(*legs, 72.0) - cost
    capital = costs.capital_perp_perp(5.0, 5.0)
    return {
        "gross_24": carry.gross(*legs, 24.0),
        "break_even_h": reached_before(legs, cost),
        "net_72h": net,
        "net_apr_72h_on_notional": carry.annualised(net, 72.0),
        "capital_fraction_L5_buffer20": capital,
        "net_apr_72h_on_capital": carry.annualised(net, 72.0, capital),
    }


def cash_and_carry(given: Any) -> Any:
    count = carry.settlement_count(given["next_h"], given["N"], given["H"])
    gross = carry.expected_sum(given["f1"], given["mu"], given["phi"], count)
    net = carry.cash_and_carry_net(gross, given["costs"], given["opportunity_rate"], given["H"])
    return {"n": count, "gross": gross, "net": net}


def worst(given: Any) -> Floats:
    mean = carry.expected_sum(given["f1"], given["mu"], given["phi"], given["n"])
    return carry.fifth_percentile(mean, np.sqrt(carry.sum_variance(given["s_eps"], given["phi"], given["n"])))


CHECKS: dict[str, Check] = {
    "A1_settlement_count": counted,
    "A2_expected_sum": expected,
    "A3_impact_sqrt": impacts,
    "A4_round_trip_cost": round_trip,
    "A5_entry_basis": entry_basis,
    "A6_pair": pair,
    "A7_pair_persistent": persistent_pair,
    "A8_no_break_even_bound": lambda v: {"sup_of_cum": carry.bound(v["d1"], v["phi"])},
    "A9_cash_and_carry": cash_and_carry,
    "A10_worst_case_5pct": worst,
}


@needs_vectors
@pytest.mark.parametrize("key", CHECKS)
def test_vector(key: str) -> None:
    run(key, CHECKS)
