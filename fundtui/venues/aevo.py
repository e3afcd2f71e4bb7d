"""Aevo perpetuals. Wire facts: venue sheet aevo.

Rates come rounded to six decimals, so the idle 0.0000125 shows as 0.000013: four percent off, the venue's own doing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    AssetClass,
    Batch,
    Fees,
    Instrument,
    Quote,
    Settlement,
    Status,
    unknown_rule,
)
from fundtui.text import clean
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify, other_class, unmarked_class
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
    number,
    older_window,
    positive,
    rate_reasons,
    settlement_ms,
)
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "aevo"
RULE = unknown_rule(
    "venue sheet aevo: no formula; a market at rest prints the usual interest, rounded", interest_8h=0.0001
)
PERPETUAL = "-PERP"
HISTORY_LIMIT = 50
NANOSECONDS = 1_000_000
"""In a millisecond."""

CLASSES = {
    "crypto": AssetClass.CRYPTO,
    "equity": AssetClass.EQUITY,
    "pre_ipo": AssetClass.EQUITY,
    "commodity": AssetClass.COMMODITY,
    "compute": AssetClass.COMMODITY,
    "fx": AssetClass.FX,
    "index": AssetClass.INDEX,
    "etf": AssetClass.INDEX,
}


class StatisticsRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `coingecko-statistics`. Open interest in base units; delisted instruments lack the next time."""

    ticker_id: str
    base_currency: str
    funding_rate: float | None = None
    open_interest: float | None = None
    index_price: float | None = None
    target_volume: float | None = None
    next_funding_rate_timestamp: int | None = None


class MarketRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `markets`."""

    instrument_name: str
    instrument_type: str = "PERPETUAL"
    quote_asset: str = "USDC"
    mark_price: float | None = None
    index_price: float | None = None
    is_active: bool = True
    market_type: str | None = None


class HistoryAnswer(msgspec.Struct, frozen=True):
    funding_history: list[tuple[str, int, float, float]] = []
    error: str = ""


class ErrorBody(msgspec.Struct, frozen=True):
    error: str


_statistics_rows = RowsDecoder(StatisticsRow)
_market_rows = RowsDecoder(MarketRow)
_history_answer = Decoder(HistoryAnswer)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"error": ...}`."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    raise BadAnswer(Fault.VENUE_ERROR, f"error: {clean(error.error, 120)}")


def decode_statistics(body: bytes) -> Rows[StatisticsRow]:
    _refuse_error(body)
    return _statistics_rows(body)


def decode_markets(body: bytes) -> dict[str, MarketRow]:
    _refuse_error(body)
    return by_key(_market_rows(body).good, lambda row: row.instrument_name)


@newest
def _contract(symbol: str, base: str, quoted: str, market_type: str | None, active: bool) -> Instrument:
    if not check_symbol(symbol).endswith(PERPETUAL):
        raise BadRow("unknown_symbol_form")
    asset_class = unmarked_class(base) if market_type is None else CLASSES.get(market_type, other_class(base))
    identity = identify(base, asset_class)
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=Status.TRADING if active else Status.SUSPENDED,
        rate_period_h=1.0,
        interval_h=1.0,
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of the statistics; mark, status and class from `markets` where it has answered."""
    statistics: Rows[StatisticsRow] = parts["coingecko-statistics"]
    markets: Mapping[str, MarketRow] = parts.get("markets", {})

    def quote(row: StatisticsRow) -> Quote:
        listed = markets.get(row.ticker_id)
        active = listed.is_active if listed is not None else row.next_funding_rate_timestamp is not None
        quoted = listed.quote_asset if listed is not None else "USDC"
        market_type = listed.market_type if listed is not None else None
        contract = _contract(row.ticker_id, row.base_currency, quoted, market_type, active)
        rate = check_rate(number(row.funding_rate))
        index, oi_base = positive(row.index_price), amount(row.open_interest)
        mark = positive(listed.mark_price) if listed is not None else NAN
        next_s = row.next_funding_rate_timestamp
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(next_s * 1000 if next_s else None, observed_ms),
            mark,
            index,
            oi_base=oi_base,
            oi_usd=oi_base * (index if mark != mark else mark),
            volume_usd=amount(row.target_volume),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, statistics.good, quote, rejected=statistics.rejected)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """Windows are in nanoseconds, other times of this venue in seconds."""
    return HistoryRequest(
        path="/funding-history",
        params=(
            ("instrument_name", symbol),
            ("start_time", str(start_ms * NANOSECONDS)),
            ("end_time", str(end_ms * NANOSECONDS)),
            ("limit", str(HISTORY_LIMIT)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    answer = _history_answer(body)
    if answer.error:
        raise BadAnswer(Fault.VENUE_ERROR, f"error: {clean(answer.error, 120)}")
    return tuple(
        Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(time_ns / NANOSECONDS, HOUR_MS),
            rate=rate,
            interval_h=1.0,
            price=positive(mark),
        )
        for name, time_ns, rate, mark in answer.funding_history
        if name == symbol
    )


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    until_ms = int(dict(request.params)["end_time"]) // NANOSECONDS
    before_ms = older_window(rows, start_ms, until_ms) if len(rows) >= HISTORY_LIMIT else None
    return _history_first(symbol, start_ms, before_ms) if before_ms is not None else None


VENUE = Venue(
    name=NAME,
    title="Aevo",
    base_url="https://api.aevo.xyz",
    endpoints=(
        Endpoint(
            name="coingecko-statistics",
            path="/coingecko-statistics",
            decode=decode_statistics,
            every_s=30,
            required=True,
        ),
        Endpoint(
            name="markets",
            path="/markets",
            params=(("instrument_type", "PERPETUAL"),),
            decode=decode_markets,
            every_s=30,
            perishable=True,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0005, taker=0.0008),
    budget=Budget(capacity=60, window_s=60),
    judge=judge_by(_refuse_error),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet aevo",
)
