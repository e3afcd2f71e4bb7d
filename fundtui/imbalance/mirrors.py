"""Venues that only repeat another one's settled rates have no second vote (methodology §3.1, mirror guard)."""

from __future__ import annotations

import numpy as np

from fundtui.imbalance import concentration, realised
from fundtui.imbalance.instruments import Instruments
from fundtui.imbalance.rates import BIT
from fundtui.imbalance.rows import Index
from fundtui.market import Reason

MIRRORED = BIT[Reason.MIRRORED]
MOST_COMPARED = 12


class Mirrors:
    """Looks through one asset at a time, the largest instruments first: those keep their vote."""

    def __init__(self, instruments: Instruments) -> None:
        self.instruments = instruments
        self._next = 0

    def check_next(self) -> Index:
        """Look at the next asset in turn; returns the rows whose judgement turned."""
        count = self.instruments.assets.count
        if not count:
            return np.empty(0, np.intp)
        self._next = (self._next + 1) % count
        return self.check(self._next)

    def check(self, asset: int) -> Index:
        """Look at one asset; returns the rows whose judgement turned."""
        own, state = self.instruments.settling.own, self.instruments.rows
        members = self.instruments.members.of(asset)
        known = members[own.settlements.count[members] >= concentration.MIRROR_AT_LEAST]
        size = np.nan_to_num(self.instruments.table.columns["oi_usd"][known])
        listed = known[np.argsort(-size, kind="stable")][:MOST_COMPARED]
        copies = np.zeros(len(members), np.bool_)
        if len(listed) > 1:
            histories = [realised.history(own.realised, row) for row in listed.tolist()]
            resting = float(state.interest_h[listed[0]] * state.interval_h[listed[0]])
            copies = np.isin(members, listed[concentration.mirrored(histories, resting)])
        turned: Index = members[((state.checks[members] & MIRRORED) != 0) != copies]
        state.checks[turned] ^= MIRRORED
        state.judgements += len(turned)
        self.instruments.refresh(turned)
        return turned
