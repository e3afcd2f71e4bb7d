"""What a bad answer, or none, means: one typed trouble in plain words, and how long to leave the venue alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC
from enum import StrEnum

import msgspec

from fundtui.polling.transport import Failure, Response, TransportError
from fundtui.text import SafeText, clean
from fundtui.units import format_utc, format_utc_date
from fundtui.venues._wire import is_geo_block
from fundtui.venues.spec import BadAnswer, Fault, Venue

RETRY_AFTER_MIN_S = 1.0
RETRY_AFTER_MAX_S = 3600.0
LIMITED_DEFAULT_S = 30.0
"""Held after a 429 that names no time."""
BAN_DEFAULT_S = 600.0
"""Held after a ban that names no end (Bybit: ten minutes at least; venue sheet bybit)."""
BAN_MAX_S = 3 * 86_400.0
"""No venue bans an address for longer (venue sheet binance); a later end is a mistake or a lie."""
GEO_RETRY_S = 900.0
DAY_MS = 86_400_000

_BANNED_UNTIL = re.compile(rb"banned until (\d{13})")
_TOO_FREQUENT = re.compile(rb"too (frequent|many)|rate.?limit|banned|access limit", re.IGNORECASE)
_MESSAGE = re.compile(rb'"(?:msg|message|retMsg|error|detail)"\s*:\s*"((?:[^"\\]|\\.){1,200})"')
_HTML = re.compile(rb"\s*<")


class TroubleKind(StrEnum):
    """What is wrong, for programs."""

    HTTP_4XX = "http_4xx"
    RATE_LIMITED = "rate_limited"
    BANNED = "banned"
    GEO_BLOCKED = "geo_blocked"
    HTTP_5XX = "5xx"
    MAINTENANCE = "maintenance"
    BAD_PAYLOAD = "bad_payload"
    TLS = "tls"
    DNS = "dns"
    CONNECT = "connect"
    TIMEOUT = "timeout"
    PROXY = "proxy"
    PROTOCOL = "protocol"


NETWORK_KINDS = frozenset({TroubleKind.DNS, TroubleKind.CONNECT, TroubleKind.TIMEOUT})
"""Troubles that our own lost connection would also cause."""

HOLDING_KINDS = frozenset({TroubleKind.RATE_LIMITED, TroubleKind.BANNED, TroubleKind.GEO_BLOCKED})
"""Troubles after which the venue is not asked anything until their end."""

_FAILURE_KINDS = {
    Failure.TIMEOUT: TroubleKind.TIMEOUT,
    Failure.CONNECT: TroubleKind.CONNECT,
    Failure.DNS: TroubleKind.DNS,
    Failure.TLS: TroubleKind.TLS,
    Failure.PROXY: TroubleKind.PROXY,
    Failure.PROTOCOL: TroubleKind.PROTOCOL,
    Failure.TOO_LARGE: TroubleKind.BAD_PAYLOAD,
}

_FAULT_KINDS = {
    Fault.RATE_LIMITED: TroubleKind.RATE_LIMITED,
    Fault.BANNED: TroubleKind.BANNED,
    Fault.GEO_BLOCKED: TroubleKind.GEO_BLOCKED,
    Fault.MAINTENANCE: TroubleKind.MAINTENANCE,
}


class Trouble(msgspec.Struct, frozen=True):
    """Why an answer is no use. `hold_s`: how long nothing may be asked of the venue (0: the next tick may ask)."""

    kind: TroubleKind
    text: SafeText
    hold_s: float = 0.0

    @property
    def network(self) -> bool:
        """Whether our own lost connection would look the same."""
        return self.kind in NETWORK_KINDS


class Troubled(Exception):
    """Carries a trouble from where it is found to where the poll is counted."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.text)
        self.trouble = trouble


def classify(response: Response, venue: Venue, now_ms: int) -> Trouble | None:
    """What an answer's status means; None for one worth decoding. The venue's own rules come first."""
    status, body = response.status, response.body
    if status < 300:
        return None
    if venue.judge is not None:
        judged = venue.judge(status, body)
        if judged is not None:
            return from_bad_answer(judged, response, now_ms)
    if status < 400:
        return Trouble(TroubleKind.BAD_PAYLOAD, clean(f"{status} redirect, not followed"))
    wait_s = retry_after_s(response.headers, now_ms)
    if status == 418 or _BANNED_UNTIL.search(body):
        return _ban(str(status), body, wait_s, now_ms)
    if status == 429:
        return _limited("429", wait_s, now_ms)
    if status == 451 or (status == 403 and is_geo_block(body) and not _says_too_frequent(body)):
        return Trouble(TroubleKind.GEO_BLOCKED, clean(f"{status} not served at this location"), GEO_RETRY_S)
    if status == 403:
        return _forbidden(body, wait_s, now_ms)
    if status >= 500:
        return _server_error(status, body, wait_s)
    return Trouble(TroubleKind.HTTP_4XX, clean(f"{status} {_message(body) or 'request refused'}", 120))


