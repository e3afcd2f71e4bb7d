"""What a chart shows, as data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fundtui.ui.charts.picture import Picture
    from fundtui.ui.charts.plot import ChartPanel

COLUMNS = ("curve", "time_ms", "value")


def rows_of(picture: Picture) -> list[dict[str, Any]]:
    """Every value of every curve, a row each, rates hourly."""
    return [
        {"curve": curve.name, "time_ms": int(time_ms), "value": value}
        for curve in picture.curves
        for time_ms, value in zip(curve.time_ms.tolist(), curve.value.tolist(), strict=True)
    ]


def reading_of(chart: ChartPanel, picture: Picture) -> dict[str, Any]:
    """Each curve's value under the crosshair, or its newest one; None where there is none."""
    values = {curve.name: chart.reading(curve) for curve in picture.curves}
    return {
        "chart": picture.title,
        "time_ms": None if math.isnan(chart.cross_ms) else round(chart.cross_ms),
        "values": {name: None if math.isnan(value) else value for name, value in values.items()},
    }
