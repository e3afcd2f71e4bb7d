"""Alerts as people read them: rows for a panel, counts for a header, why one is on, what happened while one was away.

Pure functions over what a desk holds or a store has kept, so that they serve the process that evaluates and those
that look on alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec
import numpy as np

from fundtui.alerts import pipeline
from fundtui.alerts.alert import Alert, Subject, Transition
from fundtui.alerts.machine import Phase, Told
from fundtui.alerts.records import Acknowledgement, Delivery, DeliveryState, Silence, Stored
from fundtui.alerts.rule import Rule
from fundtui.alerts.summary import AlertCounts
from fundtui.alerts.words import TermReader
from fundtui.imbalance.table import Table
from fundtui.query import Selection
from fundtui.status import Severity

DAY_MS = 86_400_000
SHOWN = 5


class Standing(StrEnum):
    """Where an alert stands for a person. SILENCED: firing, and not told to anybody."""

    FIRING = "firing"
    SILENCED = "silenced"
    PENDING = "pending"
    OVER = "over"


ORDER = {Standing.FIRING: 0, Standing.SILENCED: 1, Standing.PENDING: 2, Standing.OVER: 3}


class AlertRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One alert on a panel.

    id            what `acknowledge` and `why` take
    muted         why nobody is told (a silence's reason, a stale venue, ...); empty when they are
    held          its data are missing or stale: it neither fires nor ends meanwhile
    recovering    its condition no longer holds; it ends if that lasts
    since_ms      when it took its present standing; fired_ms and ended_ms None before they happened
    reason        why it is over: empty for a condition that cleared
    value, threshold   of the first comparison, in exported units; NaN where there is none
    """

    id: str
    rule: str
    subject: Subject
    severity: Severity
    standing: Standing
    text: str
    since_ms: int
    fired_ms: int | None = None
    ended_ms: int | None = None
    acknowledged_ms: int | None = None
    muted: str = ""
    held: bool = False
    recovering: bool = False
    reason: str = ""
    value: float = math.nan
    threshold: float = math.nan


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of a rule now. holds: None while a value is missing."""

    source: str
    text: str
    value: float
    threshold: float
    holds: bool | None


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why an alert is as it is: its rule as written, each comparison with its present values, and who was told when.

    terms is empty for rules that follow the journal or the venues' health, and where the row is not on this screen.
    told: (sink, when) of the last notice that named it.
    """

    alert: AlertRow
    summary: str
    when: str
    clear: str
    wait_s: float
    keep_firing_s: float
    until_settlement: bool
    terms: tuple[Term, ...] = ()
    told: tuple[tuple[str, int], ...] = ()
    sinks: tuple[str, ...] = ()


class Away(msgspec.Struct, frozen=True, kw_only=True):
    """What happened since somebody was last here. texts: the weightiest of it, newest first."""

    since_ms: int
    fired: int
    ended: int
    still: int
    dead: int
    texts: tuple[str, ...]


def muted_by(alert: Alert, known: pipeline.Facts, silences: Iterable[Silence], now_ms: int) -> str:
    """Why an alert is not told: a larger fact or a silence; empty when it is."""
    if known != pipeline.NO_FACTS and (why := pipeline.inhibited(alert, known)):
        return why
    silence = pipeline.silenced(alert, silences, now_ms) if silences else None
    return f"silenced: {silence.reason}" if silence is not None else ""


def row_of(alert: Alert, muted: str, acknowledged: Acknowledgement | None) -> AlertRow:
    """The row of an alert that is not inactive."""
    pending = alert.state.phase is Phase.PENDING
    return AlertRow(
        id=alert.fingerprint,
        rule=alert.rule,
        subject=alert.subject,
        severity=alert.severity,
        standing=Standing.PENDING if pending else Standing.SILENCED if muted else Standing.FIRING,
        text=alert.text or alert.subject.key,
        since_ms=alert.since_ms if pending else alert.fired_ms or alert.since_ms,
        fired_ms=alert.fired_ms,
        acknowledged_ms=None if acknowledged is None else acknowledged.time_ms,
        muted=muted,
        held=alert.state.held,
        recovering=alert.state.phase is Phase.RECOVERING,
        value=alert.value,
        threshold=alert.threshold,
    )


