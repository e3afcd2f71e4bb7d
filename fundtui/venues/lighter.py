"""Lighter (zkLighter) perpetuals. Wire facts: venue sheet lighter.

`funding-rates` quotes per eight hours, and an eighth of that is paid every hour; `fundings`, the history, is in percent
per hour without a sign. The limit of a market's open interest (`open_interest_limit`) is told over the web socket only,
so it is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from fundtui.venues._identity import identify, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    BadRow,
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
    by_key,
    check_rate,
    check_symbol,
    next_on_grid,
    number,
    positive,
    rate_reasons,
    settlement_ms,
)
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "lighter"
OK = 200
TOO_MANY_REQUESTS = 23000
HISTORY_HOURS = 100
"""Hourly rows asked for at once: documented are 750, seen were 100."""

RULE = FundingRule(
    family=Family.NORMALISED,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.UNIFORM,
    cap=0.005,
    floor=-0.005,
    source="methodology §2.2, venue sheet lighter",
)


class RateRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `funding-rates`. Those of other exchanges are there for comparison only."""

    market_id: int
    exchange: str
    symbol: str
    rate: float | None = None


class DetailRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `order_book_details`. Open interest in base units."""

    symbol: str
    market_id: int
    market_type: str = "perp"
    status: str = ""
    mark_price: float | None = None
    index_price: float | None = None
    last_trade_price: float | None = None
    open_interest: float | None = None
    daily_quote_token_volume: float | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """Percent per hour, unsigned; `direction` is the side that pays."""

    timestamp: int
    rate: float
    direction: str


class Answer(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""
    funding_rates: msgspec.Raw = msgspec.Raw()
    order_book_details: msgspec.Raw = msgspec.Raw()
    fundings: msgspec.Raw = msgspec.Raw()


_answer = Decoder(Answer)
_rate_rows = RowsDecoder(RateRow)
_detail_rows = RowsDecoder(DetailRow)
_history_rows = RowsDecoder(HistoryRow)


def _part(body: bytes, name: str) -> msgspec.Raw:
    """The named part of an answer. Raises BadAnswer for an error code."""
    answer = _answer(body)
    if answer.code != OK:
        raise _error(answer)
    part: msgspec.Raw = getattr(answer, name)
    if not part:
        raise BadAnswer(Fault.WRONG_SHAPE, f"the answer holds no {name}")
    return part


def _error(answer: Answer) -> BadAnswer:
    fault = Fault.RATE_LIMITED if answer.code == TOO_MANY_REQUESTS else Fault.VENUE_ERROR
    return BadAnswer(fault, f"error {answer.code}: {clean(answer.message, 120)}")


def decode_rates(body: bytes) -> Rows[RateRow]:
    """Lighter's own rows."""
    rows = _rate_rows(_part(body, "funding_rates"))
    own = [row for row in rows.good if row.exchange == NAME]
    if not own:
        raise BadAnswer(Fault.EMPTY, "only other exchanges' rates in the answer")
    return Rows(own, rows.rejected)


def decode_details(body: bytes) -> Rows[DetailRow]:
    return _detail_rows(_part(body, "order_book_details"))


@newest
def _contract(symbol: str, market_id: int, status: str, market_type: str) -> Instrument:
    check_symbol(symbol)
    if market_type != "perp":
        raise BadRow("unknown_market_type")
    identity = identify(symbol, unmarked_class(symbol))
    return Instrument(
        venue=NAME,
        symbol=symbol,
        native_id=str(market_id),
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote="USDC",
        settle="USDC",
        multiplier=identity.multiplier,
        status=Status.TRADING if status in {"active", ""} else Status.SUSPENDED,
        rate_period_h=8.0,
        interval_h=1.0,
        cap=8 * RULE.cap,
        floor=8 * RULE.floor,
        notes=(Note.NEXT_FUNDING_INFERRED,),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per market of either answer, joined by market id; a market without a rate says so."""
    rates: Rows[RateRow] = parts["funding-rates"]
    details: Rows[DetailRow] = parts.get("orderBookDetails", Rows(()))
    priced: Mapping[int, DetailRow] = by_key(details.good, lambda row: row.market_id)
    rated = {row.market_id for row in rates.good}
    next_ms = next_on_grid(observed_ms, 1.0)

    def quote(row: tuple[RateRow | None, DetailRow]) -> Quote:
        own, detail = row
        if own is not None and own.symbol != detail.symbol:
            raise BadRow("contradicting_symbols")
        contract = _contract(detail.symbol, detail.market_id, detail.status, detail.market_type)
        rate = check_rate(number(own.rate)) if own is not None else NAN
        mark, oi_base = positive(detail.mark_price), amount(detail.open_interest)
        return Quote(
            contract,
            observed_ms,
            rate,
            next_ms,
            mark,
            positive(detail.index_price),
            positive(detail.last_trade_price),
            oi_base=oi_base,
            oi_usd=oi_base * mark,
            volume_usd=amount(detail.daily_quote_token_volume),
            reasons=rate_reasons(contract, rate),
        )

    rows: list[tuple[RateRow | None, DetailRow]] = [
        (row, priced.get(row.market_id) or DetailRow(symbol=row.symbol, market_id=row.market_id)) for row in rates.good
    ]
    rows += [(None, row) for row in details.good if row.market_id not in rated]
    return batch(NAME, observed_ms, rows, quote, rejected=rates.rejected + details.rejected)


def judge(status: int, body: bytes) -> BadAnswer | None:
    """HTTP 400 and 429 carry a code and a message."""
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return _error(answer) if answer.code not in {0, OK} else None


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """`symbol` is the market id here, an instrument's `native_id`. Windows are in seconds."""
    last_ms = min(end_ms, start_ms + (HISTORY_HOURS - 1) * HOUR_MS)
    return HistoryRequest(
        path="/api/v1/fundings",
        params=(
            ("market_id", symbol),
            ("resolution", "1h"),
            ("start_timestamp", str(start_ms // 1000)),
            ("end_timestamp", str(last_ms // 1000)),
            ("count_back", "0"),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    rows = _history_rows(_part(body, "fundings"), empty_ok=True).good
    if any(row.direction not in {"long", "short"} for row in rows):
        raise BadAnswer(Fault.WRONG_SHAPE, "history: a direction that is neither long nor short")
    return tuple(
        Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.timestamp * 1000, HOUR_MS),
            rate=abs(row.rate) / 100 * (1 if row.direction == "long" else -1),
            interval_h=1.0,
        )
        for row in rows
    )


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    after_ms = (int(dict(request.params)["end_timestamp"]) + 1) * 1000
    return _history_first(symbol, after_ms, end_ms) if after_ms <= end_ms else None


VENUE = Venue(
    name=NAME,
    title="Lighter",
    base_url="https://mainnet.zklighter.elliot.ai",
    endpoints=(
        Endpoint(
            name="funding-rates",
            path="/api/v1/funding-rates",
            decode=decode_rates,
            every_s=20,
            required=True,
        ),
        Endpoint(
            name="orderBookDetails",
            path="/api/v1/orderBookDetails",
            decode=decode_details,
            every_s=20,
            perishable=True,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0, taker=0.0),
    budget=Budget(capacity=60, window_s=60),
    judge=judge,
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet lighter",
)
