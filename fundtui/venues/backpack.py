"""Backpack perpetuals. Wire facts: venue sheet backpack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    AssetClass,
    Batch,
    Fees,
    Instrument,
    Quote,
    Settlement,
    Status,
    unknown_rule,
)
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify, other_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    BadRow,
    Rows,
    RowsDecoder,
    amount,
    batch,
    by_key,
    check_next,
    check_rate,
    check_symbol,
    interval_from,
    iso_ms,
    judge_by,
    number,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "backpack"
RULE = unknown_rule("venue sheet backpack: no formula, and bounds of a period that is not stated")
PERPETUAL = "_PERP"
SHARES_END = ".US"
HISTORY_LIMIT = 1000
HOURLY_SINCE_MS = 1_755_648_000_000
"""2025-08-20. Before it settlements were eight hours apart."""

CLASSES = {"STOCK": AssetClass.EQUITY, "INDEX": AssetClass.INDEX, "COMMODITY": AssetClass.COMMODITY}
FAULTS = {"TOO_MANY_REQUESTS": Fault.RATE_LIMITED, "MAINTENANCE": Fault.MAINTENANCE}


class MarkRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `markPrices`."""

    symbol: str
    markPrice: float | None = None
    indexPrice: float | None = None
    fundingRate: float | None = None
    nextFundingTimestamp: int | None = None


class InterestRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `openInterest`, in base units; prediction markets are among them."""

    symbol: str
    openInterest: float | None = None


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `tickers`, spot among them."""

    symbol: str
    lastPrice: float | None = None
    quoteVolume: float | None = None


class MarketRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `markets`. Bounds are basis points, the open interest's limit is in base units with zero for none."""

    symbol: str
    baseSymbol: str
    quoteSymbol: str
    marketType: str
    orderBookState: str = ""
    fundingInterval: float | None = None
    fundingRateUpperBound: float | None = None
    fundingRateLowerBound: float | None = None
    openInterestLimit: float | None = None
    rwaMarketType: str | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    fundingRate: float
    intervalEndTimestamp: str


class ErrorBody(msgspec.Struct, frozen=True):
    code: str
    message: str = ""


_mark_rows = RowsDecoder(MarkRow)
_interest_rows = RowsDecoder(InterestRow)
_ticker_rows = RowsDecoder(TickerRow)
_market_rows = RowsDecoder(MarketRow)
_history_rows = RowsDecoder(HistoryRow)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"code": ..., "message": ...}`."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    raise venue_error(error.code, error.message, FAULTS)


def decode_marks(body: bytes) -> Rows[MarkRow]:
    _refuse_error(body)
    return _mark_rows(body)


def decode_open_interest(body: bytes) -> dict[str, InterestRow]:
    _refuse_error(body)
    return by_key(_interest_rows(body).good, lambda row: row.symbol)


def decode_tickers(body: bytes) -> dict[str, TickerRow]:
    _refuse_error(body)
    return by_key(_ticker_rows(body).good, lambda row: row.symbol)


def decode_markets(body: bytes) -> dict[str, MarketRow]:
    _refuse_error(body)
    return by_key(_market_rows(body).good, lambda row: row.symbol)


@newest
def _contract(symbol: str, listed: MarketRow | None) -> Instrument:
    """While the catalogue has not come, the interval is unknown: it was eight hours until 2025."""
    base, separator, quoted = check_symbol(symbol).removesuffix(PERPETUAL).rpartition("_")
    if not separator:
        raise BadRow("unknown_symbol_form")
    ticker = base.removesuffix(SHARES_END)
    asset_class = AssetClass.CRYPTO
    if listed is not None and listed.rwaMarketType is not None:
        asset_class = CLASSES.get(listed.rwaMarketType, other_class(ticker))
    elif ticker != base:
        asset_class = other_class(ticker)
    identity = identify(ticker, asset_class)
    interval_h = NAN
    cap = floor = NAN
    status = Status.TRADING
    if listed is not None:
        interval_h = interval_from(number(listed.fundingInterval) / HOUR_MS)
        cap = positive(listed.fundingRateUpperBound) / 1e4
        floor = number(listed.fundingRateLowerBound) / 1e4
        status = Status.TRADING if listed.orderBookState == "Open" else Status.SUSPENDED
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=cap,
        floor=floor,
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per perpetual of `markPrices`, completed from the other answers where they have come."""
    marks: Rows[MarkRow] = parts["markPrices"]
    interest: Mapping[str, InterestRow] = parts.get("openInterest", {})
    tickers: Mapping[str, TickerRow] = parts.get("tickers", {})
    markets: Mapping[str, MarketRow] = parts.get("markets", {})

    def quote(row: MarkRow) -> Quote | None:
        symbol = row.symbol
        if not symbol.endswith(PERPETUAL):
            check_symbol(symbol)
            return None
        listed, open_interest, ticker = markets.get(symbol), interest.get(symbol), tickers.get(symbol)
        contract = _contract(symbol, listed)
        rate = check_rate(number(row.fundingRate))
        mark = positive(row.markPrice)
        oi_base = amount(open_interest.openInterest) if open_interest else NAN
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(row.nextFundingTimestamp, observed_ms),
            mark,
            positive(row.indexPrice),
            positive(ticker.lastPrice) if ticker else NAN,
            oi_base=oi_base,
            oi_usd=oi_base * mark,
            volume_usd=amount(ticker.quoteVolume) if ticker else NAN,
            oi_cap_usd=positive(listed.openInterestLimit) * mark if listed else NAN,
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, marks.good, quote, rejected=marks.rejected)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return _history_page(symbol, 0)


def _history_page(symbol: str, offset: int) -> HistoryRequest:
    return HistoryRequest(
        path="/api/v1/fundingRates",
        params=(("symbol", symbol), ("limit", str(HISTORY_LIMIT)), ("offset", str(offset))),
        weight=60,
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    """All rows but the newest: the first row of all may still accrue. Pages overlap by one row for that."""
    _refuse_error(body)

    def settlement(row: HistoryRow) -> Settlement | None:
        time_ms = settlement_ms(iso_ms(row.intervalEndTimestamp), HOUR_MS)
        if row.symbol != symbol:
            return None
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=time_ms,
            rate=row.fundingRate,
            interval_h=1.0 if time_ms >= HOURLY_SINCE_MS else 8.0,
        )

    made = settlements(_history_rows(body, empty_ok=True).good, settlement)
    newest_ms = max((row.time_ms for row in made), default=0)
    return tuple(row for row in made if row.time_ms < newest_ms)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """Newest first, by offset; the last row of this page is asked again as the first one of the next."""
    if len(rows) < HISTORY_LIMIT - 1 or min(row.time_ms for row in rows) <= start_ms:
        return None
    return _history_page(symbol, int(dict(request.params)["offset"]) + HISTORY_LIMIT - 1)


VENUE = Venue(
    name=NAME,
    title="Backpack",
    base_url="https://api.backpack.exchange",
    endpoints=(
        Endpoint(name="markPrices", path="/api/v1/markPrices", decode=decode_marks, every_s=15, required=True),
        Endpoint(name="openInterest", path="/api/v1/openInterest", decode=decode_open_interest, every_s=30),
        Endpoint(name="tickers", path="/api/v1/tickers", decode=decode_tickers, every_s=60),
        Endpoint(name="markets", path="/api/v1/markets", decode=decode_markets, every_s=1800),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0005),
    budget=Budget(capacity=2000, window_s=60),
    judge=judge_by(_refuse_error),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet backpack",
)
