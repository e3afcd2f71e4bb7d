"""Bullish perpetuals: one tick a market, and a rate whose unit is inferred. Wire facts: venue sheet bullish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import NAN, Batch, Fees, Instrument, Note, Quote, Settlement, Status, unknown_rule
from fundtui.units import HOUR_MS, format_utc_date
from fundtui.venues._identity import identify, in_usd
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    BadRow,
    Decoder,
    RowsDecoder,
    amount,
    batch,
    by_key,
    check_rate,
    check_symbol,
    iso_ms,
    judge_by,
    need,
    next_on_grid,
    number,
    older_window,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue, Wanted

NAME = "bullish"
RULE = unknown_rule("venue sheet bullish: no formula")
EXPERIMENTAL = (
    "no bulk: one call a market, for the assets of your watchlists only; that the rate is in percent per hour "
    "is inferred"
)
PERCENT = 0.01
INTERVAL_H = 1.0
"""Funding is hourly by the venue's history; no field tells it."""

ON_THE_HOUR_MS = 60_000
PAGE_SIZE = 100
HISTORY_DEPTH_H = 90 * 24.0


class MarketRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `markets`."""

    symbol: str
    marketType: str = "PERPETUAL"
    settlementAssetSymbol: str | None = None
    marketEnabled: bool = True
    openInterestLimitUSD: float | None = None


class Tick(msgspec.Struct, frozen=True, gc=False):
    """Answer of `tick` for one market."""

    markPrice: float | None = None
    fundingRate: float | None = None
    openInterest: float | None = None
    last: float | None = None
    quoteVolume: float | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    fundingRate: float
    updatedAtDatetime: str


class ErrorBody(msgspec.Struct, frozen=True):
    errorCode: int
    errorCodeName: str | None = None
    message: str | None = None


FAULTS = {"429": Fault.RATE_LIMITED}

_market_rows = RowsDecoder(MarketRow)
_tick = Decoder(Tick)
_history_rows = RowsDecoder(HistoryRow)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"errorCode": 1, "errorCodeName": "...", "message": "..."}`."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    raise venue_error(error.errorCode, error.message or error.errorCodeName or "no message", FAULTS)


def decode_markets(body: bytes) -> dict[str, MarketRow]:
    """Perpetuals by symbol; dated futures and options share the list."""
    _refuse_error(body)
    perpetuals = [row for row in _market_rows(body).good if row.marketType == "PERPETUAL"]
    return by_key(perpetuals, lambda row: row.symbol)


def decode_tick(body: bytes) -> Tick:
    _refuse_error(body)
    return _tick(body)


def watched_markets(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Perpetuals of the watched assets."""
    markets: Mapping[str, MarketRow] = parts.get("markets", {})
    return sorted(symbol for symbol in markets if symbol.partition("-")[0] in wanted.assets)[: wanted.top]


@newest
def _contract(symbol: str, market: MarketRow | None) -> Instrument:
    check_symbol(symbol)
    base, _, rest = symbol.partition("-")
    quoted, _, ending = rest.partition("-")
    if not quoted or ending != "PERP":
        raise BadRow("unknown_quote_currency")
    identity = identify(base)
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        quote=quoted,
        settle=(market.settlementAssetSymbol if market is not None else None) or quoted,
        multiplier=identity.multiplier,
        status=Status.TRADING if market is None or market.marketEnabled else Status.SUSPENDED,
        rate_period_h=INTERVAL_H,
        interval_h=INTERVAL_H,
        notes=(Note.OI_SIDE_UNVERIFIED, Note.NEXT_FUNDING_INFERRED),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per listed perpetual, with figures where its tick has been asked."""
    need(parts, "markets", "tick")
    markets: Mapping[str, MarketRow] = parts.get("markets", {})
    ticks: Mapping[str, Tick] = parts.get("tick", {})
    next_ms = next_on_grid(observed_ms, INTERVAL_H)

    def quote(symbol: str) -> Quote:
        market, tick = markets.get(symbol), ticks.get(symbol, Tick())
        contract = _contract(symbol, market)
        rate = check_rate(number(tick.fundingRate) * PERCENT)
        mark, oi_base = positive(tick.markPrice), amount(tick.openInterest)
        return Quote(
            contract,
            observed_ms,
            rate,
            next_ms,
            mark,
            NAN,
            positive(tick.last),
            NAN,
            oi_base,
            in_usd(oi_base * mark, contract.quote),
            in_usd(amount(tick.quoteVolume), contract.quote),
            oi_cap_usd=positive(market.openInterestLimitUSD) if market is not None else NAN,
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, list(dict.fromkeys([*markets, *ticks])), quote)


def _iso(ms: int) -> str:
    return format_utc_date(ms).replace(" ", "T") + ".000Z"


def _history_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path=f"/trading-api/v1/history/markets/{symbol}/funding-rate",
        params=(
            ("updatedAtDatetime[gte]", _iso(start_ms - ON_THE_HOUR_MS)),
            ("updatedAtDatetime[lte]", _iso(end_ms)),
            ("_pageSize", str(PAGE_SIZE)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    """Hourly rows, stamped just before the hour that they settle; a row inside an hour is the running one."""
    _refuse_error(body)

    def settlement(row: HistoryRow) -> Settlement | None:
        stamped_ms = iso_ms(row.updatedAtDatetime)
        hour_ms = settlement_ms(stamped_ms, HOUR_MS)
        if abs(stamped_ms - hour_ms) > ON_THE_HOUR_MS:
            return None
        rate = check_rate(row.fundingRate * PERCENT)
        return Settlement(venue=NAME, symbol=symbol, time_ms=hour_ms, rate=rate, interval_h=INTERVAL_H)

    return settlements(_history_rows(body, empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    # The running row is not among the settlements, so that a full page may have one row less.
    if len(rows) < PAGE_SIZE - 1:
        return None
    window_end_ms = iso_ms(dict(request.params)["updatedAtDatetime[lte]"]) + ON_THE_HOUR_MS
    older_ms = older_window(rows, start_ms, window_end_ms)
    # A row is stamped up to a minute before its hour.
    return None if older_ms is None else _history_window(symbol, start_ms, older_ms - ON_THE_HOUR_MS)


VENUE = Venue(
    name=NAME,
    title="Bullish",
    base_url="https://api.exchange.bullish.com",
    endpoints=(
        Endpoint(
            name="markets",
            path="/trading-api/v1/markets",
            params=(("marketType", "PERPETUAL"),),
            decode=decode_markets,
            every_s=3600,
            required=True,
        ),
        Endpoint(
            name="tick",
            path="/trading-api/v1/markets/{key}/tick",
            decode=decode_tick,
            every_s=30,
            perishable=True,
            keys=watched_markets,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(),
    budget=Budget(capacity=500, window_s=10),
    judge=judge_by(_refuse_error),
    history=History(first=_history_window, read=_history_read, next=_history_next, depth_h=HISTORY_DEPTH_H),
    experimental=EXPERIMENTAL,
    source="venue sheet bullish",
)
