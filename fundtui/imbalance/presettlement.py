"""Capital that moves just before a settlement: changes in the last minutes against the usual ones (methodology §5.3).

Baselines are kept per instrument and phase of the day (settlements of the first, second and third eight hours, UTC).
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import (
    Field,
    Flags,
    Floats,
    Index,
    Ints,
    Number,
    Rows,
    ShortFloats,
    divide,
    first_match,
    log_change,
)
from fundtui.units import HOUR_MS

PHASES = 3
MEASURES = 3
PHASE_MS = 8 * HOUR_MS
LONG_WINDOW_MS = 30 * 60_000
SHORT_WINDOW_MS = 10 * 60_000
LARGEST_Z = 20.0
GAIN = 0.1
WARM_UP = 10
# Beyond the warm-up the count says nothing, and a byte holds no more.
MOST_COUNTED = 255
FLAG_Z = 3.0
FLAG_OI_Z, FLAG_VOLUME_Z = -2.0, 2.0
# A 24 h rolling volume also loses what leaves its window: its noise counts double and it never raises a flag.
ROLLING_NOISE = 2.0


class Flow(IntEnum):
    """What moved: payers leaving, harvesters arriving, or something else that is unusual."""

    NONE = 0
    PAYERS_LEAVE = 1
    CARRY_ENTRY = 2
    UNUSUAL = 3


class PreSettlement(Rows):
    """Values at the window's start and last seen, and per phase mean, variance and count of the three changes."""

    fields: ClassVar[dict[str, Field]] = {
        "settlement_ms": Field(-1, np.int64),
        "first": Field(np.nan, np.float32, (MEASURES,)),
        "last": Field(np.nan, np.float32, (MEASURES,)),
        "mean": Field(np.nan, np.float32, (PHASES, MEASURES)),
        "variance": Field(0.0, np.float32, (PHASES, MEASURES)),
        "count": Field(0, np.uint8, (PHASES, MEASURES)),
    }
    settlement_ms: Ints
    first: ShortFloats
    last: ShortFloats
    mean: ShortFloats
    variance: ShortFloats
    count: NDArray[np.uint8]


class Change(NamedTuple):
    """Changes within the window, shape (rows, 3): Δln OI, ln volume, Δpremium; their z-scores; kind of flow."""

    change: Floats
    z: Floats
    flow: NDArray[np.int8]


def window_ms(interval_h: Floats) -> Ints:
    """Thirty minutes for intervals of four hours and more, else ten."""
    window: Ints = np.where(interval_h >= 4.0, LONG_WINDOW_MS, SHORT_WINDOW_MS).astype(np.int64)
    return window


def observe(
    state: PreSettlement,
    rows: Index,
    time_ms: Ints,
    next_funding_ms: Ints,
    interval_h: Floats,
    oi_base: Floats,
    volume_usd: Floats,
    premium: Floats,
) -> Flags:
    """Note these observations if they fall into the window before the next settlement; says which did.

    `next_funding_ms` −1 where unknown. Learn the previous settlement (`settle`) before observing the next window.
    """
    until = next_funding_ms - time_ms
    inside = (next_funding_ms > 0) & (until >= 0) & (until <= window_ms(interval_h))
    kept = rows[inside]
    values = np.stack([oi_base, volume_usd, premium], axis=-1)[inside]
    begins = state.settlement_ms[kept] != next_funding_ms[inside]
    state.settlement_ms[kept] = next_funding_ms[inside]
    state.first[kept[begins]] = values[begins]
    state.last[kept] = values
    return inside


def changes(state: PreSettlement, rows: Index, *, counter: bool = False) -> Floats:
    """Δln OI, ln of the volume and Δpremium in the window so far, shape (rows, 3).

    Volume is the change of a running turnover counter, or the size of the change of a 24 h rolling volume.
    """
    first, last = state.first[rows].astype(np.float64), state.last[rows].astype(np.float64)
    moved = last[:, 1] - first[:, 1]
    traded = moved if counter else np.abs(moved)
    with np.errstate(invalid="ignore", divide="ignore"):
        log_volume = np.where(traded > 0, np.log(np.where(traded > 0, traded, 1.0)), np.nan)
    return np.stack([log_change(last[:, 0], first[:, 0]), log_volume, last[:, 2] - first[:, 2]], axis=-1)


