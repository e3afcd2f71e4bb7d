"""Assets against themselves: puts the cross-section of each asset's instruments into the tables (methodology §3.1)."""

from __future__ import annotations

import numpy as np

from fundtui.imbalance import checks, skew
from fundtui.imbalance.metric import Unit
from fundtui.imbalance.rows import Floats, Index, Ints
from fundtui.imbalance.segments import Segments
from fundtui.imbalance.state import InstrumentRows, Members
from fundtui.imbalance.table import Table

FLAGS = ("", "C", "~", "C~", "P", "CP", "~P", "C~P")
CAP_FLAG, LATE_FLAG, PINNED_FLAG = 1, 2, 4
PINNED_WITHIN_H = 1e-9 / 8.0
IDENTITY = ("asset", "asset_class")
NO_ROWS: Index = np.empty(0, np.intp)


class Comparison:
    """Writes the comparing columns of the asset and instrument tables. Holds no figure that is not in a table."""

    def __init__(self, assets: Table, instruments: Table, rows: InstrumentRows, members: Members) -> None:
        self.assets = assets
        self.instruments = instruments
        self.rows = rows
        self.members = members
        for flag in FLAGS:
            instruments.code("flag", flag)
            assets.code("low_flag", flag)
            assets.code("high_flag", flag)
        for flag in ("", "P"):
            assets.code("consensus_flag", flag)

    def compare(self, assets: Index) -> tuple[Index, Index]:
        """Work these assets out; returns all rows of their instruments, and those whose quarantine turned."""
        populated = self.members.size[assets] > 0
        self.assets.alive[assets] = populated
        peopled = assets[populated]
        if len(peopled) < len(assets):
            self._clear(assets[~populated])
        if not len(peopled):
            return NO_ROWS, NO_ROWS
        members, groups = self.members.of_all(peopled)
        out = self._bits(members) & ~checks.MISMATCH
        cells, among, left = members, groups, np.arange(len(peopled))
        if out.any():
            among, left = groups.keep(out == 0)
            cells = members[out == 0]
        turned = NO_ROWS
        if len(cells):
            cells, among, left, turned = self._quarantine(cells, among, left)
        if len(cells) < len(members):
            self._leave_out(members, cells)
        if len(left) < len(peopled):
            self._clear(np.delete(peopled, left))
        if len(cells):
            self._write(peopled[left], cells, among)
        self.assets.columns["excluded"][peopled] = groups.sizes
        self.assets.columns["excluded"][peopled[left]] -= among.sizes
        return members, turned

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

    def _quarantine(self, cells: Index, groups: Segments, left: Index) -> tuple[Index, Segments, Index, Index]:
        """Leave out what has another price than its group; also returns the rows for which that is news."""
        columns = self.instruments.columns
        wrong = checks.mismatched(groups, columns["price"][cells], columns["oi_usd"][cells])
        before = self.rows.checks[cells]
        news = ((before & checks.MISMATCH) != 0) != wrong
        turned = cells[news]
        if len(turned):
            self.rows.checks[turned] = before[news] ^ checks.MISMATCH
        if not wrong.any():
            return cells, groups, left, turned
        kept, places = groups.keep(~wrong)
        return cells[~wrong], kept, left[places], turned

    def _leave_out(self, members: Index, cells: Index) -> None:
        marked = np.zeros(self.instruments.count, np.bool_)
        marked[members] = True
        marked[cells] = False
        rows = np.flatnonzero(marked)
        for key in ("z", "skew", "weight"):
            self.instruments.columns[key][rows] = np.nan
        self.instruments.columns["flag"][rows] = self._flags(rows, np.full(len(rows), np.nan))

    def _clear(self, assets: Index) -> None:
        """Assets without instruments to compare have no figures."""
        for key, metric in self.assets.metrics.items():
            if metric.unit is not Unit.SERIES and key not in IDENTITY:
                self.assets.columns[key][assets] = -1 if metric.unit is Unit.TEXT else np.nan
        for key in ("venues", "instruments", "excluded"):
            self.assets.columns[key][assets] = 0

    def _write(self, assets: Index, cells: Index, groups: Segments) -> None:
        """Figures of assets from the cells that are compared."""
        own = self.instruments.columns
        hourly, oi_usd = own["apr"][cells], own["oi_usd"][cells]
        weight = skew.weights(groups, oi_usd)
        section = skew.cross_section(groups, hourly, weight)
        flags = self._flags(cells, hourly)
        own["z"][cells] = section.z
        own["skew"][cells] = section.skew
        own["weight"][cells] = section.share
        own["flag"][cells] = flags
        self._write_section(assets, cells, section, flags)
        self._write_theory(assets, cells, groups, weight)
        self._write_sizes(assets, cells, groups, oi_usd)

    def _flags(self, rows: Index, hourly: Floats) -> Ints:
        """Codes of `FLAGS`: at the cap, late, pinned at the interest rate."""
        pinned = np.abs(hourly - self.rows.interest_h[rows]) < PINNED_WITHIN_H
        flags: Ints = self.rows.at_cap[rows] * CAP_FLAG + self.rows.late[rows] * LATE_FLAG + pinned * PINNED_FLAG
        return flags

    def _write_section(self, assets: Index, cells: Index, section: skew.CrossSection, flags: Ints) -> None:
        columns = self.assets.columns
        low, high = cells[section.lowest], cells[section.highest]
        # Pinned like the lowest instrument is: an interest rate that no instrument has pins nothing.
        pinned = np.abs(section.consensus - self.rows.interest_h[low]) < PINNED_WITHIN_H
        for key, values in (
            ("mean", section.mean),
            ("consensus", section.consensus),
            ("consensus_flag", pinned),
            ("long", self.rows.venue[low]),
            ("low_rate", section.low),
            ("low_flag", flags[section.lowest]),
            ("short", self.rows.venue[high]),
            ("high_rate", section.high),
            ("high_flag", flags[section.highest]),
            ("spread", section.spread),
            ("dispersion", section.dispersion),
            ("disagreement", section.disagreement),
            ("z", section.z_largest),
        ):
            columns[key][assets] = values

    def _write_theory(self, assets: Index, cells: Index, groups: Segments, weight: Floats) -> None:
        columns, own = self.assets.columns, self.instruments.columns
        columns["excess"][assets] = groups.sums(weight * own["excess"][cells]) / groups.sums(weight)
        columns["premium"][assets] = skew.weighted_mean(groups, own["premium"][cells], weight)
        columns["cap_use"][assets] = groups.greatest(own["cap_use"][cells])
        t = own["divergence_t"][cells]
        size = np.abs(t)
        largest = groups.first(size == groups.each(groups.greatest(size)))
        columns["divergence_t"][assets] = t[largest]
        columns["divergence"][assets] = np.where(t[largest] == t[largest], own["divergence"][cells[largest]], np.nan)

    def _write_sizes(self, assets: Index, cells: Index, groups: Segments, oi_usd: Floats) -> None:
        columns, own = self.assets.columns, self.instruments.columns
        columns["price"][assets] = groups.median(own["price"][cells])
        columns["oi_usd"][assets] = skew.known_sum(groups, oi_usd)
        columns["volume_usd"][assets] = skew.known_sum(groups, own["volume_usd"][cells])
        columns["next_funding_ms"][assets] = groups.least(own["next_funding_ms"][cells])
        columns["venues"][assets] = skew.distinct(groups, self.rows.venue[cells])
        columns["instruments"][assets] = groups.sizes
