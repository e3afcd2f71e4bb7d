"""The read side of the calculator: one columnar table per level, which screens, queries and exports share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.catalogue import Level, Metric, Unit

Floats = NDArray[np.float64]


class Table:
    """Rows of one level as columns.

    keys     row -> identity, fixed for the life of the process ("BTC", "binance BTCUSDT"); rows are never reused
    columns  metric key -> float64 per row in stored units (NaN: missing); texts: int32 codes into `labels` (-1: missing)
    series   metric key -> float64 matrix (rows x points), oldest first, for sparklines
    version  grows by one at every visible change of a row
    alive    whether the row is shown (False after a delisting has been read twice)
    Arrays are longer than `count`; only the first `count` entries mean anything. They are replaced when they grow,
    so readers take them from here at each use and never keep them.
    """

    def __init__(self, level: Level, metrics: tuple[Metric, ...], capacity: int = 256) -> None:
        self.level = level
        self.metrics = {metric.key: metric for metric in metrics}
        self.keys: list[str] = []
        self.index: dict[str, int] = {}
        self.labels: dict[str, list[str]] = {}
        self.columns: dict[str, NDArray[Any]] = {}
        self.series: dict[str, Floats] = {}
        self.version: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self.alive: NDArray[np.bool_] = np.zeros(capacity, np.bool_)
        self.revision = 0
        for metric in metrics:
            if metric.unit is Unit.TEXT:
                self.columns[metric.key] = np.full(capacity, -1, np.int32)
                self.labels[metric.key] = []
            elif metric.unit is not Unit.SERIES:
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
