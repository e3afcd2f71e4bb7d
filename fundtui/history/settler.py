"""Settled rates as polls bring them: a payment is over, and the venue says what was paid."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from fundtui.market import Batch, Quote, Settlement
from fundtui.units import HOUR_MS

TOLD_AFTER_MS = 120_000
"""A settled rate that is the same as the one before belongs to the new payment after this long."""
NEVER_MS = 26 * HOUR_MS
"""A rate that is told later than this is another payment's."""


class _Awaited(msgspec.Struct, gc=False):
    """One instrument: its coming payment, and the one that is over but not told yet."""

    coming_ms: int | None = None
    interval_h: float = math.nan
    over_ms: int | None = None
    over_interval_h: float = math.nan
    paid_before: float = math.nan


class Settler:
    """Follows polls. A predicted rate is never taken for a paid one."""

    def __init__(self) -> None:
        self._awaited: dict[str, dict[str, _Awaited]] = {}
        """Venue -> symbol: pairs of them would take as much again as what is held."""

    def observe(self, batch: Batch) -> list[Settlement]:
        """The payments that became known with a poll."""
        return list(self._observe(batch))

    def _observe(self, batch: Batch) -> Iterator[Settlement]:
        known = self._awaited.setdefault(batch.venue, {})
        for quote in batch.quotes:
            paid = quote.settled_rate
            if paid != paid:
                continue
            awaited = known.get(quote.contract.symbol)
            if awaited is None:
                awaited = known[quote.contract.symbol] = _Awaited(paid_before=paid)
            _roll(awaited, quote)
            if awaited.over_ms is None:
                awaited.paid_before = paid
                continue
            waited_ms = quote.observed_ms - awaited.over_ms
            if waited_ms > NEVER_MS:
                awaited.over_ms, awaited.paid_before = None, paid
            elif paid != awaited.paid_before or waited_ms >= TOLD_AFTER_MS:
                rate = paid * awaited.over_interval_h / quote.contract.rate_period_h
                if rate != rate and batch.learning:
                    # What the rate covers is known as soon as the venue's contracts are.
                    continue
                yield Settlement(
                    venue=batch.venue,
                    symbol=quote.contract.symbol,
                    time_ms=awaited.over_ms,
                    rate=rate,
                    interval_h=awaited.over_interval_h,
                    price=quote.mark,
                )
                awaited.over_ms, awaited.paid_before = None, paid


def _roll(awaited: _Awaited, quote: Quote) -> None:
    """Note that the coming payment is another one now."""
    coming_ms = quote.next_funding_ms
    if coming_ms is None:
        return
    if coming_ms == awaited.coming_ms:
        if not math.isnan(quote.contract.interval_h):
            # While a venue is being learnt its contracts' intervals are not known yet.
            awaited.interval_h = quote.contract.interval_h
        return
    due_ms = awaited.coming_ms
    if due_ms is not None and due_ms <= quote.observed_ms < coming_ms:
        awaited.over_ms, awaited.over_interval_h = due_ms, awaited.interval_h
    awaited.coming_ms, awaited.interval_h = coming_ms, quote.contract.interval_h
