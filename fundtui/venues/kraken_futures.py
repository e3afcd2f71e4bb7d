"""Kraken Futures perpetuals, linear (PF) and inverse (PI). Wire facts: venue sheet kraken-futures.

The trap of this venue: its rates are money per contract and hour. They are made relative here with the index price,
as the venue makes them absolute with it: divided by it for linear contracts, multiplied with it for inverse ones.
`rate` is `fundingRate`, the rate of the running hour: fixed when the hour began, so it is LOCKED for the settlement at
its end. `fundingRatePrediction` is about the hour after that one and is not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

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
    RateKind,
    Settlement,
    Status,
)
from fundtui.text import clean
from fundtui.units import HOUR_MS
from fundtui.venues._identity import CURRENCIES, identify, other_class
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
    iso_ms,
    next_on_grid,
    number,
    positive,
    rate_reasons,
    settlement_ms,
)
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "kraken-futures"
DEFAULT_CAP = 0.0025

RULE = FundingRule(
    family=Family.FRACTION,
    share=1 / 24,
    averaging=Averaging.UNIFORM,
    cap=DEFAULT_CAP,
    floor=-DEFAULT_CAP,
    source="methodology §2.2, venue sheet kraken-futures",
)

KINDS = {
    "PF": (Kind.LINEAR, False),
    "PI": (Kind.INVERSE, False),
    "FF": (Kind.LINEAR, True),
    "FI": (Kind.INVERSE, True),
}
"""Prefix of a symbol -> its kind, and whether it has an expiry. `in_*` and `rr_*` are indices, not contracts."""

TOKENISED_SHARES_END = "x"


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `tickers`. Fields that do not apply are missing: indices have no tag, dated rows no rate."""

    symbol: str
    tag: str = ""
    pair: str = ""
    last: float | None = None
    markPrice: float | None = None
    indexPrice: float | None = None
    bid: float | None = None
    ask: float | None = None
    openInterest: float | None = None
    volumeQuote: float | None = None
    fundingRate: float | None = None
    suspended: bool = False
    postOnly: bool = False


class InstrumentRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `instruments`."""

    symbol: str
    type: str = ""
    base: str = ""
    quote: str = ""
    tradeable: bool = True
    fundingRateCoefficient: float | None = None
    maxRelativeFundingRate: float | None = None
    lastTradingTime: str = ""


class Answer(msgspec.Struct, frozen=True):
    """All answers: a part named after what was asked, or `result: error` with one error or several."""

    result: str = ""
    tickers: msgspec.Raw = msgspec.Raw()
    instruments: msgspec.Raw = msgspec.Raw()
    rates: msgspec.Raw = msgspec.Raw()
    error: str = ""
    errors: msgspec.Raw = msgspec.Raw()


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """`fundingRate` beside it is absolute and of no use without the price of its hour."""

    timestamp: str
    relativeFundingRate: float


_answer = Decoder(Answer)
_ticker_rows = RowsDecoder(TickerRow)
_instrument_rows = RowsDecoder(InstrumentRow)
_history_rows = RowsDecoder(HistoryRow)


def _part(body: bytes, name: str) -> msgspec.Raw:
    """The named part of an answer. Raises BadAnswer for an error inside HTTP 200."""
    answer = _answer(body)
    part: msgspec.Raw = getattr(answer, name)
    if not part or answer.result == "error":
        text = answer.error or (bytes(answer.errors).decode(errors="replace") if answer.errors else "")
        if not text and answer.result != "error":
            raise BadAnswer(Fault.WRONG_SHAPE, f"the answer holds no {name}")
        fault = Fault.RATE_LIMITED if "apiLimitExceeded" in text else Fault.VENUE_ERROR
        raise BadAnswer(fault, f"error: {clean(text, 120) or 'none given'}")
    return part


def decode_tickers(body: bytes) -> Rows[TickerRow]:
    return _ticker_rows(_part(body, "tickers"))


def decode_instruments(body: bytes) -> dict[str, InstrumentRow]:
    return by_key(_instrument_rows(_part(body, "instruments")).good, lambda row: row.symbol.upper())


def _base_quote(symbol: str, pair: str, listed: InstrumentRow | None) -> tuple[str, str]:
    if listed is not None and listed.base and listed.quote:
        return listed.base, listed.quote
    if ":" in pair:
        base, _, quoted = pair.partition(":")
        return base, quoted
    name = symbol.split("_")[1]
    if not name.upper().endswith("USD"):
        raise BadRow("unknown_quote_currency")
    return name[:-3], "USD"


def _identified(base: str) -> tuple[str, AssetClass]:
    """`AAPLx` is the share AAPL; bases in upper case are coins, but for a list of currencies."""
    if base.endswith(TOKENISED_SHARES_END) and base[:-1].isupper():
        return base[:-1], other_class(base[:-1])
    return base, AssetClass.FX if base in CURRENCIES else AssetClass.CRYPTO


@newest
def _contract(symbol: str, pair: str, open_: bool, listed: InstrumentRow | None) -> Instrument:
    prefix = symbol.partition("_")[0].upper()
    check_symbol(symbol)
    kind, dated = KINDS[prefix]
    base, quoted = _base_quote(symbol, pair, listed)
    identity = identify(*_identified(base))
    cap = number(listed.maxRelativeFundingRate) if listed is not None else NAN
    tradeable = open_ and (listed is None or listed.tradeable)
    period_h = NAN if dated else 1.0
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=identity.asset if kind is Kind.INVERSE else quoted,
        kind=kind,
        multiplier=identity.multiplier,
        status=Status.DATED if dated else Status.TRADING if tradeable else Status.SUSPENDED,
        rate_period_h=period_h,
        rate_kind=RateKind.LOCKED,
        interval_h=period_h,
        cap=cap,
        floor=-cap,
        expiry_ms=iso_ms(listed.lastTradingTime) if dated and listed is not None and listed.lastTradingTime else None,
        notes=() if dated else (Note.NEXT_FUNDING_INFERRED,),
        rule=_rule(listed.fundingRateCoefficient if listed is not None else None),
    )


@lru_cache(maxsize=16)
def _rule(coefficient: float | None) -> FundingRule:
    """The premium's divisor is data: 24 today, 8 when the venue paid every four hours."""
    return msgspec.structs.replace(RULE, share=1 / coefficient) if coefficient and coefficient > 0 else RULE


