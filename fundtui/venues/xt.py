"""XT.COM futures. Wire facts: venue sheet xt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    Batch,
    Fees,
    Instrument,
    Kind,
    Quote,
    Reason,
    Settlement,
    Status,
    unknown_rule,
)
from fundtui.venues._identity import identify, in_usd, unmarked_class
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
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue, Wanted

NAME = "xt"
HISTORY_LIMIT = 200
MAX_MARK_OFF_INDEX = 0.2
"""Some indices are broken, tenfold off: a mark further from its index than this says so."""

RULE = unknown_rule("venue sheet xt: no formula")


class ContractRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `cg/contracts`. The unit of its `open_interest` is not known: it is not read."""

    symbol: str
    base_currency: str
    target_currency: str
    product_type: str = "PERPETUAL"
    funding_rate: float | None = None
    next_funding_rate_timestamp: int | None = None
    collection_internal: float | None = None
    index_price: float | None = None
    last_price: float | None = None
    base_volume: float | None = None
    target_volume: float | None = None
    bid: float | None = None
    ask: float | None = None
    end_timestamp: int | None = None


class PriceRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `q/mark-price`."""

    s: str
    p: float | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `symbol/list`; `state` is 0 on every row and says nothing."""

    symbol: str
    tradeSwitch: bool = True
    isOpenApi: bool = True
    productType: str | None = None


class OpenInterest(msgspec.Struct, frozen=True, gc=False):
    """Open interest of one symbol, in base coins and in dollars."""

    openInterest: float | None = None
    openInterestUsd: float | None = None


class RateRow(msgspec.Struct, frozen=True, gc=False):
    """Answer of `q/funding-rate` for one symbol: here the interval is in hours."""

    symbol: str
    fundingRate: float | None = None
    nextCollectionTime: int | None = None
    collectionInternal: float | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """Item of `funding-rate-record`: here the interval is in seconds."""

    symbol: str
    fundingRate: float
    createdTime: int
    collectionInternal: float | None = None


class Items(msgspec.Struct, frozen=True):
    items: msgspec.Raw = NULL


class Symbols(msgspec.Struct, frozen=True):
    symbols: msgspec.Raw


class ErrorPart(msgspec.Struct, frozen=True):
    code: str | None = None
    msg: str | None = None


class Envelope(msgspec.Struct, frozen=True):
    returnCode: int
    msgInfo: str | None = None
    error: ErrorPart | None = None
    result: msgspec.Raw = NULL


FAULTS = {"too_many_requests": Fault.RATE_LIMITED, "rate_limit": Fault.RATE_LIMITED}

_envelope = Decoder(Envelope)
_contract_rows = RowsDecoder(ContractRow)
_price_rows = RowsDecoder(PriceRow)
_listed_rows = RowsDecoder(ListedRow)
_open_interest = Decoder(OpenInterest)
_rate_row = Decoder(RateRow)
_items = Decoder(Items)
_symbols = Decoder(Symbols)
_history_rows = RowsDecoder(HistoryRow)


def _result(body: bytes) -> msgspec.Raw:
    envelope = _envelope(body)
    if envelope.returnCode != 0:
        error = envelope.error or ErrorPart()
        raise venue_error(error.code or envelope.returnCode, error.msg or envelope.msgInfo, FAULTS)
    return envelope.result


def decode_contracts(body: bytes) -> Rows[ContractRow]:
    """A bare list, without the envelope of the other answers; an error still comes in it."""
    if b'"returnCode"' in body[:64]:
        return _contract_rows(_result(body))
    return _contract_rows(blank_as_null(body))


def decode_marks(body: bytes) -> dict[str, float]:
    return {row.s: positive(row.p) for row in _price_rows(_result(body)).good}


def decode_symbols(body: bytes) -> dict[str, ListedRow]:
    """The catalogue: a list (v1), or an object that holds it (v3)."""
    result = _result(body)
    if bytes(result).lstrip()[:1] == b"{" and b'"symbols"' in bytes(result):
        result = _symbols(result).symbols
    return by_key(_listed_rows(result).good, lambda row: row.symbol)


def decode_open_interest(body: bytes) -> OpenInterest:
    return _open_interest(_result(body))


def decode_rate(body: bytes) -> RateRow:
    return _rate_row(_result(body))


