"""Assets against themselves: puts the cross-section of each asset's instruments into the tables (methodology §3.1)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundtui.imbalance import checks, concentration, pricecheck, skew
from fundtui.imbalance.metric import Unit
from fundtui.imbalance.rows import Flags, Floats, Index, Ints, divide
from fundtui.imbalance.segments import Segments, segments
from fundtui.imbalance.state import InstrumentRows, Members
from fundtui.imbalance.table import Table

FLAGS = ("", "C", "~", "C~", "P", "CP", "~P", "C~P")
"""Marks by code: at the cap, late, pinned at the interest rate."""

IDENTITY = ("asset", "asset_class")
LEADING = ("own_z", "percentile", "half_life", "streak", "regime", "squeeze", "quadrant", "volatility", "phase")
AVERAGED = ("realised_7d", "crowding", "oi_24h")
SHARED_TEXTS = ("regime", "squeeze", "quadrant", "phase")
NO_ROWS: Index = np.empty(0, np.intp)
KEPT_LAYOUTS = 64


def flags(at_cap: Flags, late: Flags, pinned: Flags) -> Ints:
    """Codes of `FLAGS`."""
    code: Ints = at_cap * 1 + late * 2 + pinned * 4
    return code


class Seen(NamedTuple):
    """The poll that is being taken: whose, and when."""

    venue: int
    observed_ms: int


class Compared(NamedTuple):
    """All rows of the assets' instruments, those whose quarantine turned, and those to tell of."""

    members: Index
    turned: Index
    news: Index


NOTHING_SEEN = Seen(-1, -1)


class Layout(NamedTuple):
    """The instruments of some assets, end to end."""

    assets: Index
    members: Index
    groups: Segments


