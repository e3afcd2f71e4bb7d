"""Blocking calls on daemon threads, so that one that hangs never delays quitting.

asyncio's own executor is joined when the program ends: a `getaddrinfo` that hangs for five seconds made quitting
take five seconds (reliability §1). A daemon thread is left behind instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(call: Callable[[], Result], name: str = "fundtui-call") -> Result:
    """The result of `call`, run on a new daemon thread; its exception is raised here. Cancelling abandons it."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: Result | None = None
        error: BaseException | None = None
        try:
            result = call()
        except BaseException as raised:  # noqa: BLE001  (carried to the awaiting task, where it is raised)
            error = raised
        # The loop may be gone by now: then nobody waits for the outcome.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, error)

    leave_to_thread(run, name)
    return await outcome


def leave_to_thread(call: Callable[[], None], name: str) -> None:
    """Begin `call` on a new daemon thread; nobody waits for it."""
    threading.Thread(target=call, name=name, daemon=True).start()
