"""The columns of one watchlist while a person chooses among them: which, in which order, how wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fundtui.imbalance.catalogue import Metric, Unit
from fundtui.ui import columns as column_sets
from fundtui.ui.cells import Lens
from fundtui.ui.choices import ALL, Watchlist
from fundtui.ui.columns import Column


class Entry(msgspec.Struct):
    """One metric that can be a column. width: as chosen, None: as wide as it needs."""

    metric: Metric
    shown: bool
    width: int | None = None

    @property
    def column(self) -> Column:
        """The column as it would be."""
        return column_sets.column_of(self.metric, self.width)

    @property
    def held(self) -> bool:
        """The name of the row is always there, and first."""
        return self.metric.key == "asset"

    @property
    def text(self) -> str:
        """What a search looks in."""
        return f"{self.metric.key} {self.column.title} {self.metric.help}".casefold()


class ColumnSet:
    """All entries: those that are shown stand where they are shown, the others behind them."""

    def __init__(self, watchlist: Watchlist) -> None:
        self._before = watchlist
        self._keys: tuple[str, ...] = ()
        self.entries: list[Entry] = []
        self.automatic = not watchlist.columns
        self.reset_wanted = False
        self._fill(watchlist.columns, column_sets.by_key(watchlist.widths))
        self._first = (self.keys, self.widths)

    def _fill(self, keys: Sequence[str], widths: Mapping[str, int]) -> None:
        ranked = column_sets.ranked(keys, wide=False, lens=Lens.RAW)
        shown = [column.key for column, _ in ranked]
        offered = {metric.key: metric for metric in column_sets.offered()}
        order = [*shown, *(key for key in offered if key not in shown)]
        self.entries = [Entry(offered[key], key in shown, widths.get(key)) for key in order if key in offered]

    @property
    def keys(self) -> tuple[str, ...]:
        """The shown metrics in their order."""
        return tuple(entry.metric.key for entry in self.entries if entry.shown)

    @property
    def widths(self) -> dict[str, int]:
        """The chosen widths."""
        return {entry.metric.key: entry.width for entry in self.entries if entry.width is not None}

    def toggle(self, entry: Entry) -> bool:
        """Show an entry or leave it out; whether that can be done."""
        if not entry.held:
            entry.shown = not entry.shown
            self.reset_wanted = False
        return not entry.held

    def move(self, entry: Entry, by: int) -> bool:
        """Move an entry by one place up or down; the first column stays where it is."""
        place = self.entries.index(entry)
        target = place + by
        if entry.held or not 1 <= target < len(self.entries):
            return False
        self.entries.insert(target, self.entries.pop(place))
        self.reset_wanted = False
        return True

    def widen(self, entry: Entry, by: int) -> bool:
        """Make a column wider or narrower; whether it could be."""
        before = entry.column.width
        entry.width = column_sets.column_of(entry.metric, before + by).width
        self.reset_wanted = False
        return entry.width != before

    def natural(self, entry: Entry) -> None:
        """Let a column be as wide as it needs again."""
        entry.width = None

    def reset(self) -> None:
        """Back to the columns that are chosen by the width of the screen."""
        self._fill((), {})
        self.automatic = self.reset_wanted = True

    def fitting(self, width: int) -> set[str]:
        """The keys of those shown columns for which a table of this width has room."""
        if self.automatic and self._same:
            ranked = column_sets.ranked((), wide=False, lens=Lens.RAW, widths=self.widths)
        else:
            ranked = column_sets.ranked(self.keys, wide=False, lens=Lens.RAW, widths=self.widths)
        return {column.key for column in column_sets.packed(ranked, width)[0]}

    @property
    def _same(self) -> bool:
        return self.reset_wanted or self.keys == self._first[0]

    def changes(self) -> dict[str, Any]:
        """What has to be kept for it, as dotted keys; empty when nothing differs."""
        where = "display" if self._before.name == ALL else f"watchlists.{self._before.name}"
        if self.reset_wanted:
            return {f"{where}.columns": None, f"{where}.widths": None} if self._before_chosen else {}
        found: dict[str, Any] = {}
        if self.keys != self._first[0]:
            found[f"{where}.columns"] = self.keys
        if self.widths != self._first[1]:
            # A width that a file names is taken back by naming the natural one.
            natural = {key: column_sets.column_of(each.metric).width for key, each in self._named().items()}
            dropped = {key: natural[key] for key in self._first[1] if key not in self.widths}
            found[f"{where}.widths"] = {**dropped, **self.widths}
        return found

    @property
    def _before_chosen(self) -> bool:
        return bool(self._before.columns or self._before.widths)

    def _named(self) -> dict[str, Entry]:
        return {entry.metric.key: entry for entry in self.entries}


def unit_word(metric: Metric) -> str:
    """A metric's unit in a word."""
    return {Unit.TEXT: "text", Unit.SERIES: "line", Unit.MULTIPLE: "ratio"}.get(metric.unit, metric.unit.value)