def watched_symbols(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Symbols of the watched assets, for the open interest that is told one by one."""
    rows: Rows[ContractRow] = parts.get("contracts", Rows(()))
    return [row.symbol for row in rows.good if row.base_currency.upper() in wanted.assets][: wanted.top]


def without_interval(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Watched perpetuals whose row tells no interval; the call for one is limited to one a second."""
    rows: Rows[ContractRow] = parts.get("contracts", Rows(()))
    silent = [row.symbol for row in rows.good if row.collection_internal is None and row.product_type == "PERPETUAL"]
    watched = set(watched_symbols(parts, wanted))
    return [symbol for symbol in silent if symbol in watched]


@newest
def _contract(
    symbol: str,
    base: str,
    quoted: str,
    listed: ListedRow | None,
    perpetual: bool,
    interval: float | None,
    expiry_ms: int | None,
) -> Instrument:
    check_symbol(symbol)
    if not base or not quoted:
        raise BadRow("unknown_quote_currency")
    base, quoted = base.upper(), quoted.upper()
    identity = identify(base, unmarked_class(base))
    inverse = quoted == "USD"
    tradable = listed is None or (listed.tradeSwitch and listed.isOpenApi)
    interval_h = interval_from(number(interval)) if perpetual else NAN
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=base if inverse else quoted,
        kind=Kind.INVERSE if inverse else Kind.LINEAR,
        multiplier=identity.multiplier,
        status=Status.DATED if not perpetual else Status.TRADING if tradable else Status.SUSPENDED,
        rate_period_h=interval_h,
        interval_h=interval_h,
        expiry_ms=expiry_ms,
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `cg/contracts`."""
    need(parts, "contracts")
    rows: Rows[ContractRow] = parts["contracts"]
    marks: Mapping[str, float] = parts.get("mark-price", {})
    listed: Mapping[str, ListedRow] = parts.get("list", {})
    interests: Mapping[str, OpenInterest] = parts.get("open-interest", {})
    single: Mapping[str, RateRow] = parts.get("funding-rate", {})

    def quote(row: ContractRow) -> Quote:
        symbol = row.symbol
        perpetual = row.product_type == "PERPETUAL"
        interval = row.collection_internal
        if interval is None and symbol in single:
            interval = single[symbol].collectionInternal
        contract = _contract(
            symbol,
            row.base_currency,
            row.target_currency,
            listed.get(symbol),
            perpetual,
            interval,
            None if perpetual else row.end_timestamp,
        )
        rate = check_rate(number(row.funding_rate)) if perpetual else NAN
        mark, index = marks.get(symbol, NAN), positive(row.index_price)
        interest = interests.get(symbol)
        reasons = rate_reasons(contract, rate)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(row.next_funding_rate_timestamp, observed_ms) if perpetual else None,
            mark,
            index,
            positive(row.last_price),
            NAN,
            amount(interest.openInterest) if interest is not None else NAN,
            amount(interest.openInterestUsd) if interest is not None else NAN,
            in_usd(amount(row.target_volume), contract.quote) if contract.kind is Kind.LINEAR else NAN,
            bid=positive(row.bid),
            ask=positive(row.ask),
            reasons=(*reasons, Reason.PRICE_MISMATCH) if abs(mark / index - 1) > MAX_MARK_OFF_INDEX else reasons,
        )

    return batch(NAME, observed_ms, rows.good, quote, rejected=rows.rejected)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path="/future/market/v1/public/q/funding-rate-record",
        params=(("symbol", symbol), ("direction", "NEXT"), ("limit", str(HISTORY_LIMIT))),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: HistoryRow) -> Settlement | None:
        if row.symbol != symbol:
            return None
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.createdTime),
            rate=check_rate(row.fundingRate),
            interval_h=interval_from(number(row.collectionInternal) / 3600),
        )

    page = _items(_result(body))
    return settlements(_history_rows(page.items, empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """None: the following page is asked by the id of a row, which a settlement does not carry."""
    return None


VENUE = Venue(
    name=NAME,
    title="XT",
    base_url="https://fapi.xt.com",
    endpoints=(
        Endpoint(
            name="contracts",
            path="/future/market/v1/public/cg/contracts",
            decode=decode_contracts,
            every_s=15,
            required=True,
        ),
        Endpoint(
            name="mark-price",
            path="/future/market/v1/public/q/mark-price",
            decode=decode_marks,
            every_s=15,
            perishable=True,
        ),
        Endpoint(name="list", path="/future/market/v3/public/symbol/list", decode=decode_symbols, every_s=3600),
        Endpoint(
            name="open-interest",
            path="/future/market/v1/public/contract/open-interest",
            params=(("symbol", "{key}"),),
            decode=decode_open_interest,
            every_s=60,
            keys=watched_symbols,
        ),
        Endpoint(
            name="funding-rate",
            path="/future/market/v1/public/q/funding-rate",
            params=(("symbol", "{key}"),),
            decode=decode_rate,
            weight=10,
            every_s=600,
            keys=without_interval,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0004, taker=0.0006),
    budget=Budget(capacity=10, window_s=1),
    judge=judge_by(_result),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet xt",
)
