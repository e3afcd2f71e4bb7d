"""Delta Exchange, its global and its Indian books: two venues of one wire format. Wire facts: venue sheet delta.

Rates are in percent, times in microseconds. One symbol names different contracts in the two regions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    Batch,
    Fees,
    Instrument,
    Kind,
    Note,
    Quote,
    Settlement,
    Status,
    unknown_rule,
)
from fundtui.units import HOUR_MS, HOURS_PER_YEAR
from fundtui.venues._identity import identify, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    NULL,
    BadRow,
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
    by_key,
    check_rate,
    check_symbol,
    interval_from,
    iso_ms,
    judge_by,
    next_on_grid,
    number,
    positive,
    rate_reasons,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "delta"
RULE = unknown_rule("venue sheet delta: a cap and the name of a method (mark_price), no formula")
DEFAULT_INTERVAL_H = 8.0
HISTORY_HOURS = 2000
QUOTES = ("USDT", "USDC", "USD")
FAULTS = {"too_many_requests": Fault.RATE_LIMITED, "under_maintenance": Fault.MAINTENANCE}


class Quotes(msgspec.Struct, frozen=True, gc=False):
    best_bid: float | None = None
    best_ask: float | None = None


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `tickers`. The rate is in percent, `oi` in base units."""

    symbol: str
    contract_type: str = "perpetual_futures"
    funding_rate: float | None = None
    mark_price: float | None = None
    spot_price: float | None = None
    close: float | None = None
    oi: float | None = None
    oi_value_usd: float | None = None
    turnover_usd: float | None = None
    quotes: Quotes | None = None


class Asset(msgspec.Struct, frozen=True, gc=False):
    symbol: str


class Specs(msgspec.Struct, frozen=True, gc=False):
    """The interval in seconds, where it is not eight hours."""

    rate_exchange_interval: float | None = None


class ProductRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `products`. `annualized_funding` is the cap in percent a year."""

    symbol: str
    contract_type: str
    underlying_asset: Asset
    quoting_asset: Asset
    settling_asset: Asset
    notional_type: str = "vanilla"
    state: str = "live"
    trading_status: str = "operational"
    annualized_funding: float | None = None
    settlement_time: str | None = None
    product_specs: Specs | None = None


class CandleRow(msgspec.Struct, frozen=True, gc=False):
    """Candle of a rate: the time in seconds, `close` in percent."""

    time: int
    close: float | None = None


class ErrorItem(msgspec.Struct, frozen=True):
    code: str = ""


class Envelope(msgspec.Struct, frozen=True):
    success: bool = True
    result: msgspec.Raw = NULL
    error: ErrorItem | None = None


_envelope = Decoder(Envelope)
_ticker_rows = RowsDecoder(TickerRow)
_product_rows = RowsDecoder(ProductRow)
_candle_rows = RowsDecoder(CandleRow)


def _result(body: bytes) -> msgspec.Raw:
    """The result of an answer. Raises BadAnswer for `{"success": false, "error": {"code": ...}}`."""
    envelope = _envelope(body)
    if not envelope.success or envelope.error is not None:
        raise venue_error(envelope.error.code if envelope.error else "", "", FAULTS)
    return envelope.result


def decode_tickers(body: bytes) -> Rows[TickerRow]:
    return _ticker_rows(_result(body))


def decode_products(body: bytes) -> dict[str, ProductRow]:
    return by_key(_product_rows(_result(body)).good, lambda row: row.symbol)


def _names(symbol: str, listed: ProductRow | None) -> tuple[str, str, str]:
    """Base, quote and settlement currency; from the symbol's end only while the catalogue has not come."""
    if listed is not None:
        return listed.underlying_asset.symbol, listed.quoting_asset.symbol, listed.settling_asset.symbol
    for quoted in QUOTES:
        if symbol.endswith(quoted) and symbol != quoted:
            return symbol.removesuffix(quoted), quoted, quoted
    raise BadRow("unknown_quote_currency")


def _status(listed: ProductRow | None, *, dated: bool) -> Status:
    if dated:
        return Status.DATED
    if listed is None:
        return Status.TRADING
    if listed.state == "upcoming":
        return Status.PRELAUNCH
    if listed.state == "expired":
        return Status.DELISTED
    return Status.TRADING if listed.trading_status == "operational" else Status.SUSPENDED


