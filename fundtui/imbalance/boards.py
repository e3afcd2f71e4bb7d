"""The venues and the whole market at a glance (methodology §3.6, §5.3): sums over instruments, a few times a minute."""

from __future__ import annotations

import numpy as np

from fundtui.imbalance import regime
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.instruments import Instruments
from fundtui.imbalance.rows import Floats, Index, divide
from fundtui.imbalance.table import Table
from fundtui.units import HOUR_MS

CROWDED = 85.0


class Boards:
    """The venue table and the market table, which has one row."""

    def __init__(self, instruments: Instruments, assets: Table) -> None:
        self.instruments = instruments
        self.assets = assets
        self.venues = Table(Level.VENUE, CATALOGUE[Level.VENUE], 64)
        self.market = Table(Level.MARKET, CATALOGUE[Level.MARKET], 4)
        self.market.add("market")

    def refresh(self, now_ms: int) -> None:
        """Sum everything up."""
        rows, table = self.instruments.rows, self.instruments.table
        for venue in list(self.instruments.registry.venues.values())[self.venues.count :]:
            row = self.venues.add(venue.name)
            self.venues.columns["venue"][row] = self.venues.code("venue", venue.name)
        alive = np.flatnonzero(table.alive[: table.count])
        compared = alive[(rows.published[alive] | rows.checks[alive]) == 0]
        self._venues(alive, compared, now_ms)
        self._market(compared, now_ms)
        self.venues.touch(np.arange(self.venues.count))
        self.market.touch(np.arange(1))

    def _money(self, compared: Index, now_ms: int) -> tuple[Floats, Floats, Floats]:
        """Per instrument: open interest, dollars per hour, dollars due within the hour; 0 where unknown."""
        columns = self.instruments.table.columns
        oi = np.nan_to_num(columns["oi_usd"][compared])
        hourly, due_ms = columns["apr"][compared], columns["next_funding_ms"][compared]
        soon = (due_ms > now_ms) & (due_ms <= now_ms + HOUR_MS)
        due = np.where(soon, np.nan_to_num(np.abs(hourly) * self.instruments.rows.interval_h[compared]) * oi, 0.0)
        return oi, oi * hourly, due

    def _venues(self, alive: Index, compared: Index, now_ms: int) -> None:
        count, columns = self.venues.count, self.venues.columns
        own, rows = self.instruments.table.columns, self.instruments.rows
        number = rows.venue[compared]
        oi, flow, due = self._money(compared, now_ms)

        def total(values: Floats) -> Floats:
            return np.bincount(number, values, count).astype(np.float64)

        columns["instruments"][:count] = total(np.ones(len(compared)))
        columns["excluded"][:count] = np.bincount(rows.venue[alive], minlength=count) - columns["instruments"][:count]
        columns["oi_usd"][:count] = total(oi)
        columns["volume_usd"][:count] = total(np.nan_to_num(own["volume_usd"][compared]))
        columns["funding_flow"][:count] = total(flow)
        columns["funding_due"][:count] = total(due)
        columns["at_cap"][:count] = total(rows.at_cap[compared].astype(np.float64))
        columns["mean"][:count] = divide(total(flow), total(oi))
        soonest = np.full(count, np.inf)
        np.fmin.at(soonest, number, own["next_funding_ms"][compared])
        columns["next_funding_ms"][:count] = np.where(np.isinf(soonest), np.nan, soonest)
        seen = np.array([part.observed_ms for part in self.instruments.registry.venues.values()], np.float64)
        columns["age"][:count] = np.where(seen >= 0, (now_ms - seen) / 1000.0, np.nan)

    def _market(self, compared: Index, now_ms: int) -> None:
        columns, own = self.market.columns, self.assets.columns
        count = self.assets.count
        consensus, crowding, purge = (own[key][:count] for key in ("consensus", "crowding", "purge"))
        oi, flow, due = self._money(compared, now_ms)
        above, below = regime.breadth(consensus)
        for key, value in (
            ("assets", float(np.isfinite(consensus).sum())),
            ("instruments", float(len(compared))),
            ("mean", float(divide(flow.sum(), oi.sum()))),
            ("above_interest", above),
            ("below_zero", below),
            ("oi_usd", float(oi.sum())),
            ("funding_flow", float(flow.sum())),
            ("funding_due", float(due.sum())),
            ("at_cap", float(self.instruments.rows.at_cap[compared].sum())),
            ("purges", float((purge > 0).sum())),
            ("crowded", float((np.abs(crowding) >= CROWDED).sum())),
        ):
            columns[key][0] = value
