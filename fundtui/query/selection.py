"""Some rows of a table as a table of their own, for many queries over the few rows that a batch changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.table import Table
from fundtui.query.vector import Floats


class Selection:
    """Rows of a table, in the given order. Columns are copied when they are first read, once for all queries."""

    def __init__(self, table: Table, rows: NDArray[np.intp]) -> None:
        self.table = table
        self.rows = rows
        self.count = len(rows)
        self.columns: Mapping[str, NDArray[Any]] = _Taken(table.columns, rows)
        self.labels: Mapping[str, list[str]] = table.labels
        self._exported: dict[str, Floats] = {}

    def exported(self, key: str) -> Floats:
        """A numeric column of the selected rows in exported units."""
        values = self._exported.get(key)
        if values is None:
            values = self._exported[key] = self.columns[key] * self.table.metrics[key].export_factor
        return values


class _Taken(Mapping[str, NDArray[Any]]):
    def __init__(self, columns: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        self._columns = columns
        self._rows = rows
        self._taken: dict[str, NDArray[Any]] = {}

    def __getitem__(self, key: str) -> NDArray[Any]:
        values = self._taken.get(key)
        if values is None:
            values = self._taken[key] = self._columns[key][self._rows]
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)
