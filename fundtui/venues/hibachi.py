"""Hibachi perpetuals. Wire facts: venue sheet hibachi.

The interval is stated nowhere: it is the distance of the last two settlements of one market. Rates come rounded to six
decimals.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fundtui.market import (
    NAN,
    AssetClass,
    Batch,
    Fees,
    Instrument,
    Note,
    Quote,
    Settlement,
    Status,
    unknown_rule,
)
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify, other_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    NULL,
    BadRow,
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
    check_rate,
    check_symbol,
    judge_by,
    next_on_grid,
    number,
    positive,
    rate_reasons,
    settlement_ms,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, History, HistoryRequest, Parts, Venue

NAME = "hibachi"
RULE = unknown_rule("venue sheet hibachi: no formula")
HISTORY_LIMIT = 100
INTERVALS_S = (3600, 4 * 3600, 8 * 3600)
CLOCK_MARKET = "BTC/USDT-P"
"""The market whose last settlements tell the interval."""


class Contract(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    symbol: str
    underlyingSymbol: str
    settlementSymbol: str
    status: str
    category: str = "CRYPTO"
    symbolStatus: str = "OPEN"
    marketCloseTimestamp: float | None = None


class Info(msgspec.Struct, frozen=True, gc=False):
    """Figures of a market, all null for a closed one. Open interest in base units, volume in USDT."""

    estimatedFundingRate: float | None = None
    markPrice: float | None = None
    spotPrice: float | None = None
    priceLatest: float | None = None
    bestBidPrice: float | None = None
    bestAskPrice: float | None = None
    openInterestQuantity: float | None = None
    volume24h: float | None = None


class MarketRow(msgspec.Struct, frozen=True, gc=False):
    contract: Contract
    info: Info | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """Times are in seconds."""

    fundingTimestamp: int
    fundingRate: float
    indexPrice: float | None = None


class Envelope(msgspec.Struct, frozen=True):
    markets: msgspec.Raw = NULL
    data: msgspec.Raw = NULL
    errorCode: int | str | None = None
    message: str = ""


_NO_INFO = Info()
_envelope = Decoder(Envelope)
_market_rows = RowsDecoder(MarketRow)
_history_rows = RowsDecoder(HistoryRow)


def _opened(body: bytes) -> Envelope:
    """The answer. Raises BadAnswer for `{"status": "failed", "errorCode": ..., "message": ...}`."""
    envelope = _envelope(body)
    if envelope.errorCode is not None:
        raise venue_error(envelope.errorCode, envelope.message, {})
    return envelope


def decode_inventory(body: bytes) -> Rows[MarketRow]:
    return _market_rows(_opened(body).markets)


def decode_interval(body: bytes) -> float:
    """Hours between the last two settlements, NaN when they are not apart by an interval that exists."""
    times = sorted(row.fundingTimestamp for row in _history_rows(_opened(body).data).good)
    apart_s = times[-1] - times[-2] if len(times) > 1 else 0
    return apart_s / 3600 if apart_s in INTERVALS_S else NAN


def _class(row: Contract) -> AssetClass:
    """Metals come under FX too, so the lists tell within what is no coin."""
    return AssetClass.CRYPTO if row.category == "CRYPTO" else other_class(row.underlyingSymbol)


@newest
def _contract(symbol: str, row: Contract, interval_h: float) -> Instrument:
    if "/" not in check_symbol(symbol):
        raise BadRow("unknown_symbol_form")
    identity = identify(row.underlyingSymbol, _class(row))
    known = interval_h == interval_h
    if row.status == "LIVE":
        status = Status.TRADING if row.symbolStatus == "OPEN" else Status.SUSPENDED
    else:
        status = Status.DELISTED if row.marketCloseTimestamp is not None else Status.SUSPENDED
    return Instrument(
        venue=NAME,
        symbol=row.symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=row.settlementSymbol,
        settle=row.settlementSymbol,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        notes=(Note.INTERVAL_INFERRED, Note.NEXT_FUNDING_INFERRED) if known else (),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per market; closed ones have no figures."""
    inventory: Rows[MarketRow] = parts["inventory"]
    interval_h: float = parts.get("funding-rates", NAN)
    next_ms = next_on_grid(observed_ms, interval_h) if interval_h == interval_h else None

    def quote(row: MarketRow) -> Quote:
        info = row.info or _NO_INFO
        contract = _contract(row.contract.symbol, row.contract, interval_h)
        rate = check_rate(number(info.estimatedFundingRate))
        mark, oi_base = positive(info.markPrice), amount(info.openInterestQuantity)
        return Quote(
            contract,
            observed_ms,
            rate,
            next_ms if contract.status is Status.TRADING else None,
            mark,
            positive(info.spotPrice),
            positive(info.priceLatest),
            oi_base=oi_base,
            oi_usd=oi_base * mark,
            volume_usd=amount(info.volume24h),
            bid=positive(info.bestBidPrice),
            ask=positive(info.bestAskPrice),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, inventory.good, quote, rejected=inventory.rejected)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return _history_page(symbol, start_ms, end_ms, 0)


def _history_page(symbol: str, start_ms: int, end_ms: int, offset: int) -> HistoryRequest:
    return HistoryRequest(
        path="/market/data/funding-rates",
        params=(
            ("symbol", symbol),
            ("startTime", str(start_ms // 1000)),
            ("endTime", str(end_ms // 1000)),
            ("limit", str(HISTORY_LIMIT)),
            ("offset", str(offset)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    """Rows do not tell their interval: it was eight hours at first and is one now."""
    return tuple(
        Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.fundingTimestamp * 1000, HOUR_MS),
            rate=row.fundingRate,
            price=positive(row.indexPrice),
        )
        for row in _history_rows(_opened(body).data, empty_ok=True).good
    )


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """Oldest first, by offset; rows outside the window mean that the venue ignores it."""
    if len(rows) < HISTORY_LIMIT or not all(start_ms <= row.time_ms <= end_ms + HOUR_MS for row in rows):
        return None
    return _history_page(symbol, start_ms, end_ms, int(dict(request.params)["offset"]) + HISTORY_LIMIT)


VENUE = Venue(
    name=NAME,
    title="Hibachi",
    base_url="https://data-api.hibachi.xyz",
    endpoints=(
        Endpoint(name="inventory", path="/market/inventory", decode=decode_inventory, every_s=20, required=True),
        Endpoint(
            name="funding-rates",
            path="/market/data/funding-rates",
            params=(("symbol", CLOCK_MARKET),),
            decode=decode_interval,
            every_s=3600,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.00015, taker=0.00045),
    budget=Budget(capacity=60, window_s=60),
    judge=judge_by(_opened),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet hibachi",
)
