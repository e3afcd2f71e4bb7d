"""Names: one lookup at a time per host, the address that works stays, a hanging lookup stops nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from fundtui.clock import SystemClock
from fundtui.polling.resolver import Resolver
from fundtui.polling.transport import Failure, TransportError


async def test_a_host_is_looked_up_once_for_many_askers() -> None:
    asked: list[str] = []

    def lookup(host: str) -> Sequence[str]:
        asked.append(host)
        return ["192.0.2.1", "192.0.2.2"]

    resolver = Resolver(SystemClock(), lookup)
    found = await asyncio.gather(*(resolver.address("venue.test") for _ in range(5)))
    assert set(found) == {"192.0.2.1"}
    assert await resolver.address("venue.test") == "192.0.2.1"
    assert asked == ["venue.test"]


async def test_addresses_need_no_lookup() -> None:
    def lookup(host: str) -> Sequence[str]:
        raise AssertionError(host)

    resolver = Resolver(SystemClock(), lookup)
    assert await resolver.address("127.0.0.1") == "127.0.0.1"
    assert await resolver.address("::1") == "::1"


async def test_an_address_that_does_not_connect_makes_way_for_the_other_family() -> None:
    resolver = Resolver(SystemClock(), lambda host: ["2001:db8::1", "2001:db8::2", "192.0.2.1"])
    assert await resolver.address("venue.test") == "2001:db8::1"
    resolver.demote("venue.test", "2001:db8::1")
    assert await resolver.address("venue.test") == "192.0.2.1"
    resolver.demote("venue.test", "198.51.100.9")
    resolver.demote("unknown.test", "192.0.2.1")
    assert await resolver.address("venue.test") == "192.0.2.1"


@pytest.mark.parametrize("answer", [OSError(-2, "Name or service not known"), UnicodeError("label too long"), None])
async def test_an_unknown_name_is_a_dns_failure_in_words(answer: Exception | None) -> None:
    def lookup(host: str) -> Sequence[str]:
        if answer is not None:
            raise answer
        return []

    with pytest.raises(TransportError, match=r"venue\.test") as caught:
        await Resolver(SystemClock(), lookup).address("venue.test")
    assert caught.value.failure is Failure.DNS


async def test_a_hanging_lookup_of_one_host_does_not_delay_another() -> None:
    free = threading.Event()

    def lookup(host: str) -> Sequence[str]:
        if host == "hangs.test":
            free.wait(10)
        return ["192.0.2.7"]

    resolver = Resolver(SystemClock(), lookup)
    hanging = [asyncio.ensure_future(resolver.address("hangs.test")) for _ in range(3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        assert await resolver.address("works.test") == "192.0.2.7"
    resolver.close()
    outcomes = await asyncio.gather(*hanging, return_exceptions=True)
    # A failure, not a cancellation: what asked goes on living.
    assert [outcome.failure for outcome in outcomes if isinstance(outcome, TransportError)] == [Failure.DNS] * 3
    free.set()
