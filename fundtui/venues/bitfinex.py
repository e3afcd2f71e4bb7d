"""Bitfinex derivatives (status/deriv): rows are arrays, told apart by position. Wire facts: venue sheet bitfinex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    Averaging,
    Batch,
    Family,
    Fees,
    FundingRule,
    Instrument,
    Note,
    Quote,
    RateKind,
    Settlement,
    Status,
)
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify, in_usd, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    BadRow,
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
    by_key,
    check_next,
    check_rate,
    check_symbol,
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
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "bitfinex"
INTERVAL_H = 8.0
"""Fixed for every contract by the venue's rules; no field tells it."""

HISTORY_LIMIT = 5000
PAPER = "TEST"
ALIASES = {"UST": "USDT", "ALG": "ALGO", "ATO": "ATOM", "IOT": "IOTA"}

RULE = FundingRule(
    family=Family.PER_INTERVAL,
    interest_8h=0.0,
    damper=0.0005,
    averaging=Averaging.UNIFORM,
    source="venue sheet bitfinex: no interest, the dead band of 5 bp subtracted, fixed one period ahead",
)


class StatusRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Row of `status/deriv`, 24 positions. Position 4, the spot price, is a copy of the mark on many rows: not read."""

    key: str
    time: int | None
    p2: None
    derivative_price: float | None
    spot_price: float | None
    p5: None
    insurance: float | None
    p7: None
    next_funding: int | None
    accrued_funding: float | None
    step: int | None
    p11: None
    current_funding: float | None
    p13: None
    p14: None
    mark: float | None
    p16: None
    p17: None
    open_interest: float | None
    p19: None = None
    p20: None = None
    p21: None = None
    clamp_min: float | None = None
    clamp_max: float | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Row of the history: the same without the key, so that every position is one lower."""

    time: int
    p1: None
    derivative_price: float | None
    spot_price: float | None
    p4: None
    insurance: float | None
    p6: None
    next_funding: int
    accrued_funding: float | None
    step: int | None
    p10: None
    current_funding: float
    p12: None
    p13: None
    mark: float | None


class TickerRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Row of `tickers` for a trading pair; rows of lending have other positions and are known by their key."""

    key: str
    bid: float | None = None
    bid_size: float | None = None
    ask: float | None = None
    ask_size: float | None = None
    change: float | None = None
    change_share: float | None = None
    last: float | None = None
    volume: float | None = None


class ErrorRow(msgspec.Struct, frozen=True, array_like=True):
    word: str
    code: int
    message: str


class ErrorBody(msgspec.Struct, frozen=True):
    error: str


FAULTS = {"11010": Fault.RATE_LIMITED, "ERR_RATE_LIMIT": Fault.RATE_LIMITED, "20060": Fault.MAINTENANCE}

_status_rows = RowsDecoder(StatusRow)
_ticker_rows = RowsDecoder(TickerRow)
_history_rows = RowsDecoder(HistoryRow)
_pairs = Decoder(list[list[str]])
_error_row = msgspec.json.Decoder(ErrorRow)
_error_body = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `["error", 10020, "symbol: invalid"]` and `{"error": "ERR_RATE_LIMIT"}`."""
    start = body.lstrip()[:16]
    try:
        if start.startswith(b"{"):
            error = _error_body.decode(body).error
            raise venue_error(error, error, FAULTS)
        if start.startswith(b"[") and b'"error"' in start:
            row = _error_row.decode(body)
            raise venue_error(row.code, row.message, FAULTS)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return


def decode_status(body: bytes) -> Rows[StatusRow]:
    _refuse_error(body)
    return _status_rows(body)


def decode_tickers(body: bytes) -> dict[str, TickerRow]:
    _refuse_error(body)
    return by_key(_ticker_rows(body).good, lambda row: row.key)


def decode_pairs(body: bytes) -> tuple[str, ...]:
    """The listed pairs, in the form of the status keys."""
    _refuse_error(body)
    lists = _pairs(body)
    if not lists or not lists[0]:
        raise BadAnswer(Fault.EMPTY, "no pairs in the answer")
    return tuple(f"t{pair}" for pair in lists[0])


