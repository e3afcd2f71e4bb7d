"""ApeX Omni perpetuals. Wire facts: venue sheet apex.

There is no bulk form: tickers are asked one by one, for the watched assets only. `fundingRate` is the prediction;
`predictedFundingRate` is the interest part alone and is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fundtui.market import (
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
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify, other_class
from fundtui.venues._newest import newest
from fundtui.venues._wire import (
    NULL,
    BadRow,
    Decoder,
    RowsDecoder,
    amount,
    batch,
    blank_as_null,
    check_next,
    check_rate,
    check_symbol,
    iso_ms,
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

NAME = "apex"
RULE = unknown_rule("venue sheet apex: interest and cap, but not how the premium enters", interest_8h=0.0003 / 3)
HISTORY_LIMIT = 100
UNWATCHED = ("BTCUSDT",)
"""Asked while nothing is watched, so that the venue's state can be seen at all."""
CLASSES = {"STOCK": AssetClass.EQUITY, "COMMODITY": AssetClass.COMMODITY, "INDEX": AssetClass.INDEX}


class ContractRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of the lists in `contractConfig`. Tickers go by `crossSymbolName`, the history by `symbol`."""

    symbol: str
    crossSymbolName: str
    baseTokenId: str
    settleAssetId: str
    enableTrade: bool = True
    enableDisplay: bool = True
    enableOpenPosition: bool = True
    isPrelaunch: bool = False
    fundingMaxRate: float | None = None
    fundingMinRate: float | None = None
    category: str | None = None


class ContractLists(msgspec.Struct, frozen=True):
    """Prediction markets have a list of their own, which is not read: they pay no funding."""

    perpetualContract: msgspec.Raw = NULL
    prelaunchContract: msgspec.Raw = NULL
    stockContract: msgspec.Raw = NULL


class Symbols(msgspec.Struct, frozen=True):
    contractConfig: ContractLists


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """The one row of `ticker`. Open interest in base units, turnover in the quote currency."""

    symbol: str
    fundingRate: float | None = None
    nextFundingTime: str | None = None
    markPrice: float | None = None
    indexPrice: float | None = None
    lastPrice: float | None = None
    openInterest: float | None = None
    turnover24h: float | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    rate: float
    fundingTime: int
    price: float | None = None


class HistoryPage(msgspec.Struct, frozen=True):
    historyFunds: msgspec.Raw = NULL


class Envelope(msgspec.Struct, frozen=True):
    data: msgspec.Raw = NULL
    code: int | str | None = None
    msg: str = ""


class Listed(msgspec.Struct, frozen=True):
    """A contract of the catalogue, and whether the list it is on is that of shares and commodities."""

    row: ContractRow
    traditional: bool


_envelope = Decoder(Envelope)
_symbols = Decoder(Symbols)
_contract_rows = RowsDecoder(ContractRow)
_ticker_rows = RowsDecoder(TickerRow)
_history_page = Decoder(HistoryPage)
_history_rows = RowsDecoder(HistoryRow)


def _data(body: bytes) -> msgspec.Raw:
    """The data of an answer. Raises BadAnswer for `{"code": ..., "msg": ...}`, which comes with HTTP 200."""
    envelope = _envelope(body)
    if envelope.code not in (None, 0, "0"):
        raise venue_error(envelope.code, envelope.msg, {})
    return envelope.data


def decode_symbols(body: bytes) -> dict[str, Listed]:
    """Contracts by the name that tickers go by."""
    lists = _symbols(blank_as_null(bytes(_data(body)))).contractConfig
    found = dict(_listed(lists.perpetualContract, traditional=False))
    found.update(_listed(lists.prelaunchContract, traditional=False))
    found.update(_listed(lists.stockContract, traditional=True))
    if not found:
        raise BadAnswer(Fault.EMPTY, "no contract in the answer")
    return found


def _listed(raw: msgspec.Raw, *, traditional: bool) -> Iterable[tuple[str, Listed]]:
    if raw in (NULL, msgspec.Raw(b"null")):
        return
    for row in _contract_rows(raw, empty_ok=True).good:
        yield row.crossSymbolName, Listed(row, traditional)


def decode_ticker(body: bytes) -> TickerRow:
    rows = _ticker_rows(blank_as_null(bytes(_data(body)))).good
    if len(rows) != 1:
        raise BadAnswer(Fault.WRONG_SHAPE, f"{len(rows)} rows for one symbol")
    return rows[0]


def watched(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """Ticker names of the watched assets' contracts that can be traded."""
    symbols: Mapping[str, Listed] = parts.get("symbols", {})
    asked = [name for name, one in symbols.items() if one.row.enableTrade and _asset(one) in wanted.assets]
    return asked or [name for name in UNWATCHED if name in symbols]


