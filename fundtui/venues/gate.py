"""Gate futures, settled in USDT and in BTC (v4). Wire facts: venue sheet gate."""

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
    Budget,
    Endpoint,
    Fault,
    History,
    HistoryRequest,
    Parts,
    PremiumSample,
    Venue,
)

NAME = "gate"
SETTLES = ("usdt", "btc")
CANDLE_LIMIT = 1000
HISTORY_LIMIT = 1000

RULE = FundingRule(
    family=Family.NORMALISED,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.LINEAR,
    source="methodology §2.2 (from 2026-05-27), venue sheet gate",
)


class ContractRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `contracts`. Its fee rates are list values that nobody pays, and are not read."""

    name: str
    type: str = "direct"
    contract_type: str = ""
    status: str = "trading"
    in_delisting: bool = False
    is_pre_market: bool = False
    funding_rate: float | None = None
    funding_rate_limit: float | None = None
    funding_interval: float | None = None
    funding_next_apply: float | None = None
    mark_price: float | None = None
    index_price: float | None = None
    last_price: float | None = None
    quanto_multiplier: float | None = None
    position_size: float | None = None


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `tickers`."""

    contract: str
    volume_24h_quote: float | None = None
    highest_bid: float | None = None
    lowest_ask: float | None = None


class CandleRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `premium_index`: when the candle starts, in seconds, and its close."""

    t: int
    c: float | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    r: float
    t: float


class ErrorBody(msgspec.Struct, frozen=True):
    label: str
    message: str | None = None


FAULTS = {
    "TOO_MANY_REQUESTS": Fault.RATE_LIMITED,
    "TOO_BUSY": Fault.MAINTENANCE,
    "SERVER_ERROR": Fault.MAINTENANCE,
    "FORBIDDEN_AREA": Fault.GEO_BLOCKED,
}
CLASSES = {
    "stocks": AssetClass.EQUITY,
    "metals": AssetClass.COMMODITY,
    "commodities": AssetClass.COMMODITY,
    "indices": AssetClass.INDEX,
    "forex": AssetClass.FX,
}

_contract_rows = RowsDecoder(ContractRow)
_ticker_rows = RowsDecoder(TickerRow)
_history_rows = RowsDecoder(HistoryRow)
_candle_rows = RowsDecoder(CandleRow)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"label": "CONTRACT_NOT_FOUND"}`; the message may be missing."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return
    raise venue_error(error.label, error.message or "no message", FAULTS)


def decode_contracts(body: bytes) -> Rows[ContractRow]:
    _refuse_error(body)
    return _contract_rows(body)


def decode_tickers(body: bytes) -> dict[str, TickerRow]:
    _refuse_error(body)
    return by_key(_ticker_rows(body).good, lambda row: row.contract)


def _asset_class(base: str, contract_type: str) -> AssetClass:
    """The venue's own word; a share of the list of commodities, indices or currencies is one of these."""
    if not contract_type:
        return AssetClass.CRYPTO
    listed = other_class(base)
    return CLASSES.get(contract_type, listed) if listed is AssetClass.EQUITY else listed


def _status(row: ContractRow) -> Status:
    if row.is_pre_market or row.status == "prelaunch":
        return Status.PRELAUNCH
    if row.status == "delisted" or (row.in_delisting and not row.position_size):
        return Status.DELISTED
    return Status.TRADING if row.status == "trading" and not row.in_delisting else Status.SUSPENDED


@newest
def _contract(
    symbol: str,
    settle: str,
    contract_type: str,
    inverse: bool,
    status: Status,
    delisting: bool,
    interval_s: float | None,
    limit: float | None,
) -> Instrument:
    check_symbol(symbol)
    base, _, quoted = symbol.rpartition("_")
    if not base:
        raise BadRow("unknown_quote_currency")
    identity = identify(base, _asset_class(base, contract_type))
    interval_h = interval_from(number(interval_s) / 3600)
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=settle.upper(),
        kind=Kind.INVERSE if inverse else Kind.LINEAR,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(limit),
        floor=-number(limit),
        notes=(Note.DELISTING_ANNOUNCED,) if delisting else (),
        rule=RULE,
    )


