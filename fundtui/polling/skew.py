"""How far our clock is from the venues' clocks, by the `Date` headers of their answers (reliability §1)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from fundtui.polling.judge import http_date_ms

MIN_VENUES = 5
SLOWEST_MS = 2_000
"""Answers that took longer say too little about the moment in between."""
HALF_SECOND_MS = 500
"""`Date` has whole seconds, cut off: half of one on average."""


def offset_ms(headers: Mapping[str, str], sent_ms: int, received_ms: int) -> float:
    """The venue's clock minus ours at the request's midpoint, in ms (half a second coarse); NaN where unknown."""
    text = headers.get("date", "")
    if not text or not 0 <= received_ms - sent_ms <= SLOWEST_MS or headers.get("age", "0") != "0":
        return math.nan
    date_ms = http_date_ms(text)
    return math.nan if date_ms is None else date_ms + HALF_SECOND_MS - (sent_ms + received_ms) / 2


def median_offset_s(offsets_ms: Iterable[float]) -> float:
    """The median over venues in seconds; NaN with fewer than five, since a single venue's clock proves nothing."""
    known = [offset for offset in offsets_ms if not math.isnan(offset)]
    return median(known) / 1000 if len(known) >= MIN_VENUES else math.nan


def median(values: Sequence[float]) -> float:
    """The median of at least one number. Importing `statistics` for it would delay the first rows by two ms."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
