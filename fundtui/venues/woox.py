"""WOO X perpetuals (v3). Wire facts: venue sheet woox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import NAN, Batch, Fees, Instrument, Quote, Settlement, Status, unknown_rule
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

NAME = "woox"
RULE = unknown_rule("venue sheet woox: no formula, caps not seen")
PERPETUAL = "PERP_"
PAGE_SIZE = 100


class RateRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `fundingRate`. The two rates are each per its own interval."""

    symbol: str
    estFundingRate: float | None = None
    lastFundingRate: float | None = None
    nextFundingTime: int | None = None
    lastFundingIntervalHours: float | None = None
    estFundingIntervalHours: float | None = None


class FutureRow(msgspec.Struct, frozen=True, gc=False, rename={"close": "24hClose", "amount_24h": "24hAmount"}):
    """Row of `futures`; it tells everything but the interval."""

    symbol: str
    indexPrice: float | None = None
    markPrice: float | None = None
    estFundingRate: float | None = None
    openInterest: float | None = None
    nextFundingTime: int | None = None
    close: float | None = None
    amount_24h: float | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `instruments`."""

    symbol: str
    status: str = "TRADING"


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    fundingRate: float
    fundingRateTimestamp: int
    markPrice: float | None = None


class Data(msgspec.Struct, frozen=True):
    rows: msgspec.Raw = NULL


class Envelope(msgspec.Struct, frozen=True):
    success: bool
    code: int = 0
    message: str | None = None
    data: Data | None = None


FAULTS = {"-1003": Fault.RATE_LIMITED, "-1011": Fault.MAINTENANCE}

_envelope = Decoder(Envelope)
_rate_rows = RowsDecoder(RateRow)
_future_rows = RowsDecoder(FutureRow)
_listed_rows = RowsDecoder(ListedRow)
_history_rows = RowsDecoder(HistoryRow)


def _rows(body: bytes) -> msgspec.Raw:
    envelope = _envelope(blank_as_null(body))
    if not envelope.success:
        raise venue_error(envelope.code, envelope.message, FAULTS)
    return (envelope.data or Data()).rows


def decode_rates(body: bytes) -> Rows[RateRow]:
    return _rate_rows(_rows(body))


def decode_futures(body: bytes) -> Rows[FutureRow]:
    return _future_rows(_rows(body))


def decode_instruments(body: bytes) -> dict[str, ListedRow]:
    return by_key(_listed_rows(_rows(body)).good, lambda row: row.symbol)


@newest
def _contract(symbol: str, listed: ListedRow | None, interval: float | None) -> Instrument:
    check_symbol(symbol)
    base, _, quoted = symbol.removeprefix(PERPETUAL).rpartition("_")
    if not base:
        raise BadRow("unknown_quote_currency")
    identity = identify(base, unmarked_class(base))
    interval_h = interval_from(number(interval))
    trading = listed is None or listed.status == "TRADING"
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=Status.TRADING if trading else Status.SUSPENDED,
        rate_period_h=interval_h,
        interval_h=interval_h,
        rule=RULE,
    )


def _settled(row: RateRow) -> float:
    """The last settled rate, per the interval of the coming one: the interval may have changed in between."""
    rate, own_h = number(row.lastFundingRate), number(row.lastFundingIntervalHours)
    if row.lastFundingIntervalHours == row.estFundingIntervalHours:
        return rate
    return rate / own_h * number(row.estFundingIntervalHours) if own_h > 0 else NAN


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per perpetual of `fundingRate` and `futures`; spot rows are none of ours."""
    need(parts, "fundingRate", "futures")
    rates: Rows[RateRow] = parts.get("fundingRate", Rows(()))
    futures: Rows[FutureRow] = parts.get("futures", Rows(()))
    listed: Mapping[str, ListedRow] = parts.get("instruments", {})
    future_of = by_key(futures.good, lambda row: row.symbol)

    def quote(row: RateRow) -> Quote | None:
        symbol = row.symbol
        if not symbol.startswith(PERPETUAL):
            return None
        contract = _contract(symbol, listed.get(symbol), row.estFundingIntervalHours)
        future = future_of.get(symbol)
        published = future.estFundingRate if future is not None and row.estFundingRate is None else row.estFundingRate
        rate = check_rate(number(published))
        next_ms = row.nextFundingTime or (future.nextFundingTime if future is not None else None)
        mark = positive(future.markPrice) if future is not None else NAN
        oi_base = amount(future.openInterest) if future is not None else NAN
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(next_ms, observed_ms),
            mark,
            positive(future.indexPrice) if future is not None else NAN,
            positive(future.close) if future is not None else NAN,
            NAN,
            oi_base,
            oi_base * mark,
            amount(future.amount_24h) if future is not None else NAN,
            _settled(row),
            reasons=rate_reasons(contract, rate),
        )

    known = {row.symbol for row in rates.good}
    others = [RateRow(symbol=row.symbol) for row in futures.good if row.symbol not in known]
    return batch(NAME, observed_ms, [*rates.good, *others], quote, rejected=rates.rejected + futures.rejected)


def _history_page(symbol: str, page: int) -> HistoryRequest:
    return HistoryRequest(
        path="/v3/public/fundingRateHistory",
        params=(("symbol", symbol), ("page", str(page)), ("size", str(PAGE_SIZE))),
    )


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """The newest page: the venue takes no times."""
    return _history_page(symbol, 1)


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: HistoryRow) -> Settlement | None:
        if row.symbol != symbol:
            return None
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.fundingRateTimestamp),
            rate=check_rate(row.fundingRate),
            price=positive(row.markPrice),
        )

    return settlements(_history_rows(_rows(body), empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    if len(rows) < PAGE_SIZE or min(row.time_ms for row in rows) <= start_ms:
        return None
    return _history_page(symbol, int(dict(request.params)["page"]) + 1)


VENUE = Venue(
    name=NAME,
    title="WOO X",
    base_url="https://api.woox.io",
    endpoints=(
        Endpoint(name="fundingRate", path="/v3/public/fundingRate", decode=decode_rates, every_s=10, required=True),
        Endpoint(name="futures", path="/v3/public/futures", decode=decode_futures, every_s=10, perishable=True),
        Endpoint(name="instruments", path="/v3/public/instruments", decode=decode_instruments, every_s=3600),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0005),
    budget=Budget(capacity=10, window_s=1),
    judge=judge_by(_rows),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet woox",
)
