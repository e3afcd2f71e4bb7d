"""Time as an input. Nothing else in the package reads a clock or sleeps."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Protocol


class Clock(Protocol):
    """What the package knows of time: UTC for records, monotonic seconds for schedules and ages."""

    def utc_ms(self) -> int:
        """UTC time in milliseconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never steps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for that many of this clock's seconds."""
        ...

    def timeout(self, seconds: float) -> contextlib.AbstractAsyncContextManager[object]:
        """A block that raises TimeoutError when it lasts longer than that many of this clock's seconds."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def utc_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float) -> contextlib.AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)


class ScaledClock:
    """A clock that starts at a chosen UTC time and runs `speed` times as fast as another (demo, replay)."""

    def __init__(self, start_utc_ms: int, speed: float = 1.0, base: Clock | None = None) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self._base = base or SystemClock()
        self._start_utc_ms = start_utc_ms
        self._origin = self._base.monotonic()
        self.speed = speed

    def advance_to(self, utc_ms: int) -> None:
        """Show at least that time from now on; never goes back."""
        self._start_utc_ms += max(0, utc_ms - self.utc_ms())

    def utc_ms(self) -> int:
        return self._start_utc_ms + round(self.monotonic() * 1000)

    def monotonic(self) -> float:
        return (self._base.monotonic() - self._origin) * self.speed

    async def sleep(self, seconds: float) -> None:
        await self._base.sleep(seconds / self.speed)

    def timeout(self, seconds: float) -> contextlib.AbstractAsyncContextManager[object]:
        return self._base.timeout(seconds / self.speed)


class LoopClock:
    """The running event loop's own time, so that a loop in virtual time carries the whole program with it."""

    def __init__(self, start_utc_ms: int) -> None:
        self._start_utc_ms = start_utc_ms
        self._last = 0.0

    def utc_ms(self) -> int:
        return self._start_utc_ms + round(self.monotonic() * 1000)

    def monotonic(self) -> float:
        try:
            self._last = asyncio.get_running_loop().time()
        except RuntimeError:
            # Before a loop runs and after it has ended, its time stands still.
            return self._last
        return self._last

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float) -> contextlib.AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)
