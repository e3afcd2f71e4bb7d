"""Bitget perpetuals: USDT, USDC and coin-margined futures (v2 mix). Wire facts: venue sheet bitget."""

from __future__ import annotations

import re
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
    judge_by,
    need,
    number,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "bitget"
PRODUCTS = ("USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES")
PAGE_SIZE = 100
HISTORY_PAGES = 3
HISTORY_DEPTH_H = 90 * 24.0
"""About 270 records whatever the interval is: ninety days of 8-hour settlements at most."""

RULE = FundingRule(
    family=Family.NORMALISED,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.LINEAR,
    source="methodology §2.2 (from 2025-09-22), venue sheet bitget",
)
NO_INTEREST_RULE = msgspec.structs.replace(RULE, interest_8h=0.0)

_OLD_SUFFIX = re.compile(r"_(UMCBL|DMCBL|CMCBL)$")
_DATED_COIN = re.compile(r"USD(?:[FGHJKMNQUVXZ]\d{2}|_\d{6})$")


class FundRateRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `current-fund-rate`."""

    symbol: str
    fundingRate: float | None = None
    fundingRateInterval: float | None = None
    nextUpdate: int | None = None
    minFundingRate: float | None = None
    maxFundingRate: float | None = None


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `tickers`."""

    symbol: str
    lastPr: float | None = None
    markPrice: float | None = None
    indexPrice: float | None = None
    fundingRate: float | None = None
    holdingAmount: float | None = None
    quoteVolume: float | None = None
    usdtVolume: float | None = None
    bidPr: float | None = None
    askPr: float | None = None
    deliveryTime: int | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `contracts`."""

    symbol: str
    baseCoin: str
    quoteCoin: str
    symbolType: str | None = None
    symbolStatus: str | None = None
    fundInterval: float | None = None
    offTime: int | None = None
    deliveryTime: int | None = None
    isRwa: str | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    fundingRate: float
    fundingTime: int


class Envelope(msgspec.Struct, frozen=True):
    code: str
    msg: str | None = None
    data: msgspec.Raw = NULL


FAULTS = {"429": Fault.RATE_LIMITED, "30007": Fault.RATE_LIMITED, "40015": Fault.MAINTENANCE}

_envelope = Decoder(Envelope)
_rate_rows = RowsDecoder(FundRateRow)
_ticker_rows = RowsDecoder(TickerRow)
_listed_rows = RowsDecoder(ListedRow)
_history_rows = RowsDecoder(HistoryRow)


def _data(body: bytes) -> msgspec.Raw:
    envelope = _envelope(blank_as_null(body))
    if envelope.code != "00000":
        raise venue_error(envelope.code, envelope.msg, FAULTS)
    return envelope.data


def decode_fund_rates(body: bytes) -> Rows[FundRateRow]:
    return _rate_rows(_data(body))


def decode_tickers(body: bytes) -> Rows[TickerRow]:
    return _ticker_rows(_data(body))


def decode_contracts(body: bytes) -> dict[str, ListedRow]:
    """Contracts by symbol; the suffix of the old API's identifiers goes."""
    return by_key(_listed_rows(_data(body)).good, lambda row: _OLD_SUFFIX.sub("", row.symbol))


def _currencies(symbol: str, product: str, listed: ListedRow | None) -> tuple[str, str, str]:
    """Base, quote and settle currency; from the symbol only while the catalogue has not come."""
    inverse = product == "COIN-FUTURES"
    if listed is not None:
        return listed.baseCoin, listed.quoteCoin, listed.baseCoin if inverse else listed.quoteCoin
    if inverse:
        base, found, _ = symbol.partition("USD")
        quote = "USD"
    else:
        quote = "USDT" if product == "USDT-FUTURES" else "USDC"
        found = next((ending for ending in (quote, "PERP") if symbol.endswith(ending)), "")
        base = symbol.removesuffix(found)
    if not base or not found:
        raise BadRow("unknown_quote_currency")
    return base, quote, base if inverse else quote


def _status(symbol: str, listed: ListedRow | None, delivery_ms: int) -> Status:
    if delivery_ms or _DATED_COIN.search(symbol) or (listed is not None and listed.symbolType == "delivery"):
        return Status.DATED
    match listed.symbolStatus if listed is not None else None:
        case "listed":
            return Status.PRELAUNCH
        case "off":
            return Status.DELISTED
        case "maintain" | "limit_open":
            return Status.SUSPENDED
        case _:
            return Status.TRADING


@newest
def _contract(
    symbol: str,
    product: str,
    listed: ListedRow | None,
    interval: float | None,
    cap: float | None,
    floor: float | None,
    delivery_ms: int,
) -> Instrument:
    check_symbol(symbol)
    base, quoted, settle = _currencies(symbol, product, listed)
    traditional = listed is not None and listed.isRwa == "YES"
    said = listed.isRwa if listed is not None else None
    asset_class = other_class(base) if traditional else AssetClass.CRYPTO if said == "NO" else unmarked_class(base)
    identity = identify(base, asset_class)
    if interval is None and listed is not None:
        interval = listed.fundInterval
    status = _status(symbol, listed, delivery_ms)
    interval_h = NAN if status is Status.DATED else interval_from(number(interval))
    off_ms = max(listed.offTime or 0, 0) if listed is not None else 0
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=settle,
        kind=Kind.INVERSE if product == "COIN-FUTURES" else Kind.LINEAR,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(cap),
        floor=number(floor),
        expiry_ms=delivery_ms or off_ms or None,
        notes=(Note.DELISTING_ANNOUNCED,) if off_ms and status is not Status.DATED else (),
        rule=NO_INTEREST_RULE if traditional else RULE,
    )


