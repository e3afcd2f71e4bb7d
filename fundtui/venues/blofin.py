"""BloFin perpetuals: known from its documentation only. Wire facts: venue sheet blofin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    AssetClass,
    Batch,
    Fees,
    Instrument,
    Kind,
    Note,
    Quote,
    RateKind,
    Settlement,
    Status,
    unknown_rule,
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
    blank_as_null,
    by_key,
    check_next,
    check_rate,
    check_symbol,
    interval_between,
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
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue, Wanted

NAME = "blofin"
RULE = unknown_rule("venue sheet blofin: formula and cap not verified")
EXPERIMENTAL = (
    "known from documentation only; intervals are not published in bulk and are learnt from the settlements "
    "of the assets in your watchlists"
)
HISTORY_LIMIT = 100
BAN_S = 300.0


class FundingRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `funding-rate`."""

    instId: str
    fundingRate: float | None = None
    fundingTime: int | None = None


class PriceRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `mark-price`."""

    instId: str
    indexPrice: float | None = None
    markPrice: float | None = None


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `tickers`; the volume in base coins is read, that in contracts is not."""

    instId: str
    last: float | None = None
    volCurrency24h: float | None = None
    bidPrice: float | None = None
    askPrice: float | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `instruments`."""

    instId: str
    baseCurrency: str
    quoteCurrency: str
    settleCurrency: str | None = None
    contractType: str | None = None
    state: str | None = None
    assetClass: str | None = None


class Envelope(msgspec.Struct, frozen=True):
    code: str
    msg: str | None = None
    data: msgspec.Raw = NULL


FAULTS = {"429": Fault.RATE_LIMITED}

_envelope = Decoder(Envelope)
_funding_rows = RowsDecoder(FundingRow)
_price_rows = RowsDecoder(PriceRow)
_ticker_rows = RowsDecoder(TickerRow)
_listed_rows = RowsDecoder(ListedRow)


def _data(body: bytes) -> msgspec.Raw:
    envelope = _envelope(blank_as_null(body))
    if envelope.code != "0":
        raise venue_error(envelope.code, envelope.msg, FAULTS)
    return envelope.data


def decode_funding(body: bytes) -> Rows[FundingRow]:
    return _funding_rows(_data(body))


def decode_prices(body: bytes) -> dict[str, PriceRow]:
    return by_key(_price_rows(_data(body)).good, lambda row: row.instId)


def decode_tickers(body: bytes) -> dict[str, TickerRow]:
    return by_key(_ticker_rows(_data(body)).good, lambda row: row.instId)


def decode_instruments(body: bytes) -> dict[str, ListedRow]:
    return by_key(_listed_rows(_data(body)).good, lambda row: row.instId)


def decode_interval(body: bytes) -> float:
    """The payment interval, from the last two settlement times."""
    return interval_between([row.fundingTime for row in decode_funding(body).good if row.fundingTime])


def watched_instruments(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Instruments of the watched assets, whose settlements are asked to learn the interval."""
    rates: Rows[FundingRow] = parts.get("funding-rate", Rows(()))
    found = [row.instId for row in rates.good if row.instId.partition("-")[0] in wanted.assets]
    return found[: wanted.top]


def _asset_class(base: str, listed: ListedRow | None) -> AssetClass:
    word = (listed.assetClass or "").upper() if listed is not None else ""
    if not word:
        return unmarked_class(base)
    return AssetClass.CRYPTO if "CRYPTO" in word else other_class(base)


