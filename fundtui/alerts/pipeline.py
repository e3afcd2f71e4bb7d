"""From alerts to notices, in small stages without state: mute, group, find what is due, keep to the sink's budget."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fundtui.alerts.alert import Alert
from fundtui.alerts.defaults import LOCAL_OUTAGE, PURGE, SINK_FAILING, STALE_VENUE
from fundtui.alerts.machine import Why
from fundtui.alerts.records import Acknowledgement, Silence, Told
from fundtui.alerts.rule import Rule
from fundtui.config.schema import Grouping
from fundtui.imbalance.catalogue import Level
from fundtui.status import Severity

MARKET_PURGE = "market"
"""Subject of the purge alert that stands for many assets at once."""

WEIGHT = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
HOUR_MS, MINUTE_MS = 3_600_000, 60_000


class Pace(msgspec.Struct, frozen=True):
    """How notices are spaced, in milliseconds (design of [alerts])."""

    wait_ms: int = 10_000
    interval_ms: int = 60_000
    repeat_ms: int = 4 * HOUR_MS


class Notice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one sink is told at once: a group, or several groups as a digest."""

    sink: str
    groups: tuple[str, ...]
    firing: tuple[Alert, ...] = ()
    ended: tuple[Alert, ...] = ()
    repeated: bool = False

    @property
    def digest(self) -> bool:
        """Whether it stands for several groups."""
        return len(self.groups) > 1

    @property
    def severity(self) -> Severity:
        """The greatest among its alerts."""
        found = {alert.severity for alert in (*self.firing, *self.ended)}
        return found.pop() if len(found) == 1 else max(found, key=WEIGHT.__getitem__)


# Mute


class Facts(msgspec.Struct, frozen=True):
    """What mutes alerts: venues known to be stale, an outage here, a purge of the whole market."""

    stale_venues: frozenset[str] = frozenset()
    local_outage: bool = False
    market_purge: bool = False


MUTING = (STALE_VENUE, LOCAL_OUTAGE, PURGE)
"""The rules whose alerts mute others."""
NO_FACTS = Facts()


def facts(alerts: Iterable[Alert]) -> Facts:
    """The muting facts among alerts that are on."""
    firing = [alert for alert in alerts if alert.rule in MUTING and alert.firing]
    return Facts(
        frozenset(alert.subject.key for alert in firing if alert.rule == STALE_VENUE),
        any(alert.rule == LOCAL_OUTAGE for alert in firing),
        any(alert.rule == PURGE and alert.subject.key == MARKET_PURGE for alert in firing),
    )


def inhibited(alert: Alert, known: Facts) -> str:
    """Why a larger fact mutes this alert; empty when none does."""
    if alert.rule in (LOCAL_OUTAGE, SINK_FAILING):
        return ""
    if known.local_outage and (alert.rule == STALE_VENUE or alert.subject.level is Level.INSTRUMENT):
        return "local outage"
    if alert.rule != STALE_VENUE and alert.subject.venue in known.stale_venues:
        return f"{alert.subject.venue} is stale"
    if known.market_purge and alert.rule == PURGE and alert.subject.key != MARKET_PURGE:
        return "market-wide purge"
    return ""


def silenced(alert: Alert, silences: Iterable[Silence], now_ms: int) -> Silence | None:
    """The silence that holds an alert now."""
    return next((silence for silence in silences if silence.matches(alert, now_ms)), None)


# Group


def group_of(alert: Alert, rule: Rule) -> str:
    """The group whose notices an alert shares."""
    match rule.group:
        case Grouping.ASSET:
            return f"{alert.rule} {alert.subject.asset or alert.subject.key}"
        case Grouping.VENUE:
            return f"{alert.rule} {alert.subject.venue or alert.subject.key}"
        case Grouping.NONE:
            return f"{alert.rule} {alert.subject.key}"
    return alert.rule


# Due


