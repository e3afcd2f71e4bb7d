"""What fired or ended, as entries of the journal."""

from __future__ import annotations

from collections.abc import Sequence

from fundtui.alerts.alert import Transition
from fundtui.alerts.machine import Told
from fundtui.status import Event, EventKind, Severity
from fundtui.text import clean

AT_ONCE = 20


def entries_of(transitions: Sequence[Transition]) -> list[Event]:
    """An entry for each; where it is very much at once, for the first of it and one that says how much more."""
    told = [one for one in transitions if one.told is not Told.PENDING]
    found = []
    for one in told[:AT_ONCE]:
        text, subject = clean(f"{one.rule}: {one.text}"), one.subject
        severity = one.severity if one.told in (Told.FIRED, Told.ESCALATED) else Severity.INFO
        found.append(Event(
            time_ms=one.time_ms, kind=EventKind.ALERT, text=text, severity=severity, venue=subject.venue,
            asset=subject.asset,
        ))  # fmt: skip
    if len(told) > AT_ONCE:
        text = clean(f"{len(told) - AT_ONCE} more alerts changed at the same time")
        found.append(Event(time_ms=told[-1].time_ms, kind=EventKind.ALERT, text=text))
    return found
