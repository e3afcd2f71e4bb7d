"""Where a rate stands in an instrument's own history: a histogram of asinh(APR) with mid-ranks (methodology §3.3)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import COUNT, Field, Floats, Index, Ints, Number, Rows

BINS = 257
REACH = 8.0
APR_SCALE = 0.02
# As many as a 16-bit count can hold if all fall into one bin.
HALVED_AT = (1 << 16) - 1
AT_LEAST = 30


class Histogram(Rows):
    """Counts per bin and their sum."""

    fields: ClassVar[dict[str, Field]] = {"counts": Field(0, np.uint16, (BINS,)), "total": COUNT}
    counts: NDArray[np.uint16]
    total: Ints


def bin_of(apr: Number) -> Ints:
    """Bin 0..256 of an annual rate; values beyond the ends fall into the end bins, NaN into −1."""
    value = np.asarray(apr, np.float64)
    known = np.isfinite(value)
    position = np.arcsinh(np.where(known, value, 0.0) / APR_SCALE) + REACH
    bins = np.clip(np.floor(position / (2.0 * REACH) * BINS), 0, BINS - 1).astype(np.int64)
    result: Ints = np.where(known, bins, -1)
    return result


def observe(state: Histogram, rows: Index, apr: Floats) -> None:
    """Count one settled rate per row; a row's counts are halved when they have reached 65,535."""
    bins = bin_of(apr)
    known = bins >= 0
    kept = rows[known]
    full = kept[state.total[kept] >= HALVED_AT]
    if len(full):
        state.counts[full] >>= 1
        state.total[full] = state.counts[full].sum(axis=1)
    state.counts[kept, bins[known]] += 1
    state.total[kept] += 1


def midrank(counts: NDArray[Any], bins: Ints) -> Floats:
    """(below + ½·own)/n of one bin per row of counts; NaN without counts. A plateau reads as its middle."""
    return _midrank(counts, bins, counts.sum(axis=1))


def _midrank(counts: NDArray[Any], bins: Ints, total: Ints) -> Floats:
    if not len(bins):
        return np.empty(0)
    width = counts.shape[1]
    start, place = np.arange(len(bins)) * width, np.maximum(bins, 0)
    flat = counts.ravel()
    edges = np.empty(2 * len(bins), np.intp)
    # Sums between neighbouring edges: every second one is what lies below the bin (bin 0 has nothing below it).
    edges[::2], edges[1::2] = start, start + np.maximum(place, 1)
    below = np.where(place > 0, np.add.reduceat(flat, edges, dtype=np.int64)[::2], 0)
    ready = (total > 0) & (bins >= 0)
    rank: Floats = np.where(ready, (below + 0.5 * flat[start + place]) / np.maximum(total, 1), np.nan)
    return rank


def percentile(state: Histogram, rows: Index, apr: Floats, at_least: int = AT_LEAST) -> Floats:
    """Mid-rank 0..1 of an annual rate in each row's history; NaN before `at_least` settlements."""
    total = state.total[rows]
    rank = _midrank(state.counts[rows], bin_of(apr), total)
    ready: Floats = np.where(total >= at_least, rank, np.nan)
    return ready


class P2Quantile:
    """One quantile of a stream in fifteen numbers (Jain and Chlamtac 1985).

    Poor below about 50 observations and on plateaus: the histogram is the default, this is for one-off streams.
    """

    def __init__(self, probability: float) -> None:
        self._probability = probability
        self._heights: list[float] = []
        self._positions = [1.0, 2.0, 3.0, 4.0, 5.0]
        self._seen = 0

    def add(self, x: float) -> None:
        """Add one observation."""
        self._seen += 1
        if self._seen <= 5:
            self._heights = sorted([*self._heights, x])
            return
        heights, positions = self._heights, self._positions
        heights[0], heights[4] = min(heights[0], x), max(heights[4], x)
        cell = 3 if x >= heights[3] else next(i for i in range(3) if heights[i] <= x < heights[i + 1])
        for marker in range(cell + 1, 5):
            positions[marker] += 1
        for marker in (1, 2, 3):
            self._adjust(marker)

    def _adjust(self, marker: int) -> None:
        heights, positions, p = self._heights, self._positions, self._probability
        wanted = 1.0 + (self._seen - 1) * (0.0, p / 2, p, (1 + p) / 2, 1.0)[marker]
        off = wanted - positions[marker]
        room_up = positions[marker + 1] - positions[marker] > 1
        room_down = positions[marker] - positions[marker - 1] > 1
        if not ((off >= 1 and room_up) or (off <= -1 and room_down)):
            return
        step = 1 if off > 0 else -1
        height = self._parabolic(marker, step)
        if not heights[marker - 1] < height < heights[marker + 1]:
            neighbour = marker + step
            slope = (heights[neighbour] - heights[marker]) / (positions[neighbour] - positions[marker])
            height = heights[marker] + step * slope
        heights[marker] = height
        positions[marker] += step

    def _parabolic(self, i: int, step: int) -> float:
        q, n = self._heights, self._positions
        above = (n[i] - n[i - 1] + step) * (q[i + 1] - q[i]) / (n[i + 1] - n[i])
        below = (n[i + 1] - n[i] - step) * (q[i] - q[i - 1]) / (n[i] - n[i - 1])
        return q[i] + step / (n[i + 1] - n[i - 1]) * (above + below)

    @property
    def value(self) -> float:
        """The present estimate; NaN before the first observation, a sorted middle before the sixth."""
        if not self._heights:
            return float("nan")
        return self._heights[2] if self._seen >= 5 else self._heights[len(self._heights) // 2]
