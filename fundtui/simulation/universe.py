"""Which contracts exist: the venues' listings as rows and as columns."""

from __future__ import annotations

import math
from functools import lru_cache

import msgspec
import numpy as np

from fundtui.simulation.assets import OTHER_MOVE, USDC, Asset, Sort, base_at, catalogue
from fundtui.simulation.exchanges import EXCHANGES, MAIN_VENUES, Exchange, Kernel, Product
from fundtui.simulation.noise import Bools, Floats, Ints, Keys, fractions, key, mix_array

BP = 1e-4
SHARED_TICKER = "META"
SHARED_COIN_AT = frozenset({"bybit", "okx", "kucoin"})
"""A coin and a share have one ticker: these venues list the coin, those with shares the share."""
HUNDRED_USD_COINS = frozenset({"BTC"})


class Scale(msgspec.Struct, frozen=True):
    """How large the market is: assets in all, and how many of the venues."""

    assets: int = 205
    venues: int = MAIN_VENUES


class Row(msgspec.Struct, frozen=True, gc=False):
    """What never changes about one contract. `at` is its position in all columns, `number` its place in its venue.

    `base` is the name used by the venue, `size` how many of the asset one unit of it is, `lot` the base units
    (inverse: USD) in one contract, `decimals` those of its price.
    """

    at: int
    number: int
    venue: str
    asset: Asset
    base: str
    size: float
    quote: str
    settle: str
    inverse: bool
    hours: int
    cap: float
    lot: float
    decimals: int


class Universe(msgspec.Struct, frozen=True):
    """All contracts, ordered by venue, and their constants as columns of one length."""

    assets: list[Asset]
    rows: list[Row]
    venues: dict[str, slice]
    asset: Ints
    size: Floats
    inverse: Bools
    in_usdc: Bools
    """Priced in USDC, not merely settled in it: where a venue has several quote currencies."""
    hours: Ints
    anchor_min: Ints
    kernel: Ints
    linear: Bools
    interest_8h: Floats
    damper: Floats
    fraction: Floats
    cap: Floats
    switches: Bools
    lag_s: Floats
    bias: Floats
    spread: Floats
    premium_sd: Floats
    oi_usd: Floats
    volume_usd: Floats
    keys: Keys


def build(seed: int, scale: Scale) -> Universe:
    """The listings of a seed: the same rows in the same order each time."""
    assets = catalogue(scale.assets)
    exchanges = EXCHANGES[: scale.venues]
    rows: list[Row] = []
    venues: dict[str, slice] = {}
    for exchange in exchanges:
        first = len(rows)
        _list_at(seed, exchange, assets, rows)
        venues[exchange.name] = slice(first, len(rows))
    return _columns(seed, exchanges, assets, rows, venues)


def _list_at(seed: int, exchange: Exchange, assets: list[Asset], rows: list[Row]) -> None:
    first = len(rows)
    taken: set[tuple[str, str, bool]] = set()
    places = np.arange(len(assets), dtype=np.uint64)
    for product in exchange.products:
        chances = fractions(mix_array(places + np.uint64(key(seed, exchange.name, product.quote)))).tolist()
        for asset, chance in zip(assets, chances, strict=True):
            if not _listed(exchange, product, asset, chance):
                continue
            symbol = (asset.ticker, product.quote, product.inverse)
            if symbol not in taken:
                taken.add(symbol)
                rows.append(_row(exchange, product, asset, chance, len(rows), len(rows) - first))


def _listed(exchange: Exchange, product: Product, asset: Asset, chance: float) -> bool:
    coin = asset.sort is Sort.COIN and asset is not USDC
    if product.inverse or (product.quote == "USDC" and len(exchange.products) > 1):
        return coin and asset.rank < product.ranks and (asset.rank < 2 or chance < product.share)
    if asset is USDC:
        return product.quote == "USDT" and exchange.name in ("binance", "gate")
    if asset.ticker == SHARED_TICKER:
        return exchange.name in SHARED_COIN_AT if coin else exchange.traditional > 0
    if not coin:
        return chance < exchange.traditional
    if asset.ticker == "MOVE":
        return (asset is OTHER_MOVE) == (exchange.name == "gate")
    always = asset.rank < 6 or (asset.ticker == "PEPE" and product.ranks > 175)
    return always or (asset.rank < product.ranks and chance < product.share)


