"""Settlements as they happen: what was paid against what was announced and what the formula says; own history.

A settlement is known from two sources: the venue's own history (`Settlement` records, back-filled), or its running
answers once they carry the rate that was paid. A predicted rate is never taken for a paid one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from fundtui.imbalance import autoregression, detectors, formula, own_history, realised
from fundtui.imbalance.detectors import FamilyFit, LockWatch
from fundtui.imbalance.divergence import FormulaState, interval_start
from fundtui.imbalance.formula import Announced
from fundtui.imbalance.own_history import OwnHistory
from fundtui.imbalance.rows import NUMBER, Field, Floats, Index, Ints, Rows
from fundtui.imbalance.settled_log import SettledLog
from fundtui.imbalance.state import InstrumentRows, Observed
from fundtui.imbalance.table import Table
from fundtui.market import Settlement
from fundtui.units import HOURS_PER_YEAR

PAID_IS_TOLD_AFTER_MS = 120_000
SAME_INSTANT_MS = 60_000
SETTLED_AT_ONCE = 128
ALL_SETTLED_WITHIN_S = 120.0
OFTEN_S = 15.0
SETTLED_FEW = 32
"""Venues of so few contracts are done with them at once."""
REALISED = ("realised_1d", "realised_3d", "realised_7d", "realised_30d")


class PendingRows(Rows):
    """Per instrument: the running interval, the settlement whose rate is awaited, and the paid rate seen before it."""

    fields: ClassVar[dict[str, Field]] = {
        "start_ms": NUMBER,
        "interval_h": NUMBER,
        "due_ms": NUMBER,
        "due_interval_h": NUMBER,
        "paid_before": NUMBER,
    }
    start_ms: Floats
    interval_h: Floats
    due_ms: Floats
    due_interval_h: Floats
    paid_before: Floats


class Paid(NamedTuple):
    """Settled rates of distinct rows, one each: per settlement of `interval_h` hours."""

    rows: Index
    time_ms: Ints
    rate: Floats
    interval_h: Floats


class Settling:
    """The settlement side of every instrument; writes the history columns of the instrument table."""

    def __init__(self, table: Table, instruments: InstrumentRows, formula_state: FormulaState) -> None:
        capacity = table.capacity
        self.table = table
        self.instruments = instruments
        self.formula = formula_state
        self.pending = PendingRows(capacity)
        self.announced = Announced(capacity)
        self.locks = LockWatch(capacity)
        self.fits = FamilyFit(capacity)
        self.own = OwnHistory(capacity)
        self.log = SettledLog()

    @property
    def parts(self) -> dict[str, Rows]:
        """All state by name."""
        mine = {"pending": self.pending, "announced": self.announced, "locks": self.locks, "fits": self.fits}
        return mine | {f"own.{name}": part for name, part in self.own.parts.items()}

    def grow(self, capacity: int) -> None:
        """Make room."""
        for part in self.parts.values():
            part.grow(capacity)

    def observe(self, rows: Index, seen: Floats, poll_s: float = 0.0, *, busy: bool = False) -> Index:
        """Take one poll's observations of these rows; returns the rows whose settlement became known with it.

        Hundreds of contracts settle in the same instant: a part is taken with each poll, all within two minutes.
        `busy`: the poll has the minute's sample to take as well; where another one comes soon, that one takes them.
        """
        pending, instruments = self.pending, self.instruments
        next_ms, rate, paid = seen[Observed.NEXT_FUNDING_MS], seen[Observed.RATE], seen[Observed.SETTLED_RATE]
        observed_ms = instruments.observed_ms[rows]
        coming = np.where(next_ms == next_ms, next_ms, -1.0).astype(np.int64)
        formula.announce(self.announced, rows, observed_ms.astype(np.int64), coming, rate)
        start_ms, before = interval_start(rows, instruments, next_ms), pending.start_ms[rows]
        begun = (start_ms > before) & (start_ms <= observed_ms)
        if begun.any():
            new = rows[begun]
            detectors.end_published(self.locks, new)
            pending.due_ms[new] = start_ms[begun]
            pending.due_interval_h[new] = pending.interval_h[new]
        moved = start_ms != before
        if moved.any():
            new = rows[moved]
            pending.start_ms[new] = start_ms[moved]
            pending.interval_h[new] = instruments.interval_h[new]
        detectors.observe_published(self.locks, rows, rate)
        due_ms = pending.due_ms[rows]
        told = (paid != pending.paid_before[rows]) | (observed_ms - due_ms >= PAID_IS_TOLD_AFTER_MS)
        told &= (due_ms == due_ms) & (paid == paid)
        most = max(SETTLED_AT_ONCE, int(len(rows) * poll_s / ALL_SETTLED_WITHIN_S))
        left = np.flatnonzero(told)[0 if busy and poll_s <= OFTEN_S and len(rows) > SETTLED_FEW else most :]
        told[left] = False
        waiting = due_ms == due_ms
        pending.paid_before[rows] = np.where(waiting & ~told, pending.paid_before[rows], paid)
        if not told.any():
            return np.empty(0, np.intp)
        kept: Index = rows[told]
        hours = pending.due_interval_h[kept]
        rates = paid[told] * hours / instruments.period_h[kept]
        self._settle(Paid(kept, due_ms[told].astype(np.int64), rates, hours), seen=True)
        pending.due_ms[kept] = np.nan
        return kept

    def take(self, records: Sequence[Settlement], row_of: dict[tuple[str, str], int]) -> Index:
        """Take settlements of the venues' own histories, any number, in any order; unknown instruments are skipped.

        Records must come before what was taken already for the same instrument to count: older ones change nothing.
        """
        touched = np.zeros(self.table.count, np.bool_)
        for paid in _rounds(records, row_of, self.instruments):
            self._settle(paid)
            touched[paid.rows] = True
        rows: Index = np.flatnonzero(touched)
        return rows

    def forget(self, rows: Index) -> None:
        """Forget what was learnt from settlements: an older and longer history is about to be taken instead."""
        for part in self.own.parts.values():
            part.reset(rows)

    def refresh(self, rows: Index) -> None:
        """Columns that follow from the settled history alone."""
        columns, own = self.table.columns, self.own
        columns["settlements"][rows] = own.settlements.count[rows]
        columns["streak"][rows] = np.where(own.settlements.count[rows] > 0, own.streak.length[rows], np.nan)
        columns["streak_h"][rows] = np.where(own.settlements.count[rows] > 0, own.streak.hours[rows], np.nan)
        annual = realised.apr(own.realised, rows)
        for place, key in enumerate(REALISED):
            columns[key][rows] = annual[:, place] / HOURS_PER_YEAR
        month = realised.completeness(own.realised, rows)[:, -1]
        columns["paid_seen"][rows] = np.where(annual[:, -1] == annual[:, -1], month, np.nan)
        fit = autoregression.fit(own.autoregression, rows)
        columns["half_life"][rows] = np.where(np.isfinite(fit.half_life_h), fit.half_life_h, np.nan)
        columns["phi"][rows] = np.clip(fit.phi_corrected, -1.0, 1.0)
        columns["mean_rate"][rows] = np.where(np.isfinite(fit.mean), fit.mean, np.nan)
        proposed = detectors.proposed_family(self.fits, rows)
        for family in dict.fromkeys(proposed.tolist()):
            name = detectors.family_name(family).value if family >= 0 else ""
            columns["fitted_family"][rows[proposed == family]] = self.table.code("fitted_family", name)
        sure = detectors.locked(self.locks, rows)
        codes = np.array([self.table.code("locked", ""), self.table.code("locked", "locked")])
        columns["locked"][rows] = codes[sure.astype(np.int64)]

    def _settle(self, paid: Paid, *, seen: bool = False) -> None:
        fresh = paid.time_ms > self.own.settlements.last_ms[paid.rows]
        if not fresh.any():
            return
        rows, time_ms, rate, hours = paid.rows[fresh], paid.time_ms[fresh], paid.rate[fresh], paid.interval_h[fresh]
        interest = self.instruments.interest_h[rows]
        self._hold_against(rows, time_ms, rate, hours, interest, seen=seen)
        own_history.settle(self.own, rows, time_ms, rate, hours, interest * HOURS_PER_YEAR)
        self.refresh(rows)

    def _hold_against(
        self, rows: Index, time_ms: Ints, rate: Floats, hours: Floats, interest: Floats, *, seen: bool
    ) -> None:
        """The paid rate against the announced one, the formula, the families, and the rate that may be locked."""
        columns, premium = self.table.columns, self.formula.premium
        period_h = self.instruments.period_h[rows]
        published = rate * period_h / hours
        unexpected = formula.surprise(self.announced, rows, time_ms, published) / period_h
        average = np.where(np.abs(premium.closed_ms[rows] - time_ms) <= SAME_INSTANT_MS, premium.closed[rows], np.nan)
        kernel = self.formula.kernel.at(rows)
        same = np.isfinite(kernel.period_h) & (hours == self.instruments.interval_h[rows])
        average = np.where(same, average, np.nan)
        coverage = premium.closed_coverage[rows].astype(np.float64)
        error = formula.formula_error(rate / hours * kernel.period_h, average, coverage, kernel)
        live = np.isfinite(unexpected) | np.isfinite(error)
        columns["surprise"][rows[live]] = unexpected[live]
        columns["formula_error"][rows[live]] = (error / kernel.period_h)[live]
        logged = np.ones(len(rows), np.bool_) if seen else live
        if logged.any():
            error_h = (error / kernel.period_h)[logged]
            self.log.add(
                self.table.keys, rows[logged], time_ms[logged], (rate / hours)[logged], hours[logged],
                unexpected[logged], error_h,
            )  # fmt: skip
        trusted = np.where(coverage >= formula.COVERAGE_FOR_ALERT, average, np.nan)
        detectors.observe_family(
            self.fits,
            rows,
            rate,
            trusted,
            detectors.family_kernels(hours, np.asarray(kernel.floor), np.asarray(kernel.cap)),
        )
        resting = np.abs(rate / hours - interest) < detectors.SAME_DIGITS
        detectors.settle_published(self.locks, rows, published, resting)


def _rounds(
    records: Sequence[Settlement], row_of: dict[tuple[str, str], int], instruments: InstrumentRows
) -> Iterator[Paid]:
    """The first settlement of every instrument, then the second of every one, and so on: distinct rows each time."""
    by_row: dict[int, list[Settlement]] = {}
    for record in sorted(records, key=lambda record: record.time_ms):
        row = row_of.get((record.venue, record.symbol))
        if row is not None:
            by_row.setdefault(row, []).append(record)
    longest = max(map(len, by_row.values()), default=0)
    for number in range(longest):
        some = {row: listed[number] for row, listed in by_row.items() if number < len(listed)}
        rows = np.fromiter(some, np.intp, len(some))
        stated = np.array([record.interval_h for record in some.values()])
        yield Paid(
            rows,
            np.array([record.time_ms for record in some.values()], np.int64),
            np.array([record.rate for record in some.values()]),
            np.where(stated == stated, stated, instruments.interval_h[rows]),
        )
