"""Which instruments there are: rows for contracts, venues and their pace, and the journal of what changes."""

from __future__ import annotations

import numpy as np

from fundtui.imbalance.rows import Index, Where
from fundtui.market import Instrument, Quote
from fundtui.status import Event, EventKind, Severity
from fundtui.text import clean

MISSED_POLLS = 2
FIRST_CADENCE_S = 60.0
STILL_S, STILL_CADENCES, STILL_ROWS = 30.0, 3.0, 10
"""Prices of at least that many instruments that stand still for that long are not being updated any more."""
CADENCE_GAIN = 0.2


class VenueRows:
    """One venue's part: when it last answered, how often it does, and with which contracts in which rows.

    `rows` (and `where`, the same ones) belong to `contracts` and `quotes`, in the order of the last batch; `missing`
    are rows that the last batch lacked but that are not yet taken for gone. `learnt`: its contracts are known in full,
    so what differs from now on has changed. `still_ms`: since when its prices have not moved though it answers; -1:
    they do.
    """

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.observed_ms = -1
        self.cadence_s = FIRST_CADENCE_S
        self.cadence_given = False
        self.sampled_minute = -1
        self.learnt = False
        self.moved_ms = -1
        self.still_ms = -1
        self.contracts: tuple[Instrument, ...] = ()
        self.quotes: tuple[Quote, ...] = ()
        self.rows: Index = np.empty(0, np.intp)
        self.where: Where = self.rows
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

    def watch_movement(self, observed_ms: int, *, moved: bool, priced: int) -> bool:
        """Note whether any of the prices moved since the last batch; True where standing still began or ended.

        Prices that never moved are a recording, not a venue that hangs.
        """
        was_still = self.still_ms >= 0
        if moved:
            self.moved_ms, self.still_ms = observed_ms, -1
        elif self.moved_ms >= 0 and priced >= STILL_ROWS and not was_still:
            limit_s = max(STILL_S, STILL_CADENCES * self.cadence_s)
            self.still_ms = self.moved_ms if observed_ms - self.moved_ms > 1000.0 * limit_s else -1
        return was_still != (self.still_ms >= 0)


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


def stillness_event(venue: VenueRows) -> Event:
    """A venue that goes on answering with prices that stand still, or that they move again."""
    still = venue.still_ms >= 0
    since_s = (venue.observed_ms - venue.moved_ms) // 1000
    text = f"answers with prices that have not moved for {since_s}s: stale" if still else "prices move again"
    states = ("moving", "still") if still else ("still", "moving")
    return Event(
        time_ms=venue.observed_ms,
        kind=EventKind.STALE,
        text=clean(f"{venue.name} {text}"),
        severity=Severity.WARNING if still else Severity.INFO,
        venue=venue.name,
        before=states[0],
        after=states[1],
    )


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
