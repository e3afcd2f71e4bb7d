"""From an averaged premium to a rate, for all rows at once. Written from methodology §2.2; no code is shared."""

from __future__ import annotations

from typing import Any

import numpy as np

from fundtui.simulation.exchanges import Kernel
from fundtui.simulation.noise import Floats, Ints
from fundtui.simulation.universe import Universe


def soft(values: Any, width: Any) -> Any:
    """Values moved towards zero by `width`; zero inside the dead band."""
    return np.sign(values) * np.maximum(np.abs(values) - width, 0.0)


def rate(universe: Universe, rows: Any, average: Any, hours: Any) -> Floats:
    """The rate of `rows` (per interval of `hours`; continuous venues: per eight hours) before cap and floor.

    `average` is samples x rows or rows: the premium as the venue averages it; continuous venues: of this moment.
    """
    kernel: Ints = universe.kernel[rows]
    scale = hours / 8.0
    share = np.where(
        kernel == Kernel.NORMALISED, scale, np.where(kernel == Kernel.FRACTION, universe.fraction[rows], 1.0)
    )
    interest = universe.interest_8h[rows] * np.where(kernel == Kernel.PER_INTERVAL, scale, 1.0)
    result: Floats = share * (interest + soft(average - interest, universe.damper[rows]))
    return result


def capped(universe: Universe, rows: Any, rates: Any) -> Floats:
    """Rates inside the venue's cap and floor."""
    cap = universe.cap[rows]
    inside: Floats = np.minimum(np.maximum(rates, -cap), cap)
    return inside
