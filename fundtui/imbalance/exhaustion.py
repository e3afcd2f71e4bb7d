"""How full a venue is: open-interest caps, pool reserves, and the time until they are full (methodology §5.5)."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import Floats, Number, divide

WARN = 0.80
CRITICAL = 0.95
FULL = 1.0


class Fullness(IntEnum):
    """Levels of usage; FULL means that no new position can be opened."""

    UNKNOWN = -1
    FREE = 0
    WARN = 1
    CRITICAL = 2
    FULL = 3


def cap_usage(oi_usd: Number, oi_cap_usd: Number) -> Floats:
    """OI over its cap; NaN without a cap."""
    return divide(oi_usd, np.where(np.asarray(oi_cap_usd) > 0, oi_cap_usd, np.nan))


def pool_usage(reserved: Number, most_reserved: Number, oi: Number, most_oi: Number) -> Floats:
    """The larger of reserves used and open interest used, of what is known."""
    usage: Floats = np.fmax(cap_usage(reserved, most_reserved), cap_usage(oi, most_oi))
    return usage


def fullness(usage: Floats) -> NDArray[np.int8]:
    """Level of each usage."""
    with np.errstate(invalid="ignore"):
        rules = [np.isnan(usage), usage >= FULL, usage >= CRITICAL, usage >= WARN]
    codes = [int(Fullness.UNKNOWN), int(Fullness.FULL), int(Fullness.CRITICAL), int(Fullness.WARN)]
    level: NDArray[np.int8] = np.select(rules, codes, int(Fullness.FREE)).astype(np.int8)
    return level


def hours_to_full(usage: Number, log_growth: Number, over_h: Number) -> Floats:
    """Hours until the cap is reached at the present growth rate; 0 when full, inf when shrinking, NaN when unknown."""
    used, growth = np.asarray(usage, np.float64), np.asarray(log_growth, np.float64)
    rate = growth / np.asarray(over_h, np.float64)
    left = -np.log(np.clip(np.where(used > 0, used, np.nan), 1e-12, 1.0))
    hours = np.where(left == 0.0, 0.0, np.where(rate > 0, divide(left, rate), np.inf))
    result: Floats = np.where(np.isnan(left) | np.isnan(rate), np.nan, hours)
    return result


def skew_ratio(oi_long: Number, oi_short: Number) -> Floats:
    """(OI_L − OI_S)/(OI_L + OI_S), −1..1: the direction in which OI-skew funding moves (methodology §2.5)."""
    return divide(np.subtract(oi_long, oi_short), np.add(oi_long, oi_short))
