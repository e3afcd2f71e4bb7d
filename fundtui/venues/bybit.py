"""Bybit perpetuals, linear and inverse (v5). Wire facts: venue sheet bybit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    AssetClass,
    Averaging,
    Batch,
    Family,
    Fees,
    FundingRule,
    Instrument,
    Kind,
    Note,
    Quote,
    Settlement,
    Status,
)
from fundtui.venues import _premiums
from fundtui.venues._identity import identify, other_class, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    NULL,
    BadRow,
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
    blank_as_null,
    by_key,
    check_next,
    check_rate,
    check_symbol,
    interval_from,
    is_geo_block,
    judge_by,
    need,
    number,
    older_window,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import (
    BadAnswer,
    Budget,
    Endpoint,
    Fault,
    History,
    HistoryRequest,
    Params,
    Parts,
    PremiumSample,
    Venue,
)

NAME = "bybit"
CANDLE_LIMIT = 1000
HISTORY_LIMIT = 200
BAN_S = 600.0
"""A 403 for asking too often lasts at least ten minutes."""

LINEAR_QUOTES = (("USDT", "USDT"), ("PERP", "USDC"), ("USDC", "USDC"), ("USDE", "USDE"), ("USD1", "USD1"))
"""How a linear symbol ends -> its quote currency, for use until the catalogue has come."""

RULE = FundingRule(
    family=Family.PER_INTERVAL,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.LINEAR,
    source="methodology §2.2, venue sheet bybit",
)


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `tickers`."""

    symbol: str
    lastPrice: float | None = None
    indexPrice: float | None = None
    markPrice: float | None = None
    openInterest: float | None = None
    singleOpenInterest: float | None = None
    volume24h: float | None = None
    turnover24h: float | None = None
    fundingRate: float | None = None
    nextFundingTime: int | None = None
    fundingIntervalHour: float | None = None
    fundingCap: float | None = None
    deliveryTime: int | None = None
    curPreListingPhase: str | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `instruments-info`."""

    symbol: str
    contractType: str
    status: str
    baseCoin: str
    quoteCoin: str
    settleCoin: str
    deliveryTime: int | None = None
    fundingInterval: float | None = None
    upperFundingRate: float | None = None
    lowerFundingRate: float | None = None
    isPreListing: bool = False
    symbolType: str | None = None


class CandleRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Row of `premium-index-price-kline`: when it starts, then open, high, low and close."""

    start_ms: int
    open: float
    high: float
    low: float
    close: float


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    fundingRate: float
    fundingRateTimestamp: int


class Result(msgspec.Struct, frozen=True):
    list: msgspec.Raw = NULL
    nextPageCursor: str | None = None
    symbol: str | None = None


class Envelope(msgspec.Struct, frozen=True):
    retCode: int
    retMsg: str | None = None
    result: Result | None = None


class Listing(msgspec.Struct, frozen=True):
    """A page of the catalogue, or all of it: contracts by symbol and where the next page starts."""

    rows: Mapping[str, ListedRow]
    cursor: str = ""


FAULTS = {
    "10006": Fault.RATE_LIMITED,
    "10018": Fault.RATE_LIMITED,
    "10429": Fault.RATE_LIMITED,
    "10009": Fault.BANNED,
    "10024": Fault.GEO_BLOCKED,
}

_envelope = Decoder(Envelope)
_ticker_rows = RowsDecoder(TickerRow)
_listed_rows = RowsDecoder(ListedRow)
_history_rows = RowsDecoder(HistoryRow)
_candle_rows = RowsDecoder(CandleRow)


def _result(body: bytes) -> Result:
    envelope = _envelope(blank_as_null(body))
    if envelope.retCode != 0:
        raise venue_error(envelope.retCode, envelope.retMsg, FAULTS)
    return envelope.result or Result()


def decode_tickers(body: bytes) -> Rows[TickerRow]:
    return _ticker_rows(_result(body).list)


def decode_listing(body: bytes) -> Listing:
    result = _result(body)
    rows = _listed_rows(result.list, empty_ok=True).good
    return Listing(by_key(rows, lambda row: row.symbol), result.nextPageCursor or "")


def next_page(page: Listing) -> Params | None:
    return (("cursor", page.cursor),) if page.cursor else None


def join_pages(pages: Sequence[Listing]) -> Listing:
    return Listing({symbol: row for page in pages for symbol, row in page.rows.items()})


