"""The transport to the real network, whose HTTP client is loaded when the first request is made, in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fundtui.clock import Clock
from fundtui.polling.resolver import Lookup, system_lookup
from fundtui.polling.threads import in_thread
from fundtui.polling.transport import Request, Response

if TYPE_CHECKING:
    from fundtui.polling.http import HttpTransport


class LiveTransport:
    """Costs nothing until it is used, so that the first frame need not wait for an HTTP client."""

    def __init__(
        self, clock: Clock, environ: Mapping[str, str], *, ca_file: str = "", lookup: Lookup = system_lookup
    ) -> None:
        """`environ`: where proxy settings are read. `ca_file`: certificates to trust beside the system's. `lookup`:
        how names become addresses."""
        self._clock = clock
        self._environ = environ
        self._ca_file = ca_file
        self._lookup = lookup
        self._made: HttpTransport | None = None
        self._making = asyncio.Lock()

    async def send(self, request: Request) -> Response:
        """See `Transport.send`."""
        return await (self._made or await self._make()).send(request)

    async def close(self) -> None:
        """See `Transport.close`."""
        if self._made is not None:
            await self._made.close()

    async def _make(self) -> HttpTransport:
        async with self._making:
            if self._made is None:
                http = await in_thread(_load, "fundtui-http")
                self._made = http(self._clock, self._environ, ca_file=self._ca_file, lookup=self._lookup)
            return self._made


def _load() -> type[HttpTransport]:
    from fundtui.polling.http import HttpTransport

    return HttpTransport
