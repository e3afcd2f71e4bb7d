"""What charts need of the record: thinned polls while they are kept, then chunks, then hourly bars, and settlements.

Premium and open interest are kept with whole polls, and before that each five minutes; where they were not kept they
are missing, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fundtui.history.codec import Floats, Ints
from fundtui.history.database import StoreProblem
from fundtui.history.frames import INDEX, MARK, OI_USD, PREMIUM, RATE
from fundtui.history.sqlite_store import SqliteStore
from fundtui.history.steps import STEP_MS, Steps
from fundtui.history.store import FOREVER_MS, Series
from fundtui.imbalance.course import Course, settled
from fundtui.units import HOUR_MS

SHOWN = (RATE, PREMIUM, OI_USD, MARK, INDEX)


class Observed(NamedTuple):
    """One instrument's observations: times, hourly rates, premium and open interest as long as they are."""

    time_ms: Ints
    hourly: Floats
    premium: Floats
    oi_usd: Floats


NOTHING = Observed(np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0))


def read_courses(
    folder: Path, instruments: Sequence[tuple[str, str]], start_ms: int, end_ms: int, step_ms: int
) -> list[Course]:
    """Courses of instruments (venue, symbol), at most one observation for each step. Blocks; raises StoreProblem."""
    store = SqliteStore(folder, now_ms=0, writable=False)
    try:
        hot = _polls(store, instruments, start_ms, end_ms, step_ms)
        return [
            _course(store, venue, symbol, hot.get((venue, symbol), NOTHING), start_ms, end_ms, step_ms)
            for venue, symbol in instruments
        ]
    finally:
        store.close()


def has_record(folder: Path) -> bool:
    """Whether there is a record that can be read. Blocks."""
    try:
        SqliteStore(folder, now_ms=0, writable=False).close()
    except StoreProblem:
        return False
    return True


def _course(
    store: SqliteStore, venue: str, symbol: str, hot: Observed, start_ms: int, end_ms: int, step_ms: int
) -> Course:
    # From the step on that the first whole poll stands for.
    hot_from = int(hot.time_ms[0]) // step_ms * step_ms if len(hot.time_ms) else end_ms
    chunks = _thinned(store.compacted(venue, symbol, start_ms, hot_from), step_ms)
    chunks_from = int(chunks.time_ms[0]) if len(chunks.time_ms) else hot_from
    older = store.bars(venue, symbol, start_ms, chunks_from - HOUR_MS)
    bars = Series(
        # A bar's last rate was seen at the end of its hour.
        np.array([bar.time_ms + HOUR_MS for bar in older], np.int64),
        np.array([bar.last for bar in older], np.float64),
        np.array([bar.period_h for bar in older], np.float64),
        np.full(len(older), np.nan),
    )
    bars = _thinned(bars, step_ms)
    older_ms = np.concatenate((bars.time_ms, chunks.time_ms))
    told = store.steps(venue, symbol, start_ms, hot_from) if len(older_ms) else None
    paid = settled(store.settlements(venue, symbol, start_ms, min(end_ms, FOREVER_MS)))
    times = np.concatenate((bars.time_ms, chunks.time_ms, hot.time_ms))
    return Course(
        venue=venue, symbol=symbol, time_ms=times,
        hourly=np.concatenate((bars.hourly, chunks.hourly, hot.hourly)),
        theory=np.full(len(times), np.nan),
        premium=np.concatenate((_at(older_ms, told, "premium_or_basis"), hot.premium)),
        oi_usd=np.concatenate((_at(older_ms, told, "oi_usd"), hot.oi_usd)),
        settled_ms=paid.time_ms, settled_from_ms=paid.from_ms,
        settled_hourly=paid.hourly, settled_premium=paid.premium,
    )  # fmt: skip


def _at(times: Ints, steps: Steps | None, name: str) -> Floats:
    """What was told in the five minutes before each time; NaN where nothing was."""
    if steps is None or not len(steps.time_ms):
        return np.full(len(times), np.nan)
    # The value of a step was seen within it: it is the latest one known once the step is over.
    place = np.searchsorted(steps.time_ms + STEP_MS, times, side="right") - 1
    found: Floats = getattr(steps, name)[np.maximum(place, 0)]
    fresh = (place >= 0) & (times - steps.time_ms[np.maximum(place, 0)] < 2 * STEP_MS)
    return np.where(fresh, found, np.nan)


def _thinned(series: Series, step_ms: int) -> Series:
    """Of each step of time the last observation."""
    if not len(series.time_ms):
        return series
    last = np.append(np.diff(series.time_ms // step_ms) != 0, True)
    return Series(*(getattr(series, name)[last] for name in series.__struct_fields__))


def _polls(
    store: SqliteStore, instruments: Sequence[tuple[str, str]], start_ms: int, end_ms: int, step_ms: int
) -> dict[tuple[str, str], Observed]:
    """Observations from whole polls; a venue's polls are read once for all its instruments."""
    found: dict[tuple[str, str], Observed] = {}
    for venue in sorted({venue for venue, _ in instruments}):
        number = store.state.venue(venue)
        if number is None:
            continue
        mine = [symbol for its, symbol in instruments if its == venue]
        owners = {one: place for place, symbol in enumerate(mine) for one in store.contracts_of(venue, symbol)}
        rows: list[list[tuple[int, int, Floats]]] = [[] for _ in mine]
        for time_ms, place, contract, numbers in store.live.thinned(number, owners, start_ms, end_ms, step_ms):
            rows[place].append((time_ms, contract, numbers))
        for symbol, seen in zip(mine, rows, strict=True):
            if seen:
                found[venue, symbol] = _observed(store, seen)
    return found


def _observed(store: SqliteStore, seen: list[tuple[int, int, Floats]]) -> Observed:
    times = np.array([time_ms for time_ms, _, _ in seen], np.int64)
    contracts = np.array([contract for _, contract, _ in seen], np.int64)
    rate, premium, oi_usd, mark, index = np.array([numbers[list(SHOWN)] for _, _, numbers in seen], np.float64).T
    distinct, place = np.unique(contracts, return_inverse=True)
    terms = store.state.known(distinct)
    period_h = np.array([one.rate_period_h if one is not None else np.nan for one in terms], np.float64)[place]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Without a published premium: mark against index (methodology §2.3, third tier).
        basis = np.where(index > 0, mark / index - 1.0, np.nan)
    return Observed(times, rate / period_h, np.where(np.isfinite(premium), premium, basis), oi_usd)
