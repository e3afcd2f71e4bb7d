"""What a chart shows, before it is known how large it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BREAK = 2.5
"""Observations further apart than this many usual steps are not joined: nobody knows what was between them."""


class Shape(StrEnum):
    """How values are joined: by lines, as steps that hold until the next one, or not at all."""

    LINE = "line"
    STEP = "step"
    MARK = "mark"


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Values over time, oldest first; NaN ends a line. `letter` names it in legend and margin, `role` is its pen."""

    name: str
    letter: str
    role: str
    time_ms: Floats
    value: Floats
    shape: Shape = Shape.LINE

    def at(self, time_ms: float, reach_ms: float) -> float:
        """The value seen last at that time, NaN when that was longer than `reach_ms` before."""
        place = int(np.searchsorted(self.time_ms, time_ms, side="right")) - 1
        if place < 0 or time_ms - self.time_ms[place] > reach_ms:
            return float("nan")
        return float(self.value[place])


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Curves, the last one on top; how values are written, and by what they are scaled for round numbers.

    notice   what to say instead of a chart; empty when there is something to draw
    note     what the reader should know about the chart (until when there is no record, what is missing)
    ahead    time axis in hours from now instead of dates
    """

    title: str
    curves: tuple[Curve, ...]
    start_ms: float
    end_ms: float
    label: Callable[[float], str]
    scale: float = 1.0
    from_zero: bool = True
    notice: str = ""
    note: str = ""
    ahead: bool = False


def broken(time_ms: Floats, value: Floats, gap_ms: float) -> tuple[Floats, Floats]:
    """The same with a NaN wherever two observations are further apart than `gap_ms`: a hole is drawn as a hole."""
    if len(time_ms) < 2:
        return time_ms, value
    holes = np.flatnonzero(np.diff(time_ms) > gap_ms) + 1
    return np.insert(time_ms, holes, time_ms[holes - 1] + 1.0), np.insert(value, holes, np.nan)


def gap_of(time_ms: Floats, step_ms: float) -> float:
    """How far apart neighbours may be: some usual steps of the series, at least some of the asked ones."""
    usual = float(np.median(np.diff(time_ms))) if len(time_ms) > 2 else 0.0
    return BREAK * max(usual, step_ms)