def _asset(listed: Listed) -> str:
    try:
        return identify(listed.row.baseTokenId, _class(listed)).asset
    except BadRow:
        return ""


def _class(listed: Listed) -> AssetClass:
    if not listed.traditional:
        return AssetClass.CRYPTO
    return CLASSES.get(listed.row.category or "", other_class(listed.row.baseTokenId))


@newest
def _contract(symbol: str, row: ContractRow, asset_class: AssetClass) -> Instrument:
    identity = identify(row.baseTokenId, asset_class)
    open_ = row.enableTrade and row.enableOpenPosition
    leaving = not (open_ and row.enableDisplay)
    return Instrument(
        venue=NAME,
        symbol=check_symbol(symbol),
        native_id=row.symbol,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=row.settleAssetId,
        settle=row.settleAssetId,
        multiplier=identity.multiplier,
        status=Status.PRELAUNCH if row.isPrelaunch else Status.TRADING if open_ else Status.SUSPENDED,
        rate_period_h=1.0,
        interval_h=1.0,
        cap=positive(row.fundingMaxRate),
        floor=number(row.fundingMinRate),
        notes=(Note.DELISTING_ANNOUNCED,) if leaving else (),
        rule=RULE,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per ticker that was asked."""
    need(parts, "symbols")
    symbols: Mapping[str, Listed] = parts["symbols"]
    tickers: Mapping[str, TickerRow] = parts.get("ticker", {})

    def quote(row: TickerRow) -> Quote:
        listed = symbols.get(row.symbol)
        if listed is None:
            raise BadRow("unknown_contract")
        contract = _contract(listed.row.crossSymbolName, listed.row, _class(listed))
        rate = check_rate(number(row.fundingRate))
        mark, oi_base = positive(row.markPrice), amount(row.openInterest)
        return Quote(
            contract,
            observed_ms,
            rate,
            check_next(iso_ms(row.nextFundingTime) if row.nextFundingTime else None, observed_ms),
            mark,
            positive(row.indexPrice),
            positive(row.lastPrice),
            oi_base=oi_base,
            oi_usd=oi_base * mark,
            volume_usd=amount(row.turnover24h),
            reasons=rate_reasons(contract, rate),
        )

    return batch(NAME, observed_ms, tickers.values(), quote)


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    """`symbol` is the one with a hyphen here (`BTC-USDT`), an instrument's `native_id`."""
    return HistoryRequest(
        path="/api/v3/history-funding",
        params=(
            ("symbol", symbol),
            ("limit", str(HISTORY_LIMIT)),
            ("beginTimeInclusive", str(start_ms)),
            ("endTimeExclusive", str(end_ms)),
        ),
    )


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    page = _history_page(_data(body))
    return tuple(
        Settlement(
            venue=NAME,
            symbol=symbol,
            time_ms=settlement_ms(row.fundingTime, HOUR_MS),
            rate=row.rate,
            interval_h=1.0,
            price=positive(row.price),
        )
        for row in _history_rows(page.historyFunds, empty_ok=True).good
        if row.symbol == symbol
    )


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    """Newest first."""
    until_ms = int(dict(request.params)["endTimeExclusive"])
    before_ms = older_window(rows, start_ms, until_ms) if len(rows) >= HISTORY_LIMIT else None
    return _history_first(symbol, start_ms, before_ms) if before_ms is not None else None


VENUE = Venue(
    name=NAME,
    title="ApeX Omni",
    base_url="https://omni.apex.exchange",
    endpoints=(
        Endpoint(name="symbols", path="/api/v3/symbols", decode=decode_symbols, every_s=3600),
        Endpoint(
            name="ticker",
            path="/api/v3/ticker",
            params=(("symbol", "{key}"),),
            decode=decode_ticker,
            every_s=30,
            required=True,
            keys=watched,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0002, taker=0.0005),
    budget=Budget(capacity=600, window_s=60),
    judge=judge_by(_data),
    history=History(first=_history_first, read=_history_read, next=_history_next),
    experimental="no bulk form: only watched assets are asked, one by one",
    source="venue sheet apex",
)
