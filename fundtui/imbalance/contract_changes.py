"""What changed about a contract between two polls, as events with before and after."""

from __future__ import annotations

import math

import msgspec

from fundtui.imbalance.clocks import ClockChange, clock_text
from fundtui.imbalance.registry import Registry, instrument_event
from fundtui.market import Instrument, Note
from fundtui.status import Event, EventKind, Severity

Terms = dict[EventKind, str]

TITLES = {
    EventKind.INTERVAL_CHANGED: "interval",
    EventKind.CAP_CHANGED: "cap",
    EventKind.FLOOR_CHANGED: "floor",
    EventKind.MULTIPLIER_CHANGED: "multiplier",
    EventKind.STATUS_CHANGED: "status",
}
MINOR = frozenset({EventKind.CAP_CHANGED, EventKind.FLOOR_CHANGED})


def terms_of(contract: Instrument) -> Terms:
    """What a contract says about itself, in words; what it does not say is left out."""
    terms = {
        EventKind.MULTIPLIER_CHANGED: f"{contract.multiplier:g}",
        EventKind.STATUS_CHANGED: contract.status.value,
    }
    if Note.DELISTING_ANNOUNCED in contract.notes:
        terms[EventKind.STATUS_CHANGED] += ", delisting announced"
    if contract.continuous:
        terms[EventKind.INTERVAL_CHANGED] = "continuous"
    elif not math.isnan(contract.interval_h):
        terms[EventKind.INTERVAL_CHANGED] = f"{contract.interval_h:g}h"
    if not math.isnan(contract.cap):
        terms[EventKind.CAP_CHANGED] = f"{contract.cap * 100:+.4g}%"
    if not math.isnan(contract.floor):
        terms[EventKind.FLOOR_CHANGED] = f"{contract.floor * 100:+.4g}%"
    return terms


def same_formula(before: Instrument, after: Instrument) -> bool:
    """Whether interval and rule are what they were, so that an average over both means something.

    What neither of them says is the same: rules that come from a record are other objects with the same gaps.
    """
    if before.interval_h == after.interval_h and before.rule == after.rule:
        return True
    was = (before.interval_h, *msgspec.structs.astuple(before.rule))
    now = (after.interval_h, *msgspec.structs.astuple(after.rule))
    return all(x == y or (x != x and y != y) for x, y in zip(was, now, strict=True))


class ContractChanges:
    """Remembers what was last known of each contract: becoming known is no change, and being forgotten is none."""

    def __init__(self) -> None:
        self._forgotten: dict[int, Terms] = {}

    def between(self, row: int, before: Instrument, after: Instrument, time_ms: int) -> list[Event]:
        """One event per kind of change of the contract in a row, unknown ones bridged."""
        was = self._forgotten.pop(row, {}) | terms_of(before)
        now = terms_of(after)
        forgotten = {kind: text for kind, text in was.items() if kind not in now}
        if forgotten:
            self._forgotten[row] = forgotten
        return [
            _changed(kind, after, time_ms, TITLES[kind], was[kind], now[kind])
            for kind in TITLES
            if kind in was and kind in now and was[kind] != now[kind]
        ]


def clock_events(change: ClockChange, registry: Registry, interval_min: dict[int, float], time_ms: int) -> list[Event]:
    """Settlement clocks that are others now. `interval_min`: row -> its interval."""
    return [
        _changed(
            EventKind.SETTLEMENT_CLOCK_CHANGED,
            registry.contracts[row],
            time_ms,
            "settlements",
            clock_text(was, interval_min[row]),
            clock_text(now, interval_min[row]),
        )
        for row, was, now in zip(
            change.rows.tolist(), change.before_min.tolist(), change.after_min.tolist(), strict=True
        )
    ]


def listed(contract: Instrument, time_ms: int, *, again: bool) -> Event:
    """A contract that the venue did not list before."""
    text = f"{contract.venue} {contract.asset_id} listed{' again' if again else ''} ({contract.symbol})"
    return instrument_event(EventKind.LISTED, contract, time_ms, text, before="unlisted", after=contract.status.value)


def unlisted(contract: Instrument, time_ms: int) -> Event:
    """A contract that the venue lists no longer."""
    text = f"{contract.venue} {contract.asset_id} no longer listed ({contract.symbol})"
    return instrument_event(
        EventKind.DELISTED, contract, time_ms, text, Severity.WARNING, contract.status.value, "unlisted"
    )


def _changed(kind: EventKind, contract: Instrument, time_ms: int, what: str, was: str, now: str) -> Event:
    severity = Severity.INFO if kind in MINOR else Severity.WARNING
    text = f"{contract.venue} {contract.asset_id} {what} {was} → {now}"
    return instrument_event(kind, contract, time_ms, text, severity, was, now)
