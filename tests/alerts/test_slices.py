"""Very many alerts at once: worked through in small turns, and nothing is lost between two of them."""

from __future__ import annotations

import numpy as np

from fundtui.alerts.machine import Told
from fundtui.alerts.message import decode
from fundtui.alerts.records import Change, Stored
from fundtui.alerts.room import Room
from fundtui.alerts.rule import rules_of
from fundtui.config.schema import AlertRule
from fundtui.imbalance.catalogue import Level
from tests.alerts.toys import HOURS_PER_YEAR, Market, settings

HOT = {
    "hot": AlertRule(when="abs(apr) > 50%", level=Level.INSTRUMENT),
    "warm": AlertRule(when="apr > 40%", level=Level.INSTRUMENT),
}
SUBJECTS = 30


def crowd(most_steps: int | None) -> Market:
    """A market of thirty instruments, all calm, whose room steps so many alerts in one go."""
    market = Market(settings(HOT))
    market.room = Room(market.settings, market.rules(), market.sinks, Stored(), market.now_ms, most_steps=most_steps)
    market.venues(up=("okx",))
    set_all(market, 0.1)
    return market


def set_all(market: Market, apr: float) -> None:
    rows = [
        market.write(Level.INSTRUMENT, f"okx A{number}", venue="okx", asset=f"A{number}", apr=apr / HOURS_PER_YEAR)
        for number in range(SUBJECTS)
    ]
    market.room.readings.observe(market.instruments, np.array(rows), market.now_ms, market.now_s)


def later_turns(market: Market) -> list[Change]:
    """The turns until nothing waits."""
    turns = []
    while market.room.readings.behind:
        market.room.readings.catch_up(market.now_ms, market.now_s)
        turns.append(market.take())
    return turns


def told(change: Change, what: Told) -> list[tuple[str, str]]:
    return sorted((one.rule, one.subject.key) for one in change.transitions if one.told is what)


EVERY = sorted((rule, f"okx A{number}") for rule in HOT for number in range(SUBJECTS))


def test_a_crowd_fires_in_turns_of_a_few_and_all_of_it_is_told() -> None:
    market = crowd(most_steps=7)
    set_all(market, 0.6)
    first = market.take()
    assert len(first.transitions) == 7
    turns = [first, *later_turns(market)]
    assert all(len(change.transitions) <= 7 for change in turns)
    assert sorted(pair for change in turns for pair in told(change, Told.FIRED)) == EVERY
    # Ends come in turns alike, and nothing is said twice.
    market.now_s += 60
    set_all(market, 0.1)
    turns = [market.take(), *later_turns(market)]
    assert sorted(pair for change in turns for pair in told(change, Told.RESOLVED)) == EVERY
    market.now_s += 61
    market.take()  # the last ends are told with the group's next notice
    assert list(market.room.alerts()) == []


def test_what_is_calm_again_before_its_turn_was_nothing() -> None:
    market = crowd(most_steps=7)
    set_all(market, 0.6)
    on = {(one.rule, one.subject.key) for one in market.take().transitions}
    set_all(market, 0.1)
    ends = told(market.take(), Told.RESOLVED)
    for change in later_turns(market):
        assert told(change, Told.FIRED) == []
        ends += told(change, Told.RESOLVED)
    assert set(ends) == on


def test_rules_edited_between_two_slices_lose_no_notice() -> None:
    market = crowd(most_steps=None)
    set_all(market, 0.6)
    slices = market.room.taking(market.now_ms)
    next(slices)
    only_hot = settings({"hot": HOT["hot"]})
    market.room.configure(only_hot, rules_of(only_hot), market.sinks, market.now_ms)
    left = None
    while left is None:
        try:
            next(slices)
        except StopIteration as end:
            left = end.value
    assert not left, "the turn is given up: its rules are no longer those in use"
    change = market.take()
    assert told(change, Told.FIRED) == EVERY
    assert told(change, Told.CLOSED) == [pair for pair in EVERY if pair[0] == "warm"]
    (message,) = (decode(one.body) for one in change.deliveries)
    assert {entry.rule for entry in message.alerts} == {"hot"}
    assert message.firing == SUBJECTS


def test_what_happens_between_two_slices_is_told_with_the_next_ones() -> None:
    market = crowd(most_steps=None)
    set_all(market, 0.6)
    slices = market.room.taking(market.now_ms)
    next(slices)
    market.set(Level.INSTRUMENT, "okx LATE", venue="okx", asset="LATE", apr=0.9 / HOURS_PER_YEAR)
    before = None
    while before is None:
        try:
            next(slices)
        except StopIteration as end:
            before = end.value
    assert told(before, Told.FIRED) == EVERY
    market.now_s += 61
    after = market.take()
    assert told(after, Told.FIRED) == [("hot", "okx LATE"), ("warm", "okx LATE")]
    assert any(entry.subject == "okx LATE" for one in after.deliveries for entry in decode(one.body).alerts)
