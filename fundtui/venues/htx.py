"""HTX linear swaps. Wire facts: venue sheet htx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    Quote,
    Settlement,
    Status,
)
from fundtui.venues import _premiums
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
from fundtui.venues.spec import (
    Budget,
    Endpoint,
    Fault,
    History,
    HistoryRequest,
    Parts,
    PremiumHistory,
    PremiumSample,
    Venue,
    Wanted,
)

NAME = "htx"
PAGE_SIZE = 50
MOST_CANDLES = 2000
LATE_MS = 15 * 60_000
"""How long a funding time may have passed before its row counts as stale: a suspended contract keeps its last one."""

RULE = FundingRule(
    family=Family.PER_INTERVAL,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.UNIFORM,
    source="methodology §2.2, venue sheet htx",
)
NO_INTEREST_RULE = msgspec.structs.replace(RULE, interest_8h=0.0)
"""Of contracts on shares, commodities, currencies and indexes."""

STATUSES = {
    0: Status.DELISTED,
    1: Status.TRADING,
    2: Status.PRELAUNCH,
    3: Status.SUSPENDED,
    4: Status.PRELAUNCH,
    5: Status.TRADING,
    6: Status.SUSPENDED,
    7: Status.DELISTED,
    8: Status.DELISTED,
}
"""`contract_status`; 5 is the settlement itself, which every contract passes through each few hours."""


class FundingRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `swap_batch_funding_rate`."""

    contract_code: str
    funding_rate: float | None = None
    funding_time: int | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `swap_contract_info`."""

    contract_code: str
    symbol: str
    contract_status: int = 1
    business_type: str | None = "swap"
    settlement_period: float | None = None
    trade_partition: str | None = None
    delivery_time: int | None = None


class ElementsRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `swap_query_elements`."""

    contract_code: str
    funding_rate_cap: float | None = None
    funding_rate_floor: float | None = None
    settle_period: float | None = None


class OpenInterestRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `swap_open_interest`: base, dollars, dollars of 24 hours."""

    contract_code: str
    amount: float | None = None
    value: float | None = None
    trade_turnover: float | None = None


class TickRow(msgspec.Struct, frozen=True, gc=False):
    """Tick of `batch_merged`."""

    contract_code: str
    close: float | None = None


class IndexRow(msgspec.Struct, frozen=True, gc=False):
    contract_code: str
    index_price: float | None = None


class Candle(msgspec.Struct, frozen=True, gc=False):
    close: float | None = None


class PremiumCandle(msgspec.Struct, frozen=True, gc=False):
    """Candle of the premium index: when it starts, in seconds, and its close."""

    id: int
    close: float | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    contract_code: str
    funding_rate: float
    funding_time: int
    avg_premium_index: float | None = None


class HistoryPage(msgspec.Struct, frozen=True):
    data: msgspec.Raw = NULL


class Envelope(msgspec.Struct, frozen=True):
    status: str
    err_code: int | None = None
    err_msg: str | None = None
    data: msgspec.Raw = NULL
    ticks: msgspec.Raw = NULL
    ts: int | None = None


class FundingRates(msgspec.Struct, frozen=True):
    """The rows and the venue's own time, which tells the stale ones."""

    rows: Rows[FundingRow]
    answered_ms: int | None


FAULTS = {"1032": Fault.RATE_LIMITED, "1000": Fault.MAINTENANCE, "1005": Fault.MAINTENANCE}

_envelope = Decoder(Envelope)
_funding_rows = RowsDecoder(FundingRow)
_listed_rows = RowsDecoder(ListedRow)
_element_rows = RowsDecoder(ElementsRow)
_interest_rows = RowsDecoder(OpenInterestRow)
_tick_rows = RowsDecoder(TickRow)
_index_rows = RowsDecoder(IndexRow)
_candles = RowsDecoder(Candle)
_premium_candles = RowsDecoder(PremiumCandle)
_history_page = Decoder(HistoryPage)
_history_rows = RowsDecoder(HistoryRow)


