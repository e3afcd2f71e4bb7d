"""The wire format of Binance's futures, which its USD-M and COIN-M sides and Aster share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from fundtui.market import NAN, Settlement, Status
from fundtui.units import HOUR_MS
from fundtui.venues import _premiums
from fundtui.venues._wire import (
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    blank_as_null,
    by_key,
    check_rate,
    interval_from,
    is_geo_block,
    judge_by,
    newer_window,
    positive,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import BadAnswer, Fault, History, HistoryRequest, PremiumHistory, PremiumSample

NEVER_MS = 4_133_404_800_000
"""The delivery date of a contract that is never delivered."""

DEFAULT_INTERVAL_H = 8.0
INTEREST_8H = 0.0001
HISTORY_LIMIT = 1000
CANDLE_LIMIT = 1500
CANDLE_WEIGHTS = ((100, 1), (500, 2), (1001, 5))
"""Weights of candles by the limit asked for: the first whose bound it is below, else ten (public API documentation)."""


class PremiumRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `premiumIndex`."""

    symbol: str
    markPrice: float | None = None
    indexPrice: float | None = None
    lastFundingRate: float | None = None
    interestRate: float | None = None
    nextFundingTime: int | None = None
    time: int = 0


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `ticker/24hr`; COIN-M has `baseVolume` and no `quoteVolume`."""

    symbol: str
    lastPrice: float | None = None
    quoteVolume: float | None = None
    baseVolume: float | None = None
    weightedAvgPrice: float | None = None


class SymbolRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `exchangeInfo.symbols`; COIN-M says `contractStatus` for `status`."""

    symbol: str
    baseAsset: str
    quoteAsset: str
    marginAsset: str
    contractType: str = ""
    status: str = ""
    contractStatus: str = ""
    contractSize: float | None = None
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
    markPrice: float | None = None


class CandleRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Row of `premiumIndexKlines`: when it opens, then open, high, low and close; what follows is of no use."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float


class ErrorBody(msgspec.Struct, frozen=True):
    code: int
    msg: str = ""


FAULTS = {"-1003": Fault.RATE_LIMITED, "-1015": Fault.RATE_LIMITED, "-1008": Fault.MAINTENANCE}

_premium_rows = RowsDecoder(PremiumRow)
_ticker_rows = RowsDecoder(TickerRow)
_symbol_rows = RowsDecoder(SymbolRow)
_history_rows = RowsDecoder(HistoryRow)
_candle_rows = RowsDecoder(CandleRow)
_exchange_info = Decoder(ExchangeInfo)
_open_interest = Decoder(OpenInterest)
_error = msgspec.json.Decoder(ErrorBody)


def refuse_error(body: bytes) -> None:
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


_judge_envelope = judge_by(refuse_error)


def judge(status: int, body: bytes) -> BadAnswer | None:
    """451 is a restricted location, its JSON body says so with code 0; 403 is the firewall."""
    if status == 451:
        return BadAnswer(Fault.GEO_BLOCKED, "451: not served at this location")
    return _judge_envelope(status, body)


def decode_premium(body: bytes) -> Rows[PremiumRow]:
    refuse_error(body)
    return _premium_rows(body)


def decode_premium_with_blanks(body: bytes) -> Rows[PremiumRow]:
    """COIN-M writes the missing rates of dated contracts as `""`; looking for these costs a tenth of the decoding."""
    return decode_premium(blank_as_null(body))


def decode_tickers(body: bytes) -> dict[str, TickerRow]:
    refuse_error(body)
    return by_key(_ticker_rows(body).good, lambda row: row.symbol)


def decode_exchange_info(body: bytes) -> dict[str, SymbolRow]:
    refuse_error(body)
    return by_key(_symbol_rows(_exchange_info(body).symbols).good, lambda row: row.symbol)


