"""The domain's nouns: instruments, quotes (one observation of one instrument) and batches (one venue's poll).

Conventions (methodology §1): rates are decimals, > 0 means longs pay shorts; times are UTC milliseconds;
`mark`, `index`, `last` and `oi_base` are per unit of the contract's own base as published (1000PEPE counts in
1000PEPE), `oi_*` are one-sided. A number that is not known is NaN; a time that is not known is None.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from fundtui.units import HOURS_PER_YEAR

NAN = math.nan


class AssetClass(StrEnum):
    """What an asset is, so that tickers of shares and coins never meet."""

    CRYPTO = "crypto"
    EQUITY = "equity"
    COMMODITY = "commodity"
    FX = "fx"
    INDEX = "index"


ASSET_SUFFIX = {
    AssetClass.CRYPTO: "",
    AssetClass.EQUITY: ".eq",
    AssetClass.COMMODITY: ".cm",
    AssetClass.FX: ".fx",
    AssetClass.INDEX: ".ix",
}


class Kind(StrEnum):
    """Whether profit is linear in the price (paid in quote) or inverse (paid in the coin)."""

    LINEAR = "linear"
    INVERSE = "inverse"


class Status(StrEnum):
    """What can be done with an instrument."""

    TRADING = "trading"
    SUSPENDED = "suspended"
    DELISTED = "delisted"
    PRELAUNCH = "prelaunch"
    DATED = "dated"


class RateKind(StrEnum):
    """What a published rate is: an estimate for the next settlement, fixed for it, being paid now, or paid."""

    PREDICTED = "predicted"
    LOCKED = "locked"
    RUNNING = "running"
    SETTLED = "settled"


class Reason(StrEnum):
    """Why an instrument is left out of comparisons. Every exclusion has one that the user can read."""

    NOT_TRADING = "not_trading"
    DATED = "dated"
    NO_RATE = "no_rate"
    ZERO_RATE = "zero_rate"
    INTERVAL_UNKNOWN = "interval_unknown"
    IMPLAUSIBLE_RATE = "implausible_rate"
    PRICE_MISMATCH = "price_mismatch"
    QUOTE_DEPEGGED = "quote_depegged"
    STALE = "stale"
    MIRRORED = "mirrored"


REASON_TEXT = {
    Reason.NOT_TRADING: "not trading",
    Reason.DATED: "dated contract, pays no funding",
    Reason.NO_RATE: "no rate published",
    Reason.ZERO_RATE: "rate is hard zero",
    Reason.INTERVAL_UNKNOWN: "interval unknown",
    Reason.IMPLAUSIBLE_RATE: "implausible rate, waiting for a second poll",
    Reason.PRICE_MISMATCH: "price off the group's median, may be another asset",
    Reason.QUOTE_DEPEGGED: "quote currency off its peg",
    Reason.STALE: "stale",
    Reason.MIRRORED: "mirrors another venue's settled rates",
}


class Note(StrEnum):
    """A caveat on a figure that stays in comparisons."""

    OI_SIDE_UNVERIFIED = "oi_side_unverified"
    INTERVAL_INFERRED = "interval_inferred"
    NEXT_FUNDING_INFERRED = "next_funding_inferred"
    DELISTING_ANNOUNCED = "delisting_announced"
    ISOLATED_ONLY = "isolated_only"
    INDEX_IS_MARK = "index_is_mark"
    OI_CAP_REACHED = "oi_cap_reached"
    TWO_RATES = "two_rates"


class Family(StrEnum):
    """The kernel families of methodology §2.2."""

    NORMALISED = "A"
    PER_INTERVAL = "B"
    NO_INTEREST = "C"
    FRACTION = "D"
    CONTINUOUS = "E"
    OI_SKEW = "F"
    UNKNOWN = "unknown"


class Averaging(StrEnum):
    """How a venue averages its premium over the interval (methodology §2.4)."""

    LINEAR = "linear"
    UNIFORM = "uniform"
    EWMA = "ewma"
    NONE = "none"


class FundingRule(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's funding formula as data (methodology §2.2): F = clip(s·(I + soft(Ā − I; c)) + j, floor, cap).

    `interest_8h` is I per 8 hours (NaN: not known), `damper` is c, `share` is s where the family fixes it (D: 1/8 or
    1/24), `fixed_per_interval` is j. `cap` and `floor` are the rule's own limits per interval, used where an
    instrument publishes none. Settlements fall on `anchor_h` + k·interval, UTC. `averaging_half_life_h` is that of an
    exponential average (NaN: not stated, a time constant of an hour is taken).
    """

    family: Family
    interest_8h: float = 0.0
    damper: float = 0.0
    share: float = 1.0
    fixed_per_interval: float = 0.0
    averaging: Averaging = Averaging.UNIFORM
    averaging_half_life_h: float = NAN
    cap: float = NAN
    floor: float = NAN
    anchor_h: int = 0
    source: str = ""


UNKNOWN_RULE = FundingRule(family=Family.UNKNOWN, interest_8h=NAN, averaging=Averaging.NONE)


def unknown_rule(reason: str, *, interest_8h: float = NAN) -> FundingRule:
    """A formula that is not known, and why. `interest_8h` where at least the rate of a market at rest is known."""
    return FundingRule(family=Family.UNKNOWN, interest_8h=interest_8h, averaging=Averaging.NONE, source=reason)


class Fees(msgspec.Struct, frozen=True):
    """Base-tier fees as fractions of the notional; NaN where the venue does not say."""

    maker: float = NAN
    taker: float = NAN


