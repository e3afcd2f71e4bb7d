"""One endpoint of one venue while it is polled: what it last said, when it is due, and how it fares."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from typing import Any

from fundtui.clock import Clock
from fundtui.polling.asking import TIMEOUT_MAX_S, timeout_for
from fundtui.polling.breaker import full_jitter
from fundtui.polling.judge import Trouble, TroubleKind
from fundtui.polling.schedule import Schedule
from fundtui.status import EndpointHealth
from fundtui.venues.spec import Endpoint

LATENCIES = 20
RETRY_BASE_S = 30.0
REFUSALS = frozenset({TroubleKind.HTTP_4XX, TroubleKind.BAD_PAYLOAD})
MIN_GAP_SHARE = 0.2
"""Of the interval, between an answer and the next ask."""


class Line:
    """State of one endpoint. Times ending in `_at` are monotonic seconds, NaN for never."""

    def __init__(
        self, clock: Clock, venue: str, endpoint: Endpoint, every_s: float, timeout_s: float = TIMEOUT_MAX_S
    ) -> None:
        self.endpoint = endpoint
        self.every_s = every_s
        self.timeout_s = timeout_for(every_s, timeout_s)
        self.schedule = Schedule(clock, venue, endpoint.name, every_s, required=endpoint.required)
        self.value: Any = None
        self.answered_at = math.nan
        self.answered_ms = 0
        self.next_at = math.nan
        self.latencies: deque[float] = deque(maxlen=LATENCIES)
        self.answer_bytes = 0
        self.failures = 0
        """In a row."""
        self.trouble: Trouble | None = None
        self.kept_keys: set[str] = set()
        """Keys whose answer is of an earlier pass, because our network lost the new one."""
        self.hurry = asyncio.Event()
        """Set to be asked before the next tick, `hurry_s` from then."""
        self.hurry_s = 0.0
        self.probe = False
        """Whether its request in flight is the breaker's probe."""

    def set_timeout(self, seconds: float) -> None:
        """The most that a request may take, and never so long as to reach into the next one."""
        self.timeout_s = timeout_for(self.every_s, seconds)

    @property
    def known(self) -> bool:
        """Whether it has ever given a good answer."""
        return not math.isnan(self.answered_at)

    @property
    def tried(self) -> bool:
        """Whether asking it has come to an end, good or bad. A single failing key is none."""
        return self.known or self.failures > 0

    @property
    def refused(self) -> bool:
        """Whether the venue answers, but with an error or something unreadable."""
        return self.failures > 0 and self.trouble is not None and self.trouble.kind in REFUSALS

    def perished(self, now: float) -> bool:
        """Whether its last good answer is too old to be shown as new."""
        return self.endpoint.perishable and self.overdue(now)

    def key_failed(self, key: str, trouble: Trouble) -> None:
        """One key gave no good answer: what it said before is kept for one pass, if only our network failed."""
        self.trouble = trouble
        if trouble.network and key not in self.kept_keys:
            self.kept_keys.add(key)
        elif self.value is not None:
            self.value.pop(key, None)

    def answered(self, value: Any, now: float, now_ms: int) -> None:
        """A good answer came."""
        self.value = value
        self.answered_at = now
        self.answered_ms = now_ms
        self.failures = 0
        self.trouble = None

    def failed(self, trouble: Trouble) -> None:
        """No good answer came; the last good one stays and ages."""
        self.failures += 1
        self.trouble = trouble

    def next_tick(self, now: float, rng: random.Random, *, back_off: bool) -> float:
        """When it is due next: its next tick, or a later one after failures.

        What is asked rarely is tried again sooner than its next tick: an hour without a catalogue is too long.
        """
        # The first ask has no phase yet: the tick right after it would only ask for the same again.
        gap_s = MIN_GAP_SHARE * self.every_s if self.endpoint.keys is None else 0.0
        tick = self.schedule.next_after(now, gap_s)
        if not self.failures or not back_off:
            return tick
        delay_s = full_jitter(rng, min(self.every_s, RETRY_BASE_S), self.failures)
        if self.every_s > RETRY_BASE_S:
            return min(tick, now + max(delay_s, 1.0))
        return max(tick, self.schedule.next_after(now, delay_s))

    def overdue(self, now: float) -> bool:
        """Whether its last good answer is older than three intervals."""
        return self.known and now - self.answered_at > 3 * self.every_s

    def health(self, now: float) -> EndpointHealth:
        """Its part of `VenueHealth`."""
        return EndpointHealth(
            name=self.endpoint.name,
            age_s=now - self.answered_at,
            latency_s=self.latencies[-1] if self.latencies else math.nan,
            answer_bytes=self.answer_bytes,
            next_in_s=max(0.0, self.next_at - now) if not math.isnan(self.next_at) else math.nan,
            failures=self.failures,
            error=self.trouble.text if self.trouble is not None else None,
        )
