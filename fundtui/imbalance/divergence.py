"""From observed prices to the theoretical rate and its distance from the published one (methodology §2.3-§2.7)."""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance import projection, sampling, tiers, twap
from fundtui.imbalance.rows import (
    NUMBER,
    SHORT_NUMBER,
    ZERO,
    Field,
    Floats,
    Index,
    Ints,
    Number,
    Rows,
    ShortFloats,
    Where,
    chosen,
    divide,
    every,
    known_everywhere,
    some,
)
from fundtui.imbalance.state import InstrumentRows, Observed
from fundtui.imbalance.theory import KernelRows, funding, invert, invertible
from fundtui.imbalance.twap import EWMA, LINEAR, NONE, Twap
from fundtui.units import HOUR_MS

SMALLEST_BAND = 0.01e-4
LEAST_COVERAGE = 0.2
LEARNING_COVERAGE = 0.8
MARK_ONLY = 3
PREMIUM_DECAY_PER_H = math.log(2.0) / projection.DEFAULT_HALF_LIFE_H
MAJORS = frozenset({"BTC", "ETH"})

SOURCES = ("", "published", "book", "mark-index")
"""Where a premium comes from, by tier."""
WHOLE, INVERTED, BACK_FILLED, PARTIAL = 1, 2, 3, 4
STARTS = ("", "whole", "inverted", "back-filled", "partial")
"""How the running average began: with its interval; in the middle of it, with what the published rate gives away or
with the venue's own premium history; or in the middle with nothing (methodology §2.4)."""


class PremiumRows(Rows):
    """Per instrument: the interval that the average belongs to, how much of it was seeded, the premium now."""

    fields: ClassVar[dict[str, Field]] = {
        "start_ms": NUMBER,
        "start_interval_h": NUMBER,
        "seeded_h": ZERO,
        "now": NUMBER,
        "tier": Field(0, np.int8),
        "poll_h": SHORT_NUMBER,
        "spread_error": SHORT_NUMBER,
        "begun": Field(0, np.int8),
        "closed": NUMBER,
        "closed_coverage": SHORT_NUMBER,
        "closed_ms": NUMBER,
    }
    start_ms: Floats
    start_interval_h: Floats
    seeded_h: Floats
    now: Floats
    tier: Ints
    poll_h: ShortFloats
    spread_error: ShortFloats
    begun: NDArray[np.int8]
    closed: Floats
    closed_coverage: ShortFloats
    closed_ms: Floats


class Divergence(NamedTuple):
    """Per row: Ā with coverage, theoretical rate and its band, divergence (all rates hourly) and t."""

    average: Floats
    coverage: Floats
    theory: Floats
    low: Floats
    high: Floats
    divergence: Floats
    t: Floats


class Expected(NamedTuple):
    """Hourly per row: the rate at settlement if the premium decays to its mean, and where it heads if it stays."""

    projected: Floats
    drift: Floats


