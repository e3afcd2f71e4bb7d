"""The calculator: one venue's batch in, the assets and instruments that changed out.

Figures depend on the batches and times given and on nothing else, and `recompute` gives the same bits as any number
of incremental steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np

from fundtui.imbalance import autoregression, checks
from fundtui.imbalance.boards import Boards
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.compare import NOTHING_SEEN, SHARED_TEXTS, Comparison, Moved, Seen
from fundtui.imbalance.filling import Filled, Lacking, lacking
from fundtui.imbalance.instruments import NO_ROWS, Instruments
from fundtui.imbalance.keeping import Arrays, Saved, exported
from fundtui.imbalance.ladder import Rung
from fundtui.imbalance.mirrors import Mirrors
from fundtui.imbalance.pairs import CarrySettings, Pairs
from fundtui.imbalance.past import Past
from fundtui.imbalance.pegs import Pegs
from fundtui.imbalance.rates import Money, reasons_of
from fundtui.imbalance.registry import instrument_event
from fundtui.imbalance.rows import Index
from fundtui.imbalance.rowsets import marked, union, without
from fundtui.imbalance.settled_log import SettledLog
from fundtui.imbalance.table import Table
from fundtui.imbalance.theory import Kernel
from fundtui.imbalance.trend import Trend
from fundtui.imbalance.turns import Done, Step, Turns
from fundtui.market import Batch, Fees, Instrument, Quote, Reason, Settlement
from fundtui.status import Event, EventKind, Severity

MINUTE_MS = 60_000
PAIRS_AT_ONCE = 25
"""Assets whose pairs are priced in one tick, so that five ticks do for the default settings."""


class CalculatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may want otherwise. trend_every_s x trend_points is the span of the sparkline.

    money: what cash and holding a coin earn a year. carry: how pairs are priced, every carry_every_s.
    """

    trend_points: int = 48
    trend_every_s: float = 1800.0
    money: Money = Money()
    carry: CarrySettings = CarrySettings()
    carry_every_s: float = 5.0


class Changes(NamedTuple):
    """What one call changed: rows of the asset and instrument tables, and events for the journal.

    filled: what became of the premium samples that came with a batch, in instruments; None: none came.
    """

    assets: Index
    instruments: Index
    events: tuple[Event, ...]
    filled: Mapping[Filled, int] | None = None


NOTHING = Changes(NO_ROWS, NO_ROWS, ())