def _currencies(symbol: str, kind: Kind, listed: ListedRow | None) -> tuple[str, str, str]:
    """Base, quote and settle currency; from the symbol's end only while the catalogue has not come."""
    if listed is not None:
        return listed.baseCoin, listed.quoteCoin, listed.settleCoin
    if kind is Kind.INVERSE:
        base, found, _ = symbol.partition("USD")
        if base and found:
            return base, "USD", base
        raise BadRow("unknown_quote_currency")
    name, dated, _ = symbol.partition("-")
    for ending, quote in LINEAR_QUOTES:
        if name.endswith(ending) and len(name) > len(ending):
            return name.removesuffix(ending), quote, quote
    if dated:
        return name, "USDC", "USDC"
    raise BadRow("unknown_quote_currency")


def _status(listed: ListedRow | None, *, funded: bool, delivery_ms: int, phase: str) -> Status:
    if listed is not None and "Futures" in listed.contractType:
        return Status.DATED
    if listed is None and delivery_ms and not funded:
        return Status.DATED
    if phase not in ("", "Finished") or (listed is not None and (listed.isPreListing or listed.status == "PreLaunch")):
        return Status.PRELAUNCH
    if listed is not None and listed.status != "Trading":
        return Status.DELISTED if listed.status == "Closed" else Status.SUSPENDED
    return Status.TRADING if funded else Status.SUSPENDED


def _asset_class(base: str, listed: ListedRow | None) -> AssetClass:
    if listed is None:
        return unmarked_class(base)
    match listed.symbolType:
        case "stock":
            return AssetClass.EQUITY
        case "forex":
            return AssetClass.FX
        case "index":
            return AssetClass.INDEX
        case "commodity":
            found = other_class(base)
            return AssetClass.COMMODITY if found is AssetClass.EQUITY else found
        case _:
            return AssetClass.CRYPTO


@newest
def _contract(
    symbol: str,
    kind: Kind,
    listed: ListedRow | None,
    interval: float | None,
    cap: float | None,
    delivery_ms: int,
    phase: str,
    funded: bool,
) -> Instrument:
    """The instrument. The ticker's own interval and cap win over the catalogue's: Bybit switches both with the rate."""
    check_symbol(symbol)
    base, quoted, settle = _currencies(symbol, kind, listed)
    identity = identify(base, _asset_class(base, listed))
    status = _status(listed, funded=funded, delivery_ms=delivery_ms, phase=phase)
    interval_h = interval_from(number(interval))
    if interval is None and listed is not None and listed.fundingInterval:
        interval_h = interval_from(listed.fundingInterval / 60)
    if status is Status.DATED:
        interval_h = NAN
    upper, lower = number(cap), -number(cap)
    if cap is None and listed is not None:
        upper, lower = number(listed.upperFundingRate), number(listed.lowerFundingRate)
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=settle,
        kind=kind,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=upper,
        floor=lower,
        expiry_ms=delivery_ms or None,
        notes=(Note.DELISTING_ANNOUNCED,) if delivery_ms and status is not Status.DATED else (),
        rule=RULE,
    )


def _one_sided(row: TickerRow) -> float:
    """Open interest of one side, in the venue's unit: `openInterest` counts both."""
    if row.singleOpenInterest is not None:
        return amount(row.singleOpenInterest)
    return amount(row.openInterest) / 2


def _all_rows(parts: Parts) -> Iterator[tuple[Kind, TickerRow]]:
    for kind in Kind:
        rows: Rows[TickerRow] | None = parts.get(f"tickers:{kind}")
        if rows is not None:
            for row in rows.good:
                yield kind, row


