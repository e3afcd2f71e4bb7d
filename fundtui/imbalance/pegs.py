"""What the dollars of other names are worth, from index prices of the same assets in both (methodology §5.7).

A currency's parity is the median of its own index prices in dollars where two venues list it against the dollar;
else the median, over the largest assets and at least two venues, of an asset's dollar price over its price in that
currency. Without either it is assumed to be one dollar.
"""

from __future__ import annotations

import math

import numpy as np

from fundtui.imbalance import parity
from fundtui.imbalance.instruments import Instruments
from fundtui.imbalance.parity import Peg
from fundtui.imbalance.rows import Floats
from fundtui.imbalance.state import Observed
from fundtui.status import Event, EventKind, Severity
from fundtui.text import clean

REFERENCE = "USD"
LARGEST_ASSETS = 30
AT_LEAST_PRICES = 6
PEG_TEXT = {Peg.HOLDS: "holds", Peg.WARN: "slipping", Peg.CRITICAL: "broken"}
SEVERITY = {Peg.HOLDS: Severity.INFO, Peg.WARN: Severity.WARNING, Peg.CRITICAL: Severity.CRITICAL}


class Pegs:
    """Parity of each quote currency, by the code that the instrument table's `quote` column gives it."""

    def __init__(self, instruments: Instruments) -> None:
        self.instruments = instruments
        self.usd: dict[str, float] = {}
        self.level: dict[str, Peg] = {}

    def refresh(self, now_ms: int) -> list[Event]:
        """Work all parities out again; what turned is told."""
        self.usd = self._implied() | self._listed()
        events = []
        for quote, value in self.usd.items():
            level = Peg(int(parity.peg(value)))
            before = self.level.get(quote, Peg.HOLDS)
            self.level[quote] = level
            if level is not before:
                text = f"{quote} peg {PEG_TEXT[level]}: {value:.4f} dollars, by index prices"
                events.append(
                    Event(
                        time_ms=now_ms,
                        kind=EventKind.DEPEG,
                        text=clean(text),
                        severity=SEVERITY[level],
                        asset=quote,
                        before=PEG_TEXT[before],
                        after=PEG_TEXT[level],
                    )
                )
        return events

    def per_row(self) -> Floats:
        """Dollars per unit of quote currency of every instrument; 1 where it had to be assumed."""
        names = self.instruments.table.labels["quote"]
        by_code = np.array([*(self.usd.get(name, 1.0) for name in names), 1.0])
        dollars: Floats = by_code[self.instruments.table.columns["quote"]]
        return dollars

    def show(self) -> None:
        """Write what each instrument's quote currency is worth; missing where it had to be assumed."""
        names = self.instruments.table.labels["quote"]
        by_code = np.array([*(self.usd.get(name, 1.0 if name == REFERENCE else math.nan) for name in names), math.nan])
        columns = self.instruments.table.columns
        columns["quote_usd"][:] = by_code[columns["quote"]]

    def _listed(self) -> dict[str, float]:
        """Currencies that are assets themselves, priced in dollars by at least two venues."""
        instruments, table = self.instruments, self.instruments.table
        found = {}
        for name in table.labels["quote"]:
            asset = instruments.assets.index.get(name)
            if asset is None or name == REFERENCE:
                continue
            rows = instruments.members.of(asset)
            index = instruments.observed[Observed.INDEX, rows] / instruments.rows.multiplier[rows]
            in_dollars = table.columns["quote"][rows] == table.code("quote", REFERENCE)
            compared = (instruments.rows.published[rows] | instruments.rows.checks[rows]) == 0
            known = in_dollars & compared & (index > 0) & ~instruments.rows.index_is_mark[rows]
            venues = np.unique(instruments.rows.venue[rows[known]])
            prices = np.array([np.median(index[known & (instruments.rows.venue[rows] == one)]) for one in venues])
            value, assumed = parity.quote_parity(prices)
            if not assumed:
                found[name] = value
        return found

    def _implied(self) -> dict[str, float]:
        table, assets = self.instruments.table, self.instruments.assets
        count = assets.count
        oi = np.nan_to_num(assets.columns["oi_usd"][:count])
        largest = np.argsort(-oi, kind="stable")[:LARGEST_ASSETS]
        largest = largest[self.instruments.members.size[largest] > 0]
        if not len(largest):
            return {}
        rows, groups = self.instruments.members.of_all(largest)
        state = self.instruments.rows
        compared = (state.published[rows] | state.checks[rows]) == 0
        price = np.where(compared, table.columns["price"][rows], np.nan)
        quote, venue = table.columns["quote"][rows], state.venue[rows]
        dollars = groups.median(np.where(quote == table.code("quote", REFERENCE), price, np.nan))
        ratio = groups.each(dollars) / price
        found = {}
        for name in table.labels["quote"]:
            mine = (quote == table.code("quote", name)) & np.isfinite(ratio)
            if name != REFERENCE and mine.sum() >= AT_LEAST_PRICES and len(set(venue[mine].tolist())) >= 2:
                value = float(np.median(ratio[mine]))
                found[name] = value if math.isfinite(value) else 1.0
        return found
