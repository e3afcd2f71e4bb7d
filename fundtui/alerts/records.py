"""What has to survive a restart: alerts, what was told to whom, deliveries, silences, acknowledgements."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from fundtui.alerts.alert import Alert, Transition


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that match are not told from `from_ms` to `until_ms`. One that begins later is a maintenance window.

    Empty fields match everything; * and ? are wild.
    """

    id: str
    from_ms: int
    until_ms: int
    reason: str
    rule: str = ""
    subject: str = ""
    asset: str = ""
    venue: str = ""

    def matches(self, alert: Alert, now_ms: int) -> bool:
        """Whether it holds an alert now."""
        if not self.from_ms <= now_ms < self.until_ms:
            return False
        subject = alert.subject
        return (
            _like(alert.rule, self.rule)
            and _like(subject.key, self.subject)
            and _like(subject.asset or subject.key, self.asset)
            and _like(subject.venue, self.venue)
        )


def _like(text: str, pattern: str) -> bool:
    return not pattern or fnmatch.fnmatchcase(text.casefold(), pattern.casefold())


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Somebody has seen an alert: it is not repeated until it has ended and fires anew."""

    fingerprint: str
    time_ms: int
    by: str = ""


class DeliveryState(StrEnum):
    """How far a delivery is."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One notice for one sink. `key` is the same for the same notice, whenever and however often it is sent.

    body: the message as JSON. due_ms: not tried before. seen: a dead one that somebody has looked at.
    """

    key: str
    sink: str
    created_ms: int
    due_ms: int
    body: bytes
    state: DeliveryState = DeliveryState.QUEUED
    tries: int = 0
    error: str = ""
    seen: bool = False


class Told(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a sink was last told of a group: when, and the number of each alert that was firing then."""

    sink: str
    group: str
    time_ms: int
    numbers: dict[str, int]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that becomes durable together. Records replace those with the same key."""

    alerts: tuple[Alert, ...] = ()
    ended: tuple[str, ...] = ()
    transitions: tuple[Transition, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    told: tuple[Told, ...] = ()
    forgotten: tuple[tuple[str, str], ...] = ()
    silences: tuple[Silence, ...] = ()
    lifted: tuple[str, ...] = ()
    acknowledged: tuple[Acknowledgement, ...] = ()
    unacknowledged: tuple[str, ...] = ()
    marks: Mapping[str, int] = {}

    def __bool__(self) -> bool:
        return any(getattr(self, field) for field in self.__struct_fields__)


class Stored(msgspec.Struct, kw_only=True):
    """All records by key, as a store holds them. `told` by (sink, group); `marks` are times by name."""

    alerts: dict[str, Alert] = {}
    deliveries: dict[str, Delivery] = {}
    told: dict[tuple[str, str], Told] = {}
    silences: dict[str, Silence] = {}
    acknowledged: dict[str, Acknowledgement] = {}
    marks: dict[str, int] = {}

    def apply(self, change: Change) -> None:
        """Lay a change over the records."""
        self.alerts.update((alert.fingerprint, alert) for alert in change.alerts)
        self.deliveries.update((delivery.key, delivery) for delivery in change.deliveries)
        self.told.update(((told.sink, told.group), told) for told in change.told)
        self.silences.update((silence.id, silence) for silence in change.silences)
        self.acknowledged.update((one.fingerprint, one) for one in change.acknowledged)
        self.marks.update(change.marks)
        for fingerprint in change.ended:
            self.alerts.pop(fingerprint, None)
        for key in change.forgotten:
            self.told.pop(key, None)
        for name in change.lifted:
            self.silences.pop(name, None)
        for fingerprint in change.unacknowledged:
            self.acknowledged.pop(fingerprint, None)