@newest
def _contract(name: str, listed: ListedRow | None, interval_h: float | None, rate_kind: RateKind) -> Instrument:
    check_symbol(name)
    base, _, quoted = name.rpartition("-")
    if listed is not None:
        base, quoted = listed.baseCurrency, listed.quoteCurrency
    if not base:
        raise BadRow("unknown_quote_currency")
    identity = identify(base, _asset_class(base, listed))
    inverse = listed.contractType == "inverse" if listed is not None else quoted == "USD"
    live = listed is None or listed.state in (None, "live")
    return Instrument(
        venue=NAME,
        symbol=name,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=(listed.settleCurrency if listed is not None else None) or (base if inverse else quoted),
        kind=Kind.INVERSE if inverse else Kind.LINEAR,
        multiplier=identity.multiplier,
        status=Status.TRADING if live else Status.SUSPENDED,
        rate_period_h=number(interval_h),
        rate_kind=rate_kind,
        interval_h=number(interval_h),
        notes=() if interval_h is None else (Note.INTERVAL_INFERRED,),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `funding-rate`; open interest is not published."""
    need(parts, "funding-rate")
    rates: Rows[FundingRow] = parts["funding-rate"]
    prices: Mapping[str, PriceRow] = parts.get("mark-price", {})
    tickers: Mapping[str, TickerRow] = parts.get("tickers", {})
    listed: Mapping[str, ListedRow] = parts.get("instruments", {})
    intervals: Mapping[str, float] = parts.get("funding-rate-history", {})

    def quote(row: FundingRow) -> Quote:
        name = row.instId
        # A time that has passed makes it the settled rate, not that of the coming settlement.
        ahead = row.fundingTime is not None and row.fundingTime > observed_ms
        interval_h = intervals.get(name, NAN)
        contract = _contract(
            name,
            listed.get(name),
            interval_h if interval_h == interval_h else None,
            RateKind.PREDICTED if ahead else RateKind.SETTLED,
        )
        rate = check_rate(number(row.fundingRate))
        price, ticker = prices.get(name), tickers.get(name)
        last = positive(ticker.last) if ticker is not None else NAN
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(row.fundingTime, observed_ms) if ahead else None,
            positive(price.markPrice) if price is not None else NAN,
            positive(price.indexPrice) if price is not None else NAN,
            last,
            volume_usd=amount(ticker.volCurrency24h) * last if ticker is not None else NAN,
            settled_rate=NAN if ahead else rate,
            bid=positive(ticker.bidPrice) if ticker is not None else NAN,
            ask=positive(ticker.askPrice) if ticker is not None else NAN,
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, rates.good, quote, rejected=rates.rejected)


_judge_envelope = judge_by(_data)


def judge(status: int, body: bytes) -> BadAnswer | None:
    """403 is the firewall, for five minutes; where it is a page, every call from this location gets it."""
    if status == 403:
        if body.lstrip()[:1] == b"<":
            return BadAnswer(Fault.GEO_BLOCKED, "403: a block page, as restricted locations get for every call")
        return BadAnswer(Fault.BANNED, "403: asked too often, waiting five minutes", BAN_S)
    return _judge_envelope(status, body)


def _history_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    # As at OKX, `before` is the older bound and `after` the newer one.
    return HistoryRequest(
        path="/api/v1/market/funding-rate-history",
        params=(
            ("instId", symbol),
            ("before", str(start_ms - 1)),
            ("after", str(end_ms + 1)),
            ("limit", str(HISTORY_LIMIT)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: FundingRow) -> Settlement | None:
        if row.instId != symbol or row.fundingTime is None or row.fundingRate is None:
            return None
        return Settlement(
            venue=NAME, symbol=symbol, time_ms=settlement_ms(row.fundingTime), rate=check_rate(row.fundingRate)
        )

    return settlements(_funding_rows(_data(body), empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    window_end_ms = int(dict(request.params)["after"]) - 1
    older_ms = older_window(rows, start_ms, window_end_ms) if len(rows) >= HISTORY_LIMIT else None
    return None if older_ms is None else _history_window(symbol, start_ms, older_ms)


VENUE = Venue(
    name=NAME,
    title="BloFin",
    base_url="https://openapi.blofin.com",
    endpoints=(
        Endpoint(
            name="funding-rate",
            path="/api/v1/market/funding-rate",
            decode=decode_funding,
            every_s=15,
            required=True,
        ),
        Endpoint(
            name="mark-price", path="/api/v1/market/mark-price", decode=decode_prices, every_s=15, perishable=True
        ),
        Endpoint(name="tickers", path="/api/v1/market/tickers", decode=decode_tickers, every_s=30),
        Endpoint(name="instruments", path="/api/v1/market/instruments", decode=decode_instruments, every_s=3600),
        Endpoint(
            name="funding-rate-history",
            path="/api/v1/market/funding-rate-history",
            params=(("instId", "{key}"), ("limit", "4")),
            decode=decode_interval,
            every_s=3600,
            keys=watched_instruments,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0006),
    budget=Budget(capacity=500, window_s=60),
    judge=judge,
    history=History(first=_history_window, read=_history_read, next=_history_next),
    experimental=EXPERIMENTAL,
    source="venue sheet blofin",
)