def _rows(parts: Parts) -> Iterator[tuple[str, TickerRow, FundRateRow | None, ListedRow | None]]:
    """Tickers with their row of `current-fund-rate`, then rates without a ticker, then contracts not trading."""
    for product in PRODUCTS:
        tickers: Rows[TickerRow] = parts.get(f"tickers:{product}", Rows(()))
        rates: Rows[FundRateRow] = parts.get(f"current-fund-rate:{product}", Rows(()))
        rate_of = by_key(rates.good, lambda row: row.symbol)
        listed: Mapping[str, ListedRow] = parts.get(f"contracts:{product}", {})
        known = {row.symbol for row in tickers.good}
        for ticker in tickers.good:
            yield product, ticker, rate_of.get(ticker.symbol), listed.get(ticker.symbol)
        for rate in rates.good:
            if rate.symbol not in known:
                yield product, TickerRow(symbol=rate.symbol), rate, listed.get(rate.symbol)
        for symbol, row in listed.items():
            if symbol not in known and symbol not in rate_of and _status(symbol, row, 0) is not Status.TRADING:
                yield product, TickerRow(symbol=symbol, deliveryTime=row.deliveryTime), None, row


NO_FUNDING = FundRateRow(symbol="")


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per contract of the three product types."""
    sources = [f"{name}:{product}" for name in ("tickers", "current-fund-rate") for product in PRODUCTS]
    need(parts, *sources)
    rejected = sum(parts[name].rejected for name in sources if name in parts)

    def quote(row: tuple[str, TickerRow, FundRateRow | None, ListedRow | None]) -> Quote:
        product, ticker, funding, listed = row
        funding = funding or NO_FUNDING
        contract = _contract(
            ticker.symbol,
            product,
            listed,
            funding.fundingRateInterval,
            funding.maxFundingRate,
            funding.minFundingRate,
            ticker.deliveryTime or 0,
        )
        # The rate that came with the interval wins over the ticker's, which may be of another moment.
        published = ticker.fundingRate if funding.fundingRate is None else funding.fundingRate
        rate = NAN if contract.status is Status.DATED else check_rate(number(published))
        mark, oi_base = positive(ticker.markPrice), amount(ticker.holdingAmount)
        volume = ticker.usdtVolume if ticker.usdtVolume is not None else ticker.quoteVolume
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(funding.nextUpdate, observed_ms),
            mark,
            positive(ticker.indexPrice),
            positive(ticker.lastPr),
            NAN,
            oi_base,
            oi_base * mark,
            amount(volume),
            bid=positive(ticker.bidPr),
            ask=positive(ticker.askPr),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, _rows(parts), quote, rejected=rejected)


def _product_of(symbol: str) -> str:
    if symbol.endswith("USDT"):
        return "USDT-FUTURES"
    return "USDC-FUTURES" if symbol.endswith(("PERP", "USDC")) else "COIN-FUTURES"


def _history_page(symbol: str, page: int) -> HistoryRequest:
    return HistoryRequest(
        path="/api/v2/mix/market/history-fund-rate",
        params=(
            ("symbol", symbol),
            ("productType", _product_of(symbol)),
            ("pageSize", str(PAGE_SIZE)),
            ("pageNo", str(page)),
        ),
    )


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """The newest page: the venue takes no times."""
    return _history_page(symbol, 1)


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: HistoryRow) -> Settlement | None:
        if row.symbol != symbol:
            return None
        return Settlement(
            venue=NAME, symbol=symbol, time_ms=settlement_ms(row.fundingTime), rate=check_rate(row.fundingRate)
        )

    return settlements(_history_rows(_data(body), empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    page = int(dict(request.params)["pageNo"])
    if len(rows) < PAGE_SIZE or page >= HISTORY_PAGES or min(row.time_ms for row in rows) <= start_ms:
        return None
    return _history_page(symbol, page + 1)


def _endpoints(product: str, pace_s: float) -> tuple[Endpoint, ...]:
    params = (("productType", product),)
    return (
        Endpoint(
            name=f"tickers:{product}",
            path="/api/v2/mix/market/tickers",
            params=params,
            decode=decode_tickers,
            every_s=pace_s,
            perishable=True,
            required=product == "USDT-FUTURES",
        ),
        Endpoint(
            name=f"current-fund-rate:{product}",
            path="/api/v2/mix/market/current-fund-rate",
            params=params,
            decode=decode_fund_rates,
            every_s=pace_s,
            perishable=True,
        ),
        Endpoint(
            name=f"contracts:{product}",
            path="/api/v2/mix/market/contracts",
            params=params,
            decode=decode_contracts,
            every_s=3600,
        ),
    )


VENUE = Venue(
    name=NAME,
    title="Bitget",
    base_url="https://api.bitget.com",
    endpoints=_endpoints("USDT-FUTURES", 10) + _endpoints("USDC-FUTURES", 20) + _endpoints("COIN-FUTURES", 20),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0006),
    budget=Budget(capacity=6000, window_s=60),
    judge=judge_by(_data),
    history=History(first=_history_first, read=_history_read, next=_history_next, depth_h=HISTORY_DEPTH_H),
    source="venue sheet bitget",
)
