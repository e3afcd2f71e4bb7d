"""Which instruments there are: rows for contracts, venues and their pace, and the journal of what changes."""

from __future__ import annotations

import math

import numpy as np

from fundtui.imbalance.rows import Index
from fundtui.market import Instrument, Quote
from fundtui.status import Event, EventKind, Severity
from fundtui.text import clean

MISSED_POLLS = 2
FIRST_CADENCE_S = 60.0
CADENCE_GAIN = 0.2


class VenueRows:
    """One venue's part: when it last answered, how often it does, and with which contracts in which rows.

    `rows` belong to `contracts` and `quotes`, in the order of the last batch; `missing` are rows that the last batch
    did not have but that are not yet taken for gone.
    """

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.observed_ms = -1
        self.cadence_s = FIRST_CADENCE_S
        self.cadence_given = False
        self.sampled_minute = -1
        self.contracts: tuple[Instrument, ...] = ()
        self.quotes: tuple[Quote, ...] = ()
        self.rows: Index = np.empty(0, np.intp)
        self.missing: Index = np.empty(0, np.intp)

    @property
    def answered(self) -> bool:
        """Whether there was a batch at all."""
        return self.observed_ms >= 0

    def observe(self, observed_ms: int) -> None:
        """Learn the pace of the venue's batches unless it was given; a hole is not a pace."""
        step_s = (observed_ms - self.observed_ms) / 1000.0
        if self.answered and not self.cadence_given and 0.0 < step_s <= 3.0 * self.cadence_s:
            self.cadence_s += CADENCE_GAIN * (step_s - self.cadence_s)
        self.observed_ms = observed_ms


class Registry:
    """Contracts and their rows. `row_of` is keyed by the contract itself: venues hand out the same object each time."""

    def __init__(self) -> None:
        self.row_of: dict[Instrument, int] = {}
        self.row_named: dict[tuple[str, str], int] = {}
        self.contracts: list[Instrument] = []
        self.venues: dict[str, VenueRows] = {}

    def venue(self, name: str) -> VenueRows:
        """The venue's part, made on first sight."""
        known = self.venues.get(name)
        if known is None:
            known = self.venues[name] = VenueRows(len(self.venues), name)
        return known

    def add(self, contract: Instrument) -> int:
        """A row for an instrument that was never seen before."""
        row = len(self.contracts)
        self.contracts.append(contract)
        self.row_named[contract.venue, contract.symbol] = row
        self.row_of[contract] = row
        return row

    def replace(self, row: int, contract: Instrument) -> Instrument:
        """Note that a row's contract is another one now; returns the one before."""
        before = self.contracts[row]
        self.row_of.pop(before, None)
        self.row_of[contract] = row
        self.contracts[row] = contract
        return before


def contract_events(before: Instrument, after: Instrument, time_ms: int) -> list[Event]:
    """What changed about a contract, one event per kind, with before and after."""
    found = []
    for kind, was, now, what in (
        (EventKind.INTERVAL_CHANGED, _hours(before), _hours(after), "interval"),
        (EventKind.CAP_CHANGED, _bounds(before), _bounds(after), "caps"),
        (EventKind.MULTIPLIER_CHANGED, f"{before.multiplier:g}", f"{after.multiplier:g}", "multiplier"),
        (EventKind.STATUS_CHANGED, before.status.value, after.status.value, "status"),
    ):
        if was != now:
            severity = Severity.INFO if kind is EventKind.CAP_CHANGED else Severity.WARNING
            text = f"{after.venue} {after.asset_id} {what} {was} → {now}"
            found.append(instrument_event(kind, after, time_ms, text, severity, was, now))
    return found


def instrument_event(
    kind: EventKind,
    contract: Instrument,
    time_ms: int,
    text: str,
    severity: Severity = Severity.INFO,
    before: str = "",
    after: str = "",
) -> Event:
    """An event about one instrument."""
    return Event(
        time_ms=time_ms,
        kind=kind,
        text=clean(text),
        severity=severity,
        venue=contract.venue,
        symbol=contract.symbol,
        asset=contract.asset_id,
        before=before,
        after=after,
    )


def _hours(contract: Instrument) -> str:
    if contract.continuous:
        return "continuous"
    return "unknown" if math.isnan(contract.interval_h) else f"{contract.interval_h:g}h"


def _bounds(contract: Instrument) -> str:
    if math.isnan(contract.cap) and math.isnan(contract.floor):
        return "unknown"
    return f"{contract.floor * 100:+.4g}%..{contract.cap * 100:+.4g}%"
