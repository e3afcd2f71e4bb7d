"""Every change of a contract between two polls is one event with before and after, and nothing else is one."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from fundtui.imbalance.calculator import Calculator
from fundtui.market import NAN, Instrument, Note, Status
from fundtui.status import Event, EventKind

from .builders import HOUR_MS, START_MS, batch, contract, quote


def events_of(*polls: list[Instrument], partial: bool = False, learning: int = 0) -> list[Event]:
    """What a venue's polls, ten seconds apart, come to; the first `learning` of them while it still learns."""
    calculator, found = Calculator(capacity=4), list[Event]()
    for step, contracts in enumerate(polls):
        at_ms = START_MS + 10_000 * step
        one = batch("a", at_ms, *(quote(each, at_ms, reasons=each.excluded) for each in contracts))
        found += calculator.apply(replace(one, partial=partial, learning=step < learning), at_ms).events
    return found


def told(events: list[Event]) -> list[tuple[str, str, str]]:
    return [(event.kind.value, event.before, event.after) for event in events]


CHANGES: list[tuple[dict[str, Any], tuple[str, str, str]]] = [
    ({"interval_h": 1.0, "rate_period_h": 1.0}, ("interval_changed", "8h", "1h")),
    ({"cap": 0.03}, ("cap_changed", "+2%", "+3%")),
    ({"floor": -0.005}, ("floor_changed", "-2%", "-0.5%")),
    ({"multiplier": 1000.0}, ("multiplier_changed", "1", "1000")),
    ({"status": Status.SUSPENDED}, ("status_changed", "trading", "suspended")),
    ({"notes": (Note.DELISTING_ANNOUNCED,)}, ("status_changed", "trading", "trading, delisting announced")),
    ({"continuous": True, "interval_h": NAN}, ("interval_changed", "8h", "continuous")),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES, ids=[expected[0] for _, expected in CHANGES])
def test_a_change_is_told_with_before_and_after(change: dict[str, Any], expected: tuple[str, str, str]) -> None:
    before = contract("a")
    events = events_of([before], [replace(before, **change)])
    assert told(events) == [expected]
    assert (events[0].venue, events[0].symbol, events[0].asset) == ("a", "BTCUSDT", "BTC")


@pytest.mark.parametrize(
    "unknown",
    [{"interval_h": NAN, "rate_period_h": NAN}, {"cap": NAN}, {"floor": NAN}],
    ids=["interval", "cap", "floor"],
)
def test_becoming_known_and_being_forgotten_is_no_change(unknown: dict[str, Any]) -> None:
    known = contract("a")
    assert told(events_of([replace(known, **unknown)], [known], [replace(known, **unknown)], [known])) == []


def test_a_change_while_it_was_not_known_is_told_when_it_is_known_again() -> None:
    known = contract("a")
    unknown = replace(known, interval_h=NAN, rate_period_h=NAN)
    after = replace(known, interval_h=4.0, rate_period_h=4.0)
    assert told(events_of([known], [unknown], [after])) == [("interval_changed", "8h", "4h")]


def test_what_a_venue_learns_about_its_own_contracts_is_no_change() -> None:
    first = contract("a")
    polls = (
        [first],
        [replace(first, cap=0.03), contract("a", "ETH")],
        [replace(first, cap=0.04), contract("a", "ETH")],
    )
    assert told(events_of(*polls, learning=2)) == []
    assert told(events_of(*polls, learning=1)) == [("cap_changed", "+3%", "+4%")]


def test_listing_and_delisting() -> None:
    one, two = contract("a"), contract("a", "ETH")
    assert told(events_of([one], [one, two])) == [("listed", "unlisted", "trading")]
    assert told(events_of([one, two], [one], [one])) == [("delisted", "trading", "unlisted")]
    assert told(events_of([one, two], [one], [one, two])) == []


def test_rows_missing_of_a_partial_poll_are_not_delisted_but_age() -> None:
    one, two = contract("a"), contract("a", "ETH")
    assert told(events_of([one, two], [one], [one], [one], partial=True)) == []


MINUTE_MS = 60_000


def clock_events(polls: list[tuple[int, float, int]]) -> list[tuple[int, str, str]]:
    """(minute of the poll, interval in hours, next settlement in hours after the start) -> (minute, before, after)."""
    calculator, found = Calculator(capacity=4), list[tuple[int, str, str]]()
    for minute, hours, next_h in polls:
        at_ms = START_MS + minute * MINUTE_MS
        what = contract("a", interval_h=hours, rate_period_h=hours)
        one = batch("a", at_ms, quote(what, at_ms, next_funding_ms=START_MS + next_h * HOUR_MS))
        found += [
            (minute, event.before, event.after)
            for event in calculator.apply(one, at_ms).events
            if event.kind is EventKind.SETTLEMENT_CLOCK_CHANGED
        ]
    return found


def test_another_settlement_clock_is_told_once_it_stands() -> None:
    polls = [(minute, 8.0, 8 if minute < 5 else 12) for minute in range(30)]
    # Ten minutes after minute 5, so that an interval that another endpoint tells of later is not taken for a clock.
    assert clock_events(polls) == [(15, "00:00 08:00 16:00", "04:00 12:00 20:00")]


def test_settling_moves_on_and_is_no_other_clock() -> None:
    polls = [(minute, 8.0, 8 if minute < 480 else 16) for minute in range(470, 500)]
    assert clock_events(polls) == []


def test_another_interval_is_not_another_clock() -> None:
    # The next settlement comes first by one endpoint, the interval five minutes later by another.
    polls = [(minute, 8.0 if minute < 10 else 1.0, 8 if minute < 5 else 1) for minute in range(50)]
    assert clock_events(polls) == []


def test_a_clock_that_flickers_is_no_change() -> None:
    polls = [(minute, 8.0, 12 if minute % 3 == 0 else 8) for minute in range(1, 40)]
    assert clock_events(polls) == []
