"""Deribit perpetuals: inverse BTC and ETH, linear in USDC and USDT. Wire facts: venue sheet deribit.

Funding accrues every millisecond: `current_funding` is the rate of the moment quoted per eight hours. There is no
settlement to count down to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    RateKind,
    Settlement,
    Status,
)
from fundtui.text import clean
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify
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
    number,
    positive,
    rate_reasons,
    settlement_ms,
)
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "deribit"
CURRENCIES = ("BTC", "ETH", "USDC", "USDT")
PERPETUAL = "-PERPETUAL"
HISTORY_ROWS = 744
"""Hourly rows in one answer at most; of a wider window only the end comes, without a word."""
MAJORS_CAP = 0.005
TOO_MANY_REQUESTS = 10028

RULE = FundingRule(
    family=Family.CONTINUOUS,
    damper=0.00025,
    averaging=Averaging.NONE,
    source="methodology §2.2, venue sheet deribit",
)


class SummaryRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `get_book_summary_by_currency`; only perpetuals have funding fields."""

    instrument_name: str
    mark_price: float | None = None
    estimated_delivery_price: float | None = None
    last: float | None = None
    bid_price: float | None = None
    ask_price: float | None = None
    open_interest: float | None = None
    volume_usd: float | None = None
    current_funding: float | None = None
    funding_8h: float | None = None


class InstrumentRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `get_instruments`."""

    instrument_name: str
    settlement_period: str = ""
    instrument_type: str = ""
    future_type: str = ""
    quote_currency: str = ""
    settlement_currency: str = ""
    expiration_timestamp: int | None = None
    is_active: bool = True
    state: str = "open"


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """`interest_8h` beside it is a sliding window: summing it counts every hour eight times."""

    timestamp: int
    interest_1h: float
    index_price: float | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""


class Envelope(msgspec.Struct, frozen=True):
    result: msgspec.Raw = msgspec.Raw()
    error: ErrorBody | None = None
    testnet: bool = False


_envelope = Decoder(Envelope)
_summary_rows = RowsDecoder(SummaryRow)
_instrument_rows = RowsDecoder(InstrumentRow)
_history_rows = RowsDecoder(HistoryRow)


def _result(body: bytes) -> msgspec.Raw:
    """The result inside the JSON-RPC envelope. Raises BadAnswer for an error, whatever the HTTP status was."""
    envelope = _envelope(body)
    if envelope.error is not None:
        raise _error(envelope.error)
    if envelope.testnet:
        raise BadAnswer(Fault.VENUE_ERROR, "an answer of the test network: its prices are not real")
    if not envelope.result:
        raise BadAnswer(Fault.WRONG_SHAPE, "the answer holds no result")
    return envelope.result


def _error(error: ErrorBody) -> BadAnswer:
    fault = Fault.RATE_LIMITED if error.code == TOO_MANY_REQUESTS else Fault.VENUE_ERROR
    return BadAnswer(fault, f"error {error.code}: {clean(error.message, 120)}")


def decode_summary(body: bytes) -> Rows[SummaryRow]:
    return _summary_rows(_result(body), empty_ok=True)


def decode_instruments(body: bytes) -> dict[str, InstrumentRow]:
    return by_key(_instrument_rows(_result(body)).good, lambda row: row.instrument_name)


def _status(listed: InstrumentRow | None, *, perpetual: bool) -> Status:
    if not perpetual:
        return Status.DATED
    if listed is None or (listed.is_active and listed.state == "open"):
        return Status.TRADING
    return Status.DELISTED if listed.state in {"closed", "settled", "archivized"} else Status.SUSPENDED


@newest
def _contract(name: str, listed: InstrumentRow | None, has_funding: bool) -> Instrument:
    """`BTC-PERPETUAL` is inverse, `BTC_USDC-PERPETUAL` linear; everything else has an expiry."""
    pair, dash, _ = check_symbol(name).partition("-")
    if not dash:
        raise BadRow("unknown_symbol_form")
    perpetual = listed.settlement_period == "perpetual" if listed is not None else has_funding
    base, underscore, quoted = pair.partition("_")
    kind = Kind.LINEAR if underscore else Kind.INVERSE
    identity = identify(base)
    cap = MAJORS_CAP if name in {"BTC-PERPETUAL", "ETH-PERPETUAL"} else NAN
    return Instrument(
        venue=NAME,
        symbol=name,
        asset=identity.asset,
        quote=quoted or "USD",
        settle=quoted or base,
        kind=kind,
        multiplier=identity.multiplier,
        status=_status(listed, perpetual=perpetual),
        rate_period_h=8.0 if perpetual else NAN,
        rate_kind=RateKind.RUNNING,
        continuous=perpetual,
        cap=cap,
        floor=-cap,
        expiry_ms=listed.expiration_timestamp if listed is not None and not perpetual else None,
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of all currencies that have answered; dated futures are quotes without a rate.

    `estimated_delivery_price` is the index. Open interest comes in USD for inverse and in coins for linear ones.
    """
    summaries: list[Rows[SummaryRow]] = [
        parts[name] for currency in CURRENCIES if (name := f"get_book_summary_by_currency:{currency}") in parts
    ]
    instruments: Mapping[str, InstrumentRow] = parts.get("get_instruments", {})

    def quote(row: SummaryRow) -> Quote:
        name = row.instrument_name
        has_funding = row.current_funding is not None or name.endswith(PERPETUAL)
        contract = _contract(name, instruments.get(name), has_funding)
        inverse = contract.kind is Kind.INVERSE
        rate = check_rate(number(row.current_funding)) if contract.continuous else NAN
        mark = positive(row.mark_price)
        interest = amount(row.open_interest)
        return Quote(
            contract,
            observed_ms,
            rate,
            None,
            mark,
            positive(row.estimated_delivery_price),
            positive(row.last),
            NAN,
            interest / mark if inverse else interest,
            interest if inverse else interest * mark,
            amount(row.volume_usd),
            number(row.funding_8h) if contract.continuous else NAN,
            bid=positive(row.bid_price),
            ask=positive(row.ask_price),
            reasons=rate_reasons(contract, rate),
        )

    rows = [row for summary in summaries for row in summary.good]
    return batch(NAME, observed_ms, rows, quote, rejected=sum(summary.rejected for summary in summaries))


