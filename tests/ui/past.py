"""A past for charts that is worked out by hand: eight instruments, straight lines, one hole, settlements each 8 h."""

from __future__ import annotations

from typing import Any

import numpy as np

from fundtui.courses import Past
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.course import Course
from tests.ui.market import Market

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HOURS_PER_YEAR = 8760.0
HOLE_H = (30.0, 42.0)
"""Hours before now between which nothing was observed."""
OBSERVED_H = 120.0


def line(place: int, age_h: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The hourly rate of an instrument so many hours ago: (place + 1) x 5 % a year, a tenth more for each day
    before the last hour."""
    older = np.maximum(age_h - 1.0, 0.0)
    rates: np.ndarray[Any, np.dtype[np.float64]] = (place + 1) * 0.05 / HOURS_PER_YEAR * (1.0 + 0.1 * older / 24.0)
    return rates


def course(venue: str, symbol: str, place: int, start_ms: int, end_ms: int) -> Course:
    """One instrument: observed each half hour of the last five days but for the hole, settled for 90 days."""
    ages = np.arange(OBSERVED_H, -0.25, -0.5)
    ages = ages[(ages < HOLE_H[0]) | (ages > HOLE_H[1])]
    times = (end_ms - ages * HOUR_MS).astype(np.int64)
    seen = (times >= start_ms) & (times < end_ms)
    last = end_ms // (8 * HOUR_MS) * 8 * HOUR_MS
    settled = last - np.arange(269, -1, -1) * 8 * HOUR_MS
    settled = settled[(settled >= start_ms) & (settled < end_ms)].astype(np.int64)
    hourly = line(place, ages[seen])
    return Course(
        venue=venue, symbol=symbol, time_ms=times[seen], hourly=hourly, theory=hourly * 0.9, premium=hourly * 8,
        oi_usd=np.full(int(seen.sum()), 1e6 * (place + 1)), settled_ms=settled, settled_from_ms=settled - 8 * HOUR_MS,
        settled_hourly=line(place, (end_ms - settled) / HOUR_MS), settled_premium=np.full(len(settled), np.nan),
    )  # fmt: skip


class PastDesk:
    """Answers for one market at once, and notes what was asked."""

    def __init__(self, market: Market, *, empty: bool = False, **words: Any) -> None:
        """words: what else the answer says."""
        self._market, self._empty, self._words = market, empty, words
        self.asked: list[tuple[int, int, int]] = []
        self.more: tuple[Course, ...] | None = None

    async def past(self, asset_row: int, start_ms: int, end_ms: int, step_ms: int) -> Past:
        self.asked.append((start_ms, end_ms, step_ms))
        table = self._market.table(Level.INSTRUMENT)
        rows = self._market.instrument_rows(asset_row).tolist()
        courses = tuple(
            course(
                table.text("venue", row),
                table.text("symbol", row),
                place,
                start_ms,
                start_ms if self._empty else end_ms,
            )
            for place, row in enumerate(rows)
        )
        return Past(courses=courses, expiry_ms=(float("nan"),) * len(rows), recorded=True, **self._words)

    def recent(self, asset_row: int, past: Past) -> Past:
        return past
