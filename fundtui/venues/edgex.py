"""edgeX (V2) perpetuals. Wire facts: venue sheet edgex.

Three fields look like the rate: `forecastFundingRate` is the prediction for the running interval, `fundingRate` was
applied at its start, `predictedFundingRate` is the interest part alone and is not read.
"""

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
    Settlement,
    Status,
    unknown_rule,
)
from fundtui.text import is_symbol
from fundtui.venues._identity import identify, in_usd, other_class, unmarked_class
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
    interval_from,
    judge_by,
    need,
    number,
    older_window,
    positive,
    rate_reasons,
    settlement_ms,
    venue_error,
)
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, History, HistoryRequest, Parts, Venue, Wanted

NAME = "edgex"
RULE = unknown_rule(
    "venue sheet edgex: the width of the clamp is not stated, and recorded forecasts do not follow from the "
    "recorded average premiums",
    interest_8h=0.0003 / 3,
)
HISTORY_LIMIT = 100
MINUTE_MS = 60_000
FAULTS = {"TOO_MANY_REQUESTS": Fault.RATE_LIMITED, "RATE_LIMIT": Fault.RATE_LIMITED}


class RateRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `getLatestFundingRate`. `fundingTime` is the start of the running interval."""

    contractId: str
    fundingTime: int
    forecastFundingRate: float | None = None
    fundingRate: float | None = None
    fundingRateIntervalMin: float | None = None
    markPrice: float | None = None
    indexPrice: float | None = None
    impactBidPrice: float | None = None
    impactAskPrice: float | None = None


class ContractRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `getMetaData.contractList`."""

    contractId: str
    contractName: str
    baseCoinId: str
    quoteCoinId: str
    enableTrade: bool = True
    enableDisplay: bool = True
    enableOpenPosition: bool = True
    fundingMaxRate: float | None = None
    fundingMinRate: float | None = None
    isStock: bool = False
    isFx: bool = False


class CoinRow(msgspec.Struct, frozen=True, gc=False):
    coinId: str
    coinName: str


class MetaData(msgspec.Struct, frozen=True):
    contractList: msgspec.Raw
    coinList: msgspec.Raw


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `getTicker`. Open interest in base units, `value` is the day's volume in the quote currency."""

    contractId: str
    lastPrice: float | None = None
    openInterest: float | None = None
    value: float | None = None


class SettledRow(msgspec.Struct, frozen=True, gc=False):
    contractId: str
    fundingTime: int
    fundingRate: float
    fundingRateIntervalMin: float | None = None
    indexPrice: float | None = None


class SettledPage(msgspec.Struct, frozen=True):
    dataList: msgspec.Raw = NULL


class Envelope(msgspec.Struct, frozen=True):
    code: str
    data: msgspec.Raw = NULL
    msg: str | None = None


class Catalogue(msgspec.Struct, frozen=True):
    """Contracts by id, and the names of the coins that they speak of."""

    contracts: Mapping[str, ContractRow]
    coins: Mapping[str, str]


_envelope = Decoder(Envelope)
_meta = Decoder(MetaData)
_contract_rows = RowsDecoder(ContractRow)
_coin_rows = RowsDecoder(CoinRow)
_rate_rows = RowsDecoder(RateRow)
_ticker_rows = RowsDecoder(TickerRow)
_settled_page = Decoder(SettledPage)
_settled_rows = RowsDecoder(SettledRow)


def _data(body: bytes) -> msgspec.Raw:
    """The data of an answer. Raises BadAnswer for a code other than SUCCESS, which comes with HTTP 200."""
    envelope = _envelope(body)
    if envelope.code != "SUCCESS":
        raise venue_error(envelope.code, envelope.msg, FAULTS)
    return envelope.data


def decode_rates(body: bytes) -> Rows[RateRow]:
    """An empty list is what the former host answers since it was left behind: never good."""
    return _rate_rows(_data(body))


def decode_meta(body: bytes) -> Catalogue:
    meta = _meta(_data(body))
    return Catalogue(
        by_key(_contract_rows(meta.contractList).good, lambda row: row.contractId),
        {row.coinId: row.coinName for row in _coin_rows(meta.coinList).good},
    )


def decode_ticker(body: bytes) -> TickerRow:
    rows = _ticker_rows(_data(body)).good
    if len(rows) != 1:
        raise BadAnswer(Fault.WRONG_SHAPE, f"{len(rows)} rows for one contract")
    return rows[0]


def all_ids(parts: Parts, _wanted: Wanted) -> Sequence[str]:
    """One key: the ids of all contracts, joined; the rates of all come in one answer."""
    catalogue: Catalogue | None = parts.get("getMetaData")
    return (",".join(catalogue.contracts),) if catalogue is not None else ()


