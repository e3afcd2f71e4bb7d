"""The cash ladder of a pair as a staircase: the running sum over time, with the line at which it is even."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fundtui.imbalance.ladder import Rung
from fundtui.ui.glyphs import Glyphs
from fundtui.ui.pieces import Line, Piece
from fundtui.units import format_bp

AXIS = 10
EVEN = " even"


def steps(rungs: Sequence[Rung], width: int) -> list[float]:
    """The sum as it stands at `width` moments from the first rung to the last, NaN without rungs."""
    if not rungs:
        return [math.nan] * width
    start, end = rungs[0].time_ms, rungs[-1].time_ms
    sums: list[float] = []
    place = 0
    for column in range(width):
        moment = start + (end - start) * (column + 1) / width
        while place + 1 < len(rungs) and rungs[place + 1].time_ms <= moment:
            place += 1
        sums.append(rungs[place].total)
    return sums


def staircase(rungs: Sequence[Rung], width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """The plot in `height` lines of `width` cells, the scale at the left."""
    room = max(width - AXIS - len(EVEN) - 1, 4)
    sums = steps(rungs, room)
    # A sum that lasts shorter than a column still belongs to the scale.
    known = [rung.total for rung in rungs if not math.isnan(rung.total)]
    high, low = max([*known, 0.0]), min([*known, 0.0])
    span = (high - low) or 1e-4
    even = min(int((high / span) * height), height - 1)
    lines: list[Line] = []
    for line in range(height):
        top, bottom = high - span * line / height, high - span * (line + 1) / height
        label = format_bp(high, 0) if line == 0 else format_bp(low, 0) if line == height - 1 else ""
        pieces: list[Piece] = [(f"{label:>{AXIS - 2}} ", "faint"), ("|" if glyphs.rule == "-" else "│", "faint")]
        for value in sums:
            glyph, role = _cell(value, top, bottom, glyphs, on_even=line == even)
            if pieces[-1][1] == role and len(pieces) > 2:
                pieces[-1] = (pieces[-1][0] + glyph, role)
            else:
                pieces.append((glyph, role))
        lines.append([*pieces, (EVEN if line == even else "", "faint")])
    return lines


def _cell(value: float, top: float, bottom: float, glyphs: Glyphs, *, on_even: bool) -> tuple[str, str]:
    """One cell: filled from the bottom of the picture up to the sum, the even line where nothing is."""
    ramp = glyphs.spark
    role = "up3" if value > 0 else "down3"
    if math.isnan(value) or value <= bottom:
        return (glyphs.rule if on_even else " "), "faint"
    if value >= top:
        return ramp[-1], role
    return ramp[min(int((value - bottom) / (top - bottom) * len(ramp)), len(ramp) - 1)], role
