"""The newest form of each contract, kept between polls.

A poll reads thousands of rows that say the same about their contracts as the poll before. Their instruments are then
the same objects again, which the rooms behind count on to be quick. Older forms are let go: a cache of calls would
hold several forms of each contract, and the rows that they were made from, as long as the program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import TypeVar, TypeVarTuple

from fundtui.market import Instrument
from fundtui.text import is_symbol
from fundtui.venues._wire import BadRow

MOST = 32_768
"""Contracts that one venue's maker remembers: no venue has as many, unless it hands out new names all the time."""

Name = TypeVar("Name", bound=Hashable)
Said = TypeVarTuple("Said")


def newest(make: Callable[[Name, *Said], Instrument]) -> Callable[[Name, *Said], Instrument]:
    """A maker of instruments whose result for a name stays the same object until anything said of it differs.

    `make` takes a name that is the instrument's alone and what its venue says of it. Raises BadRow, besides what
    `make` raises, for an instrument any of whose names has other characters than symbols may have.
    """
    kept: dict[Name, tuple[tuple[object, ...], Instrument]] = {}

    @wraps(make)
    def made(name: Name, *said: *Said) -> Instrument:
        known = kept.get(name)
        # Tuples compare by identity first, so rows that no new answer replaced are not compared field by field.
        if known is not None and known[0] == said:
            instrument = known[1]
        else:
            instrument = make(name, *said)
            if not all(map(is_symbol, (instrument.symbol, instrument.asset, instrument.quote, instrument.settle))):
                raise BadRow("unsafe_symbol")
            if len(kept) >= MOST:
                kept.clear()
        # Also where nothing differs: the rows of an older answer are not to outlive it.
        kept[name] = said, instrument
        return instrument

    return made
