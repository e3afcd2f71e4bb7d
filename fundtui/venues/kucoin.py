"""KuCoin Futures. Wire facts: venue sheet kucoin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from fundtui.market import (
    NAN,
    Averaging,
    Batch,
    Family,
    Fees,
    FundingRule,
    Instrument,
    Kind,
    Quote,
    Settlement,
    Status,
)
from fundtui.units import HOUR_MS
from fundtui.venues import _premiums
from fundtui.venues._identity import identify, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    NULL,
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
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
    Wanted,
)

NAME = "kucoin"
DAILY_INTEREST = 0.0003
PREMIUM_LIMIT = 100

RULE = FundingRule(
    family=Family.PER_INTERVAL,
    interest_8h=DAILY_INTEREST / 3,
    damper=0.0005,
    averaging=Averaging.UNIFORM,
    source="methodology §2.2, venue sheet kucoin",
)


class ContractRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `contracts/active`. `nextFundingRateTime` is a countdown and is not read."""

    symbol: str
    baseCurrency: str
    quoteCurrency: str
    settleCurrency: str
    type: str = "FFWCSX"
    isInverse: bool = False
    multiplier: float | None = None
    status: str = "Open"
    marketStage: str | None = None
    expireDate: int | None = None
    fundingFeeRate: float | None = None
    lastTimeFundingRate: float | None = None
    fundingRateGranularity: float | None = None
    currentFundingRateGranularity: float | None = None
    nextFundingRateDateTime: int | None = None
    fundingRateCap: float | None = None
    fundingRateFloor: float | None = None
    dailyInterestRate: float | None = None
    openInterest: float | None = None
    volumeOf24h: float | None = None
    turnoverOf24h: float | None = None
    markPrice: float | None = None
    indexPrice: float | None = None
    lastTradePrice: float | None = None


class CurrentRow(msgspec.Struct, frozen=True, gc=False):
    """Answer of `funding-rate/{symbol}/current`; its `symbol` is the rate's, not the contract's."""

    granularity: float | None = None
    value: float | None = None
    timePoint: int | None = None
    fundingTime: int | None = None


class PremiumRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `premium/query`."""

    symbol: str
    timePoint: int
    value: float | None = None


class PremiumPage(msgspec.Struct, frozen=True):
    dataList: msgspec.Raw = NULL


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    fundingRate: float
    timepoint: int


class Envelope(msgspec.Struct, frozen=True):
    code: str
    msg: str | None = None
    data: msgspec.Raw = NULL


FAULTS = {
    "429000": Fault.RATE_LIMITED,
    "200002": Fault.RATE_LIMITED,
    "400302": Fault.GEO_BLOCKED,
    "500000": Fault.MAINTENANCE,
}

_envelope = Decoder(Envelope)
_contract_rows = RowsDecoder(ContractRow)
_current = Decoder(CurrentRow)
_history_rows = RowsDecoder(HistoryRow)
_premium_rows = RowsDecoder(PremiumRow)
_premium_page = Decoder(PremiumPage)


def _data(body: bytes) -> msgspec.Raw:
    envelope = _envelope(body)
    if envelope.code != "200000":
        raise venue_error(envelope.code, envelope.msg, FAULTS)
    return envelope.data


def decode_contracts(body: bytes) -> Rows[ContractRow]:
    return _contract_rows(_data(body))


def decode_current(body: bytes) -> CurrentRow:
    return _current(_data(body))


def without_interval(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Perpetuals whose row tells no funding interval: these are asked one by one, the watched assets first."""
    rows: Rows[ContractRow] = parts.get("active", Rows(()))
    silent = [
        row for row in rows.good if row.type == "FFWCSX" and row.status == "Open" and _granularity_ms(row) is None
    ]
    silent.sort(key=lambda row: (row.baseCurrency not in wanted.assets, -number(row.turnoverOf24h or 0.0), row.symbol))
    return [row.symbol for row in silent[: wanted.top]]


def _granularity_ms(row: ContractRow) -> float | None:
    return row.currentFundingRateGranularity or row.fundingRateGranularity


def _status(row: ContractRow) -> Status:
    if row.type != "FFWCSX" or row.expireDate:
        return Status.DATED
    if row.status in ("Settled", "Closed"):
        return Status.DELISTED
    if row.status == "Init" or row.marketStage not in (None, "", "NORMAL"):
        return Status.PRELAUNCH
    return Status.TRADING if row.status == "Open" else Status.SUSPENDED


@lru_cache(maxsize=64)
def _rule(daily_interest: float | None) -> FundingRule:
    if daily_interest in (None, DAILY_INTEREST):
        return RULE
    return msgspec.structs.replace(RULE, interest_8h=number(daily_interest) / 3)


