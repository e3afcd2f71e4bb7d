"""Whether it is us: most venues unreachable at once is one fact about our network, not one per venue."""

from __future__ import annotations

import math

import msgspec

WINDOW_S = 15.0
SHARE = 0.6
MIN_VENUES = 3


class Outcome(msgspec.Struct, frozen=True):
    """The last end of a venue's poll."""

    at: float
    network_failure: bool


class OutageWatch:
    """Counts venues whose last poll failed for want of a network. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._last: dict[str, Outcome] = {}
        self.local_outage = False

    def note(self, venue: str, now: float, *, network_failure: bool) -> None:
        """One poll ended."""
        self._last[venue] = Outcome(now, network_failure)

    def forget(self, venue: str) -> None:
        """The venue is no longer polled."""
        self._last.pop(venue, None)

    def judge(self, now: float, polled: int) -> bool:
        """Whether there is a local outage now. `polled`: how many venues are being asked at all.

        It begins when at least 60 % of the venues heard of within 15 s (at least three, and at least half of those
        that are polled) failed to connect, and lasts until fewer do.
        """
        recent = [outcome for outcome in self._last.values() if now - outcome.at <= WINDOW_S]
        failing = sum(outcome.network_failure for outcome in recent)
        if not recent:
            return self.local_outage
        most_fail = failing >= max(1, math.ceil(SHARE * len(recent) - 1e-9))
        if self.local_outage:
            self.local_outage = most_fail
        else:
            self.local_outage = most_fail and failing >= MIN_VENUES and 2 * len(recent) >= polled
        return self.local_outage
