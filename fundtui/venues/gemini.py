"""Gemini perpetuals: funding is told as an amount, one symbol at a time. Wire facts: venue sheet gemini."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from fundtui.market import NAN, Batch, Fees, Instrument, Quote, Status, unknown_rule
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    BadRow,
    Decoder,
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
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, Parts, Venue, Wanted

Value = TypeVar("Value")

NAME = "gemini"
RULE = unknown_rule("venue sheet gemini: no formula")
EXPERIMENTAL = (
    "no bulk: two calls a symbol, for the assets of your watchlists only; sign and hourly unit of the amounts "
    "are not verified"
)
MAX_SYMBOLS = 10
QUOTES = ("USDC", "GUSD", "USD")


class SymbolRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `symbols/details/all`."""

    symbol: str
    base_currency: str
    quote_currency: str
    product_type: str
    status: str = "open"


class RiskStats(msgspec.Struct, frozen=True, gc=False):
    mark_price: float | None = None
    index_price: float | None = None
    open_interest: float | None = None
    open_interest_notional: float | None = None


class FundingAmount(msgspec.Struct, frozen=True, gc=False):
    """Amounts of the quote currency that one coin held long pays."""

    fundingAmount: float | None = None
    estimatedFundingAmount: float | None = None
    fundingTimestampMilliSecs: int | None = None
    nextFundingTimestamp: int | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    result: str
    reason: str
    message: str | None = None


FAULTS = {"RateLimit": Fault.RATE_LIMITED, "Maintenance": Fault.MAINTENANCE}

_symbol_rows = RowsDecoder(SymbolRow)
_risk_stats = Decoder(RiskStats)
_funding_amount = Decoder(FundingAmount)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"result": "error", "reason": "...", "message": "..."}`."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    raise venue_error(error.reason, error.message or "no message", FAULTS)


def decode_symbols(body: bytes) -> dict[str, SymbolRow]:
    """The perpetuals among all symbols, by symbol in capital letters."""
    _refuse_error(body)
    swaps = [row for row in _symbol_rows(body).good if row.product_type == "swap"]
    return by_key(swaps, lambda row: row.symbol.upper())


def decode_risk_stats(body: bytes) -> RiskStats:
    _refuse_error(body)
    return _risk_stats(body)


def decode_funding_amount(body: bytes) -> FundingAmount:
    _refuse_error(body)
    return _funding_amount(body)


def watched_symbols(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Perpetuals of the watched assets: at most ten, because each costs two calls that take seconds."""
    listed: Mapping[str, SymbolRow] = parts.get("all", {})
    found = [symbol for symbol, row in listed.items() if row.base_currency in wanted.assets and row.status != "closed"]
    return sorted(found)[: min(wanted.top, MAX_SYMBOLS)]


@newest
def _contract(symbol: str, listed: SymbolRow | None, interval_h: float | None) -> Instrument:
    check_symbol(symbol)
    if listed is not None:
        base, quoted = listed.base_currency, listed.quote_currency
    else:
        name = symbol.removesuffix("PERP")
        quoted = next((quote for quote in QUOTES if name.endswith(quote)), "")
        base = name.removesuffix(quoted)
    if not base or not quoted:
        raise BadRow("unknown_quote_currency")
    identity = identify(base)
    closed = listed is not None and listed.status != "open"
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=Status.SUSPENDED if closed else Status.TRADING,
        rate_period_h=number(interval_h),
        interval_h=number(interval_h),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per listed perpetual; with a rate, the amount over the mark price, where both have been asked."""
    need(parts, "all", "fundingamount", "riskstats")
    listed: Mapping[str, SymbolRow] = parts.get("all", {})
    stats = _capital(parts.get("riskstats", {}))
    amounts = _capital(parts.get("fundingamount", {}))

    def quote(symbol: str) -> Quote:
        risk: RiskStats = stats.get(symbol, RiskStats())
        paid: FundingAmount = amounts.get(symbol, FundingAmount())
        interval_h = NAN
        if paid.nextFundingTimestamp and paid.fundingTimestampMilliSecs:
            interval_h = interval_from((paid.nextFundingTimestamp - paid.fundingTimestampMilliSecs) / HOUR_MS)
        contract = _contract(symbol, listed.get(symbol), None if interval_h != interval_h else interval_h)
        mark = positive(risk.mark_price)
        rate = check_rate(number(paid.estimatedFundingAmount) / mark)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(paid.nextFundingTimestamp, observed_ms),
            mark,
            positive(risk.index_price),
            NAN,
            NAN,
            amount(risk.open_interest),
            amount(risk.open_interest_notional),
            NAN,
            number(paid.fundingAmount) / mark,
            reasons=rate_reasons(contract, rate),
        )

    symbols = list(dict.fromkeys([*listed, *stats, *amounts]))
    return batch(NAME, observed_ms, symbols, quote)


def _capital(found: Mapping[str, Value]) -> dict[str, Value]:
    return {symbol.upper(): value for symbol, value in found.items()}


VENUE = Venue(
    name=NAME,
    title="Gemini",
    base_url="https://api.gemini.com",
    endpoints=(
        Endpoint(name="all", path="/v1/symbols/details/all", decode=decode_symbols, every_s=3600, required=True),
        Endpoint(
            name="riskstats",
            path="/v1/riskstats/{key}",
            decode=decode_risk_stats,
            every_s=60,
            perishable=True,
            keys=watched_symbols,
        ),
        Endpoint(
            name="fundingamount",
            path="/v1/fundingamount/{key}",
            decode=decode_funding_amount,
            every_s=60,
            perishable=True,
            keys=watched_symbols,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(),
    budget=Budget(capacity=120, window_s=60),
    judge=judge_by(_refuse_error),
    no_history="its sheet names no endpoint for settled amounts of the past",
    experimental=EXPERIMENTAL,
    source="venue sheet gemini",
)
