"""Which asset a base currency is: multipliers and aliases by explicit list, never by pattern (design §4).

A pattern would read 1INCH as a multiple and miss 1000X. What is not listed is itself.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

import msgspec

from fundtui.market import AssetClass
from fundtui.text import is_symbol
from fundtui.venues._wire import BadRow


class Identity(msgspec.Struct, frozen=True):
    """An asset's ticker, how many of it one unit of the contract's base is, and what it is."""

    asset: str
    multiplier: float
    asset_class: AssetClass


ALIASES = {"XBT": "BTC", "XDG": "DOGE", "SPX6900": "SPX"}

TRADITIONAL_ALIASES: dict[AssetClass, dict[str, str]] = {
    AssetClass.CRYPTO: {},
    AssetClass.EQUITY: {},
    AssetClass.COMMODITY: {
        **dict.fromkeys(("GOLD",), "XAU"),
        **dict.fromkeys(("SILVER",), "XAG"),
        **dict.fromkeys(("PLATINUM",), "XPT"),
        **dict.fromkeys(("PALLADIUM",), "XPD"),
        **dict.fromkeys(("CL", "USOIL", "WTIOIL"), "WTI"),
        **dict.fromkeys(("UKOIL", "BRENTOIL"), "BRENT"),
        **dict.fromkeys(("NG",), "NATGAS"),
    },
    AssetClass.FX: {
        **{currency: f"{currency}USD" for currency in ("EUR", "GBP", "AUD", "NZD")},
        **{currency: f"USD{currency}" for currency in ("JPY", "KRW", "CAD", "CHF")},
    },
    AssetClass.INDEX: {
        **dict.fromkeys(("SP500", "US500", "SPX500"), "SPX"),
        **dict.fromkeys(("XYZ100", "NAS100", "US100", "USTEC"), "NDX"),
        **dict.fromkeys(("NIK225",), "JP225"),
    },
}
"""Names of one thing -> the name it has here, per class. Currencies are pairs: a currency alone is quoted as its pair
is everywhere (EUR in dollars, the dollar in yen)."""

_THOUSANDS = [
    "BONK",
    "BTT",
    "CAT",
    "CHEEMS",
    "FLOKI",
    "LUNC",
    "NEIROCTO",
    "PEPE",
    "RATS",
    "SATS",
    "SHIB",
    "TAG",
    "TOSHI",
    "TURBO",
    "WHY",
    "X",
    "XEC",
    "APU",
    "BABYDOGE",
    "BEER",
    "DOGS",
    "FLUX",
    "GROK",
    "HIPPO",
    "IQ50",
    "LADYS",
    "LUNA2",
    "MUMU",
    "NEIRO",
    "PUFFER",
    "STARL",
    "TRUMP",
    "VINU",
    "WEN",
    "XX",
    "MOG",
    "IQ",
    "ELON",
]
_TEN_THOUSANDS = [
    "AIDOGE",
    "CAT",
    "COQ",
    "ELON",
    "ELONS",
    "LADYS",
    "NEX",
    "NFT",
    "PONKE",
    "QUBIC",
    "SATS",
    "STARL",
    "WEN",
    "WHY",
]
_MILLIONS = ["AIDOGE", "BABYDOGE", "BOB", "BONK", "CHEEMS", "ELON", "MOG", "PEIPEI", "QUBIC", "TURBO"]
_K_PREFIXED = ["BONK", "DOGS", "FLOKI", "LUNC", "NEIRO", "PEPE", "SHIB"]
_SUFFIXED = ["SHIB", "PEPE", "BONK", "FLOKI"]

MULTIPLIERS: dict[str, tuple[str, float]] = {
    **{f"1000{coin}": (coin, 1e3) for coin in _THOUSANDS},
    **{f"10000{coin}": (coin, 1e4) for coin in _TEN_THOUSANDS},
    **{f"1000000{coin}": (coin, 1e6) for coin in _MILLIONS},
    **{f"1M{coin}": (coin, 1e6) for coin in ("BABYDOGE", "CHEEMS", "MOG", "PEIPEI", "BOB", "ELON")},
    **{f"M{coin}": (coin, 1e6) for coin in ("BABYDOGE",)},
    **{f"k{coin}": (coin, 1e3) for coin in _K_PREFIXED},
    **{f"{coin}1000": (coin, 1e3) for coin in _SUFFIXED},
}
"""Base as published -> (asset, multiplier). Checked against prices of other venues by the calculator."""

COMMODITIES = frozenset(
    [
        "XAU",
        "XAG",
        "XPT",
        "XPD",
        "GOLD",
        "SILVER",
        "PLATINUM",
        "PALLADIUM",
        "COPPER",
        "CL",
        "WTI",
        "WTIOIL",
        "BRENT",
        "BRENTOIL",
        "USOIL",
        "UKOIL",
        "OIL",
        "NATGAS",
        "NG",
        "ALUMINIUM",
        "CORN",
        "WHEAT",
        "SOYBEAN",
        "XCU",
        "URANIUM",
    ]
)
CURRENCIES = frozenset(
    [
        "EUR",
        "GBP",
        "JPY",
        "CHF",
        "AUD",
        "CAD",
        "NZD",
        "SEK",
        "NOK",
        "SGD",
        "HKD",
        "CNH",
        "MXN",
        "ZAR",
        "TRY",
        "BRL",
        "KRW",
        "INR",
    ]
)
_CURRENCY_PAIR = re.compile(r"(EUR|GBP|AUD|NZD|USD)(USD|JPY|CHF|CAD|CNH|MXN|KRW|BRL|TRY|SGD)")
INDICES = frozenset(
    [
        "SPX",
        "SPX500",
        "SP500",
        "US500",
        "NDX",
        "NAS100",
        "USTEC",
        "US100",
        "XYZ100",
        "DJI",
        "US30",
        "DAX",
        "GER40",
        "FTSE",
        "UK100",
        "NIK225",
        "JP225",
        "HSI",
        "HK50",
        "RUT",
        "US2000",
        "VIX",
        "DXY",
        "KR200",
        "EWY",
        "EWJ",
        "QQQ",
        "SPY",
        "IWM",
        "EUROPE50IX",
        "GERMANY30IX",
    ]
)


USD_QUOTES = frozenset("USD USDT USDC USDE FDUSD BFUSD USD1 USDS USDH USDB USDG UST DAI PYUSD TUSD BUSD RLUSD".split())
"""Quote currencies meant to be worth a dollar; their parity is the calculator's to watch (methodology §5.7)."""


