"""Binance USD-M perpetuals (fapi). Wire facts: venue sheet binance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain

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
    Note,
    Quote,
    Settlement,
    Status,
)
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify, in_usd, other_class
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
    interval_from,
    is_geo_block,
    judge_by,
    need,
    newer_window,
    number,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import (
    BadAnswer,
    Budget,
    Endpoint,
    Fault,
    History,
    HistoryRequest,
    Parts,
    Venue,
    Wanted,
)

NAME = "binance"
NEVER_MS = 4_133_404_800_000
DEFAULT_INTERVAL_H = 8.0
INTEREST_8H = 0.0001
HISTORY_LIMIT = 1000
QUOTES = ("USDT", "USDC", "FDUSD", "BFUSD", "USD1", "BTC", "ETH")

RULE = FundingRule(
    family=Family.NORMALISED,
    interest_8h=INTEREST_8H,
    damper=0.0005,
    averaging=Averaging.LINEAR,
    source="methodology §2.2 (from 2025-09-18), venue sheet binance",
)
NO_INTEREST_RULE = msgspec.structs.replace(RULE, interest_8h=0.0)
NO_INTEREST_SYMBOLS = frozenset({"BNBUSDT", "ETHBTC"})


class PremiumRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `premiumIndex`."""

    symbol: str
    markPrice: float | None = None
    indexPrice: float | None = None
    lastFundingRate: float | None = None
    interestRate: float | None = None
    nextFundingTime: int | None = None
    time: int = 0


class FundingInfoRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `fundingInfo`."""

    symbol: str
    fundingIntervalHours: float | None = None
    adjustedFundingRateCap: float | None = None
    adjustedFundingRateFloor: float | None = None


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `ticker/24hr`."""

    symbol: str
    lastPrice: float | None = None
    quoteVolume: float | None = None


class SymbolRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `exchangeInfo.symbols`."""

    symbol: str
    baseAsset: str
    quoteAsset: str
    marginAsset: str
    contractType: str = ""
    status: str = ""
    deliveryDate: int = NEVER_MS
    underlyingType: str = "COIN"


class ExchangeInfo(msgspec.Struct, frozen=True):
    symbols: msgspec.Raw


class OpenInterest(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    openInterest: float | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    fundingRate: float
    fundingTime: int
    markPrice: float | str | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    code: int
    msg: str = ""


FAULTS = {"-1003": Fault.RATE_LIMITED, "-1015": Fault.RATE_LIMITED, "-1008": Fault.MAINTENANCE}

_premium_rows = RowsDecoder(PremiumRow)
_funding_rows = RowsDecoder(FundingInfoRow)
_ticker_rows = RowsDecoder(TickerRow)
_symbol_rows = RowsDecoder(SymbolRow)
_history_rows = RowsDecoder(HistoryRow)
_exchange_info = Decoder(ExchangeInfo)
_open_interest = Decoder(OpenInterest)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"code": -1121, "msg": ...}`, which also comes with HTTP 200."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    if is_geo_block(body):
        raise BadAnswer(Fault.GEO_BLOCKED, "not served at this location")
    if "banned" in error.msg:
        raise BadAnswer(Fault.BANNED, "banned for asking too often")
    raise venue_error(error.code, error.msg, FAULTS)


def decode_premium(body: bytes) -> Rows[PremiumRow]:
    _refuse_error(body)
    return _premium_rows(body)


def decode_funding_info(body: bytes) -> dict[str, FundingInfoRow]:
    _refuse_error(body)
    return by_key(_funding_rows(body).good, lambda row: row.symbol)


def decode_tickers(body: bytes) -> dict[str, TickerRow]:
    _refuse_error(body)
    return by_key(_ticker_rows(body).good, lambda row: row.symbol)


def decode_exchange_info(body: bytes) -> dict[str, SymbolRow]:
    _refuse_error(body)
    return by_key(_symbol_rows(_exchange_info(body).symbols).good, lambda row: row.symbol)


def decode_open_interest(body: bytes) -> float:
    """Open interest in base units."""
    _refuse_error(body)
    return amount(_open_interest(body).openInterest)


def most_traded(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Symbols for the per-symbol open interest: the watched assets first, then the most traded ones."""
    tickers: Mapping[str, TickerRow] = parts.get("24hr", {})
    premium: Rows[PremiumRow] | None = parts.get("premiumIndex")
    if premium is None:
        return ()
    alive = [row.symbol for row in premium.good if row.nextFundingTime]
    volume = {symbol: amount(row.quoteVolume) for symbol, row in tickers.items()}
    watched = {symbol for symbol in alive if _asset_of(symbol) in wanted.assets}
    ranked = sorted(alive, key=lambda symbol: (symbol not in watched, -volume.get(symbol, 0.0), symbol))
    return ranked[: max(wanted.top, len(watched))]


