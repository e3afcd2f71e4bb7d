"""The venues' wire formats, one writer per file, made on first use."""

from __future__ import annotations

import importlib

from fundtui.simulation.market import Market
from fundtui.simulation.wire.sheet import Sheet, Writer

NAMES = (
    "binance", "bybit", "okx", "bitget", "gate", "kucoin", "mexc", "hyperliquid", "dydx", "kraken-futures", "deribit",
    "lighter",
)  # fmt: skip
"""The venues of the demo, in the order of the exchanges: those of a market of `Scale()`."""
MORE_NAMES = ("binance-coinm", "aster", "htx", "bingx", "aevo", "pacifica", "backpack", "orderly", "paradex")
"""Further venues, in a market of a larger scale."""
ALL_NAMES = NAMES + MORE_NAMES


def open_sheet(market: Market, venue: str) -> Sheet:
    """The sheet of a venue with its writer. Raises KeyError for a venue that is not simulated."""
    if venue not in ALL_NAMES or venue not in market.universe.venues:
        raise KeyError(venue)
    module = importlib.import_module(f"fundtui.simulation.wire.{venue.replace('-', '_')}")
    writer: Writer = module.WRITER
    return Sheet(market, venue, writer)
