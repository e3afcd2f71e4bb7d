"""Orderly Network perpetuals, one book behind many brokers. Wire facts: venue sheet orderly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    Batch,
    Fees,
    FundingRule,
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
from fundtui.venues._wire import (
    NULL,
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
    interval_from,
    judge_by,
    number,
    positive,
    rate_reasons,
    settlement_ms,
    venue_error,
)
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "orderly"
RULE = unknown_rule(
    "venue sheet orderly: premiums beyond 0.5 % and 1.5 % count twice and four times, as in no family of "
    "methodology §2.2; how the result is scaled to the period is not stated",
    interest_8h=0.0001,
)
NO_INTEREST_RULE = msgspec.structs.replace(RULE, interest_8h=0.0)
HISTORY_LIMIT = 500
INTERVALS_H = (1.0, 2.0, 4.0, 8.0)

STATUSES = {
    "ACTIVE": Status.TRADING,
    "REDUCE_ONLY": Status.SUSPENDED,
    "POST_ONLY": Status.SUSPENDED,
    "SUSPENDED": Status.SUSPENDED,
    "DELISTED": Status.DELISTED,
}
FAULTS = {"-1003": Fault.RATE_LIMITED}


class FuturesRow(msgspec.Struct, frozen=True, gc=False, rename={"amount_24h": "24h_amount", "close_24h": "24h_close"}):
    """Row of `futures`. Open interest in base units, `24h_amount` in USDC."""

    symbol: str
    status: str = ""
    index_price: float | None = None
    mark_price: float | None = None
    est_funding_rate: float | None = None
    last_funding_rate: float | None = None
    next_funding_time: int | None = None
    open_interest: float | None = None
    amount_24h: float | None = None
    close_24h: float | None = None
    is_pretge: bool = False


class InfoRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `info`. The open interest's cap is in USD."""

    symbol: str
    funding_period: float | None = None
    cap_funding: float | None = None
    floor_funding: float | None = None
    interest_rate: float | None = None
    global_max_oi_cap: float | None = None


class RateRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `funding_rates`."""

    symbol: str
    last_funding_rate_timestamp: int | None = None
    next_funding_time: int | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    funding_rate: float
    funding_rate_timestamp: int
    next_funding_time: int | None = None


class Data(msgspec.Struct, frozen=True):
    rows: msgspec.Raw = NULL


class Envelope(msgspec.Struct, frozen=True):
    success: bool
    data: Data | None = None
    code: int | None = None
    message: str | None = None


_envelope = Decoder(Envelope)
_futures_rows = RowsDecoder(FuturesRow)
_info_rows = RowsDecoder(InfoRow)
_rate_rows = RowsDecoder(RateRow)
_history_rows = RowsDecoder(HistoryRow)


def _rows(body: bytes) -> msgspec.Raw:
    """The rows of an answer. Raises BadAnswer for `{"success": false, "code": ..., "message": ...}`."""
    envelope = _envelope(body)
    if not envelope.success:
        raise venue_error(envelope.code, envelope.message, FAULTS)
    if envelope.data is None:
        raise BadAnswer(Fault.WRONG_SHAPE, "the answer holds no data")
    return envelope.data.rows


def decode_futures(body: bytes) -> Rows[FuturesRow]:
    return _futures_rows(_rows(body))


def decode_info(body: bytes) -> dict[str, InfoRow]:
    return by_key(_info_rows(_rows(body)).good, lambda row: row.symbol)


def decode_rates(body: bytes) -> dict[str, RateRow]:
    return by_key(_rate_rows(_rows(body)).good, lambda row: row.symbol)


def _interval(listed: InfoRow | None, rates: RateRow | None) -> tuple[float, bool]:
    """Hours between settlements and whether they were inferred: stated by `info`, else the distance of two of them."""
    if listed is not None and listed.funding_period is not None:
        return interval_from(listed.funding_period), False
    if rates is None or not rates.next_funding_time or not rates.last_funding_rate_timestamp:
        return NAN, False
    apart_h = (rates.next_funding_time - rates.last_funding_rate_timestamp) / HOUR_MS
    return (apart_h, True) if apart_h in INTERVALS_H else (NAN, False)


def _rule(listed: InfoRow | None) -> FundingRule:
    """The interest that the market states is per eight hours whatever its period is: 0.00005 is paid each four."""
    return NO_INTEREST_RULE if listed is not None and listed.interest_rate == 0 else RULE


@newest
def _contract(
    symbol: str, status: str, pre_market: bool, listed: InfoRow | None, interval_h: float, inferred: bool
) -> Instrument:
    """A fourth part of the symbol names the broker that alone lists it."""
    parts = check_symbol(symbol).split("_")
    if parts[0] != "PERP" or len(parts) not in (3, 4):
        raise BadRow("unknown_symbol_form")
    if status not in STATUSES:
        raise BadRow("unknown_status")
    identity = identify(parts[1], unmarked_class(parts[1]))
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=parts[2],
        settle=parts[2],
        multiplier=identity.multiplier,
        status=Status.PRELAUNCH if pre_market else STATUSES[status],
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(listed.cap_funding) if listed is not None else NAN,
        floor=number(listed.floor_funding) if listed is not None else NAN,
        notes=(Note.INTERVAL_INFERRED,) if inferred else (),
        rule=_rule(listed),
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `futures`; periods and caps from `info`."""
    futures: Rows[FuturesRow] = parts["futures"]
    infos: Mapping[str, InfoRow] = parts.get("info", {})
    rates: Mapping[str, RateRow] = parts.get("funding_rates", {})

    def quote(row: FuturesRow) -> Quote:
        listed = infos.get(row.symbol)
        interval_h, inferred = _interval(listed, rates.get(row.symbol))
        contract = _contract(row.symbol, row.status, row.is_pretge, listed, interval_h, inferred)
        rate = check_rate(number(row.est_funding_rate))
        mark, oi_base = positive(row.mark_price), amount(row.open_interest)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(row.next_funding_time, observed_ms),
            mark,
            positive(row.index_price),
            positive(row.close_24h),
            oi_base=oi_base,
            oi_usd=oi_base * mark,
            volume_usd=amount(row.amount_24h),
            settled_rate=check_rate(number(row.last_funding_rate)),
            oi_cap_usd=positive(listed.global_max_oi_cap) if listed is not None else NAN,
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, futures.good, quote, rejected=futures.rejected)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return _history_page(symbol, start_ms, end_ms, 1)


def _history_page(symbol: str, start_ms: int, end_ms: int, page: int) -> HistoryRequest:
    return HistoryRequest(
        path="/v1/public/funding_rate_history",
        params=(
            ("symbol", symbol),
            ("start_t", str(start_ms)),
            ("end_t", str(end_ms)),
            ("page", str(page)),
            ("size", str(HISTORY_LIMIT)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    """A row tells when the next settlement was due, hence the interval after it, not the one that it pays for."""
    return tuple(
        Settlement(venue=NAME, symbol=symbol, time_ms=settlement_ms(row.funding_rate_timestamp), rate=row.funding_rate)
        for row in _history_rows(_rows(body), empty_ok=True).good
        if row.symbol == symbol
    )


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """Numbered pages; rows outside the window mean that the venue ignores it, so paging would never end."""
    if len(rows) < HISTORY_LIMIT or not all(start_ms <= row.time_ms <= end_ms for row in rows):
        return None
    return _history_page(symbol, start_ms, end_ms, int(dict(request.params)["page"]) + 1)


VENUE = Venue(
    name=NAME,
    title="Orderly",
    base_url="https://api.orderly.org",
    endpoints=(
        Endpoint(name="futures", path="/v1/public/futures", decode=decode_futures, every_s=15, required=True),
        Endpoint(name="info", path="/v1/public/info", decode=decode_info, every_s=1800),
        Endpoint(name="funding_rates", path="/v1/public/funding_rates", decode=decode_rates, every_s=1800),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0005),
    budget=Budget(capacity=10, window_s=1),
    judge=judge_by(_rows),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet orderly",
)
