"""Aster perpetuals, in the wire format of Binance's futures. Wire facts: venue sheet aster."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

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
    Reason,
    Status,
)
from fundtui.venues import _fapi
from fundtui.venues._fapi import PremiumRow, SymbolRow, TickerRow, status_of
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
    interval_from,
    need,
    number,
    positive,
    rate_reasons,
)
from fundtui.venues.spec import Budget, Endpoint, Parts, Venue

NAME = "aster"
QUOTES = ("USDT", "USDC", "USD1", "USDF", "USD")

RULE = FundingRule(
    family=Family.NORMALISED,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.LINEAR,
    source="methodology §2.2, venue sheet aster",
)
NO_INTEREST_RULE = msgspec.structs.replace(RULE, interest_8h=0.0)


class FundingInfoRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `fundingInfo`, which lists every symbol."""

    symbol: str
    fundingIntervalHours: float | None = None
    fundingFeeCap: float | None = None
    fundingFeeFloor: float | None = None


_funding_rows = RowsDecoder(FundingInfoRow)


def decode_funding_info(body: bytes) -> dict[str, FundingInfoRow]:
    _fapi.refuse_error(body)
    return by_key(_funding_rows(body).good, lambda row: row.symbol)


def _base_quote(symbol: str, listed: SymbolRow | None) -> tuple[str, str, str]:
    """Base, quote and margin currency; from the symbol's end only while the catalogue has not come."""
    if listed is not None:
        return listed.baseAsset, listed.quoteAsset, listed.marginAsset
    for quote in QUOTES:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return symbol.removesuffix(quote), quote, quote
    raise BadRow("unknown_quote_currency")


@newest
def _contract(
    symbol: str, listed: SymbolRow | None, info: FundingInfoRow | None, interest: float | None, funded: bool
) -> Instrument:
    check_symbol(symbol)
    base, quoted, margin = _base_quote(symbol, listed)
    traditional = listed is not None and listed.contractType.startswith("TRADIFI")
    identity = identify(base, other_class(base) if traditional else unmarked_class(base))
    # The interest rate of a row is not scaled to its interval here: only `fundingInfo` tells that.
    interval_h = interval_from(number(info.fundingIntervalHours)) if info is not None else NAN
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=margin,
        multiplier=identity.multiplier,
        status=status_of(symbol, listed, funded=funded),
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(info.fundingFeeCap) if info else NAN,
        floor=number(info.fundingFeeFloor) if info else NAN,
        rule=NO_INTEREST_RULE if interest == 0 or symbol == "BNBUSDT" else RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `premiumIndex`, completed from the slower endpoints; open interest is not published."""
    need(parts, "premiumIndex")
    premium: Rows[PremiumRow] = parts["premiumIndex"]
    infos: Mapping[str, FundingInfoRow] = parts.get("fundingInfo", {})
    tickers: Mapping[str, TickerRow] = parts.get("24hr", {})
    symbols: Mapping[str, SymbolRow] = parts.get("exchangeInfo", {})

    def quote(row: PremiumRow) -> Quote:
        symbol, next_ms = row.symbol, row.nextFundingTime
        ticker = tickers.get(symbol)
        contract = _contract(symbol, symbols.get(symbol), infos.get(symbol), row.interestRate, bool(next_ms))
        rate = check_rate(number(row.lastFundingRate)) if next_ms else NAN
        mark, index = positive(row.markPrice), positive(row.indexPrice)
        reasons = rate_reasons(contract, rate)
        # Dormant contracts have no premium at all: their zero is no flat market.
        dormant = rate == 0 and mark == index
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(next_ms, row.time or observed_ms),
            mark,
            index,
            positive(ticker.lastPrice) if ticker is not None else NAN,
            volume_usd=in_usd(amount(ticker.quoteVolume), contract.quote) if ticker is not None else NAN,
            reasons=(*reasons, Reason.ZERO_RATE) if dormant else reasons,
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
    title="Aster",
    base_url="https://fapi.asterdex.com",
    endpoints=(
        Endpoint(
            name="premiumIndex",
            path="/fapi/v1/premiumIndex",
            decode=_fapi.decode_premium,
            weight=10,
            every_s=10,
            required=True,
        ),
        Endpoint(name="fundingInfo", path="/fapi/v1/fundingInfo", decode=decode_funding_info, every_s=60),
        Endpoint(name="24hr", path="/fapi/v1/ticker/24hr", decode=_fapi.decode_tickers, weight=40, every_s=120),
        Endpoint(name="exchangeInfo", path="/fapi/v1/exchangeInfo", decode=_fapi.decode_exchange_info, every_s=3600),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0001, taker=0.00035),
    budget=Budget(capacity=2400, window_s=60, used_header="X-MBX-USED-WEIGHT-1M"),
    judge=_fapi.judge,
    history=_fapi.history(NAME, "/fapi/v1/fundingRate"),
    source="venue sheet aster",
)
