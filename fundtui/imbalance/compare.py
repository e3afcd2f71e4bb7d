"""Assets against themselves: puts the cross-section of each asset's instruments into the tables (methodology §3.1)."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from fundtui.imbalance import checks, concentration, pricecheck, skew
from fundtui.imbalance.metric import Unit
from fundtui.imbalance.rows import Flags, Floats, Index, Ints, divide, known_everywhere, some
from fundtui.imbalance.rowsets import without
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


class Moved(IntEnum):
    """What has moved since an asset was last worked out; more includes less."""

    RATES = 0
    """Rates, prices and premiums."""
    SIZES = 1
    """Open interest or volume, too."""
    ALL = 2
    """Anything: also listings, judgements, the next payment, settlements, the minute's sample."""


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


class Judged(NamedTuple):
    """The instruments that nothing but their price may keep from being compared, end to end, of which assets (places in
    the layout); whether any of them was left out for its price, or else whether all prices were settled."""

    rows: Index
    groups: Segments
    places: Index
    mismatched: bool
    settled: bool


class Layout:
    """The instruments of some assets, end to end, and what was last found about them, after so many judgements."""

    def __init__(self, assets: Index, members: Index, groups: Segments) -> None:
        self.assets = assets
        self.members = members
        self.groups = groups
        self.judged: Judged | None = None
        self.judgements = -1


