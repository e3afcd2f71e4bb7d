"""Paradex perpetuals. Wire facts: venue sheet paradex.

Funding accrues every second; a rate is per `funding_period_hours` of its market, with the market's multiplier already
in it. The history, `funding/data`, holds samples every few seconds and no payments: what was paid is the difference of
their running total, `funding_index`.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    Quote,
    RateKind,
)
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
    check_rate,
    check_symbol,
    judge_by,
    number,
    positive,
    rate_reasons,
    venue_error,
)
from fundtui.venues.spec import MIB, AccrualHistory, Accrued, Budget, Endpoint, Fault, HistoryRequest, Parts, Venue

NAME = "paradex"
PERPETUAL = "-PERP"

RULE = FundingRule(
    family=Family.CONTINUOUS,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.EWMA,
    averaging_half_life_h=0.5,
    source="methodology §2.2, venue sheet paradex",
)
SAMPLED_WITHIN_MS = 60_000
"""Samples come every few seconds: one within the last minute tells how much had been paid by then."""
STEP_H = 8.0
"""Between two samples that are asked for: ninety days of one market are 270 requests."""
FAULTS = {"TOO_MANY_REQUESTS": Fault.RATE_LIMITED, "RATE_LIMIT_EXCEEDED": Fault.RATE_LIMITED}


class SummaryRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `markets/summary`; options are among them and have no rate. Open interest in base units."""

    symbol: str
    mark_price: float | None = None
    underlying_price: float | None = None
    last_traded_price: float | None = None
    bid: float | None = None
    ask: float | None = None
    open_interest: float | None = None
    volume_24h: float | None = None
    funding_rate: float | None = None


class MarketRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `markets`."""

    symbol: str
    base_currency: str
    quote_currency: str
    settlement_currency: str
    asset_kind: str
    funding_period_hours: float | None = None
    funding_multiplier: float | None = None
    max_funding_rate: float | None = None


class SampleRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `funding/data`. The index is USD per base unit, cumulative; the premium is the rate times the price."""

    market: str
    created_at: int
    funding_index: float
    funding_premium: float | None = None
    funding_rate: float | None = None


class Envelope(msgspec.Struct, frozen=True):
    results: msgspec.Raw = NULL
    error: str = ""
    message: str = ""


_envelope = Decoder(Envelope)
_summary_rows = RowsDecoder(SummaryRow)
_market_rows = RowsDecoder(MarketRow)
_sample_rows = RowsDecoder(SampleRow)


def _results(body: bytes) -> msgspec.Raw:
    """The rows of an answer. Raises BadAnswer for `{"error": CODE, "message": ...}`."""
    envelope = _envelope(body)
    if envelope.error:
        raise venue_error(envelope.error, envelope.message, FAULTS)
    return envelope.results


def decode_summary(body: bytes) -> Rows[SummaryRow]:
    return _summary_rows(blank_as_null(bytes(_results(body))))


def decode_markets(body: bytes) -> dict[str, MarketRow]:
    return by_key(_market_rows(blank_as_null(bytes(_results(body)))).good, lambda row: row.symbol)


@newest
def _contract(symbol: str, listed: MarketRow | None) -> Instrument:
    """While the catalogue has not come, the period of a rate is unknown, so it enters no comparison."""
    parts = check_symbol(symbol).split("-")
    if len(parts) != 3:
        raise BadRow("unknown_symbol_form")
    base, quoted = (listed.base_currency, listed.quote_currency) if listed is not None else (parts[0], parts[1])
    identity = identify(base, unmarked_class(base))
    cap = positive(listed.max_funding_rate) if listed is not None else NAN
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=listed.settlement_currency if listed is not None else "USDC",
        multiplier=identity.multiplier,
        rate_period_h=positive(listed.funding_period_hours) if listed is not None else NAN,
        rate_kind=RateKind.RUNNING,
        continuous=True,
        cap=cap,
        floor=-cap,
        rule=_rule(number(listed.funding_multiplier) if listed is not None else 1.0),
    )


@lru_cache(maxsize=64)
def _rule(multiplier: float) -> FundingRule:
    """A multiplier other than one scales the whole result, which is a share of the premium."""
    if multiplier == 1.0 or not multiplier > 0:
        return RULE
    return msgspec.structs.replace(RULE, family=Family.FRACTION, share=multiplier)


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per perpetual. Options, perpetual ones included, are none of ours."""
    summary: Rows[SummaryRow] = parts["summary"]
    markets: Mapping[str, MarketRow] = parts.get("markets", {})

    def quote(row: SummaryRow) -> Quote | None:
        listed = markets.get(row.symbol)
        if not row.symbol.endswith(PERPETUAL) or (listed is not None and listed.asset_kind != "PERP"):
            check_symbol(row.symbol)
            return None
        contract = _contract(row.symbol, listed)
        rate = check_rate(number(row.funding_rate))
        mark, oi_base = positive(row.mark_price), amount(row.open_interest)
        return Quote(
            contract,
            observed_ms,
            rate,
            None,
            mark,
            positive(row.underlying_price),
            positive(row.last_traded_price),
            oi_base=oi_base,
            oi_usd=oi_base * mark,
            volume_usd=amount(row.volume_24h),
            bid=positive(row.bid),
            ask=positive(row.ask),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, summary.good, quote, rejected=summary.rejected)


def _sample_at(symbol: str, time_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path="/v1/funding/data",
        params=(
            ("market", symbol),
            ("start_at", str(time_ms - SAMPLED_WITHIN_MS)),
            ("end_at", str(time_ms)),
            ("page_size", "1"),
        ),
    )


def _read_samples(body: bytes, symbol: str) -> tuple[Accrued, ...]:
    """The price is what makes a premium of a rate; a rate of zero tells none."""
    return tuple(
        Accrued(row.created_at, row.funding_index, positive(number(row.funding_premium) / number(row.funding_rate)))
        if row.funding_rate
        else Accrued(row.created_at, row.funding_index)
        for row in _sample_rows(blank_as_null(bytes(_results(body))), empty_ok=True).good
        if row.market == symbol
    )


VENUE = Venue(
    name=NAME,
    title="Paradex",
    base_url="https://api.prod.paradex.trade",
    endpoints=(
        Endpoint(
            name="summary",
            path="/v1/markets/summary",
            params=(("market", "ALL"),),
            decode=decode_summary,
            every_s=30,
            required=True,
        ),
        Endpoint(
            name="markets",
            path="/v1/markets",
            decode=decode_markets,
            every_s=7200,
            max_bytes=32 * MIB,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0, taker=0.00024),
    budget=Budget(capacity=1500, window_s=60),
    judge=judge_by(_results),
    accrual=AccrualHistory(at=_sample_at, read=_read_samples, step_h=STEP_H),
    source="venue sheet paradex",
)
