"""Pacifica perpetuals (Solana). Wire facts: venue sheet pacifica.

`funding` is already fixed for the payment at the coming full hour, so it is LOCKED; `next_funding` is about the hour
after that one and is not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fundtui.market import (
    NAN,
    Averaging,
    Batch,
    Family,
    Fees,
    FundingRule,
    Instrument,
    Note,
    Quote,
    RateKind,
    Settlement,
)
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    NULL,
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
    by_key,
    check_rate,
    check_symbol,
    judge_by,
    next_on_grid,
    number,
    positive,
    rate_reasons,
    venue_error,
)
from fundtui.venues.spec import Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue

NAME = "pacifica"
HOURLY_CAP = 0.04
HISTORY_LIMIT = 4000
SPOT_SEPARATOR = "-"

RULE = FundingRule(
    family=Family.NORMALISED,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.UNIFORM,
    cap=HOURLY_CAP,
    floor=-HOURLY_CAP,
    source="methodology §2.2, venue sheet pacifica",
)
FAULTS = {"429": Fault.RATE_LIMITED}


class PriceRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `info/prices`. Open interest in base units, whatever the documentation says."""

    symbol: str
    funding: float | None = None
    mark: float | None = None
    oracle: float | None = None
    open_interest: float | None = None
    volume_24h: float | None = None


class InfoRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `info`."""

    symbol: str
    instrument_type: str = "perpetual"
    isolated_only: bool = False


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    funding_rate: float
    created_at: int
    oracle_price: float | None = None
    bid_impact_price: float | None = None
    ask_impact_price: float | None = None


class Envelope(msgspec.Struct, frozen=True):
    success: bool
    data: msgspec.Raw = NULL
    error: str | None = None
    code: int | str | None = None


_envelope = Decoder(Envelope)
_price_rows = RowsDecoder(PriceRow)
_info_rows = RowsDecoder(InfoRow)
_history_rows = RowsDecoder(HistoryRow)


def _data(body: bytes) -> msgspec.Raw:
    """The rows of an answer. Raises BadAnswer for `{"success": false, ...}`."""
    envelope = _envelope(body)
    if not envelope.success:
        raise venue_error(envelope.code, envelope.error, FAULTS)
    return envelope.data


def decode_prices(body: bytes) -> Rows[PriceRow]:
    return _price_rows(_data(body))


def decode_info(body: bytes) -> dict[str, InfoRow]:
    return by_key(_info_rows(_data(body)).good, lambda row: row.symbol)


@newest
def _contract(symbol: str, isolated: bool) -> Instrument:
    identity = identify(check_symbol(symbol), unmarked_class(symbol))
    return Instrument(
        venue=NAME,
        symbol=symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote="USDC",
        settle="USDC",
        multiplier=identity.multiplier,
        rate_period_h=1.0,
        rate_kind=RateKind.LOCKED,
        interval_h=1.0,
        cap=HOURLY_CAP,
        floor=-HOURLY_CAP,
        notes=(Note.NEXT_FUNDING_INFERRED,) + ((Note.ISOLATED_ONLY,) if isolated else ()),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per perpetual; spot pairs are none of ours."""
    prices: Rows[PriceRow] = parts["prices"]
    infos: Mapping[str, InfoRow] = parts.get("info", {})
    next_ms = next_on_grid(observed_ms, 1.0)

    def quote(row: PriceRow) -> Quote | None:
        listed = infos.get(row.symbol)
        # Perpetuals have bare names, so that spot pairs are known before the catalogue has come.
        if SPOT_SEPARATOR in row.symbol if listed is None else listed.instrument_type != "perpetual":
            check_symbol(row.symbol)
            return None
        contract = _contract(row.symbol, listed is not None and listed.isolated_only)
        rate = check_rate(number(row.funding))
        mark, oi_base = positive(row.mark), amount(row.open_interest)
        return Quote(
            contract,
            observed_ms,
            rate,
            next_ms,
            mark,
            positive(row.oracle),
            oi_base=oi_base,
            oi_usd=oi_base * mark,
            volume_usd=amount(row.volume_24h),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, prices.good, quote, rejected=prices.rejected)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """The newest rows: the venue takes no window."""
    return HistoryRequest(
        path="/api/v1/funding_rate/history", params=(("symbol", symbol), ("limit", str(HISTORY_LIMIT))), weight=90
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    """Times come about half a second after the hour. The premium follows from the impact prices (methodology §2.1)."""
    return tuple(
        Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=row.created_at // HOUR_MS * HOUR_MS,
            rate=row.funding_rate,
            interval_h=1.0,
            premium=_premium(
                positive(row.bid_impact_price), positive(row.ask_impact_price), positive(row.oracle_price)
            ),
            price=positive(row.oracle_price),
        )
        for row in _history_rows(_data(body), empty_ok=True).good
    )


def _premium(bid: float, ask: float, oracle: float) -> float:
    if bid != bid or ask != ask:
        return NAN
    return (max(0.0, bid - oracle) - max(0.0, oracle - ask)) / oracle


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """Further pages need the cursor of the last one, and cost most of a minute's credits: one page is all."""
    return None


VENUE = Venue(
    name=NAME,
    title="Pacifica",
    base_url="https://api.pacifica.fi",
    endpoints=(
        Endpoint(
            name="prices",
            path="/api/v1/info/prices",
            decode=decode_prices,
            weight=10,
            every_s=20,
            required=True,
        ),
        Endpoint(name="info", path="/api/v1/info", decode=decode_info, weight=10, every_s=3600),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.00015, taker=0.0004),
    budget=Budget(capacity=100, window_s=60),
    judge=judge_by(_data),
    history=History(first=_history_first, read=_history_read, next=_history_next, depth_h=float(HISTORY_LIMIT)),
    source="venue sheet pacifica",
)
