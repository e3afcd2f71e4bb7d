"""Funding that two legs are expected to pay at their real settlement times (methodology §4.1, §4.3, §4.4).

Short leg receives its venue's rate, long leg pays it. All arguments are scalars or arrays with one entry per pair;
rates are per settlement (continuous legs: per hour, `interval_h` 1), times are hours from now.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fundtui.imbalance.rows import Flags, Floats, Index, Ints, Number, divide
from fundtui.units import HOURS_PER_YEAR

SCAN_H = 60.0 * 24.0
FIRST_SCAN_H = 72.0
HORIZON_H = 7.0 * 24.0
FIVE_PERCENT = 1.6449
# Times are compared to a few microseconds, so that thirds of an hour meet.
TIME_DIGITS = 9
_TOLERANCE = 1e-9


class Leg(NamedTuple):
    """One leg: hours to its next settlement, interval, rate expected there, long-run mean, φ and residual sd per step.

    `low` and `high` are its floor and cap per settlement, for the worst case; `continuous` accrues instead of settling.
    """

    next_h: Number
    interval_h: Number
    first: Number
    mean: Number
    phi: Number
    residual_sd: Number = np.nan
    low: Number = np.nan
    high: Number = np.nan
    continuous: Flags | bool = False


class BreakEven(NamedTuple):
    """Hours to the first settlement that brings the sum to the cost: inf when not within the scan.

    `never`: the mean difference does not even pay, so no longer wait would; `bound` is what the sum cannot exceed.
    """

    hours: Floats
    never: Flags
    bound: Floats


def settlement_count(next_h: Number, interval_h: Number, horizon_h: Number) -> Floats:
    """n(H): settlements within the horizon, 0 before the first."""
    position = np.floor(np.subtract(horizon_h, next_h) / np.asarray(interval_h, np.float64) + _TOLERANCE)
    count: Floats = np.where(np.isnan(position), np.nan, np.maximum(position + 1.0, 0.0))
    return count


def expected_sum(first: Number, mean: Number, phi: Number, count: Number) -> Floats:
    """Σ E f(k) = nμ + (f1 − μ)(1 − φⁿ)/(1 − φ); φ = 1 keeps the first rate for ever."""
    ratio = np.asarray(phi, np.float64)
    steady = ratio >= 1.0
    base = np.where(steady, 0.5, ratio)
    number = np.asarray(count, np.float64)
    reach = np.where(steady, number, (1.0 - np.power(base, number)) / (1.0 - base))
    total: Floats = number * mean + np.subtract(first, mean) * reach
    return total


def sum_variance(residual_sd: Number, phi: Number, count: Number) -> Floats:
    """Variance of that sum when the first settlement is known: s²·Σ_{j<n} ((1 − φ^j)/(1 − φ))²."""
    ratio, number, noise = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in (phi, count, residual_sd)))
    later = np.maximum(np.nan_to_num(number) - 1.0, 0.0)
    longest = int(later.max(initial=0.0))
    # Written as running sums of powers: the closed form loses all digits near φ = 1.
    powers = np.power(np.clip(ratio, -1.0, 1.0)[..., None], np.arange(longest))
    squares = np.square(np.cumsum(powers, axis=-1))
    used = np.arange(longest) < later[..., None]
    variance: Floats = np.square(noise) * np.where(used, squares, 0.0).sum(axis=-1)
    return np.where(np.isfinite(number), variance, np.nan)


def accrued(leg: Leg, horizon_h: Number) -> Floats:
    """Expected rate received by a short of this leg until the horizon, settled or accruing."""
    settled = expected_sum(leg.first, leg.mean, leg.phi, settlement_count(leg.next_h, leg.interval_h, horizon_h))
    if not np.any(leg.continuous):
        return settled
    ratio = np.asarray(leg.phi, np.float64)
    inside = (ratio > 0) & (ratio < 1)
    kappa = np.where(inside, -np.log(np.where(inside, ratio, 0.5)), 0.0)
    hours = np.asarray(horizon_h, np.float64)
    reach = np.where(inside, -np.expm1(-kappa * hours) / np.where(inside, kappa, 1.0), np.where(ratio >= 1, hours, 0.0))
    flowing = np.asarray(leg.mean) * hours + np.subtract(leg.first, leg.mean) * reach
    result: Floats = np.where(leg.continuous, flowing, settled)
    return result


def gross(short: Leg, long: Leg, horizon_h: Number) -> Floats:
    """Expected funding of the pair until the horizon, as a fraction of the notional."""
    return accrued(short, horizon_h) - accrued(long, horizon_h)


def gross_sd(short: Leg, long: Leg, horizon_h: Number) -> Floats:
    """Standard deviation of that funding, legs independent (their co-movement would make it smaller)."""
    parts = [
        sum_variance(leg.residual_sd, leg.phi, settlement_count(leg.next_h, leg.interval_h, horizon_h))
        for leg in (short, long)
    ]
    return np.sqrt(parts[0] + parts[1])


def worst_case(short: Leg, long: Leg, horizon_h: Number) -> Floats:
    """First settlements as expected, all later ones at the adverse bound of each venue; NaN where unknown."""
    received = settlement_count(short.next_h, short.interval_h, horizon_h)
    paid = settlement_count(long.next_h, long.interval_h, horizon_h)
    with np.errstate(invalid="ignore"):
        least = np.where(received > 0, short.first, 0.0) + _times(np.maximum(received - 1, 0), short.low)
        most = np.where(paid > 0, long.first, 0.0) + _times(np.maximum(paid - 1, 0), long.high)
        result = least - most
    return np.where(np.isfinite(result), result, np.nan)


def _times(count: Floats, rate: Number) -> Floats:
    product: Floats = np.where(count > 0, count * np.asarray(rate, np.float64), 0.0)
    return product


def basis_gain(entry_basis: Number, mean_basis: Number, kappa_per_h: Number, horizon_h: Number) -> Floats:
    """(b0 − b̄)(1 − e^{−κH}): what convergence of the pair's basis is expected to pay."""
    gain: Floats = np.subtract(entry_basis, mean_basis) * -np.expm1(-np.multiply(kappa_per_h, horizon_h))
    return gain


