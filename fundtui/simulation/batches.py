"""Batches made directly, without a wire format between: for benchmarks of the calculator and the interface."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from fundtui.market import Averaging, Batch, Family, FundingRule, Instrument, Quote
from fundtui.simulation.noise import Floats, Keys, fractions, key, mix_array

HOUR_MS = 3_600_000
START_MS = 1_772_524_560_000
HOURS = (8, 4, 1)
RULE = FundingRule(
    family=Family.NORMALISED,
    interest_8h=0.0001,
    damper=0.0005,
    averaging=Averaging.LINEAR,
    cap=0.02,
    floor=-0.02,
    source="simulated",
)


class Listing(msgspec.Struct, frozen=True):
    """One invented venue: its contracts, and their prices and open interest in dollars."""

    venue: str
    contracts: list[Instrument]
    prices: Floats
    oi_usd: Floats
    keys: Keys


def bench_batches(
    assets: int, venues: int, seed: int, *, instruments: int = 0, step_ms: int = 1000, changing: float = 1.0
) -> Iterator[Batch]:
    """Batches of invented venues in turn, without end: each is all contracts of one venue, `step_ms` after the last.

    `instruments` in all (0: a quarter of all pairs), spread evenly over the venues; `changing` is the share of rows
    whose rate and prices differ from the venue's previous batch. The same arguments give the same batches.
    """
    listings = [_listing(assets, venues, seed, number, instruments) for number in range(venues)]
    rounds = [np.zeros(len(listing.contracts), dtype=np.uint64) for listing in listings]
    turn = 0
    while True:
        place = turn % venues
        listing, age = listings[place], rounds[place]
        moved = fractions(listing.keys + np.uint64(turn)) < changing
        age[moved] = turn
        yield _batch(listing, age, START_MS + turn * step_ms)
        turn += 1


def _listing(assets: int, venues: int, seed: int, number: int, instruments: int) -> Listing:
    venue = f"venue{number:02d}"
    wanted = min(assets, (instruments or assets * venues // 4) // venues)
    order = np.argsort(fractions(mix_array(np.arange(assets, dtype=np.uint64) + np.uint64(key(seed, venue)))))
    chosen = np.sort(order[:wanted])
    hours = HOURS[number % len(HOURS)]
    contracts = [
        Instrument(
            venue=venue,
            symbol=f"A{asset:04d}USDT",
            asset=f"A{asset:04d}",
            quote="USDT",
            settle="USDT",
            rate_period_h=float(hours),
            interval_h=float(hours),
            cap=0.02,
            floor=-0.02,
            rule=RULE,
        )
        for asset in chosen.tolist()
    ]
    base = fractions(mix_array(chosen.astype(np.uint64) + np.uint64(key(seed, "price"))))
    keys = mix_array(chosen.astype(np.uint64) ^ np.uint64(key(seed, venue, "row")))
    return Listing(venue, contracts, 10.0 ** (base * 6 - 2), 1e5 * 10.0 ** (fractions(keys) * 4), keys)


def _batch(listing: Listing, age: Keys, observed_ms: int) -> Batch:
    first = fractions(listing.keys + age * np.uint64(0x9E3779B97F4A7C15))
    second = fractions(listing.keys ^ (age * np.uint64(0xBF58476D1CE4E5B9)))
    hours = listing.contracts[0].interval_h if listing.contracts else 8.0
    interval_ms = int(hours) * HOUR_MS
    following = observed_ms // interval_ms * interval_ms + interval_ms
    premium = (first - 0.5) * 0.004
    excess = np.sign(premium - 0.0001) * np.maximum(np.abs(premium - 0.0001) - 0.0005, 0.0)
    index = listing.prices * (1.0 + (second - 0.5) * 0.002)
    columns = [
        ((0.0001 + excess) * hours / 8).tolist(), (index * (1.0 + premium)).tolist(), index.tolist(), premium.tolist(),
        (listing.oi_usd / listing.prices).tolist(), listing.oi_usd.tolist(),
    ]  # fmt: skip
    quotes = tuple(
        Quote(contract, observed_ms, rate, following, mark, index_price, mark, part, coins, dollars, 3.0 * dollars)
        for contract, rate, mark, index_price, part, coins, dollars in zip(listing.contracts, *columns, strict=True)
    )
    return Batch(venue=listing.venue, observed_ms=observed_ms, quotes=quotes)
