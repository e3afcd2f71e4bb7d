"""What was observed of one instrument over time, for charts: what is kept while an asset is looked at, and its theory.

Nothing is filled in: a moment that nobody observed is not there, and a figure that was not published is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.table import Table
from fundtui.imbalance.theory import Kernel, funding
from fundtui.market import Averaging, Settlement
from fundtui.units import HOUR_MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_SAMPLES = 2880
"""Of an instrument that is looked at: a day at thirty seconds."""
SAMPLE_EVERY_MS = 15_000
MOST_ASSETS = 16
"""That are remembered; the one looked at longest ago is forgotten first."""


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument over a time range, oldest first.

    time_ms        when it was observed; `hourly` (N1), `theory` (hourly), `premium` (fraction), `oi_usd` are as long
    settled_ms     instants of settlement; `settled_hourly` is what was paid, `settled_from_ms` since when it accrued
    """

    venue: str
    symbol: str
    time_ms: Ints
    hourly: Floats
    theory: Floats
    premium: Floats
    oi_usd: Floats
    settled_ms: Ints
    settled_from_ms: Ints
    settled_hourly: Floats
    settled_premium: Floats


class Settled(NamedTuple):
    """Settlements as arrays: instant, start of the interval, hourly rate, premium."""

    time_ms: Ints
    from_ms: Ints
    hourly: Floats
    premium: Floats


def settled(rows: Iterable[Settlement]) -> Settled:
    """Settlements by time; one whose interval nobody told has no hourly rate and is left out (design §4)."""
    known = sorted((one for one in rows if one.interval_h > 0), key=lambda one: one.time_ms)
    times = np.array([one.time_ms for one in known], np.int64)
    hours = np.array([one.interval_h for one in known], np.float64)
    return Settled(
        times,
        times - (hours * HOUR_MS).astype(np.int64),
        np.array([one.rate for one in known], np.float64) / hours,
        np.array([one.premium for one in known], np.float64),
    )


def theory_of(
    time_ms: Ints, premium: Floats, kernel: Kernel, averaging: Averaging, interval_h: float, next_ms: float
) -> Floats:
    """Hourly theoretical rate at each observation: the kernel at the premium averaged since the interval began (§2.4).

    NaN where the venue averages in a way that single observations do not tell, where no interval is known, and until
    something of the interval was observed. Intervals lie on the grid of the coming settlement.
    """
    unknown = np.full(len(time_ms), np.nan)
    if averaging == Averaging.NONE:
        average = premium
    elif averaging in (Averaging.UNIFORM, Averaging.LINEAR) and interval_h > 0 and next_ms == next_ms:
        average = _averaged(time_ms, premium, interval_h * HOUR_MS, next_ms, linear=averaging == Averaging.LINEAR)
    else:
        return unknown
    return funding(average, kernel) / kernel.period_h


def _averaged(time_ms: Ints, premium: Floats, interval_ms: float, next_ms: float, *, linear: bool) -> Floats:
    """Mean so far of each interval, later observations weighing more where `linear`."""
    number = np.floor((time_ms - next_ms) / interval_ms)
    since = (time_ms - next_ms) - number * interval_ms
    known = np.isfinite(premium)
    weight = np.where(known, since + 1.0 if linear else 1.0, 0.0)
    average = np.full(len(premium), np.nan)
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(premium)]
    for start, end in pairwise(edges):
        sums = np.cumsum(weight[start:end])
        value = np.cumsum(weight[start:end] * np.where(known[start:end], premium[start:end], 0.0))
        average[start:end] = np.divide(value, sums, out=np.full(end - start, np.nan), where=sums > 0)
    return average


class Recent:
    """What was seen of the assets that somebody has looked at, since then."""

    def __init__(self) -> None:
        self._samples: dict[str, dict[str, list[tuple[float, ...]]]] = {}

    def follow(self, asset: str, names: Iterable[str]) -> None:
        """Remember an asset's instruments, by their keys, from now on."""
        mine = self._samples.pop(asset, {})
        self._samples[asset] = {name: mine.get(name, []) for name in names}
        while len(self._samples) > MOST_ASSETS:
            del self._samples[next(iter(self._samples))]

    def sample(self, table: Table) -> None:
        """Take what is new of every instrument that is followed."""
        seen = table.columns["observed_ms"]
        for instruments in self._samples.values():
            for name, samples in instruments.items():
                row = table.index.get(name)
                if row is None or not (seen[row] - (samples[-1][0] if samples else -np.inf) >= SAMPLE_EVERY_MS):
                    continue
                samples.append((float(seen[row]), *(float(table.columns[key][row]) for key in _SAMPLED)))
                if len(samples) > MOST_SAMPLES:
                    del samples[: MOST_SAMPLES // 8]

    def of(self, asset: str, name: str) -> tuple[Ints, Floats]:
        """Times, and hourly rate, theory, premium and open interest by row, of one instrument."""
        samples = self._samples.get(asset, {}).get(name, [])
        if not samples:
            return np.empty(0, np.int64), np.empty((len(_SAMPLED), 0))
        all_rows = np.array(samples, np.float64).T
        return all_rows[0].astype(np.int64), all_rows[1:]


_SAMPLED = ("apr", "theory", "premium", "oi_usd")