def in_usd(value: float, quote: str) -> float:
    """An amount of the quote currency in dollars: itself for dollar coins, NaN for others, such as BTC of ETHBTC."""
    return value if quote in USD_QUOTES else math.nan


@lru_cache(maxsize=65_536)
def identify(base: str, asset_class: AssetClass = AssetClass.CRYPTO) -> Identity:
    """The asset behind a base currency as a venue publishes it. Raises BadRow for unsafe text.

    Only coins have multipliers and aliases. Where a venue says "not crypto" without saying what,
    `other_class` tells what kind it is.
    """
    if not is_symbol(base):
        raise BadRow("unsafe_symbol")
    if asset_class is not AssetClass.CRYPTO:
        ticker = base.upper()
        return Identity(TRADITIONAL_ALIASES[asset_class].get(ticker, ticker), 1.0, asset_class)
    if base in MULTIPLIERS:
        asset, multiplier = MULTIPLIERS[base]
        return Identity(asset, multiplier, asset_class)
    return Identity(ALIASES.get(base, base), 1.0, asset_class)


_UNMISTAKABLE = frozenset(
    (
        "XAU XAG XPT XPD XCU USOIL UKOIL BRENTOIL NATGAS JP225 KR200 NAS100 US500 SPX500 SP500 US30 GER40 UK100 HK50 "
        "US100 EUROPE50IX GERMANY30IX EURUSD GBPUSD USDJPY AUDUSD NZDUSD USDCAD USDCHF USDKRW "
        "GOLD SILVER COPPER WTI WTIOIL BRENT"
    ).split()
)
_SHARES = frozenset(
    (
        "AAPL AMZN GOOGL GOOG MSFT NVDA TSLA NFLX AMD INTC MU SNDK TSM ASML AVGO QCOM ARM PLTR COIN MSTR HOOD "
        "CRCL MRNA JNJ MRK PFE LLY UNH WMT COST MCD KO PEP DIS BABA JD PDD NIO SKHYNIX SAMSUNG ORCL CRM IBM CSCO "
        "MARA RIOT SMCI RDDT UBER ABNB JPM GS BAC XOM BA SOXL SOXX TQQQ SQQQ QQQ SPY IWM EWY EWJ CRWV AMAT "
        "MRVL HIMS RIVN XIAOMI SOFTBANK KIOXIA SMSN SKHX HANMI HYUNDAI DRAM PENG ANTHROPIC OPENAI SPACEX SPCX"
    ).split()
)
"""Tickers that no coin has. The list is not complete: what it misses is guarded by the price check."""


def unmarked_class(base: str) -> AssetClass:
    """The class of an asset at a venue that does not say: traditional only where the ticker is no coin's."""
    ticker = base.upper()
    return other_class(ticker) if ticker in _UNMISTAKABLE or ticker in _SHARES else AssetClass.CRYPTO


def other_class(base: str) -> AssetClass:
    """The class of an asset that its venue calls traditional: by list, else a share."""
    ticker = base.upper()
    if ticker in COMMODITIES:
        return AssetClass.COMMODITY
    if ticker in CURRENCIES or _CURRENCY_PAIR.fullmatch(ticker):
        return AssetClass.FX
    if ticker in INDICES:
        return AssetClass.INDEX
    return AssetClass.EQUITY
