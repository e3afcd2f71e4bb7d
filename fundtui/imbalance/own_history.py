"""Everything that is learnt from an instrument's own settled rates, one settlement at a time (methodology §3.2-§3.6).

Statistics are on hourly rates, so that a change of the funding interval changes none of them; memory fades with hours,
not with settlements. Predicted rates never come here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance import autoregression, estimators, percentile, realised, regime, settlements, streak
from fundtui.imbalance.autoregression import AutoRegression
from fundtui.imbalance.estimators import RATE_VARIANCE_FLOOR, Ewma
from fundtui.imbalance.percentile import Histogram
from fundtui.imbalance.realised import Realised
from fundtui.imbalance.regime import Crowded
from fundtui.imbalance.rows import Floats, Index, Ints, Number, Rows
from fundtui.imbalance.settlements import Settlements, Step
from fundtui.imbalance.streak import Streak
from fundtui.units import HOURS_PER_YEAR


class Settled(NamedTuple):
    """One settlement against what was known before it: z-score, mid-rank percentile, and how it follows the last."""

    z: Floats
    percentile: Floats
    step: Step


class OwnHistory:
    """The estimators of every instrument's settled rates, on the same rows."""

    def __init__(self, capacity: int = 0) -> None:
        self.settlements = Settlements(capacity)
        self.ewma = Ewma(capacity)
        self.histogram = Histogram(capacity)
        self.streak = Streak(capacity)
        self.realised = Realised(capacity)
        self.autoregression = AutoRegression(capacity)
        self.crowded = Crowded(capacity)

    @property
    def parts(self) -> dict[str, Rows]:
        """The estimators by name."""
        return {name: part for name, part in vars(self).items() if isinstance(part, Rows)}

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` rows."""
        for part in self.parts.values():
            part.grow(capacity)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All columns by `part.column`, for a snapshot to disk."""
        return {
            f"{name}.{column}": values for name, part in self.parts.items() for column, values in part.arrays().items()
        }

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take the columns of an earlier `arrays()`. Raises ValueError when they do not fit."""
        for name, part in self.parts.items():
            prefix = name + "."
            part.restore({key.removeprefix(prefix): col for key, col in arrays.items() if key.startswith(prefix)})

    @property
    def nbytes(self) -> int:
        """Bytes of all estimators."""
        return sum(part.nbytes for part in self.parts.values())


def settle(
    state: OwnHistory, rows: Index, time_ms: Ints, rate: Floats, interval_h: Floats, interest_apr: Number = 0.1095
) -> Settled:
    """Add one settled rate per row (per settlement; time and interval known). Repeated and late ones change nothing.

    Returns one entry per row; z and percentile compare with the history before this settlement.
    """
    usable = (interval_h > 0) & np.isfinite(rate) & (time_ms > state.settlements.last_ms[rows])
    everything = np.full(len(rows), np.nan)
    result = Settled(
        everything.copy(),
        everything.copy(),
        Step(everything.copy(), usable, *(np.zeros(len(rows), np.bool_) for _ in range(3))),
    )
    if not usable.any():
        return result
    found = _settle(
        state,
        rows[usable],
        time_ms[usable],
        rate[usable],
        interval_h[usable],
        np.broadcast_to(interest_apr, rows.shape)[usable],
    )
    result.z[usable], result.percentile[usable] = found.z, found.percentile
    for column, value in zip(result.step, found.step, strict=True):
        column[usable] = value
    return result


def _settle(
    state: OwnHistory, rows: Index, time_ms: Ints, rate: Floats, interval_h: Floats, interest_apr: Floats
) -> Settled:
    hourly = rate / interval_h
    apr = hourly * HOURS_PER_YEAR
    z = estimators.score(state.ewma, rows, hourly, RATE_VARIANCE_FLOOR)
    rank = percentile.percentile(state.histogram, rows, apr)
    step = settlements.advance(state.settlements, rows, time_ms, interval_h)
    # After a hole the last value is as old as the hole: one interval's weight for one interval's rate.
    hours = np.where(np.isfinite(step.hours), np.minimum(step.hours, interval_h), interval_h)
    estimators.update(state.ewma, rows, hourly, estimators.gain(hours))
    percentile.observe(state.histogram, rows, apr)
    streak.update(state.streak, rows, rate, interval_h)
    realised.update(state.realised, rows, time_ms, rate, interval_h)
    decay = autoregression.pair_decay(interval_h)
    autoregression.update(state.autoregression, rows, hourly, interval_h, step.chained, decay)
    regime.settle(state.crowded, rows, apr, interest_apr)
    return Settled(z, rank, step)


def score_now(state: OwnHistory, rows: Index, hourly: Floats) -> tuple[Floats, Floats]:
    """z and percentile of a rate that is only published: compared with the settled history, never added to it."""
    z = estimators.score(state.ewma, rows, hourly, RATE_VARIANCE_FLOOR)
    return z, percentile.percentile(state.histogram, rows, hourly * HOURS_PER_YEAR)
