"""BingX perpetuals settled in USDT and USDC (swap v2). Wire facts: venue sheet bingx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    Note,
    Quote,
    Settlement,
    Status,
)
from fundtui.venues._identity import identify, in_usd
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
    older_window,
    positive,
    rate_reasons,
    settlement_ms,
    settlements,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue, Wanted

NAME = "bingx"
HISTORY_LIMIT = 1000

RULE = FundingRule(
    family=Family.PER_INTERVAL,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.UNIFORM,
    source="methodology §2.2, venue sheet bingx",
)
CLASSES = {
    "NCSK": AssetClass.EQUITY,
    "NCFX": AssetClass.FX,
    "NCCO": AssetClass.COMMODITY,
    "NCSI": AssetClass.INDEX,
}
"""How the base of a traditional asset starts; it ends in `2USD`: `NCCOGOLD2USD` is gold."""

STATUSES = {1: Status.TRADING, 25: Status.SUSPENDED, 5: Status.PRELAUNCH, 0: Status.DELISTED}


class PremiumRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `premiumIndex`. `updateTime` is the last settlement, no freshness, and is not read."""

    symbol: str
    markPrice: float | None = None
    indexPrice: float | None = None
    lastFundingRate: float | None = None
    nextFundingTime: int | None = None
    fundingIntervalHours: float | None = None
    minFundingRate: float | None = None
    maxFundingRate: float | None = None


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `ticker`."""

    symbol: str
    lastPrice: float | None = None
    quoteVolume: float | None = None
    bidPrice: float | None = None
    askPrice: float | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `contracts`."""

    symbol: str
    status: int = 1
    offTime: int | None = None


class OpenInterest(msgspec.Struct, frozen=True, gc=False):
    openInterest: float | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    fundingRate: float
    fundingTime: int
    markPrice: float | None = None


class Envelope(msgspec.Struct, frozen=True):
    code: int = 0
    msg: str | None = None
    data: msgspec.Raw = NULL


FAULTS = {"100410": Fault.RATE_LIMITED, "109415": Fault.MAINTENANCE, "100503": Fault.MAINTENANCE}

_envelope = Decoder(Envelope)
_premium_rows = RowsDecoder(PremiumRow)
_ticker_rows = RowsDecoder(TickerRow)
_listed_rows = RowsDecoder(ListedRow)
_open_interest = Decoder(OpenInterest)
_history_rows = RowsDecoder(HistoryRow)


def _data(body: bytes) -> msgspec.Raw:
    envelope = _envelope(body)
    if envelope.code != 0:
        raise venue_error(envelope.code, envelope.msg, FAULTS)
    return envelope.data


def decode_premium(body: bytes) -> Rows[PremiumRow]:
    return _premium_rows(_data(body))


def decode_tickers(body: bytes) -> dict[str, TickerRow]:
    return by_key(_ticker_rows(_data(body)).good, lambda row: row.symbol)


def decode_contracts(body: bytes) -> dict[str, ListedRow]:
    return by_key(_listed_rows(_data(body)).good, lambda row: row.symbol)


def decode_open_interest(body: bytes) -> float:
    """Open interest in the quote currency."""
    return amount(_open_interest(_data(body)).openInterest)


