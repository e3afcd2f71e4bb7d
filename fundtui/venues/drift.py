"""Velocity (Solana), the successor of Drift by the same team. Wire facts: venue sheet drift.

Rates are in percent per hour, as profit or loss of each side, and lazily updated: they are what was last applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote as url_quote

import msgspec

from fundtui.market import (
    NAN,
    Averaging,
    Batch,
    Family,
    Fees,
    FundingRule,
    Instrument,
    Note,
    Quote,
    RateKind,
    Settlement,
    Status,
)
from fundtui.text import clean
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify
from fundtui.venues._newest import newest
from fundtui.venues._sides import both_rates, oi_skew
from fundtui.venues._wire import (
    NULL,
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
    blank_as_null,
    check_rate,
    check_symbol,
    judge_by,
    next_on_grid,
    number,
    positive,
    rate_reasons,
    settlement_ms,
)
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "drift"
HISTORY_LIMIT = 750
HISTORY_HOURS = 744.0

RULE = FundingRule(
    family=Family.FRACTION,
    share=1 / 24,
    averaging=Averaging.EWMA,
    source="methodology §2.2, venue sheet drift",
)


class Sides(msgspec.Struct, frozen=True, gc=False):
    """A figure of the long and of the short side."""

    long: float | None = None
    short: float | None = None


class MarketRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `stats/markets`, spot among them. Open interest in base units, that of shorts negative."""

    symbol: str
    marketType: str
    status: str = ""
    baseAsset: str = ""
    quoteAsset: str = ""
    oraclePrice: float | None = None
    markPrice: float | None = None
    price: float | None = None
    quoteVolume: float | None = None
    openInterest: Sides | None = None
    fundingRate: Sides | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """A record of `fundingRates`: here the rate is money per base unit."""

    ts: int
    symbol: str
    fundingRate: float
    oraclePriceTwap: float
    markPriceTwap: float | None = None


class Envelope(msgspec.Struct, frozen=True):
    success: bool
    markets: msgspec.Raw = NULL
    records: msgspec.Raw = NULL
    message: str = ""


_NO_SIDES = Sides()
_envelope = Decoder(Envelope)
_market_rows = RowsDecoder(MarketRow)
_history_rows = RowsDecoder(HistoryRow)


def _opened(body: bytes) -> Envelope:
    """The answer. Raises BadAnswer for `{"success": false, "message": ...}`."""
    envelope = _envelope(body)
    if not envelope.success:
        raise BadAnswer(Fault.VENUE_ERROR, f"error: {clean(envelope.message, 120)}")
    return envelope


def decode_markets(body: bytes) -> Rows[MarketRow]:
    return _market_rows(blank_as_null(bytes(_opened(body).markets)))


@newest
def _contract(symbol: str, base: str, quoted: str, status: str, sides_differ: bool) -> Instrument:
    identity = identify(base)
    return Instrument(
        venue=NAME,
        symbol=check_symbol(symbol),
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=Status.TRADING if status == "active" else Status.SUSPENDED,
        rate_period_h=1.0,
        rate_kind=RateKind.SETTLED,
        interval_h=1.0,
        notes=(Note.NEXT_FUNDING_INFERRED,) + ((Note.TWO_RATES,) if sides_differ else ()),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per perpetual. The pool takes the other side, so the larger side is the open interest."""
    markets: Rows[MarketRow] = parts["markets"]
    next_ms = next_on_grid(observed_ms, 1.0)

    def quote(row: MarketRow) -> Quote | None:
        if row.marketType != "perp":
            check_symbol(row.symbol)
            return None
        sides, interest = row.fundingRate or _NO_SIDES, row.openInterest or _NO_SIDES
        paid, received = both_rates(number(sides.long) / 100, number(sides.short) / 100)
        rate = check_rate(paid)
        differ = abs(paid - received) > 1e-12
        contract = _contract(row.symbol, row.baseAsset, row.quoteAsset, row.status, differ)
        mark = positive(row.markPrice)
        longs, shorts = amount(interest.long), amount(-number(interest.short))
        oi_base = longs if longs >= shorts else shorts
        return Quote(
            contract,
            observed_ms,
            rate,
            next_ms,
            mark,
            positive(row.oraclePrice),
            positive(row.price),
            oi_base=oi_base,
            oi_usd=oi_base * mark,
            volume_usd=amount(row.quoteVolume),
            settled_rate=rate,
            reasons=rate_reasons(contract, rate),
            received_rate=received if differ else NAN,
            oi_skew=oi_skew(longs, shorts),
        )

    return batch(NAME, observed_ms, markets.good, quote, rejected=markets.rejected)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """All 31 days that the venue keeps fit into one page."""
    return HistoryRequest(
        path=f"/market/{url_quote(symbol, safe='')}/fundingRates", params=(("limit", str(HISTORY_LIMIT)),)
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    """Times come about a minute after the hour."""
    return tuple(
        Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.ts * 1000, HOUR_MS),
            rate=row.fundingRate / positive(row.oraclePriceTwap),
            interval_h=1.0,
            premium=number(row.markPriceTwap) / positive(row.oraclePriceTwap) - 1,
            price=positive(row.oraclePriceTwap),
        )
        for row in _history_rows(_opened(body).records, empty_ok=True).good
        if row.symbol == symbol
    )


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    return None


VENUE = Venue(
    name=NAME,
    title="Velocity (formerly Drift)",
    base_url="https://data.velocity.exchange",
    endpoints=(Endpoint(name="markets", path="/stats/markets", decode=decode_markets, every_s=60, required=True),),
    read=read,
    rule=RULE,
    fees=Fees(maker=-0.000025, taker=0.0002),
    budget=Budget(capacity=60, window_s=60),
    judge=judge_by(_opened),
    history=History(first=_history_first, read=_history_read, next=_history_next, depth_h=HISTORY_HOURS),
    experimental="next to no volume since its restart in July 2026",
    source="venue sheet drift",
)
