"""The funding kernel: one formula for almost every venue, its inverse and its error band (methodology §2.1-§2.4).

    F = clip( s · ( I + soft(Ā − I; c) ) + j , lo, hi )          per `period_h` hours

All functions take scalars or arrays of one shape and return float64 arrays; NaN in gives NaN out.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fundtui.imbalance.rows import NUMBER, Flags, Floats, Number, Rows, Where, divide
from fundtui.market import Family, FundingRule

FAMILIES = (Family.NORMALISED, Family.PER_INTERVAL, Family.NO_INTEREST)
INVERSION_TOLERANCE = 1e-9
EIGHT_HOURS = 8.0


class Kernel(NamedTuple):
    """Parameters of the kernel, floats or arrays of one shape: s, I, c, j, lo, hi, and the hours that F covers."""

    share: Number
    interest: Number
    damper: Number
    fixed: Number
    floor: Number
    cap: Number
    period_h: Number


UNKNOWN_KERNEL = Kernel(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)


class KernelRows(Rows):
    """Kernel parameters per instrument; `set` at a change of rule, interval or caps, `at` for a batch."""

    fields = dict.fromkeys(Kernel._fields, NUMBER)
    share: Floats
    interest: Floats
    damper: Floats
    fixed: Floats
    floor: Floats
    cap: Floats
    period_h: Floats

    def set(self, row: int, kernel: Kernel) -> None:
        """Store one instrument's parameters."""
        for name, value in zip(Kernel._fields, kernel, strict=True):
            getattr(self, name)[row] = value

    def of(self, row: int) -> Kernel:
        """One instrument's parameters, as plain numbers."""
        return Kernel(*(float(getattr(self, name)[row]) for name in Kernel._fields))

    def at(self, rows: Where) -> Kernel:
        """The parameters of these rows, as arrays of the same length."""
        return Kernel(*(getattr(self, name)[rows] for name in Kernel._fields))


def soft(x: Number, threshold: Number) -> Floats:
    """Soft threshold sign(x)·max(|x| − c, 0), as x less its part within ±c: three steps rather than five."""
    result: Floats = np.subtract(x, np.minimum(np.maximum(x, np.negative(threshold)), threshold))
    return result


def impact_premium(impact_bid: Number, impact_ask: Number, index: Number) -> Floats:
    """Premium index [max(0, IB − S) − max(0, S − IA)]/S (methodology §2.1); NaN unless all three are above zero."""
    bid, ask, spot = (np.asarray(value, np.float64) for value in (impact_bid, impact_ask, index))
    premium = divide(np.maximum(0.0, bid - spot) - np.maximum(0.0, spot - ask), spot)
    usable: Floats = np.where((bid > 0) & (ask > 0) & (spot > 0), premium, np.nan)
    return usable


def kernel_parameters(
    rule: FundingRule,
    interval_h: float,
    cap: float = math.nan,
    floor: float = math.nan,
    rate_period_h: float = math.nan,
) -> Kernel:
    """One instrument's kernel from its venue's rule, its own interval and its own caps (per `rate_period_h`).

    A missing cap of the instrument gives the rule's own, a missing one there no bound. All NaN where the family is
    unknown or not premium based (F), or where family A-D has neither interval nor rate period.
    """
    period_h = _period_h(rule, interval_h, rate_period_h)
    if rule.family in (Family.UNKNOWN, Family.OI_SKEW) or not period_h > 0:
        return UNKNOWN_KERNEL
    share, interest, damper = _shape(rule, period_h)
    return Kernel(
        share,
        interest,
        damper,
        rule.fixed_per_interval,
        _bound(floor, rule.floor, period_h, rate_period_h, -math.inf),
        _bound(cap, rule.cap, period_h, rate_period_h, math.inf),
        period_h,
    )


