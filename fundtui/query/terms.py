"""The comparisons of a query one by one: for views that say why a row matches, and for thresholds of alerts."""

from __future__ import annotations

import msgspec
import numpy as np

from fundtui.imbalance.catalogue import Unit
from fundtui.query.vector import Bools, Floats, Mask, Numeric, Rows, TextMask


class NumericTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of numbers. `operator` is after any `not` in front of it; `source` is as written, at `start`."""

    source: str
    start: int
    operator: str
    left: Numeric
    right: Numeric
    mask: Mask

    @property
    def keys(self) -> tuple[str, ...]:
        """Metrics compared, in the order in which they stand."""
        return tuple(dict.fromkeys((*self.left.keys, *self.right.keys)))

    @property
    def unit(self) -> Unit | None:
        """How to write both sides, where one unit fits."""
        return self.left.unit or self.right.unit

    def sides(self, table: Rows) -> tuple[Floats, Floats]:
        """Left and right values per row in exported units, NaN where missing."""
        return _per_row(self.left, table), _per_row(self.right, table)

    def known(self, table: Rows) -> Bools:
        """Rows where no side is missing."""
        left, right = self.sides(table)
        return ~(np.isnan(left) | np.isnan(right))


class TextTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of a text column."""

    source: str
    start: int
    key: str
    mask: TextMask

    @property
    def keys(self) -> tuple[str, ...]:
        """The column compared."""
        return (self.key,)

    def texts(self, table: Rows) -> list[str]:
        """The column's text per row, empty where missing."""
        labels = table.labels[self.key]
        return [labels[code] if code >= 0 else "" for code in table.columns[self.key][: table.count].tolist()]

    def known(self, table: Rows) -> Bools:
        """Rows where the text is not missing."""
        known: Bools = table.columns[self.key][: table.count] >= 0
        return known


Term = NumericTerm | TextTerm


def _per_row(side: Numeric, table: Rows) -> Floats:
    if side.constant is not None:
        return np.full(table.count, side.constant)
    values: Floats = side.values(table)
    return values
