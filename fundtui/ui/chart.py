"""Small charts out of block glyphs, for panels: drawn from the zero line, above and below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fundtui.ui.cells import rate_role
from fundtui.ui.paint import Span, fitted, strip_of
from fundtui.units import HOURS_PER_YEAR, format_percent, format_rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from textual.strip import Strip

    from fundtui.ui.cells import Scene

_AXIS = 10


def bars(scene: Scene, values: NDArray[np.float64], width: int, height: int, title: str) -> list[Strip]:
    """A rate over time as bars: a title line, then `height - 1` lines with the scale at the left."""
    fill = scene.pens("dim", "panel")
    lines = height - 1
    points = resampled(values.tolist(), width - _AXIS - 2)
    known = [value for value in points if not math.isnan(value)]
    high, low = max([*known, 0.0]), min([*known, 0.0])
    span = (high - low) or 1 / HOURS_PER_YEAR
    drawn = [strip_of([(f"  {title}", fill)], width, fill)]
    for line in range(lines):
        top = high - span * line / lines
        bottom = high - span * (line + 1) / lines
        spans: list[Span] = [
            (fitted(_label(scene, line, lines, high, low), _AXIS, right=True) + " ", scene.pens("faint", "panel"))
        ]
        spans += _bar_line(scene, points, top, bottom)
        drawn.append(strip_of(spans, width, fill))
    return drawn


def _label(scene: Scene, line: int, lines: int, high: float, low: float) -> str:
    if line == 0:
        return format_rate(high, scene.basis)
    return format_rate(low, scene.basis) if line == lines - 1 else ""


def _bar_line(scene: Scene, points: list[float], top: float, bottom: float) -> list[Span]:
    """One line of bars; neighbours of the same pen become one piece."""
    spans: list[Span] = []
    for value in points:
        glyph = _block(scene, value, top, bottom)
        style = scene.pens(rate_role(value) if glyph != " " else "dim", "panel")
        if spans and spans[-1][1] is style:
            spans[-1] = (spans[-1][0] + glyph, style)
        else:
            spans.append((glyph, style))
    return spans


def _block(scene: Scene, value: float, top: float, bottom: float) -> str:
    if math.isnan(value):
        return " "
    ramp = scene.glyphs.spark
    full = scene.glyphs.shade[-1]
    if value >= top > 0 or value <= bottom < 0:
        return full
    if bottom >= 0 and value > bottom:
        return ramp[min(int((value - bottom) / (top - bottom) * len(ramp)), len(ramp) - 1)]
    # Below zero a cell fills from its top; blocks that hang exist in no font, so half a cell counts as all.
    if top <= 0 and value < (top + bottom) / 2:
        return full
    if bottom < 0 < top and value != 0:
        return ramp[0] if value > 0 else full if value <= bottom / 2 else scene.glyphs.rule
    return " "


def resampled(values: list[float], count: int) -> list[float]:
    """The values stretched or thinned to `count` points, each the newest of its part: the last value always shows."""
    if count <= 0 or not values:
        return []
    return [values[((index + 1) * len(values) - 1) // count] for index in range(count)]


def percent_label(fraction: float) -> str:
    """A scale label for a share."""
    return format_percent(fraction, 0)
