"""What assets remember of themselves: for how many settlements the consensus has had its sign since it last changed,
and how crowding has moved within the hour (methodology §7, nos. 3 and 8).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import Field, Floats, Index, Ints, Rows, differs
from fundtui.imbalance.state import Members
from fundtui.imbalance.table import Table

ZERO_WITHIN_H = 0.01e-4 / 8
"""A consensus nearer to zero has no sign: 0.01 bp per 8 h, as where signs are compared across venues (§3.1)."""
SAME_INSTANT_MS = 1000
EARLY_MS = 10_000
"""So long before a payment a venue may already name the next one, or our clocks differ."""
SLOT_MS = 30 * 60_000
SLOTS = 4
BACK = 2
"""The value of two half-hours ago is 60 to 90 minutes old, as elsewhere (§5.1)."""


class AssetPast(Rows):
    """sign: of the consensus at the last settlement that had one; held: settlements since it last changed, 0 before
    the first change. next_ms: the payment that is waited for. crowding: last values of the latest half-hours."""

    fields: ClassVar[dict[str, Field]] = {
        "sign": Field(0, np.int8),
        "held": Field(0, np.int32),
        "next_ms": Field(np.nan),
        "crowding": Field(np.nan, np.float32, (SLOTS,)),
        "newest": Field(-1, np.int64),
    }
    sign: NDArray[np.int8]
    held: Ints
    next_ms: Floats
    crowding: NDArray[np.float32]
    newest: Ints


def settle(state: AssetPast, rows: Index, consensus: Floats, next_ms: Floats, now_ms: int) -> None:
    """Count a settlement for each row whose awaited payment has passed. Distinct rows; NaN where nothing is known.

    A payment that only moved, because the interval changed, is none. A consensus at zero, or unknown, neither counts
    nor ends what is counted.
    """
    awaited = state.next_ms[rows]
    with np.errstate(invalid="ignore"):
        paid = (next_ms > awaited + SAME_INSTANT_MS) & (now_ms >= awaited - EARLY_MS)
        known = np.isfinite(next_ms)
        signed = paid & (np.abs(consensus) >= ZERO_WITHIN_H)
    state.next_ms[rows[known]] = next_ms[known]
    counted = rows[signed]
    sign, before = np.sign(consensus[signed]).astype(np.int8), state.sign[counted]
    turned = (before != 0) & (sign != before)
    going = state.held[counted] > 0
    state.held[counted] = np.where(turned, 1, np.where(going, state.held[counted] + 1, 0))
    state.sign[counted] = sign


def crowd(state: AssetPast, rows: Index, score: Floats, now_ms: int) -> Floats:
    """Note the crowding of these rows, and give its change towards its own side within the hour; NaN: not known."""
    slot = now_ms // SLOT_MS
    # A clock that was set back writes on in the newest slot.
    slots = np.maximum(slot, state.newest[rows])
    skipped = slots - state.newest[rows]
    for back in range(int(min(skipped.max(initial=0), SLOTS))):
        old = skipped > back
        state.crowding[rows[old], (slots[old] - back) % SLOTS] = np.nan
    state.newest[rows] = slots
    known = np.isfinite(score)
    state.crowding[rows[known], slots[known] % SLOTS] = score[known]
    before = state.crowding[rows, (slots - BACK) % SLOTS].astype(np.float64)
    change: Floats = np.sign(score) * (score - before)
    return change


class Past:
    """Keeps `AssetPast` for all assets and writes the columns `flip` and `crowding_1h`."""

    def __init__(self, assets: Table, instruments: Table, members: Members) -> None:
        self.assets = assets
        self.instruments = instruments
        self.members = members
        self.state = AssetPast(assets.capacity)
        self._saved: AssetPast | None = None
        self._saved_row: dict[str, int] = {}

    def exported(self) -> dict[str, NDArray[np.generic]]:
        """The state of all assets, by `past.column`."""
        return {f"past.{name}": column[: self.assets.count].copy() for name, column in self.state.arrays().items()}

    def restore(self, keys: list[str], arrays: dict[str, NDArray[np.generic]]) -> None:
        """Take over an earlier run's state; rows find theirs by name. One from before there was any is no error."""
        kept = {name.removeprefix("past."): one for name, one in arrays.items() if name.startswith("past.")}
        if not kept:
            return
        self._saved = AssetPast()
        self._saved.restore(kept)
        if self._saved.capacity != len(keys):
            raise ValueError("saved past does not fit its assets")
        self._saved_row = {key: row for row, key in enumerate(keys)}

    def refresh(self, now_ms: int) -> Index:
        """Look at all assets, and write what has changed; the rows that have."""
        count, columns = self.assets.count, self.assets.columns
        self.state.grow(self.assets.capacity)
        self._adopt()
        rows = np.flatnonzero(self.assets.alive[:count] & (self.members.size[:count] > 0))
        if not len(rows):
            return rows
        consensus = columns["consensus"][rows]
        settle(self.state, rows, consensus, self._next_ms(rows), now_ms)
        flip: Floats = self.state.sign[rows].astype(np.float64) * self.state.held[rows]
        flip[(self.state.sign[rows] == 0) | np.isnan(consensus)] = np.nan
        risen = crowd(self.state, rows, columns["crowding"][rows], now_ms)
        changed = differs(columns["flip"][rows], flip) | differs(columns["crowding_1h"][rows], risen)
        columns["flip"][rows], columns["crowding_1h"][rows] = flip, risen
        return rows[changed]

    def _next_ms(self, rows: Index) -> Floats:
        """The next payment of each asset's leading instrument, the one with the largest weight."""
        members, groups = self.members.of_all(rows)
        weight = self.instruments.columns["weight"][members]
        lead = members[groups.largest(weight)]
        next_ms: Floats = self.instruments.columns["next_funding_ms"][lead]
        return next_ms

    def _adopt(self) -> None:
        if self._saved is None:
            return
        for key in [key for key in self._saved_row if key in self.assets.index]:
            row, before = self.assets.index[key], self._saved_row.pop(key)
            for name in AssetPast.fields:
                getattr(self.state, name)[row] = getattr(self._saved, name)[before]
