"""How often a venue may be asked: a weighted GCRA that stays within a share of the published budget.

The generic cell rate algorithm keeps one number, the theoretical arrival time (TAT): the moment at which all weight
taken so far has drained. With a burst B and a drain r, no window W ever holds more than B + r·W; both are chosen so
that this sum is the allowed share of the venue's capacity (reliability §1).
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping

import msgspec

from fundtui.clock import Clock
from fundtui.venues.spec import Budget

SHARE = 0.5
"""Of the published budget, at most."""
BURST = 0.25
"""Of the allowed weight, as the burst; the rest is the drain over one window."""
HOLD_MAX_MS = 4 * 86_400_000
"""A restored hold further ahead than this comes from a broken clock."""


class LimiterState(msgspec.Struct, frozen=True):
    """What outlives a restart, in UTC milliseconds, so that a crash loop does not reset the budget."""

    drained_ms: int
    held_until_ms: int = 0


class Use(msgspec.Struct, frozen=True):
    """What a limiter tells others who ask the same venue: its state, and what it has taken since it last told, as the
    milliseconds that this takes to drain."""

    state: LimiterState
    taken_ms: int = 0


class TooHeavy(ValueError):
    """A request weighs more than may be used in a whole window."""


class Limiter:
    """One venue's budget. Not shared between venues: limits are per venue and address."""

    def __init__(self, budget: Budget, clock: Clock, *, share: float = SHARE, heaviest: float = 1.0) -> None:
        """`heaviest` is the weight of the venue's heaviest request: the burst must at least hold one of it."""
        if not 0 < share <= 1:
            raise ValueError(f"share of the budget must be above 0 and at most 1, not {share}")
        if heaviest > budget.capacity:
            raise TooHeavy(f"a request weighs {heaviest:g}, the venue allows {budget.capacity:g}")
        self._clock = clock
        self._budget = budget
        self.allowed = share * budget.capacity
        """Weight that may be used in any window."""
        # Where one request weighs more than most of the allowance, the same rate is kept over a longer window.
        stretch = max(1.0, heaviest / (0.75 * self.allowed))
        within = self.allowed * stretch
        self._burst = max(BURST * within, heaviest)
        self._drain = (within - self._burst) / (budget.window_s * stretch)
        self._used_header = budget.used_header.lower()
        self._remaining_header = budget.remaining_header.lower()
        self._tat = -math.inf
        self._held_until = -math.inf
        self._taken: deque[tuple[float, float]] = deque()
        self._told: tuple[float, float] = (-math.inf, 0.0)
        self._untold_ms = 0.0
        self._turn = asyncio.Lock()

    async def acquire(self, weight: float) -> None:
        """Wait until `weight` may be used, and take it. In the order of asking; holds are waited out too.

        Raises TooHeavy for more than the heaviest request that was announced. A cancelled wait takes nothing.
        """
        if weight > self._burst + 1e-9:
            raise TooHeavy(f"a request weighs {weight:g}, at most {self._burst:g} may be used at once")
        async with self._turn:
            while (wait_s := self._wait_s(weight)) > 0:
                await self._clock.sleep(wait_s)
            now = self._clock.monotonic()
            self._tat = max(self._tat, now) + weight / self._drain
            self._taken.append((now, weight))
            self._untold_ms += weight / self._drain * 1000
            self._forget(now)

    def correct(self, headers: Mapping[str, str]) -> None:
        """Take the venue's own count when it is higher than ours: others may share the address."""
        used = self._told_use(headers)
        if used is None:
            return
        now = self._clock.monotonic()
        self._told = (now, used)
        # The level that leaves `allowed - used` for the rest of the window.
        self._tat = max(self._tat, now + (used - self.allowed + self._burst) / self._drain)

    def hold(self, seconds: float) -> None:
        """Nothing may be sent for that long. Never shortens a longer hold."""
        self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    @property
    def held_s(self) -> float:
        """Seconds until the hold ends, 0 without one."""
        return max(0.0, self._held_until - self._clock.monotonic())

    @property
    def used_share(self) -> float:
        """Share of the published capacity used in the last window: ours, or the venue's count if that is higher."""
        now = self._clock.monotonic()
        self._forget(now)
        ours = sum(weight for _, weight in self._taken)
        told_at, told = self._told
        if told_at > now - self._budget.window_s:
            ours = max(ours, told)
        return ours / self._budget.capacity

    def share_of(self, weight: float) -> float:
        """A weight as a share of the published capacity."""
        return weight / self._budget.capacity

    def drains_s(self, weight: float) -> float:
        """How long a weight takes to drain: asking no faster than that never makes anybody wait longer."""
        return weight / self._drain

    def state(self) -> LimiterState:
        """What to keep over a restart."""
        now, now_ms = self._clock.monotonic(), self._clock.utc_ms()
        drained_ms = now_ms + math.ceil(max(0.0, self._tat - now) * 1000)
        return LimiterState(drained_ms, now_ms + math.ceil(self.held_s * 1000) if self.held_s else 0)

    def use(self) -> Use:
        """What to tell others now; `told` when they have heard it."""
        return Use(self.state(), math.floor(self._untold_ms))

    def told(self, use: Use) -> None:
        """The others have heard of that use."""
        self._untold_ms -= use.taken_ms

    def restore(self, state: LimiterState) -> None:
        """Go on from an earlier run. Times no clock could have meant are cut to what they can be."""
        now, now_ms = self._clock.monotonic(), self._clock.utc_ms()
        ahead_s = min((state.drained_ms - now_ms) / 1000, (self._burst + self.allowed) / self._drain)
        if ahead_s > 0:
            self._tat = max(self._tat, now + ahead_s)
        if 0 < state.held_until_ms - now_ms <= HOLD_MAX_MS:
            self.hold((state.held_until_ms - now_ms) / 1000)

    def _wait_s(self, weight: float) -> float:
        now = self._clock.monotonic()
        free_at = max(self._tat, now) + (weight - self._burst) / self._drain
        # A wait too short for the clock to show would be asked for again and again.
        wait_s = max(free_at, self._held_until) - now
        return max(wait_s, 1e-4) if wait_s > 1e-9 else 0.0

    def _told_use(self, headers: Mapping[str, str]) -> float | None:
        used = _number(headers.get(self._used_header, "")) if self._used_header else None
        if used is None and self._remaining_header:
            left = _number(headers.get(self._remaining_header, ""))
            used = None if left is None else self._budget.capacity - left
        # A count beyond twice the capacity is no count.
        return used if used is not None and 0 <= used <= 2 * self._budget.capacity else None

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0][0] <= now - self._budget.window_s:
            self._taken.popleft()


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if text.isascii() and text.replace(".", "", 1).isdigit() else None