@newest
def _contract(name: tuple[str, str], contract_type: str, listed: ProductRow | None) -> Instrument:
    """The interval is stated only where it is not eight hours."""
    venue, symbol = name
    check_symbol(symbol)
    dated = contract_type != "perpetual_futures"
    base, quoted, settle = _names(symbol, listed)
    identity = identify(base, unmarked_class(base))
    specs = listed.product_specs if listed is not None else None
    stated = number(specs.rate_exchange_interval) / 3600 if specs is not None else NAN
    inferred = stated != stated
    interval_h = NAN if dated else DEFAULT_INTERVAL_H if inferred else interval_from(stated)
    cap = positive(listed.annualized_funding) / 100 * interval_h / HOURS_PER_YEAR if listed is not None else NAN
    notes = (Note.NEXT_FUNDING_INFERRED,) + ((Note.INTERVAL_INFERRED,) if inferred else ())
    return Instrument(
        venue=venue,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=settle,
        kind=Kind.INVERSE if listed is not None and listed.notional_type == "inverse" else Kind.LINEAR,
        multiplier=identity.multiplier,
        status=_status(listed, dated=dated),
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=cap,
        floor=-cap,
        expiry_ms=iso_ms(listed.settlement_time) if dated and listed is not None and listed.settlement_time else None,
        notes=() if dated else notes,
        rule=RULE,
    )


def reader(venue: str) -> Callable[[Parts, int], Batch]:
    """The reader of one region's answers."""

    def read(parts: Parts, observed_ms: int) -> Batch:
        tickers: Rows[TickerRow] = parts["tickers"]
        products: Mapping[str, ProductRow] = parts.get("products", {})

        def quote(row: TickerRow) -> Quote:
            contract = _contract((venue, row.symbol), row.contract_type, products.get(row.symbol))
            dated = contract.status is Status.DATED
            rate = NAN if dated else check_rate(number(row.funding_rate) / 100)
            book = row.quotes
            return Quote(
                contract,
                observed_ms,
                rate,
                None if dated else next_on_grid(observed_ms, contract.interval_h),
                positive(row.mark_price),
                positive(row.spot_price),
                positive(row.close),
                oi_base=amount(row.oi),
                oi_usd=amount(row.oi_value_usd),
                volume_usd=amount(row.turnover_usd),
                bid=positive(book.best_bid) if book is not None else NAN,
                ask=positive(book.best_ask) if book is not None else NAN,
                reasons=rate_reasons(contract, rate),
            )

        return batch(venue, observed_ms, tickers.good, quote, rejected=tickers.rejected)

    return read


def _history(venue: str) -> History:
    def first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
        return HistoryRequest(
            path="/v2/history/candles",
            params=(
                ("symbol", f"FUNDING:{symbol}"),
                ("resolution", "1h"),
                ("start", str(start_ms // 1000)),
                ("end", str(min(end_ms, start_ms + HISTORY_HOURS * HOUR_MS) // 1000)),
            ),
            weight=3,
        )

    def read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
        """Candles of the rate: what a settlement paid is the close of the last hour before it."""
        rows = {row.time * 1000 + HOUR_MS: number(row.close) for row in _candle_rows(_result(body), empty_ok=True).good}
        return tuple(
            Settlement(venue=venue, symbol=symbol, time_ms=time_ms, rate=percent / 100, interval_h=DEFAULT_INTERVAL_H)
            for time_ms, percent in rows.items()
            if percent == percent and time_ms % round(DEFAULT_INTERVAL_H * HOUR_MS) == 0
        )

    def following(
        request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
    ) -> HistoryRequest | None:
        after_ms = (int(dict(request.params)["end"]) + 1) * 1000
        return first(symbol, after_ms, end_ms) if after_ms <= end_ms else None

    return History(first=first, read=read, next=following)


def region(venue: str, title: str, base_url: str, experimental: str) -> Venue:
    """The venue of one region."""
    perpetual = (("contract_types", "perpetual_futures"),)
    return Venue(
        name=venue,
        title=title,
        base_url=base_url,
        endpoints=(
            Endpoint(
                name="tickers",
                path="/v2/tickers",
                params=perpetual,
                decode=decode_tickers,
                weight=3,
                every_s=20,
                required=True,
            ),
            Endpoint(
                name="products", path="/v2/products", params=perpetual, decode=decode_products, weight=3, every_s=3600
            ),
        ),
        read=reader(venue),
        rule=RULE,
        fees=Fees(maker=0.0002, taker=0.0005),
        budget=Budget(capacity=10_000, window_s=300),
        judge=judge_by(_result),
        history=_history(venue),
        experimental=experimental,
        source="venue sheet delta",
    )


VENUE = region(
    NAME,
    "Delta Exchange",
    "https://api.delta.exchange",
    "checked against answers of 2021 and 2023 only; intervals and history unverified",
)
