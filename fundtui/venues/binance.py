"""Binance USD-M perpetuals (fapi). Wire facts: venue sheet binance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain

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
    Status,
)
from fundtui.units import HOUR_MS
from fundtui.venues import _fapi
from fundtui.venues._fapi import NEVER_MS, PremiumRow, SymbolRow, TickerRow, hour_of_day, interval_hours, status_of
from fundtui.venues._identity import identify, in_usd, other_class, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    BadRow,
    Rows,
    RowsDecoder,
    amount,
    batch,
    by_key,
    check_next,
    check_rate,
    check_symbol,
    need,
    number,
    positive,
    rate_reasons,
)
from fundtui.venues.spec import (
    Budget,
    Endpoint,
    Parts,
    Venue,
    Wanted,
)

NAME = "binance"
QUOTES = ("USDT", "USDC", "FDUSD", "BFUSD", "USD1", "BTC", "ETH")
"""How a symbol ends -> its quote currency, for use until the catalogue has come."""

RULE = FundingRule(
    family=Family.NORMALISED,
    interest_8h=_fapi.INTEREST_8H,
    damper=0.0005,
    averaging=Averaging.LINEAR,
    source="methodology §2.2 (from 2025-09-18), venue sheet binance",
)
NO_INTEREST_RULE = msgspec.structs.replace(RULE, interest_8h=0.0)
NO_INTEREST_SYMBOLS = frozenset({"BNBUSDT", "ETHBTC"})


class FundingInfoRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `fundingInfo`."""

    symbol: str
    fundingIntervalHours: float | None = None
    adjustedFundingRateCap: float | None = None
    adjustedFundingRateFloor: float | None = None


_funding_rows = RowsDecoder(FundingInfoRow)


def decode_funding_info(body: bytes) -> dict[str, FundingInfoRow]:
    _fapi.refuse_error(body)
    return by_key(_funding_rows(body).good, lambda row: row.symbol)


