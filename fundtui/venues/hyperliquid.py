"""Hyperliquid: core perpetuals and those of all builder (HIP-3) dexes. Wire facts: venue sheet hyperliquid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

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
from fundtui.text import clean, is_symbol
from fundtui.units import HOUR_MS
from fundtui.venues._identity import identify, other_class
from fundtui.venues._newest import newest
from fundtui.venues._tables import PairsDecoder
from fundtui.venues._wire import (
    Decoder,
    Rows,
    RowsDecoder,
    amount,
    batch,
    check_rate,
    check_symbol,
    next_on_grid,
    number,
    positive,
    rate_reasons,
)
from fundtui.venues.spec import (
    BadAnswer,
    Budget,
    Endpoint,
    Fault,
    History,
    HistoryRequest,
    Parts,
    Venue,
    Wanted,
)

NAME = "hyperliquid"
HOURLY_CAP = 0.04
HOURLY_SINCE_MS = 1_686_186_000_000
"""2023-06-08 01:00 UTC, the first hourly settlement; those before it were paid every eight hours."""
HISTORY_LIMIT = 500

RULE = FundingRule(
    family=Family.NORMALISED,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.UNIFORM,
    cap=HOURLY_CAP,
    floor=-HOURLY_CAP,
    source="methodology §2.2, venue sheet hyperliquid",
)

COLLATERAL = {0: "USDC", 235: "USDE", 268: "USDT0", 360: "USDH"}
"""Spot token index of a dex's collateral -> its name."""

CATEGORIES = {
    "crypto": AssetClass.CRYPTO,
    "stock": AssetClass.EQUITY,
    "stocks": AssetClass.EQUITY,
    "preipo": AssetClass.EQUITY,
    "commodities": AssetClass.COMMODITY,
    "fx": AssetClass.FX,
    "indices": AssetClass.INDEX,
    "rates": AssetClass.INDEX,
}
"""The category that `perpConciseAnnotations` gives a builder coin -> its class."""

COIN_DEXES = frozenset({"hyna"})
"""Builder dexes whose rows are coins unless told otherwise; those of all others are not."""

BUILDER_COINS = frozenset(
    "BTC ETH SOL XRP DOGE BNB HYPE SUI ZEC XMR LTC ADA LINK AVAX BCH ENA PUMP FARTCOIN LIT LIGHTER IP".split()
)
"""Coins on the other builder dexes. STX, QNT and BB are missing on purpose: there they are shares."""


