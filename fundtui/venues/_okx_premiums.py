"""OKX's premium history: the samples of each minute, newest first. Shapes: the venue's public API documentation."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fundtui.venues import _premiums
from fundtui.venues._wire import RowsDecoder
from fundtui.venues.spec import HistoryRequest, PremiumHistory, PremiumSample

LIMIT = 100


class PremiumRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `premium-history`."""

    instId: str
    ts: int
    premium: float | None = None


_rows = RowsDecoder(PremiumRow)


def _window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    # Both bounds are exclusive, and named from the venue's side: `before` is the older one.
    return HistoryRequest(
        path="/api/v5/public/premium-history",
        params=(
            ("instId", symbol),
            ("before", str(start_ms - 1)),
            ("after", str(end_ms + 1)),
            ("limit", str(LIMIT)),
        ),
    )


def premium_history(data: Callable[[bytes], msgspec.Raw]) -> PremiumHistory:
    """data: opens the venue's envelope, raises BadAnswer. A sample is of its own instant, not of a candle."""

    def read(body: bytes, symbol: str) -> tuple[PremiumSample, ...]:
        rows = _rows(data(body), empty_ok=True).good
        return _premiums.samples((row.ts, row.premium) for row in rows if row.instId == symbol)

    return _premiums.newest_first(_window, read, lambda request: int(dict(request.params)["after"]) - 1)
