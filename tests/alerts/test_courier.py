"""Deliveries: at least once, retried, given up after a day, never lost to a full disk or a cancelled task."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from collections.abc import AsyncIterator

import msgspec
import pytest

from fundtui.alerts.courier import Courier, after_trouble, backoff_s
from fundtui.alerts.keeper import Keeper
from fundtui.alerts.message import Message, encode, trial_message
from fundtui.alerts.records import Change, Delivery, DeliveryState
from fundtui.alerts.sinks.sink import Refused, Trouble
from fundtui.alerts.store import MemoryStore, StoreError
from tests.alerts.toys import START_MS


class HandClock:
    """Time that passes when the test says so; whoever sleeps wakes at once and later."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def utc_ms(self) -> int:
        return START_MS + round(self.now_s * 1000)

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        yield


class Scripted:
    """A sink that raises what it is told to, then takes everything."""

    def __init__(self, name: str, *errors: Exception) -> None:
        self.name = name
        self.errors = list(errors)
        self.got: list[str] = []
        self.tried: list[str] = []

    async def send(self, message: Message) -> None:
        self.tried.append(message.key)
        if self.errors:
            raise self.errors.pop(0)
        self.got.append(message.key)


def delivery(key: str, sink: str = "a", created_ms: int = START_MS) -> Delivery:
    return Delivery(key=key, sink=sink, created_ms=created_ms, due_ms=0, body=encode(trial_message(key, created_ms)))


class Office:
    """A courier with its keeper, a store in memory and a clock in the hand."""

    def __init__(self, *sinks: Scripted) -> None:
        self.clock = HandClock()
        self.store = MemoryStore()
        self.keeper = Keeper(self.store)
        self.courier = Courier({s.name: s for s in sinks}, self.keeper.keep, self.clock, random.Random(3))

    async def post(self, *deliveries: Delivery) -> None:
        await self.keeper.keep(Change(deliveries=deliveries))
        self.courier.add(deliveries)

    async def rounds(self, count: int, every_s: float) -> None:
        for _ in range(count):
            await self.courier.send_due()
            self.clock.now_s += every_s

    def states(self) -> dict[str, DeliveryState]:
        return {key: one.state for key, one in self.store._stored.deliveries.items()}


async def test_what_is_due_is_sent_once_in_order() -> None:
    sink = Scripted("a")
    office = Office(sink)
    await office.post(delivery("2", created_ms=START_MS + 2), delivery("1", created_ms=START_MS + 1))
    await office.rounds(3, 1.0)
    assert sink.got == ["1", "2"]
    assert set(office.states().values()) == {DeliveryState.SENT}


async def test_trouble_is_retried_with_the_same_key_and_blocks_nobody_for_long() -> None:
    sink = Scripted("a", Trouble("timeout"), Trouble("answered 503"))
    office = Office(sink)
    await office.post(delivery("1"), delivery("2", created_ms=START_MS + 1))
    await office.courier.send_due()
    assert sink.tried == ["1"]
    assert office.courier.queued["1"].error == "timeout"
    await office.rounds(10, 5.0)
    # One try a round while it fails; the next message does not wait for the first one's back-off.
    assert sink.tried == ["1", "2", "1", "2"]
    assert sorted(sink.got) == ["1", "2"]


async def test_a_refusal_is_a_dead_letter_until_looked_at() -> None:
    sink = Scripted("a", Refused("answered 401"))
    office = Office(sink)
    await office.post(delivery("1"), delivery("2", created_ms=START_MS + 1))
    await office.courier.send_due()
    assert sink.got == ["2"]
    (dead,) = office.courier.unseen_dead
    assert (dead.key, dead.error, dead.state) == ("1", "answered 401", DeliveryState.DEAD)
    await office.courier.see_dead()
    assert office.courier.unseen_dead == ()
    assert office.store.load().deliveries["1"].seen


async def test_after_a_day_it_is_given_up() -> None:
    office = Office(Scripted("a", *[Trouble("connect") for _ in range(2000)]))
    await office.post(delivery("1"))
    await office.rounds(24 * 12 + 20, 300.0)
    (dead,) = office.courier.unseen_dead
    assert dead.error == "connect"
    assert dead.tries > 100


