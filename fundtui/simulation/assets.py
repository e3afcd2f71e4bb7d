"""The assets of the simulated market: real tickers with round prices, and what venues call a multiple of them."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Sort(StrEnum):
    """What an asset is. Venues say it in different words, or not at all."""

    COIN = "coin"
    SHARE = "share"
    COMMODITY = "commodity"
    INDEX = "index"


class Asset(msgspec.Struct, frozen=True, gc=False):
    """One thing with one price. `name` is its own, `ticker` what venues write: two assets may share a ticker.

    `rank` orders by size: 0 is the largest. `daily_vol` is the standard deviation of a day's return.
    """

    name: str
    ticker: str
    price: float
    rank: int
    sort: Sort = Sort.COIN
    daily_vol: float = 0.05


MAJORS = """
BTC 68000 ETH 2600 SOL 145 XRP 1.4 BNB 590 DOGE 0.11 HYPE 38 ADA 0.42 SUI 1.6 LINK 12.5 AVAX 14 LTC 82 BCH 420 ZEC 310
TRX 0.29 TON 1.9 DOT 2.4 UNI 5.2 AAVE 150 NEAR 2.1 XLM 0.21 HBAR 0.12 ENA 0.28 PEPE 0.0000061 ICP 3.6 APT 1.9 ETC 14
WLD 0.62 TAO 260 FIL 1.3 ARB 0.19 ONDO 0.52 FARTCOIN 0.31 PUMP 0.0026 TRUMP 4.1 OP 0.28 ATOM 2.3 SEI 0.12 XMR 330
""".split()
OTHERS = """
SHIB 0.0000078 BONK 0.0000092 WIF 0.38 INJ 4.9 KAS 0.041 RENDER 1.8 TIA 0.52 FET 0.24 JUP 0.24 CRV 0.31 LDO 0.58
STX 0.31 ALGO 0.13 VIRTUAL 0.81 PENGU 0.0098 IP 2.1 KAITO 0.61 S 0.09 POL 0.13 QNT 78 VET 0.011 ENS 8.2 SAND 0.11
PENDLE 1.9 JTO 0.42 PYTH 0.064 ETHFI 0.61 STRK 0.07 ORDI 5.1 DYDX 0.19 GALA 0.0061 IMX 0.24 RUNE 0.58 FLOKI 0.000047
EIGEN 0.44 MORPHO 1.6 SPX 0.44 NEIRO 0.00014 MOG 0.00000031 BOME 0.00071 POPCAT 0.082 TURBO 0.0014 AXS 1.1 MANA 0.13
GRT 0.04 THETA 0.32 FLOW 0.16 CFX 0.07 EGLD 7.4 MINA 0.08 COMP 26 SNX 0.42 DASH 44 ZRO 1.6 W 0.034 ZK 0.03 IOTA 0.09
XTZ 0.51 CAKE 1.9 APE 0.19 GMX 8.1 BLUR 0.032 LPT 3.7 KSM 6.8 ROSE 0.013 1INCH 0.15 ENJ 0.027 CHZ 0.036 ZIL 0.0048
YFI 3600 SUSHI 0.28 MASK 0.54 BAT 0.17 KAVA 0.08 QTUM 1.3 NEO 3.4 ONE 0.0031 CELO 0.1 ANKR 0.006 SKL 0.009 ZEN 7.9
AR 2.9 MOVE 0.03 BERA 0.52 LAYER 0.12 INIT 0.09 GOAT 0.03 PNUT 0.06 MOODENG 0.058 ACT 0.018 AIXBT 0.031 GRASS 0.28
TRB 17 UMA 0.68 BAND 0.31 API3 0.36 RSR 0.0023 JASMY 0.0061 PEOPLE 0.0088 MEME 0.0009 BIGTIME 0.018 ARKM 0.14
MANTA 0.08 DYM 0.06 ALT 0.01 SAGA 0.04 OMNI 1.4 TNSR 0.06 IO 0.12 NOT 0.0006 LISTA 0.16 DOGS 0.000043 HMSTR 0.00021
CATI 0.05 SCR 0.08 GAS 1.7 POLYX 0.055 ID 0.06 SUPER 0.21 RPL 2.1 XVS 3.2 COTI 0.018 CELR 0.003 SXP 0.07 HIGH 0.19
RATS 0.000011 CAT 0.0000029 SATS 0.000000017 BABYDOGE 0.00000000062 CHEEMS 0.00000084 LUNC 0.000042 WHY 0.000000021
XEC 0.0000098 X 0.0000041 BTT 0.00000038 META 0.0068 ZORA 0.021 XPL 0.12 WLFI 0.11 ASTER 0.71 LINEA 0.0041 SKY 0.062
VVV 4.4 AERO 0.38 MNT 0.74 CC 0.14 MON 0.021 LIT 1.9 ME 0.16 ANIME 0.0044 SYRUP 0.24 PROVE 0.29 AVNT 0.21 HEMI 0.011
""".split()
SHARES = """
AAPL 262 TSLA 410 NVDA 188 AMZN 214 GOOGL 301 META 655 MSFT 402 MSTR 172 COIN 196 HOOD 92 PLTR 148 AMD 205 CRCL 88
""".split()
COMMODITIES = "XAU 4650 XAG 61 CL 71".split()
INDICES = "SPX500 6850 NAS100 24900".split()

MULTIPLES: dict[str, dict[str, str]] = {
    "PEPE": {"*": "PEPE", "binance": "1000PEPE", "bybit": "1000PEPE", "hyperliquid": "kPEPE", "lighter": "1000PEPE",
             "aster": "1000PEPE", "bingx": "1000PEPE", "orderly": "1000PEPE", "pacifica": "kPEPE", "backpack": "kPEPE",
             "paradex": "kPEPE"},
    "SHIB": {"*": "SHIB", "binance": "1000SHIB", "bybit": "SHIB1000", "hyperliquid": "kSHIB", "lighter": "1000SHIB"},
    "BONK": {"*": "BONK", "binance": "1000BONK", "bybit": "1000BONK", "bitget": "1000BONK", "kucoin": "1000BONK",
             "mexc": "1000BONK", "hyperliquid": "kBONK", "lighter": "1000BONK"},
    "FLOKI": {"*": "FLOKI", "binance": "1000FLOKI", "bybit": "1000FLOKI", "hyperliquid": "kFLOKI",
              "lighter": "1000FLOKI"},
    "LUNC": {"*": "LUNC", "binance": "1000LUNC", "bybit": "1000LUNC", "hyperliquid": "kLUNC"},
    "DOGS": {"*": "DOGS", "hyperliquid": "kDOGS"},
    "NEIRO": {"*": "NEIRO", "hyperliquid": "kNEIRO"},
    "MOG": {"*": "1000000MOG"},
    "RATS": {"*": "1000RATS", "gate": "RATS", "okx": "RATS"},
    "CAT": {"*": "10000CAT", "binance": "1000CAT", "gate": "CAT", "okx": "CAT"},
    "SATS": {"*": "SATS", "binance": "1000SATS", "bybit": "10000SATS", "bitget": "10000SATS", "kucoin": "10000SATS"},
    "BABYDOGE": {"*": "1000000BABYDOGE", "binance": "1MBABYDOGE", "bitget": "1MBABYDOGE"},
    "CHEEMS": {"*": "1000CHEEMS", "bitget": "1MCHEEMS", "bybit": "1000000CHEEMS"},
    "WHY": {"*": "1000WHY"},
    "XEC": {"*": "XEC", "binance": "1000XEC", "bybit": "1000XEC"},
    "X": {"*": "1000X"},
    "BTT": {"*": "BTT", "bybit": "1000BTT"},
}  # fmt: skip
"""Asset -> venue -> the base it trades under; `*` for all other venues."""

_SIZES = {
    "1000PEPE": 1e3, "kPEPE": 1e3, "1000SHIB": 1e3, "SHIB1000": 1e3, "kSHIB": 1e3, "1000BONK": 1e3, "kBONK": 1e3,
    "1000FLOKI": 1e3, "kFLOKI": 1e3, "1000LUNC": 1e3, "kLUNC": 1e3, "kDOGS": 1e3, "kNEIRO": 1e3, "1000000MOG": 1e6,
    "1000RATS": 1e3, "10000CAT": 1e4, "1000CAT": 1e3, "1000SATS": 1e3, "10000SATS": 1e4, "1000000BABYDOGE": 1e6,
    "1MBABYDOGE": 1e6, "1000CHEEMS": 1e3, "1MCHEEMS": 1e6, "1000000CHEEMS": 1e6, "1000WHY": 1e3, "1000XEC": 1e3,
    "1000X": 1e3, "1000BTT": 1e3,
}  # fmt: skip
"""Coins in one unit of a base that is a multiple."""

XBT_VENUES = frozenset({"kucoin", "kraken-futures"})
USDC = Asset("USDC", "USDC", 1.0, 45, Sort.COIN, 0.0001)
"""Itself a contract at some venues: its price shows a depeg."""
OTHER_MOVE = Asset("MOVE (another coin)", "MOVE", 1.9, 150, Sort.COIN, 0.07)
"""A different coin under a ticker that is taken: what the collision scenario lists."""


def base_at(asset: Asset, venue: str) -> tuple[str, float]:
    """The base currency's name at a venue and how many of the asset one unit of it is."""
    if asset.sort is not Sort.COIN:
        return asset.ticker, 1.0
    if asset.ticker == "BTC" and venue in XBT_VENUES:
        return "XBT", 1.0
    names = MULTIPLES.get(asset.ticker)
    if names is None:
        return asset.ticker, 1.0
    base = names.get(venue, names["*"])
    return base, _SIZES.get(base, 1.0)