class Comparison:
    """Writes the comparing columns of the asset and instrument tables.

    `low_row` and `high_row` are the instrument rows behind an asset's lowest and highest rate, -1: none.
    """

    def __init__(self, assets: Table, instruments: Table, rows: InstrumentRows, members: Members) -> None:
        self.assets = assets
        self.instruments = instruments
        self.rows = rows
        self.members = members
        self.low_row: Index = np.full(assets.capacity, -1, np.intp)
        self.high_row: Index = np.full(assets.capacity, -1, np.intp)
        self._layouts: dict[bytes, Layout] = {}
        self._revision = -1
        for flag in FLAGS:
            assets.code("low_flag", flag)
            assets.code("high_flag", flag)
        for flag in ("", "P"):
            assets.code("consensus_flag", flag)

    def compare(self, assets: Index, seen: Seen = NOTHING_SEEN, *, rates_only: bool = False) -> Compared:
        """Work these assets out. `seen`: the poll that may speak for or against its instruments' prices.

        `rates_only`: since they were last worked out nothing has moved but rates, prices and premiums, so what
        follows from sizes and pressure alone is still right, unless the price check finds otherwise.
        """
        layout = self._layout(assets)
        self.assets.alive[assets] = False
        self.assets.alive[layout.assets] = True
        if len(layout.assets) < len(assets):
            self._clear(np.setdiff1d(assets, layout.assets))
        if not len(layout.assets):
            return Compared(NO_ROWS, NO_ROWS, NO_ROWS)
        cells, groups, left, verdicts = self._comparable(layout, seen)
        if len(cells) < len(layout.members):
            self._leave_out(layout.members, cells)
        if len(left) < len(layout.assets):
            self._clear(np.delete(layout.assets, left))
        if len(cells):
            self._write(layout.assets[left], cells, groups, rates_only=rates_only and not len(verdicts.turned))
        self.assets.columns["excluded"][layout.assets] = layout.groups.sizes
        self.assets.columns["excluded"][layout.assets[left]] -= groups.sizes
        return Compared(layout.members, verdicts.turned, verdicts.news)

    def diverge(self, assets: Index) -> None:
        """Only the divergence of these assets: what moves by itself while premiums are averaged."""
        if not len(assets):
            return
        members, groups = self.members.of_all(assets)
        kept = self._bits(members) == 0
        if not kept.all():
            groups, left = groups.keep(kept)
            members, assets = members[kept], assets[left]
        if len(members):
            self._write_divergence(assets, members, groups)

    def _layout(self, assets: Index) -> Layout:
        """The members of these assets; remembered, because a venue's polls touch the same assets again and again."""
        if self._revision != self.members.revision or len(self._layouts) > KEPT_LAYOUTS:
            self._layouts.clear()
            self._revision = self.members.revision
        key = assets.tobytes()
        known = self._layouts.get(key)
        if known is None:
            populated = assets[self.members.size[assets] > 0]
            members, groups = self.members.of_all(populated) if len(populated) else (NO_ROWS, segments(NO_ROWS))
            known = self._layouts[key] = Layout(populated, members, groups)
        return known

    def _comparable(self, layout: Layout, seen: Seen) -> tuple[Index, Segments, Index, pricecheck.Verdicts]:
        """Cells that may be compared, their groups, which assets those are; and what the price check found."""
        cells, groups, left = layout.members, layout.groups, np.arange(len(layout.assets))
        bits = self._bits(cells)
        out = (bits & ~checks.MISMATCH) != 0
        if out.any():
            groups, left = groups.keep(~out)
            cells = cells[~out]
        if not len(cells):
            return cells, groups, left, pricecheck.NO_VERDICTS
        columns = self.instruments.columns
        price = columns["price"][cells]
        if pricecheck.undisputed(groups, cells, self.rows, price):
            return cells, groups, left, pricecheck.NO_VERDICTS
        prices = pricecheck.Prices(
            price=price,
            by_index=(columns["index"][cells] > 0) & ~self.rows.index_is_mark[cells],
            oi_usd=columns["oi_usd"][cells],
            fresh=(self.rows.venue[cells] == seen.venue) & (self.rows.observed_ms[cells] == seen.observed_ms),
        )
        verdicts = pricecheck.judge(groups, cells, self.rows, prices)
        if verdicts.wrong.any():
            groups, places = groups.keep(~verdicts.wrong)
            cells, left = cells[~verdicts.wrong], left[places]
        return cells, groups, left, verdicts

    def age(self, now_ms: int) -> None:
        """Ages and countdowns of all assets: they move without anything having been observed."""
        columns, count = self.assets.columns, self.assets.count
        columns["age"][:count] = columns["freshest"][:count] = np.nan
        assets = np.flatnonzero(self.members.size[:count] > 0)
        if len(assets):
            members, groups = self.members.of_all(assets)
            observed_ms = np.where(self._bits(members) == 0, self.rows.observed_ms[members], np.nan)
            columns["age"][assets] = (now_ms - groups.least(observed_ms)) / 1000.0
            columns["freshest"][assets] = (now_ms - groups.greatest(observed_ms)) / 1000.0
        columns["next"][:count] = (columns["next_funding_ms"][:count] - now_ms) / 1000.0

    def _bits(self, rows: Index) -> Ints:
        bits: Ints = self.rows.published[rows] | self.rows.checks[rows]
        return bits

    def _leave_out(self, members: Index, cells: Index) -> None:
        marked = np.zeros(self.instruments.count, np.bool_)
        marked[members] = True
        marked[cells] = False
        rows = np.flatnonzero(marked)
        for key in ("z", "skew", "weight"):
            self.instruments.columns[key][rows] = np.nan

    def _clear(self, assets: Index) -> None:
        """Assets without instruments to compare have no figures."""
        for key, metric in self.assets.metrics.items():
            if metric.unit is not Unit.SERIES and key not in IDENTITY:
                self.assets.columns[key][assets] = -1 if metric.unit is Unit.TEXT else np.nan
        for key in ("venues", "instruments", "excluded"):
            self.assets.columns[key][assets] = 0
        self._make_room()
        self.low_row[assets] = self.high_row[assets] = -1

    def _make_room(self) -> None:
        missing = self.assets.capacity - len(self.low_row)
        if missing > 0:
            nobody = np.full(missing, -1, np.intp)
            self.low_row = np.concatenate((self.low_row, nobody))
            self.high_row = np.concatenate((self.high_row, nobody))

    def _write(self, assets: Index, cells: Index, groups: Segments, *, rates_only: bool) -> None:
        """Figures of assets from the cells that are compared."""
        columns, own = self.assets.columns, self.instruments.columns
        hourly, oi_usd = own["apr"][cells], own["oi_usd"][cells]
        weight = skew.weights(groups, oi_usd)
        section = skew.cross_section(groups, hourly, weight)
        own["z"][cells] = section.z
        own["skew"][cells] = section.skew
        self._write_section(assets, cells, section)
        self._write_theory(assets, cells, groups, weight, section.weight)
        columns["price"][assets] = groups.median(own["price"][cells])
        columns["funding_flow"][assets] = concentration.funding_flow(groups, hourly, oi_usd)
        if rates_only:
            return
        own["weight"][cells] = weight / groups.each(section.weight)
        self._write_sizes(assets, cells, groups, oi_usd)
        self._write_pressure(assets, cells, groups, weight, section.weight)

    def _write_section(self, assets: Index, cells: Index, section: skew.CrossSection) -> None:
        columns, own = self.assets.columns, self.instruments.columns
        low, high = cells[section.lowest], cells[section.highest]
        self._make_room()
        self.low_row[assets], self.high_row[assets] = low, high
        # Pinned like the lowest instrument is: an interest rate that no instrument has pins nothing.
        pinned = np.abs(section.consensus - self.rows.interest_h[low]) < checks.PINNED_WITHIN_H
        for key, values in (
            ("mean", section.mean),
            ("consensus", section.consensus),
            ("consensus_flag", pinned),
            ("long", own["venue"][low]),
            ("low_rate", section.low),
            ("low_flag", own["flag"][low]),
            ("short", own["venue"][high]),
            ("high_rate", section.high),
            ("high_flag", own["flag"][high]),
            ("spread", section.spread),
            ("dispersion", section.dispersion),
            ("disagreement", section.disagreement),
            ("z", section.z_largest),
        ):
            columns[key][assets] = values

    def _write_theory(self, assets: Index, cells: Index, groups: Segments, weight: Floats, whole: Floats) -> None:
        columns, own = self.assets.columns, self.instruments.columns
        for key in ("excess", "carry_excess", "premium"):
            columns[key][assets] = skew.weighted_mean(groups, own[key][cells], weight, whole)
        columns["cap_use"][assets] = groups.greatest(own["cap_use"][cells])
        self._write_divergence(assets, cells, groups)

    def _write_pressure(self, assets: Index, cells: Index, groups: Segments, weight: Floats, whole: Floats) -> None:
        """History and pressure: of the leading instrument (largest weight) where a mean would mean nothing."""
        columns, own = self.assets.columns, self.instruments.columns
        lead = cells[groups.first(weight == groups.each(groups.greatest(weight)))]
        for key in LEADING:
            columns[key][assets] = own[key][lead]
        for key in AVERAGED:
            columns[key][assets] = skew.weighted_mean(groups, own[key][cells], weight, whole)
        columns["purge"][assets] = groups.greatest(own["purge"][cells])
        columns["oi_usage"][assets] = groups.greatest(own["oi_usage"][cells])
        volume = columns["volume_usd"][assets]
        columns["oi_to_volume"][assets] = divide(columns["oi_usd"][assets], np.where(volume > 0, volume, np.nan))

    def _write_divergence(self, assets: Index, cells: Index, groups: Segments) -> None:
        columns, own = self.assets.columns, self.instruments.columns
        t = own["divergence_t"][cells]
        size = np.abs(t)
        largest = groups.first(size == groups.each(groups.greatest(size)))
        columns["divergence_t"][assets] = t[largest]
        columns["divergence"][assets] = np.where(t[largest] == t[largest], own["divergence"][cells[largest]], np.nan)

    def _write_sizes(self, assets: Index, cells: Index, groups: Segments, oi_usd: Floats) -> None:
        """Sums, and how open interest is spread (methodology §3.1)."""
        columns, own = self.assets.columns, self.instruments.columns
        columns["oi_usd"][assets] = skew.known_sum(groups, oi_usd)
        columns["volume_usd"][assets] = skew.known_sum(groups, own["volume_usd"][cells])
        columns["next_funding_ms"][assets] = groups.least(own["next_funding_ms"][cells])
        columns["venues"][assets] = skew.distinct(groups, self.rows.venue[cells])
        columns["instruments"][assets] = groups.sizes
        spread = concentration.concentration(groups, oi_usd)
        columns["gini"][assets] = spread.gini
        columns["hhi"][assets] = spread.hhi
        columns["effective"][assets] = spread.effective