def _rows(parts: Parts) -> Iterator[tuple[str, ContractRow, TickerRow | None]]:
    for settle in SETTLES:
        contracts: Rows[ContractRow] = parts.get(f"contracts:{settle}", Rows(()))
        tickers: Mapping[str, TickerRow] = parts.get(f"tickers:{settle}", {})
        for row in contracts.good:
            yield settle, row, tickers.get(row.name)


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `contracts`; open interest from its one-sided `position_size`, volume from `tickers`."""
    need(parts, "contracts:usdt", "contracts:btc")
    rejected = sum(parts[f"contracts:{settle}"].rejected for settle in SETTLES if f"contracts:{settle}" in parts)

    def quote(found: tuple[str, ContractRow, TickerRow | None]) -> Quote:
        settle, row, ticker = found
        inverse = row.type == "inverse"
        contract = _contract(
            row.name,
            settle,
            row.contract_type,
            inverse,
            _status(row),
            row.in_delisting,
            row.funding_interval,
            row.funding_rate_limit,
        )
        rate = check_rate(number(row.funding_rate))
        mark, size = positive(row.mark_price), amount(row.position_size)
        # An inverse contract is one dollar, and its quanto multiplier is published as "0".
        oi_base = size / mark if inverse else size * positive(row.quanto_multiplier)
        next_s = number(row.funding_next_apply)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(round(next_s * 1000), observed_ms) if next_s > 0 else None,
            mark,
            positive(row.index_price),
            positive(row.last_price),
            NAN,
            oi_base,
            size if inverse else oi_base * mark,
            amount(ticker.volume_24h_quote) if ticker is not None else NAN,
            bid=positive(ticker.highest_bid) if ticker is not None else NAN,
            ask=positive(ticker.lowest_ask) if ticker is not None else NAN,
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, _rows(parts), quote, rejected=rejected)


def _history_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    settle = "btc" if symbol.endswith("_USD") else "usdt"
    return HistoryRequest(
        path=f"/api/v4/futures/{settle}/funding_rate",
        params=(
            ("contract", symbol),
            ("limit", str(HISTORY_LIMIT)),
            ("from", str(start_ms // 1000)),
            # A settlement is stamped some seconds late.
            ("to", str(end_ms // 1000 + 59)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    _refuse_error(body)

    def settlement(row: HistoryRow) -> Settlement | None:
        return Settlement(venue=NAME, symbol=symbol, time_ms=settlement_ms(row.t * 1000), rate=check_rate(row.r))

    return settlements(_history_rows(body, empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    # The venue may answer with fewer rows than asked for, so only an answer without older rows ends the paging.
    window_end_ms = int(dict(request.params)["to"]) * 1000
    older_ms = older_window(rows, start_ms, window_end_ms)
    return None if older_ms is None else _history_window(symbol, start_ms, older_ms - 59_000)


def _candles(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    settle = "btc" if symbol.endswith("_USD") else "usdt"
    # More than a thousand points are refused, and `limit` must not stand beside `from` and `to`.
    return HistoryRequest(
        path=f"/api/v4/futures/{settle}/premium_index",
        params=(
            ("contract", symbol),
            ("from", str((start_ms - _premiums.MINUTE_MS) // 1000)),
            ("to", str((end_ms - _premiums.MINUTE_MS) // 1000)),
            ("interval", "1m"),
        ),
    )


def _read_candles(body: bytes, symbol: str) -> tuple[PremiumSample, ...]:
    _refuse_error(body)
    return _premiums.candles((row.t * 1000, row.c) for row in _candle_rows(body, empty_ok=True).good)


def _endpoints(settle: str, pace_s: float) -> tuple[Endpoint, ...]:
    return (
        # No `limit`: it would cut the list to a hundred rows.
        Endpoint(
            name=f"contracts:{settle}",
            path=f"/api/v4/futures/{settle}/contracts",
            decode=decode_contracts,
            every_s=pace_s,
            perishable=True,
            required=settle == "usdt",
        ),
        Endpoint(
            name=f"tickers:{settle}",
            path=f"/api/v4/futures/{settle}/tickers",
            decode=decode_tickers,
            every_s=4 * pace_s,
        ),
    )


VENUE = Venue(
    name=NAME,
    title="Gate",
    base_url="https://api.gateio.ws",
    endpoints=_endpoints("usdt", 10) + _endpoints("btc", 20),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0005),
    budget=Budget(capacity=200, window_s=10, remaining_header="X-Gate-RateLimit-Requests-Remain"),
    judge=judge_by(_refuse_error),
    history=History(first=_history_window, read=_history_read, next=_history_next),
    premium_history=_premiums.in_chunks(_candles, _read_candles, CANDLE_LIMIT),
    source="venue sheet gate",
)