def judge(status: int, body: bytes) -> BadAnswer | None:
    """Errors come as JSON-RPC whatever the status is; only the code tells a limit from a mistake."""
    try:
        error = msgspec.json.decode(body, type=Envelope).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return _error(error) if error is not None else None


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """The first month of the window: asked for more, the venue would leave out its beginning."""
    return HistoryRequest(
        path="/api/v2/public/get_funding_rate_history",
        params=(
            ("instrument_name", symbol),
            ("start_timestamp", str(start_ms)),
            ("end_timestamp", str(min(end_ms, start_ms + (HISTORY_ROWS - 1) * HOUR_MS))),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    return tuple(
        Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.timestamp, HOUR_MS),
            rate=row.interest_1h,
            interval_h=1.0,
            price=positive(row.index_price),
        )
        for row in _history_rows(_result(body), empty_ok=True).good
    )


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """The following month, whatever this one held: a month without rows is not the end."""
    asked: Mapping[str, Any] = dict(request.params)
    after_ms = int(asked["end_timestamp"]) + 1
    return _history_first(symbol, after_ms, end_ms) if after_ms <= end_ms else None


VENUE = Venue(
    name=NAME,
    title="Deribit",
    base_url="https://www.deribit.com",
    endpoints=(
        *(
            Endpoint(
                name=f"get_book_summary_by_currency:{currency}",
                path="/api/v2/public/get_book_summary_by_currency",
                params=(("currency", currency), ("kind", "future")),
                decode=decode_summary,
                every_s=15,
                required=currency == "BTC",
                perishable=True,
            )
            for currency in CURRENCIES
        ),
        Endpoint(
            name="get_instruments",
            path="/api/v2/public/get_instruments",
            params=(("currency", "any"), ("kind", "future"), ("expired", "false")),
            decode=decode_instruments,
            weight=20,
            every_s=3600,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0, taker=0.0005),
    budget=Budget(capacity=20, window_s=1),
    judge=judge,
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet deribit",
)
