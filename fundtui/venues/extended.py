"""Extended (x10 on Starknet) perpetuals: one answer holds everything. Wire facts: venue sheet extended.

`nextFundingRate` is a time, not a rate; rates come rounded to six decimals, four percent off when idle.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote as url_quote

import msgspec

from fundtui.market import (
    AssetClass,
    Averaging,
    Batch,
    Family,
    Fees,
    FundingRule,
    Instrument,
    Quote,
    Settlement,
    Status,
)
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify, other_class
from fundtui.venues._newest import newest
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
    older_window,
    positive,
    rate_reasons,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "extended"
HISTORY_LIMIT = 1000
FIVE_DAYS = "_24_5"
"""Ends the names of shares that trade around the clock on five days."""

RULE = FundingRule(
    family=Family.NORMALISED,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.UNIFORM,
    source="venue sheet extended",
)
STATUSES = {
    "ACTIVE": Status.TRADING,
    "REDUCE_ONLY": Status.SUSPENDED,
    "DISABLED": Status.SUSPENDED,
    "DELISTED": Status.DELISTED,
    "PRELISTED": Status.PRELAUNCH,
}
CLASSES = {
    "Equity": AssetClass.EQUITY,
    "ETF/Index": AssetClass.INDEX,
    "FX": AssetClass.FX,
    "Commodity": AssetClass.COMMODITY,
}
FAULTS = {"429": Fault.RATE_LIMITED, "503": Fault.MAINTENANCE}


class Stats(msgspec.Struct, frozen=True, gc=False):
    """`marketStats`. The open interest is in USD here, in base units as `openInterestBase`."""

    fundingRate: float | None = None
    nextFundingRate: int | None = None
    markPrice: float | None = None
    indexPrice: float | None = None
    lastPrice: float | None = None
    bidPrice: float | None = None
    askPrice: float | None = None
    openInterest: float | None = None
    openInterestBase: float | None = None
    dailyVolume: float | None = None


class Trading(msgspec.Struct, frozen=True, gc=False):
    """`tradingConfig`. The cap is in percent, the limit in USD with zero for none."""

    hourlyFundingRateCap: float | None = None
    openInterestLimit: float | None = None


class MarketRow(msgspec.Struct, frozen=True, gc=False):
    name: str
    status: str
    assetName: str
    marketStats: Stats
    tradingConfig: Trading = Trading()
    type: str = "PERPETUAL"
    collateralAssetName: str = "USD"
    category: str = ""
    subCategory: str = ""


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """`m` market, `f` rate, `T` time."""

    m: str
    f: float
    T: int


class ErrorItem(msgspec.Struct, frozen=True):
    code: int | str = ""
    message: str = ""


class Envelope(msgspec.Struct, frozen=True):
    status: str
    data: msgspec.Raw = NULL
    error: ErrorItem | None = None


_envelope = Decoder(Envelope)
_market_rows = RowsDecoder(MarketRow)
_history_rows = RowsDecoder(HistoryRow)


def _data(body: bytes) -> msgspec.Raw:
    """The rows of an answer. Raises BadAnswer for `{"status": "ERROR", "error": {...}}`."""
    envelope = _envelope(body)
    if envelope.status != "OK":
        error = envelope.error or ErrorItem()
        raise venue_error(error.code, error.message, FAULTS)
    return envelope.data


def decode_markets(body: bytes) -> Rows[MarketRow]:
    return _market_rows(_data(body))


@newest
def _contract(
    name: str, status: str, asset: str, collateral: str, category: str, sub_category: str, cap: float
) -> Instrument:
    check_symbol(name)
    if status not in STATUSES:
        raise BadRow("unknown_status")
    base = asset.removesuffix(FIVE_DAYS)
    traditional = category == "RWA"
    identity = identify(base, CLASSES.get(sub_category, other_class(base)) if traditional else AssetClass.CRYPTO)
    return Instrument(
        venue=NAME,
        symbol=name,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=collateral,
        settle="USDC",
        multiplier=identity.multiplier,
        status=STATUSES[status],
        rate_period_h=1.0,
        interval_h=1.0,
        cap=cap,
        floor=-cap,
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per perpetual; spot rows are none of ours."""
    markets: Rows[MarketRow] = parts["markets"]

    def quote(row: MarketRow) -> Quote | None:
        if row.type != "PERPETUAL":
            check_symbol(row.name)
            return None
        stats, trading = row.marketStats, row.tradingConfig
        cap = positive(trading.hourlyFundingRateCap) / 100
        contract = _contract(
            row.name, row.status, row.assetName, row.collateralAssetName, row.category, row.subCategory, cap
        )
        rate = check_rate(number(stats.fundingRate))
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(stats.nextFundingRate, observed_ms),
            positive(stats.markPrice),
            positive(stats.indexPrice),
            positive(stats.lastPrice),
            oi_base=amount(stats.openInterestBase),
            oi_usd=amount(stats.openInterest),
            volume_usd=amount(stats.dailyVolume),
            oi_cap_usd=positive(trading.openInterestLimit),
            bid=positive(stats.bidPrice),
            ask=positive(stats.askPrice),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, markets.good, quote, rejected=markets.rejected)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path=f"/api/v1/info/{url_quote(symbol, safe='')}/funding",
        params=(("startTime", str(start_ms)), ("endTime", str(end_ms)), ("limit", str(HISTORY_LIMIT))),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    """Times come about a second after the hour."""
    return tuple(
        Settlement(venue=NAME, symbol=symbol, time_ms=row.T // HOUR_MS * HOUR_MS, rate=row.f, interval_h=1.0)
        for row in _history_rows(_data(body), empty_ok=True).good
        if row.m == symbol
    )


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """Newest first."""
    until_ms = int(dict(request.params)["endTime"])
    before_ms = older_window(rows, start_ms, until_ms) if len(rows) >= HISTORY_LIMIT else None
    return _history_first(symbol, start_ms, before_ms) if before_ms is not None else None


VENUE = Venue(
    name=NAME,
    title="Extended",
    base_url="https://api.starknet.extended.exchange",
    endpoints=(
        Endpoint(
            name="markets",
            path="/api/v1/info/markets",
            decode=decode_markets,
            every_s=20,
            required=True,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0, taker=0.00025),
    budget=Budget(capacity=1000, window_s=60),
    judge=judge_by(_data),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet extended",
)
