"""Assets against themselves: puts the cross-section of each asset's instruments into the tables (methodology §3.1)."""

from __future__ import annotations

import numpy as np

from fundtui.imbalance import checks, skew
from fundtui.imbalance.metric import Unit
from fundtui.imbalance.rows import Flags, Floats, Index, Ints
from fundtui.imbalance.state import InstrumentRows
from fundtui.imbalance.table import Table

FLAGS = ("", "C", "~", "C~", "P", "CP", "~P", "C~P")
CAP_FLAG, LATE_FLAG, PINNED_FLAG = 1, 2, 4
PINNED_WITHIN_H = 1e-9 / 8.0
IDENTITY = ("asset", "asset_class")


class Comparison:
    """Writes the comparing columns of the asset and instrument tables. Holds no figure that is not in a table."""

    def __init__(self, assets: Table, instruments: Table, rows: InstrumentRows) -> None:
        self.assets = assets
        self.instruments = instruments
        self.rows = rows
        for key in ("low_flag", "high_flag"):
            for flag in FLAGS:
                assets.code(key, flag)
        for flag in FLAGS:
            instruments.code("flag", flag)
        for flag in ("", "P"):
            assets.code("consensus_flag", flag)

    def compare(self, group: Index, slots: Index, now_ms: int) -> Index:
        """Work out one group of assets, `slots` being their instruments; returns rows whose quarantine turned."""
        columns, rows = self.instruments.columns, self.rows
        oi_usd = columns["oi_usd"][slots]
        candidates = ((rows.published[slots] | rows.checks[slots]) & ~checks.MISMATCH) == 0
        price = np.where(candidates, columns["price"][slots], np.nan)
        wrong = checks.mismatched(price, oi_usd)
        turned = self._quarantine(slots, wrong)
        included = candidates & ~wrong
        hourly = np.where(included, columns["apr"][slots], np.nan)
        weight = skew.weights(included, oi_usd)
        section = skew.cross_section(hourly, weight)
        flags = self._flags(slots, hourly, included)
        self._write_instruments(slots, section, flags)
        self._write_section(group, slots, section, flags)
        self._write_means(group, slots, hourly, weight, included, section)
        self._write_sizes(group, slots, price, oi_usd, included, wrong)
        self.age(group, slots, now_ms)
        return turned

    def clear(self, assets: Index) -> None:
        """Assets without instruments have no figures."""
        for key, metric in self.assets.metrics.items():
            if metric.unit is not Unit.SERIES and key not in IDENTITY:
                self.assets.columns[key][assets] = -1 if metric.unit is Unit.TEXT else np.nan

    def age(self, group: Index, slots: Index, now_ms: int) -> None:
        """Ages and countdowns of one group of assets. They move without anything having been observed."""
        columns, rows = self.assets.columns, self.rows
        included = (rows.published[slots] | rows.checks[slots]) == 0
        observed_ms = np.where(included, rows.observed_ms[slots], np.nan)
        columns["age"][group] = (now_ms - np.fmin.reduce(observed_ms, axis=0)) / 1000.0
        columns["freshest"][group] = (now_ms - np.fmax.reduce(observed_ms, axis=0)) / 1000.0
        columns["next"][group] = (columns["next_funding_ms"][group] - now_ms) / 1000.0

    def _quarantine(self, slots: Index, wrong: Flags) -> Index:
        before = self.rows.checks[slots]
        turned = ((before & checks.MISMATCH) != 0) != wrong
        turned &= slots >= 0
        if not turned.any():
            return np.empty(0, np.intp)
        changed = slots[turned]
        self.rows.checks[changed] = before[turned] ^ checks.MISMATCH
        return changed

    def _flags(self, slots: Index, hourly: Floats, included: Flags) -> Ints:
        """Codes of `FLAGS`: at the cap, late, pinned at the interest rate."""
        rows = self.rows
        pinned = np.abs(hourly - rows.interest_h[slots]) < PINNED_WITHIN_H
        flags = rows.at_cap[slots] * CAP_FLAG + rows.late[slots] * LATE_FLAG + (pinned & included) * PINNED_FLAG
        result: Ints = flags
        return result

    def _write_instruments(self, slots: Index, section: skew.CrossSection, flags: Ints) -> None:
        columns = self.instruments.columns
        columns["z"][slots] = section.z
        columns["skew"][slots] = section.skew
        columns["weight"][slots] = section.share
        columns["flag"][slots] = flags

    def _write_section(self, group: Index, slots: Index, section: skew.CrossSection, flags: Ints) -> None:
        columns, places = self.assets.columns, np.arange(len(group))
        some = section.included > 0
        low, high = slots[section.lowest, places], slots[section.highest, places]
        venue = self.rows.venue
        columns["long"][group] = np.where(some, venue[low], -1)
        columns["short"][group] = np.where(some, venue[high], -1)
        columns["low_flag"][group] = np.where(some, flags[section.lowest, places], -1)
        columns["high_flag"][group] = np.where(some, flags[section.highest, places], -1)
        for key, values in (
            ("mean", section.mean),
            ("consensus", section.consensus),
            ("low_rate", section.low),
            ("high_rate", section.high),
            ("spread", section.spread),
            ("dispersion", section.dispersion),
            ("disagreement", section.disagreement),
            ("z", section.z_largest),
            ("instruments", section.included),
        ):
            columns[key][group] = values
        # The excess of an asset's consensus over the interest of its largest family: pinned when it is that rate.
        interest = self.rows.interest_h[low]
        pinned = np.abs(section.consensus - interest) < PINNED_WITHIN_H
        columns["consensus_flag"][group] = np.where(some, pinned, -1)

    def _write_means(
        self, group: Index, slots: Index, hourly: Floats, weight: Floats, included: Flags, section: skew.CrossSection
    ) -> None:
        columns, own = self.assets.columns, self.instruments.columns
        columns["excess"][group] = skew.weighted_mean(hourly - self.rows.interest_h[slots], weight)
        columns["premium"][group] = skew.weighted_mean(np.where(included, own["premium"][slots], np.nan), weight)
        t = np.where(included, own["divergence_t"][slots], np.nan)
        size = np.abs(t)
        largest = np.where(size == size, size, -1.0).argmax(axis=0)
        places = np.arange(len(group))
        columns["divergence_t"][group] = t[largest, places]
        known = t[largest, places] == t[largest, places]
        columns["divergence"][group] = np.where(known, own["divergence"][slots[largest, places]], np.nan)

    def _write_sizes(
        self, group: Index, slots: Index, price: Floats, oi_usd: Floats, included: Flags, wrong: Flags
    ) -> None:
        columns, own, rows = self.assets.columns, self.instruments.columns, self.rows
        columns["price"][group] = skew.column_median(np.where(wrong, np.nan, price))
        columns["oi_usd"][group] = skew.known_sum(np.where(included, oi_usd, np.nan))
        columns["volume_usd"][group] = skew.known_sum(np.where(included, own["volume_usd"][slots], np.nan))
        columns["cap_use"][group] = np.fmax.reduce(np.where(included, own["cap_use"][slots], np.nan), axis=0)
        due = np.where(included, own["next_funding_ms"][slots], np.nan)
        columns["next_funding_ms"][group] = np.fmin.reduce(due, axis=0)
        columns["venues"][group] = skew.distinct(rows.venue[slots], included)
        columns["excluded"][group] = ((slots >= 0) & ~included).sum(axis=0)
