"""Crypto.com Exchange (v1): funding is told one instrument at a time. Wire facts: venue sheet cryptocom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    AssetClass,
    Batch,
    Fees,
    Instrument,
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
    by_key,
    check_rate,
    check_symbol,
    judge_by,
    need,
    next_on_grid,
    number,
    older_window,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue, Wanted

NAME = "cryptocom"
RULE = unknown_rule("venue sheet cryptocom: rates are fixed for blocks of four hours, by no published formula")
EXPERIMENTAL = "no bulk funding: rates are asked one instrument at a time, for the assets of your watchlists only"
INTERVAL_H = 1.0
"""Every perpetual settles on the hour by the venue's rules; no field tells it."""

HISTORY_LIMIT = 100
TRADITIONAL_WORDS = ("TRADFI", "STOCK", "EQUIT", "COMMODIT", "FOREX", "INDEX", "IPO")


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `get-tickers`; the names are single letters."""

    i: str
    a: float | None = None
    vv: float | None = None
    oi: float | None = None
    b: float | None = None
    k: float | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `get-instruments`."""

    symbol: str
    inst_type: str
    base_ccy: str
    quote_ccy: str
    tradable: bool = True
    expiry_timestamp_ms: int | None = None
    product_type: str | None = None


class Valuation(msgspec.Struct, frozen=True, gc=False):
    """A value and its time; the newest comes first."""

    v: float
    t: int


class Result(msgspec.Struct, frozen=True):
    data: msgspec.Raw = NULL


class Envelope(msgspec.Struct, frozen=True):
    code: int
    message: str | None = None
    result: Result | None = None


FAULTS = {"42901": Fault.RATE_LIMITED, "50001": Fault.MAINTENANCE}

_envelope = Decoder(Envelope)
_ticker_rows = RowsDecoder(TickerRow)
_listed_rows = RowsDecoder(ListedRow)
_valuations = RowsDecoder(Valuation)


def _data(body: bytes) -> msgspec.Raw:
    envelope = _envelope(body)
    if envelope.code != 0:
        raise venue_error(envelope.code, envelope.message, FAULTS)
    return (envelope.result or Result()).data


def decode_tickers(body: bytes) -> Rows[TickerRow]:
    return _ticker_rows(_data(body))


def decode_instruments(body: bytes) -> dict[str, ListedRow]:
    return by_key(_listed_rows(_data(body)).good, lambda row: row.symbol)


def decode_newest(body: bytes) -> float:
    """The newest of the valuations."""
    return number(max(_valuations(_data(body)).good, key=lambda row: row.t).v)