def watched_ids(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Ids of the watched assets' contracts: tickers have no bulk form."""
    catalogue: Catalogue | None = parts.get("getMetaData")
    if catalogue is None:
        return ()
    coins = catalogue.coins
    return [one for one, row in catalogue.contracts.items() if coins.get(row.baseCoinId) in wanted.assets]


def _class(base: str, row: ContractRow) -> AssetClass:
    if row.isFx:
        return AssetClass.FX
    return other_class(base) if row.isStock else unmarked_class(base)


@newest
def _contract(contract_id: str, row: ContractRow, base: str, quoted: str, interval_h: float) -> Instrument:
    """Names outside ASCII (`哈基米USDC`) give way to the coin's own name in the coin list (`HAJIMI`)."""
    identity = identify(base, _class(base, row))
    name = row.contractName if is_symbol(row.contractName) else base + quoted
    leaving = not (row.enableDisplay and row.enableOpenPosition and row.enableTrade)
    return Instrument(
        venue=NAME,
        symbol=name,
        native_id=contract_id,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=quoted,
        settle=quoted,
        multiplier=identity.multiplier,
        status=Status.TRADING if row.enableTrade and row.enableOpenPosition else Status.SUSPENDED,
        rate_period_h=interval_h,
        interval_h=interval_h,
        cap=positive(row.fundingMaxRate),
        floor=number(row.fundingMinRate),
        notes=(Note.DELISTING_ANNOUNCED,) if leaving else (),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per row of the rates; a contract that the catalogue does not know has no name and is dropped."""
    need(parts, "getMetaData")
    catalogue: Catalogue = parts["getMetaData"]
    answers: Mapping[str, Rows[RateRow]] = parts.get("getLatestFundingRate", {})
    tickers: Mapping[str, TickerRow] = {row.contractId: row for row in parts.get("getTicker", {}).values()}

    def quote(row: RateRow) -> Quote:
        listed = catalogue.contracts.get(row.contractId)
        if listed is None:
            raise BadRow("unknown_contract")
        base, quoted = catalogue.coins.get(listed.baseCoinId), catalogue.coins.get(listed.quoteCoinId)
        if base is None or quoted is None:
            raise BadRow("unknown_coin")
        interval_h = interval_from(number(row.fundingRateIntervalMin) / 60)
        contract = _contract(row.contractId, listed, base, quoted, interval_h)
        rate = check_rate(number(row.forecastFundingRate))
        mark = positive(row.markPrice)
        ticker = tickers.get(row.contractId)
        oi_base = amount(ticker.openInterest) if ticker else NAN
        known = interval_h == interval_h
        next_ms = row.fundingTime + round(interval_h * 60) * MINUTE_MS if known else None
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(next_ms, observed_ms),
            mark,
            positive(row.indexPrice),
            positive(ticker.lastPrice) if ticker else NAN,
            oi_base=oi_base,
            oi_usd=in_usd(oi_base * mark, quoted),
            volume_usd=in_usd(amount(ticker.value), quoted) if ticker else NAN,
            settled_rate=check_rate(number(row.fundingRate)),
            bid=positive(row.impactBidPrice),
            ask=positive(row.impactAskPrice),
            reasons=rate_reasons(contract, rate),
        )

    rows = [row for answer in answers.values() for row in answer.good]
    return batch(NAME, observed_ms, rows, quote, rejected=sum(answer.rejected for answer in answers.values()))


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """`symbol` is the contract id here, an instrument's `native_id`. Unfiltered, rows would come every minute."""
    return HistoryRequest(
        path="/api/v2/public/funding/getFundingRatePage",
        params=(
            ("contractId", symbol),
            ("size", str(HISTORY_LIMIT)),
            ("filterSettlementFundingRate", "true"),
            ("filterBeginTimeInclusive", str(start_ms)),
            ("filterEndTimeExclusive", str(end_ms)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    page = _settled_page(_data(body))
    return tuple(
        Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.fundingTime),
            rate=row.fundingRate,
            interval_h=number(row.fundingRateIntervalMin) / 60,
            price=positive(row.indexPrice),
        )
        for row in _settled_rows(page.dataList, empty_ok=True).good
        if row.contractId == symbol
    )


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """Newest first."""
    until_ms = int(dict(request.params)["filterEndTimeExclusive"])
    before_ms = older_window(rows, start_ms, until_ms) if len(rows) >= HISTORY_LIMIT else None
    return _history_first(symbol, start_ms, before_ms) if before_ms is not None else None


VENUE = Venue(
    name=NAME,
    title="edgeX",
    base_url="https://edgex-prod-v2.edgex.exchange",
    endpoints=(
        Endpoint(name="getMetaData", path="/api/v2/public/meta/getMetaData", decode=decode_meta, every_s=3600),
        Endpoint(
            name="getLatestFundingRate",
            path="/api/v2/public/funding/getLatestFundingRate",
            params=(("contractId", "{key}"),),
            decode=decode_rates,
            every_s=20,
            required=True,
            keys=all_ids,
        ),
        Endpoint(
            name="getTicker",
            path="/api/v2/public/quote/getTicker",
            params=(("contractId", "{key}"),),
            decode=decode_ticker,
            every_s=60,
            perishable=True,
            keys=watched_ids,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0004, taker=0.00045),
    budget=Budget(capacity=120, window_s=60),
    judge=judge_by(_data),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet edgex",
)