def most_traded(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Symbols for the per-symbol open interest: the watched assets first, then the most traded ones."""
    premium: Rows[PremiumRow] = parts.get("premiumIndex", Rows(()))
    tickers: Mapping[str, TickerRow] = parts.get("ticker", {})
    volume = {symbol: amount(row.quoteVolume) for symbol, row in tickers.items()}
    symbols = [row.symbol for row in premium.good]
    watched = {symbol for symbol in symbols if symbol.partition("-")[0] in wanted.assets}
    ranked = sorted(symbols, key=lambda symbol: (symbol not in watched, -volume.get(symbol, 0.0), symbol))
    return ranked[: max(wanted.top, len(watched))]


@newest
def _contract(
    symbol: str, listed: ListedRow | None, interval: float | None, cap: float | None, floor: float | None
) -> Instrument:
    check_symbol(symbol)
    base, _, quoted = symbol.rpartition("-")
    if not base:
        raise BadRow("unknown_quote_currency")
    asset_class = CLASSES.get(base[:4], AssetClass.CRYPTO)
    if asset_class is not AssetClass.CRYPTO:
        base = base[4:].removesuffix("2USD") or base
    identity = identify(base, asset_class)
    interval_h = interval_from(number(interval))
    off_ms = listed.offTime if listed is not None else None
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=STATUSES.get(listed.status, Status.SUSPENDED) if listed is not None else Status.TRADING,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(cap),
        floor=number(floor),
        expiry_ms=off_ms or None,
        notes=(Note.DELISTING_ANNOUNCED,) if off_ms else (),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `premiumIndex`, completed from the other endpoints, and per listed contract not trading."""
    need(parts, "premiumIndex")
    premium: Rows[PremiumRow] = parts["premiumIndex"]
    tickers: Mapping[str, TickerRow] = parts.get("ticker", {})
    listed: Mapping[str, ListedRow] = parts.get("contracts", {})
    open_interest: Mapping[str, float] = parts.get("openInterest", {})

    def quote(row: PremiumRow) -> Quote:
        symbol = row.symbol
        contract = _contract(
            symbol, listed.get(symbol), row.fundingIntervalHours, row.maxFundingRate, row.minFundingRate
        )
        rate = check_rate(number(row.lastFundingRate))
        ticker = tickers.get(symbol)
        mark = positive(row.markPrice)
        # The only one of the venues that counts it in the quote currency.
        oi_quote = open_interest.get(symbol, NAN)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(row.nextFundingTime, observed_ms),
            mark,
            positive(row.indexPrice),
            positive(ticker.lastPrice) if ticker is not None else NAN,
            NAN,
            oi_quote / mark,
            in_usd(oi_quote, contract.quote),
            in_usd(amount(ticker.quoteVolume), contract.quote) if ticker is not None else NAN,
            bid=positive(ticker.bidPrice) if ticker is not None else NAN,
            ask=positive(ticker.askPrice) if ticker is not None else NAN,
            reasons=rate_reasons(contract, rate),
        )

    known = {row.symbol for row in premium.good}
    idle = [PremiumRow(symbol) for symbol, row in listed.items() if symbol not in known and row.status != 1]
    return batch(NAME, observed_ms, [*premium.good, *idle], quote, rejected=premium.rejected)


def _history_window(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    return HistoryRequest(
        path="/openApi/swap/v2/quote/fundingRate",
        params=(
            ("symbol", symbol),
            ("startTime", str(start_ms)),
            ("endTime", str(end_ms)),
            ("limit", str(HISTORY_LIMIT)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    def settlement(row: HistoryRow) -> Settlement | None:
        if row.symbol != symbol:
            return None
        return Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.fundingTime),
            rate=check_rate(row.fundingRate),
            price=positive(row.markPrice),
        )

    return settlements(_history_rows(_data(body), empty_ok=True).good, settlement)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    window_end_ms = int(dict(request.params)["endTime"])
    older_ms = older_window(rows, start_ms, window_end_ms) if len(rows) >= HISTORY_LIMIT else None
    return None if older_ms is None else _history_window(symbol, start_ms, older_ms)


VENUE = Venue(
    name=NAME,
    title="BingX",
    base_url="https://open-api.bingx.com",
    endpoints=(
        Endpoint(
            name="premiumIndex",
            path="/openApi/swap/v2/quote/premiumIndex",
            decode=decode_premium,
            every_s=10,
            required=True,
        ),
        Endpoint(name="ticker", path="/openApi/swap/v2/quote/ticker", decode=decode_tickers, every_s=30),
        Endpoint(name="contracts", path="/openApi/swap/v2/quote/contracts", decode=decode_contracts, every_s=3600),
        Endpoint(
            name="openInterest",
            path="/openApi/swap/v2/quote/openInterest",
            params=(("symbol", "{key}"),),
            decode=decode_open_interest,
            every_s=60,
            keys=most_traded,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0005),
    budget=Budget(capacity=500, window_s=10, remaining_header="X-RateLimit-Requests-Remain"),
    judge=judge_by(_data),
    history=History(first=_history_window, read=_history_read, next=_history_next),
    source="venue sheet bingx",
)