@newest
def _contract(key: str, cap: float | None, status: Status) -> Instrument:
    check_symbol(key)
    base, colon, quoted = key.removeprefix("t").partition(":")
    base, quoted = base.removesuffix("F0"), quoted.removesuffix("F0")
    if not colon or not base or not quoted:
        raise BadRow("unknown_quote_currency")
    base, quoted = ALIASES.get(base, base), ALIASES.get(quoted, quoted)
    identity = identify(base, unmarked_class(base))
    return Instrument(
        venue=NAME,
        symbol=key,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=INTERVAL_H,
        rate_kind=RateKind.LOCKED,
        interval_h=INTERVAL_H,
        cap=number(cap),
        floor=-number(cap),
        notes=(Note.INDEX_IS_MARK,),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per derivative of `status/deriv`, paper ones dropped; listed pairs without a status are suspended."""
    need(parts, "deriv")
    rows: Rows[StatusRow] = parts["deriv"]
    tickers: Mapping[str, TickerRow] = parts.get("tickers", {})
    pairs: Sequence[str] = parts.get("pub:list:pair:futures", ())

    def quote(row: StatusRow | str) -> Quote | None:
        key = row if isinstance(row, str) else row.key
        if not key.startswith("t") or "F0:" not in key or key.startswith(f"t{PAPER}"):
            return None
        if isinstance(row, str):
            gone = _contract(key, None, Status.SUSPENDED)
            return Quote(gone, observed_ms, reasons=rate_reasons(gone, NAN))
        contract = _contract(key, row.clamp_max, Status.TRADING)
        # The current funding was fixed when the last period closed; the accrued one decides the settlement after.
        rate = check_rate(number(row.current_funding))
        ticker = tickers.get(key)
        mark, oi_base = positive(row.mark), amount(row.open_interest)
        last = positive(ticker.last) if ticker is not None else NAN
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(row.next_funding, row.time or observed_ms),
            mark,
            # The mark is the composite index itself; there is no other index.
            mark,
            last,
            NAN,
            oi_base,
            in_usd(oi_base * mark, contract.quote),
            in_usd(amount(ticker.volume) * last, contract.quote) if ticker is not None else NAN,
            bid=positive(ticker.bid) if ticker is not None else NAN,
            ask=positive(ticker.ask) if ticker is not None else NAN,
            reasons=rate_reasons(contract, rate),
        )

    known = {row.key for row in rows.good}
    found: list[StatusRow | str] = [*rows.good, *(pair for pair in pairs if pair not in known)]
    return batch(NAME, observed_ms, found, quote, rejected=rows.rejected)


def _history_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path=f"/v2/status/deriv/{symbol}/hist",
        params=(("start", str(start_ms)), ("end", str(end_ms)), ("limit", str(HISTORY_LIMIT))),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    """Each sample of a minute repeats the fixed rate of its coming settlement: one row per settlement remains."""
    _refuse_error(body)

    def settlement(row: HistoryRow) -> Settlement | None:
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.next_funding),
            rate=check_rate(row.current_funding),
            interval_h=INTERVAL_H,
            price=positive(row.mark),
        )

    found = settlements(_history_rows(body, empty_ok=True).good, settlement)
    return tuple({row.time_ms: row for row in found}.values())


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    # Samples come newest first and end inside the period of the oldest settlement: go on before that period.
    window_end_ms = int(dict(request.params)["end"]) + round(INTERVAL_H * HOUR_MS)
    older_ms = older_window(rows, start_ms, window_end_ms)
    if older_ms is None:
        return None
    older_ms -= round(INTERVAL_H * HOUR_MS)
    return _history_window(symbol, start_ms, older_ms) if older_ms > start_ms else None


VENUE = Venue(
    name=NAME,
    title="Bitfinex",
    base_url="https://api-pub.bitfinex.com",
    endpoints=(
        Endpoint(
            name="deriv",
            path="/v2/status/deriv",
            params=(("keys", "ALL"),),
            decode=decode_status,
            every_s=15,
            required=True,
        ),
        Endpoint(
            name="tickers",
            path="/v2/tickers",
            params=(("symbols", "ALL"),),
            decode=decode_tickers,
            weight=3,
            every_s=60,
        ),
        Endpoint(
            name="pub:list:pair:futures",
            path="/v2/conf/pub:list:pair:futures",
            decode=decode_pairs,
            every_s=3600,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(),
    budget=Budget(capacity=90, window_s=60),
    judge=judge_by(_refuse_error),
    history=History(first=_history_window, read=_history_read, next=_history_next),
    source="venue sheet bitfinex",
)
