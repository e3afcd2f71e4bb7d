"""How venues are and what happened: the nouns of health and of the journal, shared by all rooms above."""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from fundtui.text import SafeText


class VenueState(StrEnum):
    """A venue as the poller sees it, from well to unreachable."""

    STARTING = "starting"
    UP = "up"
    RECOVERING = "recovering"
    DEGRADED = "degraded"
    DOWN = "down"
    LIMITED = "limited"
    BANNED = "banned"
    GEO_BLOCKED = "geo_blocked"
    OFF = "off"


class EndpointHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint of a venue: age of its last good answer and what went wrong last."""

    name: str
    age_s: float = math.nan
    latency_s: float = math.nan
    answer_bytes: int = 0
    next_in_s: float = math.nan
    failures: int = 0
    error: SafeText | None = None


class VenueHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One venue at one moment, as screens and `fundtui venues` show it.

    age_s: since the last good batch (NaN: none yet). cadence_s: how often a batch is due. latency_s: median of the
    recent answers, latencies_s: the recent answers oldest first. weight_used: share of the venue's published budget
    used in its window (fundtui stays at or below 0.5). next_in_s: until the next request. last_error in plain words
    with last_error_ms. rejected: rows dropped in the last batch, by reason.
    """

    venue: str
    title: str
    state: VenueState
    age_s: float = math.nan
    cadence_s: float = math.nan
    latency_s: float = math.nan
    latencies_s: tuple[float, ...] = ()
    rows: int = 0
    polls: int = 0
    failures: int = 0
    weight_used: float = 0.0
    next_in_s: float = math.nan
    until_ms: int | None = None
    last_error: SafeText | None = None
    last_error_ms: int | None = None
    rejected: dict[str, int] = {}
    endpoints: tuple[EndpointHealth, ...] = ()
    experimental: str = ""


class EventKind(StrEnum):
    """What an entry of the journal is about."""

    VENUE_DOWN = "venue_down"
    VENUE_RECOVERED = "venue_recovered"
    VENUE_BANNED = "venue_banned"
    VENUE_LIMITED = "venue_limited"
    VENUE_BLOCKED = "venue_blocked"
    LOCAL_OUTAGE = "local_outage"
    LOCAL_OUTAGE_OVER = "local_outage_over"
    INTERVAL_CHANGED = "interval_changed"
    CAP_CHANGED = "cap_changed"
    FLOOR_CHANGED = "floor_changed"
    SETTLEMENT_CLOCK_CHANGED = "settlement_clock_changed"
    STATUS_CHANGED = "status_changed"
    MULTIPLIER_CHANGED = "multiplier_changed"
    LISTED = "listed"
    DELISTED = "delisted"
    AT_CAP = "at_cap"
    SETTLED = "settled"
    QUARANTINED = "quarantined"
    QUARANTINE_OVER = "quarantine_over"
    STALE = "stale"
    DEPEG = "depeg"
    PURGE = "purge"
    ALERT = "alert"
    CONFIG = "config"
    CLOCK = "clock"
    DEFECT = "defect"
    RECORD = "record"


class Severity(StrEnum):
    """How much an event matters."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the journal. `text` is the whole sentence for people; the rest is for programs."""

    time_ms: int
    kind: EventKind
    text: SafeText
    severity: Severity = Severity.INFO
    venue: str = ""
    symbol: str = ""
    asset: str = ""
    before: str = ""
    after: str = ""