def due(
    sink: str, group: str, alerts: Sequence[Alert], told: Told | None, acknowledged: Mapping[str, Acknowledgement],
    pace: Pace, now_ms: int,
) -> Notice | None:  # fmt: skip
    """The notice that a sink is due for a group, if any. `alerts` are those of the group that nothing mutes.

    What was never told as firing is not told as ended either.
    """
    numbers = {} if told is None else told.numbers
    firing = tuple(alert for alert in alerts if alert.firing)
    ended = tuple(alert for alert in alerts if not alert.firing and alert.fingerprint in numbers)
    unknown = [alert for alert in firing if alert.number > numbers.get(alert.fingerprint, 0)]
    fresh = [alert for alert in unknown if alert.fingerprint not in acknowledged]
    if fresh or ended:
        if told is None:
            begun_ms = min(alert.since_ms for alert in fresh or ended)
            ready = now_ms >= begun_ms + pace.wait_ms or now_ms < begun_ms
        else:
            # A clock that stepped back must not make anybody wait for hours.
            ready = not 0 <= now_ms - told.time_ms < pace.interval_ms
        return Notice(sink=sink, groups=(group,), firing=firing, ended=ended) if ready else None
    open_ones = tuple(alert for alert in firing if alert.fingerprint not in acknowledged)
    # A clock that was set back a little is no reason to say it again.
    if told is None or not open_ones or abs(now_ms - told.time_ms) < pace.repeat_ms:
        return None
    return Notice(sink=sink, groups=(group,), firing=firing, repeated=True)


# Budget


def allowance(sent_ms: Iterable[int], now_ms: int, per_minute: int, per_hour: int) -> int:
    """How many notices a sink may still be sent now, given when the last ones were made."""
    recent = [sent for sent in sent_ms if 0 <= now_ms - sent < HOUR_MS]
    last_minute = sum(now_ms - sent < MINUTE_MS for sent in recent)
    return max(min(per_minute - last_minute, per_hour - len(recent)), 0)


def within_budget(notices: Sequence[Notice], allowed: int) -> list[Notice]:
    """The notices to send now: all of them, or the weightiest one by one and the rest as one digest."""
    if not allowed or not notices:
        return []
    ordered = sorted(notices, key=lambda notice: (-WEIGHT[notice.severity], notice.groups))
    if len(ordered) <= allowed:
        return ordered
    rest = ordered[allowed - 1 :]
    together = Notice(
        sink=rest[0].sink,
        groups=tuple(group for notice in rest for group in notice.groups),
        firing=tuple(alert for notice in rest for alert in notice.firing),
        ended=tuple(alert for notice in rest for alert in notice.ended),
        repeated=all(notice.repeated for notice in rest),
    )
    return [*ordered[: allowed - 1], together]


def told_after(sink: str, group: str, members: Iterable[Alert], now_ms: int) -> Told:
    """What a sink knows of a group once a notice of it is on its way; `members`: those that the notice tells of."""
    numbers = {alert.fingerprint: alert.number for alert in members if alert.firing}
    return Told(sink=sink, group=group, time_ms=now_ms, numbers=numbers)


def notice_key(notice: Notice, told_at_ms: int) -> str:
    """The notice's idempotency key: the same for the same alerts in the same states.

    told_at_ms: when a repeated notice was last told, so that each repetition has a key of its own.
    """
    parts = sorted(
        f"{alert.fingerprint}:{alert.number}:{'firing' if alert.firing else 'ended'}"
        for alert in (*notice.firing, *notice.ended)
    )
    repetition = f"\x00{told_at_ms}" if notice.repeated else ""
    return hashlib.blake2b("\n".join((notice.sink, *parts, repetition)).encode(), digest_size=16).hexdigest()


def tellable_end(alert: Alert) -> bool:
    """Whether an ended alert's end is worth a notice: an edited or removed rule is told once for all its alerts."""
    return alert.why not in (Why.RULE_CHANGED, Why.RULE_REMOVED, Why.SHOWN)
