"""The settled rates that a record has of a time range, of all instruments, against what was announced before them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from fundtui.history.database import StoreProblem
from fundtui.history.sqlite_store import SqliteStore
from fundtui.market import Settlement

MOST = 3_000
MOST_INSTANTS = 12
"""Settlement instants whose announcements are looked up: each takes a look at all venues' polls of two minutes."""
LEAD_MS = 30 * 60_000
LOOK_MS = 3 * 60_000


class KeptSettlement(NamedTuple):
    """One settlement of the record; rates hourly, NaN where the interval or the announcement is not known."""

    venue: str
    symbol: str
    time_ms: int
    hourly: float
    interval_h: float
    surprise: float


class KeptSettlements(NamedTuple):
    """The newest of a range, newest first, and how many there are in all."""

    rows: tuple[KeptSettlement, ...]
    total: int
    problem: str = ""


def read(folder: Path, start_ms: int, end_ms: int, most: int = MOST) -> KeptSettlements:
    """Settlements of a range. Blocks for as long as the disk takes; a record that cannot be read says so."""
    try:
        store = SqliteStore(folder, now_ms=0, writable=False)
    except StoreProblem as problem:
        return KeptSettlements((), 0, str(problem))
    try:
        settled = store.state.settled_between(start_ms, end_ms)
        settled.sort(key=lambda one: (-one.time_ms, one.venue, one.symbol))
        shown = settled[:most]
        announced = _announced(store, sorted({one.time_ms for one in shown}, reverse=True)[:MOST_INSTANTS])
        return KeptSettlements(tuple(_against(one, announced) for one in shown), len(settled))
    except StoreProblem as problem:
        return KeptSettlements((), 0, str(problem))
    finally:
        store.close()


def _announced(store: SqliteStore, instants: Iterable[int]) -> dict[tuple[str, str, int], float]:
    """(venue, symbol, instant) -> the hourly rate published for that instant, half an hour before or a little more."""
    found: dict[tuple[str, str, int], float] = {}
    for instant in instants:
        for batch in store.polls(instant - LEAD_MS - LOOK_MS, instant - LEAD_MS + 1):
            for quote in batch.quotes:
                if quote.next_funding_ms == instant:
                    found[batch.venue, quote.contract.symbol, instant] = quote.hourly
    return found


def _against(one: Settlement, announced: dict[tuple[str, str, int], float]) -> KeptSettlement:
    hourly = one.rate / one.interval_h if one.interval_h > 0 else math.nan
    said = announced.get((one.venue, one.symbol, one.time_ms), math.nan)
    return KeptSettlement(one.venue, one.symbol, one.time_ms, hourly, one.interval_h, hourly - said)
