"""A notice as sinks send it: one small message in JSON, rendered to text where a sink wants text."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from fundtui.alerts.alert import Alert
from fundtui.alerts.pipeline import Notice
from fundtui.status import Severity
from fundtui.text import clean
from fundtui.units import format_utc_date

SHOWN = 5
MAX_ALERTS = 50


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One alert in a message."""

    id: str
    number: int
    rule: str
    status: str
    severity: str
    subject: str
    text: str
    level: str = ""
    venue: str = ""
    asset: str = ""
    value: float | None = None
    threshold: float | None = None
    fired_ms: int | None = None
    ended_ms: int | None = None
    reason: str | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent. status: firing, resolved (nothing of it fires any more), or test. key: the idempotency key."""

    key: str
    title: str
    status: str
    severity: str
    time_ms: int
    groups: tuple[str, ...]
    firing: int
    alerts: tuple[Entry, ...]
    more: int = 0

    def lines(self) -> list[str]:
        """The alerts as text, the first few of them."""
        shown = [entry.text for entry in self.alerts[:SHOWN]]
        rest = len(self.alerts) + self.more - len(shown)
        return [*shown, f"and {rest} more"] if rest > 0 else shown

    def text(self) -> str:
        """The body as plain text."""
        return "\n".join((*self.lines(), f"{format_utc_date(self.time_ms)} UTC"))


def message_of(notice: Notice, key: str, now_ms: int) -> Message:
    """The message of a notice, weightiest alerts first."""
    weights = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
    alerts = sorted(
        (*notice.firing, *notice.ended), key=lambda alert: (not alert.firing, weights.index(alert.severity))
    )
    count = len(notice.firing)
    if notice.digest:
        title = f"{len(alerts)} alerts in {len(notice.groups)} groups, {count} firing"
    elif len(alerts) == 1:
        title = f"{alerts[0].rule} {alerts[0].subject.key}"
    else:
        title = f"{notice.groups[0]}: {count} firing" + (f", {len(notice.ended)} over" if notice.ended else "")
    status = "firing" if count else "resolved"
    return Message(
        key=key,
        title=str(clean(f"{'resolved: ' if not count else 'again: ' if notice.repeated else ''}{title}", 120)),
        status=status,
        severity=notice.severity.value,
        time_ms=now_ms,
        groups=notice.groups[:MAX_ALERTS],
        firing=count,
        alerts=tuple(_entry(alert) for alert in alerts[:MAX_ALERTS]),
        more=max(len(alerts) - MAX_ALERTS, 0),
    )


def trial_message(key: str, now_ms: int) -> Message:
    """The message of `fundtui notify test`."""
    text = "test notice: this sink works"
    entry = Entry(id="test", number=now_ms, rule="test", status="test", severity="info", subject="test", text=text)
    return Message(
        key=key, title="fundtui test", status="test", severity="info", time_ms=now_ms, groups=("test",), firing=0,
        alerts=(entry,),
    )  # fmt: skip


def _entry(alert: Alert) -> Entry:
    subject = alert.subject
    return Entry(
        id=alert.fingerprint,
        number=alert.number,
        rule=alert.rule,
        status="firing" if alert.firing else "resolved" if alert.why is None else "closed",
        severity=alert.severity.value,
        subject=subject.key,
        text=alert.text,
        level=subject.level.value,
        venue=subject.venue,
        asset=subject.asset,
        value=_finite(alert.value),
        threshold=_finite(alert.threshold),
        fired_ms=alert.fired_ms,
        ended_ms=alert.ended_ms,
        reason=None if alert.why is None else alert.why.value,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def encode(message: Message) -> bytes:
    """The message as JSON."""
    return msgspec.json.encode(message)


def decode(body: bytes) -> Message:
    """A message from its JSON. Raises msgspec.MsgspecError."""
    return msgspec.json.decode(body, type=Message)


def payload(message: Message) -> dict[str, Any]:
    """The message as plain data."""
    plain: dict[str, Any] = msgspec.to_builtins(message)
    return plain
