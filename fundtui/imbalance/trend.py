"""The ring of past consensus values behind the sparklines."""

from __future__ import annotations

import numpy as np

from fundtui.imbalance.rows import Floats
from fundtui.imbalance.table import Table


class Trend:
    """Moves a series of a table along in time: the last point is now, the others one period apart."""

    def __init__(self, table: Table, key: str, source: str, every_s: float) -> None:
        self.table = table
        self.key = key
        self.source = source
        self.every_ms = int(every_s * 1000)
        self.period = -1
        self._saved: dict[str, Floats] = {}

    def restore(self, keys: list[str], series: Floats, period: int) -> None:
        """Take over the points of an earlier run; rows find theirs when they first get a value."""
        points = self.table.series[self.key].shape[1]
        if series.ndim != 2 or len(series) != len(keys):
            raise ValueError("saved trend does not fit its assets")
        if series.shape[1] == points:
            self._saved = dict(zip(keys, series, strict=True))
            self.period = period

    def advance(self, now_ms: int) -> bool:
        """Begin new points for the periods that have passed; skipped ones stay empty. True when the series moved."""
        period = now_ms // self.every_ms
        steps = period - self.period if self.period >= 0 else 0
        self.period = max(self.period, period)
        if steps <= 0:
            return False
        self._saved = {key: _shifted(points, steps) for key, points in self._saved.items()}
        series = self.table.series[self.key]
        kept = max(series.shape[1] - steps, 0)
        series[:, :kept] = series[:, series.shape[1] - kept :].copy()
        series[:, kept:] = np.nan
        series[:, -1] = self.table.columns[self.source]
        return True

    def update(self, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> None:
        """Let the last point follow the present value."""
        if self._saved:
            for row in rows.tolist():
                before = self._saved.pop(self.table.keys[row], None)
                if before is not None:
                    self.table.series[self.key][row] = before
        self.table.series[self.key][rows, -1] = self.table.columns[self.source][rows]


def _shifted(points: Floats, steps: int) -> Floats:
    kept = max(len(points) - steps, 0)
    moved: Floats = np.concatenate((points[len(points) - kept :], np.full(len(points) - kept, np.nan)))
    return moved