def _row(exchange: Exchange, product: Product, asset: Asset, chance: float, at: int, number: int) -> Row:
    base, size = base_at(asset, exchange.name)
    major = asset.rank < 3
    hours = exchange.hours[0][0]
    if not major:
        draw = chance * 977.0 % 1.0
        for choice, share in exchange.hours:
            hours = choice
            draw -= share
            if draw < 0:
                break
    tiered = exchange.major_cap < exchange.cap and asset.rank < 30
    cap = exchange.major_cap if major else exchange.cap * (0.5 if tiered else 1.0)
    lot, decimals = _digits(asset.price * size)
    return Row(
        at,
        number,
        exchange.name,
        asset,
        base,
        size,
        product.quote,
        product.settle or ("BTC" if base == "XBT" else base),
        product.inverse,
        hours,
        cap,
        (100.0 if asset.ticker in HUNDRED_USD_COINS else 10.0) if product.inverse else lot,
        decimals,
    )


@lru_cache(maxsize=4096)
def _digits(price: float) -> tuple[float, int]:
    """A contract of about ten dollars in base units, and the decimals that give a price six digits."""
    return float(10.0 ** round(math.log10(10.0 / price))), min(max(5 - math.floor(math.log10(price)), 1), 12)


def _columns(
    seed: int, exchanges: tuple[Exchange, ...], assets: list[Asset], rows: list[Row], venues: dict[str, slice]
) -> Universe:
    counts = [venues[exchange.name].stop - venues[exchange.name].start for exchange in exchanges]

    def per_venue(values: list[float]) -> Floats:
        return np.repeat(np.array(values, dtype=np.float64), counts)

    places = {id(asset): place for place, asset in enumerate(assets)}
    asset = np.array([places[id(row.asset)] for row in rows], dtype=np.int64)
    rank = np.array([row.asset.rank for row in rows], dtype=np.float64)
    coin = np.array([row.asset.sort is Sort.COIN for row in rows])
    keys = mix_array(
        np.arange(len(rows), dtype=np.uint64) * np.uint64(0x2545F4914F6CDD1D) + np.uint64(key(seed, "row"))
    )
    wobble = (keys >> np.uint64(40)).astype(np.float64) / 2.0**24
    several = per_venue([len(exchange.products) for exchange in exchanges]) > 1
    narrow = np.array([row.inverse or row.quote == "USDC" for row in rows]) & several
    size_of = 9e9 / (1.0 + rank) ** 1.35 * (0.5 + wobble) * np.where(narrow, 0.08, 1.0) * np.where(coin, 1.0, 0.3)
    oi_usd = size_of * per_venue([exchange.oi_share for exchange in exchanges])
    kernel = per_venue([float(exchange.kernel) for exchange in exchanges]).astype(np.int64)
    no_interest = ~coin & (
        (kernel == Kernel.PER_INTERVAL) | (per_venue([float(e.name == "bitget") for e in exchanges]) > 0)
    )
    # Where the premium is not scaled to a short interval, arbitrage keeps it smaller.
    short = np.array([row.hours for row in rows]) / 8.0
    calmer = np.where(kernel == Kernel.PER_INTERVAL, np.sqrt(short), 1.0)
    return Universe(
        assets=assets,
        rows=rows,
        venues=venues,
        asset=asset,
        size=np.array([row.size for row in rows]),
        inverse=np.array([row.inverse for row in rows]),
        in_usdc=np.array([row.quote == "USDC" for row in rows]) & several,
        hours=np.array([row.hours for row in rows], dtype=np.int64),
        anchor_min=(per_venue([float(exchange.anchor_h) for exchange in exchanges]) * 60).astype(np.int64),
        kernel=kernel,
        linear=per_venue([float(exchange.linear) for exchange in exchanges]) > 0,
        interest_8h=np.where(no_interest, 0.0, per_venue([exchange.interest_8h for exchange in exchanges])),
        damper=per_venue([exchange.damper for exchange in exchanges]),
        fraction=per_venue([exchange.fraction for exchange in exchanges]),
        cap=np.array([row.cap for row in rows]),
        switches=per_venue([float(exchange.switches) for exchange in exchanges]) > 0,
        lag_s=per_venue([exchange.lag_s for exchange in exchanges]),
        bias=(per_venue([exchange.bias_bp for exchange in exchanges]) + (wobble - 0.5) * 2.0) * BP,
        spread=per_venue([exchange.spread_bp for exchange in exchanges]) * BP * (1.0 + np.minimum(rank, 120.0) / 25.0),
        premium_sd=(1.7 + np.minimum(rank, 120.0) * 0.011) * BP * np.where(coin, 1.0, 0.6) * calmer,
        oi_usd=oi_usd,
        volume_usd=oi_usd * (1.0 + 3.0 * wobble),
        keys=keys,
    )