@newest
def _contract(
    symbol: str,
    base: str,
    quoted: str,
    settle: str,
    inverse: bool,
    status: Status,
    expiry_ms: int | None,
    granularity_ms: float | None,
    cap: float | None,
    floor: float | None,
    daily_interest: float | None,
) -> Instrument:
    check_symbol(symbol)
    identity = identify(base, unmarked_class(base))
    interval_h = NAN if status is Status.DATED else interval_from(number(granularity_ms) / HOUR_MS)
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle="BTC" if settle == "XBT" else settle,
        kind=Kind.INVERSE if inverse else Kind.LINEAR,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(cap),
        floor=number(floor),
        expiry_ms=expiry_ms,
        rule=_rule(daily_interest),
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `contracts/active`."""
    need(parts, "active")
    active: Rows[ContractRow] = parts["active"]
    current: Mapping[str, CurrentRow] = parts.get("current", {})

    def quote(row: ContractRow) -> Quote:
        granularity_ms = _granularity_ms(row)
        if granularity_ms is None and row.symbol in current:
            granularity_ms = current[row.symbol].granularity
        contract = _contract(
            row.symbol,
            row.baseCurrency,
            row.quoteCurrency,
            row.settleCurrency,
            row.isInverse,
            _status(row),
            row.expireDate,
            granularity_ms,
            row.fundingRateCap,
            row.fundingRateFloor,
            row.dailyInterestRate,
        )
        rate = check_rate(number(row.fundingFeeRate))
        mark, lots = positive(row.markPrice), amount(row.openInterest)
        # Inverse: a lot is one dollar and the multiplier is negative. `volumeOf24h` then counts dollars.
        oi_base = lots / mark if row.isInverse else lots * positive(row.multiplier)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(row.nextFundingRateDateTime, observed_ms),
            mark,
            positive(row.indexPrice),
            positive(row.lastTradePrice),
            NAN,
            oi_base,
            lots if row.isInverse else oi_base * mark,
            amount(row.volumeOf24h if row.isInverse else row.turnoverOf24h),
            number(row.lastTimeFundingRate),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, active.good, quote, rejected=active.rejected)


def _history_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path="/api/v1/contract/funding-rates",
        params=(("symbol", symbol), ("from", str(start_ms)), ("to", str(end_ms))),
        weight=5,
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: HistoryRow) -> Settlement | None:
        if row.symbol != symbol:
            return None
        return Settlement(
            venue=NAME, symbol=symbol, time_ms=settlement_ms(row.timepoint), rate=check_rate(row.fundingRate)
        )

    return settlements(_history_rows(_data(body), empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    # About a hundred rows come per call, whatever the window: only an answer without older rows ends the paging.
    older_ms = older_window(rows, start_ms, int(dict(request.params)["to"]))
    return None if older_ms is None else _history_window(symbol, start_ms, older_ms)


def _premium_name(symbol: str) -> str:
    """The minute's premium index of a contract: `.XBTUSDTMPI` of `XBTUSDTM` (`premiumsSymbol1M` of the catalogue)."""
    return f".{symbol}PI"


def _premiums_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path="/api/v1/premium/query",
        params=(
            ("symbol", _premium_name(symbol)),
            ("startAt", str(start_ms)),
            ("endAt", str(end_ms)),
            ("maxCount", str(PREMIUM_LIMIT)),
        ),
        weight=3,
    )


def _read_premiums(body: bytes, symbol: str) -> tuple[PremiumSample, ...]:
    """Samples, one a minute: each is of its own instant, not of a candle."""
    page = _premium_page(_data(body))
    rows = _premium_rows(page.dataList, empty_ok=True).good
    return _premiums.samples((row.timePoint, row.value) for row in rows if row.symbol == _premium_name(symbol))


VENUE = Venue(
    name=NAME,
    title="KuCoin Futures",
    base_url="https://api-futures.kucoin.com",
    endpoints=(
        Endpoint(
            name="active",
            path="/api/v1/contracts/active",
            decode=decode_contracts,
            weight=3,
            every_s=10,
            required=True,
        ),
        Endpoint(
            name="current",
            path="/api/v1/funding-rate/{key}/current",
            decode=decode_current,
            weight=2,
            every_s=300,
            keys=without_interval,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0006),
    budget=Budget(capacity=2000, window_s=30, remaining_header="gw-ratelimit-remaining"),
    judge=judge_by(_data),
    history=History(first=_history_window, read=_history_read, next=_history_next),
    premium_history=_premiums.in_chunks(_premiums_window, _read_premiums, PREMIUM_LIMIT),
    source="venue sheet kucoin",
)
