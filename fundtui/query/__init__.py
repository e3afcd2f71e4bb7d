"""One small expression language over the metric catalogue: filters, watchlists, alert rules, --where, --fail-on.

    spread > 25% and oi > 20M and not (asset ~ "1000" or long in (mexc, kraken-futures))
    abs(z) >= 4 or breakeven < 3d
    funding > 0.03%/8h

Values are in exported units: rates as APR, times as seconds, money in US dollars, percentages as fractions.
Literals: `25%`, `5bp`, `10M`, `250k`, `$1.5B`, `3d`, `8h`, `15m`, `1h30m`, and a rate per period (`1bp/8h`) as APR.
`~` searches text, `=` compares it whole; both ignore case. A missing value makes a comparison unknown, `not` leaves
it unknown, and unknown never matches. Nothing but the catalogue can be named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache

import numpy as np

from fundtui.imbalance.catalogue import CATALOGUE, Level, Metric, Unit
from fundtui.query.compiler import Compiler, Known
from fundtui.query.errors import QueryError, suggestion
from fundtui.query.selection import Selection
from fundtui.query.syntax import Node, parse
from fundtui.query.terms import NumericTerm, Term, TextTerm
from fundtui.query.vector import Bools, Mask, Rows

__all__ = [
    "NumericTerm",
    "Query",
    "QueryError",
    "Rows",
    "Selection",
    "Term",
    "TextTerm",
    "compile_query",
    "level_of",
    "parse_sort",
]

Catalogue = Mapping[Level, Sequence[Metric]]


class Query:
    """A compiled query over one level.

    text   as written
    level  what its rows are
    keys   the metrics that it reads, in the order in which they stand
    terms  its comparisons, each with source, place and values per row
    """

    def __init__(self, text: str, level: Level, known: Known, tree: Node, share: float) -> None:
        compiler = Compiler(text, level, known, share)
        self._known = known
        self._tree = tree
        self._share = share
        self._refuted: Mask | None = None
        self._mask: Mask = compiler.mask(tree)
        self.text = text
        self.level = level
        self.terms: tuple[Term, ...] = tuple(compiler.terms)
        self.keys: tuple[str, ...] = tuple(dict.fromkeys(key for term in self.terms for key in term.keys))

    def mask(self, table: Rows) -> Bools:
        """Whether each of the table's rows matches; rows no longer alive are judged like the others."""
        return self._mask(table)

    def refuted(self, table: Rows) -> Bools:
        """Rows for which the query is known not to hold: neither these nor those of `mask` are undecided."""
        if self._refuted is None:
            negation = Compiler(self.text, self.level, self._known, self._share, goal=False)
            self._refuted = negation.mask(self._tree, positive=False)
        return self._refuted(table)

    def known(self, table: Rows) -> Bools:
        """Rows for which nothing that the query reads is missing."""
        known = np.ones(table.count, np.bool_)
        for term in self.terms:
            known &= term.known(table)
        return known

    def relaxed(self, share: float) -> Query:
        """The same query with every constant threshold easier to meet: at 0.8 `> 25%` is `> 20%`, `< 8h` is `< 10h`."""
        return Query(self.text, self.level, self._known, self._tree, share)


def compile_query(text: str, level: Level, catalogue: Catalogue = CATALOGUE) -> Query:
    """Compile an expression over one level's metrics. Raises QueryError, which points at the column."""
    if catalogue is CATALOGUE:
        return _compiled(text, level)
    return Query(text, level, _known(level, catalogue), parse(text), 1.0)


@lru_cache(maxsize=512)
def _compiled(text: str, level: Level) -> Query:
    # A rule's conditions are asked for by everyone who looks at the rule; compiling them was a tenth of a start.
    return Query(text, level, _known_here(level), parse(text), 1.0)


def level_of(text: str, catalogue: Catalogue = CATALOGUE, levels: Iterable[Level] = tuple(Level)) -> Level:
    """The first of the levels at which the query means something. Raises the QueryError of the first level."""
    first_error: QueryError | None = None
    for level in levels:
        try:
            compile_query(text, level, catalogue)
        except QueryError as error:
            first_error = first_error or error
        else:
            return level
    if first_error is None:
        raise ValueError("no level to look at")
    raise first_error


def parse_sort(text: str, level: Level, catalogue: Catalogue = CATALOGUE) -> tuple[str, bool]:
    """`-spread` -> ("spread", True), where True means the greatest first. Raises QueryError."""
    name = text.strip().removeprefix("-").removeprefix("+").strip()
    start = text.find(name) if name else 0
    if not name:
        raise QueryError("expected a metric, as in -spread", text, 0)
    known = _known(level, catalogue)
    metric = known.metrics.get(name.lower())
    if metric is None:
        raise QueryError(f"no metric {name!r} per {level}{suggestion(name, known.metrics)}", text, start)
    if metric.unit is Unit.SERIES:
        raise QueryError(f"{metric.key} is a chart and has no order", text, start)
    return metric.key, text.strip().startswith("-")


@cache
def _known_here(level: Level) -> Known:
    return _made_known(level, CATALOGUE)


def _known(level: Level, catalogue: Catalogue) -> Known:
    return _known_here(level) if catalogue is CATALOGUE else _made_known(level, catalogue)


def _made_known(level: Level, catalogue: Catalogue) -> Known:
    here = {name: metric for metric in catalogue.get(level, ()) for name in (metric.key, *metric.aliases)}
    elsewhere: dict[str, Level] = {}
    for other, metrics in catalogue.items():
        for metric in metrics:
            for name in (metric.key, *metric.aliases):
                elsewhere.setdefault(name, other)
    return Known(here, elsewhere)
