"""The read side of the calculator: one columnar table per level, which screens, queries and exports share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.metric import Level, Metric, Unit

Floats = NDArray[np.float64]

LARGEST_GROWTH = 1024
"""Rows that a table gets at once when it is full: doubling would leave thousands empty."""


class Table:
    """Rows of one level as columns.

    keys     row -> identity, fixed for the life of the process ("BTC", "binance BTCUSDT"); rows are never reused
    columns  metric key -> float64 per row in stored units (NaN: missing); texts: int32 codes into `labels` (-1: none)
    series   metric key -> float64 matrix (rows x points), oldest first, for sparklines
    version  grows by one at every visible change of a row; what merely grows older does not count as one
    alive    whether the row is shown (False after a delisting has been read twice)
    names    metric key or alias -> metric key
    Arrays are longer than `count`; only the first `count` entries mean anything. They are replaced when they grow,
    so readers take them from here at each use and never keep them.
    """

    def __init__(
        self, level: Level, metrics: tuple[Metric, ...], capacity: int = 256, *, series_points: int = 0
    ) -> None:
        self.level = level
        self.metrics = {metric.key: metric for metric in metrics}
        self.names = {metric.key: metric.key for metric in metrics}
        for metric in metrics:
            self.names.update(dict.fromkeys(metric.aliases, metric.key))
        self.keys: list[str] = []
        self.index: dict[str, int] = {}
        self.labels: dict[str, list[str]] = {}
        self.columns: dict[str, NDArray[Any]] = {}
        self.series: dict[str, Floats] = {}
        self.version: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self.alive: NDArray[np.bool_] = np.zeros(capacity, np.bool_)
        self.revision = 0
        self.capacity = capacity
        self._codes: dict[str, dict[str, int]] = {}
        for metric in metrics:
            if metric.unit is Unit.TEXT:
                self.columns[metric.key] = np.full(capacity, -1, np.int32)
                self.labels[metric.key] = []
                self._codes[metric.key] = {}
            elif metric.unit is Unit.SERIES:
                self.series[metric.key] = np.full((capacity, series_points), np.nan)
            else:
                self.columns[metric.key] = np.full(capacity, np.nan)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.keys)

    def text(self, key: str, row: int) -> str:
        """The label of a text column, empty when missing."""
        code = int(self.columns[key][row])
        return self.labels[key][code] if code >= 0 else ""

    def exported(self, key: str) -> Floats:
        """A numeric column of all rows in exported units (JSON, queries)."""
        values: Floats = self.columns[key][: self.count] * self.metrics[key].export_factor
        return values

    def add(self, key: str) -> int:
        """A new row, shown. The last row of the arrays stays free: it stands for "no row" (index -1)."""
        row = len(self.keys)
        if row + 1 >= self.capacity:
            self._grow(self.capacity + min(self.capacity, LARGEST_GROWTH))
        self.keys.append(key)
        self.index[key] = row
        self.alive[row] = True
        self.touch(np.array([row]))
        return row

    def code(self, key: str, label: str) -> int:
        """The code of a label in a text column; learnt on first sight."""
        codes = self._codes[key]
        known = codes.get(label)
        if known is None:
            known = codes[label] = len(self.labels[key])
            self.labels[key].append(label)
        return known

    def share_labels(self, keys: tuple[str, ...], other: Table, key: str) -> None:
        """Let text columns use the labels of another table's column, so that codes can be copied between them."""
        for mine in keys:
            self.labels[mine] = other.labels[key]
            self._codes[mine] = other._codes[key]

    def touch_marked(self, marked: NDArray[np.bool_]) -> None:
        """Mark rows as changed, where `marked` (one flag for each row) is set: quicker for many."""
        if marked.any():
            self.revision += 1
            self.version[: len(marked)] += marked

    def touch(self, rows: NDArray[np.intp]) -> None:
        """Mark rows as changed. `rows` are distinct."""
        if len(rows):
            self.revision += 1
            self.version[rows] += 1

    def _grow(self, capacity: int) -> None:
        for key, column in self.columns.items():
            self.columns[key] = _wider(column, capacity, -1 if column.dtype == np.int32 else np.nan)
        for key, matrix in self.series.items():
            self.series[key] = _wider(matrix, capacity, np.nan)
        self.version = _wider(self.version, capacity, 0)
        self.alive = _wider(self.alive, capacity, 0)
        self.capacity = capacity


def _wider(array: NDArray[Any], capacity: int, fill: float) -> NDArray[Any]:
    wider = np.full((capacity, *array.shape[1:]), fill, array.dtype)
    wider[: len(array)] = array
    return wider