def row_of_end(one: Transition) -> AlertRow:
    """The row of an alert that is over."""
    return AlertRow(
        id=one.fingerprint,
        rule=one.rule,
        subject=one.subject,
        severity=one.severity,
        standing=Standing.OVER,
        text=one.text,
        since_ms=one.time_ms,
        fired_ms=one.fired_ms,
        ended_ms=one.time_ms,
        reason="" if one.why is None else one.why.value,
        value=one.value,
        threshold=one.threshold,
    )


def counts(shown: Iterable[AlertRow], dead: int) -> AlertCounts:
    """Counts for a header."""
    listed = [row for row in shown if row.standing is not Standing.OVER]
    firing = [row for row in listed if row.standing is Standing.FIRING]
    return AlertCounts(
        firing=len(firing),
        pending=sum(row.standing is Standing.PENDING for row in listed),
        silenced=sum(row.standing is Standing.SILENCED for row in listed),
        dead=dead,
        worst=max((row.severity for row in firing), key=pipeline.WEIGHT.__getitem__, default=None),
    )


def unseen_dead(records: Stored) -> tuple[Delivery, ...]:
    """Dead letters that nobody has looked at, oldest first."""
    dead = [one for one in records.deliveries.values() if one.state is DeliveryState.DEAD and not one.seen]
    return tuple(sorted(dead, key=lambda one: one.created_ms))


def silences(records: Stored, now_ms: int) -> tuple[Silence, ...]:
    """Silences that hold now or will, soonest end first."""
    return tuple(sorted((one for one in records.silences.values() if one.until_ms > now_ms), key=lambda s: s.until_ms))


def why(row: AlertRow, rule: Rule | None, table: Table | None, records: Stored) -> Why:
    """Why an alert is as it is. `table`: that of the rule's level, for the present values."""
    text = None if rule is None else rule.text
    told = sorted((one.time_ms, one.sink) for one in records.told.values() if row.id in one.numbers)
    return Why(
        alert=row,
        summary="" if text is None else text.summary,
        when="" if text is None else text.when,
        clear="" if text is None else text.clear,
        wait_s=0.0 if text is None else text.wait_s,
        keep_firing_s=0.0 if text is None else text.keep_firing_s,
        until_settlement=text is not None and text.until_settlement,
        terms=() if rule is None or table is None else terms(rule, table, row.subject.key),
        told=tuple((sink, time_ms) for time_ms, sink in told),
        sinks=() if rule is None else rule.notify,
    )


def terms(rule: Rule, table: Table, key: str) -> tuple[Term, ...]:
    """Each comparison of a rule over one row now."""
    if rule.when is None or key not in table.index:
        return ()
    selection = Selection(table, np.array([table.index[key]]))
    read = TermReader(rule.when, selection).at(0)
    return tuple(
        Term(
            source=one.source,
            text=one.text,
            value=one.value,
            threshold=one.threshold,
            holds=bool(term.mask(selection)[0]) if term.known(selection)[0] else None,
        )
        for one, term in zip(read, rule.when.terms, strict=True)
    )


def away(since_ms: int, happened: Sequence[Transition], shown: Iterable[AlertRow], dead: int) -> Away | None:
    """What happened since a time; None when nothing did."""
    fired = [one for one in happened if one.told in (Told.FIRED, Told.ESCALATED)]
    ended = [one for one in happened if one.told in (Told.RESOLVED, Told.CLOSED)]
    if not (fired or ended or dead):
        return None
    weighty = sorted(fired, key=lambda one: (-pipeline.WEIGHT[one.severity], -one.time_ms))
    return Away(
        since_ms=since_ms,
        fired=len({one.fingerprint for one in fired}),
        ended=len({one.fingerprint for one in ended}),
        still=sum(row.standing is Standing.FIRING for row in shown),
        dead=dead,
        texts=tuple(dict.fromkeys(one.text for one in weighty))[:SHOWN],
    )


def told_lately(records: Stored) -> Mapping[str, int]:
    """Sink -> when it was last told anything."""
    latest: dict[str, int] = {}
    for one in records.told.values():
        latest[one.sink] = max(latest.get(one.sink, 0), one.time_ms)
    return latest
