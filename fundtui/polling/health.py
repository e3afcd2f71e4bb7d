"""What a poller's counters mean: a venue's state for screens, and the journal's events about it."""

from __future__ import annotations

import math

from fundtui.clock import Clock
from fundtui.polling.judge import TroubleKind, clock_text
from fundtui.polling.poller import Poller
from fundtui.polling.skew import median
from fundtui.status import Event, EventKind, Severity, VenueHealth, VenueState
from fundtui.text import clean
from fundtui.units import format_duration
from fundtui.venues.spec import Venue

DOWN_AFTER = 3
"""Required answers missing in a row before a venue with data is down; until then it is degraded."""
DOWN_AFTER_WITHOUT_DATA = 2
STALE_INTERVALS = 3
LATENCIES = 20

_HELD_STATES = {
    TroubleKind.BANNED: VenueState.BANNED,
    TroubleKind.RATE_LIMITED: VenueState.LIMITED,
    TroubleKind.GEO_BLOCKED: VenueState.GEO_BLOCKED,
}

_INCIDENTS = {
    VenueState.DOWN: (EventKind.VENUE_DOWN, Severity.WARNING, "down"),
    VenueState.BANNED: (EventKind.VENUE_BANNED, Severity.CRITICAL, "banned us"),
    VenueState.LIMITED: (EventKind.VENUE_LIMITED, Severity.INFO, "limits us"),
    VenueState.GEO_BLOCKED: (EventKind.VENUE_BLOCKED, Severity.WARNING, "not served here"),
}


def state_of(poller: Poller, now: float, *, in_incident: bool = False) -> VenueState:
    """A venue's state. `in_incident`: it was down, so one good answer is not enough to be up."""
    if poller.holding is not None:
        return _HELD_STATES[poller.holding.kind]
    no_data = math.isnan(poller.good_at)
    if no_data and _cannot_begin(poller):
        return VenueState.DOWN
    if poller.failures_in_a_row >= (DOWN_AFTER_WITHOUT_DATA if no_data else DOWN_AFTER):
        return VenueState.DOWN
    if no_data:
        return VenueState.STARTING
    stale = now - poller.good_at > STALE_INTERVALS * poller.cadence_s
    if poller.failures_in_a_row or stale or any(line.failures >= DOWN_AFTER for line in poller.lines):
        return VenueState.DEGRADED
    return VenueState.RECOVERING if in_incident and poller.good_in_a_row < 2 else VenueState.UP


def _cannot_begin(poller: Poller) -> bool:
    """Whether what must come before the rates (a catalogue that names the symbols) fails again and again."""
    asked = any(line.tried for line in poller.lines if line.endpoint.required)
    return not asked and any(line.failures >= DOWN_AFTER_WITHOUT_DATA for line in poller.lines)


def describe(poller: Poller, clock: Clock, state: VenueState) -> VenueHealth:
    """The venue at this moment."""
    now, now_ms = clock.monotonic(), clock.utc_ms()
    latencies = [latency for line in poller.lines if line.endpoint.required for latency in line.latencies]
    due = [line.next_at - now for line in poller.lines if not math.isnan(line.next_at)]
    silent = poller.holding is not None or not poller.breaker.closed
    opens_in_s = max(0.0, poller.breaker.open_until - now)
    return VenueHealth(
        venue=poller.venue.name,
        title=poller.venue.title,
        state=state,
        age_s=now - poller.good_at,
        cadence_s=poller.cadence_s,
        latency_s=median(latencies) if latencies else math.nan,
        latencies_s=tuple(latencies[-LATENCIES:]),
        rows=poller.rows,
        polls=poller.polls,
        failures=poller.failures,
        weight_used=poller.limiter.used_share,
        next_in_s=opens_in_s if silent else max(0.0, min(due, default=math.nan)),
        until_ms=now_ms + round(opens_in_s * 1000) if poller.holding is not None else None,
        last_error=poller.last_trouble.text if poller.last_trouble is not None else None,
        last_error_ms=poller.last_trouble_ms,
        rejected=poller.rejected,
        endpoints=tuple(line.health(now) for line in poller.lines),
        experimental=poller.venue.experimental,
    )


def describe_off(venue: Venue) -> VenueHealth:
    """A venue that is not polled."""
    return VenueHealth(venue=venue.name, title=venue.title, state=VenueState.OFF, experimental=venue.experimental)


class Incident:
    """Follows one venue's state and says once what a person should know: that it went, and that it came back."""

    def __init__(self) -> None:
        self._announced: VenueState | None = None
        self._since_ms = 0

    def state_now(self, poller: Poller, clock: Clock) -> VenueState:
        """The venue's state at this moment."""
        return state_of(poller, clock.monotonic(), in_incident=self._announced is not None)

    def follow(self, poller: Poller, clock: Clock, *, inhibited: bool = False) -> Event | None:
        """The event that the venue's present state makes, if any. Inhibited: our own network is down."""
        state, now_ms = self.state_now(poller, clock), clock.utc_ms()
        if state is VenueState.UP and self._announced is not None:
            return self._recovered(poller, now_ms)
        if state not in _INCIDENTS or state is self._announced or inhibited:
            return None
        if self._announced is None:
            self._since_ms = poller.failing_since_ms or now_ms
        before, self._announced = self._announced, state
        return _began(poller, clock, before, state)

    def _recovered(self, poller: Poller, now_ms: int) -> Event:
        before, self._announced = self._announced, None
        lasted = format_duration((now_ms - self._since_ms) / 1000)
        return Event(
            time_ms=now_ms,
            kind=EventKind.VENUE_RECOVERED,
            text=clean(f"{poller.venue.title} recovered after {lasted}"),
            venue=poller.venue.name,
            before=before.value if before is not None else "",
            after=VenueState.UP.value,
        )


def _began(poller: Poller, clock: Clock, before: VenueState | None, state: VenueState) -> Event:
    kind, severity, word = _INCIDENTS[state]
    now_ms = clock.utc_ms()
    trouble = poller.last_trouble
    why = f": {trouble.text}" if trouble is not None else ""
    if trouble is None and poller.holding is not None:
        why = f" until {clock_text(now_ms + round(poller.limiter.held_s * 1000), now_ms)}"
    return Event(
        time_ms=now_ms,
        kind=kind,
        text=clean(f"{poller.venue.title} {word}{why}"),
        severity=severity,
        venue=poller.venue.name,
        before=before.value if before is not None else "",
        after=state.value,
    )
