"""Alerts that follow no query: journal events told as notices, and the health of venues and sinks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from fundtui.alerts.alert import Alert, Subject, Transition, fingerprint
from fundtui.alerts.machine import INACTIVE, Phase, Reading, State, Told, Why, step
from fundtui.alerts.rule import Rule
from fundtui.alerts.words import sentence
from fundtui.imbalance.catalogue import Level
from fundtui.status import Event, EventKind, Severity, VenueHealth, VenueState
from fundtui.text import clean

EVENT_LIFE_MS = 600_000
"""An event is on for that long, so that panels and inhibition see it; the same event anew tells again."""
LASTING = frozenset({EventKind.DEPEG})
"""Events that tell of a state: on until an event of severity `info` says that it is over."""
STALE_CADENCES, DEAD_CADENCES, STALE_S = 3.0, 10.0, 300.0
MARKET_PURGE_ASSETS = 5
LOST_SHARE = 0.30


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a subject says, in words."""

    subject: Subject
    reading: Reading
    text: str = ""
    severity: Severity = Severity.WARNING


class Spoken:
    """The alerts of one rule whose readings are given, not computed. `changed` as in `Track`."""

    def __init__(self, rule: Rule, restored: Iterable[Alert] = ()) -> None:
        self.rule = rule
        self.alerts: dict[str, Alert] = {alert.subject.key: alert for alert in restored}
        self.changed: dict[str, Alert] = {}
        self._looked_s: dict[str, float] = {}

    def hear(self, heard: Heard, now_ms: int, now_s: float) -> Transition | None:
        """Step one subject."""
        key = heard.subject.key
        alert = self.alerts.get(key)
        elapsed_s = now_s - self._looked_s.get(key, now_s)
        self._looked_s[key] = now_s
        result = step(INACTIVE if alert is None else alert.state, heard.reading, elapsed_s, self.rule.timing)
        if alert is None:
            if result.state.phase is Phase.INACTIVE:
                return None
            alert = self._new(heard.subject, now_ms)
        told = result.told
        worse = heard.severity is Severity.CRITICAL and heard.reading is Reading.TRUE and not alert.escalated
        if worse and result.state.phase is Phase.FIRING:
            told = told or Told.ESCALATED
            alert = msgspec.structs.replace(alert, severity=heard.severity, escalated=True)
        return self._settle(alert, result.state, told, result.why, heard.text, now_ms)

    def happened(self, event: Event, now_ms: int, now_s: float) -> Transition | None:
        """Tell a journal event; its alert is on for EVENT_LIFE_MS, that of a broken peg until it holds again."""
        if event.kind in LASTING:
            reading = Reading.TRUE if event.severity is not Severity.INFO else Reading.FALSE
            subject = Subject(Level.MARKET, event.asset, asset=event.asset)
            heard = Heard(subject=subject, reading=reading, text=str(event.text), severity=event.severity)
            return self.hear(heard, now_ms, now_s)
        level = Level.INSTRUMENT if event.symbol else Level.ASSET if event.asset else Level.VENUE
        key = f"{event.venue} {event.symbol}".strip() or event.asset or event.venue
        subject = Subject(level, event.asset if level is Level.ASSET else key, event.venue, event.asset)
        alert = self.alerts.get(subject.key) or self._new(subject, now_ms)
        alert = msgspec.structs.replace(alert, severity=max(event.severity, self.rule.severity, key=_weight))
        return self._tell(alert, State(Phase.FIRING, 0.0, Reading.TRUE), Told.FIRED, None, str(event.text), now_ms)

    def expire(self, now_ms: int) -> list[Transition]:
        """End events that have been on for long enough."""
        if not LASTING.isdisjoint(self.rule.on):
            return []
        over = [one for one in self.alerts.values() if not 0 <= now_ms - one.since_ms < EVENT_LIFE_MS]
        return [self._tell(one, INACTIVE, Told.CLOSED, Why.SHOWN, one.text, now_ms) for one in over]

    def _new(self, subject: Subject, now_ms: int) -> Alert:
        return Alert(
            fingerprint=fingerprint(self.rule.name, subject),
            rule=self.rule.name,
            version=self.rule.version,
            subject=subject,
            severity=self.rule.severity,
            since_ms=now_ms,
        )

    def _settle(
        self, alert: Alert, state: State, told: Told | None, why: Why | None, text: str, now_ms: int
    ) -> Transition | None:
        if told is not None and told is not Told.DROPPED:
            return self._tell(alert, state, told, why, text, now_ms)
        before = self.alerts.get(alert.subject.key)
        since_ms = alert.since_ms if alert.state.phase is state.phase else now_ms
        alert = msgspec.structs.replace(alert, state=state, since_ms=since_ms)
        if before is None or (before.state.phase, before.state.held) != (state.phase, state.held):
            self.changed[alert.fingerprint] = alert
        self._keep(alert)
        return None

    def _tell(self, alert: Alert, state: State, told: Told, why: Why | None, text: str, now_ms: int) -> Transition:
        fired_ms = now_ms if told is Told.FIRED else alert.fired_ms
        lasted_s = 0.0 if told is Told.FIRED or fired_ms is None else (now_ms - fired_ms) / 1000.0
        said = text or alert.text
        if told in (Told.RESOLVED, Told.CLOSED):
            said = sentence(alert.subject, told, why, (), lasted_s, self.rule.text.summary)
        alert = msgspec.structs.replace(
            alert,
            state=state,
            number=max(alert.number + 1, now_ms),
            since_ms=now_ms,
            fired_ms=fired_ms,
            ended_ms=now_ms if told in (Told.RESOLVED, Told.CLOSED) else None,
            why=why,
            text=str(clean(said)),
        )
        self.changed[alert.fingerprint] = alert
        self._keep(alert)
        return Transition(
            fingerprint=alert.fingerprint,
            number=alert.number,
            rule=alert.rule,
            version=alert.version,
            subject=alert.subject,
            told=told,
            severity=alert.severity,
            time_ms=now_ms,
            text=alert.text,
            why=why,
            fired_ms=fired_ms,
        )

    def _keep(self, alert: Alert) -> None:
        if alert.state.phase is Phase.INACTIVE:
            self.alerts.pop(alert.subject.key, None)
            self._looked_s.pop(alert.subject.key, None)
        else:
            self.alerts[alert.subject.key] = alert


