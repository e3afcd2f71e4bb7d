"""One suite over every store: what `Store` promises, in memory and in SQLite, before and after reopening."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fundtui.history.sqlite_store import SqliteStore
from fundtui.history.store import MemoryStore, Store, gaps
from fundtui.market import Batch
from fundtui.status import Event, EventKind, VenueHealth, VenueState
from fundtui.text import clean
from tests.history.market import ALPHA, BETA, DAY_MS, HOUR_MS, START_MS, batch, contract, rate, settlement

Reopen = Callable[[], Store]


@pytest.fixture(params=["memory", "sqlite", "sqlite reopened", "sqlite compacted"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Reopen]]:
    """A store to write to, and how to come to the one to read from."""
    kind = request.param
    if kind == "memory":
        memory = MemoryStore()
        yield memory, lambda: memory
        return
    opened = [SqliteStore(tmp_path, now_ms=START_MS)]

    def reopen() -> Store:
        if kind == "sqlite compacted":
            for _ in opened[-1].compact(START_MS + DAY_MS + HOUR_MS):
                pass
        if kind != "sqlite":
            opened.append(SqliteStore(tmp_path, now_ms=START_MS, writable=False))
        return opened[-1]

    yield opened[0], reopen
    for store in opened:
        store.close()


def plain(batches: list[Batch]) -> list[str]:
    """Batches in a form in which missing equals missing."""
    return list(map(repr, batches))


def test_polls_come_back_whole_and_in_order(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    sent = [batch(START_MS + 60_000 * step) for step in range(40)]
    others = [batch(START_MS + 60_000 * step + 500, BETA) for step in range(40)]
    store.append(sent[:1])
    store.append([*sent[1:], *others])
    expected = sorted([*sent, *others], key=lambda one: one.observed_ms)
    read = reopen()
    assert plain(list(read.polls(0))) == plain(expected)
    assert plain(list(read.polls(START_MS + 60_000, START_MS + 120_000))) == plain(expected[2:4])
    assert plain(read.latest()) == plain([sent[-1], others[-1]])
    assert plain(read.latest(START_MS + 60_001)) == plain([others[0], sent[1]])


def test_what_a_venue_tells_of_each_side_comes_back(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    polls = [batch(START_MS + 60_000 * k, received_rate=5e-5 + 1e-9 * k, oi_skew=-1 / 3) for k in range(3)]
    store.append(polls)
    for kept in (store, reopen()):
        found = [one.quotes[0] for one in kept.polls(START_MS)]
        assert [(one.received_rate, one.oi_skew) for one in found] == [(5e-5 + 1e-9 * k, -1 / 3) for k in range(3)]


def test_a_poll_is_kept_once_and_never_late(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    first, second = batch(START_MS + 5000), batch(START_MS + 1000)
    store.append([first])
    store.append([first, second])
    assert plain(list(reopen().polls(0))) == plain([first])


def test_new_polls_are_found_by_what_was_seen(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    sent = [batch(START_MS + 1000 * step) for step in range(4)]
    store.append([*sent, batch(START_MS + 500, BETA)])
    seen = {"alpha": sent[1].observed_ms, "beta": START_MS + 500}
    assert plain(reopen().after(seen)) == plain(sent[2:])


def test_contracts_may_change_come_and_go(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    hourly = contract("alpha", "BTCUSDT", interval_h=1.0, rate_period_h=1.0)
    sent = [
        batch(START_MS, ALPHA),
        batch(START_MS + 60_000, (hourly, *ALPHA[1:])),
        batch(START_MS + 120_000, ALPHA[1:]),
        batch(START_MS + 180_000, (ALPHA[2], hourly)),
    ]
    store.append(sent)
    read = reopen()
    assert plain(list(read.polls(0))) == plain(sent)
    series = read.series("alpha", "BTCUSDT", 0)
    assert series.time_ms.tolist() == [START_MS, START_MS + 60_000, START_MS + 180_000]
    assert series.period_h.tolist() == [8.0, 1.0, 1.0]
    assert series.hourly[0] == rate(START_MS, 0) / 8


def test_series_have_what_was_observed_and_nothing_else(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    times = [START_MS + DAY_MS - 600_000 + 60_000 * step for step in range(20) if step not in {3, 4}]
    store.append([batch(one) if one != times[5] else batch(one, rate=math.nan) for one in times])
    read = reopen()
    series = read.series("alpha", "ETHUSDT", 0)
    assert series.time_ms.tolist() == times
    expected = [rate(one, 1) if one != times[5] else math.nan for one in times]
    np.testing.assert_array_equal(series.rate, expected)
    part = read.series("alpha", "ETHUSDT", times[2], times[4])
    assert part.time_ms.tolist() == times[2:4]
    assert not len(read.series("alpha", "NOTHING", 0).time_ms)
    assert not len(read.series("nobody", "ETHUSDT", 0).time_ms)


def test_instruments_are_listed(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    store.append([batch(START_MS, ALPHA[:2]), batch(START_MS, BETA)])
    assert reopen().instruments() == [
        ("alpha", "BTCUSDT", "BTC"),
        ("alpha", "ETHUSDT", "ETH"),
        ("beta", "BTCUSDT", "BTC"),
    ]


def test_settlements_count_once_and_fill_in(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    paid = [settlement(START_MS + 8 * HOUR_MS * step, step * 1e-5) for step in range(200)]
    assert store.settle(paid[:100]) == 100
    assert store.settle(paid[50:]) == 100
    other_word = msgspec.structs.replace(paid[0], rate=0.5, price=100.0)
    assert store.settle([other_word]) == 0
    read = reopen().settlements("alpha", "BTCUSDT")
    assert [one.time_ms for one in read] == [one.time_ms for one in paid]
    assert [one.rate for one in read] == [one.rate for one in paid]
    assert read[0].price == 100.0
    assert math.isnan(read[1].price)
    part = reopen().settlements("alpha", "BTCUSDT", paid[95].time_ms, paid[98].time_ms)
    assert [one.rate for one in part] == [one.rate for one in paid[95:98]]


def test_a_rate_that_is_no_number_is_not_kept(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    assert store.settle([settlement(START_MS, math.nan)]) == 0
    assert reopen().settlements("alpha", "BTCUSDT") == []


def test_journal_values_and_health(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    events = [
        Event(time_ms=START_MS + step, kind=EventKind.LISTED, text=clean(f"entry {step}"), venue="alpha")
        for step in (3, 1, 2)
    ]
    store.note(events)
    store.keep({"a": b"1", "b": b""})
    store.keep({"a": b"2"})
    store.report([VenueHealth(venue="alpha", title="Alpha", state=VenueState.UP, rows=3, last_error=clean("odd"))])
    store.report([VenueHealth(venue="alpha", title="Alpha", state=VenueState.DOWN)])
    read = reopen()
    assert [one.text for one in read.events()] == ["entry 1", "entry 2", "entry 3"]
    assert [one.text for one in read.events(limit=1)] == ["entry 3"]
    assert read.events(START_MS + 2, START_MS + 3) == [events[2]]
    assert (read.kept("a"), read.kept("b"), read.kept("c")) == (b"2", b"", None)
    assert read.health()["alpha"].state is VenueState.DOWN


def test_gaps_lie_between_settlements_that_are_too_far_apart() -> None:
    paid = [settlement(START_MS + HOUR_MS * hour) for hour in (0, 8, 24, 32, 80)]
    assert gaps(paid) == [
        (START_MS + 8 * HOUR_MS, START_MS + 24 * HOUR_MS),
        (START_MS + 32 * HOUR_MS, START_MS + 80 * HOUR_MS),
    ]


def close(found: list[float], expected: list[float]) -> bool:
    """Equal, missing with missing."""
    return np.array_equal(np.array(found), np.array(expected), equal_nan=True)


def test_steps_are_the_last_values_of_five_minutes(stores: tuple[Store, Reopen]) -> None:
    """Polls at 0, 2, 4 | 5, 7, 9 | 20 minutes: three steps, with a hole of two."""
    store, reopen = stores
    minutes = (0, 2, 4, 5, 7, 9, 20)
    sent = {minute: batch(START_MS + 60_000 * minute, premium=minute * 1e-5) for minute in minutes}
    store.append(list(sent.values()))
    read = reopen()
    found = read.steps("alpha", "ETHUSDT", 0)
    assert found.time_ms.tolist() == [START_MS, START_MS + 300_000, START_MS + 1_200_000]
    last = [sent[minute].quotes[1] for minute in (4, 9, 20)]
    assert found.mark.tolist() == [one.mark for one in last]
    assert found.premium.tolist() == [4e-5, 9e-5, 2e-4]
    assert found.oi_base.tolist() == [2469.134] * 3
    assert found.oi_usd.tolist() == [one.oi_usd for one in last]
    inner = read.steps("alpha", "ETHUSDT", START_MS + 1, START_MS + 1_200_000)
    assert inner.time_ms.tolist() == [START_MS + 300_000]
    assert not len(read.steps("alpha", "NOTHING", 0).time_ms)


def test_a_premium_that_is_not_published_is_mark_over_index(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    store.append(
        [batch(START_MS, mark=102.0, index=100.0, oi_usd=7.5), batch(START_MS + 300_000, mark=102.0, index=0.0)]
    )
    found = reopen().steps("alpha", "BTCUSDT", 0)
    assert close(found.premium.tolist(), [math.nan, math.nan])
    assert close(found.basis.tolist(), [102.0 / 100.0 - 1.0, math.nan])
    assert close(found.premium_or_basis.tolist(), [102.0 / 100.0 - 1.0, math.nan])
    assert found.oi_usd[0] == 7.5


def test_an_instrument_that_a_poll_lacks_keeps_what_the_poll_before_said(stores: tuple[Store, Reopen]) -> None:
    store, reopen = stores
    store.append([batch(START_MS), batch(START_MS + 60_000, ALPHA[:1]), batch(START_MS + 600_000, ALPHA[:1])])
    read = reopen()
    found = read.steps("alpha", "PEPEUSDT", 0)
    assert found.time_ms.tolist() == [START_MS]
    assert found.mark.tolist() == [batch(START_MS).quotes[2].mark]
    assert read.steps("alpha", "BTCUSDT", 0).mark[0] == batch(START_MS + 60_000).quotes[0].mark
