"""Hands settled rates of the past to the figures: of many instruments at once, in short turns of the event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby

from fundtui.clock import Clock
from fundtui.market import Instrument, Settlement
from fundtui.units import HOUR_MS

SLICE_MS = 8 * HOUR_MS
"""Settlements of this much time are worked out in one turn: at most eight rounds over all instruments."""
AT_ONCE = 100
"""Settlements that are worked out in one turn, whatever time they span: about two milliseconds."""
FIRST_S, MOST_S = 20.0, 320.0
"""Between two hand-overs, twice as long each time: the work is nearly the same for one instrument and for hundreds,
and those of the watchlists come first."""
MOST_WAITING = 20_000
"""Settlements that wait for the next hand-over, five megabytes: with more of them it comes at once."""

OnSettled = Callable[[Sequence[Settlement], Collection[tuple[str, str]]], None]


class SettledStream:
    """Collects settlements and hands them on, oldest first."""

    def __init__(self, on_settled: OnSettled, clock: Clock) -> None:
        """on_settled: settlements, and the instruments (venue, symbol) whose history begins anew with them."""
        self._on_settled = on_settled
        self._clock = clock
        self._settled: list[Settlement] = []
        self._anew: set[tuple[str, str]] = set()
        self._ended = False
        self._due = asyncio.Event()

    def add(self, contract: Instrument, settled: Iterable[Settlement], *, anew: bool) -> None:
        """An instrument's settlements; `anew`: in place of everything known of it."""
        self.take(settled)
        if anew:
            self._anew.add((contract.venue, contract.symbol))

    def take(self, settled: Iterable[Settlement]) -> None:
        """Settlements that follow what is known."""
        self._settled.extend(settled)
        if len(self._settled) >= MOST_WAITING:
            self._due.set()

    @property
    def waiting(self) -> int:
        """Settlements that were not handed on yet."""
        return len(self._settled)

    def end(self) -> None:
        """Nothing more comes: hand on what there is, and be done."""
        self._ended = True
        self._due.set()

    async def run(self) -> None:
        """Hand on what has come, now and then and when it is much, until the end."""
        wait_s = FIRST_S
        while not self._ended:
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(wait_s):
                    await self._due.wait()
            self._due.clear()
            await self.flush()
            wait_s = min(2 * wait_s, MOST_S)
        await self.flush()

    async def flush(self) -> None:
        """Hand on everything that has come."""
        settled, anew = self._settled, self._anew
        self._settled, self._anew = [], set()
        settled.sort(key=lambda one: one.time_ms)
        for _, part in groupby(settled, key=lambda one: one.time_ms // SLICE_MS):
            ordered = list(part)
            for start in range(0, len(ordered), AT_ONCE):
                self._on_settled(ordered[start : start + AT_ONCE], anew)
                anew = set()
                await asyncio.sleep(0)
