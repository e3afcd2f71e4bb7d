"""Carries deliveries to their sinks: at least once, one at a time per sink, with retries until a day has passed."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping

import msgspec

from fundtui.alerts.message import Message, decode
from fundtui.alerts.records import Change, Delivery, DeliveryState
from fundtui.alerts.sinks.sink import Refused, Sink, Trouble
from fundtui.clock import Clock

BASE_S, CAP_S = 1.0, 300.0
GIVE_UP_MS = 24 * 3_600_000
FAILING_S = 300.0
"""A sink that has not got anything through for that long is itself worth an alert on the others."""
IDLE_S = 1.0
MAX_ASKED_S = 3600.0

Keep = Callable[[Change], Awaitable[None]]


def backoff_s(tries: int, asked_s: float, random_source: random.Random) -> float:
    """Seconds until the next try: full jitter up to 1 s, 2 s, ... 5 min, and never before the sink asks for it."""
    ceiling = min(CAP_S, BASE_S * 2.0 ** min(tries, 20))
    jittered = max(random_source.random() * ceiling, 0.1)
    return jittered if math.isnan(asked_s) else max(jittered, min(asked_s, MAX_ASKED_S))


def after_trouble(
    delivery: Delivery, error: str, now_ms: int, asked_s: float, random_source: random.Random
) -> Delivery:
    """The delivery after a try that did not get through: due again later, or dead after a day."""
    tries = delivery.tries + 1
    if now_ms - delivery.created_ms >= GIVE_UP_MS:
        return msgspec.structs.replace(delivery, state=DeliveryState.DEAD, tries=tries, error=error)
    due_ms = now_ms + round(backoff_s(tries, asked_s, random_source) * 1000)
    return msgspec.structs.replace(delivery, due_ms=due_ms, tries=tries, error=error)


class Courier:
    """Deliveries on their way.

    keep     makes a change durable before anything else happens; a delivery counts as sent only then
    queued   key -> delivery that is not sent yet; dead ones are in `dead`
    """

    def __init__(
        self, sinks: Mapping[str, Sink], keep: Keep, clock: Clock, random_source: random.Random,
        stored: Iterable[Delivery] = (),
    ) -> None:  # fmt: skip
        self.sinks = dict(sinks)
        self._keep = keep
        self._clock = clock
        self._random = random_source
        self.queued: dict[str, Delivery] = {}
        self.dead: dict[str, Delivery] = {}
        self._failing_since: dict[str, float] = {}
        self._errors: dict[str, str] = {}
        self._woken = asyncio.Event()
        self.add(stored)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Take over deliveries that have been made durable."""
        for delivery in deliveries:
            waiting = self.queued if delivery.state is DeliveryState.QUEUED else self.dead
            if delivery.state is not DeliveryState.SENT:
                waiting[delivery.key] = delivery
        self._woken.set()

    @property
    def failing(self) -> dict[str, str]:
        """Sinks that have failed for five minutes, with the last error."""
        now_s = self._clock.monotonic()
        return {
            name: self._errors[name] for name, since_s in self._failing_since.items() if now_s - since_s >= FAILING_S
        }

    @property
    def unseen_dead(self) -> tuple[Delivery, ...]:
        """Dead letters that nobody has looked at."""
        return tuple(delivery for delivery in self.dead.values() if not delivery.seen)

    async def see_dead(self) -> None:
        """Mark the dead letters as looked at."""
        seen = [msgspec.structs.replace(delivery, seen=True) for delivery in self.unseen_dead]
        self.dead.update((delivery.key, delivery) for delivery in seen)
        if seen:
            await self._keep(Change(deliveries=tuple(seen)))

    async def run(self) -> None:
        """Send what is due until cancelled. A sink that hangs keeps no other waiting."""
        busy: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                self._woken.clear()
                for name, deliveries in self._due().items():
                    if name not in busy:
                        task = asyncio.get_running_loop().create_task(self._send_all(name, deliveries))
                        busy[name] = task
                        task.add_done_callback(lambda done, name=name: self._sent(busy, name, done))  # type: ignore[misc]
                await self._rest()
        finally:
            for task in busy.values():
                task.cancel()

    def _sent(self, busy: dict[str, asyncio.Task[None]], name: str, done: asyncio.Task[None]) -> None:
        del busy[name]
        if not done.cancelled() and (error := done.exception()) is not None:
            # A mistake of ours: told as one, and the delivery is tried again with the next round.
            done.get_loop().call_exception_handler({"message": f"sink {name}", "exception": error})
        else:
            self._woken.set()

    async def _rest(self) -> None:
        """Until something new is there; while anything waits for another try, at most IDLE_S."""
        if not self.queued:
            await self._woken.wait()
            return
        waiting = asyncio.ensure_future(self._woken.wait())
        resting = asyncio.ensure_future(self._clock.sleep(IDLE_S))
        try:
            await asyncio.wait({waiting, resting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            resting.cancel()

    async def send_due(self) -> None:
        """One round: every sink gets what is due for it, sinks beside one another, oldest first."""
        async with asyncio.TaskGroup() as group:
            for name, deliveries in self._due().items():
                group.create_task(self._send_all(name, deliveries))

    def _due(self) -> dict[str, list[Delivery]]:
        """Sink -> what is due for it now, oldest first."""
        now_ms = self._clock.utc_ms()
        by_sink: dict[str, list[Delivery]] = {}
        for delivery in sorted(self.queued.values(), key=lambda one: (one.created_ms, one.key)):
            # A clock that stepped back must not make a delivery wait longer than any back-off.
            if delivery.due_ms <= now_ms or delivery.due_ms - now_ms > MAX_ASKED_S * 1000:
                by_sink.setdefault(delivery.sink, []).append(delivery)
        return by_sink

    async def _send_all(self, name: str, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            after = await self._send(name, delivery)
            # Durable first: a crash in between sends it again with the same key.
            await self._keep(Change(deliveries=(after,)))
            self.queued.pop(delivery.key, None)
            if after.state is DeliveryState.QUEUED:
                self.queued[after.key] = after
                return  # The others of this sink wait behind it for the next round.
            if after.state is DeliveryState.DEAD:
                self.dead[after.key] = after

    async def _send(self, name: str, delivery: Delivery) -> Delivery:
        sink = self.sinks.get(name)
        if sink is None:
            return msgspec.structs.replace(
                delivery, state=DeliveryState.DEAD, error=f"there is no sink {name} any more"
            )
        try:
            message = decode(delivery.body)
            await sink.send(message)
        except (Refused, msgspec.MsgspecError) as error:
            self._failed(name, str(error))
            return msgspec.structs.replace(
                delivery, state=DeliveryState.DEAD, tries=delivery.tries + 1, error=str(error)
            )
        except Trouble as error:
            self._failed(name, str(error))
            return after_trouble(delivery, str(error), self._clock.utc_ms(), error.after_s, self._random)
        self._failing_since.pop(name, None)
        return msgspec.structs.replace(delivery, state=DeliveryState.SENT, tries=delivery.tries + 1, error="")

    def _failed(self, name: str, error: str) -> None:
        self._failing_since.setdefault(name, self._clock.monotonic())
        self._errors[name] = error


async def try_sink(sink: Sink, message: Message) -> str:
    """Send a test message; what went wrong, empty when it arrived."""
    try:
        await sink.send(message)
    except (Trouble, Refused) as error:
        return str(error)
    return ""
