"""A venue's polls after its last chunks, held as they lie on the disk and unpacked for some contracts at a time.

Twelve hours of two thousand contracts are millions of numbers: as numbers they would take hundreds of megabytes, packed
they take a few.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.history import codec, frames
from fundtui.history.codec import Floats, Ints
from fundtui.history.frames import RATE, Packed
from fundtui.history.live import NOWHERE, Live
from fundtui.history.steps import COLUMNS, Gatherer, Part

STEP = 16
"""Polls per step of work: a few milliseconds."""


class Rates(NamedTuple):
    """Rates of some contracts at each poll, polls x contracts, and at which polls they were listed at all.

    A poll that lists a contract without a rate has NaN.
    """

    contracts: Ints
    column: dict[int, int]
    seen: NDArray[np.bool_]
    rate: Floats


class Tail:
    """Polls of one venue. `times` are all that there were; a damaged one stays among them and has nothing."""

    def __init__(self, times: Ints) -> None:
        self.times = times
        self.contracts: list[int] = []
        """In the order in which they were first seen."""
        self._polls: list[tuple[int, Packed]] = []
        self._steps = Gatherer()

    def gather(self, live: Live, venue: int, *, quotes: bool) -> Iterator[None]:
        """Read them. quotes: what else they said is wanted too, thinned."""
        if not len(self.times):
            return
        place = {time_ms: number for number, time_ms in enumerate(self.times.tolist())}
        first_ms, end_ms = int(self.times[0]), int(self.times[-1]) + 1
        fields = (RATE, *COLUMNS) if quotes else (RATE,)
        known: dict[int, None] = {}
        listed: Ints | None = None
        for number, (time_ms, poll) in enumerate(live.packed(venue, first_ms, end_ms, fields)):
            if time_ms not in place:
                continue
            if poll.contracts is not listed:
                listed = poll.contracts
                known |= dict.fromkeys(listed.tolist())
            self._polls.append((place[time_ms], poll.lead()))
            if quotes:
                self._steps.take(time_ms, poll)
            if number % STEP == 0:
                yield
        self.contracts = list(known)

    def room(self, wanted: Ints) -> Rates:
        """Room for the rates of these contracts."""
        contracts = np.unique(wanted)
        shape = len(self.times), len(contracts)
        columns = {contract: column for column, contract in enumerate(contracts.tolist())}
        return Rates(contracts, columns, np.zeros(shape, np.bool_), np.full(shape, np.nan))

    def fill(self, rates: Rates) -> Iterator[None]:
        """Fill it."""
        listed, there, columns = None, NOWHERE, NOWHERE
        for number, (place, poll) in enumerate(self._polls):
            if poll.contracts is not listed:
                listed = poll.contracts
                there = np.flatnonzero(np.isin(listed, rates.contracts))
                columns = np.searchsorted(rates.contracts, listed[there])
            with contextlib.suppress(codec.Damaged):
                rates.rate[place, columns] = frames.unpack(poll, there, (RATE,))[0]
                rates.seen[place, columns] = True
            if number % STEP == 0:
                yield

    def steps(self, wanted: Ints) -> Iterator[Part]:
        """What else polls said of these contracts, each five minutes."""
        return self._steps.parts(wanted)
