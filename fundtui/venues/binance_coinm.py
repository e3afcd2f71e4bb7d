"""Binance COIN-M perpetuals (dapi). Wire facts: venue sheet binance-coinm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fundtui.market import NAN, Batch, Fees, Instrument, Kind, Note, Quote, Status
from fundtui.units import HOUR_MS
from fundtui.venues import _fapi
from fundtui.venues._fapi import NEVER_MS, PremiumRow, SymbolRow, TickerRow, hour_of_day, interval_hours, status_of
from fundtui.venues._identity import identify
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
from fundtui.venues.binance import RULE, FundingInfoRow
from fundtui.venues.spec import Budget, Endpoint, Parts, Venue, Wanted

NAME = "binance-coinm"

_funding_rows = RowsDecoder(FundingInfoRow)


def decode_funding_info(body: bytes) -> dict[str, FundingInfoRow]:
    """Often empty or `null`: then every contract settles each eight hours."""
    if body.strip() == b"null":
        return {}
    _fapi.refuse_error(body)
    return by_key(_funding_rows(body, empty_ok=True).good, lambda row: row.symbol)


def most_traded(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Perpetuals for the per-symbol open interest: the watched assets first, then the most traded ones."""
    tickers: Mapping[str, TickerRow] = parts.get("24hr", {})
    premium: Rows[PremiumRow] = parts.get("premiumIndex", Rows(()))
    alive = [row.symbol for row in premium.good if row.nextFundingTime]
    watched = {symbol for symbol in alive if symbol.partition("USD")[0] in wanted.assets}
    volume = {symbol: _volume_usd(row) for symbol, row in tickers.items()}
    ranked = sorted(alive, key=lambda symbol: (symbol not in watched, -volume.get(symbol, 0.0), symbol))
    return ranked[: max(wanted.top, len(watched))]


def _volume_usd(ticker: TickerRow) -> float:
    return amount(ticker.baseVolume) * positive(ticker.weightedAvgPrice)


@newest
def _contract(
    symbol: str, listed: SymbolRow | None, info: FundingInfoRow | None, interest: float | None, next_hour: int
) -> Instrument:
    """The instrument. `next_hour` is -1 for rows without a funding time: dated or suspended ones."""
    check_symbol(symbol)
    base, found, _ = symbol.partition("USD")
    base = listed.baseAsset if listed is not None else base
    if not base or (listed is None and not found):
        raise BadRow("unknown_quote_currency")
    identity = identify(base)
    status = status_of(symbol, listed, funded=next_hour >= 0)
    interval_h, inferred = NAN, False
    if status is not Status.DATED and next_hour >= 0:
        stated = info.fundingIntervalHours if info is not None else None
        interval_h, inferred = interval_hours(stated, interest, next_hour * HOUR_MS)
    expiry_ms = listed.deliveryDate if listed is not None and 0 < listed.deliveryDate < NEVER_MS else None
    notes = ((Note.INTERVAL_INFERRED,) if inferred and not math.isnan(interval_h) else ()) + (
        (Note.DELISTING_ANNOUNCED,) if expiry_ms and status is not Status.DATED else ()
    )
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        quote="USD",
        settle=base,
        kind=Kind.INVERSE,
        multiplier=identity.multiplier,
        status=status,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=number(info.adjustedFundingRateCap) if info else NAN,
        floor=number(info.adjustedFundingRateFloor) if info else NAN,
        expiry_ms=expiry_ms,
        notes=notes,
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of `premiumIndex`, completed from the slower endpoints."""
    need(parts, "premiumIndex")
    premium: Rows[PremiumRow] = parts["premiumIndex"]
    infos: Mapping[str, FundingInfoRow] = parts.get("fundingInfo", {})
    tickers: Mapping[str, TickerRow] = parts.get("24hr", {})
    symbols: Mapping[str, SymbolRow] = parts.get("exchangeInfo", {})
    open_interest: Mapping[str, float] = parts.get("openInterest", {})

    def quote(row: PremiumRow) -> Quote:
        symbol, next_ms = row.symbol, row.nextFundingTime
        listed, ticker = symbols.get(symbol), tickers.get(symbol)
        contract = _contract(symbol, listed, infos.get(symbol), row.interestRate, hour_of_day(next_ms))
        rate = check_rate(number(row.lastFundingRate)) if next_ms else NAN
        mark = positive(row.markPrice)
        # Open interest counts contracts of some dollars each: 100 for bitcoin, 10 for the others.
        size = positive(listed.contractSize) if listed is not None else NAN
        oi_usd = open_interest.get(symbol, NAN) * size
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(next_ms, row.time or observed_ms),
            mark,
            positive(row.indexPrice),
            positive(ticker.lastPrice) if ticker is not None else NAN,
            NAN,
            oi_usd / mark,
            oi_usd,
            _volume_usd(ticker) if ticker is not None else NAN,
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, premium.good, quote, rejected=premium.rejected)


VENUE = Venue(
    name=NAME,
    title="Binance COIN-M",
    base_url="https://dapi.binance.com",
    endpoints=(
        Endpoint(
            name="premiumIndex",
            path="/dapi/v1/premiumIndex",
            decode=_fapi.decode_premium_with_blanks,
            weight=10,
            every_s=10,
            required=True,
        ),
        Endpoint(name="fundingInfo", path="/dapi/v1/fundingInfo", decode=decode_funding_info, every_s=300),
        Endpoint(name="24hr", path="/dapi/v1/ticker/24hr", decode=_fapi.decode_tickers, weight=40, every_s=120),
        Endpoint(name="exchangeInfo", path="/dapi/v1/exchangeInfo", decode=_fapi.decode_exchange_info, every_s=3600),
        Endpoint(
            name="openInterest",
            path="/dapi/v1/openInterest",
            decode=_fapi.decode_open_interest,
            params=(("symbol", "{key}"),),
            every_s=60,
            keys=most_traded,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0001, taker=0.0005),
    budget=Budget(capacity=2400, window_s=60, used_header="X-MBX-USED-WEIGHT-1M"),
    judge=_fapi.judge,
    history=_fapi.history(NAME, "/dapi/v1/fundingRate"),
    premium_history=_fapi.premium_history("/dapi/v1/premiumIndexKlines"),
    source="venue sheet binance-coinm",
)