class Instrument(msgspec.Struct, frozen=True, gc=False, kw_only=True, cache_hash=True):
    """What changes rarely about a contract. A change between two polls is an event of the journal.

    `rate_period_h` is what a published rate covers, `interval_h` how often it is paid (NaN: continuous or
    unknown). `cap` and `floor` are per `rate_period_h`. `native_id` is what requests for one instrument, such as
    its history, call it where that is not the symbol (Lighter's market 0 is ETH). Venue modules make instruments
    through a cached function, so that an unchanged contract is the same object at each poll. Never passed in, always
    derived: `asset_id`, the asset's name on screens (the ticker, with a suffix for everything that is not a coin),
    and `excluded`, why the contract itself is left out of comparisons whatever its rate is.
    """

    venue: str
    symbol: str
    asset: str
    quote: str
    settle: str
    asset_class: AssetClass = AssetClass.CRYPTO
    kind: Kind = Kind.LINEAR
    multiplier: float = 1.0
    status: Status = Status.TRADING
    rate_period_h: float = NAN
    rate_kind: RateKind = RateKind.PREDICTED
    interval_h: float = NAN
    continuous: bool = False
    cap: float = NAN
    floor: float = NAN
    expiry_ms: int | None = None
    notes: tuple[Note, ...] = ()
    rule: FundingRule = UNKNOWN_RULE
    native_id: str = ""

    asset_id: str = ""
    excluded: tuple[Reason, ...] = ()

    def __post_init__(self) -> None:
        """Fill in what follows from the other fields; read at every poll, so worked out once."""
        force_setattr(self, "asset_id", self.asset + ASSET_SUFFIX[self.asset_class])
        force_setattr(self, "excluded", self._excluded())

    def _excluded(self) -> tuple[Reason, ...]:
        if self.status is Status.DATED:
            return (Reason.DATED,)
        if self.status is not Status.TRADING:
            return (Reason.NOT_TRADING,)
        if math.isnan(self.rate_period_h) or (math.isnan(self.interval_h) and not self.continuous):
            return (Reason.INTERVAL_UNKNOWN,)
        return ()


class Quote(msgspec.Struct, frozen=True, gc=False):
    """One observation of one instrument. Field meanings: the module's docstring and design §6.

    `bid` and `ask` are impact or best prices where the venue gives them; they and `contract` fields beyond the
    record are for the calculator. `reasons` are codes why it is left out of comparisons. `received_rate` is what the
    receiving side gets, with the sign of `rate`, where that is not what the paying side pays, and `oi_skew` is
    (longs − shorts)/(longs + shorts) of the open interest where the sides differ in size (methodology §2.5).
    """

    contract: Instrument
    observed_ms: int
    rate: float = NAN
    next_funding_ms: int | None = None
    mark: float = NAN
    index: float = NAN
    last: float = NAN
    premium: float = NAN
    oi_base: float = NAN
    oi_usd: float = NAN
    volume_usd: float = NAN
    settled_rate: float = NAN
    oi_cap_usd: float = NAN
    bid: float = NAN
    ask: float = NAN
    reasons: tuple[Reason, ...] = ()
    received_rate: float = NAN
    oi_skew: float = NAN

    @property
    def hourly(self) -> float:
        """The hourly simple rate (methodology N1); NaN where rate or period is unknown."""
        return self.rate / self.contract.rate_period_h


class PremiumSamples(msgspec.Struct, frozen=True, gc=False):
    """A venue's own samples of one instrument's premium, oldest first: UTC milliseconds, and decimals of the index."""

    symbol: str
    time_ms: tuple[int, ...]
    premium: tuple[float, ...]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one poll of one venue gave: its quotes, and how many rows were dropped for which reason.

    learning  slower answers that say what its contracts are have not come yet: what differs next time is no change
    partial   rows may be missing that the venue still lists, because a part of its answers is overdue
    premiums  samples of the running funding intervals, asked of the venue's premium history (methodology §2.4); they
              come with a poll so that whoever reads the record takes them at the same place as who asked
    """

    venue: str
    observed_ms: int
    quotes: tuple[Quote, ...]
    rejected: dict[str, int] = {}
    learning: bool = False
    partial: bool = False
    premiums: tuple[PremiumSamples, ...] = ()


class Settlement(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One settled payment of one instrument, its time rounded to the settlement instant."""

    venue: str
    symbol: str
    time_ms: int
    rate: float
    interval_h: float = NAN
    premium: float = NAN
    price: float = NAN


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """What one endpoint of a venue last said about one instrument: names and values as on the wire, and when."""

    endpoint: str
    time_ms: int
    fields: dict[str, str | int | float | bool]


RECORD_KEYS = (
    "venue", "symbol", "asset", "asset_class", "quote", "settle", "kind", "multiplier", "status",
    "rate", "rate_period_h", "rate_kind", "interval_h", "continuous", "hourly", "apr", "received_rate",
    "settled_rate",
    "next_funding_ms", "mark", "index", "last", "premium", "oi_base", "oi_usd", "oi_skew", "volume_usd",
    "cap", "floor", "oi_cap_usd", "observed_ms", "reasons", "notes",
)  # fmt: skip


def record(quote: Quote) -> dict[str, Any]:
    """The instrument record of design §6: numbers or None, keys always present."""
    fields = msgspec.structs.asdict(quote.contract) | msgspec.structs.asdict(quote)
    fields["hourly"] = quote.hourly
    fields["apr"] = quote.hourly * HOURS_PER_YEAR
    return {key: _plain(fields[key]) for key in RECORD_KEYS}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, StrEnum):
        return value.value
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
