"""Cold start of the running average from the venue's own samples of the interval (methodology §2.4, best first: 1).

Samples that do not fit what is seen now are not taken, whatever the reason: percent in place of decimals, another
contract's, another time's. Nothing is converted on a guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from fundtui.imbalance import twap
from fundtui.imbalance.divergence import FormulaState
from fundtui.imbalance.rows import Floats, Index
from fundtui.imbalance.state import InstrumentRows
from fundtui.imbalance.twap import Averaging
from fundtui.market import Instrument, PremiumSamples
from fundtui.units import HOUR_MS

STEP_S = 60.0
"""How far apart venues' samples are at most."""
WHOLE = 0.95
"""Coverage from which on an average is left as it is."""
YOUNGEST_MS = 180_000
"""An interval that began less than that ago is soon covered by the polls alone."""
NEAR, NEAR_SHARE = 0.0020, 0.5
"""The newest sample and the premium of the poll are less than a few minutes apart, and one is of impact prices, the
other perhaps of the mark: they differ by basis points, by half of itself where the premium is large. Percent for
decimals would make it a hundredfold."""
USUAL, USUAL_TIMES = 0.0100, 10.0
"""The middle one of all samples: catches wrong units also where the newest sample is zero by chance."""


class Filled(StrEnum):
    """What became of an instrument's samples, in words for people."""

    TAKEN = "taken"
    NOT_RUNNING = "no running interval"
    NO_SAMPLES = "no samples of the running interval"
    TOO_OLD = "they end too early to be compared with the premium now"
    NOTHING_NOW = "no premium now to compare them with"
    IMPLAUSIBLE = "far from the premium now"
    NO_GAIN = "less than was seen already"


class Lacking(NamedTuple):
    """A contract whose running average lacks a part of its interval, which began at that time."""

    contract: Instrument
    start_ms: int


def lacking(
    formula: FormulaState, instruments: InstrumentRows, rows: Sequence[tuple[int, Instrument]], now_ms: int
) -> list[Lacking]:
    """Those of these rows whose interval is not observed whole, and old enough for that to matter."""
    found = []
    for row, contract in rows:
        start_ms = float(formula.premium.start_ms[row])
        if start_ms != start_ms or instruments.averaging[row] > Averaging.LINEAR or instruments.dated[row]:
            continue
        covered = float(formula.coverage(np.array([row], np.intp), instruments)[0])
        if covered < WHOLE and now_ms - start_ms >= YOUNGEST_MS:
            found.append(Lacking(contract, int(start_ms)))
    return found


def take(
    formula: FormulaState,
    instruments: InstrumentRows,
    told: Iterable[PremiumSamples],
    named: Mapping[str, int],
    cadence_s: float,
) -> tuple[Index, Counter[Filled]]:
    """The rows of a venue (`named` by symbol) whose averages begin with these samples now, and what became of each."""
    filled: set[int] = set()
    counts: Counter[Filled] = Counter()
    for one in told:
        row = named.get(one.symbol)
        became = Filled.NOT_RUNNING if row is None else fill(formula, instruments, row, one, cadence_s)
        if row is not None and became is Filled.TAKEN:
            filled.add(row)
        counts[became] += 1
    return np.array(sorted(filled), np.intp), counts


def fill(
    formula: FormulaState, instruments: InstrumentRows, row: int, told: PremiumSamples, cadence_s: float
) -> Filled:
    """Let a venue's samples take the place of an instrument's running average, up to the poll that was taken last.

    A poll that is taken anew, as at a restart, does the same once more; one that is older than what is known nothing.
    """
    state, start_ms = formula.premium, float(formula.premium.start_ms[row])
    if not (start_ms == start_ms and instruments.averaging[row] <= Averaging.LINEAR):
        return Filled.NOT_RUNNING
    now_h, now = float(formula.twap.x_h[row]), float(state.now[row])
    polled_h = min((float(instruments.observed_ms[row]) - start_ms) / HOUR_MS, float(instruments.interval_h[row]))
    if not (now == now and now_h == polled_h):
        return Filled.NOTHING_NOW
    hours, premium = _inside(told, start_ms, now_h)
    if not len(hours):
        return Filled.NO_SAMPLES
    gap_h = twap.gap_limit_h(max(cadence_s, STEP_S))
    if now_h - hours[-1] > gap_h:
        return Filled.TOO_OLD
    if not plausible(premium, now):
        return Filled.IMPLAUSIBLE
    return Filled.TAKEN if formula.backfill(row, instruments, hours, premium, gap_h) else Filled.NO_GAIN


def plausible(premium: Floats, now: float) -> bool:
    """Whether samples, oldest first, can be of the same thing and in the same unit as the premium now."""
    newest, middle = abs(float(premium[-1]) - now), float(np.median(np.abs(premium)))
    return newest <= NEAR + NEAR_SHARE * abs(now) and middle <= USUAL + USUAL_TIMES * abs(now)


def _inside(told: PremiumSamples, start_ms: float, now_h: float) -> tuple[Floats, Floats]:
    """Samples of the interval before the poll, oldest first: hours since its start, premiums."""
    hours = (np.array(told.time_ms, np.float64) - start_ms) / HOUR_MS
    premium = np.array(told.premium, np.float64)
    usable = np.isfinite(premium) & (hours >= 0) & (hours < now_h)
    hours, premium = hours[usable], premium[usable]
    order = np.argsort(hours, kind="stable")
    return hours[order], premium[order]