def _weight(severity: Severity) -> int:
    return (Severity.INFO, Severity.WARNING, Severity.CRITICAL).index(severity)


def venue_heard(health: VenueHealth) -> Heard:
    """What a venue's health says for the rule of stale venues: older than 3 polls and 5 minutes, or 10 polls."""
    subject = Subject(Level.VENUE, health.venue, health.venue)
    if health.state is VenueState.OFF:
        return Heard(subject=subject, reading=Reading.GONE)
    ratio = health.age_s / health.cadence_s
    if math.isnan(health.age_s):
        # Never answered: known to be bad once it is said to be, unknown before.
        bad = health.state not in (VenueState.STARTING, VenueState.UP)
        reading = Reading.TRUE if bad else Reading.UNKNOWN
        return Heard(subject=subject, reading=reading, text=f"{health.venue}: {health.last_error or 'no answer yet'}")
    limit_s = max(STALE_CADENCES * health.cadence_s, STALE_S) if health.cadence_s > 0 else STALE_S
    reading = Reading.TRUE if health.age_s > limit_s else Reading.FALSE
    severity = Severity.CRITICAL if ratio > DEAD_CADENCES and health.age_s > 2 * limit_s else Severity.WARNING
    error = f": {health.last_error}" if health.last_error else ""
    return Heard(
        subject=subject,
        reading=reading,
        severity=severity,
        text=f"{health.venue}: data {health.age_s:.0f} s old{error}",
    )


def outage_heard(*, local_outage: bool) -> Heard:
    """What the poller says of the network here."""
    return Heard(
        subject=Subject(Level.MARKET, "network"),
        reading=Reading.TRUE if local_outage else Reading.FALSE,
        severity=Severity.CRITICAL,
        text="most venues are unreachable at once: the network here is down",
    )


def market_purge_heard(purges: Iterable[Alert], subject: str) -> Heard:
    """Whether so many assets were purged that it is one fact about the market."""
    assets = {alert.subject.asset for alert in purges if alert.subject.key != subject}
    return Heard(
        subject=Subject(Level.MARKET, subject),
        reading=Reading.TRUE if len(assets) >= MARKET_PURGE_ASSETS else Reading.FALSE,
        severity=Severity.CRITICAL,
        text=f"market-wide purge: {len(assets)} assets within ten minutes",
    )


def lost_heard(stale: Mapping[str, float], whole: float) -> Heard:
    """Whether stale venues hold so much of the open interest that a consensus says little; `stale` is venue -> USD."""
    share = sum(stale.values()) / whole if whole > 0 else math.nan
    reading = Reading.UNKNOWN if math.isnan(share) else Reading.TRUE if share > LOST_SHARE else Reading.FALSE
    names = ", ".join(sorted(stale, key=lambda name: -stale[name])[:3])
    return Heard(
        subject=Subject(Level.MARKET, "consensus"),
        reading=reading,
        severity=Severity.CRITICAL,
        text=f"{share:.0%} of open interest is on venues without fresh data ({names})",
    )


def too_many_heard(rule: str, more: int, followed: int) -> Heard:
    """Whether a rule holds for more subjects than are followed."""
    return Heard(
        subject=Subject(Level.MARKET, rule),
        reading=Reading.TRUE if more else Reading.FALSE,
        text=f"{rule} holds for {more} more subjects than the {followed} that are followed",
    )
