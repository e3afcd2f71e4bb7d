"""Makes changes durable off the event loop, in order; what a full disk refuses is kept and tried again."""

from __future__ import annotations

import asyncio
from functools import partial

from fundtui.alerts.records import Change
from fundtui.alerts.store import AlertStore, StoreError
from fundtui.polling.threads import in_thread

MAX_WAITING = 10_000


class Keeper:
    """The one writer of an alert store. `problem` says why changes are not durable now; empty when they are."""

    def __init__(self, store: AlertStore) -> None:
        self._store = store
        self._waiting: list[Change] = []
        self._writing: asyncio.Task[None] | None = None
        self.problem = ""

    async def keep(self, change: Change) -> None:
        """Return when the change is durable, or has been refused (then `problem` says why and it waits in memory).

        Alerts are told even when they cannot be stored: a message too many is better than one too few.
        """
        if change and len(self._waiting) < MAX_WAITING:
            self._waiting.append(change)
        if not self._waiting:
            return
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write())
        # A cancelled caller stops neither the writing nor the order of it.
        await asyncio.shield(self._writing)

    async def _write(self) -> None:
        while self._waiting:
            change = self._waiting[0]
            try:
                if self._store.blocks:
                    await in_thread(partial(self._store.commit, change), "fundtui-alerts")
                else:
                    self._store.commit(change)
            except StoreError as error:
                self.problem = str(error)
                return
            del self._waiting[0]
        self.problem = ""

    async def close(self) -> None:
        """Write what is left and close the store."""
        await self.keep(Change())
        if self._store.blocks:
            await in_thread(self._store.close, "fundtui-alerts")
