"""Bitstamp perpetuals: unit and interval of the rate are not verified. Wire facts: venue sheet bitstamp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import NAN, Batch, Fees, Instrument, Kind, Quote, Status, unknown_rule
from fundtui.venues._identity import identify, in_usd
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    BadRow,
    Decoder,
    RowsDecoder,
    amount,
    batch,
    by_key,
    check_next,
    check_symbol,
    judge_by,
    need,
    number,
    positive,
    rate_reasons,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, Parts, Venue, Wanted

NAME = "bitstamp"
RULE = unknown_rule("venue sheet bitstamp: neither formula nor unit of the rate")
EXPERIMENTAL = (
    "no bulk: one call a market, for the assets of your watchlists only; whether the rate is a fraction or in percent, "
    "and for how long, is not verified, so it is shown raw and compared with nothing"
)


class MarketRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `markets`."""

    name: str
    market_symbol: str
    base_currency: str
    counter_currency: str
    market_type: str = "SPOT"
    payoff_type: str = "Linear"
    trading: str = "Enabled"


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `ticker`, for derivatives with prices and open interest."""

    pair: str
    last: float | None = None
    volume: float | None = None
    mark_price: float | None = None
    index_price: float | None = None
    open_interest: float | None = None
    bid: float | None = None
    ask: float | None = None


class FundingRate(msgspec.Struct, frozen=True, gc=False):
    """Answer of `funding_rate` for one market, times in seconds."""

    funding_rate: float | None = None
    timestamp: int | None = None
    next_funding_time: int | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    status: str
    reason: str | None = None
    code: str | None = None


FAULTS = {"400.002": Fault.RATE_LIMITED}

_market_rows = RowsDecoder(MarketRow)
_ticker_rows = RowsDecoder(TickerRow)
_funding_rate = Decoder(FundingRate)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"status": "error", "reason": "...", "code": "..."}`."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    if error.status == "error":
        raise venue_error(error.code, error.reason, FAULTS)


def decode_markets(body: bytes) -> dict[str, MarketRow]:
    """Perpetuals by market symbol."""
    _refuse_error(body)
    perpetuals = [row for row in _market_rows(body).good if row.market_type == "PERPETUAL"]
    return by_key(perpetuals, lambda row: row.market_symbol)


def decode_tickers(body: bytes) -> dict[str, TickerRow]:
    _refuse_error(body)
    return by_key(_ticker_rows(body).good, lambda row: row.pair)


def decode_funding_rate(body: bytes) -> FundingRate:
    _refuse_error(body)
    return _funding_rate(body)


def watched_markets(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Perpetuals of the watched assets."""
    markets: Mapping[str, MarketRow] = parts.get("markets", {})
    return sorted(symbol for symbol, row in markets.items() if row.base_currency in wanted.assets)[: wanted.top]


@newest
def _contract(symbol: str, market: MarketRow | None) -> Instrument:
    check_symbol(symbol)
    if market is not None:
        base, quoted, inverse = market.base_currency, market.counter_currency, market.payoff_type == "Inverse"
    else:
        name = symbol.removesuffix("-perp").upper()
        base, quoted, inverse = name[:-3], name[-3:], False
    if not base or not quoted:
        raise BadRow("unknown_quote_currency")
    identity = identify(base)
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        quote=quoted,
        settle=base if inverse else quoted,
        kind=Kind.INVERSE if inverse else Kind.LINEAR,
        multiplier=identity.multiplier,
        status=Status.TRADING if market is None or market.trading == "Enabled" else Status.SUSPENDED,
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per listed perpetual; its rate, where it has been asked, as published and left out of comparisons."""
    need(parts, "markets", "funding_rate")
    markets: Mapping[str, MarketRow] = parts.get("markets", {})
    tickers: Mapping[str, TickerRow] = parts.get("ticker", {})
    rates: Mapping[str, FundingRate] = parts.get("funding_rate", {})

    def quote(symbol: str) -> Quote:
        market, published = markets.get(symbol), rates.get(symbol, FundingRate())
        contract = _contract(symbol, market)
        ticker = tickers.get(market.name) if market is not None else None
        rate = number(published.funding_rate)
        mark = positive(ticker.mark_price) if ticker is not None else NAN
        last = positive(ticker.last) if ticker is not None else NAN
        oi_base = amount(ticker.open_interest) if ticker is not None else NAN
        next_s = published.next_funding_time
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(next_s * 1000, observed_ms) if next_s else None,
            mark,
            positive(ticker.index_price) if ticker is not None else NAN,
            last,
            NAN,
            oi_base,
            in_usd(oi_base * mark, contract.quote),
            in_usd(amount(ticker.volume) * last, contract.quote) if ticker is not None else NAN,
            bid=positive(ticker.bid) if ticker is not None else NAN,
            ask=positive(ticker.ask) if ticker is not None else NAN,
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, list(dict.fromkeys([*markets, *rates])), quote)


VENUE = Venue(
    name=NAME,
    title="Bitstamp",
    base_url="https://www.bitstamp.net",
    endpoints=(
        Endpoint(name="markets", path="/api/v2/markets/", decode=decode_markets, every_s=3600, required=True),
        Endpoint(name="ticker", path="/api/v2/ticker/", decode=decode_tickers, every_s=60, perishable=True),
        Endpoint(
            name="funding_rate",
            path="/api/v2/funding_rate/{key}/",
            decode=decode_funding_rate,
            every_s=60,
            perishable=True,
            keys=watched_markets,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(),
    budget=Budget(capacity=10_000, window_s=600),
    judge=judge_by(_refuse_error),
    no_history="whether a settled rate is a fraction or in percent is not verified",
    experimental=EXPERIMENTAL,
    source="venue sheet bitstamp",
)
