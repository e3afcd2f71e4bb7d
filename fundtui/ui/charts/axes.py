"""Where things are: the window of time, the range of values, round numbers and dates for the scales."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import msgspec
import numpy as np

from fundtui.ui.charts.picture import Curve, Picture

MINUTE_MS = 60_000.0
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
STEPS_MS = (
    *(minutes * MINUTE_MS for minutes in (1, 2, 5, 10, 30)),
    *(hours * HOUR_MS for hours in (1, 2, 3, 6, 12)),
    *(days * DAY_MS for days in (1, 2, 7, 14, 30)),
)
LABEL_CELLS = 12
SHORTEST_MS = 10 * MINUTE_MS


class Window(msgspec.Struct, frozen=True):
    """The part of time that is shown."""

    start_ms: float
    end_ms: float

    @property
    def span_ms(self) -> float:
        """How much time that is."""
        return self.end_ms - self.start_ms

    def zoomed(self, factor: float, around_ms: float, whole: Window) -> Window:
        """A part of this (factor below 1) or more than it, around a moment that stays where it is."""
        span = min(max(self.span_ms * factor, SHORTEST_MS), whole.span_ms)
        share = (around_ms - self.start_ms) / self.span_ms
        return Window(around_ms - share * span, around_ms + (1 - share) * span).within(whole)

    def moved(self, share: float, whole: Window) -> Window:
        """This much of the window earlier (below 0) or later."""
        step = share * self.span_ms
        return Window(self.start_ms + step, self.end_ms + step).within(whole)

    def within(self, whole: Window) -> Window:
        """As large as it is, inside of `whole`."""
        start = min(max(self.start_ms, whole.start_ms), whole.end_ms - self.span_ms)
        return Window(start, start + self.span_ms)


class Scale(msgspec.Struct, frozen=True):
    """The range of values from bottom to top, and the round values that are written beside it."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float, height: int) -> float:
        """How many lines below the top a value is."""
        return (self.high - value) / (self.high - self.low) * height


def scale_of(picture: Picture, window: Window, height: int) -> Scale:
    """A scale that holds every curve within the window, and zero where the picture wants it."""
    lows, highs = [], []
    for curve in picture.curves:
        known = _within(curve, window)
        if len(known):
            lows.append(float(known.min()))
            highs.append(float(known.max()))
    if picture.from_zero or not lows:
        lows.append(0.0)
        highs.append(0.0)
    low, high = min(lows), max(highs)
    # Something flat lies in the middle of a range that shows its size.
    spare = (high - low) * 0.04 or abs(high) * 0.05 or 1e-6
    low, high = low - spare, high + spare
    return Scale(low, high, _round_values(low, high, max(height // 3, 2), picture.scale))


def _within(curve: Curve, window: Window) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    inside = (curve.time_ms >= window.start_ms) & (curve.time_ms <= window.end_ms) & np.isfinite(curve.value)
    return curve.value[inside]


def _round_values(low: float, high: float, most: int, scale: float) -> tuple[float, ...]:
    """At most `most` multiples of 1, 2 or 5 times a power of ten, in the unit that is written."""
    span = (high - low) * scale
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power, 20 * power) if span / step <= most)
    first, last = math.ceil(low * scale / step), math.floor(high * scale / step)
    return tuple(number * step / scale for number in range(first, last + 1))


def time_ticks(window: Window, width: int, *, ahead: bool = False) -> list[tuple[int, str]]:
    """Cells and texts of the time scale: round moments in UTC, as many as there is room for."""
    most = max(width // LABEL_CELLS, 1)
    step = next((step for step in STEPS_MS if window.span_ms / step <= most), STEPS_MS[-1])
    found: list[tuple[int, str]] = []
    moment = math.ceil(window.start_ms / step) * step
    while moment <= window.end_ms:
        cell = int((moment - window.start_ms) / window.span_ms * width)
        text = _ahead(moment) if ahead else moment_text(moment, step)
        if cell + len(text) <= width and (not found or cell > found[-1][0] + len(found[-1][1]) + 1):
            found.append((cell, text))
        moment += step
    return found


def moment_text(time_ms: float, step_ms: float) -> str:
    """A moment as exactly as the step asks: a date, or a time of day, midnight as its date."""
    when = datetime.fromtimestamp(time_ms / 1000, UTC)
    if step_ms >= DAY_MS or (when.hour == 0 and when.minute == 0):
        return f"{when:%b} {when.day}"
    return f"{when:%H:%M}"


def _ahead(time_ms: float) -> str:
    """Hours from now in days and hours."""
    hours = round(time_ms / HOUR_MS)
    if hours == 0:
        return "now"
    return f"+{hours // 24}d" if hours % 24 == 0 else f"+{hours}h"
