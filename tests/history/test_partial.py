"""Polls that are not whole: rows that a venue still lists are missing, or what its contracts are is not known yet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from fundtui.clock import LoopClock
from fundtui.history.player import Player
from fundtui.history.record import warm_up
from fundtui.history.settler import Settler
from fundtui.history.sqlite_store import SqliteStore
from fundtui.history.store import MemoryStore, Store
from fundtui.imbalance.calculator import Calculator
from fundtui.market import Batch, Quote
from fundtui.simulation.loop import run_virtual
from tests.history.market import ALPHA, DAY_MS, HOUR_MS, START_MS, batch, contract

MINUTE_MS = 60_000


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path, now_ms=START_MS)
    yield opened
    opened.close()


def part(time_ms: int, **changes: bool) -> Batch:
    """A poll that has the first two contracts only."""
    return replace(batch(time_ms, ALPHA[:2]), **({"partial": True} | changes))


def test_what_a_poll_was_is_kept(store: Store) -> None:
    sent = [
        batch(START_MS),
        part(START_MS + MINUTE_MS),
        replace(batch(START_MS + 2 * MINUTE_MS), learning=True),
        part(START_MS + 3 * MINUTE_MS, learning=True),
        batch(START_MS + 4 * MINUTE_MS),
    ]
    store.append(sent)
    assert [(one.partial, one.learning) for one in store.polls(0)] == [
        (False, False), (True, False), (False, True), (True, True), (False, False),
    ]  # fmt: skip
    assert list(map(repr, store.polls(0))) == list(map(repr, sent))


def test_a_partial_last_poll_comes_with_the_last_whole_one(store: Store) -> None:
    store.append([batch(START_MS + MINUTE_MS * step) for step in range(3)])
    store.append([part(START_MS + MINUTE_MS * step) for step in range(3, 6)])
    assert [(one.observed_ms, len(one.quotes)) for one in store.latest()] == [
        (START_MS + 2 * MINUTE_MS, 3),
        (START_MS + 5 * MINUTE_MS, 2),
    ]
    store.append([batch(START_MS + 6 * MINUTE_MS)])
    assert [one.observed_ms for one in store.latest()] == [START_MS + 6 * MINUTE_MS]


def names(calculator: Calculator) -> set[str]:
    table = calculator.instruments
    return {name for name, row in table.index.items() if table.alive[row]}


def test_a_warm_start_has_what_a_partial_poll_left_out(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, now_ms=START_MS)
    store.append([batch(START_MS), *(part(START_MS + MINUTE_MS * step) for step in range(1, 5))])
    store.close()
    calculator = Calculator()
    warmth = warm_up(tmp_path, calculator, START_MS + 5 * MINUTE_MS)
    assert names(calculator) == {"alpha BTCUSDT", "alpha ETHUSDT", "alpha PEPEUSDT"}
    assert warmth.seen == {"alpha": START_MS + 4 * MINUTE_MS}
    assert not [one for one in warmth.events if one.kind == "unlisted"]


@pytest.mark.parametrize(("partial", "there"), [(True, True), (False, False)])
def test_a_replay_delists_only_what_whole_polls_left_out(tmp_path: Path, partial: bool, there: bool) -> None:
    store = SqliteStore(tmp_path, now_ms=START_MS)
    store.append([batch(START_MS), *(part(START_MS + MINUTE_MS * step, partial=partial) for step in range(1, 5))])
    store.close()

    async def play() -> None:
        player = Player(tmp_path, Calculator, at_ms=START_MS + 4 * MINUTE_MS, base=LoopClock(0))
        assert ("alpha PEPEUSDT" in names(player.scene().calculator)) is there
        player.close()

    run_virtual(play())


def test_absence_from_a_partial_poll_is_no_sample(tmp_path: Path) -> None:
    """Compacted: the missing instrument has no sample there, no zero and no value of before; the others do."""
    store = SqliteStore(tmp_path, now_ms=START_MS)
    store.append([(part if step % 3 else batch)(START_MS + MINUTE_MS * step) for step in range(60)])
    for _ in store.compact(START_MS + DAY_MS + HOUR_MS):
        pass
    missing, whole = store.series("alpha", "PEPEUSDT", 0), store.series("alpha", "BTCUSDT", 0)
    assert missing.time_ms.tolist() == [START_MS + MINUTE_MS * step for step in range(0, 60, 3)]
    assert len(whole.time_ms) == 60
    assert np.isfinite(missing.rate).all()
    assert [bar.count for bar in store.bars("alpha", "PEPEUSDT", 0)] == [20]
    store.close()


def settled_by(polls: list[Batch]) -> list[tuple[int, float, float]]:
    settler = Settler()
    return [(one.time_ms, one.rate, one.interval_h) for poll in polls for one in settler.observe(poll)]


@pytest.fixture
def poll() -> Callable[..., Batch]:
    """A poll of one contract that pays at START + 8 h; while it is learnt, neither interval nor period is known."""

    def make(time_ms: int, next_ms: int, paid: float, *, learning: bool = False) -> Batch:
        unknown = {"interval_h": math.nan, "rate_period_h": math.nan} if learning else {}
        quote = Quote(contract("alpha", "BTCUSDT", **unknown), time_ms, next_funding_ms=next_ms, settled_rate=paid)
        return Batch(venue="alpha", observed_ms=time_ms, quotes=(quote,), learning=learning)

    return make


def test_a_payment_that_was_first_seen_while_learning_is_kept(poll: Callable[..., Batch]) -> None:
    due, after = START_MS + 8 * HOUR_MS, START_MS + 16 * HOUR_MS
    polls = [
        poll(START_MS, due, 0.0001, learning=True),
        poll(START_MS + MINUTE_MS, due, 0.0001),
        poll(due + MINUTE_MS, after, 0.0003),
    ]
    assert settled_by(polls) == [(due, 0.0003, 8.0)]


def test_a_payment_that_is_told_while_learning_waits_for_its_terms(poll: Callable[..., Batch]) -> None:
    due, after = START_MS + 8 * HOUR_MS, START_MS + 16 * HOUR_MS
    polls = [
        poll(START_MS, due, 0.0001),
        poll(due + MINUTE_MS, after, 0.0003, learning=True),
        poll(due + 2 * MINUTE_MS, after, 0.0003),
    ]
    assert settled_by(polls) == [(due, 0.0003, 8.0)]
