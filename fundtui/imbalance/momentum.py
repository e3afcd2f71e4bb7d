"""Open interest and price 1, 4 and 24 hours ago, for growth in base units and for returns (methodology §5.1).

A day of half-hours per row: each slot keeps the last value seen in it, so "1 h ago" is 60 to 90 minutes ago.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import Field, Floats, Index, Ints, Rows, log_change

SLOT_MS = 30 * 60_000
SLOTS = 50
LOOK_BACK_H = (1, 4, 24)
_PER_HOUR = 2


class Day(Rows):
    """Rings of the last day, and the number of the newest half-hour."""

    fields: ClassVar[dict[str, Field]] = {
        "oi_base": Field(np.nan, np.float32, (SLOTS,)),
        "price": Field(np.nan, np.float32, (SLOTS,)),
        "newest": Field(-1, np.int32),
    }
    oi_base: NDArray[np.float32]
    price: NDArray[np.float32]
    newest: Ints


def observe(state: Day, rows: Index, time_ms: Ints, oi_base: Floats, price: Floats) -> None:
    """Note open interest in base units and price of these rows. Half-hours in between that were not seen are empty."""
    slot = np.maximum(time_ms // SLOT_MS, state.newest[rows])
    skipped = slot - state.newest[rows]
    for back in range(int(min(skipped.max(initial=0), SLOTS))):
        old = skipped > back
        emptied = (slot[old] - back) % SLOTS
        state.oi_base[rows[old], emptied] = np.nan
        state.price[rows[old], emptied] = np.nan
    state.newest[rows] = slot
    place = slot % SLOTS
    for ring, value in ((state.oi_base, oi_base), (state.price, price)):
        known = value > 0
        ring[rows[known], place[known]] = value[known]


def reset_oi(state: Day, rows: Index) -> None:
    """Forget open interest before now: after a purge or a migration the old level means nothing."""
    state.oi_base[rows] = np.nan


def oi_growth(state: Day, rows: Index, oi_base: Floats) -> Floats:
    """Δln OI in base units over 1, 4 and 24 hours, shape (rows, 3); NaN where that half-hour was not seen."""
    return log_change(oi_base[:, None], _ago(state.oi_base, state, rows))


def returns(state: Day, rows: Index, price: Floats) -> Floats:
    """Log price change over 1, 4 and 24 hours, shape (rows, 3)."""
    return log_change(price[:, None], _ago(state.price, state, rows))


def _ago(ring: NDArray[np.float32], state: Day, rows: Index) -> Floats:
    slots = state.newest[rows][:, None] - _PER_HOUR * np.asarray(LOOK_BACK_H)
    past = ring[rows[:, None], slots % SLOTS].astype(np.float64)
    seen: Floats = np.where(slots >= 0, past, np.nan)
    return seen
