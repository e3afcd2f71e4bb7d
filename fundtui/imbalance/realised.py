"""Realised average funding over the last 1, 3, 7 and 30 days: exact sums with subtract-on-expire (methodology §3.4).

Every row owns a ring inside one shared pool, as long as thirty days of its own interval need, so that an 8-hour
contract does not pay for an hourly one. An entry is six bytes: the settlement's minute (modulo 45 days) and its rate.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import COUNT, NUMBER, Field, Flags, Floats, Index, Ints, Rows
from fundtui.units import HOURS_PER_YEAR

WINDOWS_H = np.array([24.0, 72.0, 168.0, 720.0])
MINUTE_MS = 60_000
_WINDOWS_MIN = (WINDOWS_H * 60).astype(np.int64)
_SPARE = 4
RESERVED = 1 << 24
"""Entries of a new pool. Zeros that were never written to take no memory, and making room by copying tens of megabytes
would hold everything up."""
_ROUND = 0xFFFF
_STEP_MIN = 15 * 24 * 60
# A settlement may come this much late without the window counting as incomplete.
_SLACK_MIN = 10


class Realised(Rows):
    """Ring bounds per row (start and length in the pool, total pushed), and per window a tail and a sum of rates."""

    fields: ClassVar[dict[str, Field]] = {
        "start": COUNT,
        "length": COUNT,
        "pushed": COUNT,
        "tail": Field(0, np.int32, (4,)),
        "total": Field(0.0, np.float64, (4,)),
        "interval_h": NUMBER,
        "last_min": Field(-1, np.int32),
        "first_min": Field(-1, np.int32),
        "expired_min": Field(-1, np.int32),
    }
    start: Ints
    length: Ints
    pushed: Ints
    tail: Ints
    total: Floats
    interval_h: Floats
    last_min: Ints
    first_min: Ints
    expired_min: Ints

    def __init__(self, capacity: int = 0) -> None:
        self.times: NDArray[np.uint16] = np.empty(0, np.uint16)
        self.rates: NDArray[np.float32] = np.empty(0, np.float32)
        self.used = 0
        super().__init__(capacity)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The columns and the part of the pool in use."""
        pool: dict[str, NDArray[Any]] = {"times": self.times[: self.used], "rates": self.rates[: self.used]}
        return super().arrays() | pool

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take the columns and the pool of an earlier `arrays()`."""
        times, rates = arrays["times"], arrays["rates"]
        ends = arrays["start"] + arrays["length"]
        whole = len(times) == len(rates) and int(ends.max(initial=0)) <= len(times)
        if times.dtype != np.uint16 or rates.dtype != np.float32 or not whole:
            raise ValueError("the pool of settled rates is damaged")
        super().restore({name: arrays[name] for name in self.fields})
        self.times, self.rates, self.used = np.array(times), np.array(rates), len(times)

    @property
    def nbytes(self) -> int:
        """Bytes of all columns and of the pool as far as it is in use: the rest of it is not in memory yet."""
        columns = sum(int(getattr(self, name).nbytes) for name in self.fields)
        return columns + self.used * (self.times.itemsize + self.rates.itemsize)


def update(state: Realised, rows: Index, time_ms: Ints, rate: Floats, interval_h: Floats) -> None:
    """Add one settled rate per row (per settlement, not hourly). Missing rates and late ones are skipped."""
    minutes = time_ms // MINUTE_MS
    known = np.isfinite(rate) & (minutes > state.last_min[rows]) & (interval_h > 0)
    rows, minutes, rate, interval_h = rows[known], minutes[known], rate[known].astype(np.float32), interval_h[known]
    expire(state, rows, minutes * MINUTE_MS)
    _make_room(state, rows, interval_h)
    slot = state.start[rows] + state.pushed[rows] % state.length[rows]
    state.times[slot], state.rates[slot] = minutes & _ROUND, rate
    first = state.pushed[rows] == 0
    state.first_min[rows[first]] = minutes[first] - (interval_h[first] * 60).astype(np.int64)
    state.pushed[rows] += 1
    state.total[rows] += rate[:, None].astype(np.float64)
    state.last_min[rows] = minutes
    state.interval_h[rows] = interval_h


def expire(state: Realised, rows: Index, now_ms: Ints | int) -> None:
    """Take out of each window what is no longer inside (now − window, now]. Time never runs backwards."""
    now_min = np.maximum(np.broadcast_to(np.asarray(now_ms) // MINUTE_MS, rows.shape), state.last_min[rows])
    # Entries hold their minute modulo 45 days: after a long silence age them in steps, before they come round again.
    for _ in range(2):
        before = state.expired_min[rows]
        silent = (before >= 0) & (now_min - before > _STEP_MIN)
        if not silent.any():
            break
        state.expired_min[rows[silent]] += _STEP_MIN
        _drop(state, rows[silent], state.expired_min[rows[silent]])
    _drop(state, rows, now_min)
    state.expired_min[rows] = now_min


def _drop(state: Realised, rows: Index, now_min: Ints) -> None:
    for window, minutes in enumerate(_WINDOWS_MIN):
        left, until = rows, now_min
        while len(left):
            tail = state.tail[left, window]
            slot = state.start[left] + tail % np.maximum(state.length[left], 1)
            old = tail < state.pushed[left]
            old[old] = _age(state.times[slot[old]], until[old]) >= minutes
            left, until, slot = left[old], until[old], slot[old]
            state.total[left, window] -= state.rates[slot]
            state.tail[left, window] += 1
        # Nothing inside: the sum is zero, not what rounding left of it.
        empty = rows[state.tail[rows, window] == state.pushed[rows]]
        state.total[empty, window] = 0.0


def _age(times: NDArray[np.uint16], now_min: Ints) -> Ints:
    """Minutes since these entries, which are younger than 45 days."""
    age: Ints = (now_min - times) & _ROUND
    return age


def apr(state: Realised, rows: Index) -> Floats:
    """Realised simple APR, shape (rows, 4) for 1, 3, 7 and 30 days; NaN where the history is shorter."""
    annual: Floats = np.where(covered(state, rows), state.total[rows] * HOURS_PER_YEAR / WINDOWS_H, np.nan)
    return annual


def covered(state: Realised, rows: Index) -> Flags:
    """Whether the history reaches back over each window, shape (rows, 4)."""
    known = state.last_min[rows] - state.first_min[rows]
    full: Flags = (state.pushed[rows] > 0)[:, None] & (known[:, None] + _SLACK_MIN >= _WINDOWS_MIN)
    return full


def completeness(state: Realised, rows: Index) -> Floats:
    """Settlements seen over settlements due in each window, shape (rows, 4); below 1 the window has a gap."""
    count = state.pushed[rows][:, None] - state.tail[rows]
    due = WINDOWS_H / state.interval_h[rows][:, None]
    share: Floats = np.minimum(count / due, 1.0)
    return share


def history(state: Realised, row: int) -> tuple[Ints, Floats]:
    """The settlements of the last thirty days, oldest first: times in UTC ms and rates per settlement."""
    positions = np.arange(state.tail[row, -1], state.pushed[row])
    slots = state.start[row] + positions % max(int(state.length[row]), 1)
    last = state.last_min[row].astype(np.int64)
    minutes = last - _age(state.times[slots], last)
    return minutes * MINUTE_MS, state.rates[slots].astype(np.float64)


def entry(state: Realised, rows: Index, back: int) -> tuple[Ints, Floats]:
    """Minute (UTC) and rate per settlement of each row's last settlement but `back` − 1; there are that many."""
    slots = state.start[rows] + (state.pushed[rows] - back) % state.length[rows]
    last = state.last_min[rows].astype(np.int64)
    return last - _age(state.times[slots], last), state.rates[slots].astype(np.float64)


