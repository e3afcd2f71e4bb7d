"""OKX swaps, linear and inverse (v5). Wire facts: venue sheet okx."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
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
    Note,
    Quote,
    RateKind,
    Settlement,
    Status,
    unknown_rule,
)
from fundtui.text import clean
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify, other_class, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._okx_premiums import premium_history
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
    older_window,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue, Wanted

NAME = "okx"
HISTORY_LIMIT = 100
HISTORY_DEPTH_H = 90 * 24.0
QUOTE_CURRENCIES = ("USDT", "USD", "USDC")

RULE = FundingRule(
    family=Family.PER_INTERVAL,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.LINEAR,
    source="methodology §2.2 (from April 2025), venue sheet okx",
)
NO_INTEREST_RULE = FundingRule(
    family=Family.NO_INTEREST, averaging=Averaging.UNIFORM, source="methodology §2.2 (formulaType noRate)"
)


class FundingRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `funding-rate`."""

    instId: str
    instType: str = "SWAP"
    fundingRate: float | None = None
    fundingTime: int | None = None
    nextFundingTime: int | None = None
    prevFundingTime: int | None = None
    minFundingRate: float | None = None
    maxFundingRate: float | None = None
    interestRate: float | None = None
    premium: float | None = None
    formulaType: str | None = None
    method: str | None = None
    settState: str | None = None
    settFundingRate: float | None = None


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `tickers`."""

    instId: str
    last: float | None = None
    volCcy24h: float | None = None
    askPx: float | None = None
    bidPx: float | None = None


class MarkRow(msgspec.Struct, frozen=True, gc=False):
    instId: str
    markPx: float | None = None


class OpenInterestRow(msgspec.Struct, frozen=True, gc=False):
    instId: str
    oiCcy: float | None = None
    oiUsd: float | None = None


class IndexRow(msgspec.Struct, frozen=True, gc=False):
    instId: str
    idxPx: float | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `instruments`."""

    instId: str
    instType: str = "SWAP"
    uly: str | None = None
    instFamily: str | None = None
    ctType: str | None = None
    settleCcy: str | None = None
    state: str | None = None
    ruleType: str | None = None
    expTime: int | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    instId: str
    fundingTime: int
    realizedRate: float


class Envelope(msgspec.Struct, frozen=True):
    code: str
    msg: str | None = None
    data: msgspec.Raw = NULL


FAULTS = {
    "50011": Fault.RATE_LIMITED,
    "50061": Fault.RATE_LIMITED,
    "50001": Fault.MAINTENANCE,
    "50013": Fault.MAINTENANCE,
}

_envelope = Decoder(Envelope)
_funding_rows = RowsDecoder(FundingRow)
_ticker_rows = RowsDecoder(TickerRow)
_mark_rows = RowsDecoder(MarkRow)
_interest_rows = RowsDecoder(OpenInterestRow)
_index_rows = RowsDecoder(IndexRow)
_listed_rows = RowsDecoder(ListedRow)
_history_rows = RowsDecoder(HistoryRow)
_DATE = re.compile(r"\d{6}")


def _data(body: bytes) -> msgspec.Raw:
    envelope = _envelope(blank_as_null(body))
    if envelope.code != "0":
        raise venue_error(envelope.code, envelope.msg, FAULTS)
    return envelope.data


def decode_funding(body: bytes) -> Rows[FundingRow]:
    return _funding_rows(_data(body))


def decode_tickers(body: bytes) -> dict[str, TickerRow]:
    return by_key(_ticker_rows(_data(body)).good, lambda row: row.instId)


def decode_marks(body: bytes) -> dict[str, MarkRow]:
    return by_key(_mark_rows(_data(body)).good, lambda row: row.instId)


def decode_open_interest(body: bytes) -> dict[str, OpenInterestRow]:
    return by_key(_interest_rows(_data(body)).good, lambda row: row.instId)


def decode_index(body: bytes) -> dict[str, float]:
    """Index prices by pair, such as `BTC-USDT`: keyed without `-SWAP`."""
    return {row.instId: positive(row.idxPx) for row in _index_rows(_data(body)).good}


def decode_instruments(body: bytes) -> dict[str, ListedRow]:
    return by_key(_listed_rows(_data(body)).good, lambda row: row.instId)


