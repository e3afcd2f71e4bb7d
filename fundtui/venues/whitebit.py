"""WhiteBIT futures. Wire facts: venue sheet whitebit."""

from __future__ import annotations

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
    Settlement,
    Status,
    unknown_rule,
)
from fundtui.venues._identity import identify, in_usd, other_class, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    NULL,
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
    older_window,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "whitebit"
RULE = unknown_rule(
    "venue sheet whitebit: not published in readable pages; a market at rest prints 0.0001 per 8 h", interest_8h=0.0001
)
HISTORY_LIMIT = 100


class FutureRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `futures`."""

    ticker_id: str
    stock_currency: str
    money_currency: str
    last_price: float | None = None
    money_volume: float | None = None
    open_interest: float | None = None
    mark_price: float | None = None
    index_price: float | None = None
    funding_rate: float | None = None
    funding_cap: float | None = None
    funding_floor: float | None = None
    next_funding_rate_timestamp: int | None = None
    funding_interval_minutes: float | None = None
    bid: float | None = None
    ask: float | None = None


class MarketRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `markets`."""

    name: str
    type: str = ""
    delistedAt: int | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    fundingTime: float
    fundingRate: float
    settlementPrice: float | None = None


class Envelope(msgspec.Struct, frozen=True):
    success: bool
    message: msgspec.Raw = NULL
    result: msgspec.Raw = NULL


class ErrorBody(msgspec.Struct, frozen=True):
    message: str
    code: int = 0


FAULTS = {"429": Fault.RATE_LIMITED}

_envelope = Decoder(Envelope)
_future_rows = RowsDecoder(FutureRow)
_market_rows = RowsDecoder(MarketRow)
_history_rows = RowsDecoder(HistoryRow)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"code": 30, "message": "...", "errors": {}}`."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    raise venue_error(error.code, error.message, FAULTS)


def decode_futures(body: bytes) -> Rows[FutureRow]:
    _refuse_error(body)
    envelope = _envelope(blank_as_null(body))
    if not envelope.success:
        raise venue_error("success false", bytes(envelope.message).decode(errors="replace"), FAULTS)
    return _future_rows(envelope.result)


def decode_markets(body: bytes) -> dict[str, MarketRow]:
    _refuse_error(body)
    return by_key(_market_rows(body).good, lambda row: row.name)


@newest
def _contract(
    symbol: str,
    base: str,
    quoted: str,
    market: MarketRow | None,
    minutes: float | None,
    cap: float | None,
    floor: float | None,
) -> Instrument:
    check_symbol(symbol)
    traditional = market is not None and market.type == "tradfiFutures"
    asset_class = other_class(base) if traditional else unmarked_class(base) if market is None else AssetClass.CRYPTO
    identity = identify(base, asset_class)
    interval_h = interval_from(number(minutes) / 60)
    off_s = market.delistedAt if market is not None else None
    notes = (Note.OI_SIDE_UNVERIFIED,) + ((Note.DELISTING_ANNOUNCED,) if off_s else ())
    # The index of a traditional asset is the contract's own last price.
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(cap),
        floor=number(floor),
        expiry_ms=off_s * 1000 if off_s else None,
        notes=(*notes, Note.INDEX_IS_MARK) if traditional else notes,
        rule=RULE,
        status=Status.TRADING,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `futures`; `markets` tells what is no coin."""
    need(parts, "futures")
    futures: Rows[FutureRow] = parts["futures"]
    markets: Mapping[str, MarketRow] = parts.get("markets", {})

    def quote(row: FutureRow) -> Quote:
        contract = _contract(
            row.ticker_id,
            row.stock_currency,
            row.money_currency,
            markets.get(row.ticker_id),
            row.funding_interval_minutes,
            row.funding_cap,
            row.funding_floor,
        )
        rate = check_rate(number(row.funding_rate))
        mark, oi_base = positive(row.mark_price), amount(row.open_interest)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(row.next_funding_rate_timestamp, observed_ms),
            mark,
            positive(row.index_price),
            positive(row.last_price),
            NAN,
            oi_base,
            in_usd(oi_base * mark, contract.quote),
            in_usd(amount(row.money_volume), contract.quote),
            bid=positive(row.bid),
            ask=positive(row.ask),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, futures.good, quote, rejected=futures.rejected)


def _history_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path=f"/api/v4/public/funding-history/{symbol}",
        params=(
            ("startDate", str(start_ms // 1000)),
            ("endDate", str(end_ms // 1000)),
            ("limit", str(HISTORY_LIMIT)),
            ("offset", "0"),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    _refuse_error(body)

    def settlement(row: HistoryRow) -> Settlement | None:
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.fundingTime * 1000),
            rate=check_rate(row.fundingRate),
            price=positive(row.settlementPrice),
        )

    return settlements(_history_rows(body, empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    window_end_ms = int(dict(request.params)["endDate"]) * 1000 + 999
    older_ms = older_window(rows, start_ms, window_end_ms) if len(rows) >= HISTORY_LIMIT else None
    return None if older_ms is None else _history_window(symbol, start_ms, older_ms)


VENUE = Venue(
    name=NAME,
    title="WhiteBIT",
    base_url="https://whitebit.com",
    endpoints=(
        Endpoint(name="futures", path="/api/v4/public/futures", decode=decode_futures, every_s=10, required=True),
        Endpoint(name="markets", path="/api/v4/public/markets", decode=decode_markets, every_s=3600),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0001, taker=0.00055),
    budget=Budget(capacity=2000, window_s=10),
    judge=judge_by(_refuse_error),
    history=History(first=_history_window, read=_history_read, next=_history_next),
    source="venue sheet whitebit",
)
