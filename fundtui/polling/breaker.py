"""When a failing venue is asked again: full-jitter back-off, and a breaker with one probe (reliability §1)."""

from __future__ import annotations

import random

BACKOFF_CAP_S = 900.0
OPEN_AFTER = 4
"""Failures in a row, of required answers, after which the breaker opens."""
PROBE_WAIT_S = 0.5
"""How long others wait before they look again whether the probe is through."""
RELEASE_JITTER_S = 10.0
"""After the end of a ban or limit, asking starts again within this, so that many watchers do not return at once."""


def full_jitter(rng: random.Random, base_s: float, failures: int, cap_s: float = BACKOFF_CAP_S) -> float:
    """Seconds to wait after that many failures in a row: uniform between 0 and base·2^(failures-1), at most the cap."""
    exponent = min(max(failures - 1, 0), 30)
    return rng.uniform(0.0, min(cap_s, base_s * 2**exponent))


class Breaker:
    """Closed: requests flow. Open: none. Then half open: exactly one probe, whose outcome closes or opens it.

    All times are monotonic seconds.
    """

    def __init__(self, rng: random.Random, base_s: float) -> None:
        self._rng = rng
        self._base_s = base_s
        self._open_until = 0.0
        self._open = False
        self._probing = False
        self.failures = 0

    @property
    def closed(self) -> bool:
        """Whether requests flow freely."""
        return not self._open

    @property
    def open_until(self) -> float:
        """When the probe may go; meaningless while closed."""
        return self._open_until

    def wait_s(self, now: float, *, probe: bool) -> float:
        """Seconds before asking makes sense; 0: now. `probe`: whether this request may be the one that probes."""
        if not self._open:
            return 0.0
        if now < self._open_until:
            return self._open_until - now
        return 0.0 if probe and not self._probing else PROBE_WAIT_S

    def begin(self) -> bool:
        """A request goes out. True when it is the probe, whose sender must report or `abandon` it."""
        if not self._open:
            return False
        self._probing = True
        return True

    def abandon(self) -> None:
        """The probe was given up without an outcome."""
        self._probing = False

    def succeed(self, *, probe: bool) -> None:
        """A required answer was good. An open breaker believes only its probe."""
        if self._open and not probe:
            return
        self._open = self._probing = False
        self.failures = 0

    def fail(self, now: float, *, probe: bool) -> None:
        """A required answer was bad or did not come."""
        self.failures += 1
        if self._open and not probe:
            return
        self._probing = False
        if self._open or self.failures >= OPEN_AFTER:
            self._open_for(now, max(1.0, full_jitter(self._rng, self._base_s, self.failures - OPEN_AFTER + 2)))

    def hold(self, now: float, seconds: float) -> None:
        """The venue said to stay away for that long: open until then and a little longer, then one probe."""
        self._probing = False
        self._open_for(now, seconds + self._rng.uniform(0.0, min(RELEASE_JITTER_S, seconds)))

    def reset(self) -> None:
        """Forget failures that were our own; used when a local outage ends."""
        self._open = self._probing = False
        self.failures = 0

    def _open_for(self, now: float, seconds: float) -> None:
        self._open_until = max(now + seconds, self._open_until if self._open else 0.0)
        self._open = True
