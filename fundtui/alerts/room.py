"""The alerts of a running market: readings in, transitions and notices out. No I/O, no clock, no asyncio.

Whoever runs it feeds `readings` (batches, time, events, health), then calls `take` for everything that has to become
durable together, commits it, and sends the deliveries in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from fundtui.alerts import pipeline
from fundtui.alerts.alert import Alert, Transition
from fundtui.alerts.defaults import SINK_FAILING
from fundtui.alerts.machine import INACTIVE, Phase, Told, Why
from fundtui.alerts.message import encode, message_of
from fundtui.alerts.pipeline import Notice
from fundtui.alerts.readings import Readings
from fundtui.alerts.records import Acknowledgement, Change, Delivery, Silence, Stored
from fundtui.alerts.records import Told as ToldRecord
from fundtui.alerts.rule import Rule
from fundtui.config.schema import Settings
from fundtui.status import Severity

NOTHING = Change()
PASS_EVERY_MS = 500
"""While no alert changes, notices that become due with time alone are looked for that often."""


SLICE = 500
"""So many alerts are looked at in one go where each costs something."""


Item = TypeVar("Item")


class SinkPace(msgspec.Struct, frozen=True, kw_only=True):
    """What one sink takes: how much, and from which severity on."""

    per_minute: int = 3
    per_hour: int = 20
    severity: Severity = Severity.INFO


class Room:
    """All alerts of one program. It goes on from the records that a store had kept.

    sinks  name -> what it takes; rules that name others are shown and not sent
    """

    def __init__(
        self, settings: Settings, rules: Sequence[Rule], sinks: Mapping[str, SinkPace], stored: Stored, now_ms: int,
        most_steps: int | None = None,
    ) -> None:  # fmt: skip
        """most_steps: as `Readings` takes it."""
        self.records = stored
        self.readings = Readings(now_ms, most_steps=most_steps)
        self.rules: dict[str, Rule] = {}
        self.sinks: dict[str, SinkPace] = {}
        self._pace = pipeline.Pace()
        self._passed_ms = -PASS_EVERY_MS
        self._ended: dict[str, Alert] = {}
        self._transitions: list[Transition] = []
        self._dirty: dict[str, Alert] = {}
        self._dropped: set[str] = set()
        self._sent_ms: dict[str, list[int]] = defaultdict(list)
        for delivery in stored.deliveries.values():
            self._sent_ms[delivery.sink].append(delivery.created_ms)
        self._take_over(stored.alerts.values(), settings, rules, sinks, now_ms)

    def configure(self, settings: Settings, rules: Sequence[Rule], sinks: Mapping[str, SinkPace], now_ms: int) -> None:
        """Take over rules and sinks. Alerts of rules that mean something else now are closed; the others go on."""
        self._gather()
        self._take_over(list(self.alerts()), settings, rules, sinks, now_ms)

    def _take_over(
        self, alerts: Iterable[Alert], settings: Settings, rules: Sequence[Rule], sinks: Mapping[str, SinkPace],
        now_ms: int,
    ) -> None:  # fmt: skip
        timing = settings.alerts
        self._pace = pipeline.Pace(
            round(timing.group_wait * 1000), round(timing.group_interval * 1000), round(timing.repeat * 1000)
        )
        self.sinks = dict(sinks)
        self.rules = {rule.name: rule for rule in rules}
        going: dict[str, dict[str, Alert]] = defaultdict(dict)
        for alert in alerts:
            rule = self.rules.get(alert.rule)
            if alert.state.phase is Phase.INACTIVE:
                self._ended[alert.fingerprint] = alert
            elif rule is None or not rule.in_use:
                self._close(alert, Why.RULE_REMOVED, now_ms)
            elif alert.version != rule.version:
                self._close(alert, Why.RULE_CHANGED, now_ms)
            else:
                going[rule.name][alert.subject.key] = alert
        self._dropped -= self._ended.keys()
        self.readings.set_rules((rule for rule in rules if rule.in_use), going)

    def _close(self, alert: Alert, why: Why, now_ms: int) -> None:
        if not alert.firing:
            self._dropped.add(alert.fingerprint)
            return
        ended = msgspec.structs.replace(
            alert, state=INACTIVE, number=max(alert.number + 1, now_ms), ended_ms=now_ms, since_ms=now_ms, why=why
        )
        self._ended[alert.fingerprint] = self._dirty[alert.fingerprint] = ended
        self._transitions.append(
            Transition(
                fingerprint=alert.fingerprint, number=ended.number, rule=alert.rule, version=alert.version,
                subject=alert.subject, told=Told.CLOSED, severity=alert.severity, time_ms=now_ms,
                text=f"{alert.text}, closed: {why}", why=why, fired_ms=alert.fired_ms,
            )
        )  # fmt: skip

    # --- out --------------------------------------------------------------------------------------

    def take(self, now_ms: int) -> Change:
        """All that has to become durable together, notices that are due included. The room has taken it over."""
        return _whole(self.taking(now_ms))

    def taking(self, now_ms: int) -> Generator[None, None, Change]:
        """`take` in small slices, for a loop that must not wait; what is found meanwhile is for the next time."""
        self._gather()
        if not (self._dirty or self._dropped or self._transitions) and 0 <= now_ms - self._passed_ms < PASS_EVERY_MS:
            return NOTHING
        sinks, alerts = self.sinks, tuple(self._tellable())
        notices = yield from self._due(alerts, sinks, now_ms)
        deliveries, told = yield from self._written(notices, sinks, now_ms)
        # What is very large is let go of in a turn of its own.
        del notices
        yield
        kept, forgotten, still = yield from self._sorted_out(alerts, told)
        del alerts, told
        yield
        if self.sinks is not sinks:
            # Rules and sinks were edited in between: all anew.
            return NOTHING
        self._passed_ms = now_ms
        for delivery in deliveries:
            sent_ms = self._sent_ms[delivery.sink]
            self._sent_ms[delivery.sink] = [one for one in sent_ms if now_ms - one < pipeline.HOUR_MS] + [now_ms]
        change = self._change(deliveries, kept, forgotten, still, now_ms)
        self._dirty.clear()
        self._dropped.clear()
        self._transitions.clear()
        self.records.apply(change)
        return change

    def _change(
        self, deliveries: tuple[Delivery, ...], told: tuple[ToldRecord, ...], forgotten: tuple[tuple[str, str], ...],
        still: set[str], now_ms: int,
    ) -> Change:  # fmt: skip
        for fingerprint in [fingerprint for fingerprint in self._ended if fingerprint not in still]:
            del self._ended[fingerprint]
            self._dirty.pop(fingerprint, None)
            self._dropped.add(fingerprint)
        over = self._dropped | self._ended.keys()
        return Change(
            alerts=tuple(self._dirty.values()),
            ended=tuple(self._dropped & self.records.alerts.keys()),
            transitions=tuple(self._transitions),
            deliveries=deliveries,
            told=told,
            forgotten=forgotten,
            unacknowledged=tuple(name for name in self.records.acknowledged if name in over),
            lifted=tuple(one.id for one in self.records.silences.values() if one.until_ms <= now_ms),
        )

    def _sorted_out(
        self, alerts: Iterable[Alert], told: Mapping[tuple[str, str], ToldRecord]
    ) -> Generator[None, None, tuple[tuple[ToldRecord, ...], tuple[tuple[str, str], ...], set[str]]]:
        """Which of the new records to keep, which groups need none any more, and what some sink takes for firing."""
        known = {alert.fingerprint for alert in alerts} | self._ended.keys()
        kept: list[ToldRecord] = []
        forgotten: list[tuple[str, str]] = []
        still: set[str] = set()
        for part in _parts({**self.records.told, **told}.items()):
            for key, one in part:
                if key[0] in self.sinks and not known.isdisjoint(one.numbers):
                    still.update(one.numbers)
                    if key in told:
                        kept.append(one)
                elif key in self.records.told:
                    forgotten.append(key)
            yield
        return tuple(kept), tuple(forgotten), still

    def _gather(self) -> None:
        """Take transitions and changed alerts from the readings."""
        self._transitions.extend(self.readings.transitions)
        told = self._told_fingerprints() if self.readings.changed else set()
        for fingerprint, alert in self.readings.changed.items():
            if fingerprint in self._ended and not alert.firing and alert.ended_ms is None:
                # Pending anew, or no longer, while its last end has still to be told: that is what has to be kept.
                continue
            if alert.state.phase is not Phase.INACTIVE:
                self._dirty[fingerprint] = alert
                self._ended.pop(fingerprint, None)
                self._dropped.discard(fingerprint)
            elif alert.ended_ms is not None and alert.why is not Why.SHOWN and fingerprint in told:
                self._ended[fingerprint] = self._dirty[fingerprint] = alert
            else:
                self._dirty.pop(fingerprint, None)
                self._dropped.add(fingerprint)
        self.readings.transitions.clear()
        self.readings.changed.clear()

    def _written(
        self, notices: Iterable[Notice], sinks: Mapping[str, SinkPace], now_ms: int
    ) -> Generator[None, None, tuple[tuple[Delivery, ...], dict[tuple[str, str], ToldRecord]]]:
        """The deliveries of notices, and what each sink knows once they are on their way."""
        deliveries = []
        told: dict[tuple[str, str], ToldRecord] = {}
        for notice in notices:
            sink = notice.sink
            before = [self.records.told.get((sink, group)) for group in notice.groups]
            key = pipeline.notice_key(notice, max((one.time_ms for one in before if one is not None), default=0))
            yield
            body = encode(message_of(notice, key, now_ms))
            deliveries.append(Delivery(key=key, sink=sink, created_ms=now_ms, due_ms=now_ms, body=body))
            yield
            by_group = yield from self._groups((*notice.firing, *notice.ended), sink, sinks[sink])
            for part in _parts(notice.groups):
                for group in part:
                    told[sink, group] = pipeline.told_after(sink, group, by_group.get(group, ()), now_ms)
                yield
        return tuple(deliveries), told

    def _due(
        self, alerts: Sequence[Alert], sinks: Mapping[str, SinkPace], now_ms: int
    ) -> Generator[None, None, list[Notice]]:
        open_ones = yield from self._open(alerts, now_ms)
        notices: list[Notice] = []
        for sink, takes in sinks.items():
            yield
            groups = yield from self._groups(open_ones, sink, takes)
            due: list[Notice] = []
            for part in _parts(groups.items()):
                for group, members in part:
                    told = self.records.told.get((sink, group))
                    notice = pipeline.due(sink, group, members, told, self.records.acknowledged, self._pace, now_ms)
                    if notice is not None:
                        due.append(notice)
                yield
            allowed = pipeline.allowance(self._sent_ms[sink], now_ms, takes.per_minute, takes.per_hour)
            due = _one_for_edits(due)
            yield
            notices.extend(pipeline.within_budget(due, allowed))
        return notices

    def _open(self, alerts: Sequence[Alert], now_ms: int) -> Generator[None, None, Sequence[Alert]]:
        """The alerts that nothing mutes."""
        known = pipeline.facts(one for rule in pipeline.MUTING for one in self.readings.alerts_of(rule))
        silences = [one for one in self.records.silences.values() if one.from_ms <= now_ms < one.until_ms]
        if known == pipeline.NO_FACTS and not silences:
            return alerts
        open_ones: list[Alert] = []
        for part in _parts(alerts):
            open_ones += [
                alert
                for alert in part
                if not pipeline.inhibited(alert, known) and pipeline.silenced(alert, silences, now_ms) is None
            ]
            yield
        return open_ones

    def _groups(
        self, alerts: Iterable[Alert], sink: str, takes: SinkPace
    ) -> Generator[None, None, dict[str, list[Alert]]]:
        """A sink's alerts by group; what it was told of stays in the group in which it was told."""
        told = yield from self._told_groups(sink)
        groups: dict[str, list[Alert]] = defaultdict(list)
        for part in _parts(alerts):
            for alert in part:
                group = told.get(alert.fingerprint)
                if group is None and self._goes_to(alert, sink, takes):
                    group = pipeline.group_of(alert, self.rules[alert.rule])
                if group is not None:
                    groups[group].append(alert)
            yield
        return dict(groups)

    def _goes_to(self, alert: Alert, sink: str, takes: SinkPace) -> bool:
        rule = self.rules.get(alert.rule)
        if rule is None or sink not in rule.notify or not alert.firing:
            return False
        if alert.rule == SINK_FAILING and alert.subject.key == sink:
            return False
        return pipeline.WEIGHT[alert.severity] >= pipeline.WEIGHT[takes.severity]

    def _told_groups(self, sink: str) -> Generator[None, None, dict[str, str]]:
        """Fingerprint -> the group in which a sink was last told that it fires."""
        groups = {}
        for part in _parts(self.records.told.items()):
            for (name, group), one in part:
                if name == sink:
                    groups.update(dict.fromkeys(one.numbers, group))
            yield
        return groups

    def _told_fingerprints(self) -> set[str]:
        """All that any sink takes for firing."""
        told: set[str] = set()
        for one in self.records.told.values():
            told.update(one.numbers)
        return told

    # --- reading and acting -----------------------------------------------------------------------

    def alerts(self) -> Iterator[Alert]:
        """All alerts that are not inactive, and those that ended and are not yet told."""
        yield from self.readings.alerts()
        yield from self._ended.values()

    def _tellable(self) -> Iterator[Alert]:
        """Each alert once: one that is pending anew stands behind its last end until that is told."""
        for alert in self.readings.alerts():
            if alert.fingerprint not in self._ended:
                yield alert
        yield from self._ended.values()

    def acknowledge(self, fingerprint: str, now_ms: int, by: str = "") -> Change:
        """See an alert: no repeats until it fires anew. The change has to be committed."""
        return self._do(Change(acknowledged=(Acknowledgement(fingerprint=fingerprint, time_ms=now_ms, by=by),)))

    def silence(self, silence: Silence) -> Change:
        """Keep matching alerts quiet. The change has to be committed."""
        return self._do(Change(silences=(silence,)))

    def lift(self, name: str) -> Change:
        """End a silence before its time. The change has to be committed."""
        return self._do(Change(lifted=(name,)))

    def _do(self, change: Change) -> Change:
        self.records.apply(change)
        return change


def _parts(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """Items as they are now, SLICE of them at a time."""
    whole = tuple(items)
    return (whole[start : start + SLICE] for start in range(0, len(whole), SLICE))


def _whole(slices: Generator[None, None, Change]) -> Change:
    """All slices at once."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            change: Change = end.value
            return change


def _one_for_edits(notices: list[Notice]) -> list[Notice]:
    """All ends that an edited or removed rule brought about, as one notice."""
    changed = [notice for notice in notices if _is_edit(notice)]
    if len(changed) < 2:
        return notices
    together = Notice(
        sink=changed[0].sink,
        groups=tuple(group for notice in changed for group in notice.groups),
        ended=tuple(alert for notice in changed for alert in notice.ended),
    )
    return [*(notice for notice in notices if not _is_edit(notice)), together]


def _is_edit(notice: Notice) -> bool:
    return not notice.firing and not any(pipeline.tellable_end(alert) for alert in notice.ended)
