"""When an endpoint is asked: a fixed phase in absolute time, different for each endpoint, so that load spreads.

The phase comes from a hash of the names and is pinned to UTC, so that a restart keeps it; the ticks themselves run
on the monotonic clock, so that a stepped wall clock neither doubles nor loses any. A missed tick is skipped, never
made up for (reliability §1).
"""

from __future__ import annotations

import hashlib
import math

from fundtui.clock import Clock

REQUIRED_WITHIN_S = 0.5
"""The first ask of what a first table needs falls within this of the start."""
OTHERS_WITHIN_S = 1.5
"""The first ask of everything else (catalogues, slow tickers)."""
SAME_TICK_S = 1e-6
"""A tick nearer than this is the one being served (floats round)."""


class Schedule:
    """The ticks of one endpoint."""

    def __init__(self, clock: Clock, venue: str, endpoint: str, every_s: float, *, required: bool = True) -> None:
        if not every_s > 0:
            raise ValueError(f"{venue} {endpoint}: asked every {every_s} s")
        self.every_s = every_s
        self._share = spread(venue, endpoint)
        self._first_s = self._share * min(every_s, REQUIRED_WITHIN_S if required else OTHERS_WITHIN_S)
        # Offset of the monotonic clock from UTC, read once: later steps of the wall clock must not matter.
        self._epoch = clock.utc_ms() / 1000 - clock.monotonic()

    @property
    def first_s(self) -> float:
        """Seconds from the start to the first ask, which does not wait for the phase."""
        return self._first_s

    def next_after(self, now: float, delay_s: float = 0.0) -> float:
        """The first tick (monotonic seconds) after `now`, and not before `now + delay_s`."""
        at = self._epoch + now + delay_s
        phase = self._share * self.every_s
        ticks = math.ceil((at - phase - SAME_TICK_S) / self.every_s)
        tick = ticks * self.every_s + phase - self._epoch
        return tick if tick > now + SAME_TICK_S else tick + self.every_s


def spread(*names: str) -> float:
    """A number in [0, 1) that depends on the names alone, the same in every process."""
    digest = hashlib.blake2b("/".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
