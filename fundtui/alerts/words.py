"""What is written about an alert: values in their units, the sentence of a transition."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fundtui.alerts.alert import Subject, Term
from fundtui.alerts.machine import Told, Why
from fundtui.imbalance.catalogue import Level, find
from fundtui.imbalance.display import display
from fundtui.query import NumericTerm, Query, Selection
from fundtui.query import Term as QueryTerm
from fundtui.text import clean
from fundtui.units import MISSING, format_duration

_PLACE = re.compile(r"\{([a-z_0-9]+)\}")

_ENDINGS = {
    Told.RESOLVED: "resolved",
    Told.DROPPED: "no longer pending",
}


def value_text(level: Level, keys: tuple[str, ...], value: float) -> str:
    """A value in exported units as the screen writes its metric; a plain number where several metrics meet."""
    metric = find(level, keys[0]) if len(keys) == 1 else None
    if metric is None:
        return MISSING if math.isnan(value) else f"{value:.4g}"
    return display(metric, value / metric.export_factor)


class TermReader:
    """A query's comparisons over a selection, worked out for all rows when the first one is asked for."""

    def __init__(self, query: Query, selection: Selection) -> None:
        self._query = query
        self._selection = selection
        self._columns: list[tuple[str, tuple[str, ...], Sequence[Any], Sequence[float]]] = []

    def at(self, place: int) -> tuple[Term, ...]:
        """What was compared with what at one row."""
        if not self._columns:
            self._columns = [self._column(term) for term in self._query.terms]
        terms = []
        for source, keys, left, right in self._columns:
            if right:
                value = left[place]
                text = value_text(self._query.level, keys, value)
                terms.append(Term(source, value, right[place], text))
            else:
                terms.append(Term(source, text=left[place]))
        return tuple(terms)

    def _column(self, term: QueryTerm) -> tuple[str, tuple[str, ...], Sequence[Any], Sequence[float]]:
        if isinstance(term, NumericTerm):
            left, right = term.sides(self._selection)
            return term.source, term.left.keys, left.tolist(), right.tolist()
        return term.source, (), term.texts(self._selection), ()


def sentence(
    subject: Subject, told: Told, why: Why | None, terms: tuple[Term, ...], held_s: float, summary: str
) -> str:
    """The sentence of a transition: `WIF: 212.7% (spread >= 25%), for 5m`; a value that is missing is said to be."""
    unknown = "not known" if told in (Told.FIRED, Told.ESCALATED) else "no longer known"
    parts = [f"{unknown if term.text == MISSING else term.text} ({term.source})" for term in terms]
    parts = parts or ([summary] if summary else [])
    said = f"{subject.key}: {', '.join(parts)}" if parts else subject.key
    if told is Told.CLOSED:
        return str(clean(f"{said}, closed: {why}"))
    if told in _ENDINGS:
        lasted = f" after {format_duration(held_s)}" if held_s > 0 else ""
        return str(clean(f"{said}, {_ENDINGS[told]}{lasted}"))
    return str(clean(f"{said}, for {format_duration(held_s)}" if held_s > 0 else said))


def filled(template: str, values: Mapping[str, str]) -> str:
    """A user's template with its {places} filled; unknown places stay as they are. Never evaluates anything."""
    return str(clean(_PLACE.sub(lambda match: values.get(match[1], match[0]), template)))
