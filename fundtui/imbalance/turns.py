"""Work that comes round every few seconds, cut into steps, so that no single tick takes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fundtui.imbalance.rows import Index
from fundtui.status import Event


class Done(NamedTuple):
    """What a step changed: rows of the asset and instrument tables, and events for the journal."""

    assets: Index
    instruments: Index
    events: list[Event]


Step = Callable[[int], Done]


class Turns:
    """Hands out the steps of one round after the other.

    A tick gets as large a part of the round as time has passed since the tick before: one step where ticks are dense,
    the whole round where they are as far apart as rounds are, and at the first one. A round begins when its period
    has begun and the round before it is done.
    """

    def __init__(self, every_s: float) -> None:
        self.every_ms = 1000.0 * every_s
        self._period = -1
        self._before_ms: int | None = None
        self._size = 0
        self._steps: list[Step] = []

    def due(self, now_ms: int, plan: Callable[[], list[Step]]) -> list[Step]:
        """Steps to take now, in order; `plan` makes those of a new round."""
        period = int(now_ms / self.every_ms)
        if not self._steps and period != self._period:
            self._period = period
            self._steps = plan()
            self._size = len(self._steps)
        passed = 1.0 if self._before_ms is None else min(max((now_ms - self._before_ms) / self.every_ms, 0.0), 1.0)
        self._before_ms = now_ms
        count = max(round(self._size * passed), 1)
        due, self._steps = self._steps[:count], self._steps[count:]
        return due
