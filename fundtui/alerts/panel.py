"""The rows of an alert panel, kept from look to look: of thousands of alerts only those that changed are worked out."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import NamedTuple

from fundtui.alerts import pipeline
from fundtui.alerts.alert import Alert, Transition
from fundtui.alerts.book import ORDER, AlertRow, counts, muted_by, row_of, row_of_end
from fundtui.alerts.machine import Phase, Told
from fundtui.alerts.records import Acknowledgement, Stored
from fundtui.alerts.summary import AlertCounts

PART = 500
"""So many rows are worked out in one go."""

Order = tuple[int, bool, int, int]


class _Made(NamedTuple):
    """A row, its place, and what it was made of."""

    order: Order
    row: AlertRow
    source: Alert | Transition
    muted: str = ""
    acknowledged: Acknowledgement | None = None


class Panel:
    """Alerts as rows: firing first, weightiest and newest first, those that are over at the end.

    `rows` and `counts` are those of the last look.
    """

    def __init__(self) -> None:
        self.rows: list[AlertRow] = []
        self.counts = AlertCounts()
        self._made: dict[str, _Made] = {}

    def look(self, alerts: Iterable[Alert], records: Stored, now_ms: int, over: Iterable[Transition] = ()) -> None:
        """Work out the rows. `over`: ends to show after those that go on."""
        for _ in self.looking(alerts, records, now_ms, over):
            pass

    def looking(
        self, alerts: Iterable[Alert], records: Stored, now_ms: int, over: Iterable[Transition] = ()
    ) -> Generator[None, None, None]:
        """`look` in small slices, for a loop that must not wait."""
        listed = tuple(alerts)
        known = pipeline.facts(listed)
        silences = [one for one in records.silences.values() if one.from_ms <= now_ms < one.until_ms]
        before, found = self._made, {}
        made = 0
        for alert in listed:
            if alert.state.phase not in (Phase.FIRING, Phase.RECOVERING, Phase.PENDING):
                continue
            name, muted = alert.fingerprint, muted_by(alert, known, silences, now_ms)
            acknowledged, last = records.acknowledged.get(name), before.get(name)
            if last is None or last.source is not alert or last.muted != muted or last.acknowledged is not acknowledged:
                row = row_of(alert, muted, acknowledged)
                last = _Made(_order(row), row, alert, muted, acknowledged)
                made += 1
                if made % PART == 0:
                    yield
            found[name] = last
        yield
        for one in over:
            name = one.fingerprint
            if one.told not in (Told.RESOLVED, Told.CLOSED) or name in found:
                continue
            last = before.get(name)
            if last is None or last.source is not one:
                row = row_of_end(one)
                last = _Made(_order(row), row, one)
                made += 1
                if made % PART == 0:
                    yield
            found[name] = last
        self._made = found
        yield
        self.rows = [one.row for one in sorted(found.values(), key=_place)]
        self.counts = counts(self.rows, 0)


def _place(made: _Made) -> Order:
    return made.order


def _order(row: AlertRow) -> Order:
    return ORDER[row.standing], row.acknowledged_ms is not None, -pipeline.WEIGHT[row.severity], -row.since_ms
