"""What charts need of the record: thinned polls while they are kept, then chunks, then hourly bars, and settlements.

Premium and open interest are kept with whole polls, and before that each five minutes; where they were not kept they
are missing, never guessed. Theoretical rates are made anew from the five-minute premiums, however coarse the chart.
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
from fundtui.imbalance.course import NO_FORMULA, Course, Formula, paid_otherwise, settled, theory_of
from fundtui.units import HOUR_MS

SHOWN = (RATE, PREMIUM, OI_USD, MARK, INDEX)


class Observed(NamedTuple):
    """One instrument's observations: times, hourly rates, premium and open interest as long as they are."""

    time_ms: Ints
    hourly: Floats
    premium: Floats
    oi_usd: Floats


NOTHING = Observed(np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0))


class Premiums(NamedTuple):
    """When premiums were known and what they were, one for each `every_ms` at most."""

    time_ms: Ints
    premium: Floats
    every_ms: int


def read_courses(
    folder: Path,
    instruments: Sequence[tuple[str, str]],
    start_ms: int,
    end_ms: int,
    step_ms: int,
    formulas: Sequence[Formula] = (),
) -> list[Course]:
    """Courses of instruments (venue, symbol), at most one observation for each step. Blocks; raises StoreProblem.

    formulas: of the instruments, in their order; theoretical rates are NaN without.
    """
    store = SqliteStore(folder, now_ms=0, writable=False)
    wanted = [*formulas, *[NO_FORMULA] * (len(instruments) - len(formulas))]
    lead_ms = max((one.reach_ms for one in wanted), default=0)
    try:
        hot = _polls(store, instruments, start_ms, end_ms, step_ms)
        told = [store.told_steps(venue, symbol, start_ms - lead_ms, end_ms) for venue, symbol in instruments]
        fine_ms = min(step_ms, STEP_MS)
        # Points of a fine chart are as fine already.
        fine = hot if step_ms <= STEP_MS else _after(store, instruments, told, start_ms - lead_ms, end_ms)
        return [
            _course(
                store, name, hot.get(name, NOTHING), steps, formula, start_ms, end_ms, step_ms,
                _premiums(steps, fine.get(name, NOTHING), fine_ms),
            )
            for name, steps, formula in zip(instruments, told, wanted, strict=True)
        ]  # fmt: skip
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
    store: SqliteStore, name: tuple[str, str], hot: Observed, steps: Steps, formula: Formula,
    start_ms: int, end_ms: int, step_ms: int, premiums: Premiums,
) -> Course:  # fmt: skip
    venue, symbol = name
    # From the step on that the first whole poll stands for.
    hot_from = int(hot.time_ms[0]) // step_ms * step_ms if len(hot.time_ms) else end_ms
    chunks = _thinned(store.compacted(venue, symbol, start_ms, hot_from), step_ms)
    chunks_from = int(chunks.time_ms[0]) // step_ms * step_ms if len(chunks.time_ms) else hot_from
    bars = _thinned(_bars(store, name, start_ms, chunks_from), step_ms)
    older_ms = np.concatenate((bars.time_ms, chunks.time_ms))
    paid = settled(store.settlements(venue, symbol, start_ms, min(end_ms, FOREVER_MS)))
    times = np.concatenate((older_ms, hot.time_ms))
    theory = theory_of(premiums.time_ms, premiums.premium, formula, premiums.every_ms)
    theory = _latest(times, premiums.time_ms, theory, 2 * premiums.every_ms)
    over_ms = steps.time_ms + STEP_MS
    return Course(
        venue=venue, symbol=symbol, time_ms=times,
        hourly=np.concatenate((bars.hourly, chunks.hourly, hot.hourly)),
        theory=np.where(paid_otherwise(times, paid, formula.interval_h), np.nan, theory),
        premium=np.concatenate((_latest(older_ms, over_ms, steps.premium_or_basis, STEP_MS), hot.premium)),
        oi_usd=np.concatenate((_latest(older_ms, over_ms, steps.oi_usd, STEP_MS), hot.oi_usd)),
        settled_ms=paid.time_ms, settled_from_ms=paid.from_ms,
        settled_hourly=paid.hourly, settled_premium=paid.premium,
    )  # fmt: skip


def _bars(store: SqliteStore, name: tuple[str, str], start_ms: int, end_ms: int) -> Series:
    """Hours that ended before `end_ms`, by their last rates."""
    older = store.bars(*name, start_ms, end_ms - HOUR_MS)
    return Series(
        # A bar's last rate was seen at the end of its hour.
        np.array([bar.time_ms + HOUR_MS for bar in older], np.int64),
        np.array([bar.last for bar in older], np.float64),
        np.array([bar.period_h for bar in older], np.float64),
        np.full(len(older), np.nan),
    )


def _premiums(steps: Steps, fine: Observed, fine_ms: int) -> Premiums:
    """Five-minute premiums, known once their five minutes are over, until polls tell more."""
    over_ms = steps.time_ms + STEP_MS
    before = over_ms <= fine.time_ms[0] if len(fine.time_ms) else np.ones(len(over_ms), np.bool_)
    return Premiums(
        np.concatenate((over_ms[before], fine.time_ms)),
        np.concatenate((steps.premium_or_basis[before], fine.premium)),
        # What the record lacks is a hole, whichever of the two distances it is measured by.
        STEP_MS if before.any() else fine_ms,
    )


def _latest(times: Ints, known_ms: Ints, values: Floats, fresh_ms: int) -> Floats:
    """The latest value that was known at each time and not older than that; NaN where there was none."""
    if not len(known_ms):
        return np.full(len(times), np.nan)
    place = np.searchsorted(known_ms, times, side="right") - 1
    kept = np.maximum(place, 0)
    return np.where((place >= 0) & (times - known_ms[kept] < fresh_ms), values[kept], np.nan)


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


def _after(
    store: SqliteStore,
    instruments: Sequence[tuple[str, str]],
    told: Sequence[Steps],
    start_ms: int,
    end_ms: int,
) -> dict[tuple[str, str], Observed]:
    """Each five minutes' last poll after those that a venue's last chunks were made of."""
    ends = {venue: start_ms for venue, _ in instruments}
    for (venue, _), steps in zip(instruments, told, strict=True):
        if len(steps.time_ms):
            ends[venue] = max(ends[venue], int(steps.time_ms[-1]) + STEP_MS)
    found: dict[tuple[str, str], Observed] = {}
    for venue, from_ms in ends.items():
        found |= _polls(store, [one for one in instruments if one[0] == venue], from_ms, end_ms, STEP_MS)
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