class Coin(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Entry of `meta.universe`."""

    name: str
    isDelisted: bool = False
    onlyIsolated: bool = False
    marginMode: str = ""


class Context(msgspec.Struct, frozen=True, gc=False):
    """Figures of the coin at the same position of `meta.universe`."""

    funding: float | None = None
    openInterest: float | None = None
    dayNtlVlm: float | None = None
    premium: float | None = None
    oraclePx: float | None = None
    markPx: float | None = None
    midPx: float | None = None
    impactPxs: tuple[float | None, ...] | None = None


class Meta(msgspec.Struct, frozen=True):
    universe: msgspec.Raw
    collateralToken: int = 0


class Markets(msgspec.Struct, frozen=True):
    """One dex: its coins with their figures, and what it settles in."""

    rows: Rows[tuple[Coin, Context]]
    collateral: str


class Dex(msgspec.Struct, frozen=True):
    """Entry of `perpDexs`; the core dex is a null there."""

    name: str
    assetToStreamingOiCap: tuple[tuple[str, float], ...] = ()
    assetToFundingMultiplier: tuple[tuple[str, float], ...] = ()
    assetToFundingInterestRate: tuple[tuple[str, float], ...] = ()


class Dexes(msgspec.Struct, frozen=True):
    """What `perpDexs` says: names of the builder dexes, and per coin its OI cap, multiplier and interest."""

    names: tuple[str, ...]
    oi_cap_usd: Mapping[str, float]
    multiplier: Mapping[str, float]
    interest_8h: Mapping[str, float]


class Annotation(msgspec.Struct, frozen=True, gc=False):
    category: str = ""


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    coin: str
    fundingRate: float
    time: int
    premium: float | None = None


_both = Decoder(tuple[Meta, msgspec.Raw])
_pairs = PairsDecoder(Coin, Context)
_dexes = RowsDecoder(Dex)
_list = Decoder(list[msgspec.Raw])
_annotations = Decoder(list[tuple[str, Annotation]])
_names = Decoder(list[str])
_history_rows = RowsDecoder(HistoryRow)
_NO_DEXES = Dexes((), {}, {}, {})


def decode_markets(body: bytes) -> Markets:
    """`[meta, figures]`: paired by position before any row is looked at. A new dex may still be empty."""
    meta, figures = _both(body)
    rows = _pairs(meta.universe, figures)
    return Markets(rows, COLLATERAL.get(meta.collateralToken, f"TOKEN{meta.collateralToken}"))


def decode_core_markets(body: bytes) -> Markets:
    markets = decode_markets(body)
    if not markets.rows.good:
        raise BadAnswer(Fault.EMPTY, "no rows in the answer")
    return markets


def decode_dexes(body: bytes) -> Dexes:
    """The builder dexes; the list grows, so it is never written down here."""
    raws = [bytes(raw) for raw in _list(body)]
    dexes = _dexes(b"[" + b",".join(raw for raw in raws if raw != b"null") + b"]", empty_ok=True).good
    # The first pass takes most of half a minute's budget: the dexes that may hold the most come first in it.
    dexes = sorted(dexes, key=lambda dex: -sum(cap for _, cap in dex.assetToStreamingOiCap))
    return Dexes(
        tuple(dex.name for dex in dexes if is_symbol(dex.name)),
        {coin: cap for dex in dexes for coin, cap in dex.assetToStreamingOiCap},
        {coin: factor for dex in dexes for coin, factor in dex.assetToFundingMultiplier},
        {coin: rate for dex in dexes for coin, rate in dex.assetToFundingInterestRate},
    )


def decode_annotations(body: bytes) -> dict[str, AssetClass]:
    """Coin -> class, of those whose category is known."""
    classes = {coin: CATEGORIES.get(note.category.lower()) for coin, note in _annotations(body)}
    return {coin: found for coin, found in classes.items() if found is not None}


def decode_names(body: bytes) -> frozenset[str]:
    return frozenset(_names(body))


def builder_dexes(parts: Parts, _wanted: Wanted) -> Sequence[str]:
    """Every builder dex that `perpDexs` named."""
    dexes: Dexes = parts.get("info:perpDexs", _NO_DEXES)
    return dexes.names


def answered_dexes(parts: Parts, wanted: Wanted) -> Sequence[str]:
    """The builder dexes whose markets are here: asked at once, their caps would take the first pass's budget."""
    known: Mapping[str, Markets] = parts.get("info:metaAndAssetCtxs:dex", {})
    return [name for name in builder_dexes(parts, wanted) if name in known]


def _asset_class(name: str, annotated: AssetClass | None) -> AssetClass:
    dex, _, coin = name.rpartition(":")
    if not dex:
        return AssetClass.CRYPTO
    if annotated is not None:
        return annotated
    if coin in BUILDER_COINS:
        return AssetClass.CRYPTO
    listed = other_class(coin)
    return AssetClass.CRYPTO if dex in COIN_DEXES and listed is AssetClass.EQUITY else listed


@lru_cache(maxsize=512)
def _rule(multiplier: float, interest_8h: float) -> FundingRule:
    """A builder coin's own rule: the core rule, its result scaled, its interest replaced."""
    if multiplier == 1.0:
        return RULE if interest_8h == RULE.interest_8h else msgspec.structs.replace(RULE, interest_8h=interest_8h)
    return msgspec.structs.replace(RULE, family=Family.FRACTION, share=multiplier / 8, interest_8h=interest_8h)


@newest
def _contract(
    name: str, coin: Coin, collateral: str, rule: FundingRule, annotated: AssetClass | None, full: bool
) -> Instrument:
    check_symbol(name)
    base = name.rpartition(":")[2]
    identity = identify(base, _asset_class(name, annotated))
    isolated = coin.onlyIsolated or coin.marginMode in {"strictIsolated", "noCross"}
    return Instrument(
        venue=NAME,
        symbol=name,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote=collateral,
        settle=collateral,
        multiplier=identity.multiplier,
        status=Status.DELISTED if coin.isDelisted else Status.TRADING,
        rate_period_h=1.0,
        interval_h=1.0,
        cap=HOURLY_CAP,
        floor=-HOURLY_CAP,
        notes=(Note.NEXT_FUNDING_INFERRED,)
        + ((Note.ISOLATED_ONLY,) if isolated else ())
        + ((Note.OI_CAP_REACHED,) if full else ()),
        rule=rule,
    )


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per coin of the core and of every builder dex that has answered.

    The next settlement is the coming full hour; `last` is the book's mid, as no last trade is published.
    """
    core: Markets = parts["info:metaAndAssetCtxs"]
    builders: Mapping[str, Markets] = parts.get("info:metaAndAssetCtxs:dex", {})
    dexes: Dexes = parts.get("info:perpDexs", _NO_DEXES)
    classes: Mapping[str, AssetClass] = parts.get("info:perpConciseAnnotations", {})
    full: set[str] = set(parts.get("info:perpsAtOpenInterestCap", ()))
    for names in parts.get("info:perpsAtOpenInterestCap:dex", {}).values():
        full |= names
    next_ms = next_on_grid(observed_ms, 1.0)

    def quote(row: tuple[Coin, Context, str]) -> Quote:
        coin, figures, collateral = row
        name = coin.name
        rule = _rule(number(dexes.multiplier.get(name, 1.0)), number(dexes.interest_8h.get(name, RULE.interest_8h)))
        contract = _contract(name, coin, collateral, rule, classes.get(name), name in full)
        rate = check_rate(number(figures.funding))
        mark = positive(figures.markPx)
        oi_base = amount(figures.openInterest)
        bid, ask = figures.impactPxs if figures.impactPxs and len(figures.impactPxs) == 2 else (None, None)
        return Quote(
            contract,
            observed_ms,
            rate,
            None if coin.isDelisted else next_ms,
            mark,
            positive(figures.oraclePx),
            positive(figures.midPx),
            number(figures.premium),
            oi_base,
            oi_base * mark,
            amount(figures.dayNtlVlm),
            oi_cap_usd=positive(dexes.oi_cap_usd.get(name, NAN)),
            bid=positive(bid),
            ask=positive(ask),
            reasons=rate_reasons(contract, rate),
        )

    markets = [core, *builders.values()]
    rows = [(coin, figures, one.collateral) for one in markets for coin, figures in one.rows.good]
    return batch(NAME, observed_ms, rows, quote, rejected=sum(one.rows.rejected for one in markets))


def judge(status: int, body: bytes) -> BadAnswer | None:
    """A body that it does not understand is answered with 422 and a sentence, not JSON."""
    if status == 422:
        return BadAnswer(Fault.VENUE_ERROR, f"request refused: {clean(body[:200].decode(errors='replace'), 120)}")
    return None


def _history_first(symbol: str, start_ms: int, end_ms: int) -> HistoryRequest:
    wanted = {"type": "fundingHistory", "coin": symbol, "startTime": start_ms, "endTime": end_ms}
    return HistoryRequest(path="/info", method="POST", body=msgspec.json.encode(wanted).decode(), weight=45)


def _history_read(body: bytes, symbol: str) -> tuple[Settlement, ...]:
    """Times come milliseconds, at times minutes after the hour, so they are rounded down."""
    if body.strip() == b"null":
        return ()
    settlements = []
    for row in _history_rows(body, empty_ok=True).good:
        if row.coin != symbol:
            continue
        time_ms = row.time // HOUR_MS * HOUR_MS
        settlements.append(
            Settlement(
                venue=NAME,
                symbol=symbol,
                time_ms=time_ms,
                rate=row.fundingRate,
                interval_h=1.0 if time_ms >= HOURLY_SINCE_MS else 8.0,
                premium=number(row.premium),
            )
        )
    return tuple(settlements)


def _history_next(
    request: HistoryRequest, rows: Sequence[Settlement], symbol: str, start_ms: int, end_ms: int
) -> HistoryRequest | None:
    if len(rows) < HISTORY_LIMIT:
        return None
    after_ms = max(row.time_ms for row in rows) + HOUR_MS // 2
    following = _history_first(symbol, after_ms, end_ms)
    return following if after_ms <= end_ms and following != request else None


def _info(what: str, more: str = "") -> str:
    return f'{{"type":"{what}"{more}}}'


VENUE = Venue(
    name=NAME,
    title="Hyperliquid",
    base_url="https://api.hyperliquid.xyz",
    endpoints=(
        Endpoint(
            name="info:metaAndAssetCtxs",
            path="/info",
            method="POST",
            body=_info("metaAndAssetCtxs"),
            decode=decode_core_markets,
            weight=20,
            every_s=15,
            required=True,
        ),
        Endpoint(
            name="info:metaAndAssetCtxs:dex",
            path="/info",
            method="POST",
            body=_info("metaAndAssetCtxs", ',"dex":"{key}"'),
            decode=decode_markets,
            weight=20,
            every_s=45,
            keys=builder_dexes,
            perishable=True,
        ),
        Endpoint(
            name="info:perpDexs",
            path="/info",
            method="POST",
            body=_info("perpDexs"),
            decode=decode_dexes,
            weight=20,
            every_s=3600,
        ),
        Endpoint(
            name="info:perpConciseAnnotations",
            path="/info",
            method="POST",
            body=_info("perpConciseAnnotations"),
            decode=decode_annotations,
            weight=20,
            every_s=3600,
        ),
        Endpoint(
            name="info:perpsAtOpenInterestCap",
            path="/info",
            method="POST",
            body=_info("perpsAtOpenInterestCap"),
            decode=decode_names,
            weight=20,
            every_s=120,
        ),
        Endpoint(
            name="info:perpsAtOpenInterestCap:dex",
            path="/info",
            method="POST",
            body=_info("perpsAtOpenInterestCap", ',"dex":"{key}"'),
            decode=decode_names,
            weight=20,
            every_s=300,
            keys=answered_dexes,
        ),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.00015, taker=0.00045),
    budget=Budget(capacity=1200, window_s=60),
    judge=judge,
    history=History(first=_history_first, read=_history_read, next=_history_next),
    source="venue sheet hyperliquid",
)
