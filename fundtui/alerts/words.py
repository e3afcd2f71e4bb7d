"""What is written about an alert: values in their units, the sentence of a transition."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from fundtui.alerts.alert import Subject, Term
from fundtui.alerts.machine import Told, Why
from fundtui.imbalance.catalogue import Level, find
from fundtui.imbalance.display import display
from fundtui.query import NumericTerm, Query, Selection
from fundtui.text import clean
from fundtui.units import format_duration

_PLACE = re.compile(r"\{([a-z_0-9]+)\}")

_ENDINGS = {
    Told.RESOLVED: "resolved",
    Told.DROPPED: "no longer pending",
}


def value_text(level: Level, keys: tuple[str, ...], value: float) -> str:
    """A value in exported units as the screen writes its metric; a plain number where several metrics meet."""
    metric = find(level, keys[0]) if len(keys) == 1 else None
    if metric is None:
        return "-" if math.isnan(value) else f"{value:.4g}"
    return display(metric, value / metric.export_factor)


def terms_of(query: Query, selection: Selection, place: int) -> tuple[Term, ...]:
    """A query's comparisons at one row: what was compared with what."""
    terms = []
    for term in query.terms:
        if isinstance(term, NumericTerm):
            left, right = term.sides(selection)
            value, threshold = float(left[place]), float(right[place])
            terms.append(Term(term.source, value, threshold, value_text(query.level, term.left.keys, value)))
        else:
            terms.append(Term(term.source, text=term.texts(selection)[place]))
    return tuple(terms)


def sentence(
    subject: Subject, told: Told, why: Why | None, terms: tuple[Term, ...], held_s: float, summary: str
) -> str:
    """The sentence of a transition: `WIF spread 212.7% (spread >= 25%), for 5m`."""
    parts = [f"{term.text} ({term.source})" for term in terms] or ([summary] if summary else [])
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
