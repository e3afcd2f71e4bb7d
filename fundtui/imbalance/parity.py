"""Quote currencies against the dollar: prices across them, and pegs that broke (methodology §5.7)."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import Flags, Floats, Number, log_change

WARN = 30e-4
CRITICAL = 100e-4
AT_LEAST_VENUES = 2


class Peg(IntEnum):
    """How far a quote currency is from one dollar."""

    HOLDS = 0
    WARN = 1
    CRITICAL = 2


class Parity(NamedTuple):
    """A quote currency in dollars, and whether that had to be assumed as 1."""

    usd: float
    assumed: bool


def quote_parity(spot_prices: Floats) -> Parity:
    """Median of the venues' spot prices in dollars; fewer than two venues give an assumed 1."""
    known = spot_prices[np.isfinite(spot_prices) & (spot_prices > 0)]
    if len(known) < AT_LEAST_VENUES:
        return Parity(1.0, assumed=True)
    return Parity(float(np.median(known)), assumed=False)


def log_difference(price: Number, other: Number, quote_usd: Number = 1.0, other_quote_usd: Number = 1.0) -> Floats:
    """ln(price/other) with both in dollars; positive when the first is dearer."""
    difference: Floats = log_change(price, other) + log_change(quote_usd, other_quote_usd)
    return difference


def peg(usd: Number) -> NDArray[np.int8]:
    """Level of each quote currency's distance from one dollar; an unknown one is taken to hold."""
    distance = np.nan_to_num(np.abs(np.asarray(usd, np.float64) - 1.0))
    level: NDArray[np.int8] = ((distance > WARN).astype(np.int8) + (distance > CRITICAL)).astype(np.int8)
    return level


def crosses_broken_peg(usd: Number, other_usd: Number) -> Flags:
    """Whether a spread between two quote currencies must be suppressed or tagged: different, and one is flagged."""
    different = np.asarray(usd) != np.asarray(other_usd)
    broken: Flags = different & ((peg(usd) > 0) | (peg(other_usd) > 0))
    return broken