def most_traded(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Symbols for the per-symbol open interest: the watched assets first, then the most traded ones."""
    tickers: Mapping[str, TickerRow] = parts.get("24hr", {})
    premium: Rows[PremiumRow] = parts.get("premiumIndex", Rows(()))
    alive = [row.symbol for row in premium.good if row.nextFundingTime]
    volume = {symbol: amount(row.quoteVolume) for symbol, row in tickers.items()}
    watched = {symbol for symbol in alive if _asset_of(symbol) in wanted.assets}
    ranked = sorted(alive, key=lambda symbol: (symbol not in watched, -volume.get(symbol, 0.0), symbol))
    return ranked[: max(wanted.top, len(watched))]


def _asset_of(symbol: str) -> str:
    try:
        return identify(_base_quote(symbol, None)[0]).asset
    except BadRow:
        return ""


def _base_quote(symbol: str, listed: SymbolRow | None) -> tuple[str, str, str]:
    """Base, quote and margin currency; from the symbol's end only while the catalogue has not come."""
    if listed is not None:
        return listed.baseAsset, listed.quoteAsset, listed.marginAsset
    name = symbol.partition("_")[0]
    for quote in QUOTES:
        if name.endswith(quote) and len(name) > len(quote):
            return name.removesuffix(quote), quote, quote
    raise BadRow("unknown_quote_currency")


def _asset_class(base: str, listed: SymbolRow | None) -> AssetClass:
    if listed is None:
        return unmarked_class(base)
    if listed.underlyingType == "INDEX":
        return AssetClass.INDEX
    return other_class(base) if listed.contractType == "TRADIFI_PERPETUAL" else AssetClass.CRYPTO


@newest
def _contract(
    symbol: str, listed: SymbolRow | None, info: FundingInfoRow | None, interest: float | None, next_hour: int
) -> Instrument:
    """The instrument. `next_hour` is -1 for rows without a funding time: dated or suspended ones."""
    check_symbol(symbol)
    base, quoted, margin = _base_quote(symbol, listed)
    funded = next_hour >= 0
    status = status_of(symbol, listed, funded=funded)
    identity = identify(base, _asset_class(base, listed))
    interval_h, inferred = NAN, False
    if status is not Status.DATED and funded:
        stated = info.fundingIntervalHours if info is not None else None
        interval_h, inferred = interval_hours(stated, interest, next_hour * HOUR_MS)
    delisting = listed is not None and 0 < listed.deliveryDate < NEVER_MS
    notes = ((Note.INTERVAL_INFERRED,) if inferred and not math.isnan(interval_h) else ()) + (
        (Note.DELISTING_ANNOUNCED,) if delisting and status is not Status.DATED else ()
    )
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=margin,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(info.adjustedFundingRateCap) if info else NAN,
        floor=number(info.adjustedFundingRateFloor) if info else NAN,
        expiry_ms=listed.deliveryDate if listed is not None and delisting else None,
        notes=notes,
        rule=NO_INTEREST_RULE if interest == 0 or symbol in NO_INTEREST_SYMBOLS else RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `premiumIndex`, completed from the slower endpoints, and per listed contract not trading."""
    need(parts, "premiumIndex")
    premium: Rows[PremiumRow] = parts["premiumIndex"]
    infos: Mapping[str, FundingInfoRow] = parts.get("fundingInfo", {})
    tickers: Mapping[str, TickerRow] = parts.get("24hr", {})
    symbols: Mapping[str, SymbolRow] = parts.get("exchangeInfo", {})
    open_interest: Mapping[str, float] = parts.get("openInterest", {})

    def quote(row: PremiumRow) -> Quote:
        symbol, next_ms = row.symbol, row.nextFundingTime
        contract = _contract(symbol, symbols.get(symbol), infos.get(symbol), row.interestRate, hour_of_day(next_ms))
        rate = check_rate(number(row.lastFundingRate)) if next_ms else NAN
        ticker = tickers.get(symbol)
        mark = positive(row.markPrice)
        oi_base = open_interest.get(symbol, NAN)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(next_ms, row.time or observed_ms),
            mark,
            positive(row.indexPrice),
            positive(ticker.lastPrice) if ticker else NAN,
            NAN,
            oi_base,
            in_usd(oi_base * mark, contract.quote),
            in_usd(amount(ticker.quoteVolume), contract.quote) if ticker else NAN,
            reasons=rate_reasons(contract, rate),
        )

    known = {row.symbol for row in premium.good}
    idle = [
        PremiumRow(symbol=symbol)
        for symbol, listed in symbols.items()
        if symbol not in known and status_of(symbol, listed, funded=True) is not Status.TRADING
    ]
    return batch(NAME, observed_ms, chain(premium.good, idle), quote, rejected=premium.rejected)


VENUE = Venue(
    name=NAME,
    title="Binance USD-M",
    base_url="https://fapi.binance.com",
    endpoints=(
        Endpoint(
            name="premiumIndex",
            path="/fapi/v1/premiumIndex",
            decode=_fapi.decode_premium,
            weight=10,
            every_s=10,
            required=True,
        ),
        Endpoint(name="fundingInfo", path="/fapi/v1/fundingInfo", decode=decode_funding_info, weight=1, every_s=300),
        Endpoint(name="24hr", path="/fapi/v1/ticker/24hr", decode=_fapi.decode_tickers, weight=40, every_s=120),
        Endpoint(name="exchangeInfo", path="/fapi/v1/exchangeInfo", decode=_fapi.decode_exchange_info, every_s=3600),
        Endpoint(
            name="openInterest",
            path="/fapi/v1/openInterest",
            decode=_fapi.decode_open_interest,
            params=(("symbol", "{key}"),),
            every_s=60,
            keys=most_traded,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0005),
    budget=Budget(capacity=2400, window_s=60, used_header="X-MBX-USED-WEIGHT-1M"),
    judge=_fapi.judge,
    history=_fapi.history(NAME, "/fapi/v1/fundingRate"),
    premium_history=_fapi.premium_history("/fapi/v1/premiumIndexKlines"),
    source="venue sheet binance",
)
