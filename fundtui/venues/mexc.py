"""MEXC contracts. Wire facts: venue sheet mexc."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
    Kind,
    Note,
    Quote,
    Reason,
    Settlement,
    Status,
)
from fundtui.venues._identity import identify, other_class, unmarked_class
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
    need,
    number,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "mexc"
HISTORY_PAGE_SIZE = 1000
STOCK = "STOCK"
"""How the base currency of a share ends."""

RULE = FundingRule(
    family=Family.PER_INTERVAL,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.UNIFORM,
    source="methodology §2.2, venue sheet mexc",
)


class FundingRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `funding_rate`."""

    symbol: str
    fundingRate: float | None = None
    maxFundingRate: float | None = None
    minFundingRate: float | None = None
    collectCycle: float | None = None
    nextSettleTime: int | None = None
    idxPrice: float | None = None
    fairPrice: float | None = None


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `ticker`."""

    symbol: str
    lastPrice: float | None = None
    fairPrice: float | None = None
    indexPrice: float | None = None
    fundingRate: float | None = None
    holdVol: float | None = None
    volume24: float | None = None
    amount24: float | None = None
    bid1: float | None = None
    ask1: float | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `detail`. `apiAllowed` is false on all majors and says nothing about trading."""

    symbol: str
    baseCoin: str
    quoteCoin: str
    settleCoin: str
    contractSize: float | None = None
    state: int = 0
    type: int = 1
    futureType: int = 1
    preMarket: bool = False


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    fundingRate: float
    settleTime: int
    collectCycle: float | None = None


class HistoryPage(msgspec.Struct, frozen=True):
    resultList: msgspec.Raw = NULL


class Envelope(msgspec.Struct, frozen=True):
    success: bool
    code: int
    message: str | None = None
    data: msgspec.Raw = NULL


FAULTS = {"510": Fault.RATE_LIMITED, "501": Fault.MAINTENANCE}

_envelope = Decoder(Envelope)
_funding_rows = RowsDecoder(FundingRow)
_ticker_rows = RowsDecoder(TickerRow)
_listed_rows = RowsDecoder(ListedRow)
_history_page = Decoder(HistoryPage)
_history_rows = RowsDecoder(HistoryRow)


def _data(body: bytes) -> msgspec.Raw:
    envelope = _envelope(body)
    if not envelope.success or envelope.code != 0:
        raise venue_error(envelope.code, envelope.message, FAULTS)
    return envelope.data


def decode_funding(body: bytes) -> Rows[FundingRow]:
    return _funding_rows(_data(body))


def decode_tickers(body: bytes) -> Rows[TickerRow]:
    return _ticker_rows(_data(body))


def decode_detail(body: bytes) -> dict[str, ListedRow]:
    return by_key(_listed_rows(_data(body)).good, lambda row: row.symbol)


def _currencies(symbol: str, listed: ListedRow | None) -> tuple[str, str, str]:
    if listed is not None:
        return listed.baseCoin, listed.quoteCoin, listed.settleCoin
    base, _, quote = symbol.rpartition("_")
    if not base:
        raise BadRow("unknown_quote_currency")
    return base, quote, base if quote == "USD" else quote


def _status(listed: ListedRow | None) -> Status:
    if listed is None:
        return Status.TRADING
    if listed.futureType != 1:
        return Status.DATED
    if listed.state in (2, 3):
        return Status.DELISTED
    if listed.preMarket:
        return Status.PRELAUNCH
    return Status.TRADING if listed.state == 0 else Status.SUSPENDED


@newest
def _contract(
    symbol: str, listed: ListedRow | None, cycle_h: float | None, cap: float | None, floor: float | None
) -> Instrument:
    check_symbol(symbol)
    base, quoted, settle = _currencies(symbol, listed)
    share = base.endswith(STOCK) and len(base) > len(STOCK)
    if share or (listed is not None and listed.type == 2):
        base = base.removesuffix(STOCK) if share else base
        identity = identify(base, AssetClass.EQUITY if share else other_class(base))
    else:
        identity = identify(base, unmarked_class(base) if listed is None else AssetClass.CRYPTO)
    status = _status(listed)
    interval_h = NAN if status is Status.DATED else interval_from(number(cycle_h))
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=settle,
        kind=Kind.INVERSE if quoted == "USD" and settle == base else Kind.LINEAR,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(cap),
        floor=number(floor),
        notes=(Note.OI_SIDE_UNVERIFIED,),
        rule=RULE,
    )


