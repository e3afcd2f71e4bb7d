"""What was paid in a span by a venue that pays all the time: the difference of two samples of its running total."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from fundtui.market import Settlement
from fundtui.units import HOUR_MS
from fundtui.venues.spec import Accrued

NEAR = 0.1
"""Of a step: how far two samples may be from lying a step apart."""


def instants(start_ms: int, end_ms: int, step_h: float) -> range:
    """The times at which samples are asked for: whole steps since 1970, from the last one before `start_ms` on."""
    step_ms = round(step_h * HOUR_MS)
    return range(start_ms // step_ms * step_ms, end_ms + 1, step_ms)


def last_of(samples: Iterable[Accrued], time_ms: int) -> Accrued | None:
    """The last sample that is not after a time."""
    return max((one for one in samples if one.time_ms <= time_ms), key=lambda one: one.time_ms, default=None)


def payments(samples: Sequence[Accrued], venue: str, symbol: str, step_h: float) -> list[Settlement]:
    """One settlement per pair of samples that lie about a step apart, stamped at the step's end.

    The rate is what a base unit paid over its price then (methodology §1, continuous funding). A pair whose price is
    not known, or with a sample missing in between, gives none.
    """
    step_ms = round(step_h * HOUR_MS)
    found = []
    for earlier, later in pairwise(samples):
        elapsed_ms = later.time_ms - earlier.time_ms
        rate = _rate(earlier, later) * step_ms / elapsed_ms if elapsed_ms > 0 else math.nan
        if abs(elapsed_ms - step_ms) > NEAR * step_ms or math.isnan(rate):
            continue
        end_ms = round(later.time_ms / step_ms) * step_ms
        found.append(
            Settlement(venue=venue, symbol=symbol, time_ms=end_ms, rate=rate, interval_h=step_h, price=later.price)
        )
    return found


def _rate(earlier: Accrued, later: Accrued) -> float:
    paid = later.paid - earlier.paid
    if paid == 0:
        return 0.0
    prices = [one.price for one in (earlier, later) if one.price > 0]
    return paid * len(prices) / sum(prices) if prices else math.nan
