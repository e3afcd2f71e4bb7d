"""How an instrument's settlements follow each other: new, chained, missed, rebased (methodology §1, §3.5)."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np

from fundtui.imbalance.rows import COUNT, FLAG, NUMBER, Field, Flags, Floats, Index, Ints, Rows
from fundtui.units import HOUR_MS

GAP_INTERVALS = 1.5
SNAP_TO_H = np.array([1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 24.0])
SNAP_WITHIN_H = 10.0 / 60.0


class Settlements(Rows):
    """Last settlement's time and interval, how many there were, and whether one was missed."""

    fields: ClassVar[dict[str, Field]] = {
        "last_ms": Field(-1, np.int64),
        "interval_h": NUMBER,
        "count": COUNT,
        "gap": FLAG,
    }
    last_ms: Ints
    interval_h: Floats
    count: Ints
    gap: Flags


class Step(NamedTuple):
    """One settlement seen from the one before: hours since (NaN at the first), and what may be made of it.

    fresh    later than all before (a repeated or late settlement is not)
    chained  the next in line at the same interval: pairs may be formed with the one before
    changed  the interval is another than before
    missed   at least one settlement is missing in between
    """

    hours: Floats
    fresh: Flags
    chained: Flags
    changed: Flags
    missed: Flags


def advance(state: Settlements, rows: Index, time_ms: Ints, interval_h: Floats) -> Step:
    """Take note of one settlement per row and say how it follows the one before."""
    last, before = state.last_ms[rows], state.interval_h[rows]
    first = last < 0
    fresh = time_ms > last
    hours = np.where(first, np.nan, (time_ms - last) / HOUR_MS)
    with np.errstate(invalid="ignore"):
        changed = fresh & ~first & np.isfinite(before) & (before != interval_h)
        missed = fresh & (hours > GAP_INTERVALS * np.fmax(interval_h, before))
        chained = fresh & ~first & ~changed & (hours <= GAP_INTERVALS * interval_h)
    kept = rows[fresh]
    state.last_ms[kept] = time_ms[fresh]
    state.interval_h[kept] = interval_h[fresh]
    state.count[kept] += 1
    state.gap[kept] = missed[fresh]
    return Step(hours, fresh, chained, changed, missed)


def snapped_interval(hours: Floats) -> Floats:
    """The usual interval within ten minutes of a difference of settlement times, NaN when none is that near."""
    value = np.asarray(hours, np.float64)
    distance = np.abs(value[..., None] - SNAP_TO_H)
    nearest = SNAP_TO_H[np.argmin(np.where(np.isfinite(distance), distance, np.inf), axis=-1)]
    snapped: Floats = np.where(np.abs(value - nearest) <= SNAP_WITHIN_H, nearest, np.nan)
    return snapped
