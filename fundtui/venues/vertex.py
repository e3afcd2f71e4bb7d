"""Nado (Ink), the successor of Vertex by the same team. Wire facts: venue sheet vertex.

A published rate is for 24 hours; one part in 24 of it is paid each hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
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
from fundtui.venues._identity import identify, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._tables import KeyedRowsDecoder
from fundtui.venues._wire import (
    NULL,
    BadRow,
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
    check_next,
    check_rate,
    check_symbol,
    judge_by,
    number,
    positive,
    rate_reasons,
    settlement_ms,
    venue_error,
)
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "vertex"
RULE = unknown_rule("venue sheet vertex: no formula; a market at rest prints 0.0003 a day", interest_8h=0.0001)
ARCHIVE = "https://archive.prod.nado.xyz"
GATEWAY = "https://gateway.prod.nado.xyz"
PERPETUAL = "-PERP"
X18 = 1e18
HISTORY_LIMIT = 1000

STATUSES = {
    "live": Status.TRADING,
    "post_only": Status.SUSPENDED,
    "reduce_only": Status.SUSPENDED,
    "soft_reduce_only": Status.SUSPENDED,
    "not_tradable": Status.SUSPENDED,
}


class ContractRow(msgspec.Struct, frozen=True, gc=False):
    """Value of `contracts`, keyed by ticker. Open interest in base units and USD."""

    ticker_id: str
    product_id: int
    base_currency: str
    quote_currency: str
    product_type: str = "perpetual"
    funding_rate: float | None = None
    next_funding_rate_timestamp: int | None = None
    mark_price: float | None = None
    index_price: float | None = None
    last_price: float | None = None
    open_interest: float | None = None
    open_interest_usd: float | None = None
    quote_volume: float | None = None


class SymbolRow(msgspec.Struct, frozen=True, gc=False):
    """Value of `symbols`. The open interest's cap is in USD, times 10^18."""

    product_id: int
    trading_status: str = ""
    max_open_interest_x18: float | None = None
    isolated_only: bool = False


class SymbolsData(msgspec.Struct, frozen=True):
    symbols: msgspec.Raw = NULL


class SymbolsAnswer(msgspec.Struct, frozen=True):
    status: str
    data: SymbolsData | None = None
    error: str = ""
    error_code: int = 0


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """Hourly, times 10^18; the time in seconds."""

    timestamp: int
    funding_rate_x18: float


class FundingWindow(msgspec.Struct, frozen=True):
    product_id: int
    start_time: int
    end_time: int
    limit: int


class HistoryQuery(msgspec.Struct, frozen=True):
    funding_rate_history: FundingWindow


class HistoryAnswer(msgspec.Struct, frozen=True):
    funding_rates: msgspec.Raw = NULL
    status: str = ""
    error: str = ""
    error_code: int = 0


class ErrorBody(msgspec.Struct, frozen=True):
    status: str
    error: str = ""
    error_code: int = 0


_contracts = KeyedRowsDecoder(ContractRow, marker="ticker_id")
_symbols_answer = Decoder(SymbolsAnswer)
_symbols = KeyedRowsDecoder(SymbolRow, marker="product_id")
_history_answer = Decoder(HistoryAnswer)
_history_rows = RowsDecoder(HistoryRow)
_history_query = Decoder(HistoryQuery)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"status": "failure", "error": ..., "error_code": ...}`."""
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    if error.status != "success":
        raise venue_error(error.error_code, error.error, {})


def decode_contracts(body: bytes) -> Rows[tuple[str, ContractRow]]:
    _refuse_error(body)
    return _contracts(body)


def decode_symbols(body: bytes) -> dict[int, SymbolRow]:
    """Symbols by product id: the two hosts name one product differently."""
    _refuse_error(body)
    answer = _symbols_answer(body)
    if answer.data is None:
        raise BadAnswer(Fault.WRONG_SHAPE, "the answer holds no data")
    return {row.product_id: row for _, row in _symbols(answer.data.symbols).good}


@newest
def _contract(ticker: str, product_id: int, base: str, quoted: str, status: str, isolated: bool) -> Instrument:
    check_symbol(ticker)
    if status not in STATUSES:
        raise BadRow("unknown_status")
    name = base.removesuffix(PERPETUAL)
    identity = identify(name, unmarked_class(name))
    return Instrument(
        venue=NAME,
        symbol=ticker,
        native_id=str(product_id),
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=STATUSES[status],
        rate_period_h=24.0,
        interval_h=1.0,
        notes=(Note.ISOLATED_ONLY,) if isolated else (),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per perpetual; status and caps from `query`, asked of another host."""
    contracts: Rows[tuple[str, ContractRow]] = parts["contracts"]
    symbols: Mapping[int, SymbolRow] = parts.get("query", {})

    def quote(item: tuple[str, ContractRow]) -> Quote | None:
        key, row = item
        if key != row.ticker_id:
            raise BadRow("contradicting_symbols")
        if row.product_type != "perpetual":
            check_symbol(key)
            return None
        listed = symbols.get(row.product_id)
        contract = _contract(
            key,
            row.product_id,
            row.base_currency,
            row.quote_currency,
            listed.trading_status if listed is not None else "live",
            listed is not None and listed.isolated_only,
        )
        rate = check_rate(number(row.funding_rate))
        next_s = row.next_funding_rate_timestamp
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(next_s * 1000 if next_s else None, observed_ms),
            positive(row.mark_price),
            positive(row.index_price),
            positive(row.last_price),
            oi_base=amount(row.open_interest),
            oi_usd=amount(row.open_interest_usd),
            volume_usd=amount(row.quote_volume),
            oi_cap_usd=positive(listed.max_open_interest_x18) / X18 if listed is not None else NAN,
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, contracts.good, quote, rejected=contracts.rejected)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """`symbol` is the product id here, an instrument's `native_id`. Windows are in seconds, no longer than one page."""
    last_ms = min(end_ms, start_ms + (HISTORY_LIMIT - 1) * HOUR_MS)
    wanted = FundingWindow(int(symbol), start_ms // 1000, last_ms // 1000, HISTORY_LIMIT)
    return HistoryRequest(path="/v1", method="POST", body=msgspec.json.encode(HistoryQuery(wanted)).decode())


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    _refuse_error(body)
    return tuple(
        Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.timestamp * 1000, HOUR_MS),
            rate=row.funding_rate_x18 / X18,
            interval_h=1.0,
        )
        for row in _history_rows(_history_answer(body).funding_rates, empty_ok=True).good
    )


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """The window after this one, whatever it held."""
    after_ms = (_history_query(request.body.encode()).funding_rate_history.end_time + 1) * 1000
    return _history_first(symbol, after_ms, end_ms) if after_ms <= end_ms else None


VENUE = Venue(
    name=NAME,
    title="Nado (formerly Vertex)",
    base_url=ARCHIVE,
    endpoints=(
        Endpoint(
            name="contracts",
            path="/v2/contracts",
            params=(("edge", "false"),),
            decode=decode_contracts,
            every_s=20,
            required=True,
        ),
        Endpoint(
            name="query",
            path="/v1/query",
            params=(("type", "symbols"),),
            decode=decode_symbols,
            every_s=600,
            base_url=GATEWAY,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0001, taker=0.00035),
    budget=Budget(capacity=400, window_s=10),
    judge=judge_by(_refuse_error),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet vertex",
)
