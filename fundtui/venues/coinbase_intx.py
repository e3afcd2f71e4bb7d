"""Coinbase: its US perpetual-style futures, and saved answers of the closed INTX. Wire facts: sheet coinbase-intx."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    AssetClass,
    Batch,
    Fees,
    Instrument,
    Note,
    Quote,
    RateKind,
    Settlement,
    Status,
    unknown_rule,
)
from fundtui.venues._identity import identify, in_usd, other_class
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
    check_next,
    check_rate,
    check_symbol,
    interval_from,
    iso_ms,
    judge_by,
    need,
    next_on_grid,
    number,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, History, HistoryRequest, Parts, Venue, Wanted

NAME = "coinbase-intx"
OLD_INTX = "https://api.international.coinbase.com"
OLD_PERPETUAL = "-PERP"
"""How the old INTX names its perpetuals; those of the US venue end in `-CDE` and have no settled rates."""
RULE = unknown_rule("venue sheet coinbase-intx: no formula of the US perpetual-style futures")
EXPERIMENTAL = (
    "moved: the international perpetuals went to a Deribit gateway whose listing is not verified; "
    "this reads the US perpetual-style futures"
)
PAGE_SIZE = 100
NS_PER_HOUR = 3_600_000_000_000

_SECONDS = re.compile(r"([0-9]{1,7})s")


class FutureDetails(msgspec.Struct, frozen=True, gc=False):
    """`future_product_details` of a product. The nested `perpetual_details` repeat the rate as "": not read."""

    contract_root_unit: str
    contract_size: float | None = None
    contract_expiry: str | None = None
    funding_rate: float | None = None
    funding_interval: str | None = None
    funding_time: str | None = None
    open_interest: float | None = None
    index_price: float | None = None
    non_crypto: bool = False


class ProductRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `products`."""

    product_id: str
    future_product_details: FutureDetails
    price: float | None = None
    approximate_quote_24h_volume: float | None = None
    quote_currency_id: str = "USD"
    trading_disabled: bool = False
    is_disabled: bool = False


class LegacyQuote(msgspec.Struct, frozen=True, gc=False):
    trade_price: float | None = None
    index_price: float | None = None
    mark_price: float | None = None
    predicted_funding: float | None = None
    best_bid_price: float | None = None
    best_ask_price: float | None = None


class LegacyRow(msgspec.Struct, frozen=True, gc=False):
    """Row of the old INTX `instruments`; the funding interval is in nanoseconds."""

    symbol: str
    type: str
    base_asset_name: str
    quote_asset_name: str
    quote: LegacyQuote = LegacyQuote()
    funding_interval: float | None = None
    open_interest: float | None = None
    notional_24hr: float | None = None
    trading_state: str = "TRADING"


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    event_time: str
    funding_rate: float
    mark_price: float | None = None


class Products(msgspec.Struct, frozen=True):
    products: msgspec.Raw


class Results(msgspec.Struct, frozen=True):
    results: msgspec.Raw = NULL


class ErrorBody(msgspec.Struct, frozen=True):
    error: str
    message: str | None = None


