"""Why an alert says what it says: the rule's terms with their values now, and where the first figure comes from."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from fundtui.imbalance.catalogue import Level, find
from fundtui.ui.alertlist import Listed
from fundtui.ui.provenance import Provenance, of_explanation
from fundtui.units import MISSING, format_duration, format_utc_date

if TYPE_CHECKING:
    from fundtui.alerts.book import Why
    from fundtui.ui.source import Source

FORMULAS = {
    "state": "the rule's state machine: pending while `for` fills, firing when it is full, muted by silences",
    "severity": "as the rule says",
    "rule": "the rule's name in the configuration, or a built-in one",
    "subject": "the row that the rule's condition holds for",
    "lasted": "now − since when it has been so; over: ended − fired",
    "next": "pending: since + for; firing: the subject's next settlement; silence: its end",
    "text": "the first comparison with its value when it last changed",
}
_WORD = re.compile(r"[a-z_][a-z0-9_]*")


def alert_origin(source: Source, row: Listed, why: Why | None, key: str, title: str, text: str) -> Provenance:
    """One cell of the alerts' table."""
    facts = [("since", f"{format_utc_date(row.since_ms)} UTC")]
    data: dict[str, Any] = {"column": key, "rule": row.rule, "subject": row.subject, "state": row.section.name.lower()}
    if row.alert is not None:
        data["alert"] = row.alert
        facts += _facts_of_alert(row)
    if row.silence is not None:
        facts.append(("until", f"{format_utc_date(row.silence.until_ms)} UTC, {row.silence.reason}"))
        data["silence"] = row.silence
    if row.letter is not None:
        facts += [("sink", row.letter.sink), ("tries", f"{row.letter.tries}"), ("error", str(row.letter.error))]
    inputs: list[str] = []
    parts: tuple[Provenance, ...] = ()
    if why is not None:
        facts += [("when", why.when)] if why.when else []
        facts += [("clear", why.clear)] if why.clear else []
        facts += [("for", format_duration(why.wait_s))] if why.wait_s else []
        inputs = [_term(term) for term in why.terms]
        parts = figure_behind(source, row, why)
        data["why"] = why
    return Provenance(
        title=f"{row.rule} {row.subject}  {title or key}", value=text, formula=FORMULAS.get(key, ""),
        meaning=row.text, source="the rules of the configuration", facts=tuple(facts), inputs=tuple(inputs),
        exclusions=(row.alert.muted,) if row.alert is not None and row.alert.muted else (), parts=parts, data=data,
    )  # fmt: skip


def _facts_of_alert(row: Listed) -> list[tuple[str, str]]:
    alert = row.alert
    facts: list[tuple[str, str]] = []
    if alert is None:
        return facts
    if not math.isnan(alert.value):
        facts.append(("value", f"{alert.value:g}, threshold {alert.threshold:g} (exported units)"))
    for label, at_ms in (("fired", alert.fired_ms), ("ended", alert.ended_ms), ("acked", alert.acknowledged_ms)):
        if at_ms is not None:
            facts.append((label, f"{format_utc_date(at_ms)} UTC"))
    if alert.reason:
        facts.append(("reason", alert.reason))
    return facts


def _term(term: Any) -> str:
    holds = "not known" if term.holds is None else "holds" if term.holds else "does not hold"
    threshold = "" if math.isnan(term.threshold) else f", threshold {term.threshold:g}"
    return f"{term.source}: now {term.text or MISSING}{threshold}, {holds}"


def figure_behind(source: Source, row: Listed, why: Why) -> tuple[Provenance, ...]:
    """Where the figure of the first comparison comes from, while its row is there."""
    alert = row.alert
    if alert is None or alert.subject.level not in (Level.ASSET, Level.INSTRUMENT, Level.PAIR):
        return ()
    at = source.table(alert.subject.level).index.get(alert.subject.key)
    for term in why.terms if at is not None else ():
        for word in _WORD.findall(term.source):
            metric = find(alert.subject.level, word)
            if metric is not None and at is not None:
                return (of_explanation(source.explain(alert.subject.level, at, metric.key)),)
    return ()