def event_times(leg: Leg, scan_h: float = SCAN_H) -> Floats:
    """Settlement times up to `scan_h`, shape (pairs, events), inf beyond it. Continuous legs count by the hour."""
    start = np.atleast_1d(np.where(leg.continuous, 1.0, leg.next_h))
    step = np.atleast_1d(np.where(leg.continuous, 1.0, leg.interval_h))
    start, step = np.broadcast_arrays(start, step)
    usable = np.isfinite(start) & (step > 0)
    longest = np.floor((scan_h - start[usable]) / step[usable]).max(initial=-1.0)
    events = np.arange(max(int(longest) + 1, 0))
    times = np.round(start[:, None] + step[:, None] * events, TIME_DIGITS)
    result: Floats = np.where(usable[:, None] & (times <= scan_h), times, np.inf)
    return result


def break_even(short: Leg, long: Leg, cost: Number, gain: Number = 0.0, scan_h: float = SCAN_H) -> BreakEven:
    """The first settlement event at which expected funding plus basis gain reaches the round-trip cost (§4.4).

    Three days are scanned first: only pairs that could still get there are followed to the end of the scan.
    """
    legs = _as_columns(short, long)
    missing = np.broadcast_to(np.asarray(cost, np.float64) - gain, np.shape(legs[0].next_h))
    limit = supremum(*legs)
    hours = np.full(len(missing), np.inf)
    for until_h in (min(FIRST_SCAN_H, scan_h), scan_h):
        pending = np.flatnonzero(np.isinf(hours) & (limit >= missing))
        if len(pending):
            some = [take(leg, pending) for leg in legs]
            hours[pending] = _first_reached(some[0], some[1], missing[pending], until_h)
    unknown = ~np.isfinite(missing)
    for leg in legs:
        rates = np.multiply(leg.first, leg.mean) * leg.phi * leg.interval_h
        unknown |= np.isnan(leg.next_h) | np.isnan(rates)
    never = np.isinf(hours) & (mean_difference(*legs) <= 0) & ~unknown
    return BreakEven(np.where(unknown, np.nan, hours), never, limit + gain)


def _as_columns(*legs: Leg) -> list[Leg]:
    """The same legs with all columns as arrays of one length."""
    columns: list[Any] = list(np.broadcast_arrays(*(np.atleast_1d(column) for leg in legs for column in leg)))
    width = len(Leg._fields)
    return [Leg(*columns[at : at + width]) for at in range(0, len(columns), width)]


def take(leg: Leg, rows: Index) -> Leg:
    """Some of the legs, in this order."""
    columns: list[Any] = [np.asarray(column)[rows] for column in leg]
    return Leg(*columns)


def _first_reached(short: Leg, long: Leg, missing: Floats, until_h: float) -> Floats:
    times, flows = merged_flows(short, long, until_h)
    running = np.cumsum(flows, axis=1)
    # Flows of the same instant arrive together: only the last of them shows the sum.
    last = np.isfinite(times)
    last[:, :-1] &= times[:, 1:] != times[:, :-1]
    reached = last & (running >= missing[:, None] - 1e-15)
    if not reached.shape[1]:
        return np.full(len(missing), np.inf)
    index = np.argmax(reached, axis=1)
    return np.where(reached.any(axis=1), times[np.arange(len(times)), index], np.inf)


def merged_flows(short: Leg, long: Leg, scan_h: float = SCAN_H) -> tuple[Floats, Floats]:
    """All settlements of both legs in time order: hours (inf: none) and expected flow to the pair, (pairs, events)."""
    times = [event_times(leg, scan_h) for leg in (short, long)]
    count = max(len(times[0]), len(times[1]))
    flows = [sign * _flows(leg, hours) for leg, hours, sign in zip((short, long), times, (1.0, -1.0), strict=True)]
    merged = np.concatenate([np.broadcast_to(t, (count, t.shape[1])) for t in times], axis=1)
    paid = np.concatenate([np.broadcast_to(f, (count, f.shape[1])) for f in flows], axis=1)
    order = np.argsort(merged, axis=1, kind="stable")
    return np.take_along_axis(merged, order, axis=1), np.take_along_axis(paid, order, axis=1)


