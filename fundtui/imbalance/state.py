"""Struct-of-arrays state of the calculator: one row per instrument, one per asset, and who belongs to whom.

Row -1 (the last of each array) is never used: it stands for "no instrument" and holds only missing values, so that
blocks padded with -1 read as missing without a mask.
"""

from __future__ import annotations

from bisect import bisect_left
from enum import IntEnum

import numpy as np

from fundtui.imbalance.rows import COUNT, FLAG, NUMBER, ZERO, Field, Flags, Floats, Index, Ints, Rows

WIDTHS = (8, 24)
"""Assets are worked on in groups of similar size, so that a coin on forty venues does not pad the many on five."""


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

    Static, from the contract: asset row, venue number, hours, kernel interest (per hour), caps (per hour), multiplier.
    Moving: reason bits published with the quote, bits of the calculator's own checks, times and small counters.
    """

    fields = {  # noqa: RUF012
        "asset": Field(-1, np.int64),
        "venue": Field(-1, np.int64),
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
        "averaging": Field(3, np.int64),
        "anchor_h": ZERO,
        "published": Field(1, np.int64),
        "checks": COUNT,
        "shown_reasons": Field(-1, np.int64),
        "observed_ms": NUMBER,
        "suspect_polls": COUNT,
        "missed_polls": COUNT,
        "at_cap": FLAG,
        "late": FLAG,
    }
    asset: Ints
    venue: Ints
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
    anchor_h: Floats
    published: Ints
    checks: Ints
    shown_reasons: Ints
    observed_ms: Floats
    suspect_polls: Ints
    missed_polls: Ints
    at_cap: Flags
    late: Flags


class Members:
    """Which instruments belong to which asset.

    `slots` is instruments x assets: column a holds the rows of asset a, sorted by name so that no figure depends on
    the order in which venues answered, and -1 below. `size` is how many there are.
    """

    def __init__(self, assets: int = 256, width: int = 8) -> None:
        self.slots: Ints = np.full((width, assets), -1, np.int64)
        self.size: Ints = np.zeros(assets, np.int64)
        self._names: dict[int, list[str]] = {}

    def add(self, asset: int, row: int, name: str) -> None:
        """Put an instrument into its asset."""
        self._make_room(asset)
        names = self._names.setdefault(asset, [])
        place = bisect_left(names, name)
        names.insert(place, name)
        size = len(names)
        self.slots[place + 1 : size, asset] = self.slots[place : size - 1, asset].copy()
        self.slots[place, asset] = row
        self.size[asset] = size

    def remove(self, asset: int, name: str) -> None:
        """Take an instrument out of its asset: it is gone, or turned out to be another thing."""
        names = self._names[asset]
        place = names.index(name)
        del names[place]
        size = len(names)
        self.slots[place:size, asset] = self.slots[place + 1 : size + 1, asset].copy()
        self.slots[size, asset] = -1
        self.size[asset] = size

    def of(self, asset: int) -> Index:
        """The instrument rows of one asset."""
        rows: Index = self.slots[: self.size[asset], asset].astype(np.intp)
        return rows

    def groups(self, assets: Index) -> list[tuple[Index, Index]]:
        """(assets, their instrument rows as a block of slots x assets) by similar size; -1 pads.

        A block has at least two columns (one is repeated): with one, numpy would sum in another order and the
        last bit of a mean would depend on what else was in the batch.
        """
        size = self.size[assets]
        result = []
        low = 0
        for high in (*WIDTHS, np.iinfo(np.int64).max):
            chosen = assets[(size > low) & (size <= high)]
            low = high
            if not len(chosen):
                continue
            if len(chosen) == 1:
                chosen = np.repeat(chosen, 2)
            width = int(self.size[chosen].max())
            result.append((chosen, np.take(self.slots[:width], chosen, axis=1)))
        return result

    def _make_room(self, asset: int) -> None:
        width, assets = self.slots.shape
        if asset < assets and self.size[asset] + 1 < width:
            return
        wider = np.full((max(width, int(self.size.max()) * 2 + 2), max(assets, 2 * asset)), -1, np.int64)
        wider[:width, :assets] = self.slots
        sizes = np.zeros(wider.shape[1], np.int64)
        sizes[:assets] = self.size
        self.slots, self.size = wider, sizes
