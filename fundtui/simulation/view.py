"""What is seen of the simulated market: all contracts at one moment, and what one of them paid."""

from __future__ import annotations

import msgspec

from fundtui.simulation.noise import Floats, Ints


class Settled(msgspec.Struct, frozen=True, gc=False):
    """One payment. `rate` is for `hours`; of a continuous venue, what one hour paid."""

    time_ms: int
    rate: float
    hours: int
    premium: float
    price: float


class View(msgspec.Struct, frozen=True):
    """The market at one moment, as columns over all rows.

    rate      of the running interval (continuous venues: per 8 h), inside cap and floor
    settled   the rate that was paid last, for the interval it was paid for (continuous: of the last full hour)
    mark, index, bid, ask, last   per unit of the contract's own base, in its quote currency
    oi_base   one-sided, in units of the contract's base; oi_usd and volume_usd in quote currency
    listing   effects.LISTED, ANNOUNCED, STOPPED or ABSENT
    """

    time_ms: int
    premium: Floats
    average: Floats
    rate: Floats
    settled: Floats
    hours: Ints
    next_ms: Ints
    previous_ms: Ints
    index: Floats
    mark: Floats
    last: Floats
    bid: Floats
    ask: Floats
    day_ago: Floats
    oi_base: Floats
    oi_usd: Floats
    volume_usd: Floats
    listing: Ints
    usdc: float