def _period_h(rule: FundingRule, interval_h: float, rate_period_h: float) -> float:
    if rule.family is Family.CONTINUOUS:
        return EIGHT_HOURS
    return interval_h if interval_h > 0 else rate_period_h


def _shape(rule: FundingRule, period_h: float) -> tuple[float, float, float]:
    """(s, I, c) of the table of families in methodology §2.2."""
    match rule.family:
        case Family.NORMALISED:
            return period_h / EIGHT_HOURS, rule.interest_8h, rule.damper
        case Family.PER_INTERVAL:
            return 1.0, rule.interest_8h * period_h / EIGHT_HOURS, rule.damper
        case Family.NO_INTEREST:
            return 1.0, 0.0, 0.0
        case Family.FRACTION:
            return rule.share, rule.interest_8h, rule.damper
        case _:
            return 1.0, rule.interest_8h, rule.damper


def _bound(own: float, of_rule: float, period_h: float, rate_period_h: float, unbounded: float) -> float:
    if not math.isnan(own):
        return own * period_h / rate_period_h if rate_period_h > 0 else own
    return unbounded if math.isnan(of_rule) else of_rule


def funding(average: Number, kernel: Kernel) -> Floats:
    """Theoretical rate per `period_h` of an averaged premium Ā."""
    raw = soft(np.subtract(average, kernel.interest), kernel.damper)
    # In place: with the bounds of many instruments, making room takes longer than adding.
    raw += kernel.interest
    raw *= kernel.share
    raw += kernel.fixed
    clipped: Floats = np.minimum(np.maximum(raw, kernel.floor), kernel.cap)
    return clipped


def band(average: Number, error: Number, kernel: Kernel) -> tuple[Floats, Floats, Floats]:
    """(F(Ā − ε), F(Ā), F(Ā + ε)): exact, because F is monotone. Inside the dead band the three are equal."""
    return (
        funding(np.subtract(average, error), kernel),
        funding(average, kernel),
        funding(np.add(average, error), kernel),
    )


def invert(rate: Number, kernel: Kernel) -> tuple[Floats, Floats]:
    """Smallest and largest Ā that give this rate per `period_h`: equal outside the dead band.

    NaN where the rate sits on or beyond a bound, where the set has no far end.
    """
    scaled = divide(np.subtract(rate, kernel.fixed), kernel.share)
    above, below = scaled > kernel.interest + INVERSION_TOLERANCE, scaled < kernel.interest - INVERSION_TOLERANCE
    lowest = np.where(above, scaled + kernel.damper, np.where(below, scaled, kernel.interest) - kernel.damper)
    highest = np.where(below, scaled - kernel.damper, np.where(above, scaled, kernel.interest) + kernel.damper)
    usable = np.isfinite(scaled) & ~at_bound(rate, kernel)
    return np.where(usable, lowest, np.nan), np.where(usable, highest, np.nan)


def invertible(rate: Number, kernel: Kernel) -> Flags:
    """Whether a rate fixes Ā: off the bounds and outside the dead band (or no dead band at all)."""
    lowest, highest = invert(rate, kernel)
    result: Flags = np.isfinite(lowest) & (highest - lowest <= 2 * INVERSION_TOLERANCE)
    return result


def at_bound(rate: Number, kernel: Kernel) -> Flags:
    """Whether a rate sits on its cap or floor (to one part in a billion)."""
    tolerance = 1e-9
    result: Flags = (
        np.asarray(rate) >= kernel.cap - np.where(np.isinf(kernel.cap), 0.0, tolerance * np.abs(kernel.cap))
    ) | (np.asarray(rate) <= kernel.floor + np.where(np.isinf(kernel.floor), 0.0, tolerance * np.abs(kernel.floor)))
    return result


def in_dead_band(average: Number, kernel: Kernel) -> Flags:
    """Whether Ā is where the rate does not depend on it, so that F is exact however poor Ā is."""
    result: Flags = np.abs(np.subtract(average, kernel.interest)) < kernel.damper
    return result
