"""From quotes to numbers: observations as a matrix, reasons as bits, and what a contract says about its rate."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from functools import lru_cache, reduce
from operator import iconcat
from typing import Any, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import astuple

from fundtui.imbalance import excess
from fundtui.imbalance.rows import Floats, Index, Ints
from fundtui.imbalance.state import Observed
from fundtui.imbalance.theory import Kernel, kernel_parameters
from fundtui.imbalance.twap import AVERAGING_CODE
from fundtui.market import NAN, Averaging, Family, FundingRule, Instrument, Note, Quote, RateKind, Reason, Status
from fundtui.units import HOURS_PER_YEAR

DEFAULT_INTEREST_8H = 0.0001
"""Interest part of funding where a venue's rule is unknown: the field's convention (methodology §3.1)."""

DOLLARS = frozenset(
    "USD USDT USDC USDE FDUSD BFUSD USD1 USDG RLUSD PYUSD DAI USDB USDD TUSD BUSD USDX UST USDH USDS SUSD".split()
)
"""Quote currencies whose prices can be compared with each other as they are (within the price check's 2 %)."""


class Money(msgspec.Struct, frozen=True):
    """What money costs a year: cash in the quote currency, and what holding a coin earns (methodology §2.6)."""

    quote_rate: float = excess.DEFAULT_QUOTE_RATE
    yields: dict[str, float] = {}

    def yield_of(self, asset_id: str) -> float:
        """What an asset earns by being held; 0 unless told."""
        return self.yields.get(asset_id, 0.0)


REASONS = tuple(Reason)
BIT = {reason: 1 << place for place, reason in enumerate(REASONS)}
EWMA_HOURS = 1.0
"""Time constant of a venue's exponential average where its rule states none."""
_QUOTE_WIDTH = len(Quote.__struct_fields__)
_OBSERVED, _NEXT_FUNDING, _REASONS = map(Quote.__struct_fields__.index, ("observed_ms", "next_funding_ms", "reasons"))
_NUMBERS = [place for place in range(_OBSERVED + 1, _REASONS) if place != _NEXT_FUNDING]
"""Fields of a quote that are numbers; with the next payment among them they are the rows of `Observed`."""
_SIDE_FIELDS = range(_REASONS + 1, _QUOTE_WIDTH)
OI_SKEW = 1


@lru_cache(maxsize=4096)
def reason_bits(reasons: tuple[Reason, ...]) -> int:
    """Reasons as one integer; 0: compared with the others."""
    return sum(BIT[reason] for reason in set(reasons))


@lru_cache(maxsize=4096)
def reasons_of(bits: int) -> tuple[Reason, ...]:
    """The reasons that an integer of `reason_bits` stands for."""
    return tuple(reason for reason in REASONS if bits & BIT[reason])


class Observations(NamedTuple):
    """Quotes as arrays: their contracts, when each was seen, `Observed` fields x quotes, and reason bits.

    `sides`: received rate and skew of open interest x quotes, of venues that tell sides apart (methodology §2.5).
    """

    contracts: tuple[Instrument, ...]
    observed_ms: Floats
    numbers: Floats
    reasons: Ints
    sides: Floats | None = None


def observations(quotes: Sequence[Quote]) -> Observations:
    """Quotes as arrays, NaN where unknown. There is at least one quote.

    Laid end to end and packed by columns in C: at 500 quotes this takes a seventh of what building an array from
    attributes does.
    """
    count = len(quotes)
    flat: list[Any] = reduce(iconcat, map(astuple, quotes), [])
    pack = struct.Struct(f"{count}d").pack
    numbers = [pack(*flat[place::_QUOTE_WIDTH]) for place in _NUMBERS]
    numbers.insert(Observed.NEXT_FUNDING_MS, _times(flat[_NEXT_FUNDING::_QUOTE_WIDTH]).tobytes())
    reasons = flat[_REASONS::_QUOTE_WIDTH]
    plain = reasons.count(()) == count
    return Observations(
        tuple(flat[::_QUOTE_WIDTH]),
        _seen_at(flat[_OBSERVED::_QUOTE_WIDTH]),
        np.frombuffer(b"".join(numbers)).reshape(len(Observed), count),
        np.zeros(count, np.int64) if plain else np.fromiter(map(reason_bits, reasons), np.int64, count),
        _sides([flat[place::_QUOTE_WIDTH] for place in _SIDE_FIELDS]),
    )


def _seen_at(observed: list[int]) -> Floats:
    """One answer is one instant: one number is turned into a float faster than 500 are."""
    if observed.count(observed[0]) == len(observed):
        return np.full(len(observed), float(observed[0]))
    return _times(observed)


def _times(times: list[int] | list[int | None]) -> Floats:
    """Times as floats, by way of integers, which is faster; NaN where a time is not known."""
    try:
        return np.fromiter(times, np.int64, len(times)).astype(np.float64)
    except TypeError:
        return np.array([math.nan if time is None else time for time in times], np.float64)


def _sides(columns: list[list[float]]) -> Floats | None:
    """What differs between the sides, sides x quotes; most venues leave all of it at the one NaN that stands there."""
    if all(column.count(NAN) == len(column) for column in columns):
        return None
    sides = np.array(columns, np.float64)
    return sides if (sides == sides).any() else None


def distinct(
    rows: Index, seen: Observations, quotes: tuple[Quote, ...]
) -> tuple[Index, Observations, tuple[Quote, ...]]:
    """Of a symbol that comes twice in a batch, the last row counts."""
    last: Index = np.zeros(int(rows.max()) + 1, np.intp)
    places = np.arange(len(rows))
    last[rows] = places
    kept = np.flatnonzero(last[rows] == places)
    if len(kept) == len(rows):
        return rows, seen, quotes
    chosen = Observations(
        tuple(seen.contracts[place] for place in kept.tolist()),
        seen.observed_ms[kept],
        np.ascontiguousarray(seen.numbers[:, kept]),
        seen.reasons[kept],
        None if seen.sides is None else seen.sides[:, kept],
    )
    return rows[kept], chosen, tuple(quotes[place] for place in kept.tolist())


class ContractNumbers(NamedTuple):
    """What the calculator keeps of a contract, as numbers. Rates and caps per hour."""

    period_h: float
    interval_h: float
    interest_h: float
    cap_h: float
    floor_h: float
    multiplier: float
    comparable_price: bool
    continuous: bool
    index_is_mark: bool
    exact_mark: bool
    estimate: bool
    averaging: int
    averaging_h: float
    anchor_h: float
    expiry_ms: float
    dated: bool
    fair_premium: float
    money_h: float


def contract_numbers(contract: Instrument, money: Money) -> tuple[ContractNumbers, Kernel]:
    """A contract's numbers and its funding kernel (methodology §2.2).

    `exact_mark`: the rule itself reads mark against index, so the premium from them is exact (tier 1).
    `estimate`: the published rate is for the interval that is running, so it can be held against the formula.
    """
    rule = contract.rule
    kernel = kernel_parameters(rule, contract.interval_h, contract.cap, contract.floor, contract.rate_period_h)
    numbers = ContractNumbers(
        period_h=contract.rate_period_h,
        interval_h=contract.interval_h,
        interest_h=interest_hourly(kernel, rule.interest_8h),
        cap_h=_bound(contract.cap, contract.rate_period_h, float(kernel.cap), float(kernel.period_h)),
        floor_h=_bound(contract.floor, contract.rate_period_h, float(kernel.floor), float(kernel.period_h)),
        multiplier=contract.multiplier,
        comparable_price=contract.quote in DOLLARS,
        continuous=contract.continuous,
        index_is_mark=Note.INDEX_IS_MARK in contract.notes,
        exact_mark=rule.family is Family.CONTINUOUS and rule.averaging is Averaging.NONE,
        estimate=contract.rate_kind in (RateKind.PREDICTED, RateKind.RUNNING),
        averaging=int(AVERAGING_CODE[rule.averaging]),
        averaging_h=averaging_constant_h(rule),
        anchor_h=float(rule.anchor_h),
        expiry_ms=math.nan if contract.expiry_ms is None else float(contract.expiry_ms),
        dated=contract.status is Status.DATED,
        fair_premium=float(excess.fair_premium(money.quote_rate, money.yield_of(contract.asset_id), kernel)),
        money_h=(money.quote_rate - money.yield_of(contract.asset_id)) / HOURS_PER_YEAR,
    )
    return numbers, kernel


def averaging_constant_h(rule: FundingRule) -> float:
    """The time constant of an exponential average, hours: from the half-life that the rule states, else one hour."""
    stated = rule.averaging_half_life_h
    return EWMA_HOURS if math.isnan(stated) else stated / math.log(2.0)


def interest_hourly(kernel: Kernel, interest_8h: float = math.nan) -> float:
    """The rate per hour that a kernel gives inside its dead band, (s·I + j)/N.

    Where the kernel is not known: the interest that the venue's rule states, else the convention.
    """
    if math.isnan(float(kernel.period_h)):
        return (DEFAULT_INTEREST_8H if math.isnan(interest_8h) else interest_8h) / 8.0
    return (float(kernel.share) * float(kernel.interest) + float(kernel.fixed)) / float(kernel.period_h)


def _bound(own: float, rate_period_h: float, of_kernel: float, period_h: float) -> float:
    """A cap or floor per hour: the contract's, else the rule's, else NaN."""
    if not math.isnan(own):
        return own / rate_period_h
    return of_kernel / period_h if math.isfinite(of_kernel) else math.nan