def watched_perpetuals(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Perpetuals of the watched assets, those with the largest volume first."""
    tickers: Rows[TickerRow] = parts.get("get-tickers", Rows(()))
    found = [row for row in tickers.good if row.i.endswith("-PERP") and _base_of(row.i) in wanted.assets]
    found.sort(key=lambda row: (-(row.vv or 0.0), row.i))
    return [row.i for row in found[: wanted.top]]


def _base_of(name: str) -> str:
    return name.partition("-")[0].removesuffix("USD")


@newest
def _contract(name: str, listed: ListedRow | None, rate_kind: RateKind) -> Instrument:
    check_symbol(name)
    pair, _, ending = name.partition("-")
    base = listed.base_ccy if listed is not None else pair.removesuffix("USD")
    quoted = listed.quote_ccy if listed is not None else "USD"
    if listed is None and (not pair.endswith("USD") or not base):
        raise BadRow("unknown_quote_currency")
    kind_word = (listed.product_type or "").upper() if listed is not None else ""
    traditional = any(word in kind_word for word in TRADITIONAL_WORDS)
    asset_class = other_class(base) if traditional else AssetClass.CRYPTO if kind_word else unmarked_class(base)
    identity = identify(base, asset_class)
    dated = ending != "PERP"
    status = Status.DATED if dated else Status.TRADING
    if not dated and listed is not None and not listed.tradable:
        status = Status.SUSPENDED
    interval_h = NAN if dated else INTERVAL_H
    return Instrument(
        venue=NAME,
        symbol=name,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        rate_kind=rate_kind,
        interval_h=interval_h,
        expiry_ms=listed.expiry_timestamp_ms if listed is not None and dated else None,
        notes=() if dated else (Note.NEXT_FUNDING_INFERRED,),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per derivative of `get-tickers`, with a rate where it has been asked; spot pairs are none of ours."""
    need(parts, "get-tickers")
    tickers: Rows[TickerRow] = parts["get-tickers"]
    listed: Mapping[str, ListedRow] = parts.get("get-instruments", {})
    fixed: Mapping[str, float] = parts.get("get-valuations:funding_rate", {})
    estimated: Mapping[str, float] = parts.get("get-valuations:estimated_funding_rate", {})
    marks: Mapping[str, float] = parts.get("get-valuations:mark_price", {})
    indices: Mapping[str, float] = parts.get("get-valuations:index_price", {})
    settled: Mapping[str, float] = parts.get("get-valuations:funding_hist", {})
    next_ms = next_on_grid(observed_ms, INTERVAL_H)

    def quote(row: TickerRow) -> Quote | None:
        name = row.i
        if "-" not in name:
            return None
        # The rate of the running four-hour block is fixed; the estimate is of the block after it.
        kind = RateKind.PREDICTED if name in estimated and name not in fixed else RateKind.LOCKED
        contract = _contract(name, listed.get(name), kind)
        dated = contract.status is Status.DATED
        rate = NAN if dated else check_rate(fixed.get(name, estimated.get(name, NAN)))
        mark = positive(marks.get(name))
        last, oi_base = positive(row.a), amount(row.oi)
        return Quote(
            contract,
            observed_ms,
            rate,
            None if dated else next_ms,
            mark,
            positive(indices.get(name)),
            last,
            NAN,
            oi_base,
            oi_base * (last if mark != mark else mark),
            amount(row.vv),
            settled.get(name, NAN),
            bid=positive(row.b),
            ask=positive(row.k),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, tickers.good, quote, rejected=tickers.rejected)


def _history_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path="/exchange/v1/public/get-valuations",
        params=(
            ("instrument_name", symbol),
            ("valuation_type", "funding_hist"),
            ("count", str(HISTORY_LIMIT)),
            ("start_ts", str(start_ms)),
            ("end_ts", str(end_ms)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: Valuation) -> Settlement:
        return Settlement(
            venue=NAME, symbol=symbol, time_ms=settlement_ms(row.t), rate=check_rate(row.v), interval_h=INTERVAL_H
        )

    return settlements(_valuations(_data(body), empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    window_end_ms = int(dict(request.params)["end_ts"])
    older_ms = older_window(rows, start_ms, window_end_ms) if len(rows) >= HISTORY_LIMIT else None
    return None if older_ms is None else _history_window(symbol, start_ms, older_ms)


def _valuation(kind: str, every_s: float) -> Endpoint:
    return Endpoint(
        name=f"get-valuations:{kind}",
        path="/exchange/v1/public/get-valuations",
        params=(("instrument_name", "{key}"), ("valuation_type", kind), ("count", "1")),
        decode=decode_newest,
        every_s=every_s,
        keys=watched_perpetuals,
        perishable=kind != "funding_hist",
    )


VENUE = Venue(
    name=NAME,
    title="Crypto.com",
    base_url="https://api.crypto.com",
    endpoints=(
        Endpoint(
            name="get-tickers",
            path="/exchange/v1/public/get-tickers",
            decode=decode_tickers,
            every_s=15,
            required=True,
        ),
        Endpoint(
            name="get-instruments",
            path="/exchange/v1/public/get-instruments",
            decode=decode_instruments,
            every_s=3600,
        ),
        _valuation("funding_rate", 60),
        _valuation("estimated_funding_rate", 120),
        _valuation("mark_price", 60),
        _valuation("index_price", 60),
        _valuation("funding_hist", 600),
    ),
    read=read,
    rule=RULE,
    fees=Fees(),
    budget=Budget(capacity=100, window_s=1),
    judge=judge_by(_data),
    history=History(first=_history_window, read=_history_read, next=_history_next),
    experimental=EXPERIMENTAL,
    source="venue sheet cryptocom",
)
