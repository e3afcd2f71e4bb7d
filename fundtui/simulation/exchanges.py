"""The simulated venues: what they list, how they quote it and by which formula they set funding.

The formulas are written here anew from methodology §2.2 and the venue sheets; nothing is shared with the readers.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Kernel(IntEnum):
    """How a rate follows from the averaged premium."""

    NORMALISED = 0
    """(average + damped interest) of eight hours, divided by 8 / interval."""
    PER_INTERVAL = 1
    """average + interest of the interval, damped; the premium is not scaled."""
    FRACTION = 2
    """A fixed fraction of the average."""
    CONTINUOUS = 3
    """The premium of this moment outside a dead band, for eight hours."""


class Product(msgspec.Struct, frozen=True, gc=False):
    """One group of contracts: its quote, settle currency (empty: the coin) and which ranks are listed."""

    quote: str
    settle: str
    ranks: int
    share: float = 1.0
    inverse: bool = False


class Exchange(msgspec.Struct, frozen=True):
    """One venue.

    hours       the intervals it uses, most common first, with the share of contracts for each
    anchor_h    settlements fall on this hour of the day and every interval after
    lag_s       how long its premium runs behind the others
    switches    moves a contract to hourly funding after a settlement at the cap
    spread_bp   half the impact spread of a large coin, in basis points: the mark's basis exceeds the premium by it
    traditional share of the shares, commodities and indices that it lists
    """

    name: str
    kernel: Kernel
    products: tuple[Product, ...]
    hours: tuple[tuple[int, float], ...]
    linear: bool = True
    interest_8h: float = 0.0001
    damper: float = 0.0005
    fraction: float = 1.0
    anchor_h: int = 0
    cap: float = 0.02
    major_cap: float = 0.003
    lag_s: float = 0.0
    bias_bp: float = 0.0
    switches: bool = False
    spread_bp: float = 0.5
    traditional: float = 0.0
    oi_share: float = 0.1


def _inverse(ranks: int, share: float, settle: str = "") -> Product:
    """Coin-margined contracts."""
    return Product("USD", settle, ranks, share, inverse=True)


_MIXED = ((8, 0.5), (4, 0.44), (1, 0.03), (2, 0.03))
_HOURLY = ((1, 1.0),)

EXCHANGES: tuple[Exchange, ...] = (
    Exchange(
        "binance", Kernel.NORMALISED, (Product("USDT", "USDT", 9999, 0.78), Product("USDC", "USDC", 34, 0.9)), _MIXED,
        switches=True, traditional=0.6, oi_share=0.3,
    ),
    Exchange(
        "bybit", Kernel.PER_INTERVAL,
        (Product("USDT", "USDT", 9999, 0.74), Product("USDC", "USDC", 26, 0.8), _inverse(9, 1.0)),
        _MIXED, cap=0.02, major_cap=0.00333, lag_s=15, bias_bp=0.4, switches=True, oi_share=0.17,
    ),
    Exchange(
        "okx", Kernel.PER_INTERVAL,
        (Product("USDT", "USDT", 175, 0.66), Product("USDC", "USDC", 8, 1.0), _inverse(16, 0.9)),
        _MIXED, cap=0.015, major_cap=0.00375, lag_s=20, bias_bp=-0.6, switches=True, oi_share=0.13,
    ),
    Exchange(
        "bitget", Kernel.NORMALISED,
        (Product("USDT", "USDT", 9999, 0.7), Product("USDC", "USDC", 16, 0.8), _inverse(7, 1.0)),
        _MIXED, lag_s=40, bias_bp=0.8, switches=True, traditional=0.7, oi_share=0.11,
    ),
    Exchange(
        "gate", Kernel.NORMALISED, (Product("USDT", "USDT", 9999, 0.55), _inverse(1, 1.0, "BTC")),
        _MIXED, lag_s=60, bias_bp=1.2, switches=True, traditional=0.7, spread_bp=1.0, oi_share=0.08,
    ),
    Exchange(
        "kucoin", Kernel.PER_INTERVAL,
        (Product("USDT", "USDT", 9999, 0.55), Product("USDC", "USDC", 8, 1.0), _inverse(5, 1.0)),
        ((8, 0.4), (4, 0.58), (1, 0.02)), linear=False, anchor_h=4, lag_s=150, bias_bp=1.6, spread_bp=1.0,
        oi_share=0.03,
    ),
    Exchange(
        "mexc", Kernel.PER_INTERVAL,
        (Product("USDT", "USDT", 9999, 0.7), Product("USDC", "USDC", 8, 1.0), _inverse(6, 1.0)),
        ((8, 0.5), (4, 0.46), (1, 0.04)), linear=False, major_cap=0.0018, lag_s=90, bias_bp=-1.4, traditional=0.6,
        spread_bp=1.0, oi_share=0.09,
    ),
    Exchange(
        "hyperliquid", Kernel.NORMALISED, (Product("USDC", "USDC", 190, 0.6),), _HOURLY, linear=False, cap=0.04,
        major_cap=0.04, lag_s=30, bias_bp=2.2, traditional=0.8, oi_share=0.1,
    ),
    Exchange(
        "dydx", Kernel.FRACTION, (Product("USD", "USDC", 130, 0.45),), _HOURLY, linear=False, interest_8h=0.0,
        damper=0.0, fraction=1 / 8, cap=0.015, major_cap=0.0075, lag_s=300, bias_bp=-0.8, spread_bp=1.5,
        oi_share=0.004,
    ),
    Exchange(
        "kraken-futures", Kernel.FRACTION, (Product("USD", "USD", 160, 0.52), _inverse(5, 1.0)),
        _HOURLY, linear=False, interest_8h=0.0, damper=0.0, fraction=1 / 24, cap=0.0025, major_cap=0.0025, lag_s=60,
        bias_bp=0.6, spread_bp=1.0, traditional=0.2, oi_share=0.01,
    ),
    Exchange(
        "deribit", Kernel.CONTINUOUS, (Product("USDC", "USDC", 30, 0.65), _inverse(2, 1.0)), _HOURLY,
        linear=False, interest_8h=0.0, damper=0.00025, cap=0.05, major_cap=0.005, lag_s=10, bias_bp=0.8, spread_bp=0.0,
        oi_share=0.04,
    ),
    Exchange(
        "lighter", Kernel.NORMALISED, (Product("USDC", "USDC", 150, 0.5),), _HOURLY, linear=False, cap=0.005,
        major_cap=0.005, lag_s=45, bias_bp=1.0, traditional=0.4, oi_share=0.05,
    ),
    Exchange(
        "binance-coinm", Kernel.NORMALISED, (_inverse(34, 0.75),), ((8, 1.0),), cap=0.02, major_cap=0.003, bias_bp=-0.5,
        oi_share=0.02,
    ),
    Exchange(
        "aster", Kernel.NORMALISED, (Product("USDT", "USDT", 9999, 0.5),), _MIXED, lag_s=70, bias_bp=1.5,
        spread_bp=1.0, oi_share=0.03,
    ),
    Exchange(
        "htx", Kernel.PER_INTERVAL, (Product("USDT", "USDT", 170, 0.5),), ((8, 0.75), (4, 0.23), (1, 0.02)),
        linear=False, major_cap=0.00375, lag_s=120, bias_bp=0.5, spread_bp=1.5, oi_share=0.02,
    ),
    Exchange(
        "bingx", Kernel.PER_INTERVAL, (Product("USDT", "USDT", 9999, 0.6), Product("USDC", "USDC", 6, 1.0)),
        ((8, 0.55), (4, 0.44), (1, 0.01)), linear=False, lag_s=100, bias_bp=-0.9, spread_bp=1.0, oi_share=0.04,
    ),
    Exchange(
        "aevo", Kernel.NORMALISED, (Product("USDC", "USDC", 60, 0.6),), _HOURLY, linear=False, cap=0.01, major_cap=0.01,
        lag_s=200, bias_bp=1.0, spread_bp=2.0, oi_share=0.001,
    ),
    Exchange(
        "pacifica", Kernel.NORMALISED, (Product("USDC", "USDC", 60, 0.7),), _HOURLY, linear=False, cap=0.04,
        major_cap=0.04, lag_s=50, bias_bp=1.8, spread_bp=1.0, traditional=0.3, oi_share=0.01,
    ),
    Exchange(
        "backpack", Kernel.NORMALISED, (Product("USDC", "USDC", 70, 0.7),), _HOURLY, linear=False, cap=0.01,
        major_cap=0.01, lag_s=80, bias_bp=0.9, spread_bp=1.5, traditional=0.3, oi_share=0.005,
    ),
    Exchange(
        "orderly", Kernel.PER_INTERVAL, (Product("USDC", "USDC", 90, 0.6),), ((8, 0.8), (4, 0.15), (1, 0.05)),
        linear=False, lag_s=90, bias_bp=0.2, spread_bp=1.5, oi_share=0.004,
    ),
    Exchange(
        "paradex", Kernel.CONTINUOUS, (Product("USD", "USDC", 80, 0.6),), _HOURLY, linear=False, cap=0.05,
        major_cap=0.02, lag_s=40, bias_bp=0.7, spread_bp=0.5, oi_share=0.01,
    ),
)  # fmt: skip
MAIN_VENUES = 12
"""How many of them the demo shows unless it is asked for more."""
