"""What money costs: no-arbitrage rate, excess carry, the fair premium of a damped venue (methodology §2.6)."""

from __future__ import annotations

import numpy as np

from fundtui.imbalance.rows import Floats, Number, divide
from fundtui.imbalance.theory import EIGHT_HOURS, Kernel
from fundtui.units import HOURS_PER_YEAR

DEFAULT_QUOTE_RATE = 0.04


def carry_rate(quote_rate: Number, base_rate: Number, interval_h: Number) -> Floats:
    """f* per interval: quote-currency cash rate minus the base asset's yield (both annual decimals)."""
    rate: Floats = np.subtract(quote_rate, base_rate) * interval_h / HOURS_PER_YEAR
    return rate


def excess_carry(hourly: Number, quote_rate: Number, base_rate: Number) -> Floats:
    """D_carry as an APR: what leverage pays above what money costs."""
    excess: Floats = HOURS_PER_YEAR * np.asarray(hourly) - np.subtract(quote_rate, base_rate)
    return excess


def fair_premium(quote_rate: Number, base_rate: Number, kernel: Kernel) -> Floats:
    """P* at which the venue's own rule pays exactly the carry rate; its dead-band centre where every P does.

    NaN where the carry rate lies beyond the venue's cap or floor.
    """
    target = carry_rate(quote_rate, base_rate, kernel.period_h)
    scaled = divide(target - kernel.fixed, kernel.share)
    side = np.where(
        scaled > np.add(kernel.interest, 1e-15), 1.0, np.where(scaled < np.subtract(kernel.interest, 1e-15), -1.0, 0.0)
    )
    premium: Floats = np.where((target < kernel.cap) & (target > kernel.floor), scaled + side * kernel.damper, np.nan)
    return premium


def frictionless_ratio(
    quote_rate: Number, base_rate: Number, kappa_per_year: Number, interest_per_year: Number
) -> Floats:
    """Perpetual over spot with continuous funding κ(F − S) + ιS and no frictions (Ackerer, Hugonnier, Jermann)."""
    return divide(np.subtract(kappa_per_year, interest_per_year), np.add(kappa_per_year, base_rate) - quote_rate)


def interest_level(interest_8h: Number = 1e-4) -> Floats:
    """The hourly rate of a venue's interest plateau (1 bp per 8 h is 10.95 % APR)."""
    hourly: Floats = np.asarray(interest_8h, np.float64) / EIGHT_HOURS
    return hourly
