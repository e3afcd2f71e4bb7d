"""The cash ladder of one pair: every dated cash flow, with its running sum (methodology §4.1, §4.4)."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.carry import HORIZON_H, TIME_DIGITS, Leg
from fundtui.imbalance.rows import Flags, Floats
from fundtui.units import HOUR_MS, HOURS_PER_YEAR


class FlowKind(IntEnum):
    """What a rung of the ladder is. `CARRY` is basis convergence, `CASH` the cash or borrow rate of a spot leg."""

    ENTRY = 0
    SHORT = 1
    LONG = 2
    CARRY = 3
    CASH = 4
    EXIT = 5


_KINDS = tuple(FlowKind)


class Rung(msgspec.Struct, frozen=True, gc=False):
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
    parts = [_once(0.0, FlowKind.ENTRY, -0.5 * round_trip_cost)]
    parts += [_settlements(short, FlowKind.SHORT, 1.0, horizon_h), _settlements(long, FlowKind.LONG, -1.0, horizon_h)]
    if basis_gain:
        parts.append(_once(horizon_h, FlowKind.CARRY, basis_gain, known=False))
    if cash_rate:
        parts.append(_once(horizon_h, FlowKind.CASH, -cash_rate * horizon_h / HOURS_PER_YEAR))
    parts.append(_once(horizon_h, FlowKind.EXIT, -0.5 * round_trip_cost))
    return _summed([np.concatenate(columns) for columns in zip(*parts, strict=True)], now_ms)


class _Flows(NamedTuple):
    """Flows of one kind, in order: hours from now, kind, amount, variance that each adds, whether it is known."""

    hours: Floats
    kind: NDArray[np.int8]
    flow: Floats
    noise: Floats
    known: Flags


def _once(hours: float, kind: FlowKind, flow: float, *, known: bool = True) -> _Flows:
    return _Flows(np.array([hours]), np.array([int(kind)], np.int8), np.array([flow]), np.zeros(1), np.array([known]))


def _settlements(leg: Leg, kind: FlowKind, sign: float, horizon_h: float) -> _Flows:
    times = _times(leg, horizon_h)
    count = len(times)
    mean, phi, residual = float(leg.mean), min(max(float(leg.phi), -1.0), 1.0), float(leg.residual_sd)
    powers = np.power(phi, np.arange(count))
    flow = sign * (mean + (float(leg.first) - mean) * powers)
    # Running sums of powers are what each later settlement adds to the spread (see `carry.sum_variance`).
    noise = np.zeros(count)
    noise[1:] = np.square((residual if residual == residual else 0.0) * np.cumsum(powers)[:-1])
    known = np.zeros(count, np.bool_)
    known[:1] = True
    return _Flows(times, np.full(count, int(kind), np.int8), flow, noise, known)


def _times(leg: Leg, horizon_h: float) -> Floats:
    """As `carry.event_times`, for one leg."""
    start, step = (1.0, 1.0) if leg.continuous else (float(leg.next_h), float(leg.interval_h))
    if not (math.isfinite(start) and step > 0):
        return np.empty(0)
    count = max(math.floor((horizon_h - start) / step) + 1, 0)
    times: Floats = np.round(start + step * np.arange(count), TIME_DIGITS)
    return times[times <= horizon_h]


def _summed(columns: list[NDArray[Any]], now_ms: int) -> tuple[Rung, ...]:
    """Rungs in order of time, those of one instant in order of kind, with the running sum and its spread."""
    hours, kinds, flows, noises, known = columns
    order = np.lexsort((kinds, hours))
    flow = flows[order]
    return tuple(
        map(
            Rung,
            (now_ms + np.rint(hours[order] * HOUR_MS).astype(np.int64)).tolist(),
            map(_KINDS.__getitem__, kinds[order].tolist()),
            flow.tolist(),
            np.add.accumulate(flow).tolist(),
            np.sqrt(np.add.accumulate(noises[order])).tolist(),
            known[order].tolist(),
        )
    )