def _asset_of(symbol: str) -> str:
    try:
        return identify(_base_quote(symbol, None)[0]).asset
    except BadRow:
        return ""


def _base_quote(symbol: str, listed: SymbolRow | None) -> tuple[str, str, str]:
    """Base, quote and margin currency; from the symbol's end only while the catalogue has not come."""
    if listed is not None:
        return listed.baseAsset, listed.quoteAsset, listed.marginAsset
    name = symbol.partition("_")[0]
    for quote in QUOTES:
        if name.endswith(quote) and len(name) > len(quote):
            return name.removesuffix(quote), quote, quote
    raise BadRow("unknown_quote_currency")


def interval_hours(stated: float | None, interest: float | None, next_ms: int) -> tuple[float, bool]:
    """Payment interval in hours and whether it was inferred. NaN when the clues contradict each other.

    `fundingInfo` states it; silence there means 8 h. The row's own interest rate is scaled to the interval and
    its next time lies on the interval's grid: when these contradict, the clues that agree win.
    """
    hinted = round(interest / INTEREST_8H * 8, 6) if interest else NAN
    if hinted not in (1.0, 2.0, 4.0, 8.0):
        hinted = NAN
    hint_fits = next_ms % (hinted * HOUR_MS) == 0
    if stated is not None:
        stated_fits = next_ms % (interval_from(stated) * HOUR_MS) == 0
        if stated_fits and (math.isnan(hinted) or hinted == stated):
            return stated, False
        return (hinted, True) if hint_fits else (NAN, True)
    if not math.isnan(hinted):
        return (hinted, True) if hint_fits else (NAN, True)
    return (DEFAULT_INTERVAL_H, True) if next_ms % (DEFAULT_INTERVAL_H * HOUR_MS) == 0 else (NAN, True)


def _status(symbol: str, listed: SymbolRow | None, *, funded: bool) -> Status:
    if "_" in symbol or (listed is not None and "QUARTER" in listed.contractType):
        return Status.DATED
    if listed is None:
        return Status.TRADING if funded else Status.SUSPENDED
    if listed.status == "PENDING_TRADING" or listed.contractType == "":
        return Status.PRELAUNCH
    if listed.status == "CLOSE":
        return Status.DELISTED
    return Status.TRADING if listed.status == "TRADING" and funded else Status.SUSPENDED


def _asset_class(base: str, listed: SymbolRow | None) -> AssetClass:
    if listed is None:
        return AssetClass.CRYPTO
    if listed.underlyingType == "INDEX":
        return AssetClass.INDEX
    return other_class(base) if listed.contractType == "TRADIFI_PERPETUAL" else AssetClass.CRYPTO


