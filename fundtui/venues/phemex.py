"""Phemex perpetuals: hedged in USDT and USDC (v3), and coin-margined in scaled integers. Wire facts: sheet phemex."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

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
    newer_window,
    number,
    older_window,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "phemex"
PRICE_SCALE = 1e4
RATE_SCALE = 1e8
"""Coin-margined answers are integers: prices times ten thousand, rates times a hundred million."""

HISTORY_LIMIT = 100
LINEAR_QUOTES = ("USDT", "USDC")

RULE = FundingRule(
    family=Family.PER_INTERVAL,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.UNIFORM,
    source="methodology §2.2, venue sheet phemex",
)
NO_INTEREST_RULE = msgspec.structs.replace(RULE, interest_8h=0.0)

_UNIT_PREFIX = re.compile(r"[uc](?=[0-9A-Z])")


class LinearRow(msgspec.Struct, frozen=True, gc=False):
    """Row of the v3 tickers, and of v2 under its other names."""

    symbol: str
    lastRp: float | None = None
    closeRp: float | None = None
    markRp: float | None = None
    markPriceRp: float | None = None
    indexRp: float | None = None
    indexPriceRp: float | None = None
    openInterestRv: float | None = None
    turnoverRv: float | None = None
    fundingRateRr: float | None = None
    bidRp: float | None = None
    askRp: float | None = None


class ScaledRow(msgspec.Struct, frozen=True, gc=False):
    """Row of the coin-margined tickers."""

    symbol: str
    lastEp: float | None = None
    markEp: float | None = None
    indexEp: float | None = None
    openInterest: float | None = None
    volume: float | None = None
    fundingRateEr: float | None = None


class RateRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `real-funding-rates`: interval in seconds, `nextfundingTime` with a small f."""

    symbol: str
    fundingRate: float | None = None
    fundingInterval: float | None = None
    nextfundingTime: int | None = None
    interestRate: float | None = None
    fundingRateCap: float | None = None
    fundingRateFloor: float | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `products`, hedged or coin-margined."""

    symbol: str
    type: str = ""
    settleCurrency: str = ""
    quoteCurrency: str | None = None
    baseCurrency: str | None = None
    contractUnderlyingAssets: str | None = None
    contractSize: float | None = None
    status: str = "Listed"
    fundingInterval: float | None = None
    perpProductSubType: str | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    fundingRate: float
    fundingTime: int
    intervalSeconds: float | None = None


class ErrorPart(msgspec.Struct, frozen=True):
    code: int = 0
    message: str | None = None


class Envelope(msgspec.Struct, frozen=True):
    """Both envelopes: `error` and `result` of the market data paths, `code` and `data` of the others."""

    error: ErrorPart | None = None
    result: msgspec.Raw = NULL
    code: int = 0
    msg: str | None = None
    data: msgspec.Raw = NULL


class RowsPart(msgspec.Struct, frozen=True):
    rows: msgspec.Raw = NULL


class Products(msgspec.Struct, frozen=True):
    products: msgspec.Raw = msgspec.Raw(b"[]")
    perpProductsV2: msgspec.Raw = msgspec.Raw(b"[]")


FAULTS = {"429": Fault.RATE_LIMITED}

_envelope = Decoder(Envelope)
_rows_part = Decoder(RowsPart)
_products = Decoder(Products)
_linear_rows = RowsDecoder(LinearRow)
_scaled_rows = RowsDecoder(ScaledRow)
_rate_rows = RowsDecoder(RateRow)
_listed_rows = RowsDecoder(ListedRow)
_history_rows = RowsDecoder(HistoryRow)


def _open(body: bytes) -> Envelope:
    envelope = _envelope(blank_as_null(body))
    if envelope.error is not None:
        raise venue_error(envelope.error.code, envelope.error.message, FAULTS)
    if envelope.code != 0:
        raise venue_error(envelope.code, envelope.msg, FAULTS)
    return envelope


def _rows_of(data: msgspec.Raw) -> msgspec.Raw:
    """The list itself, or the one that an object holds as `rows`."""
    return _rows_part(data).rows if bytes(data).lstrip()[:1] == b"{" else data


def decode_linear(body: bytes) -> Rows[LinearRow]:
    return _linear_rows(_open(body).result)


def decode_scaled(body: bytes) -> Rows[ScaledRow]:
    return _scaled_rows(_open(body).result)


def decode_rates(body: bytes) -> Rows[RateRow]:
    return _rate_rows(_rows_of(_open(body).data))


def decode_products(body: bytes) -> dict[str, ListedRow]:
    """Perpetuals of both kinds by symbol."""
    products = _products(_open(body).data)
    rows = [
        *_listed_rows(products.products, empty_ok=True).good,
        *_listed_rows(products.perpProductsV2, empty_ok=True).good,
    ]
    return {row.symbol: row for row in rows if row.type.startswith("Perpetual")}


def _currencies(symbol: str, listed: ListedRow | None) -> tuple[str, str, str, Kind]:
    """Base, quote and settle currency and the kind; by the symbol's form while the catalogue has not come."""
    if listed is not None and listed.baseCurrency:
        # "1000 PEPE" is published with a blank.
        return listed.baseCurrency.replace(" ", ""), listed.settleCurrency, listed.settleCurrency, Kind.LINEAR
    name = _UNIT_PREFIX.sub("", symbol, count=1) if _UNIT_PREFIX.match(symbol) else symbol
    for quote in LINEAR_QUOTES:
        if name.endswith(quote) and len(name) > len(quote):
            return name.removesuffix(quote), quote, quote, Kind.LINEAR
    base, found, _ = name.partition("USD")
    if not base or not found:
        raise BadRow("unknown_quote_currency")
    # Old contracts such as ETHUSD are linear and settle in dollars; those that settle in the coin are inverse.
    inverse = listed.settleCurrency == base if listed is not None else symbol == "BTCUSD" or symbol.startswith("c")
    return base, "USD", base if inverse else "USD", Kind.INVERSE if inverse else Kind.LINEAR


