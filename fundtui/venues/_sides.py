"""Rates and open interest of venues where both sides are told apart (methodology §2.5)."""

from __future__ import annotations

from fundtui.market import NAN


def both_rates(long_profit: float, short_profit: float) -> tuple[float, float]:
    """What the paying side pays and what the receiving side gets, both above zero when the longs pay.

    Profits are per unit held, below zero for who pays. NaN where either is not known; where both sides pay, the
    longs' rate stands and nobody receives.
    """
    if long_profit != long_profit or short_profit != short_profit:
        return NAN, NAN
    if long_profit < 0:
        return -long_profit, max(short_profit, 0.0)
    return (short_profit, -long_profit) if short_profit < 0 else (0.0, 0.0)


def oi_skew(longs: float, shorts: float) -> float:
    """(longs − shorts)/(longs + shorts) of the open interest, −1..1; NaN where a side is unknown or both are empty."""
    both = longs + shorts
    return (longs - shorts) / both if longs >= 0 and shorts >= 0 and both > 0 else NAN
