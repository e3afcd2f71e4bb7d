"""Struct-of-arrays state of the calculator: one row per instrument, and which instruments an asset has."""

from __future__ import annotations

from bisect import bisect_left
from enum import IntEnum

import numpy as np

from fundtui.imbalance.rows import COUNT, FLAG, NUMBER, ZERO, Field, Flags, Floats, Index, Ints, Rows
from fundtui.imbalance.segments import Segments, segments


class Observed(IntEnum):
    """Rows of the observation matrix: the numbers of a quote, in the order of its fields."""

    RATE = 0
    NEXT_FUNDING_MS = 1
    MARK = 2
    INDEX = 3
    LAST = 4
    PREMIUM = 5
    OI_BASE = 6
    OI_USD = 7
    VOLUME_USD = 8
    SETTLED_RATE = 9
    OI_CAP_USD = 10
    BID = 11
    ASK = 12


class InstrumentRows(Rows):
    """What is known of each instrument besides its last observation.

    Static, from the contract: asset row, venue number, hours, time constant of an exponential average, kernel interest
    (per hour), caps (per hour), multiplier.
    Moving: reason bits published with the quote, bits of the calculator's own checks, times and small counters; what
    `pricecheck` has found; whether the venue still learns about its own contracts.

    `judgements` grows with each change of `published`, `checks`, `price_firm` or `price_open`: of who is compared, that
    is, and of how settled it is. Who changes one of them counts it.
    """

    fields = {  # noqa: RUF012
        "asset": Field(-1, np.intp),
        "venue": Field(-1, np.int64),
        "place": COUNT,
        "period_h": NUMBER,
        "interval_h": NUMBER,
        "interest_h": NUMBER,
        "cap_h": NUMBER,
        "floor_h": NUMBER,
        "multiplier": NUMBER,
        "comparable_price": FLAG,
        "continuous": FLAG,
        "index_is_mark": FLAG,
        "exact_mark": FLAG,
        "estimate": FLAG,
        "averaging": Field(3, np.int8),
        "averaging_h": NUMBER,
        "anchor_h": ZERO,
        "expiry_ms": NUMBER,
        "dated": FLAG,
        "fair_premium": NUMBER,
        "money_h": NUMBER,
        "published": Field(1, np.int32),
        "checks": COUNT,
        "shown_reasons": Field(-1, np.int32),
        "observed_ms": NUMBER,
        "suspect_polls": COUNT,
        "missed_polls": COUNT,
        "at_cap": FLAG,
        "late": FLAG,
        "pinned": FLAG,
        "learning": FLAG,
        "price_firm": FLAG,
        "price_streak": COUNT,
        "price_open": FLAG,
        "price_told": FLAG,
        "price_quiet": FLAG,
    }
    asset: Index
    venue: Ints
    place: Ints
    period_h: Floats
    interval_h: Floats
    interest_h: Floats
    cap_h: Floats
    floor_h: Floats
    multiplier: Floats
    comparable_price: Flags
    continuous: Flags
    index_is_mark: Flags
    exact_mark: Flags
    estimate: Flags
    averaging: Ints
    averaging_h: Floats
    anchor_h: Floats
    expiry_ms: Floats
    dated: Flags
    fair_premium: Floats
    money_h: Floats
    published: Ints
    checks: Ints
    shown_reasons: Ints
    observed_ms: Floats
    suspect_polls: Ints
    missed_polls: Ints
    at_cap: Flags
    late: Flags
    pinned: Flags
    learning: Flags
    price_firm: Flags
    price_streak: Ints
    price_open: Flags
    price_told: Flags
    price_quiet: Flags

    def __init__(self, capacity: int = 0) -> None:
        self.judgements = 0
        super().__init__(capacity)


class Members:
    """Which instruments belong to which asset; `revision` grows at each change of that.

    `slots` is assets x instruments: row a holds the instrument rows of asset a, sorted by name so that no figure
    depends on the order in which venues answered, and -1 behind them. `size` is how many there are.
    """

    def __init__(self, assets: int = 256, width: int = 8) -> None:
        self.slots: Index = np.full((assets, width), -1, np.intp)
        self.size: Ints = np.zeros(assets, np.int64)
        self.revision = 0
        self._names: dict[int, list[str]] = {}

    def add(self, asset: int, row: int, name: str) -> None:
        """Put an instrument into its asset."""
        self._make_room(asset)
        names = self._names.setdefault(asset, [])
        place = bisect_left(names, name)
        names.insert(place, name)
        self.revision += 1
        size = len(names)
        self.slots[asset, place + 1 : size] = self.slots[asset, place : size - 1].copy()
        self.slots[asset, place] = row
        self.size[asset] = size

    def remove(self, asset: int, name: str) -> None:
        """Take an instrument out of its asset: it is gone, or turned out to be another thing."""
        names = self._names[asset]
        place = names.index(name)
        del names[place]
        self.revision += 1
        size = len(names)
        self.slots[asset, place:size] = self.slots[asset, place + 1 : size + 1].copy()
        self.slots[asset, size] = -1
        self.size[asset] = size

    def of(self, asset: int) -> Index:
        """The instrument rows of one asset."""
        return self.slots[asset, : self.size[asset]].copy()

    def of_all(self, assets: Index) -> tuple[Index, Segments]:
        """Instrument rows of assets that have some, one asset behind the other."""
        sizes = self.size[assets]
        block = self.slots[assets, : int(sizes.max())]
        return block[block >= 0], segments(sizes)

    def _make_room(self, asset: int) -> None:
        assets, width = self.slots.shape
        if asset < assets and self.size[asset] + 1 < width:
            return
        wider = np.full((max(assets, 2 * asset), max(width, int(self.size.max()) * 2 + 2)), -1, np.intp)
        wider[:assets, :width] = self.slots
        sizes = np.zeros(len(wider), np.int64)
        sizes[:assets] = self.size
        self.slots, self.size = wider, sizes