@newest
def _contract(
    symbol: str,
    listed: ListedRow | None,
    interval_s: float | None,
    cap: float | None,
    floor: float | None,
    interest: float | None,
) -> Instrument:
    check_symbol(symbol)
    base, quoted, settle, kind = _currencies(symbol, listed)
    sub_type = listed.perpProductSubType if listed is not None else None
    asset_class = unmarked_class(base) if sub_type is None else AssetClass.CRYPTO
    identity = identify(base, other_class(base) if sub_type == "TradFi" else asset_class)
    if interval_s is None and listed is not None:
        interval_s = listed.fundingInterval
    interval_h = interval_from(number(interval_s) / 3600)
    status = Status.TRADING
    if listed is not None and listed.status != "Listed":
        status = Status.DELISTED
    elif sub_type == "PreMarket":
        status = Status.PRELAUNCH
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
        cap=number(cap),
        floor=number(floor),
        rule=NO_INTEREST_RULE if interest == 0 else RULE,
    )


NO_RATE = RateRow(symbol="")


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of the tickers and of `real-funding-rates`; the catalogue's old delistings are left out."""
    need(parts, "all:linear", "real-funding-rates", "all:inverse")
    linear: Rows[LinearRow] = parts.get("all:linear", Rows(()))
    scaled: Rows[ScaledRow] = parts.get("all:inverse", Rows(()))
    rates: Rows[RateRow] = parts.get("real-funding-rates", Rows(()))
    listed: Mapping[str, ListedRow] = parts.get("products", {})
    rate_of = by_key(rates.good, lambda row: row.symbol)

    def instrument(symbol: str) -> tuple[Instrument, RateRow]:
        rate = rate_of.get(symbol, NO_RATE)
        contract = _contract(
            symbol,
            listed.get(symbol),
            rate.fundingInterval,
            rate.fundingRateCap,
            rate.fundingRateFloor,
            rate.interestRate,
        )
        return contract, rate

    def linear_quote(row: LinearRow) -> Quote:
        contract, known = instrument(row.symbol)
        rate = check_rate(number(row.fundingRateRr if known.fundingRate is None else known.fundingRate))
        mark = positive(row.markRp if row.markRp is not None else row.markPriceRp)
        oi_base = amount(row.openInterestRv)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(known.nextfundingTime, observed_ms),
            mark,
            positive(row.indexRp if row.indexRp is not None else row.indexPriceRp),
            positive(row.lastRp if row.lastRp is not None else row.closeRp),
            NAN,
            oi_base,
            oi_base * mark,
            amount(row.turnoverRv),
            bid=positive(row.bidRp),
            ask=positive(row.askRp),
            reasons=rate_reasons(contract, rate),
        )

    def scaled_quote(row: ScaledRow) -> Quote:
        contract, known = instrument(row.symbol)
        scaled_rate = number(row.fundingRateEr) / RATE_SCALE
        rate = check_rate(scaled_rate if known.fundingRate is None else known.fundingRate)
        mark = positive(row.markEp) / PRICE_SCALE
        product = listed.get(row.symbol)
        size = positive(product.contractSize) if product is not None and product.contractSize is not None else NAN
        inverse = contract.kind is Kind.INVERSE
        # Inverse contracts are one dollar each; the old linear ones are some coins each.
        size = 1.0 if inverse else size
        held, traded = amount(row.openInterest) * size, amount(row.volume) * size
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(known.nextfundingTime, observed_ms),
            mark,
            positive(row.indexEp) / PRICE_SCALE,
            positive(row.lastEp) / PRICE_SCALE,
            NAN,
            held / mark if inverse else held,
            held if inverse else held * mark,
            traded if inverse else traded * mark,
            reasons=rate_reasons(contract, rate),
        )

    def quote(row: LinearRow | ScaledRow) -> Quote:
        return linear_quote(row) if isinstance(row, LinearRow) else scaled_quote(row)

    known = {row.symbol for row in linear.good} | {row.symbol for row in scaled.good}
    others = [LinearRow(symbol=row.symbol) for row in rates.good if row.symbol not in known]
    rows: list[LinearRow | ScaledRow] = [*linear.good, *scaled.good, *others]
    return batch(NAME, observed_ms, rows, quote, rejected=linear.rejected + scaled.rejected + rates.rejected)


