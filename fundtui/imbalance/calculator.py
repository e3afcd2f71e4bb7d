"""The calculator: one venue's batch in, the assets and instruments that changed out.

Figures depend on the batches and times given and on nothing else, and `recompute` gives the same bits as any number
of incremental steps.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance import checks
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.compare import Comparison
from fundtui.imbalance.divergence import MAJORS, SOURCES, FormulaState
from fundtui.imbalance.rates import Observations, contract_numbers, observations, reasons_of
from fundtui.imbalance.registry import (
    MISSED_POLLS,
    Registry,
    VenueRows,
    contract_events,
    instrument_event,
)
from fundtui.imbalance.rows import Flags, Floats, Index, divide
from fundtui.imbalance.state import InstrumentRows, Members, Observed
from fundtui.imbalance.table import Table
from fundtui.imbalance.theory import Kernel
from fundtui.imbalance.tiers import default_half_spread, mark_basis
from fundtui.imbalance.trend import Trend
from fundtui.market import REASON_TEXT, Batch, Instrument, Quote, Reason
from fundtui.status import Event, EventKind, Severity

NO_ROWS: Index = np.empty(0, np.intp)

OBSERVED_COLUMNS = {
    "rate": Observed.RATE,
    "next_funding_ms": Observed.NEXT_FUNDING_MS,
    "mark": Observed.MARK,
    "index": Observed.INDEX,
    "last": Observed.LAST,
    "oi_base": Observed.OI_BASE,
    "oi_usd": Observed.OI_USD,
    "volume_usd": Observed.VOLUME_USD,
    "settled_rate": Observed.SETTLED_RATE,
    "oi_cap_usd": Observed.OI_CAP_USD,
}


class CalculatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may want otherwise. trend_every_s x trend_points is the span of the sparkline."""

    trend_points: int = 48
    trend_every_s: float = 1800.0


class Changes(NamedTuple):
    """What one call changed: rows of the asset and instrument tables, and events for the journal."""

    assets: Index
    instruments: Index
    events: tuple[Event, ...]


NOTHING = Changes(NO_ROWS, NO_ROWS, ())


