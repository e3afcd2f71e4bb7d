"""dYdX v4 perpetuals, from its indexer. Wire facts: venue sheet dydx."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote as url_quote

import msgspec

from fundtui.market import (
    NAN,
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
from fundtui.text import clean
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify
from fundtui.venues._newest import newest
from fundtui.venues._tables import KeyedRowsDecoder
from fundtui.venues._wire import (
    BadRow,
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
    check_rate,
    check_symbol,
    iso_ms,
    next_on_grid,
    number,
    positive,
    rate_reasons,
    settlement_ms,
)
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "dydx"
HISTORY_LIMIT = 100
ISOLATED_INTEREST_1H = 0.0000125
"""What isolated markets pay per hour by default, where a row does not say (methodology §2.2)."""
CAP_FACTOR = 6.0
"""The eight-hour rate is capped at this many times (initial - maintenance margin fraction)."""

RULE = FundingRule(
    family=Family.FRACTION,
    share=1 / 8,
    averaging=Averaging.UNIFORM,
    source="methodology §2.2, venue sheet dydx",
)

STATUSES = {
    "ACTIVE": Status.TRADING,
    "PAUSED": Status.SUSPENDED,
    "CANCEL_ONLY": Status.SUSPENDED,
    "POST_ONLY": Status.SUSPENDED,
    "INITIALIZING": Status.PRELAUNCH,
    "FINAL_SETTLEMENT": Status.DELISTED,
}


class MarketRow(msgspec.Struct, frozen=True, gc=False):
    """Value of `markets`, keyed by ticker. Open interest in base units, caps in USD with zero for none."""

    ticker: str
    status: str
    oraclePrice: float | None = None
    volume24H: float | None = None
    nextFundingRate: float | None = None
    openInterest: float | None = None
    initialMarginFraction: float | None = None
    maintenanceMarginFraction: float | None = None
    openInterestUpperCap: float | None = None
    defaultFundingRate1H: float | None = None
    marketType: str = "CROSS"


class ErrorItem(msgspec.Struct, frozen=True):
    msg: str = ""


class Answer(msgspec.Struct, frozen=True):
    markets: msgspec.Raw = msgspec.Raw()
    errors: list[ErrorItem] | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    ticker: str
    rate: float
    effectiveAt: str
    price: float | None = None


class HistoryAnswer(msgspec.Struct, frozen=True):
    historicalFunding: msgspec.Raw = msgspec.Raw()
    errors: list[ErrorItem] | None = None


_answer = Decoder(Answer)
_markets = KeyedRowsDecoder(MarketRow, marker="ticker")
_history_answer = Decoder(HistoryAnswer)
_history_rows = RowsDecoder(HistoryRow)


def _part(raw: msgspec.Raw, errors: list[ErrorItem] | None) -> msgspec.Raw:
    """The part of an answer that holds the rows. Raises BadAnswer for `{"errors": [{"msg": ...}]}`."""
    if errors:
        raise BadAnswer(Fault.VENUE_ERROR, f"error: {clean(errors[0].msg, 120)}")
    if not raw:
        raise BadAnswer(Fault.WRONG_SHAPE, "the answer holds no rows")
    return raw


def decode_markets(body: bytes) -> Rows[tuple[str, MarketRow]]:
    answer = _answer(body)
    return _markets(_part(answer.markets, answer.errors))


@newest
def _contract(ticker: str, status: str, market_type: str, interest_1h: float, cap: float) -> Instrument:
    """Long-tail tickers carry a chain address behind a comma: `FARTCOIN,RAYDIUM,9BB6...-USD` is FARTCOIN."""
    pair, dash, quoted = check_symbol(ticker).rpartition("-")
    if not dash or not pair:
        raise BadRow("unknown_symbol_form")
    if status not in STATUSES:
        raise BadRow("unknown_status")
    identity = identify(pair.partition(",")[0])
    isolated = market_type == "ISOLATED"
    return Instrument(
        venue=NAME,
        symbol=ticker,
        asset=identity.asset,
        quote=quoted,
        settle="USDC",
        multiplier=identity.multiplier,
        status=STATUSES[status],
        rate_period_h=1.0,
        interval_h=1.0,
        cap=cap,
        floor=-cap,
        notes=(Note.NEXT_FUNDING_INFERRED, Note.INDEX_IS_MARK) + ((Note.ISOLATED_ONLY,) if isolated else ()),
        rule=msgspec.structs.replace(RULE, fixed_per_interval=interest_1h) if interest_1h else RULE,
    )


def _interest_1h(row: MarketRow) -> float:
    if row.defaultFundingRate1H is not None:
        return number(row.defaultFundingRate1H)
    return ISOLATED_INTEREST_1H if row.marketType == "ISOLATED" else 0.0


def _hourly_cap(row: MarketRow) -> float:
    width = number(row.initialMarginFraction) - number(row.maintenanceMarginFraction)
    return CAP_FACTOR * width / 8 if width > 0 else NAN


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per market. The oracle's price is mark and index in one, so there is no basis to see here."""
    rows: Rows[tuple[str, MarketRow]] = parts["perpetualMarkets"]
    next_ms = next_on_grid(observed_ms, 1.0)

    def quote(item: tuple[str, MarketRow]) -> Quote:
        key, row = item
        if key != row.ticker:
            raise BadRow("contradicting_symbols")
        contract = _contract(row.ticker, row.status, row.marketType, _interest_1h(row), _hourly_cap(row))
        rate = check_rate(number(row.nextFundingRate))
        oracle = positive(row.oraclePrice)
        oi_base = amount(row.openInterest)
        return Quote(
            contract,
            observed_ms,
            rate,
            None if contract.status is Status.DELISTED else next_ms,
            oracle,
            oracle,
            oi_base=oi_base,
            oi_usd=oi_base * oracle,
            volume_usd=amount(row.volume24H),
            oi_cap_usd=positive(row.openInterestUpperCap),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, rows.good, quote, rejected=rows.rejected)


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03d}Z"


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path=f"/v4/historicalFunding/{url_quote(symbol, safe='')}",
        params=(("limit", str(HISTORY_LIMIT)), ("effectiveBeforeOrAt", _iso(end_ms))),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    if body.strip() == b"null":
        return ()
    answer = _history_answer(body)
    rows = _history_rows(_part(answer.historicalFunding, answer.errors), empty_ok=True).good
    try:
        return tuple(
            Settlement(
                venue=NAME,
                symbol=symbol,
                time_ms=settlement_ms(iso_ms(row.effectiveAt), HOUR_MS),
                rate=row.rate,
                interval_h=1.0,
                price=positive(row.price),
            )
            for row in rows
            if row.ticker == symbol
        )
    except BadRow as error:
        raise BadAnswer(Fault.WRONG_SHAPE, f"history: {error.reason.replace('_', ' ')}") from error


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """Newest first: the next page ends before the oldest row of this one."""
    if len(rows) < HISTORY_LIMIT:
        return None
    before_ms = min(row.time_ms for row in rows) - HOUR_MS // 2
    following = _history_first(symbol, start_ms, before_ms)
    return following if before_ms >= start_ms and following != request else None


VENUE = Venue(
    name=NAME,
    title="dYdX",
    base_url="https://indexer.dydx.trade",
    endpoints=(
        Endpoint(
            name="perpetualMarkets",
            path="/v4/perpetualMarkets",
            decode=decode_markets,
            every_s=15,
            required=True,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0001, taker=0.0005),
    budget=Budget(capacity=100, window_s=10),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet dydx",
)