def _history_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    # The name keeps its 8H on contracts that settle more often.
    return HistoryRequest(
        path="/api-data/public/data/funding-rate-history",
        params=(
            ("symbol", f".{symbol}FR8H"),
            ("start", str(start_ms)),
            ("end", str(end_ms)),
            ("limit", str(HISTORY_LIMIT)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: HistoryRow) -> Settlement:
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.fundingTime),
            rate=check_rate(row.fundingRate),
            interval_h=interval_from(number(row.intervalSeconds) / 3600),
        )

    return settlements(_history_rows(_rows_of(_open(body).data), empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """The rest of the window, at whichever end the full page left it: the order is not documented."""
    if len(rows) < HISTORY_LIMIT:
        return None
    window = dict(request.params)
    from_ms, to_ms = int(window["start"]), int(window["end"])
    left_before_ms = min(row.time_ms for row in rows) - from_ms
    left_after_ms = to_ms - max(row.time_ms for row in rows)
    if left_before_ms > left_after_ms:
        older_ms = older_window(rows, from_ms, to_ms)
        return None if older_ms is None else _history_window(symbol, from_ms, older_ms)
    newer_ms = newer_window(rows, from_ms, to_ms)
    return None if newer_ms is None else _history_window(symbol, newer_ms, to_ms)


VENUE = Venue(
    name=NAME,
    title="Phemex",
    base_url="https://api.phemex.com",
    endpoints=(
        Endpoint(name="all:linear", path="/md/v3/ticker/24hr/all", decode=decode_linear, every_s=15, required=True),
        Endpoint(
            name="real-funding-rates",
            path="/contract-biz/public/real-funding-rates",
            # The default page has twenty rows only.
            params=(("pageSize", "200"),),
            decode=decode_rates,
            every_s=15,
            perishable=True,
        ),
        Endpoint(name="all:inverse", path="/md/ticker/24hr/all", decode=decode_scaled, every_s=30, perishable=True),
        Endpoint(name="products", path="/public/products", decode=decode_products, every_s=6 * 3600),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0001, taker=0.0006),
    budget=Budget(capacity=100, window_s=60, remaining_header="x-ratelimit-remaining"),
    judge=judge_by(_open),
    history=History(first=_history_window, read=_history_read, next=_history_next),
    source="venue sheet phemex",
)
