"""Carry of a pair at real settlement times: sums, costs, break-even, worst case, score, ladder (methodology §4)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundtui.imbalance import carry, costs, pricing
from fundtui.imbalance.carry import Leg
from fundtui.imbalance.ladder import FlowKind, ladder
from fundtui.units import HOUR_MS

BP = 1e-4
COST = 22.212022659166596 * BP
HYPERLIQUID = Leg(1 / 3, 1.0, 2e-4, 1e-4, 0.97)
BINANCE = Leg(10 / 3, 8.0, 1e-4, 0.6e-4, 0.70)
FLAT = Leg(1.0, 1.0, BP, BP, 1.0, 0.0, -1e-3, 1e-3)
SPOT = carry.spot_leg(1)


@pytest.mark.parametrize(
    ("next_h", "interval_h", "horizon_h", "count"),
    [(2.0, 8.0, 1.9, 0), (2.0, 8.0, 2.0, 1), (2.0, 8.0, 9.99, 1), (2.0, 8.0, 10.0, 2), (0.0, 1.0, 24.0, 25)],
)
def test_a_settlement_at_the_horizon_counts(next_h: float, interval_h: float, horizon_h: float, count: int) -> None:
    assert carry.settlement_count(next_h, interval_h, horizon_h) == count


def test_thirds_of_an_hour_are_counted_at_their_own_time() -> None:
    times = np.arange(1 / 3, 200.0)
    assert carry.settlement_count(1 / 3, 1.0, times).tolist() == list(range(1, 201))


def test_expected_sum_adds_up_the_decaying_rates() -> None:
    rates = [1 + 3 * 0.8**k for k in range(9)]
    assert carry.expected_sum(4.0, 1.0, 0.8, 9) == pytest.approx(sum(rates))
    assert carry.expected_sum(4.0, 1.0, 0.8, 0) == 0.0
    assert carry.expected_sum(4.0, 1.0, -0.5, 2) == pytest.approx(4 + 1 - 1.5)


@pytest.mark.parametrize("phi", [-0.3, 0.0, 0.8, 0.99, 0.9999, 1.0])
def test_variance_of_the_sum_equals_its_simulation_weights(phi: float) -> None:
    # Each later shock moves its own and all following settlements: weights 1 + φ + φ² + ...
    weights = [sum(phi**k for k in range(j)) for j in range(1, 30)]
    assert carry.sum_variance(2.0, phi, 30) == pytest.approx(4 * sum(w * w for w in weights), rel=1e-10)
    assert carry.sum_variance(2.0, phi, 1) == 0.0


def test_break_even_is_the_event_that_pays_the_cost() -> None:
    # 14 hourly payments are 25.57 bp and two of the other leg 1.88 bp: 23.7 bp at 13 h 20 min. Thirteen are not enough.
    short, long = (carry.gross(HYPERLIQUID, BINANCE, 40 / 3 - early) for early in (0.0, 0.5))
    assert short > COST > long
    found = carry.break_even(HYPERLIQUID, BINANCE, COST)
    assert found.hours[0] == pytest.approx(40 / 3)
    assert not found.never[0]


def test_payments_of_the_same_instant_are_set_off_before_they_are_compared() -> None:
    short, long = Leg(8.0, 8.0, 10 * BP, 10 * BP, 0.0), Leg(8.0, 8.0, 9 * BP, 9 * BP, 0.0)
    assert carry.break_even(short, long, 5 * BP).hours[0] == 40.0
    assert carry.break_even(long, short, 5 * BP).hours[0] == np.inf


def test_a_difference_that_does_not_last_never_pays() -> None:
    short, long = Leg(1.0, 1.0, 6e-5, 0.0, 0.93), Leg(1.0, 1.0, 0.0, 0.0, 0.93)
    found = carry.break_even(short, long, 20 * BP)
    assert (found.hours[0], found.never[0]) == (np.inf, True)
    assert found.bound[0] / BP == pytest.approx(8.5714, abs=1e-4)
    assert carry.break_even(short, long, 8 * BP).hours[0] == pytest.approx(
        np.ceil(np.log(1 - 8 / 8.5714) / np.log(0.93))
    )


def test_a_basis_gain_shortens_the_wait_and_may_pay_at_once() -> None:
    hours = [carry.break_even(HYPERLIQUID, BINANCE, COST, gain).hours[0] for gain in (0.0, 10 * BP, 21.9 * BP)]
    assert hours == sorted(hours, reverse=True)
    assert hours[2] == pytest.approx(1 / 3)


def test_an_unknown_leg_has_no_break_even() -> None:
    for leg in (BINANCE._replace(next_h=np.nan), BINANCE._replace(mean=np.nan), BINANCE._replace(interval_h=np.nan)):
        found = carry.break_even(HYPERLIQUID, leg, COST)
        assert np.isnan(found.hours[0])
        assert not found.never[0]


def test_against_spot_only_one_leg_pays() -> None:
    assert carry.gross(FLAT, SPOT, 24.0)[0] == pytest.approx(24 * BP)
    assert carry.break_even(FLAT, SPOT, 10 * BP).hours[0] == 10.0
    assert carry.event_times(SPOT).size == 0


def test_a_continuous_leg_accrues_between_the_hours() -> None:
    leg = Leg(0.0, 1.0, 4 * BP, BP, np.exp(-0.1), continuous=True)
    wanted = 1 * 2.5 + 3 * (1 - np.exp(-0.25)) / 0.1
    assert carry.accrued(leg, 2.5) / BP == pytest.approx(wanted)
    steady = Leg(0.0, 1.0, BP, BP, 0.9, continuous=True)
    assert carry.break_even(steady, SPOT, 4.5 * BP).hours[0] == 5.0


def test_the_worst_case_pays_the_bounds_after_the_first_settlement() -> None:
    short = Leg(1.0, 1.0, 2 * BP, BP, 0.9, 0.0, -3 * BP, 3 * BP)
    long = Leg(8.0, 8.0, 1 * BP, BP, 0.9, 0.0, -30 * BP, 30 * BP)
    assert carry.worst_case(short, long, 16.0) / BP == pytest.approx(2 - 15 * 3 - 1 - 30)
    assert carry.worst_case(short, long, 0.5) == 0.0
    assert np.isnan(carry.worst_case(short._replace(low=np.nan), long, 16.0))


def test_basis_converges_to_its_own_mean() -> None:
    gain = carry.basis_gain(30 * BP, 10 * BP, np.log(2) / 6, np.array([0.0, 6.0, 12.0]))
    assert gain / BP == pytest.approx([0.0, 10.0, 15.0])


def test_impact_is_refused_for_sizes_that_do_not_fit() -> None:
    found = costs.leg_cost(0.025, 1e5, np.array([4e9, 5e6, np.nan, np.nan]), np.array([1e9, 1e9, 1e8, np.nan]))
    assert found.impact[0] / BP == pytest.approx(1.25)
    assert found.impact[2] / BP == pytest.approx(250 * (1e5 / 1.5e8) ** 0.5)
    assert np.isnan(found.impact[[1, 3]]).all()
    assert found.capacity.tolist() == [True, False, True, False]
    assert found.volume_assumed.tolist() == [False, False, True, False]
    assert not costs.leg_cost(0.025, 1e5, 1e12, 4e6).capacity


def test_costs_and_capital_by_hand() -> None:
    assert costs.round_trip(9.5 * BP, 0.4 * BP, 1.5 * BP) / BP == pytest.approx(19 + 0.8 + 2.0)
    assert costs.half_spread(np.array([99.0, np.nan]), np.array([101.0, np.nan]), 7 * BP).tolist() == [0.01, 7 * BP]
    assert costs.capital_perp_perp(5.0, 10.0) == pytest.approx(0.36)
    assert costs.capital_spot_perp(5.0) == pytest.approx(1.2)
    assert costs.capital_spot_perp(4.0, 0.1) == pytest.approx(0.35)


def test_the_score_is_scaled_by_the_worst_quality() -> None:
    assert carry.score(0.01, 0.5, 1.0, 1.0, 1.0, 168.0) == pytest.approx(0.02 * 8760 / 168)
    assert carry.score(0.01, 0.5, 0.9, 0.4, 1.0, 168.0) == pytest.approx(0.4 * 0.02 * 8760 / 168)


def test_the_ladder_adds_up_to_the_net_result() -> None:
    start = 1_700_000_000_000
    short = HYPERLIQUID._replace(residual_sd=1e-5)
    rungs = ladder(short, BINANCE._replace(residual_sd=1e-5), start, COST, 24.0, basis_gain=5 * BP)
    assert [rung.kind for rung in rungs].count(FlowKind.SHORT) == 24
    assert [rung.kind for rung in rungs].count(FlowKind.LONG) == 3
    assert [rung.time_ms for rung in rungs] == sorted(rung.time_ms for rung in rungs)
    assert rungs[0].total == pytest.approx(-COST / 2)
    assert rungs[1].time_ms == start + HOUR_MS // 3
    assert rungs[1].flow == pytest.approx(2 * BP)
    assert rungs[-1].total == pytest.approx(float(carry.gross(short, BINANCE, 24.0)) + 5 * BP - COST)
    assert rungs[-1].sd == pytest.approx(float(carry.gross_sd(short, BINANCE._replace(residual_sd=1e-5), 24.0)))
    assert [rung.known for rung in rungs if rung.kind is FlowKind.LONG] == [True, False, False]
    totals = np.cumsum([rung.flow for rung in rungs])
    assert [rung.total for rung in rungs] == pytest.approx(totals.tolist())


def test_cash_and_carry_ladder_pays_for_its_cash() -> None:
    rungs = ladder(FLAT, Leg(np.inf, 1.0, 0.0, 0.0, 0.0, 0.0), 0, 10 * BP, 73.0, cash_rate=0.045)
    assert rungs[-1].total / BP == pytest.approx(73 - 10 - 450 * 73 / 8760)


def test_legs_without_a_fit_decay_to_the_interest_and_say_so() -> None:
    nothing = np.array([np.nan, 0.0])
    found = pricing.legs(
        np.array([4e-5, 4e-5]),
        np.array([2.0, 2.0]),
        np.array([8.0, 1.0]),
        np.array([np.nan, 1e-5]),
        np.array([np.nan, 0.9]),
        nothing,
        np.array([1e-3, 1e-3]),
        np.array([-1e-3, -1e-3]),
        1.25e-5,
        np.array([False, False]),
    )
    assert found.assumed.tolist() == [True, False]
    assert np.asarray(found.leg.mean).tolist() == pytest.approx([1e-4, 1e-5])
    assert np.asarray(found.leg.phi).tolist() == pytest.approx([2 ** (-8 / 12), 0.9])
    assert np.asarray(found.leg.first).tolist() == pytest.approx([3.2e-4, 4e-5])
    assert np.asarray(found.leg.high).tolist() == pytest.approx([8e-3, 1e-3])


def test_pricing_agrees_with_its_parts() -> None:
    found = pricing.price(
        HYPERLIQUID, BINANCE, np.array([COST]), pricing.default_capital(1), horizon_h=72.0, freshness=0.5
    )
    assert found.net[0] == pytest.approx(0.0072722632853575294)
    assert found.apr_capital[0] == pytest.approx(1.8433167355246516)
    assert found.score[0] == pytest.approx(0.5 * 1.8433167355246516)
    assert found.naive == pytest.approx((2e-4 - 1e-4 / 8) * 72)
    assert found.break_even_h[0] == pytest.approx(40 / 3)
    assert np.isnan(found.worst[0])


rate = st.floats(-0.01, 0.01)
a_leg = st.builds(
    Leg,
    st.floats(0, 8) | st.just(float("nan")),
    st.sampled_from([1.0, 4.0, 8.0]),
    rate,
    rate,
    st.floats(-0.9, 1.0),
    st.just(0.0),
    st.just(0.0),
    st.just(0.0),
    continuous=st.just(value=False),
)


@settings(max_examples=80, deadline=None)
@given(short=a_leg, long=a_leg, cost=st.floats(0, 0.01))
def test_break_even_is_the_first_event_whose_sum_reaches_the_cost(short: Leg, long: Leg, cost: float) -> None:
    found = carry.break_even(short, long, cost, scan_h=240.0).hours[0]
    if np.isnan(np.add(short.next_h, long.next_h)):
        assert np.isnan(found)
        return
    events = np.unique(np.concatenate([carry.event_times(leg, 240.0)[0] for leg in (short, long)]))
    sums = np.array([carry.gross(short, long, t) for t in events])
    reached = events[sums >= cost + 1e-9]
    if len(reached):
        # Events that are less than a billionth of an hour apart are one.
        assert found <= reached[0] + 2e-9
    if np.isfinite(found):
        assert carry.gross(short, long, found) >= cost - 1e-9
    limit = float(carry.supremum(short, long)[0])
    assert np.all(sums <= limit + 1e-9)