class Calculator:
    """State and metrics of all assets and instruments. Tables are the read side; row numbers never change."""

    def __init__(self, settings: CalculatorSettings | None = None, capacity: int = 1024) -> None:
        self.settings = settings or CalculatorSettings()
        self.instruments = Table(Level.INSTRUMENT, CATALOGUE[Level.INSTRUMENT], capacity)
        self.assets = Table(
            Level.ASSET, CATALOGUE[Level.ASSET], max(capacity // 4, 4), series_points=self.settings.trend_points
        )
        self._registry = Registry()
        self._rows = InstrumentRows(capacity)
        self._observed: Floats = np.full((len(Observed), capacity), np.nan)
        self._formula = FormulaState(capacity)
        self._members = Members(max(capacity // 4, 4))
        self._quotes: list[Quote | None] = []
        self._trend = Trend(self.assets, "trend", "consensus", self.settings.trend_every_s)
        self._comparison = Comparison(self.assets, self.instruments, self._rows, self._members)
        self._minute = -1
        self._share_labels()
        self._attach()

    # Reading

    def instrument_rows(self, asset_row: int) -> Index:
        """Rows of an asset's instruments, delisted ones left out, by venue and symbol."""
        return self._members.of(asset_row)

    def quote(self, row: int) -> Quote | None:
        """The last observation of an instrument."""
        return self._quotes[row]

    def contract(self, row: int) -> Instrument:
        """The contract of an instrument as last read."""
        return self._registry.contracts[row]

    def reasons(self, row: int) -> tuple[Reason, ...]:
        """Why an instrument is left out of comparisons: the reader's reasons and the calculator's own."""
        return reasons_of(int(self._rows.published[row] | self._rows.checks[row]))

    def kernel(self, row: int) -> Kernel:
        """The funding formula of an instrument as numbers; all NaN where it is unknown."""
        return self._formula.kernel.of(row)

    def interest_h(self, row: int) -> float:
        """The interest part of an instrument's rate, per hour."""
        return float(self._rows.interest_h[row])

    def cadence_s(self, venue: str) -> float:
        """How often a venue's batches are due."""
        return self._registry.venue(venue).cadence_s

    # Writing

    def set_cadence(self, venue: str, seconds: float) -> None:
        """Say how often a venue is polled; else it is learnt from its batches."""
        part = self._registry.venue(venue)
        part.cadence_s, part.cadence_given = seconds, True

    def apply(self, batch: Batch, now_ms: int) -> Changes:
        """Take one venue's poll. A batch older than the last one of its venue changes nothing."""
        venue = self._registry.venue(batch.venue)
        if batch.observed_ms < venue.observed_ms or not batch.quotes:
            return NOTHING
        venue.observe(batch.observed_ms)
        events: list[Event] = []
        rows, forced, moved = self._rows_of(batch, venue, events)
        seen = observations(batch.quotes)
        rows, seen, quotes = _distinct(rows, seen, batch.quotes)
        for row, quote in zip(rows.tolist(), quotes, strict=True):
            self._quotes[row] = quote
        changed = self._observe(rows, seen, venue)
        if forced:
            changed |= np.isin(rows, forced)
        gone = self._missing(venue, rows, batch.observed_ms, events)
        touched = rows[changed]
        self._caps(touched, batch.observed_ms, events)
        assets = _union(self.assets.count, self._rows.asset[touched], self._rows.asset[gone], moved)
        moved_on = self._trend.advance(now_ms)
        siblings = self._compare(assets, now_ms, events)
        self._trend.update(assets)
        if moved_on:
            assets = np.arange(self.assets.count)
        shown = _union(self.instruments.count, touched, siblings, gone)
        self.instruments.touch(shown)
        self.assets.touch(assets)
        return Changes(assets, shown, tuple(events))

    def tick(self, now_ms: int) -> Changes:
        """Let time pass: ages, countdowns, what has become stale, the sparkline's points."""
        count = self.instruments.count
        if not count:
            return NOTHING
        events: list[Event] = []
        rows = np.arange(count)
        cadence_ms = self._cadences()[self._rows.venue[:count]] * 1000.0
        ratio = (now_ms - self._rows.observed_ms[:count]) / cadence_ms
        stale, late = ratio > checks.STALE_CADENCES, ratio > checks.LATE_CADENCES
        was = (self._rows.checks[:count] & checks.STALE) != 0
        turned = rows[(stale != was) | (late != self._rows.late[:count])]
        self._rows.late[:count] = late
        self._rows.checks[:count] = np.where(
            stale, self._rows.checks[:count] | checks.STALE, self._rows.checks[:count] & ~checks.STALE
        )
        assets = _union(self.assets.count, self._rows.asset[turned])
        siblings = self._compare(assets, now_ms, events)
        self._age(now_ms)
        self._rank_spreads(now_ms)
        shown = _union(count, turned, siblings)
        self.instruments.touch(shown)
        if self._trend.advance(now_ms):
            assets = np.arange(self.assets.count)
        self.assets.touch(assets)
        return Changes(assets, shown, tuple(events))

    def recompute(self, now_ms: int) -> None:
        """Work every figure out again from the state. Gives the same bits as the incremental way."""
        everything = np.arange(self.instruments.count)
        self._figures(everything)
        self._measure(everything)
        self._compare(np.arange(self.assets.count), now_ms, [])
        self._age(now_ms)

    # Instruments

    def _rows_of(self, batch: Batch, venue: VenueRows, events: list[Event]) -> tuple[Index, list[int], Index]:
        """Rows of the batch's quotes; which of them are new or changed; which assets lost a member to another."""
        found = self._registry.rows(batch)
        forced: list[int] = []
        moved: list[int] = []
        if None in found:
            for place, row in enumerate(found):
                if row is None:
                    contract = batch.quotes[place].contract
                    found[place] = self._learn(contract, venue, batch.observed_ms, events, moved)
                    forced.append(found[place] or 0)
        rows = np.array(found, np.intp)
        back = rows[~self.instruments.alive[rows]]
        for row in back.tolist():
            self._list(row, batch.observed_ms, events)
            forced.append(row)
        return rows, forced, np.array(moved, np.int64)

    def _learn(
        self, contract: Instrument, venue: VenueRows, time_ms: int, events: list[Event], moved: list[int]
    ) -> int:
        row = self._registry.row_named.get((contract.venue, contract.symbol))
        if row is None:
            row = self._add(contract, venue)
            if len(venue.rows):
                text = f"{contract.venue} {contract.asset_id} listed ({contract.symbol})"
                events.append(instrument_event(EventKind.LISTED, contract, time_ms, text))
            return row
        before = self._registry.replace(row, contract)
        events.extend(contract_events(before, contract, time_ms))
        old_interval, old_rule = before.interval_h, before.rule
        if (old_interval, old_rule) != (contract.interval_h, contract.rule):
            self._formula.restart(row)
        if before.asset_id != contract.asset_id:
            moved.append(int(self._rows.asset[row]))
            if self.instruments.alive[row]:
                self._members.remove(int(self._rows.asset[row]), self.instruments.keys[row])
        self._describe(row, contract, joins=before.asset_id != contract.asset_id and bool(self.instruments.alive[row]))
        return row

    def _add(self, contract: Instrument, venue: VenueRows) -> int:
        row = self._registry.add(contract)
        self.instruments.add(f"{contract.venue} {contract.symbol}")
        self._quotes.append(None)
        if self.instruments.capacity > self._rows.capacity:
            self._grow(self.instruments.capacity)
        self._rows.venue[row] = venue.number
        self._formula.half_spread.delta[row] = default_half_spread(0 if contract.asset_id in MAJORS else 99)
        self._describe(row, contract, joins=True)
        return row

    def _describe(self, row: int, contract: Instrument, *, joins: bool) -> None:
        """Write down what follows from a contract."""
        numbers, kernel = contract_numbers(contract)
        for name, value in zip(numbers._fields, numbers, strict=True):
            getattr(self._rows, name)[row] = value
        self._formula.kernel.set(row, kernel)
        asset = self._asset(contract)
        self._rows.asset[row] = asset
        if joins:
            self._members.add(asset, row, self.instruments.keys[row])
        table = self.instruments
        for key, label in (
            ("venue", contract.venue),
            ("symbol", contract.symbol),
            ("asset", contract.asset_id),
            ("asset_class", contract.asset_class.value),
            ("kind", contract.kind.value),
            ("quote", contract.quote),
            ("settle", contract.settle),
            ("status", contract.status.value),
            ("rate_kind", contract.rate_kind.value),
            ("notes", ", ".join(note.value for note in contract.notes)),
        ):
            table.columns[key][row] = table.code(key, label)

    def _asset(self, contract: Instrument) -> int:
        row = self.assets.index.get(contract.asset_id)
        if row is None:
            row = self.assets.add(contract.asset_id)
            self.assets.columns["asset"][row] = self.assets.code("asset", contract.asset_id)
            self.assets.columns["asset_class"][row] = self.assets.code("asset_class", contract.asset_class.value)
        return row

    def _observe(self, rows: Index, seen: Observations, venue: VenueRows) -> Flags:
        """Store observations and work out the instruments' own figures; which rows changed."""
        before = self._observed[:, rows]
        changed: Flags = (before.view(np.int64) != seen.numbers.view(np.int64)).any(axis=0)
        self._observed[:, rows] = seen.numbers
        state = self._rows
        state.observed_ms[rows] = seen.observed_ms
        hourly = seen.numbers[Observed.RATE] / state.period_h[rows]
        excluded_before = state.published[rows] | state.checks[rows]
        checks.confirm_rates(rows, state, hourly, seen.reasons)
        state.checks[rows] &= ~checks.STALE
        state.late[rows] = False
        state.missed_polls[rows] = 0
        changed |= excluded_before != (state.published[rows] | state.checks[rows])
        touched = rows[changed]
        self._figures(touched)
        self._formula.observe(rows, state, seen.numbers, hourly, venue.cadence_s / 3600.0)
        changed |= self._measure(rows)
        return changed

    def _figures(self, rows: Index) -> None:
        """Figures of instruments that need nothing but their own observation."""
        if not len(rows):
            return
        state, columns, seen = self._rows, self.instruments.columns, self._observed[:, rows]
        hourly = seen[Observed.RATE] / state.period_h[rows]
        columns["apr"][rows] = columns["hourly"][rows] = hourly
        columns["rate_8h"][rows] = 8.0 * hourly
        columns["excess"][rows] = hourly - state.interest_h[rows]
        bound = np.where(hourly > 0, state.cap_h[rows], state.floor_h[rows])
        columns["cap_use"][rows] = np.maximum(divide(hourly, bound), 0.0)
        index, mark = seen[Observed.INDEX], seen[Observed.MARK]
        columns["basis"][rows] = np.where(state.index_is_mark[rows], np.nan, mark_basis(mark, index))
        price = np.where(index > 0, index, np.where(mark > 0, mark, np.nan)) / state.multiplier[rows]
        columns["price"][rows] = np.where(state.comparable_price[rows], price, np.nan)

    def _measure(self, rows: Index) -> Flags:
        """Premium, theory and divergence of these rows; which of them moved."""
        columns = self.instruments.columns
        result = self._formula.measure(rows, self._rows, columns["hourly"][rows])
        moved = _differs(columns["divergence"][rows], result.divergence)
        moved |= _differs(columns["divergence_t"][rows], result.t)
        tier = self._formula.premium.tier[rows]
        columns["premium_tier"][rows] = np.where(tier > 0, tier, np.nan)
        columns["premium_source"][rows] = tier
        for key, values in (
            ("premium_average", result.average),
            ("coverage", result.coverage),
            ("theory", result.theory),
            ("band_lo", result.low),
            ("band_hi", result.high),
            ("divergence", result.divergence),
            ("divergence_t", result.t),
        ):
            columns[key][rows] = values
        return moved

    def _missing(self, venue: VenueRows, rows: Index, time_ms: int, events: list[Event]) -> Index:
        """Rows that the venue no longer lists: read twice without them, they are gone."""
        if len(rows) == len(venue.rows) and (rows == venue.rows).all():
            return NO_ROWS
        absent = np.setdiff1d(venue.rows, rows)
        self._rows.missed_polls[absent] += 1
        gone = absent[self._rows.missed_polls[absent] >= MISSED_POLLS]
        for row in gone.tolist():
            self.instruments.alive[row] = False
            self._members.remove(int(self._rows.asset[row]), self.instruments.keys[row])
            contract = self.contract(row)
            text = f"{contract.venue} {contract.asset_id} no longer listed ({contract.symbol})"
            events.append(instrument_event(EventKind.DELISTED, contract, time_ms, text, Severity.WARNING))
        waiting = np.setdiff1d(absent, gone)
        venue.rows = np.concatenate((rows, waiting)) if len(waiting) else rows
        return gone

    def _list(self, row: int, time_ms: int, events: list[Event]) -> None:
        contract = self.contract(row)
        self.instruments.alive[row] = True
        self._rows.missed_polls[row] = 0
        self._formula.restart(row)
        self._members.add(int(self._rows.asset[row]), row, self.instruments.keys[row])
        text = f"{contract.venue} {contract.asset_id} listed again ({contract.symbol})"
        events.append(instrument_event(EventKind.LISTED, contract, time_ms, text))

    def _caps(self, rows: Index, time_ms: int, events: list[Event]) -> None:
        """Note the instruments that have just come to their cap or floor."""
        use, was = self.instruments.columns["cap_use"][rows], self._rows.at_cap[rows]
        now = (use >= checks.AT_CAP) | (was & (use >= checks.OFF_CAP))
        self._rows.at_cap[rows] = now
        for row in rows[now & ~was].tolist():
            if self._rows.published[row] == 0:
                contract, quote = self.contract(row), self.quote(row)
                rate = quote.rate if quote is not None else np.nan
                text = f"{contract.venue} {contract.asset_id} at cap, {rate * 100:+.4f}%/{contract.rate_period_h:g}h"
                events.append(instrument_event(EventKind.AT_CAP, contract, time_ms, text, Severity.WARNING))

    # Assets

    def _compare(self, assets: Index, now_ms: int, events: list[Event]) -> Index:
        """Work out these assets; returns all rows of their instruments."""
        if not len(assets):
            return NO_ROWS
        members, turned = self._comparison.compare(assets)
        self._quarantines(turned, now_ms, events)
        self._show_reasons(members)
        return members

    def _quarantines(self, turned: Index, time_ms: int, events: list[Event]) -> None:
        for row in turned.tolist():
            contract = self.contract(row)
            out = bool(self._rows.checks[row] & checks.MISMATCH)
            kind = EventKind.QUARANTINED if out else EventKind.QUARANTINE_OVER
            what = "left out: price off the group's median" if out else "price fits the group again"
            text = f"{contract.venue} {contract.asset_id} {what} ({contract.symbol})"
            severity = Severity.WARNING if out else Severity.INFO
            events.append(instrument_event(kind, contract, time_ms, text, severity))

    def _show_reasons(self, rows: Index) -> None:
        bits = self._rows.published[rows] | self._rows.checks[rows]
        new = bits != self._rows.shown_reasons[rows]
        if not new.any():
            return
        for row, code in zip(rows[new].tolist(), bits[new].tolist(), strict=True):
            text = ", ".join(REASON_TEXT[reason] for reason in reasons_of(code))
            self.instruments.columns["reasons"][row] = self.instruments.code("reasons", text)
            self._rows.shown_reasons[row] = code

    # Time

    def _cadences(self) -> Floats:
        return np.array([part.cadence_s for part in self._registry.venues.values()] or [np.nan])

    def _age(self, now_ms: int) -> None:
        count, columns = self.instruments.count, self.instruments.columns
        columns["age"][:count] = (now_ms - self._rows.observed_ms[:count]) / 1000.0
        columns["next"][:count] = (columns["next_funding_ms"][:count] - now_ms) / 1000.0
        self._comparison.age(now_ms)

    def _rank_spreads(self, now_ms: int) -> None:
        """Once a minute: default half-spreads by the asset's rank of open interest (methodology §2.3)."""
        if now_ms // 60_000 == self._minute:
            return
        self._minute = now_ms // 60_000
        oi = np.nan_to_num(self.assets.columns["oi_usd"][: self.assets.count])
        rank = np.empty(len(oi), np.int64)
        rank[np.argsort(-oi, kind="stable")] = np.arange(len(oi))
        count = self.instruments.count
        unlearnt = np.flatnonzero(self._formula.half_spread.updates[:count] == 0)
        by_rank = np.array([default_half_spread(place) for place in range(31)])
        self._formula.half_spread.delta[unlearnt] = by_rank[np.minimum(rank[self._rows.asset[unlearnt]], 30)]

    # Storage

    def _grow(self, capacity: int) -> None:
        self._rows.grow(capacity)
        self._formula.grow(capacity)
        wider = np.full((len(Observed), capacity), np.nan)
        wider[:, : self._observed.shape[1]] = self._observed
        self._observed = wider
        self._attach()

    def _attach(self) -> None:
        """Let table columns be the state's own arrays where they mean the same."""
        columns = self.instruments.columns
        for key, field in OBSERVED_COLUMNS.items():
            columns[key] = self._observed[field]
        columns["observed_ms"] = self._rows.observed_ms
        columns["interval_h"] = self._rows.interval_h
        columns["multiplier"] = self._rows.multiplier
        columns["premium"] = self._formula.premium.now

    def _share_labels(self) -> None:
        venues: list[str] = []
        codes: dict[str, int] = {}
        self.instruments.share_labels(("venue",), venues, codes)
        self.assets.share_labels(("long", "short"), venues, codes)
        for source in SOURCES:
            self.instruments.code("premium_source", source)


def _differs(before: Floats, after: Floats) -> Flags:
    """Where a value is another one; two missing ones are the same."""
    different: Flags = (before != after) & ((before == before) | (after == after))
    return different


def _union(count: int, *parts: NDArray[np.int64]) -> Index:
    """The distinct numbers below `count` in any of the parts, ascending. Far faster than np.unique at our sizes."""
    marked = np.zeros(count, np.bool_)
    for part in parts:
        marked[part] = True
    return np.flatnonzero(marked)


def _distinct(
    rows: Index, seen: Observations, quotes: tuple[Quote, ...]
) -> tuple[Index, Observations, tuple[Quote, ...]]:
    """Of a symbol that comes twice in a batch, the last row counts."""
    last: NDArray[np.intp] = np.zeros(int(rows.max()) + 1, np.intp)
    places = np.arange(len(rows))
    last[rows] = places
    keep = last[rows] == places
    if keep.all():
        return rows, seen, quotes
    kept = np.flatnonzero(keep)
    chosen = Observations(seen.observed_ms[kept], np.ascontiguousarray(seen.numbers[:, kept]), seen.reasons[kept])
    return rows[kept], chosen, tuple(quotes[place] for place in kept.tolist())
