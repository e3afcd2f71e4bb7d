"""Venues whose paying and receiving sides have different rates: pools of unequal sides (methodology §2.5)."""

from __future__ import annotations

import numpy as np

from fundtui.imbalance.instruments import Instruments
from fundtui.imbalance.rows import Flags, Floats, Index
from fundtui.market import Note


def received_share(instruments: Instruments, rows: Index, receiving: Flags) -> Floats:
    """Of what is paid, the share that the other side gets, per row: one, but where the venue tells another rate.

    Rows below zero are no instruments; rows that do not receive pay the whole rate.
    """
    share = np.ones(len(rows))
    for place in np.flatnonzero(receiving & (rows >= 0)).tolist():
        row = int(rows[place])
        if Note.TWO_RATES in instruments.registry.contracts[row].notes:
            quote = instruments.quote(row)
            if quote.received_rate == quote.received_rate and quote.rate != 0:
                share[place] = quote.received_rate / quote.rate
    return share
