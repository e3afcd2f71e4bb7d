"""The registry of venues: built-ins, and other packages' through the entry point group `fundtui.venues`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fundtui.venues.spec import Venue

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

BUILT_IN = (
    "binance",
    "bybit",
    "okx",
    "bitget",
    "gate",
    "kucoin",
    "mexc",
    "hyperliquid",
    "dydx",
    "kraken-futures",
    "deribit",
    "lighter",
    "paradex",
    "backpack",
    "aevo",
    "edgex",
    "extended",
    "gmx",
    "pacifica",
    "orderly",
    "vertex",
    "hibachi",
    "delta",
    "delta-india",
    "drift",
    "apex",
    "binance-coinm",
    "aster",
    "htx",
    "bingx",
    "whitebit",
    "bitfinex",
    "cryptocom",
    "woox",
    "xt",
    "phemex",
    "blofin",
    "coinbase-intx",
    "gemini",
    "bullish",
    "bitstamp",
)

RENAMED = {"nado": "vertex", "velocity": "drift"}
"""Names that venues go by since they were founded anew -> the name they have here."""


def names() -> tuple[str, ...]:
    """All venue names, built-ins first, then those of other packages in alphabetical order."""
    others = sorted(entry.name for entry in _entry_points() if entry.name not in BUILT_IN)
    return (*BUILT_IN, *others)


def load(name: str) -> Venue:
    """One venue by name. Imports only its module. Raises KeyError for an unknown name."""
    name = RENAMED.get(name, name)
    if name in BUILT_IN:
        module = importlib.import_module(f"fundtui.venues.{name.replace('-', '_')}")
        venue = module.VENUE
    else:
        matching = [entry for entry in _entry_points() if entry.name == name]
        if not matching:
            raise KeyError(name)
        venue = matching[0].load()
    if not isinstance(venue, Venue):
        raise TypeError(f"venue {name}: {venue!r} is no fundtui.venues.spec.Venue")
    return venue


def load_all(only: tuple[str, ...] | None = None) -> Iterator[Venue]:
    """The venues named, or all of them."""
    for name in only if only is not None else names():
        yield load(name)


def _entry_points() -> tuple[EntryPoint, ...]:
    # Takes a tenth of the time to the first frame, and most starts need no other package's venues.
    from importlib.metadata import entry_points

    return tuple(entry_points(group="fundtui.venues"))
