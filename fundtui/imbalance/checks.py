"""What is left out of comparisons by the calculator's own judgement: other things, implausible rates, late data."""

from __future__ import annotations

import numpy as np

from fundtui.imbalance.rates import BIT
from fundtui.imbalance.rows import Flags, Floats, Index, Ints
from fundtui.imbalance.segments import Segments
from fundtui.imbalance.state import InstrumentRows
from fundtui.market import Reason

PRICE_TOLERANCE = 0.02
SUSPECT_HOURLY = 0.04
IMPOSSIBLE_HOURLY = 0.05
STALE_CADENCES = 3.0
LATE_CADENCES = 1.5
AT_CAP, OFF_CAP = 0.98, 0.8
PINNED_WITHIN_H = 1e-9 / 8.0

IMPLAUSIBLE = BIT[Reason.IMPLAUSIBLE_RATE]
MISMATCH = BIT[Reason.PRICE_MISMATCH]
STALE = BIT[Reason.STALE]


def confirm_rates(rows: Index, instruments: InstrumentRows, hourly: Floats, published: Ints) -> None:
    """Quarantine a rate that is hard to believe until the next poll says it again; an impossible one for good.

    A venue's reader marks what it finds suspicious; above 4 % an hour everything is (methodology §1). Sets the check
    bit, and takes the reader's mark off a confirmed rate.
    """
    size = np.abs(hourly)
    suspect = ((published & IMPLAUSIBLE) != 0) | (size > SUSPECT_HOURLY)
    polls = instruments.suspect_polls[rows]
    if not suspect.any() and not polls.any():
        instruments.published[rows] = published
        return
    again = np.where(suspect, polls + 1, 0)
    out = (suspect & (again == 1)) | (size > IMPOSSIBLE_HOURLY)
    instruments.suspect_polls[rows] = again
    instruments.published[rows] = published & ~IMPLAUSIBLE
    instruments.checks[rows] = np.where(
        out, instruments.checks[rows] | IMPLAUSIBLE, instruments.checks[rows] & ~IMPLAUSIBLE
    )


def mismatched(groups: Segments, price: Floats, oi_usd: Floats) -> Flags:
    """Which prices (NaN: no part in it) are too far from their asset's median.

    With an even number whose two middle prices are themselves apart, nobody is in the middle: the one of the two with
    more open interest stands for the asset. So of two that disagree, the larger market keeps the name.
    """
    result = np.zeros(len(price), np.bool_)
    apart = np.flatnonzero(groups.greatest(price) > groups.least(price) * (1.0 + PRICE_TOLERANCE))
    for group in apart.tolist():
        cells = slice(groups.starts[group], groups.starts[group] + groups.sizes[group])
        reference = _reference(price[cells], oi_usd[cells])
        result[cells] = np.abs(price[cells] / reference - 1.0) > PRICE_TOLERANCE
    return result


def _reference(price: Floats, oi_usd: Floats) -> float:
    known = np.flatnonzero(price == price)
    order = known[np.argsort(price[known], kind="stable")]
    low, high = order[(len(order) - 1) >> 1], order[len(order) >> 1]
    if price[high] <= price[low] * (1.0 + PRICE_TOLERANCE):
        return 0.5 * float(price[low] + price[high])
    low_oi, high_oi = np.nan_to_num(oi_usd[[low, high]])
    if low_oi == high_oi:
        return float(price[min(low, high)])
    return float(price[high] if high_oi > low_oi else price[low])
