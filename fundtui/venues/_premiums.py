"""Samples of past premiums, as venues tell them: minute candles of a premium index, or the samples themselves.

Of a candle the close is taken, at the candle's end. The close is the last premium that the venue saw in that minute, so
it is a sample of the very path that the venue averages, at a known instant; the open would be the neighbour's close
once more, high and low have no time, and their mean is no sample of anything. What lies ahead of the time of asking is
the candle that still runs: its close is not the one of its end, and whoever asks drops it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fundtui.venues._wire import number, older_window
from fundtui.venues.spec import HistoryRequest, PremiumHistory, PremiumSample

MINUTE_MS = 60_000
LARGEST = 0.5
"""A premium beyond half of the index price is no premium of this contract."""

Window = Callable[[str, int, int], HistoryRequest]
"""symbol, start_ms, end_ms, both included -> request."""


def samples(rows: Iterable[tuple[int, float | None]]) -> tuple[PremiumSample, ...]:
    """Samples from times in milliseconds and premiums as told, without what is no number or no premium."""
    told = (PremiumSample(time_ms, number(premium)) for time_ms, premium in rows)
    return tuple(one for one in told if abs(one.premium) <= LARGEST)


def candles(rows: Iterable[tuple[int, float | None]]) -> tuple[PremiumSample, ...]:
    """Samples from minute candles: when each one begins, in milliseconds, and its close."""
    return samples((begin_ms + MINUTE_MS, close) for begin_ms, close in rows)


def in_chunks(
    window: Window,
    read: Callable[[bytes, str], tuple[PremiumSample, ...]],
    minutes: int,
    covers: Callable[[str], bool] | None = None,
) -> PremiumHistory:
    """A history of one sample a minute that is asked in windows of as many minutes as one answer has rows.

    What was answered does not matter for the paging: a venue that ignores the window is asked no more often.
    """
    span_ms = (minutes - 1) * MINUTE_MS

    def first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
        return window(symbol, start_ms, min(end_ms, start_ms + span_ms))

    def following(
        request: HistoryRequest, rows: Sequence[PremiumSample], symbol: str, start_ms: int, end_ms: int
    ) -> HistoryRequest | None:
        newer_ms = start_ms
        # The windows are the same each time, so this request's place among them tells the next one.
        while newer_ms <= end_ms and first(symbol, newer_ms, end_ms) != request:
            newer_ms += span_ms + MINUTE_MS
        newer_ms += span_ms + MINUTE_MS
        return first(symbol, newer_ms, end_ms) if newer_ms <= end_ms else None

    return PremiumHistory(first=first, read=read, next=following, covers=covers)


def newest_first(
    window: Window, read: Callable[[bytes, str], tuple[PremiumSample, ...]], end_of: Callable[[HistoryRequest], int]
) -> PremiumHistory:
    """A history that answers with the newest rows of a window: the next page ends before the oldest of them.

    end_of: when the window of a request ends.
    """

    def following(
        request: HistoryRequest, rows: Sequence[PremiumSample], symbol: str, start_ms: int, end_ms: int
    ) -> HistoryRequest | None:
        older_ms = older_window(rows, start_ms, end_of(request))
        return None if older_ms is None else window(symbol, start_ms, older_ms)

    return PremiumHistory(first=window, read=read, next=following)