def _flows(leg: Leg, times: Floats) -> Floats:
    """Expected rate at each event; a continuous leg pays by the hour what accrued since the last one."""
    first, mean, phi = (np.atleast_1d(np.asarray(x, np.float64))[:, None] for x in (leg.first, leg.mean, leg.phi))
    powers = np.repeat(np.clip(phi, -1.0, 1.0), times.shape[1], axis=1)
    powers[:, :1] = 1.0
    flow = mean + (first - mean) * np.multiply.accumulate(powers, axis=1)
    if np.any(leg.continuous):
        sums = accrued(Leg(1.0, 1.0, first, mean, phi, continuous=True), np.arange(1.0, times.shape[1] + 1.0))
        flow = np.where(np.atleast_1d(leg.continuous)[:, None], np.diff(sums, axis=1, prepend=0.0), flow)
    result: Floats = np.where(np.isinf(times), 0.0, flow)
    return result


def mean_difference(short: Leg, long: Leg) -> Floats:
    """μ_A − μ_B per hour: what the pair pays in the long run."""
    return divide(short.mean, short.interval_h) - divide(long.mean, long.interval_h)


def supremum(short: Leg, long: Leg) -> Floats:
    """What the cumulative funding cannot exceed when the long-run difference does not pay; inf where it does."""
    transient: Floats = np.zeros(1)
    for leg, sign in ((short, 1.0), (long, -1.0)):
        excess = sign * np.subtract(leg.first, leg.mean)
        ratio = np.asarray(leg.phi, np.float64)
        # Below zero the first settlement is the farthest that the swinging sum gets.
        reach = np.where(ratio < 0, 1.0, divide(1.0, 1.0 - np.minimum(ratio, 0.999999)))
        part = np.where(ratio >= 1, np.where(excess > 0, np.inf, 0.0), excess * reach)
        # A leg whose transient hurts may have settled nothing yet when the other has paid most, and one that pays in
        # large steps may owe a part of the next one.
        steady, waits = sign * np.asarray(leg.mean, np.float64), np.nan_to_num(divide(leg.next_h, leg.interval_h))
        ahead = np.where(steady > 0, steady * (1.0 - waits), -steady * waits)
        transient = transient + np.maximum(np.nan_to_num(part, nan=0.0, posinf=np.inf), 0.0) + np.maximum(ahead, 0.0)
    bound: Floats = np.where(mean_difference(short, long) > 0, np.inf, transient)
    return bound


def bound(first_difference: Number, phi: Number) -> Floats:
    """d1/(1 − φ): the most that a difference without a long-run mean can ever pay."""
    return divide(first_difference, np.subtract(1.0, phi))


def annualised(net: Number, horizon_h: Number, capital: Number = 1.0) -> Floats:
    """Simple APR of a net result over the horizon, on the notional or on the capital per notional."""
    return divide(np.asarray(net, np.float64) * HOURS_PER_YEAR, np.multiply(horizon_h, capital))


def score(
    net: Number, capital: Number, freshness: Number, coverage: Number, capacity: Number, horizon_h: Number
) -> Floats:
    """Net(H*) on capital, annualised, times the worst of the three qualities (each clipped to 0..1)."""
    quality = np.minimum(np.minimum(freshness, coverage), capacity)
    result: Floats = annualised(net, horizon_h, capital) * np.clip(quality, 0.0, 1.0)
    return result


def fifth_percentile(mean: Number, sd: Number) -> Floats:
    """The 5 % worst outcome, mean − 1.645 sd."""
    result: Floats = np.subtract(mean, FIVE_PERCENT * np.asarray(sd, np.float64))
    return result


def spot_leg(count: int) -> Leg:
    """A bought spot leg: it never settles and pays nothing."""
    nothing = np.zeros(count)
    return Leg(np.full(count, np.inf), np.ones(count), nothing, nothing, nothing, nothing, nothing, nothing)


def cash_and_carry_net(gross_funding: Number, cost: Number, annual_rate: Number, horizon_h: Number) -> Floats:
    """Gross funding less the cash (or, short spot, borrow) rate over the horizon less costs."""
    net: Floats = np.subtract(gross_funding, np.multiply(annual_rate, horizon_h) / HOURS_PER_YEAR) - cost
    return net


def counts(legs: tuple[Leg, Leg], horizon_h: Number) -> tuple[Ints, Ints]:
    """Settlements of both legs within the horizon, as whole numbers (0 where unknown)."""
    short, long = (np.nan_to_num(settlement_count(leg.next_h, leg.interval_h, horizon_h)) for leg in legs)
    return np.asarray(short).astype(np.int64), np.asarray(long).astype(np.int64)