class Cells(NamedTuple):
    """The instruments that are compared, end to end, of which assets (places in the layout), and their price."""

    rows: Index
    groups: Segments
    places: Index
    price: Floats
    verdicts: pricecheck.Verdicts


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
        self._lead: Index = np.full(assets.capacity, -1, np.intp)
        self._interest_h: Floats = np.full(assets.capacity, np.nan)
        self._money_h: Floats = np.full(assets.capacity, np.nan)
        self._layouts: dict[bytes, Layout] = {}
        self._revision = -1
        for flag in FLAGS:
            assets.code("low_flag", flag)
            assets.code("high_flag", flag)
        for flag in ("", "P"):
            assets.code("consensus_flag", flag)

    def compare(self, assets: Index, seen: Seen = NOTHING_SEEN, moved: Moved = Moved.ALL) -> Compared:
        """Work these assets out. `seen`: the poll that may speak for or against its instruments' prices.

        `moved`: what has, since they were last worked out; what follows from other things alone is still right,
        unless the price check finds otherwise.
        """
        layout = self._layout(assets)
        if moved is Moved.ALL:
            self.assets.alive[assets] = False
            self.assets.alive[layout.assets] = True
        if len(layout.assets) < len(assets):
            self._clear(without(assets, layout.assets))
        if not len(layout.assets):
            return Compared(NO_ROWS, NO_ROWS, NO_ROWS)
        cells = self._comparable(layout, seen)
        if len(cells.verdicts.turned):
            moved = Moved.ALL
        if moved is Moved.ALL:
            self._count_out(layout, cells)
        if len(cells.rows):
            self._write(layout.assets[cells.places], cells, moved)
        return Compared(layout.members, cells.verdicts.turned, cells.verdicts.news)

    def _count_out(self, layout: Layout, cells: Cells) -> None:
        """Instruments that are left out have no place among the others; assets with nothing else have no figures."""
        if len(cells.rows) < len(layout.members):
            self._leave_out(layout.members, cells.rows)
        if len(cells.places) < len(layout.assets):
            self._clear(np.delete(layout.assets, cells.places))
        self.assets.columns["excluded"][layout.assets] = layout.groups.sizes
        self.assets.columns["excluded"][layout.assets[cells.places]] -= cells.groups.sizes

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

    def follow_money(self) -> None:
        """What money costs has changed: the same for all instruments of an asset, so its lowest one tells."""
        low = self.low_row
        told = np.flatnonzero(low >= 0)
        self._money_h[told] = self.rows.money_h[low[told]]

    def forget(self) -> None:
        """Look everything up again from now on."""
        self._layouts.clear()

    def _judged(self, layout: Layout) -> Judged:
        """Who is compared as the reasons have it; remembered until any reason changes."""
        if layout.judged is None or layout.judgements != self.rows.judgements:
            layout.judgements = self.rows.judgements
            layout.judged = self._look_up(layout)
        return layout.judged

    def _look_up(self, layout: Layout) -> Judged:
        rows, groups, places = layout.members, layout.groups, np.arange(len(layout.assets))
        bits = self._bits(rows)
        out = (bits & ~checks.MISMATCH) != 0
        if some(out):
            groups, places = groups.keep(~out)
            rows, bits = rows[~out], bits[~out]
        mismatched = bool(bits.any())
        settled = not mismatched and len(rows) > 0 and pricecheck.is_settled(groups, rows, self.rows)
        return Judged(rows, groups, places, mismatched, settled)

    def _comparable(self, layout: Layout, seen: Seen) -> Cells:
        """The cells that may be compared, as the reasons and the price check have it."""
        rows, groups, places, mismatched, settled = self._judged(layout)
        columns = self.instruments.columns
        price = columns["price"].take(rows)
        if not len(rows):
            return Cells(rows, groups, places, price, pricecheck.NO_VERDICTS)
        course = groups.course(price)
        if not mismatched and pricecheck.undisputed(groups, rows, self.rows, price, course, settled=settled):
            return Cells(rows, groups, places, course.median, pricecheck.NO_VERDICTS)
        prices = pricecheck.Prices(
            price=price,
            by_index=(columns["index"][rows] > 0) & ~self.rows.index_is_mark[rows],
            oi_usd=columns["oi_usd"][rows],
            fresh=(self.rows.venue[rows] == seen.venue) & (self.rows.observed_ms[rows] == seen.observed_ms),
        )
        verdicts = pricecheck.judge(groups, rows, self.rows, prices)
        if not verdicts.wrong.any():
            return Cells(rows, groups, places, course.median, verdicts)
        groups, kept = groups.keep(~verdicts.wrong)
        rows = rows[~verdicts.wrong]
        middle = groups.median(columns["price"][rows]) if len(rows) else np.empty(0)
        return Cells(rows, groups, places[kept], middle, verdicts)

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
        bits: Ints = (self.rows.published | self.rows.checks).take(rows)
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
            self._lead = np.concatenate((self._lead, nobody))
            self._interest_h = np.concatenate((self._interest_h, np.full(missing, np.nan)))
            self._money_h = np.concatenate((self._money_h, np.full(missing, np.nan)))

    def _write(self, assets: Index, cells: Cells, moved: Moved) -> None:
        """Figures of assets from the cells that are compared."""
        columns, own = self.assets.columns, self.instruments.columns
        rows, groups = cells.rows, cells.groups
        hourly, oi_usd = own["apr"].take(rows), own["oi_usd"].take(rows)
        weight = skew.weights(groups, oi_usd)
        section = skew.cross_section(groups, hourly, weight)
        self._make_room()
        own["z"][rows] = section.z
        own["skew"][rows] = section.skew
        if moved is not Moved.RATES:
            own["weight"][rows] = section.share
            self._interest_h[assets] = groups.sums(weight.cells * self.rows.interest_h.take(rows)) / weight.whole
            # What money costs is the same for all instruments of an asset.
            self._money_h[assets] = self.rows.money_h[rows[groups.starts]]
            self._write_sums(assets, rows, groups, oi_usd, weight.whole if weight.known else None)
            self._write_concentration(assets, groups, oi_usd)
        self._write_section(assets, rows, section)
        self._write_theory(assets, rows, groups, weight, section.mean)
        columns["price"][assets] = cells.price
        flow = section.weighted if weight.known else concentration.funding_flow(groups, hourly, oi_usd)
        columns["funding_flow"][assets] = flow
        if moved is not Moved.RATES:
            self._write_pressure(assets, rows, groups, weight, moved)
        if moved is Moved.ALL:
            self._write_listing(assets, rows, groups)

    def _write_section(self, assets: Index, cells: Index, section: skew.CrossSection) -> None:
        columns, own = self.assets.columns, self.instruments.columns
        low, high = cells.take(section.lowest), cells.take(section.highest)
        self.low_row[assets], self.high_row[assets] = low, high
        # Pinned like the lowest instrument is: an interest rate that no instrument has pins nothing.
        pinned = np.abs(section.consensus - self.rows.interest_h.take(low)) < checks.PINNED_WITHIN_H
        for key, values in (
            ("mean", section.mean),
            ("consensus", section.consensus),
            ("consensus_flag", pinned),
            ("long", own["venue"].take(low)),
            ("low_rate", section.low),
            ("low_flag", own["flag"].take(low)),
            ("short", own["venue"].take(high)),
            ("high_rate", section.high),
            ("high_flag", own["flag"].take(high)),
            ("spread", section.spread),
            ("dispersion", section.dispersion),
            ("disagreement", section.disagreement),
            ("z", section.z_largest),
        ):
            columns[key][assets] = values

    def _write_theory(self, assets: Index, cells: Index, groups: Segments, weight: skew.Weights, mean: Floats) -> None:
        """Means of differences are differences of means: only what is not known everywhere is averaged by itself."""
        columns, own = self.assets.columns, self.instruments.columns
        columns["excess"][assets] = mean - self._interest_h[assets]
        columns["carry_excess"][assets] = mean - self._money_h[assets]
        columns["premium"][assets] = skew.weighted_mean(groups, own["premium"].take(cells), weight)
        columns["cap_use"][assets] = groups.greatest(own["cap_use"].take(cells))
        self._write_divergence(assets, cells, groups)

    def _write_pressure(
        self, assets: Index, cells: Index, groups: Segments, weight: skew.Weights, moved: Moved
    ) -> None:
        """History and pressure: of the leading instrument (largest weight) where a mean would mean nothing."""
        columns, own = self.assets.columns, self.instruments.columns
        lead = cells[groups.largest(weight.cells)]
        if moved is Moved.ALL or not np.array_equal(lead, self._lead[assets]):
            self._lead[assets] = lead
            for key in LEADING:
                columns[key][assets] = own[key][lead]
        for key in AVERAGED:
            columns[key][assets] = skew.weighted_mean(groups, own[key].take(cells), weight)
        volume = columns["volume_usd"][assets]
        columns["oi_to_volume"][assets] = divide(columns["oi_usd"][assets], np.where(volume > 0, volume, np.nan))

    def _write_listing(self, assets: Index, cells: Index, groups: Segments) -> None:
        """What follows from the list of instruments and the minute's sample alone, whatever their rates and sizes."""
        columns, own = self.assets.columns, self.instruments.columns
        columns["venues"][assets] = skew.distinct(groups, self.rows.venue[cells])
        columns["instruments"][assets] = groups.sizes
        columns["next_funding_ms"][assets] = groups.least(own["next_funding_ms"][cells])
        columns["purge"][assets] = groups.greatest(own["purge"][cells])
        columns["oi_usage"][assets] = groups.greatest(own["oi_usage"][cells])

    def _write_divergence(self, assets: Index, cells: Index, groups: Segments) -> None:
        columns, own = self.assets.columns, self.instruments.columns
        largest = cells.take(groups.largest(own["divergence_t"].take(cells)))
        t, divergence = own["divergence_t"].take(largest), own["divergence"].take(largest)
        columns["divergence_t"][assets] = t
        columns["divergence"][assets] = divergence if known_everywhere(t) else np.where(t == t, divergence, np.nan)

    def _write_sums(self, assets: Index, cells: Index, groups: Segments, oi_usd: Floats, whole: Floats | None) -> None:
        """Sums of open interest and volume. `whole`: those of open interest where all of it is known."""
        columns, own = self.assets.columns, self.instruments.columns
        columns["oi_usd"][assets] = skew.known_sum(groups, oi_usd) if whole is None else whole
        columns["volume_usd"][assets] = skew.known_sum(groups, own["volume_usd"].take(cells))

    def _write_concentration(self, assets: Index, groups: Segments, oi_usd: Floats) -> None:
        """How open interest is spread over an asset's instruments (methodology §3.1)."""
        columns = self.assets.columns
        spread = concentration.concentration(groups, oi_usd)
        columns["gini"][assets] = spread.gini
        columns["hhi"][assets] = spread.hhi
        columns["effective"][assets] = spread.effective
