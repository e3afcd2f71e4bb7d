"""The cash ladder of one pair: every dated cash flow, with its running sum (methodology §4.1, §4.4)."""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np

from fundtui.imbalance.carry import HORIZON_H, Leg, event_times
from fundtui.units import HOUR_MS, HOURS_PER_YEAR


class FlowKind(IntEnum):
    """What a rung of the ladder is. `CARRY` is basis convergence, `CASH` the cash or borrow rate of a spot leg."""

    ENTRY = 0
    SHORT = 1
    LONG = 2
    CARRY = 3
    CASH = 4
    EXIT = 5


class Rung(msgspec.Struct, frozen=True):
    """One cash flow: when, what, amount as a fraction of the notional, sum so far, and the sum's standard deviation.

    `known` is False for what is an expectation (every settlement after the first, unless the rate is locked).
    """

    time_ms: int
    kind: FlowKind
    flow: float
    total: float
    sd: float
    known: bool


def ladder(
    short: Leg,
    long: Leg,
    now_ms: int,
    round_trip_cost: float,
    horizon_h: float = HORIZON_H,
    basis_gain: float = 0.0,
    cash_rate: float = 0.0,
) -> tuple[Rung, ...]:
    """Dated flows of one pair (scalar legs): half the cost at entry, all settlements in order, the rest at the horizon.

    Flows of one instant keep the order short, long. `cash_rate` is the annual rate that a spot leg's cash costs.
    """
    flows = [(0.0, FlowKind.ENTRY, -0.5 * round_trip_cost, 0.0, True)]
    for leg, kind, sign in ((short, FlowKind.SHORT, 1.0), (long, FlowKind.LONG, -1.0)):
        flows += _settlements(leg, kind, sign, horizon_h)
    flows.sort(key=lambda flow: (flow[0], flow[1]))
    if basis_gain:
        flows.append((horizon_h, FlowKind.CARRY, basis_gain, 0.0, False))
    if cash_rate:
        flows.append((horizon_h, FlowKind.CASH, -cash_rate * horizon_h / HOURS_PER_YEAR, 0.0, True))
    flows.append((horizon_h, FlowKind.EXIT, -0.5 * round_trip_cost, 0.0, True))
    return _summed(flows, now_ms)


def _settlements(
    leg: Leg, kind: FlowKind, sign: float, horizon_h: float
) -> list[tuple[float, FlowKind, float, float, bool]]:
    times = event_times(leg, horizon_h)[0]
    times = times[np.isfinite(times)]
    powers = np.power(np.clip(float(leg.phi), -1.0, 1.0), np.arange(len(times)))
    flow = sign * (leg.mean + np.subtract(leg.first, leg.mean) * powers)
    # Running sums of powers are what each later settlement adds to the spread (see `carry.sum_variance`).
    added = np.zeros(len(times))
    added[1:] = np.square(np.nan_to_num(float(leg.residual_sd)) * np.cumsum(powers)[:-1])
    return [
        (hours, kind, paid, noise, position == 0)
        for position, (hours, paid, noise) in enumerate(zip(times.tolist(), flow.tolist(), added.tolist(), strict=True))
    ]


def _summed(flows: list[tuple[float, FlowKind, float, float, bool]], now_ms: int) -> tuple[Rung, ...]:
    rungs, total, variance = [], 0.0, 0.0
    for hours, kind, flow, noise, known in flows:
        total += flow
        variance += noise
        rungs.append(Rung(now_ms + round(hours * HOUR_MS), kind, flow, total, variance**0.5, known))
    return tuple(rungs)