_products = Decoder(Products)
_product_rows = RowsDecoder(ProductRow)
_legacy_rows = RowsDecoder(LegacyRow)
_results = Decoder(Results)
_history_rows = RowsDecoder(HistoryRow)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"error": "...", "message": "..."}`."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    raise venue_error(error.error, error.message or "no message", {})


def decode_products(body: bytes) -> Rows[ProductRow]:
    """Futures of the US venue; the empty string is its null."""
    _refuse_error(body)
    return _product_rows(_products(blank_as_null(body)).products)


def decode_instruments(body: bytes) -> Rows[LegacyRow]:
    _refuse_error(body)
    return _legacy_rows(blank_as_null(body))


def never_asked(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """No keys: the old host is closed, and its answers are only read from files."""
    return ()


def _interval_h(text: str | None) -> float:
    match = _SECONDS.fullmatch(text or "")
    return interval_from(int(match[1]) / 3600) if match else NAN


@newest
def _contract(
    symbol: str,
    base: str,
    quoted: str,
    asset_class: AssetClass,
    status: Status,
    interval_h: float | None,
    rate_kind: RateKind,
    expiry_ms: int | None,
    notes: tuple[Note, ...],
) -> Instrument:
    check_symbol(symbol)
    if not base:
        raise BadRow("unknown_base_currency")
    identity = identify(base, asset_class)
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=number(interval_h),
        rate_kind=rate_kind,
        interval_h=number(interval_h),
        expiry_ms=expiry_ms,
        notes=notes,
        rule=RULE,
    )


def _product_quote(row: ProductRow, observed_ms: int) -> Quote:
    details = row.future_product_details
    # The perpetual-style ones say EXPIRING too: only the outer rate tells them apart.
    perpetual = details.funding_rate is not None
    interval_h = _interval_h(details.funding_interval) if perpetual else NAN
    stamped_ms = iso_ms(details.funding_time) if details.funding_time else None
    ahead = stamped_ms is not None and stamped_ms > observed_ms
    status = Status.TRADING if perpetual else Status.DATED
    if perpetual and (row.trading_disabled or row.is_disabled):
        status = Status.SUSPENDED
    contract = _contract(
        row.product_id,
        details.contract_root_unit,
        row.quote_currency_id or "USD",
        other_class(details.contract_root_unit) if details.non_crypto else AssetClass.CRYPTO,
        status,
        None if interval_h != interval_h else interval_h,
        RateKind.PREDICTED if ahead or not perpetual else RateKind.SETTLED,
        iso_ms(details.contract_expiry) if details.contract_expiry else None,
        () if ahead or not perpetual else (Note.NEXT_FUNDING_INFERRED,),
    )
    rate = check_rate(number(details.funding_rate))
    next_ms = stamped_ms if ahead else None
    if perpetual and not ahead and interval_h == interval_h:
        next_ms = next_on_grid(observed_ms, interval_h)
    last = positive(row.price)
    oi_base = amount(details.open_interest) * positive(details.contract_size)
    return Quote(
        contract,
        observed_ms,
        rate,
        check_next(next_ms, observed_ms),
        NAN,
        positive(details.index_price),
        last,
        NAN,
        oi_base,
        in_usd(oi_base * last, contract.quote),
        in_usd(amount(row.approximate_quote_24h_volume), contract.quote),
        NAN if ahead else rate,
        reasons=rate_reasons(contract, rate),
    )


def _legacy_quote(row: LegacyRow, observed_ms: int) -> Quote | None:
    if row.type != "PERP":
        return None
    interval_h = interval_from(number(row.funding_interval) / NS_PER_HOUR)
    contract = _contract(
        row.symbol,
        row.base_asset_name,
        row.quote_asset_name,
        AssetClass.CRYPTO,
        Status.TRADING if row.trading_state == "TRADING" else Status.SUSPENDED,
        None if interval_h != interval_h else interval_h,
        RateKind.PREDICTED,
        None,
        (),
    )
    rate = check_rate(number(row.quote.predicted_funding))
    mark, oi_base = positive(row.quote.mark_price), amount(row.open_interest)
    return Quote(
        contract,
        observed_ms,
        rate,
        None,
        mark,
        positive(row.quote.index_price),
        positive(row.quote.trade_price),
        NAN,
        oi_base,
        in_usd(oi_base * mark, contract.quote),
        in_usd(amount(row.notional_24hr), contract.quote),
        bid=positive(row.quote.best_bid_price),
        ask=positive(row.quote.best_ask_price),
        reasons=rate_reasons(contract, rate),
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per product, and per perpetual of a saved INTX answer."""
    need(parts, "products", "instruments")
    products: Rows[ProductRow] = parts.get("products", Rows(()))
    legacy: Rows[LegacyRow] | Mapping[str, Rows[LegacyRow]] = parts.get("instruments", Rows(()))
    saved = [legacy] if isinstance(legacy, Rows) else list(legacy.values())

    def quote(row: ProductRow | LegacyRow) -> Quote | None:
        return _product_quote(row, observed_ms) if isinstance(row, ProductRow) else _legacy_quote(row, observed_ms)

    rows: list[ProductRow | LegacyRow] = [*products.good, *(row for part in saved for row in part.good)]
    return batch(NAME, observed_ms, rows, quote, rejected=products.rejected + sum(part.rejected for part in saved))


def _history_page(symbol: str, offset: int) -> HistoryRequest:
    return HistoryRequest(
        path=f"/api/v1/instruments/{symbol}/funding",
        params=(("result_limit", str(PAGE_SIZE)), ("result_offset", str(offset))),
        base_url=OLD_INTX,
    )


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """The newest page of the old INTX: it takes no times. The US venue publishes no settled rates."""
    return _history_page(symbol, 0)


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    _refuse_error(body)

    def settlement(row: HistoryRow) -> Settlement:
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(iso_ms(row.event_time)),
            rate=check_rate(row.funding_rate),
            price=positive(row.mark_price),
        )

    return settlements(_history_rows(_results(body).results, empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    if len(rows) < PAGE_SIZE or min(row.time_ms for row in rows) <= start_ms:
        return None
    return _history_page(symbol, int(dict(request.params)["result_offset"]) + PAGE_SIZE)


VENUE = Venue(
    name=NAME,
    title="Coinbase",
    base_url="https://api.coinbase.com",
    endpoints=(
        Endpoint(
            name="products",
            path="/api/v3/brokerage/market/products",
            params=(("product_type", "FUTURE"),),
            decode=decode_products,
            every_s=30,
            required=True,
        ),
        Endpoint(
            name="instruments",
            path="/api/v1/instruments/{key}",
            decode=decode_instruments,
            every_s=3600,
            keys=never_asked,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(),
    budget=Budget(capacity=10, window_s=1),
    judge=judge_by(_refuse_error),
    history=History(
        first=_history_first,
        read=_history_read,
        next=_history_next,
        covers=lambda symbol: symbol.endswith(OLD_PERPETUAL),
    ),
    experimental=EXPERIMENTAL,
    source="venue sheet coinbase-intx",
)
