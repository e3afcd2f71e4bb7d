"""When an instrument settles: noticing that its settlement clock is another one, with the same interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance.rows import NUMBER, Flags, Floats, Index, Rows

MINUTE_MS = 60_000.0
STANDS_FOR_MS = 600_000.0
"""How long a new clock must stand: longer than a changed interval takes to come by another endpoint."""


class ClockChange(NamedTuple):
    """Rows whose clock is another one, with their settlement minutes within the interval before and now."""

    rows: Index
    before_min: Floats
    after_min: Floats


class SettlementClocks(Rows):
    """Per instrument: its interval in minutes, the minute of it at which it settles, and a new minute since when.

    `waiting`: some new minute may not have stood for long enough yet, so that observing the same again matters.
    """

    fields = {"interval_min": NUMBER, "minute": NUMBER, "new_minute": NUMBER, "new_since_ms": NUMBER}  # noqa: RUF012
    interval_min: Floats
    minute: Floats
    new_minute: Floats
    new_since_ms: Floats
    waiting = False

    def observe(self, rows: Index, interval_h: Floats, next_ms: Floats, observed_ms: int) -> ClockChange:
        """Take the next settlement times of a poll (NaN: unknown). Another interval is another clock, and no news."""
        interval_min = 60.0 * interval_h
        before_min = self.interval_min[rows]
        same = (interval_min == before_min) | ((interval_min != interval_min) & (before_min != before_min))
        with np.errstate(invalid="ignore"):
            minute = np.round(next_ms / MINUTE_MS) % interval_min
        known = minute == minute
        kept = self.minute[rows]
        if (same & ((minute == kept) | ~known)).all() and not (self.new_minute[rows] == self.new_minute[rows]).any():
            self.waiting = bool((self.new_minute == self.new_minute).any())
            return _NO_CHANGE
        self.waiting = True
        return self._compare(rows, interval_min, minute, same, observed_ms)

    def _compare(self, rows: Index, interval_min: Floats, minute: Floats, same: Flags, observed_ms: int) -> ClockChange:
        kept = self.minute[rows]
        other = same & (minute == minute) & (kept == kept) & (minute != kept)
        repeated = other & (minute == self.new_minute[rows])
        since_ms = np.where(repeated, self.new_since_ms[rows], observed_ms)
        stands = other & (observed_ms - since_ms >= STANDS_FOR_MS)
        waits = other & ~stands
        self.interval_min[rows] = interval_min
        self.minute[rows] = np.where(waits | (same & (minute != minute)), kept, minute)
        self.new_minute[rows] = np.where(waits, minute, np.nan)
        self.new_since_ms[rows] = np.where(waits, since_ms, np.nan)
        return ClockChange(rows[stands], kept[stands], minute[stands])


_NO_CHANGE = ClockChange(np.empty(0, np.intp), np.empty(0), np.empty(0))


def clock_text(minute: float, interval_min: float) -> str:
    """`00:00 and every 8h` as the times of day it stands for: `00:00 08:00 16:00`; for short intervals the first."""
    step = int(interval_min)
    times = [int(minute) + step * count for count in range(max(1, 1440 // step))]
    shown = " ".join(f"{time // 60:02}:{time % 60:02}" for time in times[:3])
    return shown if len(times) <= 3 else f"{shown} ..."
