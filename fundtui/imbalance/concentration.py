"""How open interest is spread over venues, what funding moves, and which venue only mirrors another (methodology §3.1).

Cells are the instruments that are compared, asset after asset (`Segments`), as in the cross-section.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.rows import Floats, Ints, Number, divide
from fundtui.imbalance.segments import Segments
from fundtui.units import HOUR_MS, HOURS_PER_YEAR

MIRROR_SETTLEMENTS = 90
MIRROR_SHARE = 0.60
# 1e-6 as printed: a hundredth more for the rounding of both prints.
MIRROR_WITHIN = 1.01e-6
MIRROR_AT_LEAST = 30
HALF_HOUR_MS = HOUR_MS // 2


class Concentration(NamedTuple):
    """Per asset: Gini (0: even), its unbiased form, Herfindahl index, effective venues, how many counted."""

    gini: Floats
    gini_unbiased: Floats
    hhi: Floats
    effective: Floats
    counted: Ints


def concentration(groups: Segments, oi_usd: Floats) -> Concentration:
    """Spread of open interest over an asset's instruments; unknown OI is left out, one venue gives 0, 1 and 1."""
    known = oi_usd >= 0
    if known.all():
        counted, weight = groups.sizes, oi_usd
    else:
        counted, weight = groups.counts(known), np.where(known, oi_usd, 0.0)
    whole = groups.sums(weight)
    # Each group's k-th smallest in its k-th cell; unknown ones come first and weigh nothing.
    ascending = groups.sizes_ordered(weight).laid()
    first = groups.starts + (groups.sizes - counted)
    rank = np.arange(1, len(ascending) + 1) - groups.each(first)
    ranked = groups.sums(rank * ascending)
    gini = divide(2.0 * ranked - (counted + 1) * whole, counted * whole)
    hhi = divide(groups.sums(weight * weight), whole * whole)
    unbiased = np.where(counted > 1, gini * counted / np.maximum(counted - 1, 1), gini)
    return Concentration(gini, unbiased, hhi, divide(1.0, hhi), counted)


def funding_flow(groups: Segments, hourly: Floats, oi_usd: Floats) -> Floats:
    """Σ OI·h per asset, dollars per hour from longs to shorts (one-sided OI); NaN where nothing is known."""
    flow = hourly * oi_usd
    known = np.isfinite(flow)
    if known.all():
        return groups.sums(flow)
    total: Floats = np.where(groups.counts(known) > 0, groups.sums(np.where(known, flow, 0.0)), np.nan)
    return total


def funding_due(
    groups: Segments, rate: Floats, oi_usd: Floats, next_funding_ms: Floats, now_ms: int, within_h: float = 1.0
) -> Floats:
    """Σ OI·|f| per asset of the payments due within an hour, dollars. `rate` per payment, times NaN if unknown."""
    with np.errstate(invalid="ignore"):
        due = (next_funding_ms > now_ms) & (next_funding_ms <= now_ms + within_h * HOUR_MS)
    money = np.abs(rate) * oi_usd
    return groups.sums(np.where(due & np.isfinite(money), money, 0.0))


def excess_over_interest(mean_hourly: Number, interest_apr: Number = 0.1095) -> Floats:
    """Annual m − interest as an APR; interest 0 for contracts without it."""
    excess: Floats = HOURS_PER_YEAR * np.asarray(mean_hourly, np.float64) - interest_apr
    return excess


def agreement(times: Ints, rates: Floats, other_times: Ints, other_rates: Floats, resting: Number) -> tuple[float, int]:
    """Share of common settlements with the same rate, and how many there were, among the last 90.

    Settlements where both rest on `resting` (the interest plateau, per settlement) are left out: there everybody
    agrees. Times are matched within half an hour.
    """
    if not len(times) or not len(other_times):
        return float("nan"), 0
    nearest = np.clip(np.searchsorted(other_times, times - HALF_HOUR_MS), 0, len(other_times) - 1)
    matched = np.abs(other_times[nearest] - times) <= HALF_HOUR_MS
    mine, theirs = rates[matched], other_rates[nearest[matched]]
    plateau = (np.abs(mine - resting) <= MIRROR_WITHIN) & (np.abs(theirs - resting) <= MIRROR_WITHIN)
    gap = np.abs(mine - theirs)[~plateau][-MIRROR_SETTLEMENTS:]
    return (float(np.mean(gap <= MIRROR_WITHIN)) if len(gap) else float("nan")), len(gap)


def mirrored(histories: list[tuple[Ints, Floats]], resting: Number) -> list[int]:
    """Which of an asset's histories (times, rates; most trusted first) repeat an earlier one: no second vote."""
    copies: list[int] = []
    for number, (times, rates) in enumerate(histories):
        originals = [histories[i] for i in range(number) if i not in copies]
        shares = [agreement(times, rates, *other, resting) for other in originals]
        if any(share > MIRROR_SHARE and count >= MIRROR_AT_LEAST for share, count in shares):
            copies.append(number)
    return copies