class FormulaState:
    """All that the theoretical rate of every instrument needs between two polls."""

    def __init__(self, capacity: int) -> None:
        self.kernel = KernelRows(capacity)
        self.twap = Twap(capacity)
        self.premium = PremiumRows(capacity)
        self.roughness = sampling.Roughness(capacity)
        self.half_spread = tiers.HalfSpread(capacity)

    def grow(self, capacity: int) -> None:
        """Make room."""
        for part in (self.kernel, *self.parts.values()):
            part.grow(capacity)

    @property
    def parts(self) -> dict[str, Rows]:
        """What is worth keeping over a restart, by name; the kernel follows from the contract."""
        return {
            "twap": self.twap,
            "premium": self.premium,
            "roughness": self.roughness,
            "half_spread": self.half_spread,
        }

    def restart(self, row: int) -> None:
        """Begin anew after a change of interval or rule: an average over two rules means nothing."""
        index = np.array([row], np.intp)
        self.twap.reset(index)
        self.premium.start_ms[row] = np.nan
        self.premium.seeded_h[row] = 0.0
        self.premium.begun[row] = 0

    def observe(self, rows: Where, instruments: InstrumentRows, seen: Floats, hourly: Floats, poll_h: float) -> None:
        """Take one poll's observations of these distinct rows. `seen` is `Observed` x rows, `hourly` the rates."""
        premium, tier = self._premium(rows, instruments, seen)
        state = self.premium
        observed_ms = instruments.observed_ms[rows]
        state.tier[rows] = tier
        state.now[rows] = premium
        state.poll_h[rows] = poll_h
        state.spread_error[rows] = tiers.uncertainty(self.half_spread, rows, tier)
        averaging = instruments.averaging[rows]
        start_ms = interval_start(rows, instruments, seen[Observed.NEXT_FUNDING_MS])
        clocked = (averaging <= LINEAR) & (start_ms == start_ms)
        gap_h = twap.gap_limit_h(poll_h * twap.SECONDS_PER_HOUR)
        hours = observed_ms / HOUR_MS
        sampling.update(self.roughness, rows, hours, premium, gap_h)
        if every(clocked):
            self._average_clocked(rows, instruments, start_ms, premium, hourly, gap_h)
            return
        if some(clocked):
            kept = chosen(rows, clocked)
            self._average_clocked(kept, instruments, start_ms[clocked], premium[clocked], hourly[clocked], gap_h)
        decaying, momentary = averaging == EWMA, averaging == NONE
        if some(decaying):
            kept = chosen(rows, decaying)
            constant_h = instruments.averaging_h[kept]
            twap.update_ewma(self.twap, kept, hours[decaying], premium[decaying], gap_h, constant_h)
        if some(momentary):
            twap.update(self.twap, chosen(rows, momentary), hours[momentary], premium[momentary], gap_h)

    def _premium(self, rows: Where, instruments: InstrumentRows, seen: Floats) -> tuple[Floats, Ints]:
        """The best premium there is and its tier (methodology §2.3); exact where the rule itself reads the mark."""
        usable_index, copied = seen[Observed.INDEX], instruments.index_is_mark[rows]
        if some(copied):
            usable_index = np.where(copied, np.nan, usable_index)
        premium, tier = tiers.premium(
            seen[Observed.PREMIUM],
            seen[Observed.BID],
            seen[Observed.ASK],
            seen[Observed.MARK],
            usable_index,
            self.half_spread.delta[rows],
        )
        exact = instruments.exact_mark[rows]
        if some(exact):
            basis = tiers.mark_basis(seen[Observed.MARK], usable_index)
            exact &= (basis == basis) & (tier != 1)
            premium, tier = np.where(exact, basis, premium), np.where(exact, 1, tier)
        return premium, tier

    def _average_clocked(
        self, rows: Where, instruments: InstrumentRows, start_ms: Floats, premium: Floats, hourly: Floats, gap_h: Number
    ) -> None:
        """Rows whose average restarts with every funding interval."""
        state = self.premium
        interval_h = instruments.interval_h[rows]
        x_h = np.minimum((instruments.observed_ms[rows] - start_ms) / HOUR_MS, interval_h)
        before = state.start_ms[rows]
        if not every(before == start_ms):
            self._begin(rows, instruments, start_ms, x_h, premium, hourly, gap_h)
        twap.update(self.twap, rows, x_h, premium, gap_h)

    def _begin(
        self,
        rows: Where,
        instruments: InstrumentRows,
        start_ms: Floats,
        x_h: Floats,
        premium: Floats,
        hourly: Floats,
        gap_h: Number,
    ) -> None:
        """Rows that see an interval for the first time: after a settlement, after a hole, or at the very start."""
        state = self.premium
        before, interval_h = state.start_ms[rows], instruments.interval_h[rows]
        new = ~(before == start_ms)
        follows = new & (start_ms == before + interval_h * HOUR_MS) & (state.start_interval_h[rows] == interval_h)
        if follows.any():
            rolled = chosen(rows, follows)
            ended = twap.roll_over(
                self.twap,
                rolled,
                instruments.averaging[rolled],
                interval_h[follows],
                x_h[follows],
                premium[follows],
                gap_h,
            )
            seeded = (state.seeded_h[rolled] / interval_h[follows]) ** np.where(
                instruments.averaging[rolled] == LINEAR, 2.0, 1.0
            )
            state.closed[rolled] = ended.premium
            state.closed_coverage[rolled] = np.maximum(ended.coverage_at_settlement - seeded, 0.0)
            state.closed_ms[rolled] = start_ms[follows]
        started = new & ~follows
        entered = chosen(rows, new)
        state.start_ms[entered] = start_ms[new]
        state.start_interval_h[entered] = interval_h[new]
        state.seeded_h[entered] = 0.0
        state.begun[chosen(rows, follows)] = WHOLE
        if started.any():
            self._seed(chosen(rows, started), instruments, x_h[started], premium[started], hourly[started])

    def _seed(self, rows: Index, instruments: InstrumentRows, x_h: Floats, premium: Floats, hourly: Floats) -> None:
        """Cold start in the middle of an interval: by inversion of the published rate where that fixes Ā."""
        twap.restart(self.twap, rows)
        self.premium.begun[rows] = PARTIAL
        kernel = self.kernel.at(rows)
        rate = hourly * kernel.period_h
        lowest, highest = invert(rate, kernel)
        fixed = invertible(rate, kernel) & instruments.estimate[rows] & (x_h > 0) & (premium == premium)
        if fixed.any():
            seeded = rows[fixed]
            twap.seed(self.twap, seeded, x_h[fixed], 0.5 * (lowest + highest)[fixed])
            self.twap.premium[seeded] = premium[fixed]
            self.premium.seeded_h[seeded] = x_h[fixed]
            self.premium.begun[seeded] = INVERTED

    def measure(self, rows: Where, instruments: InstrumentRows, hourly: Floats) -> Divergence:
        """Theoretical rate and divergence of these rows, from state alone."""
        state, averaging = self.premium, instruments.averaging[rows]
        average, covered = twap.average_so_far(self.twap, rows, averaging)
        coverage = self._observed_coverage(rows, averaging, covered)
        usable = coverage >= LEAST_COVERAGE
        if not every(usable):
            average = np.where(usable | (state.seeded_h[rows] > 0), average, np.nan)
        error = self._error(rows, instruments, coverage, averaging)
        low, theory, high = self._hourly(rows, instruments, average - error, average, average + error)
        divergence = hourly - theory
        usable &= instruments.estimate[rows]
        if not every(usable):
            divergence[~usable] = np.nan
        half = high - low
        half *= 0.5
        t = divergence / np.maximum(half, SMALLEST_BAND / 8.0)
        return Divergence(average, coverage, theory, low, high, divergence, t)

    def expect(self, rows: Where, instruments: InstrumentRows, hourly: Floats) -> Expected:
        """What these rows' rates come to (methodology §2.4); NaN where the published rate is no estimate."""
        averaging, interval_h = instruments.averaging[rows], instruments.interval_h[rows]
        average, _ = twap.average_so_far(self.twap, rows, averaging)
        coming = self._at_settlement(rows, average, averaging, interval_h)
        projected, stays = self._hourly(rows, instruments, coming, self.premium.now[rows])
        expected = Expected(projected, stays - hourly)
        estimate = instruments.estimate[rows]
        if not every(estimate):
            for part in expected:
                part[~estimate] = np.nan
        return expected

    def _hourly(self, rows: Where, instruments: InstrumentRows, *premiums: Floats) -> Floats:
        """The formula's rate an hour at each of several premiums, one behind the other: calling it is what costs."""
        kernel, dated = self.kernel.at(rows), instruments.dated[rows]
        rates = funding(np.array(premiums), kernel)
        rates /= kernel.period_h
        # A dated contract settles nothing before it expires: its premium is no funding to come.
        if some(dated):
            rates[:, dated] = np.nan
        return rates

    def _at_settlement(self, rows: Where, average: Floats, averaging: Ints, interval_h: Floats) -> Floats:
        """Ā when the running interval ends, if the premium decays to its mean (methodology §2.4).

        Where nothing is averaged over an interval it is the premium now.
        """
        now = self.premium.now[rows]
        coming = projection.project(
            average,
            self.twap.x_h[rows],
            now,
            self.roughness.mean[rows].astype(np.float64),
            PREMIUM_DECAY_PER_H,
            interval_h,
            averaging == LINEAR,
        )
        clocked = averaging <= LINEAR
        result: Floats = coming if every(clocked) else np.where(clocked, coming, now)
        return result

    def learn_spreads(self, rows: Index, instruments: InstrumentRows, hourly: Floats, coverage: Floats) -> None:
        """Learn δ where only mark and index are known: by the average that the published rate gives away.

        While the premium keeps its sign the mean mark basis is |Ā| + δ, so nothing else has to be averaged (§2.3).
        """
        kernel = self.kernel.at(rows)
        rate = hourly * kernel.period_h
        lowest, highest = invert(rate, kernel)
        usable = (self.premium.tier[rows] == MARK_ONLY) & instruments.estimate[rows] & (coverage >= LEARNING_COVERAGE)
        # Where the venue's own samples are averaged, the average tells nothing of the distance to its mark.
        usable &= invertible(rate, kernel) & (self.premium.begun[rows] != BACK_FILLED)
        if not usable.any():
            return
        kept = rows[usable]
        ours, _ = twap.average_so_far(self.twap, kept, instruments.averaging[kept])
        basis = np.where(np.abs(ours) > 0, np.abs(ours) + self.half_spread.delta[kept], np.nan)
        tiers.learn(self.half_spread, kept, basis, 0.5 * (lowest + highest)[usable])

    def coverage(self, rows: Index, instruments: InstrumentRows) -> Floats:
        """How much of the running interval so far was observed, 0..1, by each row's own weights."""
        averaging = instruments.averaging[rows]
        _, covered = twap.average_so_far(self.twap, rows, averaging)
        return self._observed_coverage(rows, averaging, covered)

    def backfill(self, row: int, instruments: InstrumentRows, x_h: Floats, premium: Floats, gap_h: float) -> bool:
        """Replace the running average by one from the venue's own samples, hours since the interval began, and the
        last sample that was seen. False, and nothing is done, where more than that was observed already."""
        index = np.array([row], np.intp)
        now_h, now, before = self.twap.x_h[index], self.twap.premium[index], self.coverage(index, instruments)
        kept = {name: getattr(self.twap, name)[row] for name in self.twap.fields}
        seeded_h = self.premium.seeded_h[row]
        twap.backfill(self.twap, row, x_h, premium, gap_h)
        twap.update(self.twap, index, now_h, now, gap_h)
        self.premium.seeded_h[row] = 0.0
        if self.coverage(index, instruments)[0] < before[0]:
            for name, value in kept.items():
                getattr(self.twap, name)[row] = value
            self.premium.seeded_h[row] = seeded_h
            return False
        self.premium.begun[row] = BACK_FILLED
        return True

    def _observed_coverage(self, rows: Where, averaging: Ints, coverage: Floats) -> Floats:
        """Coverage without what a cold start by inversion put there: the seed was not observed."""
        seeded = self.premium.seeded_h[rows]
        begun = seeded > 0.0
        if not some(begun):
            return coverage
        part = divide(seeded, self.twap.x_h[rows])
        linear = averaging == LINEAR
        part = part * part if every(linear) else np.where(linear, part * part, part)
        observed = np.maximum(coverage - part, 0.0)
        return observed if every(begun) else np.where(begun, observed, coverage)

    def _error(self, rows: Where, instruments: InstrumentRows, coverage: Floats, averaging: Ints) -> Floats:
        """ε of Ā (methodology §2.4). A momentary rule averages nothing, so nothing is unseen."""
        state = self.premium
        hours, poll_h = self.twap.x_h[rows], state.poll_h[rows].astype(np.float64)
        spread_error = state.spread_error[rows].astype(np.float64)
        clocked = averaging <= LINEAR
        if not every(clocked):
            momentary = averaging == NONE
            hours = np.where(clocked, hours, instruments.averaging_h[rows])
            poll_h, coverage = np.where(momentary, 0.0, poll_h), np.where(momentary, 1.0, coverage)
        return sampling.error(self.roughness, rows, poll_h, hours, coverage, spread_error)


def interval_start(rows: Where, instruments: InstrumentRows, next_ms: Floats) -> Floats:
    """When the running interval began: the next payment less one interval, else the venue's settlement clock."""
    length_ms = instruments.interval_h[rows] * HOUR_MS
    start = next_ms - length_ms
    if not known_everywhere(next_ms):
        anchor_ms = instruments.anchor_h[rows] * HOUR_MS
        observed_ms = instruments.observed_ms[rows]
        grid = np.floor((observed_ms - anchor_ms) / length_ms) * length_ms + anchor_ms
        start = np.where(next_ms == next_ms, start, grid)
    continuous = instruments.continuous[rows]
    if some(continuous):
        start = np.where(continuous, np.nan, start)
    return start
