"""What a venue is: its endpoints, funding rule, fees and budget as data, and pure functions over its answers.

A venue file (built in, or from another package through the entry point `fundtui.venues`) exports one `VENUE`.
It does no I/O, reads no clock and keeps no state. `decode` functions and `read` raise `BadAnswer` and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from fundtui.market import Batch, Fees, FundingRule, Settlement

MIB = 1 << 20

Params = tuple[tuple[str, str], ...]
"""Query parameters in the order in which they are sent."""

Parts = Mapping[str, Any]
"""Endpoint name -> its last good decoded answer; keyed endpoints hold a dict of key -> decoded answer."""


class Fault(StrEnum):
    """What is wrong with an answer as a whole."""

    NOT_JSON = "not_json"
    BLOCK_PAGE = "block_page"
    VENUE_ERROR = "venue_error"
    WRONG_SHAPE = "wrong_shape"
    EMPTY = "empty"
    RATE_LIMITED = "rate_limited"
    BANNED = "banned"
    GEO_BLOCKED = "geo_blocked"
    MAINTENANCE = "maintenance"


class BadAnswer(Exception):
    """An answer that is not what it should be. The poll fails as a whole; the last good data stays and ages."""

    def __init__(self, fault: Fault, text: str, retry_after_s: float = math.nan) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.retry_after_s = retry_after_s


class Wanted(msgspec.Struct, frozen=True):
    """What the user looks at: assets named in watchlists, and how many symbols a per-symbol endpoint may ask."""

    assets: frozenset[str] = frozenset()
    top: int = 50


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a venue. `{key}` in path, parameters or body is replaced for keyed endpoints.

    name      last segment of the path, with `:what` where a path repeats
    decode    bytes -> typed value; raises BadAnswer. Single-object and list forms are both accepted
    every_s   how often it is asked at the default pace
    required  without it no batch can be made; the others only fill fields
    keys      for per-symbol endpoints: which keys to ask, from what is known so far; one request per key. Where such
              an endpoint is required, no key means that it is too early to ask
    next_page for paged endpoints: the extra parameters of the page after a decoded one, None at the end
    join      for paged endpoints: decoded pages -> one value
    base_url  where it is not the venue's own
    perishable  its answer carries rates or prices though it is not required: left out of batches once it is overdue
    stands_in_for  the required endpoint that it replaces: asked only while the venue refuses that one, whose old answer
              is then left out of batches
    """

    name: str
    path: str
    decode: Callable[[bytes], Any]
    method: str = "GET"
    params: Params = ()
    body: str = ""
    weight: int = 1
    every_s: float = 15.0
    required: bool = False
    keys: Callable[[Parts, Wanted], Sequence[str]] | None = None
    next_page: Callable[[Any], Params | None] | None = None
    join: Callable[[Sequence[Any]], Any] | None = None
    base_url: str = ""
    perishable: bool = False
    stands_in_for: str = ""
    max_bytes: int = 16 * MIB


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A published request limit: `capacity` weight per `window_s`. fundtui uses at most half of it.

    `used_header` names the response header that tells the weight used in the window, `remaining_header` the one
    that tells what is left; empty where the venue sends none.
    """

    capacity: float
    window_s: float
    used_header: str = ""
    remaining_header: str = ""


class HistoryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request for settled rates; `base_url` where it is not the venue's own."""

    path: str
    method: str = "GET"
    params: Params = ()
    body: str = ""
    weight: int = 1
    base_url: str = ""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Settled rates of one symbol behind one shape, whatever the venue's paging is.

    first(symbol, start_ms, end_ms) -> the first request; read(body, symbol) -> rows in any order, times rounded to
    the settlement instant, rate per `interval_h` (NaN where the row does not tell); next(request, rows, symbol,
    start_ms, end_ms) -> the following request or None. `depth_h` is how far back the venue answers at all. `covers`
    tells which symbols have a history; None: all.
    """

    first: Callable[[str, int, int], HistoryRequest]
    read: Callable[[bytes, str], tuple[Settlement, ...]]
    next: Callable[[HistoryRequest, Sequence[Settlement], str, int, int], HistoryRequest | None]
    depth_h: float = math.inf
    covers: Callable[[str], bool] | None = None


class Accrued(msgspec.Struct, frozen=True, gc=False):
    """What one base unit held long has paid by a time since the contract began, in quote currency, and the price then.

    NaN: the price is not told.
    """

    time_ms: int
    paid: float
    price: float = math.nan


class AccrualHistory(msgspec.Struct, frozen=True, kw_only=True):
    """The past of a venue that pays all the time and tells samples of a running total, but no payments.

    at(symbol, time_ms) -> the request for the last sample before that time; read(body, symbol) -> samples in any order.
    What was paid in `step_h` hours is the difference of two samples over the price.
    """

    at: Callable[[str, int], HistoryRequest]
    read: Callable[[bytes, str], tuple[Accrued, ...]]
    step_h: float


class PremiumSample(NamedTuple):
    """A venue's premium at one instant, UTC milliseconds, as a decimal of the index price."""

    time_ms: int
    premium: float


class PremiumHistory(msgspec.Struct, frozen=True, kw_only=True):
    """The samples that a venue averages into its rate, of one symbol (methodology §2.3, tier 1).

    As `History`: first(symbol, start_ms, end_ms) -> the first request; read(body, symbol) -> samples in any order;
    next(request, rows, symbol, start_ms, end_ms) -> the following request or None. A reader gives a candle the time of
    its end, which for the running one lies ahead: whoever asks drops what is later than the asking. `covers` tells
    which symbols have such a history; None: all.
    """

    first: Callable[[str, int, int], HistoryRequest]
    read: Callable[[bytes, str], tuple[PremiumSample, ...]]
    next: Callable[[HistoryRequest, Sequence[PremiumSample], str, int, int], HistoryRequest | None]
    covers: Callable[[str], bool] | None = None


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """Everything fundtui knows of a venue.

    read        parts, observed_ms -> Batch; raises BadAnswer where a required part is missing or empty
    judge       status, body -> what an error answer means at this venue; None: the general rules apply
    experimental  why it is off by default, empty for a venue that is on
    accrual     in place of `history`, where funding is paid all the time and only a running total is told
    no_history  why it has neither
    premium_history  the premium's samples of the past, where the venue tells them
    """

    name: str
    title: str
    base_url: str
    endpoints: tuple[Endpoint, ...]
    read: Callable[[Parts, int], Batch]
    rule: FundingRule
    fees: Fees
    budget: Budget
    judge: Callable[[int, bytes], BadAnswer | None] | None = None
    history: History | None = None
    accrual: AccrualHistory | None = None
    no_history: str = ""
    premium_history: PremiumHistory | None = None
    experimental: str = ""
    source: str = ""
