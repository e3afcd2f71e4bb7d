"""Which rows of a table are shown, in which order. The cursor belongs to a key, so a re-sort moves no person."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.catalogue import Unit
from fundtui.imbalance.table import Table
from fundtui.ui.filtering import Filter

Rows = NDArray[np.int64]

# Rows that re-sort more often than this cannot be read; while a person moves they do not move at all.
RESORT_S = 1.0
HOLD_S = 3.0


class View:
    """Filter, order and cursor over one table.

    order   the rows shown, top to bottom
    cursor  index into `order`
    """

    def __init__(self, table: Table, sort_key: str, *, descending: bool = True) -> None:
        self.table = table
        self.sort_key = sort_key
        self.descending = descending
        # What filters name, where the shown table is seen through a lens.
        self.named: Table | None = None
        self.filter: Filter | None = None
        self.extra: Filter | None = None
        self.members: frozenset[str] | None = None
        self.pinned: set[str] = set()
        self.order: Rows = np.zeros(0, np.int64)
        self.cursor = 0
        self.cursor_key: str | None = None
        self.shown_of = 0
        self._held_until = -np.inf
        self._sorted_at = -np.inf
        self._stale = True
        # Ranks of texts by what they are of: lists of texts only ever grow, so one of the same length is the same.
        self._known_ranks: dict[str, tuple[list[str], int, NDArray[np.float64]]] = {}

    def hold(self, now: float) -> None:
        """A person moves: keep the order for a while."""
        self._held_until = now + HOLD_S

    def release(self) -> None:
        """Let the order follow the data again at once."""
        self._held_until = -np.inf
        self._stale = True

    def held(self, now: float) -> bool:
        """Whether the order is kept although the data may say otherwise."""
        return now < self._held_until

    def invalidate(self) -> None:
        """Filter, sort key or pins changed: order anew at the next refresh, held or not."""
        self._stale = True

    def refresh(self, now: float, *, changed: bool) -> bool:
        """Order the rows anew when that is due; whether the order is another now."""
        due = self._stale or (changed and not self.held(now) and now - self._sorted_at >= RESORT_S)
        if not due and len(self.order):
            return False
        self._stale = False
        self._sorted_at = now
        before = self.order
        self.order = self._ordered()
        self._find_cursor()
        return not np.array_equal(before, self.order)

    def _ordered(self) -> Rows:
        table = self.table
        shown = table.alive[: table.count].copy()
        if self.members is not None:
            shown &= np.fromiter((key in self.members for key in table.keys), np.bool_, table.count)
        if self.extra is not None:
            shown &= self.extra.mask(self.named or table)
        self.shown_of = int(shown.sum())
        if self.filter is not None:
            shown &= self.filter.mask(self.named or table)
        rows = np.flatnonzero(shown)
        rows = rows[self._ranking(rows)]
        if self.pinned:
            pinned = np.fromiter((table.keys[row] in self.pinned for row in rows.tolist()), np.bool_, len(rows))
            rows = np.concatenate([rows[pinned], rows[~pinned]])
        return rows.astype(np.int64, copy=False)

    def _ranking(self, rows: Rows) -> NDArray[np.intp]:
        values = self.sort_values()[rows]
        # NaN sorts last by itself; turning the sign, not the result, keeps it there in both directions.
        return np.argsort(-values if self.descending else values, kind="stable")

    def sort_values(self) -> NDArray[np.float64]:
        """The sort column of all rows as numbers; texts by their rank, the row's own key by its rank too."""
        table = self.table
        column = table.columns.get(self.sort_key)
        if column is None:
            return self._ranks("", table.keys)
        if table.metrics[self.sort_key].unit is Unit.TEXT:
            labels = table.labels[self.sort_key]
            codes = column[: table.count]
            ranks = np.append(self._ranks(self.sort_key, labels), np.nan)
            return np.asarray(ranks[codes], np.float64)
        return np.asarray(column[: table.count], np.float64)

    def _ranks(self, name: str, texts: list[str]) -> NDArray[np.float64]:
        known = self._known_ranks.get(name)
        if known is None or known[0] is not texts or known[1] != len(texts):
            known = self._known_ranks[name] = (texts, len(texts), _ranks(texts))
        return known[2]

    def _find_cursor(self) -> None:
        if self.cursor_key is not None:
            row = self.table.index.get(self.cursor_key)
            if row is not None and len(found := np.flatnonzero(self.order == row)):
                self.cursor = int(found[0])
                return
        self.cursor = max(0, min(self.cursor, len(self.order) - 1))

    def move_to(self, index: int, now: float) -> bool:
        """Put the cursor on a shown row; whether it moved."""
        index = max(0, min(index, len(self.order) - 1))
        moved = index != self.cursor or self.cursor_key is None
        self.cursor = index
        if len(self.order):
            self.cursor_key = self.table.keys[int(self.order[index])]
        self.hold(now)
        return moved

    @property
    def row(self) -> int | None:
        """The table row under the cursor."""
        return int(self.order[self.cursor]) if self.cursor < len(self.order) else None

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        row = self.row
        return None if row is None else self.table.keys[row]

    def sort_by(self, key: str, *, ascending: bool = False) -> None:
        """Sort by a column; the same column again flips the direction."""
        self.descending = not self.descending if key == self.sort_key else not ascending
        self.sort_key = key
        self.invalidate()

    def toggle_pin(self) -> bool:
        """Pin or unpin the row under the cursor; whether it is pinned now."""
        key = self.key
        if key is None:
            return False
        self.pinned ^= {key}
        self.cursor_key = key
        self.invalidate()
        return key in self.pinned

    def show_only(self, members: Collection[str] | None) -> None:
        """Restrict to these keys (a watchlist), or to nothing in particular."""
        self.members = None if members is None else frozenset(members)
        self.invalidate()


def _ranks(texts: list[str]) -> NDArray[np.float64]:
    ranks = np.empty(len(texts))
    ranks[sorted(range(len(texts)), key=lambda index: texts[index].casefold())] = np.arange(len(texts))
    return ranks