def _rows(parts: Parts) -> Iterator[tuple[str, TickerRow | None, FundingRow | None, ListedRow | None]]:
    """Every symbol that has a rate or a ticker, and listed contracts that are not trading."""
    tickers: Rows[TickerRow] = parts.get("ticker", Rows(()))
    rates: Rows[FundingRow] = parts.get("funding_rate", Rows(()))
    listed: Mapping[str, ListedRow] = parts.get("detail", {})
    ticker_of = by_key(tickers.good, lambda row: row.symbol)
    rate_of = by_key(rates.good, lambda row: row.symbol)
    for ticker in tickers.good:
        yield ticker.symbol, ticker, rate_of.get(ticker.symbol), listed.get(ticker.symbol)
    for rate in rates.good:
        if rate.symbol not in ticker_of:
            yield rate.symbol, None, rate, listed.get(rate.symbol)
    for symbol, row in listed.items():
        if symbol not in ticker_of and symbol not in rate_of and _status(row) is not Status.TRADING:
            yield symbol, None, None, row


NO_TICKER = TickerRow(symbol="")
NO_FUNDING = FundingRow(symbol="")


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per contract of `ticker` and `funding_rate`; only the latter tells the interval."""
    need(parts, "ticker", "funding_rate")
    rejected = sum(parts[name].rejected for name in ("ticker", "funding_rate") if name in parts)

    def quote(found: tuple[str, TickerRow | None, FundingRow | None, ListedRow | None]) -> Quote:
        symbol, ticker, funding, listed = found
        ticker, funding = ticker or NO_TICKER, funding or NO_FUNDING
        contract = _contract(symbol, listed, funding.collectCycle, funding.maxFundingRate, funding.minFundingRate)
        published = ticker.fundingRate if funding.fundingRate is None else funding.fundingRate
        rate = check_rate(number(published))
        mark = positive(ticker.fairPrice if ticker.fairPrice is not None else funding.fairPrice)
        size = positive(listed.contractSize) if listed is not None else NAN
        held = amount(ticker.holdVol) * size
        inverse = contract.kind is Kind.INVERSE
        reasons = rate_reasons(contract, rate)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(funding.nextSettleTime, observed_ms),
            mark,
            positive(ticker.indexPrice if ticker.indexPrice is not None else funding.idxPrice),
            positive(ticker.lastPrice),
            NAN,
            held / mark if inverse else held,
            held if inverse else held * mark,
            amount(ticker.volume24) * size if inverse else amount(ticker.amount24),
            bid=positive(ticker.bid1),
            ask=positive(ticker.ask1),
            # A fifth of the contracts is held at zero: shown, but no flat market.
            reasons=(*reasons, Reason.ZERO_RATE) if rate == 0 else reasons,
        )

    return batch(NAME, observed_ms, _rows(parts), quote, rejected=rejected)


def _history_request(symbol: str, page: int) -> HistoryRequest:
    return HistoryRequest(
        path="/api/v1/contract/funding_rate/history",
        params=(("symbol", symbol), ("page_num", str(page)), ("page_size", str(HISTORY_PAGE_SIZE))),
    )


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """The newest page: the venue takes no times."""
    return _history_request(symbol, 1)


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: HistoryRow) -> Settlement | None:
        if row.symbol != symbol:
            return None
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.settleTime),
            rate=check_rate(row.fundingRate),
            interval_h=interval_from(number(row.collectCycle)),
        )

    return settlements(_history_rows(_history_page(_data(body)).resultList, empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    if len(rows) < HISTORY_PAGE_SIZE or min(row.time_ms for row in rows) <= start_ms:
        return None
    return _history_request(symbol, int(dict(request.params)["page_num"]) + 1)


VENUE = Venue(
    name=NAME,
    title="MEXC",
    base_url="https://contract.mexc.com",
    endpoints=(
        Endpoint(
            name="funding_rate",
            path="/api/v1/contract/funding_rate",
            decode=decode_funding,
            every_s=10,
            required=True,
        ),
        Endpoint(name="ticker", path="/api/v1/contract/ticker", decode=decode_tickers, every_s=10, perishable=True),
        Endpoint(name="detail", path="/api/v1/contract/detail", decode=decode_detail, every_s=3600),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0, taker=0.0004),
    budget=Budget(capacity=20, window_s=2),
    judge=judge_by(_data),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet mexc",
)