def learnt(state: PreSettlement, rows: Index, settlement_ms: Ints) -> Ints:
    """Settlements whose change of open interest the baseline of this one's third of the day rests on."""
    count: Ints = state.count[rows, settlement_ms // PHASE_MS % PHASES, 0].astype(np.int64)
    return count


def scores(change: Floats, mean: Floats, sd: Floats) -> Floats:
    """z of each change against its baseline, within ±20; NaN without spread."""
    z: Floats = np.clip(divide(change - mean, sd), -LARGEST_Z, LARGEST_Z)
    return z


def judge(state: PreSettlement, rows: Index, rate: Floats, interest: Number, *, counter: bool = False) -> Change:
    """Changes, z-scores and kind of flow of the window that runs or has just ended. Rates per interval.

    Ignored unless |f| is at least twice the interest: small payments move nobody.
    """
    change = changes(state, rows, counter=counter)
    phase = state.settlement_ms[rows] // PHASE_MS % PHASES
    ready = state.count[rows, phase] >= WARM_UP
    noise = np.array([1.0, 1.0 if counter else ROLLING_NOISE, 1.0])
    sd = np.where(ready, np.sqrt(state.variance[rows, phase]), np.nan) * noise
    z = scores(change, state.mean[rows, phase].astype(np.float64), sd)
    return Change(change, z, classify(z, change, rate, interest, volume_counts=counter))


def classify(z: Floats, change: Floats, rate: Floats, interest: Number, *, volume_counts: bool) -> NDArray[np.int8]:
    """Kind of flow per row: any |z| ≥ 3, or OI at −2 with volume at +2; direction from OI and premium."""
    with np.errstate(invalid="ignore"):
        watched = np.abs(z[:, [0, 2]]).max(axis=1, initial=0.0, where=np.isfinite(z[:, [0, 2]])) >= FLAG_Z
        if volume_counts:
            watched |= np.abs(z[:, 1]) >= FLAG_Z
            watched |= (z[:, 0] <= FLAG_OI_Z) & (z[:, 1] >= FLAG_VOLUME_Z)
        flagged = watched & (np.abs(rate) >= 2.0 * np.abs(interest)) & (rate != 0)
        direction = np.sign(rate)
        leaving = (change[:, 0] < 0) & (direction * change[:, 2] < 0)
        entering = (change[:, 0] > 0) & (direction * change[:, 2] > 0)
    kinds = [~flagged, leaving, entering]
    codes = [int(Flow.NONE), int(Flow.PAYERS_LEAVE), int(Flow.CARRY_ENTRY)]
    flow: NDArray[np.int8] = first_match(kinds, codes, Flow.UNUSUAL)
    return flow


def settle(state: PreSettlement, rows: Index, settlement_ms: Ints, *, counter: bool = False) -> None:
    """Learn the window that ended at this settlement into its phase's baseline."""
    seen = state.settlement_ms[rows] == settlement_ms
    kept = rows[seen]
    phase = settlement_ms[seen] // PHASE_MS % PHASES
    change = changes(state, kept, counter=counter)
    known = np.isfinite(change)
    mean, variance = state.mean[kept, phase].astype(np.float64), state.variance[kept, phase].astype(np.float64)
    count = state.count[kept, phase].astype(np.int64)
    first = known & (count == 0)
    # Even weights until the exponential memory is filled, as in the purge detector.
    weight = np.where(known, np.maximum(GAIN, 1.0 / (count + 1.0)), 0.0)
    distance = np.where(known & ~first, change - mean, 0.0)
    state.mean[kept, phase] = np.where(first, change, mean + weight * distance)
    updated = (1.0 - weight) * (variance + weight * distance * distance)
    state.variance[kept, phase] = np.where(known & ~first, updated, variance)
    state.count[kept, phase] = np.minimum(count + known, MOST_COUNTED)
    state.settlement_ms[kept] = -1
