"""One rule over one table: which rows need a step, and the steps.

What stays as it is costs a vectorised comparison: rows that are inactive and do not match, and rows that fire and go
on matching, are never looked at one by one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.alerts.alert import Alert, Subject, Transition, fingerprint
from fundtui.alerts.machine import INACTIVE, Phase, Reading, State, Told, step
from fundtui.alerts.rule import Rule
from fundtui.alerts.words import TermReader, filled, sentence, value_text
from fundtui.imbalance.table import Table
from fundtui.query import Query, Selection
from fundtui.status import Severity

QUIET, STEADY, ESCALATED, WATCHED, OVER = 0, 1, 2, 3, 4
"""A row's mark: inactive · firing and true at the last look · the same, critical · anything that has to be stepped ·
the rule holds, and it is one too many to be followed."""

MOST_PER_RULE = 500
"""So many subjects of a rule are followed one by one; the rest is counted and told as one."""

EARLY_MS = 10_000
"""So long before a settlement a venue may already name the next one, or our clocks differ."""
ON_THE_GRID_MS = 60_000.0
"""Payments this near to a whole number of intervals apart are: venues round their times."""
MAX_GAP_S = 60.0
"""Looks further apart were not continuous: the time between them does not count."""

OUTSIDE, UNSURE, INSIDE = 0, 1, 2
"""Whether an asset is in a rule's watchlist."""

Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]
Index = NDArray[np.intp]


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """The rows that are looked at, and when.

    alive     rows of subjects that are still listed
    stale     rows whose own data are too old to say anything
    doubtful  rows part of whose data are missing: they may fire, but what they no longer show is not an end
    unheard   some venues have not answered since the start: what fired before it may have fired through them
    """

    selection: Selection
    now_ms: int
    now_s: float
    alive: Bools
    stale: Bools
    doubtful: Bools
    unheard: bool = False
    max_gap_s: float = MAX_GAP_S


class _Glance(NamedTuple):
    """A look with what one rule makes of it."""

    look: Look
    terms: TermReader
    critical: Bools | None


class _Members:
    """The assets that a rule is about: those of its watchlist, named or found by the watchlist's query."""

    def __init__(self, rule: Rule) -> None:
        self._named = rule.assets
        self._among = rule.among
        self._found: dict[str, int] = {}
        self._by_code: Codes = np.zeros(0, np.int8)
        self._labels: list[str] | None = None

    def find(self, assets: Table) -> None:
        """Look at the watchlist's query again. Where it reads a missing value an asset stays what it was."""
        if self._among is None:
            return
        inside, outside = self._among.mask(assets), self._among.refuted(assets)
        for row in np.flatnonzero(inside | outside).tolist():
            self._found[assets.keys[row]] = INSIDE if inside[row] else OUTSIDE
        self._labels = None

    def of(self, selection: Selection) -> Codes | None:
        """INSIDE, OUTSIDE or UNSURE per row; None: the rule is about all."""
        if (self._named is None and self._among is None) or "asset" not in selection.labels:
            return None
        labels = selection.labels["asset"]
        if self._labels is not labels or len(self._by_code) != len(labels) + 1:
            self._labels = labels
            self._by_code = np.array([*map(self._standing, labels), OUTSIDE], np.int8)
        chosen: Codes = self._by_code[selection.columns["asset"]]
        return chosen

    def _standing(self, asset: str) -> int:
        if asset in (self._named or ()):
            return INSIDE
        return OUTSIDE if self._among is None else self._found.get(asset, UNSURE)