def _open(body: bytes) -> Envelope:
    envelope = _envelope(blank_as_null(body))
    if envelope.status != "ok":
        raise venue_error(envelope.err_code, envelope.err_msg, FAULTS)
    return envelope


def decode_funding(body: bytes) -> FundingRates:
    envelope = _open(body)
    return FundingRates(_funding_rows(envelope.data), envelope.ts)


def decode_contract_info(body: bytes) -> dict[str, ListedRow]:
    return by_key(_listed_rows(_open(body).data).good, lambda row: row.contract_code)


def decode_elements(body: bytes) -> dict[str, ElementsRow]:
    return by_key(_element_rows(_open(body).data).good, lambda row: row.contract_code)


def decode_open_interest(body: bytes) -> dict[str, OpenInterestRow]:
    return by_key(_interest_rows(_open(body).data).good, lambda row: row.contract_code)


def decode_ticks(body: bytes) -> dict[str, TickRow]:
    return by_key(_tick_rows(_open(body).ticks).good, lambda row: row.contract_code)


def decode_index(body: bytes) -> dict[str, IndexRow]:
    return by_key(_index_rows(_open(body).data).good, lambda row: row.contract_code)


def decode_mark(body: bytes) -> float:
    """The mark price: the close of the newest one-minute candle."""
    return positive(_candles(_open(body).data).good[-1].close)


