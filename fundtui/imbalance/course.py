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
from fundtui.imbalance.theory import UNKNOWN_KERNEL, Kernel, funding
from fundtui.market import Averaging, Settlement
from fundtui.units import HOUR_MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_SAMPLES = 2880
"""Of an instrument that is looked at: a day at thirty seconds."""
SAMPLE_EVERY_MS = 15_000
MOST_ASSETS = 16
"""That are remembered; the one looked at longest ago is forgotten first."""
LEAST_SEEN = 0.2
"""Of what a rule averages, as in figures that are live (methodology §2.4)."""
EWMA_STEPS = 6.0
"""Observations within a time constant without which an exponential average is not built anew."""
EWMA_GAP_STEPS = 2.5
"""A longer hole is not bridged."""
EWMA_REACH = 5.0
"""Time constants after which less than one per cent of an observation's weight is left."""


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


class Formula(NamedTuple):
    """How an instrument's premium becomes its rate, as it is now: kernel, averaging, interval and next settlement.

    averaging_h is the time constant of an exponential average; next_ms is NaN where it is not known.
    """

    kernel: Kernel
    averaging: Averaging
    interval_h: float
    next_ms: float
    averaging_h: float = np.nan

    @property
    def reach_ms(self) -> int:
        """How long before a moment observations bear on its average."""
        hours = {Averaging.NONE: 0.0, Averaging.EWMA: EWMA_REACH * self.averaging_h}
        reach_h = hours.get(self.averaging, self.interval_h)
        return round(reach_h * HOUR_MS) if 0 <= reach_h < np.inf else 0


NO_FORMULA = Formula(UNKNOWN_KERNEL, Averaging.NONE, np.nan, np.nan)


def theory_of(time_ms: Ints, premium: Floats, formula: Formula, every_ms: float) -> Floats:
    """Hourly theoretical rate at each observation: the kernel at the premium averaged by the rule (§2.4).

    Observations stand for `every_ms` each. NaN where no interval is known, and where less than a fifth of what is
    averaged was observed (of the interval so far; of the weights of an exponential average). Intervals lie on the
    grid of the coming settlement. An exponential average is that of the straight lines between observations: as good
    as the one made while polling as long as its time constant is far above their distance.
    """
    unknown = np.full(len(time_ms), np.nan)
    averaging, interval_h = formula.averaging, formula.interval_h
    if averaging == Averaging.NONE:
        average = premium
    elif averaging == Averaging.EWMA:
        if not formula.averaging_h * HOUR_MS >= EWMA_STEPS * every_ms:
            return unknown
        average = _decayed(time_ms, premium, formula.averaging_h, every_ms)
    elif interval_h > 0 and formula.next_ms == formula.next_ms:
        linear = averaging == Averaging.LINEAR
        average = _averaged(time_ms, premium, interval_h * HOUR_MS, formula.next_ms, every_ms, linear=linear)
    else:
        return unknown
    return funding(average, formula.kernel) / formula.kernel.period_h


def paid_otherwise(time_ms: Ints, paid: Settled, interval_h: float) -> NDArray[np.bool_]:
    """Where a settlement shows that the interval was another one then: a formula for this interval says nothing."""
    if not len(paid.time_ms):
        return np.zeros(len(time_ms), np.bool_)
    place = np.minimum(np.searchsorted(paid.time_ms, time_ms), len(paid.time_ms) - 1)
    within = (paid.from_ms[place] < time_ms) & (time_ms <= paid.time_ms[place])
    other = np.abs((paid.time_ms - paid.from_ms) / HOUR_MS - interval_h) > 0.01 * interval_h
    found: NDArray[np.bool_] = within & other[place]
    return found


def _averaged(
    time_ms: Ints, premium: Floats, interval_ms: float, next_ms: float, every_ms: float, *, linear: bool
) -> Floats:
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
        enough = np.cumsum(known[start:end]) * every_ms >= LEAST_SEEN * since[start:end]
        average[start:end] = np.divide(value, sums, out=np.full(end - start, np.nan), where=(sums > 0) & enough)
    return average


def _decayed(time_ms: Ints, premium: Floats, averaging_h: float, every_ms: float) -> Floats:
    """Exponential average of the straight lines between observations; a hole decays what was before it."""
    known = np.flatnonzero(np.isfinite(premium))
    average = np.full(len(premium), np.nan)
    length_ms = np.diff(time_ms[known])
    steps = length_ms / (averaging_h * HOUR_MS)
    decay = np.exp(-steps)
    # The later end's weight in the average of a line; the earlier one has the rest of 1 - decay.
    later = 1.0 - (1.0 - decay) / steps
    bridged = length_ms <= EWMA_GAP_STEPS * every_ms
    gained = np.where(bridged, premium[known[1:]] * later + premium[known[:-1]] * (1.0 - decay - later), 0.0)
    seen = np.where(bridged, 1.0 - decay, 0.0)
    total = weight = 0.0
    for place, kept, new, share in zip(known[1:].tolist(), decay.tolist(), gained.tolist(), seen.tolist(), strict=True):
        total, weight = total * kept + new, weight * kept + share
        if weight >= LEAST_SEEN:
            average[place] = total / weight
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
