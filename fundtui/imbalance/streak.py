"""How many settlements in a row had one sign, and for how many hours (methodology §3.4)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fundtui.imbalance.rows import COUNT, ZERO, Field, Floats, Index, Ints, Rows

EPSILON = 1e-9


class Streak(Rows):
    """Signed count of consecutive settlements of one sign, and the hours that they cover."""

    fields: ClassVar[dict[str, Field]] = {"length": COUNT, "hours": ZERO}
    length: Ints
    hours: Floats


def update(state: Streak, rows: Index, rate: Floats, interval_h: Floats, epsilon: float = EPSILON) -> None:
    """Add one settled rate per row. A rate within ±epsilon, or a missing one, neither counts nor ends a streak."""
    with np.errstate(invalid="ignore"):
        counted = np.abs(rate) >= epsilon
    kept, sign = rows[counted], np.sign(rate[counted]).astype(np.int64)
    length = state.length[kept]
    same = np.sign(length) == sign
    state.length[kept] = np.where(same, length + sign, sign)
    hours = np.nan_to_num(interval_h[counted], nan=0.0)
    state.hours[kept] = np.where(same, state.hours[kept] + hours, hours)
