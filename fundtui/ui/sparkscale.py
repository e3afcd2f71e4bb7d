"""The scale of sparklines: each row's own, or one for all of them, so that large moves look larger than small ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OWN, SHARED = "own", "all"
"""What the head of the column says."""
SPARED = 0.02
"""Share at either end that lies beyond the shared scale: one listing gone mad must not flatten all others."""
MOST_ROWS = 1000
"""From more rows every second, third… one is looked at: the scale is the same to the eye."""

Scale = tuple[float, float]


def shared_scale(series: NDArray[np.float64], rows: NDArray[np.intp]) -> Scale | None:
    """Lowest and highest value of one scale for these rows; None where nothing is known."""
    chosen = rows[:: len(rows) // MOST_ROWS + 1]
    values = series[chosen]
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.quantile(known, (SPARED, 1.0 - SPARED)).tolist()
    return low, high


class SharedScale:
    """The shared scale of a table's rows, looked up once a minute: then the table is drawn anew anyway."""

    def __init__(self) -> None:
        self._minute = -1
        self._scale: Scale | None = None

    def forget(self) -> None:
        """Look it up at the next use."""
        self._minute = -1

    def at(self, now_ms: int, series: NDArray[np.float64] | None, rows: NDArray[np.intp]) -> Scale | None:
        """The scale at a time."""
        if now_ms // 60_000 != self._minute:
            self._minute = now_ms // 60_000
            self._scale = None if series is None else shared_scale(series, rows)
        return self._scale


def marked(title: str, width: int, *, shared: bool) -> str:
    """A head that says whose scale it is; where there is no room for the word, its letter."""
    word = SHARED if shared else OWN
    return f"{title} {word}" if len(title) + len(word) < width else f"{title} {word[0]}"[:width]
