"""What is left out of comparisons by the calculator's own judgement: implausible rates and late data.

Prices that belong to another thing: `pricecheck`.
"""

from __future__ import annotations

import numpy as np

from fundtui.imbalance.rates import BIT
from fundtui.imbalance.rows import Floats, Ints, Where, some
from fundtui.imbalance.state import InstrumentRows
from fundtui.market import Reason

SUSPECT_HOURLY = 0.04
IMPOSSIBLE_HOURLY = 0.05
STALE_CADENCES = 3.0
LATE_CADENCES = 1.5
AT_CAP, OFF_CAP = 0.98, 0.8
PINNED_WITHIN_H = 1e-9 / 8.0

IMPLAUSIBLE = BIT[Reason.IMPLAUSIBLE_RATE]
MISMATCH = BIT[Reason.PRICE_MISMATCH]
STALE = BIT[Reason.STALE]


def confirm_rates(rows: Where, instruments: InstrumentRows, hourly: Floats, published: Ints) -> None:
    """Quarantine a rate that is hard to believe until the next poll says it again; an impossible one for good.

    A venue's reader marks what it finds suspicious; above 4 % an hour everything is (methodology §1). Sets the check
    bit, and takes the reader's mark off a confirmed rate.
    """
    published = _with_reason(rows, instruments, hourly, published)
    size = np.abs(hourly)
    suspect = ((published & IMPLAUSIBLE) != 0) | (size > SUSPECT_HOURLY)
    polls = instruments.suspect_polls[rows]
    if not some(suspect) and not polls.any():
        instruments.published[rows] = published
        return
    again = np.where(suspect, polls + 1, 0)
    out = (suspect & (again == 1)) | (size > IMPOSSIBLE_HOURLY)
    instruments.suspect_polls[rows] = again
    instruments.published[rows] = published & ~IMPLAUSIBLE
    instruments.checks[rows] = np.where(
        out, instruments.checks[rows] | IMPLAUSIBLE, instruments.checks[rows] & ~IMPLAUSIBLE
    )


def _with_reason(rows: Where, instruments: InstrumentRows, hourly: Floats, published: Ints) -> Ints:
    """A rate that cannot be worked out is never compared, also where a reader gave no reason."""
    lacking = (hourly != hourly) & (published == 0)
    if not some(lacking):
        return published
    unknown = instruments.period_h[rows] != instruments.period_h[rows]
    reasoned: Ints = np.where(lacking, np.where(unknown, BIT[Reason.INTERVAL_UNKNOWN], BIT[Reason.NO_RATE]), published)
    return reasoned