def watched_swaps(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Swaps to ask for one by one while the call for all of them is refused: the watched assets' only."""
    listed: Mapping[str, ListedRow] = parts.get("instruments", {})
    found = [name for name in listed if name.endswith("-SWAP") and name.partition("-")[0] in wanted.assets]
    return sorted(found)[: wanted.top]


def interval_hours(row: FundingRow) -> float:
    """The payment interval: the distance of two funding times of the same row, never kept apart from its rate."""
    if row.fundingTime and row.nextFundingTime:
        return interval_from((row.nextFundingTime - row.fundingTime) / HOUR_MS)
    if row.fundingTime and row.prevFundingTime:
        return interval_from((row.fundingTime - row.prevFundingTime) / HOUR_MS)
    return NAN


@lru_cache(maxsize=256)
def _rule(formula: str | None, interest: float | None) -> FundingRule:
    if formula == "noRate":
        return NO_INTEREST_RULE
    if formula not in (None, "withRate"):
        return unknown_rule(f"formulaType {clean(formula, 20)}: neither withRate nor noRate")
    return RULE if interest is None else msgspec.structs.replace(RULE, interest_8h=interest)


def _pair(instrument: str, listed: ListedRow | None) -> str:
    """The index's name, base-quote: `BTC-USDT` of `BTC-USDT-SWAP`, `ETH-USD` of `ETH-USD_UM_XPERP-310404`."""
    if listed is not None and (listed.instFamily or listed.uly):
        return (listed.instFamily or listed.uly or "").partition("_")[0]
    base, dash, rest = instrument.partition("-")
    if not dash:
        raise BadRow("unknown_quote_currency")
    return f"{base}-{rest.partition('-')[0].partition('_')[0]}"


def _expiry_ms(instrument: str, listed: ListedRow | None) -> int | None:
    if listed is not None and listed.expTime:
        return listed.expTime
    day = instrument.rpartition("-")[2]
    if _DATE.fullmatch(day) is None:
        return None
    try:
        moment = datetime(2000 + int(day[:2]), int(day[2:4]), int(day[4:]), 8, tzinfo=UTC)
    except ValueError as error:
        raise BadRow("not_a_time") from error
    return round(moment.timestamp() * 1000)


def _status(instrument: str, kind: str, listed: ListedRow | None) -> Status:
    if kind != "SWAP" or not instrument.endswith("-SWAP"):
        return Status.DATED
    if listed is None or listed.state is None:
        return Status.TRADING
    if listed.state == "preopen" or listed.ruleType == "pre_market":
        return Status.PRELAUNCH
    return Status.TRADING if listed.state == "live" else Status.SUSPENDED


@newest
def _contract(
    instrument: str,
    kind: str,
    listed: ListedRow | None,
    interval_h: float | None,
    cap: float | None,
    floor: float | None,
    rule: FundingRule,
    rate_kind: RateKind,
) -> Instrument:
    check_symbol(instrument)
    base, _, quoted = _pair(instrument, listed).partition("-")
    inverse = listed.ctType == "inverse" if listed is not None else quoted == "USD" and kind == "SWAP"
    # OKX's swaps on shares and commodities are those whose formula has an interest of exactly zero.
    traditional = rule.family is Family.PER_INTERVAL and rule.interest_8h == 0
    identity = identify(base, other_class(base) if traditional else unmarked_class(base))
    status = _status(instrument, kind, listed)
    expiry_ms = _expiry_ms(instrument, listed)
    settle = (listed.settleCcy if listed is not None else None) or (base if inverse else quoted)
    return Instrument(
        venue=NAME,
        symbol=instrument,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=settle,
        kind=Kind.INVERSE if inverse else Kind.LINEAR,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=number(interval_h),
        rate_kind=rate_kind,
        interval_h=number(interval_h),
        cap=number(cap),
        floor=number(floor),
        expiry_ms=expiry_ms,
        notes=(Note.DELISTING_ANNOUNCED,) if expiry_ms and status is not Status.DATED else (),
        rule=rule,
    )


def _rows(parts: Parts) -> Iterator[FundingRow]:
    """All rows of the bulk answer; the single ones where it has none; contracts that are listed but not live."""
    known: set[str] = set()
    bulk: Rows[FundingRow] = parts.get("funding-rate", Rows(()))
    single: Mapping[str, Rows[FundingRow]] = parts.get("funding-rate:watched", {})
    for rows in (bulk, *(() if bulk.good else single.values())):
        known.update(row.instId for row in rows.good)
        yield from rows.good
    listed: Mapping[str, ListedRow] = parts.get("instruments", {})
    for name, row in listed.items():
        if (
            name not in known
            and row.instType in ("SWAP", "FUTURES")
            and _status(name, row.instType, row) not in (Status.TRADING,)
        ):
            yield FundingRow(instId=name, instType=row.instType)


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `funding-rate` (X-Perps among them, as dated), completed from the other endpoints."""
    need(parts, "funding-rate", "funding-rate:watched")
    tickers: Mapping[str, TickerRow] = parts.get("tickers", {})
    marks: Mapping[str, MarkRow] = parts.get("mark-price", {})
    interests: Mapping[str, OpenInterestRow] = parts.get("open-interest", {})
    listed: Mapping[str, ListedRow] = parts.get("instruments", {})
    indices = {
        pair: price for quote in QUOTE_CURRENCIES for pair, price in parts.get(f"index-tickers:{quote}", {}).items()
    }

    def quote(row: FundingRow) -> Quote:
        name = row.instId
        interval_h = interval_hours(row)
        contract = _contract(
            name,
            row.instType,
            listed.get(name),
            interval_h if interval_h == interval_h else None,
            row.maxFundingRate,
            row.minFundingRate,
            _rule(row.formulaType, row.interestRate),
            RateKind.LOCKED if row.method == "next_period" else RateKind.PREDICTED,
        )
        rate = check_rate(number(row.fundingRate))
        ticker, interest = tickers.get(name), interests.get(name)
        mark = positive(marks[name].markPx) if name in marks else NAN
        last = positive(ticker.last) if ticker is not None else NAN
        oi_base = amount(interest.oiCcy) if interest is not None else NAN
        oi_usd = amount(interest.oiUsd) if interest is not None else NAN
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(row.fundingTime, observed_ms),
            mark,
            indices.get(_pair(name, listed.get(name)), NAN),
            last,
            number(row.premium),
            oi_base,
            oi_base * mark if oi_usd != oi_usd else oi_usd,
            amount(ticker.volCcy24h) * last if ticker is not None else NAN,
            number(row.settFundingRate) if row.settState == "settled" else NAN,
            NAN,
            positive(ticker.bidPx) if ticker is not None else NAN,
            positive(ticker.askPx) if ticker is not None else NAN,
            rate_reasons(contract, rate),
        )

    bulk: Rows[FundingRow] = parts.get("funding-rate", Rows(()))
    return batch(NAME, observed_ms, _rows(parts), quote, rejected=bulk.rejected)


def _history_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    # Both bounds are exclusive, and named from the venue's side: `before` is the older one.
    return HistoryRequest(
        path="/api/v5/public/funding-rate-history",
        params=(
            ("instId", symbol),
            ("before", str(start_ms - 1)),
            ("after", str(end_ms + 1)),
            ("limit", str(HISTORY_LIMIT)),
        ),
        weight=2,
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: HistoryRow) -> Settlement | None:
        if row.instId != symbol:
            return None
        return Settlement(
            venue=NAME, symbol=symbol, time_ms=settlement_ms(row.fundingTime), rate=check_rate(row.realizedRate)
        )

    return settlements(_history_rows(_data(body), empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    window_end_ms = int(dict(request.params)["after"]) - 1
    older_ms = older_window(rows, start_ms, window_end_ms) if len(rows) >= HISTORY_LIMIT else None
    return None if older_ms is None else _history_window(symbol, start_ms, older_ms)


VENUE = Venue(
    name=NAME,
    title="OKX",
    base_url="https://www.okx.com",
    endpoints=(
        Endpoint(
            name="funding-rate",
            path="/api/v5/public/funding-rate",
            params=(("instId", "ANY"),),
            decode=decode_funding,
            weight=2,
            every_s=10,
            required=True,
        ),
        Endpoint(
            name="funding-rate:watched",
            path="/api/v5/public/funding-rate",
            params=(("instId", "{key}"),),
            decode=decode_funding,
            weight=2,
            every_s=30,
            keys=watched_swaps,
            stands_in_for="funding-rate",
        ),
        Endpoint(
            name="tickers",
            path="/api/v5/market/tickers",
            params=(("instType", "SWAP"),),
            decode=decode_tickers,
            every_s=15,
        ),
        Endpoint(
            name="mark-price",
            path="/api/v5/public/mark-price",
            params=(("instType", "SWAP"),),
            decode=decode_marks,
            weight=2,
            every_s=10,
            perishable=True,
        ),
        Endpoint(
            name="open-interest",
            path="/api/v5/public/open-interest",
            params=(("instType", "SWAP"),),
            decode=decode_open_interest,
            every_s=30,
        ),
        *(
            Endpoint(
                name=f"index-tickers:{currency}",
                path="/api/v5/market/index-tickers",
                params=(("quoteCcy", currency),),
                decode=decode_index,
                every_s=15,
                perishable=True,
            )
            for currency in QUOTE_CURRENCIES
        ),
        Endpoint(
            name="instruments",
            path="/api/v5/public/instruments",
            params=(("instType", "SWAP"),),
            decode=decode_instruments,
            every_s=3600,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0005),
    budget=Budget(capacity=20, window_s=2),
    judge=judge_by(_data),
    history=History(first=_history_window, read=_history_read, next=_history_next, depth_h=HISTORY_DEPTH_H),
    premium_history=premium_history(_data),
    source="venue sheet okx",
)
