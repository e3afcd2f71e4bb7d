"""Prices against their asset: what is left out, when that turns, and what of it the journal hears."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from fundtui.imbalance.calculator import Calculator
from fundtui.market import NAN, Batch, Note, Quote, Reason
from fundtui.status import Event, EventKind

from .builders import START_MS, batch, contract, quote

OUT, BACK = EventKind.QUARANTINED, EventKind.QUARANTINE_OVER
PRICE_KINDS = frozenset({OUT, BACK})


class Prices:
    """A calculator that is told prices of BTC, venue by venue, ten seconds apart."""

    def __init__(self) -> None:
        self.calculator = Calculator(capacity=4)
        self.now_ms = START_MS
        self.events: list[Event] = []

    def say(self, venue: str, price: float, **changes: Any) -> list[EventKind]:
        self.now_ms += 10_000
        fields = {"index": price, "mark": price, "last": price} | changes
        return self.apply(batch(venue, self.now_ms, quote(contract(venue), self.now_ms, **fields)))

    def apply(self, one: Batch) -> list[EventKind]:
        found = self.calculator.apply(one, self.now_ms).events
        self.events += found
        return [event.kind for event in found if event.kind in PRICE_KINDS]

    def out(self) -> set[str]:
        """The venues whose instrument is left out because of its price."""
        names = self.calculator.instruments.keys
        return {
            name.partition(" ")[0]
            for row, name in enumerate(names)
            if Reason.PRICE_MISMATCH in self.calculator.reasons(row)
        }


def agreed(*venues: str) -> Prices:
    """Venues that have agreed on 100."""
    prices = Prices()
    for _ in range(2):
        for venue in venues:
            prices.say(venue, 100.0)
    return prices


def test_an_accepted_instrument_is_left_out_after_three_of_its_own_observations() -> None:
    prices = agreed("a", "b", "c")
    assert [prices.say("c", 110.0) for _ in range(3)] == [[], [], [OUT]]
    assert prices.out() == {"c"}
    assert [prices.say("c", 100.0) for _ in range(3)] == [[], [], [BACK]]
    assert prices.out() == set()


def test_polls_of_the_other_venues_do_not_count() -> None:
    prices = agreed("a", "b", "c")
    prices.say("c", 110.0)
    for _ in range(5):
        assert prices.say("a", 100.0) == []
        assert prices.say("b", 100.0) == []
    assert prices.out() == set()


def test_an_observation_that_fits_starts_the_count_again() -> None:
    prices = agreed("a", "b", "c")
    told = [prices.say("c", price) for price in (110.0, 110.0, 100.0, 110.0, 110.0, 100.0)]
    assert told == [[]] * 6


def test_an_unchanged_price_counts_again_at_each_poll() -> None:
    prices = agreed("a", "b", "c")
    assert [prices.say("c", 110.0) for _ in range(3)][2] == [OUT]


def test_what_is_listed_new_is_judged_at_once() -> None:
    prices = agreed("a", "b", "c")
    prices.say("d", 100.0)
    now_ms = prices.now_ms + 10_000
    other = replace(contract("d"), symbol="BTC2USDT")
    found = prices.apply(batch("d", now_ms, quote(contract("d"), now_ms), quote(other, now_ms, index=7.0, mark=7.0)))
    assert found == [OUT]
    assert prices.out() == {"d"}


def test_what_a_venue_begins_with_is_left_out_at_once_and_silently() -> None:
    prices = agreed("a", "b")
    assert prices.say("c", 7.0) == []
    assert prices.out() == {"c"}


def test_who_answers_first_does_not_matter() -> None:
    """`a` stands alone against `b` until `c` shows that `a` was right."""
    prices = Prices()
    prices.say("a", 100.0, oi_usd=1.0)
    prices.say("b", 50.0, oi_usd=1e9)
    assert prices.out() == {"a"}
    prices.say("c", 100.0, oi_usd=1.0)
    assert prices.out() == {"b"}
    assert [event.kind for event in prices.events] == []


def test_a_venue_that_still_learns_says_nothing_about_others_prices() -> None:
    """Two coins of one ticker: the larger one has not told yet that it is a share."""
    prices = Prices()
    prices.say("a", 100.0, oi_usd=1.0)
    now_ms = prices.now_ms + 10_000
    wrong = quote(contract("b"), now_ms, index=300.0, mark=300.0, oi_usd=1e9)
    prices.apply(replace(batch("b", now_ms, wrong), learning=True))
    assert prices.out() == {"b"}


def test_late_data_is_not_held_against_prices() -> None:
    prices = agreed("a", "b", "c")
    for venue in "abc":
        prices.calculator.set_cadence(venue, 30.0)
    last_ms = prices.now_ms
    # c falls silent while the price runs away by a tenth.
    for step in range(1, 12):
        prices.now_ms = last_ms + step * 30_000
        for venue in "ab":
            prices.apply(batch(venue, prices.now_ms, quote(contract(venue), prices.now_ms, index=110.0, mark=110.0)))
        prices.calculator.tick(prices.now_ms)
    assert prices.out() == set()
    assert Reason.STALE in prices.calculator.reasons(prices.calculator.instruments.index["c BTCUSDT"])
    assert not PRICE_KINDS & {event.kind for event in prices.events}


@pytest.mark.parametrize(("mark", "left_out"), [(104.0, set()), (107.0, {"c"})])
def test_a_mark_alone_has_more_room_against_indexes(mark: float, left_out: set[str]) -> None:
    prices = agreed("a", "b")
    prices.say("c", NAN, mark=mark)
    assert prices.out() == left_out


def test_marks_are_compared_strictly_where_nobody_has_an_index() -> None:
    prices = Prices()
    for venue, mark in (("a", 100.0), ("b", 100.0), ("c", 104.0)):
        prices.say(venue, NAN, mark=mark)
    assert prices.out() == {"c"}


def test_an_index_that_is_a_mark_counts_as_a_mark() -> None:
    prices = agreed("a", "b")
    now_ms = prices.now_ms + 10_000
    marked = replace(contract("c"), notes=(Note.INDEX_IS_MARK,))
    prices.apply(batch("c", now_ms, quote(marked, now_ms, index=104.0, mark=104.0)))
    assert prices.out() == set()


def still_venue(count: int) -> list[list[Quote]]:
    """Polls ten seconds apart whose prices move until 60 s and then stand still for 120 s."""
    polls = []
    for step in range(19):
        at_ms = START_MS + step * 10_000
        price = 100.0 + min(step, 6)
        polls.append([quote(contract("a", f"C{number}"), at_ms, index=price, mark=price) for number in range(count)])
    return polls


def test_a_venue_whose_prices_stand_still_is_stale_though_it_answers() -> None:
    calculator, events = Calculator(capacity=16), list[Event]()
    calculator.set_cadence("a", 10.0)
    for quotes in still_venue(12):
        at_ms = quotes[0].observed_ms
        events += calculator.apply(batch("a", at_ms, *quotes), at_ms).events
        events += calculator.tick(at_ms).events
    stale = [event for event in events if event.kind is EventKind.STALE]
    # Still since second 60; more than max(30 s, three polls) is over at the poll of second 100.
    assert [(event.time_ms - START_MS, event.before, event.after) for event in stale] == [(100_000, "moving", "still")]
    assert Reason.STALE in calculator.reasons(0)
    later_ms = START_MS + 190_000
    moved = [quote(contract("a", f"C{number}"), later_ms, index=120.0, mark=120.0) for number in range(12)]
    over = calculator.apply(batch("a", later_ms, *moved), later_ms).events
    assert [(event.before, event.after) for event in over if event.kind is EventKind.STALE] == [("still", "moving")]
    assert calculator.reasons(0) == ()


def test_a_few_instruments_or_a_recording_may_stand_still() -> None:
    for quotes_of in (still_venue(5), still_venue(12)[7:]):
        calculator, events = Calculator(capacity=16), list[Event]()
        for quotes in quotes_of:
            at_ms = quotes[0].observed_ms
            events += calculator.apply(batch("a", at_ms, *quotes), at_ms).events
        assert EventKind.STALE not in {event.kind for event in events}