class Track:
    """The alerts of one rule that is a query. Restored alerts wait by name until their row appears.

    alerts   row -> alert, inactive ones left out
    changed  fingerprint -> alert, for what has to be stored; whoever stores it empties it
    stepped  how many rows the last look stepped; behind: whether it left any for the next one
    """

    def __init__(self, rule: Rule, when: Query, clear: Query, restored: dict[str, Alert] | None = None) -> None:
        self.rule = rule
        self._when = when
        self._clear = clear
        self.alerts: dict[int, Alert] = {}
        self._waiting = dict(restored or {})
        self._marks: NDArray[np.int8] = np.zeros(64, np.int8)
        self._looked_s: dict[int, float] = {}
        self._from_before: set[int] = set()
        self._members = _Members(rule)
        self.changed: dict[str, Alert] = {}
        self.stepped = 0
        self._late: Bools = np.zeros(64, np.bool_)
        self.behind = False

    def all_alerts(self) -> Iterator[Alert]:
        """Those of known rows and those whose rows have not come back yet."""
        yield from self.alerts.values()
        yield from self._waiting.values()

    def watched(self, table: Table) -> Index:
        """Rows that have to be looked at as time passes."""
        self._prepare(table)
        return np.flatnonzero(self._marks[: table.count] == WATCHED)

    def look(self, look: Look, room: int = MOST_PER_RULE, most: int | None = None) -> list[Transition]:
        """Step what has to be stepped. room: how many more alerts there may be in all. most: so many rows are stepped
        now; the others wait in `behind`."""
        selection = look.selection
        self._prepare(selection.table)
        rows = selection.rows
        marks = self._marks[rows]
        fires = self._when.mask(selection) & look.alive
        self.stepped = 0
        if not fires.any() and not marks.any():
            return []
        member = self._members.of(selection)
        if member is not None:
            fires &= member == INSIDE
        critical = None if self.rule.critical is None else self.rule.critical.mask(selection)
        places = np.flatnonzero(self._candidates(look, marks, fires, critical, room))
        if most is not None and len(places) > most:
            most = max(most, 0)
            self._wait(rows[places[most:]])
            places = places[:most]
        if not len(places):
            return []
        self.stepped = len(places)
        readings = self._readings(look, fires, member, places)
        glance = _Glance(look, TermReader(self._when, selection), critical)
        transitions = []
        for place, reading in zip(places.tolist(), readings, strict=True):
            told = self._step(glance, place, int(rows[place]), reading)
            if told is not None:
                transitions.append(told)
        return transitions

    def take_behind(self) -> Index:
        """The rows that wait to be stepped; they no longer do."""
        rows = np.flatnonzero(self._late)
        self._late[rows] = False
        self.behind = False
        return rows

    def _wait(self, rows: Index) -> None:
        # Marked, not listed: however many batches pass before their turn, one more costs no more than the first.
        self._late[rows] = True
        self.behind = True

    def _candidates(self, look: Look, marks: Codes, fires: Bools, critical: Bools | None, room: int) -> Bools:
        """Which rows have to be stepped: new ones, those on the move, and those that fire and may not go on so."""
        resting = (marks == QUIET) | (marks == OVER)
        new = self._within_limit(look.selection.rows, marks == OVER, resting & fires, room)
        candidates: Bools = np.where(resting, new, (marks == WATCHED) | ~fires | look.stale)
        if critical is not None:
            candidates |= (marks == STEADY) & critical
        return candidates

    def find_members(self, assets: Table) -> None:
        """Work out anew which assets the rule's watchlist finds."""
        self._members.find(assets)

    def left_out(self) -> int:
        """How many subjects the rule holds for beyond those that are followed."""
        return int(np.count_nonzero(self._marks == OVER))

    def _within_limit(self, rows: Index, before: Bools, new: Bools, room: int) -> Bools:
        """Which of the new ones to follow: once there are enough, others are only marked. before: those marked now."""
        room = max(min(MOST_PER_RULE - len(self.alerts), room), 0)
        followed = np.zeros(len(rows), np.bool_)
        followed[np.flatnonzero(new)[:room]] = True
        over = new & ~followed
        moved = over != before
        if moved.any():
            self._marks[rows[moved]] = np.where(over[moved], OVER, QUIET)
        return followed

    def _prepare(self, table: Table) -> None:
        if len(self._marks) < table.capacity:
            wider = np.zeros(table.capacity, np.int8)
            wider[: len(self._marks)] = self._marks
            self._marks = wider
            longer = np.zeros(table.capacity, np.bool_)
            longer[: len(self._late)] = self._late
            self._late = longer
        if not self._waiting:
            return
        for key in [key for key in self._waiting if key in table.index]:
            row = table.index[key]
            self._from_before.add(row)
            self._keep(row, self._waiting.pop(key))

    def _readings(self, look: Look, fires: Bools, member: Codes | None, places: Index) -> list[Reading]:
        selection = look.selection
        cleared = self._clear.refuted(selection)
        near = self._clear.mask(selection)
        readings = []
        for place in places.tolist():
            if not look.alive[place]:
                readings.append(Reading.GONE)
            elif look.stale[place]:
                readings.append(Reading.UNKNOWN)
            elif member is not None and member[place] == OUTSIDE:
                readings.append(Reading.FALSE)
            elif fires[place]:
                readings.append(Reading.TRUE)
            elif look.doubtful[place] or (look.unheard and int(selection.rows[place]) in self._from_before):
                readings.append(Reading.UNKNOWN)
            elif near[place]:
                readings.append(Reading.NEAR)
            else:
                readings.append(Reading.FALSE if cleared[place] else Reading.UNKNOWN)
        return readings

    def _step(self, glance: _Glance, place: int, row: int, reading: Reading) -> Transition | None:
        look = glance.look
        alert = self.alerts.get(row)
        elapsed_s = look.now_s - self._looked_s.get(row, look.now_s)
        self._looked_s[row] = look.now_s
        next_ms = _number(look.selection, "next_funding_ms", place)
        state = INACTIVE if alert is None else alert.state
        moved = alert is not None and abs(next_ms - alert.next_ms) > 1000.0
        interval_h = _number(look.selection, "interval_h", place)
        settled = alert is not None and _has_passed(alert.next_ms, next_ms, interval_h, look.now_ms)
        result = step(
            state, reading, elapsed_s if elapsed_s <= look.max_gap_s else 0.0, self.rule.timing, settled=settled
        )
        if alert is None and result.state.phase is Phase.INACTIVE:
            return None
        if alert is None:
            alert = self._new(look, place, row)
        if math.isnan(alert.next_ms) or moved:
            alert = msgspec.structs.replace(alert, next_ms=next_ms)
        told, severity, escalated = result.told, alert.severity, alert.escalated
        sure = result.state.phase is Phase.FIRING and reading is Reading.TRUE
        if sure and not escalated and glance.critical is not None and glance.critical[place]:
            told, severity, escalated = told or Told.ESCALATED, Severity.CRITICAL, True
        if told is None or told is Told.DROPPED:
            since_ms = alert.since_ms if alert.state.phase is result.state.phase else look.now_ms
            self._keep(row, msgspec.structs.replace(alert, state=result.state, since_ms=since_ms))
            return None
        # Grows for ever, over restarts too: it makes each transition's key unique.
        number = max(alert.number + 1, look.now_ms)
        alert = msgspec.structs.replace(alert, severity=severity, escalated=escalated, number=number, why=result.why)
        return self._tell(glance, place, row, alert, result.state, told)

    def _tell(self, glance: _Glance, place: int, row: int, alert: Alert, state: State, told: Told) -> Transition:
        rule, look, now_ms = self.rule, glance.look, glance.look.now_ms
        terms = glance.terms.at(place)
        if told is Told.ESCALATED and rule.critical is not None:
            # What made it critical is the second condition, not the one that it began with.
            terms = TermReader(rule.critical, look.selection).at(place)
        fired_ms = now_ms if told is Told.FIRED else alert.fired_ms
        lasted_s = (now_ms - (alert.since_ms if told is Told.FIRED else alert.fired_ms or now_ms)) / 1000.0
        numeric = next((term for term in terms if not math.isnan(term.threshold)), None)
        text = sentence(alert.subject, told, alert.why, terms, lasted_s, rule.text.summary)
        if rule.text.message and told in (Told.FIRED, Told.ESCALATED):
            text = filled(rule.text.message, self._places(look, place, alert, text))
        alert = msgspec.structs.replace(
            alert,
            state=state,
            since_ms=now_ms,
            fired_ms=fired_ms,
            ended_ms=now_ms if told in (Told.RESOLVED, Told.CLOSED) else None,
            text=text,
            value=math.nan if numeric is None else numeric.value,
            threshold=math.nan if numeric is None else numeric.threshold,
        )
        self._keep(row, alert)
        return Transition(
            fingerprint=alert.fingerprint,
            number=alert.number,
            rule=rule.name,
            version=rule.version,
            subject=alert.subject,
            told=told,
            severity=alert.severity,
            time_ms=now_ms,
            text=text,
            why=alert.why,
            value=alert.value,
            threshold=alert.threshold,
            unit=next((str(term.unit) for term in self._when.terms if hasattr(term, "unit") and term.unit), ""),
            age_s=_number(look.selection, "age", place),
            coverage=_number(look.selection, "coverage", place),
            fired_ms=fired_ms,
            terms=terms,
        )

    def _new(self, look: Look, place: int, row: int) -> Alert:
        table, rule = look.selection.table, self.rule
        texts = {key: table.text(key, row) for key in ("venue", "asset") if key in table.labels}
        subject = Subject(rule.level, table.keys[row], texts.get("venue", ""), texts.get("asset", ""))
        return Alert(
            fingerprint=fingerprint(rule.name, subject),
            rule=rule.name,
            version=rule.version,
            subject=subject,
            severity=rule.severity,
            since_ms=look.now_ms,
        )

    def _places(self, look: Look, place: int, alert: Alert, text: str) -> dict[str, str]:
        values: dict[str, str] = {"subject": alert.subject.key, "rule": alert.rule, "text": text}
        table = look.selection.table
        for key, metric in table.metrics.items():
            if key in table.labels:
                values[key] = table.text(key, int(look.selection.rows[place]))
            elif key in table.columns:
                values[key] = value_text(table.level, (metric.key,), float(look.selection.exported(key)[place]))
        return values

    def _keep(self, row: int, alert: Alert) -> None:
        before = self.alerts.get(row)
        if before is None or _differs(before, alert):
            self.changed[alert.fingerprint] = alert
        phase = alert.state.phase
        if phase is Phase.INACTIVE:
            self.alerts.pop(row, None)
            self._looked_s.pop(row, None)
            self._from_before.discard(row)
            self._marks[row] = QUIET
            return
        self.alerts[row] = alert
        steady = phase is Phase.FIRING and alert.state.last is Reading.TRUE and not self.rule.timing.until_settlement
        self._marks[row] = (ESCALATED if alert.escalated else STEADY) if steady else WATCHED

    def checkpoint(self) -> None:
        """Have the time counted so far stored with the next commit."""
        self.changed.update({alert.fingerprint: alert for alert in self.alerts.values() if alert.state.counted_s})


def _differs(before: Alert, after: Alert) -> bool:
    """Whether more has changed than the time that is counted."""
    return (before.state.phase, before.state.held, before.number) != (after.state.phase, after.state.held, after.number)


def _has_passed(before_ms: float, next_ms: float, interval_h: float, now_ms: int) -> bool:
    """Whether the payment that was next has been made, given which one is next now.

    A later one alone says nothing, for the venue may have changed its interval: its time must have come by our clock,
    which may be wrong, and the new one be whole intervals after it.
    """
    if not (next_ms > before_ms + 1000.0 and now_ms >= before_ms - EARLY_MS):
        return False
    if math.isnan(interval_h):
        return True
    interval_ms = interval_h * 3_600_000
    beyond_ms = math.fmod(next_ms - before_ms, interval_ms)
    return min(beyond_ms, interval_ms - beyond_ms) < ON_THE_GRID_MS


def _number(selection: Selection, key: str, place: int) -> float:
    column: Any = selection.columns.get(key)
    return math.nan if column is None else float(column[place])
