"""Every instrument's own figures: takes polls in, keeps the state behind the instrument table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fundtui.imbalance import checks, excess, filling, pricecheck, quality
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.clocks import SettlementClocks
from fundtui.imbalance.compare import FLAGS, Moved, flags
from fundtui.imbalance.contract_changes import ContractChanges, clock_events, listed, same_formula, unlisted
from fundtui.imbalance.divergence import MAJORS, SOURCES, STARTS, FormulaState
from fundtui.imbalance.filling import Filled
from fundtui.imbalance.keeping import Saved
from fundtui.imbalance.pressing import KIND_TEXT, Pressing
from fundtui.imbalance.purge import Kind
from fundtui.imbalance.rates import OI_SKEW, Money, Observations, contract_numbers, distinct, observations, reasons_of
from fundtui.imbalance.registry import MISSED_POLLS, Registry, VenueRows, instrument_event, stillness_event
from fundtui.imbalance.rows import Flags, Floats, Index, Rows, Where, differs, divide, every, run_of, some
from fundtui.imbalance.rowsets import without
from fundtui.imbalance.settling import Settling
from fundtui.imbalance.state import InstrumentRows, Members, Observed
from fundtui.imbalance.table import Table
from fundtui.imbalance.tiers import default_half_spread, mark_basis
from fundtui.market import REASON_TEXT, Batch, Instrument, Quote
from fundtui.status import Event, EventKind, Severity

NO_ROWS: Index = np.empty(0, np.intp)
UNRANKED = 99
MOST_SPENT = 32
"""Polls whose quotes may wait to be freed, should no tick come."""
PRICES = slice(Observed.MARK, Observed.LAST + 1)
SIZES = slice(Observed.OI_USD, Observed.VOLUME_USD + 1)
MINUTE_MS = 60_000

MEASURED = (
    *("premium_average", "coverage", "theory", "band_lo", "band_hi"),
    *("divergence", "divergence_t"),
)
"""Columns of the parts of a `Divergence`, in their order."""

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


class Taken(NamedTuple):
    """What a poll did: all its rows, those whose figures are others now, those whose theory alone moved, those that
    are gone, and assets that lost a member to another asset.

    `moved`: what at most. `filled`: what became of the premium samples that came with it."""

    rows: Index
    changed: Index
    drifted: Index
    gone: Index
    left: Index
    moved: Moved
    filled: Mapping[Filled, int]


class Instruments:
    """The instrument table with the state behind it. `assets` is where assets get their rows from."""

    def __init__(self, assets: Table, capacity: int, money: Money) -> None:
        self.table = Table(Level.INSTRUMENT, CATALOGUE[Level.INSTRUMENT], capacity)
        self.assets = assets
        self.registry = Registry()
        self.rows = InstrumentRows(capacity)
        self.observed: Floats = np.full((len(Observed), capacity), np.nan)
        self.money = money
        self.formula = FormulaState(capacity)
        self.settling = Settling(self.table, self.rows, self.formula)
        self.pressing = Pressing(self.table, self.rows, self.settling)
        self.members = Members(max(capacity // 4, 4))
        self._clocks = SettlementClocks(capacity)
        self._changes = ContractChanges()
        self._quotes: dict[int, Quote] = {}
        self._spent: list[tuple[Quote, ...]] = []
        self.saved: Saved | None = None
        self._live_parts: dict[str, Rows] = {}
        self._adopted: list[int] = []
        for source in SOURCES:
            self.table.code("premium_source", source)
        for start in STARTS:
            self.table.code("average_start", start)
        for flag in FLAGS:
            self.table.code("flag", flag)
        self._attach()

    def set_money(self, money: Money) -> None:
        """Let money cost otherwise from now on; what follows from it is worked out with the venues' next minute."""
        self.money = money
        rows = np.arange(len(self.registry.contracts))
        yields = np.array([money.yield_of(contract.asset_id) for contract in self.registry.contracts])
        self.rows.money_h[rows] = excess.carry_rate(money.quote_rate, yields, 1.0)
        self.rows.fair_premium[rows] = excess.fair_premium(money.quote_rate, yields, self.formula.kernel.at(rows))

    def quote(self, row: int) -> Quote:
        """The last observation of an instrument."""
        venue = self.registry.venue(self.registry.contracts[row].venue)
        place = int(self.rows.place[row])
        if place < len(venue.rows) and venue.rows[place] == row:
            return venue.quotes[place]
        return self._quotes[row]

    @property
    def parts(self) -> dict[str, Rows]:
        """The state that is worth keeping over a restart, by name."""
        groups = {"formula": self.formula.parts, "settling": self.settling.parts, "pressing": self.pressing.parts}
        return {f"{group}.{name}": part for group, parts in groups.items() for name, part in parts.items()}

    def take(self, batch: Batch, venue: VenueRows, events: list[Event]) -> Taken:
        """Take one poll of a venue."""
        seen = observations(batch.quotes)
        same = seen.contracts == venue.contracts and not len(venue.missing)
        if same:
            rows, forced, gone, left = venue.rows, NO_ROWS, NO_ROWS, NO_ROWS
            self._replace_quotes(venue, batch.quotes)
        else:
            rows, seen, forced, gone, left = self._relist(batch, seen, venue, events)
        changed, drifted, moved = self._observe(seen, venue, events, same=same)
        counts: Mapping[Filled, int] = {}
        if batch.premiums:
            named = {symbol: row for (name, symbol), row in self.registry.row_named.items() if name == batch.venue}
            filled, counts = filling.take(self.formula, self.rows, batch.premiums, named, venue.cadence_s)
            self._measure(filled)
            self._expect(filled)
            forced = np.concatenate((forced, filled))
            moved = Moved.ALL
        if len(forced):
            changed |= np.isin(rows, forced)
        taught = self.rows.learning[rows] != batch.learning
        if some(taught):
            changed |= taught
            self.rows.learning[rows] = batch.learning
            moved = Moved.ALL
        venue.learnt |= not batch.learning
        minute = batch.observed_ms // MINUTE_MS
        if minute != venue.sampled_minute:
            venue.sampled_minute = minute
            self._sample(rows, batch.observed_ms, events)
            changed[:] = True
            moved = Moved.ALL
        touched = rows[changed]
        self._caps(touched, batch.observed_ms, events)
        self.refresh(touched)
        moved = moved if same else Moved.ALL
        return Taken(rows, touched, rows[drifted & ~changed], gone, left, moved, counts)

    def _replace_quotes(self, venue: VenueRows, quotes: tuple[Quote, ...]) -> None:
        """Thousands of numbers take as long to free as to read: that waits for the next tick."""
        if len(self._spent) >= MOST_SPENT:
            self._spent.clear()
        self._spent.append(venue.quotes)
        venue.quotes = quotes

    def tidy(self) -> None:
        """Let go of quotes that newer ones have taken the place of."""
        self._spent.clear()

    def refresh(self, rows: Index) -> None:
        """Marks and reasons of instruments whose observation or judgement is another one."""
        columns, state = self.table.columns, self.rows
        bits = state.published[rows] | state.checks[rows]
        columns["flag"][rows] = flags(state.at_cap[rows], state.late[rows], state.pinned[rows])
        new = bits != state.shown_reasons[rows]
        for row, code in zip(rows[new].tolist(), bits[new].tolist(), strict=True):
            text = ", ".join(REASON_TEXT[reason] for reason in reasons_of(code))
            columns["reasons"][row] = self.table.code("reasons", text)
            state.shown_reasons[row] = code

    def recompute(self) -> None:
        """Work every instrument's own figures out again."""
        everything = np.arange(self.table.count)
        self._figures(slice(0, self.table.count))
        self._measure(slice(0, self.table.count))
        self._expect(slice(0, self.table.count))
        self.refresh(everything)

    def age(self, now_ms: int) -> None:
        """Ages and countdowns."""
        count, columns = self.table.count, self.table.columns
        columns["age"][:count] = (now_ms - self.rows.observed_ms[:count]) / 1000.0
        columns["next"][:count] = (columns["next_funding_ms"][:count] - now_ms) / 1000.0

    def grow_late(self, now_ms: int) -> Index:
        """Rows that have become late or stale by now, or no longer are."""
        count, state = self.table.count, self.rows
        cadence_ms = 1000.0 * np.array([venue.cadence_s for venue in self.registry.venues.values()])
        ratio = (now_ms - state.observed_ms[:count]) / cadence_ms[state.venue[:count]]
        self.table.columns["freshness"][:count] = quality.freshness(ratio)
        stale, late = ratio > checks.STALE_CADENCES, ratio > checks.LATE_CADENCES
        was = (state.checks[:count] & checks.STALE) != 0
        turned = np.flatnonzero((stale != was) | (late != state.late[:count]))
        if len(turned):
            state.late[:count] = late
            state.judgements += len(turned)
            state.checks[:count] &= ~checks.STALE
            state.checks[:count] |= np.where(stale, checks.STALE, 0)
            self.refresh(turned)
        return turned

    def rank_spreads(self) -> None:
        """Default half-spreads by the asset's rank of open interest, where none was learnt (methodology §2.3)."""
        oi = np.nan_to_num(self.assets.columns["oi_usd"][: self.assets.count])
        # Equal ones share a rank, or it would depend on who was seen first; nothing known is no rank.
        rank = np.where(oi > 0, np.searchsorted(np.sort(-oi), -oi), UNRANKED)
        unlearnt = np.flatnonzero(self.formula.half_spread.updates[: self.table.count] == 0)
        by_rank = np.array([default_half_spread(place) for place in range(UNRANKED)])
        places = np.minimum(rank[self.rows.asset[unlearnt]], UNRANKED - 1)
        self.formula.half_spread.delta[unlearnt] = by_rank[places]

    def _sample(self, rows: Index, time_ms: int, events: list[Event]) -> None:
        """The minute's sample of a venue: pressure on its instruments, and what its rates teach about spreads."""
        columns, state = self.table.columns, self.rows
        self.formula.learn_spreads(rows, state, columns["apr"][rows], columns["coverage"][rows])
        asset = state.asset[rows]
        price, consensus = self.assets.columns["price"][asset], self.assets.columns["consensus"][asset]
        found = self.pressing.sample(rows, self.observed[:, rows], price, consensus)
        for row, kind, fall, move in zip(
            found.rows.tolist(),
            found.reading.kind.tolist(),
            found.reading.oi_change.tolist(),
            found.reading.excursion.tolist(),
            strict=True,
        ):
            contract = self.registry.contracts[row]
            side = "longs" if move < 0 else "shorts"
            what = KIND_TEXT[Kind(kind)] + (f" of {side}" if kind != Kind.OI_DISCONTINUITY else "")
            text = f"{contract.venue} {contract.asset_id} {what}: OI {fall:+.1%}, price {move:+.1%}"
            severity = Severity.CRITICAL if kind == Kind.CRITICAL_PURGE else Severity.WARNING
            after = KIND_TEXT[Kind(kind)]
            events.append(instrument_event(EventKind.PURGE, contract, time_ms, text, severity, after=after))

    # Listing

    def _relist(
        self, batch: Batch, seen: Observations, venue: VenueRows, events: list[Event]
    ) -> tuple[Index, Observations, Index, Index, Index]:
        """Rows of a batch that is not made of the same contracts as the one before it."""
        found = list(map(self.registry.row_of.get, seen.contracts))
        self._live_parts = self.parts if self.saved is not None else {}
        forced: list[int] = []
        left: list[int] = []
        for place, known in enumerate(found):
            if known is None:
                row = self._learn(seen.contracts[place], venue, batch.observed_ms, events, left)
                found[place] = row
                forced.append(row)
        if self._adopted:
            # All at once: a start with a record adopts every instrument there is.
            self.settling.refresh(np.array(self._adopted, np.intp))
            self._adopted.clear()
        rows = np.array(found, np.intp)
        rows, seen, quotes = distinct(rows, seen, batch.quotes)
        for row in rows[~self.table.alive[rows]].tolist():
            self._list(row, batch.observed_ms, events)
            forced.append(row)
        gone = self._missing(venue, rows, batch, events)
        venue.rows, venue.where, venue.contracts, venue.quotes = rows, run_of(rows), seen.contracts, quotes
        self.rows.place[rows] = np.arange(len(rows))
        return rows, seen, np.array(forced, np.intp), gone, np.array(left, np.intp)

    def _learn(self, contract: Instrument, venue: VenueRows, time_ms: int, events: list[Event], left: list[int]) -> int:
        row = self.registry.row_named.get((contract.venue, contract.symbol))
        if row is None:
            if venue.learnt:
                events.append(listed(contract, time_ms, again=False))
            return self._add(contract, venue)
        before = self.registry.replace(row, contract)
        changes = self._changes.between(row, before, contract, time_ms)
        if venue.learnt:
            events.extend(changes)
        if not same_formula(before, contract):
            self.formula.restart(row)
        moves = before.asset_id != contract.asset_id and bool(self.table.alive[row])
        if moves:
            left.append(int(self.rows.asset[row]))
            self.members.remove(int(self.rows.asset[row]), self.table.keys[row])
            pricecheck.forget(self.rows, row, quiet=not venue.learnt)
        self._describe(row, contract, joins=moves)
        return row

    def _add(self, contract: Instrument, venue: VenueRows) -> int:
        row = self.registry.add(contract)
        self.table.add(f"{contract.venue} {contract.symbol}")
        if self.table.capacity > self.rows.capacity:
            self._grow(self.table.capacity)
        self.rows.venue[row] = venue.number
        pricecheck.forget(self.rows, row, quiet=not venue.learnt)
        self.formula.half_spread.delta[row] = default_half_spread(0 if contract.asset_id in MAJORS else UNRANKED)
        self._describe(row, contract, joins=True)
        if self.saved is not None and self.saved.adopt(self.table.keys[row], row, self._live_parts):
            self._adopted.append(row)
        return row

    def _describe(self, row: int, contract: Instrument, *, joins: bool) -> None:
        """Write down what follows from a contract."""
        numbers, kernel = contract_numbers(contract, self.money)
        for name, value in zip(numbers._fields, numbers, strict=True):
            getattr(self.rows, name)[row] = value
        self.formula.kernel.set(row, kernel)
        self.rows.asset[row] = asset = self._asset(contract)
        if joins:
            self.members.add(asset, row, self.table.keys[row])
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
            self.table.columns[key][row] = self.table.code(key, label)

    def _asset(self, contract: Instrument) -> int:
        row = self.assets.index.get(contract.asset_id)
        if row is None:
            row = self.assets.add(contract.asset_id)
            self.assets.columns["asset"][row] = self.assets.code("asset", contract.asset_id)
            self.assets.columns["asset_class"][row] = self.assets.code("asset_class", contract.asset_class.value)
        return row

    def _missing(self, venue: VenueRows, rows: Index, batch: Batch, events: list[Event]) -> Index:
        """Rows that the venue no longer lists: read twice in full without them, they are gone."""
        absent = without(np.concatenate((venue.rows, venue.missing)), rows)
        for row in without(venue.rows, rows).tolist():
            self._quotes[row] = self.quote(row)
        self.rows.missed_polls[rows] = 0
        self.rows.missed_polls[absent] += not (batch.partial or batch.learning)
        gone = absent[self.rows.missed_polls[absent] >= MISSED_POLLS]
        for row in gone.tolist():
            self.table.alive[row] = False
            self.members.remove(int(self.rows.asset[row]), self.table.keys[row])
            events.append(unlisted(self.registry.contracts[row], batch.observed_ms))
        venue.missing = without(absent, gone)
        return gone

    def _list(self, row: int, time_ms: int, events: list[Event]) -> None:
        self.table.alive[row] = True
        self.formula.restart(row)
        self.members.add(int(self.rows.asset[row]), row, self.table.keys[row])
        events.append(listed(self.registry.contracts[row], time_ms, again=True))

    # Figures

    def _observe(
        self, seen: Observations, venue: VenueRows, events: list[Event], *, same: bool
    ) -> tuple[Flags, Flags, Moved]:
        """Store observations and work the instruments' own figures out: whose are others, whose theory moved, and
        what has moved at most. `same`: these are the contracts of the poll before."""
        state, rows, where = self.rows, venue.rows, venue.where
        before = self.observed[:, where]
        others = before.view(np.int64) != seen.numbers.view(np.int64)
        changed: Flags = others.any(axis=0)
        moved = others[PRICES] & (before[PRICES] == before[PRICES])
        if venue.watch_movement(venue.observed_ms, moved=some(moved), priced=len(rows)):
            events.append(stillness_event(venue))
        still = venue.still_ms >= 0
        self.observed[:, where] = seen.numbers
        if seen.sides is not None:
            self.table.columns["oi_skew"][where] = seen.sides[OI_SKEW]
        # What does not move is as old as its last move, whatever the time stamp of the answer is.
        state.observed_ms[where] = venue.still_ms if still else seen.observed_ms
        hourly = seen.numbers[Observed.RATE] / state.period_h[where]
        judged = state.published[where] | state.checks[where]
        checks.confirm_rates(where, state, hourly, seen.reasons)
        if not still:
            state.checks[where] &= ~checks.STALE
            changed |= state.late[where]
            state.late[where] = False
        rejudged = judged != (state.published[where] | state.checks[where])
        clocks, turned = some(others[Observed.NEXT_FUNDING_MS]), some(rejudged)
        state.judgements += turned
        extent = Moved.ALL if turned or clocks else Moved.SIZES if some(others[SIZES]) else Moved.RATES
        changed |= rejudged
        self._figures(where if every(changed) else rows[changed])
        if not still:
            self.formula.observe(where, state, seen.numbers, hourly, venue.cadence_s / 3600.0)
        if clocks or self._clocks.waiting or not same:
            self._watch_clocks(rows, seen.numbers[Observed.NEXT_FUNDING_MS], venue, events)
        busy = venue.observed_ms // MINUTE_MS != venue.sampled_minute
        settled = self.settling.observe(rows, seen.numbers, venue.cadence_s, busy=busy)
        if len(settled):
            changed |= np.isin(rows, settled)
            extent = Moved.ALL
        drifted = self._measure(where)
        self._expect(where)
        return changed, drifted, extent

    def _watch_clocks(self, rows: Index, next_ms: Floats, venue: VenueRows, events: list[Event]) -> None:
        interval_h = self.rows.interval_h[rows]
        change = self._clocks.observe(rows, interval_h, next_ms, venue.observed_ms)
        if len(change.rows):
            interval_min = dict(zip(rows.tolist(), (60.0 * interval_h).tolist(), strict=True))
            events.extend(clock_events(change, self.registry, interval_min, venue.observed_ms))

    def _figures(self, rows: Where) -> None:
        """Figures of instruments that need nothing but their own observation."""
        state, columns, seen = self.rows, self.table.columns, self.observed[:, rows]
        hourly = seen[Observed.RATE] / state.period_h[rows]
        excess = hourly - state.interest_h[rows]
        columns["apr"][rows] = hourly
        columns["rate_8h"][rows] = 8.0 * hourly
        columns["excess"][rows] = excess
        columns["carry_excess"][rows] = hourly - state.money_h[rows]
        state.pinned[rows] = np.abs(excess) < checks.PINNED_WITHIN_H
        bound = np.where(hourly > 0, state.cap_h[rows], state.floor_h[rows])
        columns["cap_use"][rows] = np.maximum(divide(hourly, bound), 0.0)
        basis = mark_basis(seen[Observed.MARK], seen[Observed.INDEX])
        copied = state.index_is_mark[rows]
        if some(copied):
            basis[copied] = np.nan
        columns["basis"][rows] = basis
        columns["price"][rows] = pricecheck.price(seen[Observed.INDEX], seen[Observed.MARK], state, rows)

    def _measure(self, rows: Where) -> Flags:
        """Premium, theory and divergence of these rows; where the divergence is another one."""
        columns = self.table.columns
        result = self.formula.measure(rows, self.rows, columns["hourly"][rows])
        moved = differs(columns["divergence"][rows], result.divergence)
        moved |= differs(columns["divergence_t"][rows], result.t)
        tier = self.formula.premium.tier[rows]
        known = tier > 0
        for key, values in (
            ("premium_tier", tier if every(known) else np.where(known, tier, np.nan)),
            ("premium_source", tier),
            ("average_start", self.formula.premium.begun[rows]),
            *zip(MEASURED, result, strict=True),
            ("premium_gap", self.formula.premium.now[rows] - self.rows.fair_premium[rows]),
        ):
            columns[key][rows] = values
        return moved

    def _expect(self, rows: Where) -> None:
        """What the rates of these rows come to."""
        columns = self.table.columns
        expected = self.formula.expect(rows, self.rows, columns["hourly"][rows])
        columns["projected"][rows], columns["drift"][rows] = expected

    def _caps(self, rows: Index, time_ms: int, events: list[Event]) -> None:
        """Note the instruments that have just come to their cap or floor."""
        use, was = self.table.columns["cap_use"][rows], self.rows.at_cap[rows]
        now = (use >= checks.AT_CAP) | (was & (use >= checks.OFF_CAP))
        self.rows.at_cap[rows] = now
        for row in rows[now & ~was].tolist():
            if self.rows.published[row] == 0:
                contract = self.registry.contracts[row]
                rate = float(self.observed[Observed.RATE, row])
                text = f"{contract.venue} {contract.asset_id} at cap, {rate * 100:+.4f}%/{contract.rate_period_h:g}h"
                events.append(instrument_event(EventKind.AT_CAP, contract, time_ms, text, Severity.WARNING))

    # Storage

    def _grow(self, capacity: int) -> None:
        self.rows.grow(capacity)
        self.formula.grow(capacity)
        self.settling.grow(capacity)
        self.pressing.grow(capacity)
        self._clocks.grow(capacity)
        wider = np.full((len(Observed), capacity), np.nan)
        wider[:, : self.observed.shape[1]] = self.observed
        self.observed = wider
        self._attach()

    def _attach(self) -> None:
        """Let table columns be the state's own arrays where they mean the same."""
        columns = self.table.columns
        for key, field in OBSERVED_COLUMNS.items():
            columns[key] = self.observed[field]
        columns["hourly"] = columns["apr"]
        columns["observed_ms"] = self.rows.observed_ms
        columns["interval_h"] = self.rows.interval_h
        columns["multiplier"] = self.rows.multiplier
        columns["premium"] = self.formula.premium.now
        columns["fair_premium"] = self.rows.fair_premium