async def test_a_hanging_sink_does_not_hold_up_another() -> None:
    office = Office(Scripted("a"), Scripted("b"))
    stuck = asyncio.Event()

    class Hanging(Scripted):
        async def send(self, message: Message) -> None:
            await stuck.wait()
            await super().send(message)

    hanging, quick = Hanging("a"), Scripted("b")
    office.courier.sinks = {"a": hanging, "b": quick}
    await office.post(delivery("1", "a"), delivery("2", "b"))
    sending = asyncio.create_task(office.courier.send_due())
    while not quick.got:
        await asyncio.sleep(0)
    assert hanging.got == []
    stuck.set()
    await sending
    assert hanging.got == ["1"]


async def test_a_sink_that_keeps_failing_is_named() -> None:
    office = Office(Scripted("a", *[Trouble("connect: refused") for _ in range(50)]))
    await office.post(delivery("1"))
    await office.courier.send_due()
    office.clock.now_s += 299
    assert office.courier.failing == {}
    office.clock.now_s += 1
    assert office.courier.failing == {"a": "connect: refused"}
    office.courier.sinks["a"] = Scripted("a")
    await office.rounds(3, 400.0)
    assert office.courier.failing == {}


async def test_a_sink_that_was_removed_leaves_a_dead_letter() -> None:
    office = Office()
    await office.post(delivery("1", "gone"))
    await office.courier.send_due()
    assert office.courier.unseen_dead[0].error == "there is no sink gone any more"


async def test_a_crash_between_sending_and_storing_sends_again_with_the_same_key() -> None:
    sink = Scripted("a")
    office = Office(sink)
    await office.post(delivery("1"))
    await office.courier.send_due()
    # The process dies before the second commit: the store still has the delivery queued.
    office.store._stored.deliveries["1"] = delivery("1")
    again = Courier(
        {"a": sink}, office.keeper.keep, office.clock, random.Random(4), office.store.load().deliveries.values()
    )
    await again.send_due()
    assert sink.got == ["1", "1"]


async def test_it_runs_until_cancelled_and_wakes_for_new_ones() -> None:
    sink = Scripted("a", Trouble("once"))
    office = Office(sink)
    running = asyncio.create_task(office.courier.run())
    await asyncio.sleep(0)
    await office.post(delivery("1"))
    while not sink.got:
        await asyncio.sleep(0)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert sink.got == ["1"]


def test_backoff_is_jittered_capped_and_obeys_the_sink() -> None:
    source = random.Random(1)
    first = [backoff_s(1, math.nan, source) for _ in range(500)]
    assert 0.1 <= min(first) < 0.3
    assert 1.7 < max(first) <= 2.0
    assert max(backoff_s(50, math.nan, source) for _ in range(500)) <= 300.0
    assert backoff_s(1, 42.0, source) == 42.0
    assert backoff_s(1, 1e9, source) == 3600.0


@pytest.mark.parametrize(("age_h", "state"), [(23.9, DeliveryState.QUEUED), (24.0, DeliveryState.DEAD)])
def test_a_day_is_a_day(age_h: float, state: DeliveryState) -> None:
    now_ms = START_MS + round(age_h * 3_600_000)
    assert after_trouble(delivery("1"), "x", now_ms, math.nan, random.Random(1)).state is state


class Broken(MemoryStore):
    """A store whose disk is full until told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.full = True
        self.commits: list[Change] = []

    def commit(self, change: Change) -> None:
        if self.full:
            raise StoreError("disk is full")
        self.commits.append(change)
        super().commit(change)


async def test_what_a_full_disk_refuses_is_kept_and_written_later_in_order() -> None:
    store = Broken()
    keeper = Keeper(store)
    changes = [Change(marks={"n": n}) for n in range(3)]
    for change in changes:
        await keeper.keep(change)
    assert keeper.problem == "disk is full"
    store.full = False
    await keeper.keep(Change())
    assert keeper.problem == ""
    assert store.commits == changes
    await keeper.close()


async def test_a_cancelled_caller_loses_nothing_and_writes_nothing_twice() -> None:
    store = Broken()
    store.full = False
    keeper = Keeper(store)
    first = asyncio.create_task(keeper.keep(Change(marks={"n": 1})))
    await asyncio.sleep(0)
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await first
    await keeper.keep(Change(marks={"n": 2}))
    assert [change.marks["n"] for change in store.commits] == [1, 2]


def test_nothing_to_keep_is_nothing() -> None:
    assert not Change()
    assert Change(marks={"n": 1})
    assert msgspec.structs.replace(Change(), ended=("a",))
