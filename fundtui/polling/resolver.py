"""Names to addresses: own daemon threads, one lookup at a time per host, the last good address kept.

The default resolver of asyncio shares a handful of executor threads: a few hanging lookups stop all others, and
quitting waits for them (reliability §1). Here each host waits for itself only, and nothing waits at the end.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Sequence

from fundtui.clock import Clock
from fundtui.polling.threads import in_thread
from fundtui.polling.transport import Failure, TransportError

KEEP_S = 300.0
"""An answer is used that long; then it is asked again, and the old one serves while the new one does not come."""
PATIENCE_S = 1.0
"""How long a fresh lookup is waited for when an older address is known."""

Lookup = Callable[[str], Sequence[str]]


def system_lookup(host: str) -> Sequence[str]:
    """The machine's addresses of a host, in its order of preference. Blocks. Raises OSError."""
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class Resolver:
    """Addresses of hosts. The one that worked stays first, so that connections are reused and a dead family rests."""

    def __init__(self, clock: Clock, lookup: Lookup = system_lookup) -> None:
        self._clock = clock
        self._lookup = lookup
        self._known: dict[str, tuple[float, list[str]]] = {}
        self._asking: dict[str, asyncio.Task[list[str]]] = {}

    async def address(self, host: str) -> str:
        """One address of the host. Raises TransportError(DNS)."""
        if _is_address(host):
            return host
        known = self._known.get(host)
        now = self._clock.monotonic()
        if known is not None and now - known[0] < KEEP_S:
            return known[1][0]
        asking = self._ask(host)
        if known is None:
            return (await _outcome(asking))[0]
        try:
            async with self._clock.timeout(PATIENCE_S):
                return (await _outcome(asking))[0]
        except (TimeoutError, TransportError):
            # The name service is the worse witness: the old address is tried for another while.
            self._known[host] = (now, known[1])
            return known[1][0]

    def demote(self, host: str, address: str) -> None:
        """An address that did not connect goes to the end of its host's list, behind the other family."""
        known = self._known.get(host)
        if known is None or address not in known[1]:
            return
        others = [other for other in known[1] if other != address]
        version = ipaddress.ip_address(address.partition("%")[0]).version
        others.sort(key=lambda other: ipaddress.ip_address(other.partition("%")[0]).version == version)
        self._known[host] = (known[0], [*others, address])

    def close(self) -> None:
        """Stop waiting for lookups; their threads are daemons and end whenever the system lets them."""
        for task in self._asking.values():
            task.cancel()
        self._asking.clear()

    def _ask(self, host: str) -> asyncio.Task[list[str]]:
        task = self._asking.get(host)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._look_up(host), name=f"dns {host}")
            self._asking[host] = task
            task.add_done_callback(lambda done: self._asked(host, done))
        return task

    def _asked(self, host: str, task: asyncio.Task[list[str]]) -> None:
        self._asking.pop(host, None)
        if not task.cancelled():
            # Read even when nobody waits any more, or asyncio complains of an exception never retrieved.
            task.exception()

    async def _look_up(self, host: str) -> list[str]:
        try:
            found = list(await in_thread(lambda: self._lookup(host), f"dns {host}"))
        except (OSError, UnicodeError) as error:
            raise TransportError(Failure.DNS, f"name {host} not found: {_reason(error)}") from error
        if not found:
            raise TransportError(Failure.DNS, f"name {host} has no address")
        earlier = self._known.get(host)
        if earlier is not None and earlier[1][0] in found:
            found.sort(key=lambda address: address != earlier[1][0])
        self._known[host] = (self._clock.monotonic(), found)
        return found


async def _outcome(asking: asyncio.Task[list[str]]) -> list[str]:
    """The outcome of a lookup that others wait for too; given up by `close` it is a failure, no cancellation."""
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        waiting = asyncio.current_task()
        if asking.cancelled() and waiting is not None and not waiting.cancelling():
            raise TransportError(Failure.DNS, "lookup given up") from None
        raise


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