class Calculator:
    """State and metrics of all assets and instruments. Tables are the read side; row numbers never change."""

    def __init__(self, settings: CalculatorSettings | None = None, capacity: int = 1024) -> None:
        self.settings = settings or CalculatorSettings()
        self.assets = Table(
            Level.ASSET, CATALOGUE[Level.ASSET], max(capacity // 4, 4), series_points=self.settings.trend_points
        )
        self._instruments = Instruments(self.assets, capacity, self.settings.money)
        self.instruments = self._instruments.table
        self._comparison = Comparison(self.assets, self.instruments, self._instruments.rows, self._instruments.members)
        self._trend = Trend(self.assets, "trend", "consensus", self.settings.trend_every_s)
        self._boards = Boards(self._instruments, self.assets)
        self._pairs = Pairs(
            self._instruments, self.assets, self._comparison, self.settings.carry, self.settings.money.quote_rate
        )
        self.tables = {
            Level.ASSET: self.assets,
            Level.INSTRUMENT: self.instruments,
            Level.PAIR: self._pairs.table,
            Level.VENUE: self._boards.venues,
            Level.MARKET: self._boards.market,
        }
        self._mirrors = Mirrors(self._instruments)
        self._past = Past(self.assets, self.instruments, self._instruments.members)
        self._pegs = Pegs(self._instruments)
        self._minute = -1
        self._turns = Turns(self.settings.carry_every_s)
        self.assets.share_labels(("long", "short"), self.instruments, "venue")
        for key in SHARED_TEXTS:
            self.assets.share_labels((key,), self.instruments, key)

    # Reading

    def instrument_rows(self, asset_row: int) -> Index:
        """Rows of an asset's instruments, delisted ones left out, by venue and symbol."""
        return self._instruments.members.of(asset_row)

    def quote(self, row: int) -> Quote | None:
        """The last observation of an instrument."""
        return self._instruments.quote(row)

    def contract(self, row: int) -> Instrument:
        """The contract of an instrument as last read."""
        return self._instruments.registry.contracts[row]

    def reasons(self, row: int) -> tuple[Reason, ...]:
        """Why an instrument is left out of comparisons: the reader's reasons and the calculator's own."""
        return reasons_of(int(self._instruments.rows.published[row] | self._instruments.rows.checks[row]))

    def kernel(self, row: int) -> Kernel:
        """The funding formula of an instrument as numbers; all NaN where it is unknown."""
        return self._instruments.formula.kernel.of(row)

    def interest_h(self, row: int) -> float:
        """The interest part of an instrument's rate, per hour."""
        return float(self._instruments.rows.interest_h[row])

    def money_h(self, row: int) -> float:
        """What money costs for an instrument's asset, per hour."""
        return float(self._instruments.rows.money_h[row])

    def settled_phi(self, row: int) -> tuple[float, float]:
        """φ of an instrument's settled rates as estimated, without correction, and the hours of its steps."""
        state = self._instruments.settling.own.autoregression
        return float(autoregression.fit(state, np.array([row])).phi[0]), float(state.step_h[row])

    def lacking(self, rows: Sequence[int], now_ms: int) -> list[Lacking]:
        """Contracts of these rows whose running average began late or has holes, in the order given."""
        contracts = self._instruments.registry.contracts
        named = [(row, contracts[row]) for row in rows]
        return lacking(self._instruments.formula, self._instruments.rows, named, now_ms)

    def cadence_s(self, venue: str) -> float:
        """How often a venue's batches are due."""
        return self._instruments.registry.venue(venue).cadence_s

    def quote_parity(self, quote: str) -> tuple[float, bool]:
        """Dollars per unit of a quote currency, and whether that is an assumption."""
        known = self._pegs.usd.get(quote)
        return (1.0, True) if known is None else (known, False)

    @property
    def pairs(self) -> Table:
        """Pairs that could be carried: the widest ones and, in turn, the others."""
        return self._pairs.table

    @property
    def venues(self) -> Table:
        """Venues by what they list."""
        return self._boards.venues

    @property
    def market(self) -> Table:
        """The whole market, one row."""
        return self._boards.market

    @property
    def settled_log(self) -> SettledLog:
        """The latest settlements that were seen to happen."""
        return self._instruments.settling.log

    def refresh_pairs(self, now_ms: int) -> Index:
        """Price the widest pairs and the next ones in turn, as `tick` does; returns the assets that changed."""
        return self._pairs.refresh(now_ms)

    @property
    def state_bytes(self) -> int:
        """Bytes of the state behind the figures, all instruments."""
        return sum(part.nbytes for part in self._instruments.parts.values()) + self._instruments.rows.nbytes

    def ladder(self, pair_row: int, now_ms: int) -> tuple[Rung, ...]:
        """Dated cash flows of a pair with their running sum. Raises KeyError for a pair that was never priced."""
        return self._pairs.ladder(pair_row, now_ms)

    def pair_instruments(self, pair_row: int) -> tuple[int, int]:
        """Instrument rows of a pair's short and long leg; -1 for bought spot."""
        return self._pairs.short[pair_row], self._pairs.long[pair_row]

    # Keeping

    def export_state(self) -> Arrays:
        """Everything that a later run needs to go on from here, as named arrays. Quotes and contracts come anew."""
        arrays = exported(self._instruments.parts, self.instruments.keys)
        arrays["assets"] = np.array(self.assets.keys, np.str_)
        arrays["trend"] = self.assets.series["trend"][: self.assets.count].copy()
        arrays["trend_period"] = np.array([self._trend.period])
        return arrays | self._past.exported() | self.settled_log.exported()

    def import_state(self, arrays: Arrays) -> None:
        """Take over the state of an earlier run; before the first batch. Raises ValueError when it does not fit."""
        if self.instruments.count:
            raise ValueError("state can be taken over before the first batch only")
        saved = Saved(arrays, self._instruments.parts)
        self.settled_log.restore(arrays)
        self._trend.restore(arrays["assets"].tolist(), arrays["trend"], int(arrays["trend_period"][0]))
        self._past.restore(arrays["assets"].tolist(), arrays)
        # Last, so that nothing is taken over of a state that lacks something.
        self._instruments.saved = saved

    # Writing

    def set_cadence(self, venue: str, seconds: float) -> None:
        """Say how often a venue is polled; else it is learnt from its batches."""
        part = self._instruments.registry.venue(venue)
        part.cadence_s, part.cadence_given = seconds, True

    def set_fees(self, fees: Mapping[str, Fees]) -> None:
        """Venue -> fees as it publishes them; a person's own fees stay."""
        self._pairs.published_fees.update(fees)

    def configure(self, settings: CalculatorSettings) -> None:
        """Take over what money costs and how pairs are priced. Pairs follow at their next turn, instruments and assets
        with the next poll that moves them, at the latest within a minute; the spans of sparklines stay."""
        money, carry = settings.money, settings.carry
        if money != self.settings.money:
            self._instruments.set_money(money)
            self._comparison.follow_money()
        self._pairs.settings, self._pairs.quote_rate = carry, money.quote_rate
        self.settings = msgspec.structs.replace(self.settings, money=money, carry=carry)

    def apply(self, batch: Batch, now_ms: int) -> Changes:
        """Take one venue's poll. A batch older than the last one of its venue changes nothing."""
        venue = self._instruments.registry.venue(batch.venue)
        if batch.observed_ms < venue.observed_ms or not batch.quotes:
            return NOTHING
        venue.observe(batch.observed_ms)
        events: list[Event] = []
        taken = self._instruments.take(batch, venue, events)
        asset_of = self._instruments.rows.asset
        disputed = taken.rows[self._instruments.rows.price_open[taken.rows]]
        changed = (asset_of[taken.changed], asset_of[taken.gone], asset_of[disputed], taken.left)
        assets = union(self.assets.count, *changed)
        moved_on = self._trend.advance(now_ms)
        siblings = self._compare(assets, now_ms, events, Seen(venue.number, batch.observed_ms), taken.moved)
        drifted = without(asset_of[taken.drifted], assets) if len(taken.drifted) else NO_ROWS
        self._comparison.diverge(drifted)
        self._trend.update(assets)
        assets = np.arange(self.assets.count) if moved_on else union(self.assets.count, assets, drifted)
        changes = self._changes(assets, (taken.changed, taken.drifted, siblings, taken.gone), events)
        return changes._replace(filled=taken.filled) if taken.filled else changes

    def settle(self, records: Sequence[Settlement], now_ms: int) -> Changes:
        """Take settlements of the venues' own histories: any number, in any order, for many instruments at once.

        Settlements older than what an instrument's statistics already hold change nothing, so back-filling comes
        before live polls or straight after the first.
        """
        events: list[Event] = []
        rows = self._instruments.settling.take(records, self._instruments.registry.row_named)
        assets = union(self.assets.count, self._instruments.rows.asset[rows])
        siblings = self._compare(assets, now_ms, events)
        return self._changes(assets, (rows, siblings), events)

    def forget_settled(self, instruments: Iterable[tuple[str, str]]) -> None:
        """Forget the settled history of instruments, by venue and symbol, so that an older one can be taken."""
        named = self._instruments.registry.row_named
        rows = np.array(sorted({named[one] for one in instruments if one in named}), np.intp)
        self._instruments.settling.forget(rows)

    def tick(self, now_ms: int) -> Changes:
        """Let time pass: ages, countdowns, what has become stale, the sparkline's points."""
        if not self.instruments.count:
            return NOTHING
        events: list[Event] = []
        self._instruments.tidy()
        turned = self._instruments.grow_late(now_ms)
        assets = union(self.assets.count, self._instruments.rows.asset[turned])
        siblings = self._compare(assets, now_ms, events)
        self._age(now_ms)
        if now_ms // MINUTE_MS != self._minute:
            self._minute = now_ms // MINUTE_MS
            self._instruments.rank_spreads()
            events += self._pegs.refresh(now_ms)
            self._pairs.quote_usd = self._pegs.per_row()
            self._pegs.show()
        for step in self._turns.due(now_ms, self._round):
            done = step(now_ms)
            assets = union(self.assets.count, assets, done.assets)
            turned = np.concatenate((turned, done.instruments))
            events += done.events
        if self._trend.advance(now_ms):
            assets = np.arange(self.assets.count)
        return self._changes(assets, (turned, siblings), events)

    def recompute(self, now_ms: int) -> None:
        """Work every figure out again from the state. Gives the same bits as the incremental way."""
        self._instruments.recompute()
        self._comparison.forget()
        self._compare(np.arange(self.assets.count), now_ms, [])
        self._age(now_ms)

    def _round(self) -> list[Step]:
        """What comes round every few seconds: a look over everything, then the pairs, a few at a time."""
        chosen = self._pairs.choose()
        slices = [chosen[start : start + PAIRS_AT_ONCE] for start in range(0, len(chosen), PAIRS_AT_ONCE)]
        return [self._look_over, *(partial(self._price, assets) for assets in slices)]

    def _look_over(self, now_ms: int) -> Done:
        """The mirror guard on one asset, and the venues and the market at a glance."""
        events: list[Event] = []
        mirrored = self._mirrors.check_next()
        assets = union(self.assets.count, self._instruments.rows.asset[mirrored])
        self._compare(assets, now_ms, events)
        self._boards.refresh(now_ms)
        assets = union(self.assets.count, assets, self._past.refresh(now_ms))
        return Done(assets, mirrored, events)

    def _price(self, assets: Index, now_ms: int) -> Done:
        return Done(self._pairs.price(assets, now_ms), NO_ROWS, [])

    def _changes(self, assets: Index, instruments: tuple[Index, ...], events: list[Event]) -> Changes:
        flags = marked(self.instruments.count, *instruments)
        shown = np.flatnonzero(flags)
        self.instruments.touch_marked(flags)
        self.assets.touch(assets)
        return Changes(assets, shown, tuple(events))

    def _compare(
        self,
        assets: Index,
        now_ms: int,
        events: list[Event],
        seen: Seen = NOTHING_SEEN,
        moved: Moved = Moved.ALL,
    ) -> Index:
        """Work out these assets; returns all rows of their instruments."""
        if not len(assets):
            return NO_ROWS
        compared = self._comparison.compare(assets, seen, moved)
        if len(compared.turned):
            self._instruments.refresh(compared.turned)
        self._quarantines(compared.news, now_ms, events)
        return compared.members

    def _quarantines(self, news: Index, time_ms: int, events: list[Event]) -> None:
        for row in news.tolist():
            contract = self.contract(row)
            out = bool(self._instruments.rows.checks[row] & checks.MISMATCH)
            kind = EventKind.QUARANTINED if out else EventKind.QUARANTINE_OVER
            what = "left out: price off the group's median" if out else "price fits the group again"
            text = f"{contract.venue} {contract.asset_id} {what} ({contract.symbol})"
            severity = Severity.WARNING if out else Severity.INFO
            states = ("compared", "left out") if out else ("left out", "compared")
            events.append(instrument_event(kind, contract, time_ms, text, severity, *states))

    def _age(self, now_ms: int) -> None:
        self._instruments.age(now_ms)
        self._comparison.age(now_ms)