def _catalogue(parts: Parts) -> dict[str, ListedRow]:
    names = ("instruments-info:linear-prelaunch", "instruments-info:inverse", "instruments-info:linear")
    return {symbol: row for name in names if name in parts for symbol, row in parts[name].rows.items()}


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of both `tickers`, completed from the catalogue."""
    need(parts, "tickers:linear", "tickers:inverse")
    listed = _catalogue(parts)
    rejected = sum(parts[name].rejected for name in ("tickers:linear", "tickers:inverse") if name in parts)

    def quote(kind_row: tuple[Kind, TickerRow]) -> Quote:
        kind, row = kind_row
        contract = _contract(
            row.symbol,
            kind,
            listed.get(row.symbol),
            row.fundingIntervalHour,
            row.fundingCap,
            row.deliveryTime or 0,
            row.curPreListingPhase or "",
            bool(row.nextFundingTime),
        )
        rate = NAN if contract.status is Status.DATED else check_rate(number(row.fundingRate))
        mark = positive(row.markPrice)
        size = _one_sided(row)
        linear = kind is Kind.LINEAR
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(row.nextFundingTime, observed_ms),
            mark,
            positive(row.indexPrice),
            positive(row.lastPrice),
            NAN,
            size if linear else size / mark,
            size * mark if linear else size,
            amount(row.turnover24h if linear else row.volume24h),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, _all_rows(parts), quote, rejected=rejected)


_judge_envelope = judge_by(_result)


def judge(status: int, body: bytes) -> BadAnswer | None:
    """403 is both: a location block (a page that names CloudFront or the country) and a ban for asking too often."""
    if status == 403:
        if is_geo_block(body):
            return BadAnswer(Fault.GEO_BLOCKED, "403: not served at this location")
        return BadAnswer(Fault.BANNED, "403: asked too often, waiting ten minutes", BAN_S)
    return _judge_envelope(status, body)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    category = Kind.INVERSE if symbol.endswith("USD") else Kind.LINEAR
    return HistoryRequest(
        path="/v5/market/funding/history",
        params=(
            ("category", category.value),
            ("symbol", symbol),
            ("startTime", str(start_ms)),
            ("endTime", str(end_ms)),
            ("limit", str(HISTORY_LIMIT)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: HistoryRow) -> Settlement | None:
        if row.symbol != symbol:
            return None
        return Settlement(
            venue=NAME, symbol=symbol, time_ms=settlement_ms(row.fundingRateTimestamp), rate=check_rate(row.fundingRate)
        )

    return settlements(_history_rows(_result(body).list, empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    window_end_ms = int(dict(request.params)["endTime"])
    older_ms = older_window(rows, start_ms, window_end_ms) if len(rows) >= HISTORY_LIMIT else None
    return None if older_ms is None else _history_first(symbol, start_ms, older_ms)


def _candles(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    # Bounds are of the candles' starts; candles come newest first.
    return HistoryRequest(
        path="/v5/market/premium-index-price-kline",
        params=(
            ("category", Kind.LINEAR.value),
            ("symbol", symbol),
            ("interval", "1"),
            ("start", str(start_ms - _premiums.MINUTE_MS)),
            ("end", str(end_ms - _premiums.MINUTE_MS)),
            ("limit", str(CANDLE_LIMIT)),
        ),
    )


def _read_candles(body: bytes, symbol: str) -> tuple[PremiumSample, ...]:
    return _premiums.candles((row.start_ms, row.close) for row in _candle_rows(_result(body).list, empty_ok=True).good)


def _is_linear(symbol: str) -> bool:
    """The premium index is told of linear contracts alone (public API documentation)."""
    return not symbol.endswith("USD")


def _listing(name: str, *params: tuple[str, str]) -> Endpoint:
    return Endpoint(
        name=f"instruments-info:{name}",
        path="/v5/market/instruments-info",
        params=(*params, ("limit", "1000")),
        decode=decode_listing,
        every_s=3600,
        next_page=next_page,
        join=join_pages,
    )


VENUE = Venue(
    name=NAME,
    title="Bybit",
    base_url="https://api.bybit.com",
    endpoints=(
        Endpoint(
            name="tickers:linear",
            path="/v5/market/tickers",
            params=(("category", "linear"),),
            decode=decode_tickers,
            every_s=10,
            required=True,
        ),
        Endpoint(
            name="tickers:inverse",
            path="/v5/market/tickers",
            params=(("category", "inverse"),),
            decode=decode_tickers,
            every_s=15,
            perishable=True,
        ),
        _listing("linear", ("category", "linear")),
        _listing("inverse", ("category", "inverse")),
        _listing("linear-prelaunch", ("category", "linear"), ("status", "PreLaunch")),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.00055),
    budget=Budget(capacity=600, window_s=5),
    judge=judge,
    history=History(first=_history_first, read=_history_read, next=_history_next),
    premium_history=_premiums.in_chunks(_candles, _read_candles, CANDLE_LIMIT, covers=_is_linear),
    source="venue sheet bybit",
)