def from_bad_answer(error: BadAnswer, response: Response, now_ms: int) -> Trouble:
    """What a venue's own reading of an answer means."""
    kind = _FAULT_KINDS.get(error.fault, TroubleKind.BAD_PAYLOAD)
    wait_s = retry_after_s(response.headers, now_ms) if math.isnan(error.retry_after_s) else error.retry_after_s
    if kind is TroubleKind.BANNED or _BANNED_UNTIL.search(response.body[:4096]):
        return _ban(_status_of(response), response.body, wait_s, now_ms)
    if kind is TroubleKind.RATE_LIMITED:
        return _limited(_status_of(response), wait_s, now_ms)
    hold_s = GEO_RETRY_S if kind is TroubleKind.GEO_BLOCKED else 0.0
    return Trouble(kind, clean(error.text, 160), hold_s)


def from_failure(error: TransportError) -> Trouble:
    """What a request without an answer means."""
    return Trouble(_FAILURE_KINDS[error.failure], clean(error.text, 160))


def retry_after_s(headers: Mapping[str, str], now_ms: int) -> float:
    """Seconds that `Retry-After` asks to wait, in either of its forms, not below zero; NaN where there is none."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return math.nan
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    moment_ms = http_date_ms(text)
    return math.nan if moment_ms is None else max(0.0, (moment_ms - now_ms) / 1000)


def http_date_ms(text: str) -> int | None:
    """UTC milliseconds of an HTTP date; None for anything else."""
    # Imported when a venue sends one: not needed for the first rows.
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def clock_text(at_ms: int, now_ms: int) -> str:
    """`12:31 UTC`, with the date when it is not within a day."""
    return (format_utc(at_ms, seconds=False) if at_ms - now_ms < DAY_MS else format_utc_date(at_ms)[:16]) + " UTC"


def _ban(status: str, body: bytes, wait_s: float, now_ms: int) -> Trouble:
    stated = _BANNED_UNTIL.search(body)
    # Both may be given; the later end is the safe one.
    ends_s = [] if math.isnan(wait_s) else [wait_s]
    if stated:
        ends_s.append((int(stated[1]) - now_ms) / 1000)
    hold_s = min(max(ends_s, default=BAN_DEFAULT_S), BAN_MAX_S)
    hold_s = max(hold_s, RETRY_AFTER_MIN_S)
    until = clock_text(now_ms + round(hold_s * 1000), now_ms)
    return Trouble(TroubleKind.BANNED, clean(f"{status} banned until {until}".strip()), hold_s)


def _limited(status: str, wait_s: float, now_ms: int) -> Trouble:
    hold_s = LIMITED_DEFAULT_S if math.isnan(wait_s) else min(max(wait_s, RETRY_AFTER_MIN_S), RETRY_AFTER_MAX_S)
    until = format_utc(now_ms + round(hold_s * 1000)) + " UTC"
    return Trouble(TroubleKind.RATE_LIMITED, clean(f"{status} rate limited until {until}".strip()), hold_s)


def _forbidden(body: bytes, wait_s: float, now_ms: int) -> Trouble:
    """403 for those who ask too often is a ban; any other one is a firewall that asking again only annoys."""
    if _says_too_frequent(body):
        return _ban("403", body, max(BAN_DEFAULT_S, 0.0 if math.isnan(wait_s) else wait_s), now_ms)
    return Trouble(TroubleKind.GEO_BLOCKED, clean("403 refused by the venue's firewall"), GEO_RETRY_S)


def _server_error(status: int, body: bytes, wait_s: float) -> Trouble:
    hold_s = 0.0 if math.isnan(wait_s) else min(max(wait_s, RETRY_AFTER_MIN_S), RETRY_AFTER_MAX_S)
    text = _message(body) or "server error"
    return Trouble(TroubleKind.HTTP_5XX, clean(f"{status} {text}", 120), hold_s)


def _says_too_frequent(body: bytes) -> bool:
    return _TOO_FREQUENT.search(body[:4096]) is not None


def _message(body: bytes) -> str:
    """The venue's own words in a JSON error body; nothing of a web page."""
    if _HTML.match(body):
        return ""
    found = _MESSAGE.search(body[:4096])
    return found[1].decode("utf-8", "replace") if found else ""


def _status_of(response: Response) -> str:
    return str(response.status) if response.status >= 400 else ""