def relative(absolute: float, index: float, kind: Kind) -> float:
    """The relative hourly rate of one in money per contract: per base unit if linear, in coin per dollar if not."""
    return absolute * index if kind is Kind.INVERSE else absolute / index


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per contract; rows of indices are none."""
    tickers: Rows[TickerRow] = parts["tickers"]
    listed: Mapping[str, InstrumentRow] = parts.get("instruments", {})
    next_ms = next_on_grid(observed_ms, 1.0)

    def quote(row: TickerRow) -> Quote | None:
        symbol = row.symbol
        if symbol[:3].upper() not in {"PF_", "PI_", "FF_", "FI_"}:
            check_symbol(symbol)
            return None
        open_ = not (row.suspended or row.postOnly)
        contract = _contract(symbol, row.pair, open_, listed.get(symbol.upper()))
        dated = contract.status is Status.DATED
        inverse = contract.kind is Kind.INVERSE
        mark, index = positive(row.markPrice), positive(row.indexPrice)
        rate = NAN if dated else check_rate(relative(number(row.fundingRate), index, contract.kind))
        interest = amount(row.openInterest)
        return Quote(
            contract,
            observed_ms,
            rate,
            None if dated else next_ms,
            mark,
            index,
            positive(row.last),
            NAN,
            interest / mark if inverse else interest,
            interest if inverse else interest * mark,
            amount(row.volumeQuote),
            bid=positive(row.bid),
            ask=positive(row.ask),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, tickers.good, quote, rejected=tickers.rejected)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """One body holds the whole year; the venue takes no window."""
    return HistoryRequest(path="/derivatives/api/v3/historical-funding-rates", params=(("symbol", symbol),))


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    try:
        return tuple(
            Settlement(
                venue=NAME,
                symbol=symbol,
                time_ms=settlement_ms(iso_ms(row.timestamp), HOUR_MS),
                rate=row.relativeFundingRate,
            )
            for row in _history_rows(_part(body, "rates"), empty_ok=True).good
        )
    except BadRow as error:
        raise BadAnswer(Fault.WRONG_SHAPE, f"history: {error.reason.replace('_', ' ')}") from error


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    return None


VENUE = Venue(
    name=NAME,
    title="Kraken Futures",
    base_url="https://futures.kraken.com",
    endpoints=(
        Endpoint(
            name="tickers",
            path="/derivatives/api/v3/tickers",
            decode=decode_tickers,
            every_s=15,
            required=True,
        ),
        Endpoint(
            name="instruments",
            path="/derivatives/api/v3/instruments",
            decode=decode_instruments,
            every_s=3600,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0005),
    budget=Budget(capacity=50, window_s=10),
    history=History(first=_history_first, read=_history_read, next=_history_next, depth_h=8760.0),
    source="venue sheet kraken-futures",
)