def decode_open_interest(body: bytes) -> float:
    """Open interest in the venue's unit: base coins on USD-M, contracts on COIN-M."""
    refuse_error(body)
    return amount(_open_interest(body).openInterest)


def interval_hours(stated: float | None, interest: float | None, next_ms: int) -> tuple[float, bool]:
    """Payment interval in hours and whether it was inferred. NaN when the clues contradict each other.

    `fundingInfo` states it; silence there means 8 h. The row's own interest rate is scaled to the interval and
    its next time lies on the interval's grid: when these contradict, the clues that agree win (sheet binance).
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


def status_of(symbol: str, listed: SymbolRow | None, *, funded: bool) -> Status:
    """The status of a contract that has, or has not, a next funding time."""
    if ("_" in symbol and not symbol.endswith("_PERP")) or (listed is not None and "QUARTER" in listed.contractType):
        return Status.DATED
    if listed is None:
        return Status.TRADING if funded else Status.SUSPENDED
    said = listed.status or listed.contractStatus
    if said == "PENDING_TRADING" or listed.contractType == "":
        return Status.PRELAUNCH
    if said == "CLOSE":
        return Status.DELISTED
    return Status.TRADING if said == "TRADING" and funded else Status.SUSPENDED


def hour_of_day(next_ms: int | None) -> int:
    """The hour of a funding time, all that the interval needs of it; 1 off the whole hour, -1 where there is none.

    A contract made from the hour alone is the same object from day to day.
    """
    if not next_ms:
        return -1
    return next_ms // HOUR_MS % 24 if next_ms % HOUR_MS == 0 else 1


def history(venue: str, path: str) -> History:
    """Settled rates, oldest first, both bounds inclusive."""

    def first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
        return HistoryRequest(
            path=path,
            params=(
                ("symbol", symbol),
                ("startTime", str(start_ms)),
                ("endTime", str(end_ms)),
                ("limit", str(HISTORY_LIMIT)),
            ),
        )

    def following(
        request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
    ) -> HistoryRequest | None:
        window_start_ms = int(dict(request.params)["startTime"])
        newer_ms = newer_window(rows, window_start_ms, end_ms) if len(rows) >= HISTORY_LIMIT else None
        return None if newer_ms is None else first(symbol, newer_ms, end_ms)

    return History(first=first, read=_history_reader(venue), next=following)


def _history_reader(venue: str) -> Callable[[bytes, str], tuple[Settlement, ...]]:
    def read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
        # A window without settlements has been answered with `null`.
        if body.strip() == b"null":
            return ()
        refuse_error(body)

        def settlement(row: HistoryRow) -> Settlement | None:
            if row.symbol != symbol:
                return None
            return Settlement(
                venue=venue,
                symbol=symbol,
                time_ms=settlement_ms(row.fundingTime),
                rate=check_rate(row.fundingRate),
                price=positive(row.markPrice),
            )

        return settlements(_history_rows(blank_as_null(body), empty_ok=True).good, settlement)

    return read


def premium_history(path: str) -> PremiumHistory:
    """Minute candles of the premium index, oldest first, both bounds inclusive and of the candles' openings."""

    def window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
        limit = min((end_ms - start_ms) // _premiums.MINUTE_MS + 1, CANDLE_LIMIT)
        return HistoryRequest(
            path=path,
            params=(
                ("symbol", symbol),
                ("interval", "1m"),
                ("startTime", str(start_ms - _premiums.MINUTE_MS)),
                ("endTime", str(end_ms - _premiums.MINUTE_MS)),
                ("limit", str(limit)),
            ),
            weight=next((weight for bound, weight in CANDLE_WEIGHTS if limit < bound), 10),
        )

    return _premiums.in_chunks(window, _read_candles, CANDLE_LIMIT)


def _read_candles(body: bytes, symbol: str) -> tuple[PremiumSample, ...]:
    refuse_error(body)
    return _premiums.candles((row.open_ms, row.close) for row in _candle_rows(body, empty_ok=True).good)