def adopt(state: Realised, row: int, other: Realised, other_row: int) -> None:
    """Take one row over from another store, with its ring."""
    for column in state.fields:
        getattr(state, column)[row] = getattr(other, column)[other_row]
    length, start = int(other.length[other_row]), int(other.start[other_row])
    _grow_pool(state, state.used + length)
    state.times[state.used : state.used + length] = other.times[start : start + length]
    state.rates[state.used : state.used + length] = other.rates[start : start + length]
    state.start[row] = state.used
    state.used += length


def _make_room(state: Realised, rows: Index, interval_h: Floats) -> None:
    """Give a longer ring to rows whose own is missing or full (a shorter interval)."""
    needed = np.ceil(WINDOWS_H[-1] / interval_h).astype(np.int64) + _SPARE
    full = state.pushed[rows] - state.tail[rows, -1] >= state.length[rows]
    fresh = full & (state.length[rows] == 0)
    if fresh.any():
        _begin(state, rows[fresh], needed[fresh])
    outgrown = full & ~fresh
    for row, length in zip(rows[outgrown].tolist(), needed[outgrown].tolist(), strict=True):
        _move(state, row, max(length, 2 * int(state.length[row])))


def _begin(state: Realised, rows: Index, length: Ints) -> None:
    ends = state.used + np.cumsum(length)
    _grow_pool(state, int(ends[-1]))
    state.start[rows], state.length[rows] = ends - length, length
    state.used = int(ends[-1])


def _move(state: Realised, row: int, length: int) -> None:
    times, rates = history(state, row)
    tails = state.tail[row] - state.tail[row, -1]
    start = state.used
    _grow_pool(state, start + length)
    state.used = start + length
    state.times[start : start + len(times)] = times // MINUTE_MS & _ROUND
    state.rates[start : start + len(rates)] = rates
    state.start[row], state.length[row] = start, length
    state.pushed[row], state.tail[row] = len(times), tails


def _grow_pool(state: Realised, needed: int) -> None:
    if needed <= len(state.times):
        return
    size = max(needed, 2 * len(state.times), RESERVED)
    for name in ("times", "rates"):
        pool = getattr(state, name)
        wider = np.zeros(size, pool.dtype)
        wider[: state.used] = pool[: state.used]
        setattr(state, name, wider)