def watched_contracts(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Contracts of the watched assets, for the mark price that is only told one by one."""
    rates: FundingRates | None = parts.get("swap_batch_funding_rate")
    if rates is None:
        return ()
    found = [row.contract_code for row in rates.rows.good if row.contract_code.partition("-")[0] in wanted.assets]
    return found[: wanted.top]


@newest
def _contract(code: str, listed: ListedRow | None, elements: ElementsRow | None, stale: bool) -> Instrument:
    check_symbol(code)
    base, dash, rest = code.partition("-")
    quoted, _, date = rest.partition("-")
    if not dash or not quoted:
        raise BadRow("unknown_quote_currency")
    identity = identify(base, unmarked_class(base))
    dated = bool(date) or (listed is not None and listed.business_type == "futures")
    said = STATUSES.get(listed.contract_status, Status.SUSPENDED) if listed is not None else Status.TRADING
    status = Status.DATED if dated else Status.SUSPENDED if stale and said is Status.TRADING else said
    stated = listed.settlement_period if listed is not None else None
    if stated is None and elements is not None:
        stated = elements.settle_period
    interval_h = NAN if dated else interval_from(number(stated))
    return Instrument(
        venue=NAME,
        symbol=code,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(elements.funding_rate_cap) if elements is not None else NAN,
        floor=number(elements.funding_rate_floor) if elements is not None else NAN,
        expiry_ms=listed.delivery_time if listed is not None else None,
        rule=RULE if identity.asset_class is AssetClass.CRYPTO else NO_INTEREST_RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of the batch rates, stale ones as suspended, and per listed contract not trading."""
    need(parts, "swap_batch_funding_rate")
    rates: FundingRates = parts["swap_batch_funding_rate"]
    listed: Mapping[str, ListedRow] = parts.get("swap_contract_info", {})
    elements: Mapping[str, ElementsRow] = parts.get("swap_query_elements", {})
    interests: Mapping[str, OpenInterestRow] = parts.get("swap_open_interest", {})
    ticks: Mapping[str, TickRow] = parts.get("batch_merged", {})
    indices: Mapping[str, IndexRow] = parts.get("swap_index", {})
    marks: Mapping[str, float] = parts.get("linear_swap_mark_price_kline", {})
    now_ms = rates.answered_ms or observed_ms

    def quote(row: FundingRow) -> Quote:
        code = row.contract_code
        stale = row.funding_time is None or row.funding_time < now_ms - LATE_MS
        contract = _contract(code, listed.get(code), elements.get(code), stale)
        rate = NAN if stale else check_rate(number(row.funding_rate))
        interest = interests.get(code)
        return Quote(
            contract,
            observed_ms,
            rate,
            None if stale else check_next(row.funding_time, now_ms),
            marks.get(code, NAN),
            positive(_field(indices.get(code), "index_price")),
            positive(_field(ticks.get(code), "close")),
            NAN,
            amount(_field(interest, "amount")),
            amount(_field(interest, "value")),
            amount(_field(interest, "trade_turnover")),
            reasons=rate_reasons(contract, rate),
        )

    known = {row.contract_code for row in rates.rows.good}
    idle = [FundingRow(code) for code, row in listed.items() if code not in known and _is_idle(row)]
    return batch(NAME, observed_ms, [*rates.rows.good, *idle], quote, rejected=rates.rows.rejected)


def _is_idle(row: ListedRow) -> bool:
    return row.business_type == "futures" or STATUSES.get(row.contract_status) is not Status.TRADING


def _field(row: msgspec.Struct | None, name: str) -> Any:
    return getattr(row, name) if row is not None else None


def _history_page_request(symbol: str, page: int) -> HistoryRequest:
    return HistoryRequest(
        path="/linear-swap-api/v1/swap_historical_funding_rate",
        params=(("contract_code", symbol), ("page_index", str(page)), ("page_size", str(PAGE_SIZE))),
    )


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """The newest page: the venue takes no times."""
    return _history_page_request(symbol, 1)


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    page = _history_page(_open(body).data)

    def settlement(row: HistoryRow) -> Settlement | None:
        if row.contract_code != symbol:
            return None
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.funding_time),
            rate=check_rate(row.funding_rate),
            premium=number(row.avg_premium_index),
        )

    return settlements(_history_rows(page.data, empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    if len(rows) < PAGE_SIZE or min(row.time_ms for row in rows) <= start_ms:
        return None
    return _history_page_request(symbol, int(dict(request.params)["page_index"]) + 1)


def _premium_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """The newest candles, as many as reach back to the start: the venue takes no times."""
    count = (end_ms - start_ms) // _premiums.MINUTE_MS + 2
    return HistoryRequest(
        path="/index/market/history/linear_swap_premium_index_kline",
        params=(("contract_code", symbol), ("period", "1min"), ("size", str(min(count, MOST_CANDLES)))),
    )


def _read_premiums(body: bytes, symbol: str) -> tuple[PremiumSample, ...]:
    rows = _premium_candles(_open(body).data, empty_ok=True).good
    return _premiums.candles((row.id * 1000, row.close) for row in rows)


VENUE = Venue(
    name=NAME,
    title="HTX",
    base_url="https://api.hbdm.com",
    endpoints=(
        Endpoint(
            name="swap_batch_funding_rate",
            path="/linear-swap-api/v1/swap_batch_funding_rate",
            decode=decode_funding,
            every_s=10,
            required=True,
        ),
        Endpoint(
            name="swap_contract_info",
            path="/linear-swap-api/v1/swap_contract_info",
            decode=decode_contract_info,
            every_s=3600,
        ),
        Endpoint(
            name="swap_query_elements",
            path="/linear-swap-api/v1/swap_query_elements",
            decode=decode_elements,
            every_s=3600,
        ),
        Endpoint(
            name="swap_open_interest",
            path="/linear-swap-api/v1/swap_open_interest",
            decode=decode_open_interest,
            every_s=30,
        ),
        Endpoint(
            name="batch_merged", path="/v2/linear-swap-ex/market/detail/batch_merged", decode=decode_ticks, every_s=15
        ),
        Endpoint(
            name="swap_index", path="/linear-swap-api/v1/swap_index", decode=decode_index, every_s=15, perishable=True
        ),
        Endpoint(
            name="linear_swap_mark_price_kline",
            path="/index/market/history/linear_swap_mark_price_kline",
            params=(("contract_code", "{key}"), ("period", "1min"), ("size", "1")),
            decode=decode_mark,
            every_s=60,
            perishable=True,
            keys=watched_contracts,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0006),
    budget=Budget(capacity=240, window_s=3, remaining_header="ratelimit-remaining"),
    judge=judge_by(_open),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    # More candles than a day has minutes come at once: there is never a second page.
    premium_history=PremiumHistory(first=_premium_window, read=_read_premiums, next=lambda *_: None),
    source="venue sheet htx",
)