@lru_cache(maxsize=4096)
def _contract(
    symbol: str, listed: SymbolRow | None, info: FundingInfoRow | None, interest: float | None, next_hour_of_day: int
) -> Instrument:
    """The instrument. `next_hour_of_day` is -1 for rows without a funding time: dated or suspended ones."""
    check_symbol(symbol)
    base, quoted, margin = _base_quote(symbol, listed)
    funded = next_hour_of_day >= 0
    status = _status(symbol, listed, funded=funded)
    identity = identify(base, _asset_class(base, listed))
    interval_h, inferred = NAN, False
    if status is not Status.DATED and funded:
        stated = info.fundingIntervalHours if info is not None else None
        interval_h, inferred = interval_hours(stated, interest, next_hour_of_day * HOUR_MS)
    delisting = listed is not None and 0 < listed.deliveryDate < NEVER_MS
    notes = ((Note.INTERVAL_INFERRED,) if inferred and not math.isnan(interval_h) else ()) + (
        (Note.DELISTING_ANNOUNCED,) if delisting and status is not Status.DATED else ()
    )
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=margin,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(info.adjustedFundingRateCap) if info else NAN,
        floor=number(info.adjustedFundingRateFloor) if info else NAN,
        expiry_ms=listed.deliveryDate if listed is not None and delisting else None,
        notes=notes,
        rule=NO_INTEREST_RULE if symbol in NO_INTEREST_SYMBOLS else RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `premiumIndex`, completed from the slower endpoints, and per listed contract not trading."""
    need(parts, "premiumIndex")
    premium: Rows[PremiumRow] = parts["premiumIndex"]
    infos: Mapping[str, FundingInfoRow] = parts.get("fundingInfo", {})
    tickers: Mapping[str, TickerRow] = parts.get("24hr", {})
    symbols: Mapping[str, SymbolRow] = parts.get("exchangeInfo", {})
    open_interest: Mapping[str, float] = parts.get("openInterest", {})

    def quote(row: PremiumRow) -> Quote:
        symbol, next_ms = row.symbol, row.nextFundingTime
        # Only the hour of the day matters for the interval, so the contract stays the same from day to day.
        hour = next_ms // HOUR_MS % 24 if next_ms and next_ms % HOUR_MS == 0 else 1 if next_ms else -1
        contract = _contract(symbol, symbols.get(symbol), infos.get(symbol), row.interestRate, hour)
        rate = check_rate(number(row.lastFundingRate)) if next_ms else NAN
        ticker = tickers.get(symbol)
        mark = positive(row.markPrice)
        oi_base = open_interest.get(symbol, NAN)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(next_ms, row.time or observed_ms),
            mark,
            positive(row.indexPrice),
            positive(ticker.lastPrice) if ticker else NAN,
            NAN,
            oi_base,
            in_usd(oi_base * mark, contract.quote),
            in_usd(amount(ticker.quoteVolume), contract.quote) if ticker else NAN,
            reasons=rate_reasons(contract, rate),
        )

    known = {row.symbol for row in premium.good}
    idle = [
        PremiumRow(symbol=symbol)
        for symbol, listed in symbols.items()
        if symbol not in known and _status(symbol, listed, funded=True) is not Status.TRADING
    ]
    return batch(NAME, observed_ms, chain(premium.good, idle), quote, rejected=premium.rejected)


_judge_envelope = judge_by(_refuse_error)


def judge(status: int, body: bytes) -> BadAnswer | None:
    """451 is a restricted location, its JSON body says so with code 0; 403 is the firewall."""
    if status == 451:
        return BadAnswer(Fault.GEO_BLOCKED, "451: not served at this location")
    return _judge_envelope(status, body)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path="/fapi/v1/fundingRate",
        params=(
            ("symbol", symbol),
            ("startTime", str(start_ms)),
            ("endTime", str(end_ms)),
            ("limit", str(HISTORY_LIMIT)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    if body.strip() == b"null":
        return ()
    _refuse_error(body)

    def settlement(row: HistoryRow) -> Settlement | None:
        if row.symbol != symbol:
            return None
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.fundingTime),
            rate=check_rate(row.fundingRate),
            price=positive(row.markPrice),
        )

    return settlements(_history_rows(body, empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    window_start_ms = int(dict(request.params)["startTime"])
    newer_ms = newer_window(rows, window_start_ms, end_ms) if len(rows) >= HISTORY_LIMIT else None
    return None if newer_ms is None else _history_first(symbol, newer_ms, end_ms)


VENUE = Venue(
    name=NAME,
    title="Binance USD-M",
    base_url="https://fapi.binance.com",
    endpoints=(
        Endpoint(
            name="premiumIndex",
            path="/fapi/v1/premiumIndex",
            decode=decode_premium,
            weight=10,
            every_s=10,
            required=True,
        ),
        Endpoint(name="fundingInfo", path="/fapi/v1/fundingInfo", decode=decode_funding_info, weight=1, every_s=300),
        Endpoint(name="24hr", path="/fapi/v1/ticker/24hr", decode=decode_tickers, weight=40, every_s=120),
        Endpoint(name="exchangeInfo", path="/fapi/v1/exchangeInfo", decode=decode_exchange_info, every_s=3600),
        Endpoint(
            name="openInterest",
            path="/fapi/v1/openInterest",
            decode=decode_open_interest,
            params=(("symbol", "{key}"),),
            every_s=60,
            keys=most_traded,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0005),
    budget=Budget(capacity=2400, window_s=60, used_header="X-MBX-USED-WEIGHT-1M"),
    judge=judge,
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet binance",
)
