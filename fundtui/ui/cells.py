"""One figure of one row as text and tone: what is loud, what is quiet, what is which hue."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from fundtui.config.schema import Lens
from fundtui.imbalance.catalogue import Metric, Unit
from fundtui.imbalance.display import display
from fundtui.units import HOURS_PER_YEAR, MISSING, Basis

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fundtui.ui.glyphs import Glyphs
    from fundtui.ui.theme import Pens

__all__ = ["BP_STEPS", "RATE_STEPS", "Lens", "Scene", "figure", "rate_role", "sign_role", "sparkline", "step"]

# Five steps of loudness for a rate, as APR (methodology §8: 10.95 % is the interest plateau, beyond 100 % is rare).
RATE_STEPS = (0.05, 0.15, 0.40, 1.00)
BP_STEPS = (0.0002, 0.0005, 0.0015, 0.005)
SIGMA_STEPS = (0.5, 1.0, 2.0, 4.0)
SOON_S = 600.0


class Scene(msgspec.Struct, frozen=True):
    """Everything that decides how a figure looks, apart from the figure.

    shared  sparklines are drawn on one scale; spark: its ends, None where nothing is known
    """

    pens: Pens
    basis: Basis
    lens: Lens
    now_ms: int
    shared: bool = False
    spark: tuple[float, float] | None = None

    @property
    def glyphs(self) -> Glyphs:
        """The glyphs of the palette in use."""
        return self.pens.glyphs


def step(value: float, steps: tuple[float, ...]) -> int:
    """Which of the five steps a size falls into."""
    return bisect_right(steps, abs(value))


def sign_role(value: float, steps: tuple[float, ...]) -> str:
    """The pen of a signed figure; zero and what is missing stay quiet."""
    if math.isnan(value) or value == 0:
        return "dim"
    return f"{'up' if value > 0 else 'down'}{step(value, steps)}"


def rate_role(hourly: float) -> str:
    """The pen of an hourly rate."""
    return sign_role(hourly * HOURS_PER_YEAR, RATE_STEPS)


def figure(metric: Metric, value: float, scene: Scene) -> tuple[str, str]:
    """Text and pen of a numeric metric."""
    if math.isnan(value):
        return MISSING, "faint"
    text = display(metric, value, basis=scene.basis, now_ms=scene.now_ms)
    match metric.unit:
        case Unit.RATE:
            return text, rate_role(value)
        case Unit.BP | Unit.PERCENT:
            return text, sign_role(value, BP_STEPS) if metric.unit is Unit.BP else "plain"
        case Unit.SIGMA:
            return text, "bright" if abs(value) >= SIGMA_STEPS[2] else "plain"
        case Unit.TIME:
            return text, "accent" if (value - scene.now_ms) / 1000 <= SOON_S else "dim"
        case Unit.SECONDS:
            return text, "dim"
        case _:
            return text, "plain"


def sparkline(
    values: NDArray[np.float64], width: int, glyphs: str, scale: tuple[float, float] | None = None
) -> str:  # fmt: skip
    """The last `width` values on their own scale or a given one, beyond whose ends they are cut.

    What is missing is blank, what is flat on its own scale lies in the middle.
    """
    shown = values[-width:].tolist()
    known = [value for value in shown if not math.isnan(value)]
    if not known:
        return " " * width
    low, high = scale or (min(known), max(known))
    span = high - low
    top = len(glyphs) - 1
    flat = span <= 1e-12 + abs(high) * 1e-6
    drawn = [
        " "
        if math.isnan(value)
        else glyphs[top // 2]
        if flat
        else glyphs[min(max(round((value - low) / span * top), 0), top)]
        for value in shown
    ]
    return "".join(drawn).rjust(width)