def catalogue(count: int) -> list[Asset]:
    """The first `count` assets: the named ones, then invented coins. The other MOVE and USDC come on top."""
    named = [
        *_coins(MAJORS, 0),
        *_coins(OTHERS, len(MAJORS) // 2),
        *_of(SHARES, Sort.SHARE, 0.02),
        *_of(COMMODITIES, Sort.COMMODITY, 0.012),
        *_of(INDICES, Sort.INDEX, 0.01),
    ]
    if count < len(named):
        named = named[:count]
    invented = [
        Asset(name, name, round(10 ** (-3 + 6 * (number % 97) / 97), 6), 200 + number, Sort.COIN, 0.08)
        for number, name in enumerate(_names(count - len(named)))
    ]
    return [*named, OTHER_MOVE, USDC, *invented]


def _coins(words: list[str], first: int) -> list[Asset]:
    return [
        Asset(name, name, float(price), first + at, Sort.COIN, 0.028 + 0.05 * min(first + at, 120) / 120)
        for at, (name, price) in enumerate(zip(words[::2], words[1::2], strict=True))
    ]


def _of(words: list[str], sort: Sort, daily_vol: float) -> list[Asset]:
    suffix = {Sort.SHARE: ".share", Sort.COMMODITY: ".commodity", Sort.INDEX: ".index"}[sort]
    return [
        Asset(name + suffix, name, float(price), 40 + at, sort, daily_vol)
        for at, (name, price) in enumerate(zip(words[::2], words[1::2], strict=True))
    ]


def _names(count: int) -> list[str]:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [
        "Q" + letters[at // 676 % 26] + letters[at // 26 % 26] + letters[at % 26] + ("" if at < 17576 else str(at))
        for at in range(max(count, 0))
    ]
