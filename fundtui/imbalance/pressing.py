"""Leverage and stress of every instrument, sampled once a minute per venue (methodology §5).

What a minute's sample says stays until the next one: these columns are part of the state, not of what `recompute`
works out again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance import (
    autoregression,
    basis,
    cycle,
    estimators,
    exhaustion,
    momentum,
    own_history,
    presettlement,
    pressure,
    purge,
    quality,
    regime,
)
from fundtui.imbalance.autoregression import AutoRegression
from fundtui.imbalance.cycle import PHASE_TEXT, Cycle
from fundtui.imbalance.estimators import ShortEwma
from fundtui.imbalance.momentum import Day
from fundtui.imbalance.presettlement import Flow, PreSettlement
from fundtui.imbalance.pressure import QUADRANT_TEXT
from fundtui.imbalance.purge import Kind, Purge
from fundtui.imbalance.quality import MarkWatch
from fundtui.imbalance.regime import REGIME_TEXT
from fundtui.imbalance.rows import Field, Floats, Index, Ints, Rows
from fundtui.imbalance.settling import Settling
from fundtui.imbalance.state import InstrumentRows, Observed
from fundtui.imbalance.table import Table
from fundtui.units import HOUR_MS, HOURS_PER_YEAR

SQUEEZE_TEXT = {-1: "long", 0: "", 1: "short"}
KIND_TEXT = {
    Kind.NONE: "",
    Kind.PURGE: "purge",
    Kind.CRITICAL_PURGE: "critical purge",
    Kind.OI_DISCONTINUITY: "OI jump",
    Kind.LARGE_MOVE: "large move",
}
FLOW_TEXT = {
    Flow.NONE: "",
    Flow.PAYERS_LEAVE: "payers leave",
    Flow.CARRY_ENTRY: "carry entry",
    Flow.UNUSUAL: "unusual",
}
DOUBTS = ("frozen mark", "outlying mark", "settlement not seen", "basis open near expiry")
BASIS_STEP_H = 1.0
HOURLY_AT_MS = 4 * 60_000
"""Into the hour: its first minutes have the settlements to take, the ends of windows, and what they teach."""
LEARN_AFTER_MS = 2 * 60_000
DAY_MS = 24 * HOUR_MS
ONE_HOUR, FOUR_HOURS, ONE_DAY = 0, 1, 2


class Hourly(Rows):
    """When a row's hourly samples (basis, open interest) were last taken."""

    fields: ClassVar[dict[str, Field]] = {"hour": Field(-1, np.int32)}
    hour: Ints


class Sampled(NamedTuple):
    """What a minute's sample found that the journal tells: rows with a new purge, and its kind and figures."""

    rows: Index
    reading: purge.Reading


class Pressing:
    """The pressure side of every instrument; writes the pressure columns of the instrument table."""

    def __init__(self, table: Table, instruments: InstrumentRows, settling: Settling) -> None:
        capacity = table.capacity
        self.table = table
        self.instruments = instruments
        self.settling = settling
        self.day = Day(capacity)
        self.purge = Purge(capacity)
        self.cycle = Cycle(capacity)
        self.flow = PreSettlement(capacity)
        self.basis = ShortEwma(capacity)
        self.basis_ar = AutoRegression(capacity)
        self.oi = ShortEwma(capacity)
        self.oi_volume = ShortEwma(capacity)
        self.premium = ShortEwma(capacity)
        self.marks = MarkWatch(capacity)
        self.hourly = Hourly(capacity)
        self._words = {
            "quadrant": Words(table, "quadrant", QUADRANT_TEXT),
            "squeeze": Words(table, "squeeze", SQUEEZE_TEXT),
            "purge_kind": Words(table, "purge_kind", KIND_TEXT),
            "phase": Words(table, "phase", PHASE_TEXT),
            "flow": Words(table, "flow", FLOW_TEXT),
            "regime": Words(table, "regime", REGIME_TEXT),
            "doubts": Words(table, "doubts", _doubt_texts()),
        }

    @property
    def parts(self) -> dict[str, Rows]:
        """All state by name."""
        return {
            "day": self.day,
            "purge": self.purge,
            "cycle": self.cycle,
            "flow": self.flow,
            "basis": self.basis,
            "basis_ar": self.basis_ar,
            "oi": self.oi,
            "oi_volume": self.oi_volume,
            "premium": self.premium,
            "marks": self.marks,
            "hourly": self.hourly,
        }

    def grow(self, capacity: int) -> None:
        """Make room."""
        for part in self.parts.values():
            part.grow(capacity)

    def sample(self, rows: Index, seen: Floats, asset_price: Floats, consensus: Floats) -> Sampled:
        """Take the minute's sample of these rows: `Observed` x rows, and price and consensus of each row's asset."""
        time_ms = self.instruments.observed_ms[rows].astype(np.int64)
        mark, index, oi_base = seen[Observed.MARK], seen[Observed.INDEX], seen[Observed.OI_BASE]
        price = np.where(mark > 0, mark, index)
        hourly = self.table.columns["apr"][rows]
        growth, moved, reading = self._momentum(rows, time_ms, oi_base, price)
        rank = self._against_own_history(rows, hourly)
        self._hourly_samples(rows, time_ms, seen)
        self._crowd(rows, time_ms, seen, rank, growth, moved, reading)
        self._presettlement(rows, time_ms, seen, hourly)
        self._basis(rows)
        self._exhaust(rows, seen, growth)
        self._dated(rows, seen, time_ms, consensus)
        self._doubt(rows, seen, time_ms, asset_price)
        new = reading.new | (reading.kind == Kind.OI_DISCONTINUITY)
        return Sampled(rows[new], purge.Reading(*(column[new] for column in reading)))

    def _write(self, rows: Index, **columns: Floats) -> None:
        for key, values in columns.items():
            self.table.columns[key][rows] = values

    def _word(self, key: str, rows: Index, codes: NDArray[Any]) -> None:
        self.table.columns[key][rows] = self._words[key].codes(codes)

    def _momentum(
        self, rows: Index, time_ms: Ints, oi_base: Floats, price: Floats
    ) -> tuple[Floats, Floats, purge.Reading]:
        """Growth of open interest and returns, and what they amount to in the running hour (§5.1, §5.2)."""
        momentum.observe(self.day, rows, time_ms, oi_base, price)
        growth, moved = momentum.oi_growth(self.day, rows, oi_base), momentum.returns(self.day, rows, price)
        reading = purge.observe(self.purge, rows, time_ms, oi_base, price)
        shifted = reading.new | (reading.kind == Kind.OI_DISCONTINUITY)
        if shifted.any():
            momentum.reset_oi(self.day, rows[shifted])
        volatility, _ = purge.daily_volatility(self.purge, rows)
        purged = (reading.kind == Kind.PURGE) | (reading.kind == Kind.CRITICAL_PURGE)
        self._write(
            rows,
            oi_1h=growth[:, ONE_HOUR],
            oi_4h=growth[:, FOUR_HOURS],
            oi_24h=growth[:, ONE_DAY],
            return_1h=moved[:, ONE_HOUR],
            return_4h=moved[:, FOUR_HOURS],
            return_24h=moved[:, ONE_DAY],
            volatility=volatility,
            purge=np.where(purged, reading.severity, np.where(np.isfinite(reading.z_oi), 0.0, np.nan)),
            leverage_reset=purge.leverage_reset(self.purge, rows, oi_base),
        )
        self._word("purge_kind", rows, reading.kind)
        self._word("quadrant", rows, pressure.quadrant(growth[:, FOUR_HOURS], moved[:, FOUR_HOURS]))
        return growth, moved, reading

    def _against_own_history(self, rows: Index, hourly: Floats) -> Floats:
        """z and percentile of the present rate in the settled history, and the regime (§3.2, §3.3, §3.6)."""
        z, rank = own_history.score_now(self.settling.own, rows, hourly)
        self._write(rows, own_z=z, percentile=rank)
        state = self.instruments
        label = regime.label(
            hourly,
            state.interest_h[rows],
            self.table.columns["cap_use"][rows],
            hourly * HOURS_PER_YEAR,
            rank,
            self.settling.own.crowded.settlements[rows],
        )
        self._word("regime", rows, label)
        return rank

    def _hourly_samples(self, rows: Index, time_ms: Ints, seen: Floats) -> None:
        """Once an hour: what open interest, its ratio to volume, premium and basis usually are."""
        hour = (time_ms - HOURLY_AT_MS) // HOUR_MS
        before = self.hourly.hour[rows]
        due = hour > before
        if not due.any():
            return
        kept, step = rows[due], (hour - before)[due]
        gain = estimators.gain(np.where(before[due] < 0, 1, step).astype(np.float64))
        oi = seen[Observed.OI_BASE, due]
        with np.errstate(invalid="ignore", divide="ignore"):
            level = np.where(oi > 0, np.log(oi), np.nan)
        estimators.update(self.oi, kept, level, gain)
        estimators.update(self.oi_volume, kept, self._turnover(seen[:, due]), gain)
        estimators.update(self.premium, kept, self.table.columns["premium"][kept], gain)
        gap = self.table.columns["basis"][kept]
        estimators.update(self.basis, kept, gap, gain)
        autoregression.update(
            self.basis_ar, kept, gap, BASIS_STEP_H, step == 1, autoregression.pair_decay(BASIS_STEP_H)
        )
        self.hourly.hour[kept] = hour[due]

    def _turnover(self, seen: Floats) -> Floats:
        ratio, _ = pressure.oi_to_volume(seen[Observed.OI_USD], seen[Observed.VOLUME_USD])
        with np.errstate(invalid="ignore", divide="ignore"):
            logarithm: Floats = np.where(ratio > 0, np.log(ratio), np.nan)
        return logarithm

    def _crowd(
        self,
        rows: Index,
        time_ms: Ints,
        seen: Floats,
        rank: Floats,
        growth: Floats,
        moved: Floats,
        reading: purge.Reading,
    ) -> None:
        """Crowding, squeeze side and the phase of the leverage cycle (§5.1, §5.2)."""
        columns, oi = self.table.columns, seen[Observed.OI_BASE]
        with np.errstate(invalid="ignore", divide="ignore"):
            level = np.where(oi > 0, np.log(oi), np.nan)
        crowd = pressure.crowding(
            rank,
            pressure.normal_percentile(estimators.score(self.oi, rows, level)),
            pressure.normal_percentile(estimators.score(self.premium, rows, columns["premium"][rows])),
            pressure.normal_percentile(estimators.score(self.oi_volume, rows, self._turnover(seen))),
            columns["cap_use"][rows],
            columns["excess"][rows],
        )
        score = np.where(purge.muted(self.purge, rows, time_ms), np.nan, crowd.score)
        ratio, hours = pressure.oi_to_volume(seen[Observed.OI_USD], seen[Observed.VOLUME_USD])
        self._write(rows, crowding=score * crowd.sign, oi_to_volume=ratio, turnover=hours)
        self._word("squeeze", rows, pressure.squeeze_side(crowd.sign * (score > 0), moved[:, FOUR_HOURS]))
        purged = (reading.kind == Kind.PURGE) | (reading.kind == Kind.CRITICAL_PURGE)
        phase = cycle.advance(self.cycle, rows, time_ms, purged, score, growth[:, ONE_DAY], purge.WINDOW_MS)
        self._word("phase", rows, phase)

    def _presettlement(self, rows: Index, time_ms: Ints, seen: Floats, hourly: Floats) -> None:
        """Movement in the last minutes before a settlement (§5.3)."""
        state, next_ms = self.flow, seen[Observed.NEXT_FUNDING_MS]
        coming = np.where(next_ms == next_ms, next_ms, -1.0).astype(np.int64)
        interval_h = self.instruments.interval_h[rows]
        # The next window of an hourly contract is long in coming: what the last one taught can wait.
        learn_ms = state.settlement_ms[rows] + np.where(interval_h >= 1.0, LEARN_AFTER_MS, 0)
        ended = (state.settlement_ms[rows] > 0) & (time_ms > learn_ms)
        if ended.any():
            presettlement.settle(state, rows[ended], state.settlement_ms[rows[ended]])
        inside = presettlement.observe(
            state,
            rows,
            time_ms,
            coming,
            interval_h,
            seen[Observed.OI_BASE],
            seen[Observed.VOLUME_USD],
            self.table.columns["premium"][rows],
        )
        kind, z = np.zeros(len(rows), np.int8), np.full((len(rows), presettlement.MEASURES), np.nan)
        if inside.any():
            kept = rows[inside]
            hours = interval_h[inside]
            change = presettlement.judge(state, kept, hourly[inside] * hours, self.instruments.interest_h[kept] * hours)
            kind[inside], z[inside] = change.flow, change.z
        learnt = np.where(coming > 0, presettlement.learnt(state, rows, coming), np.nan)
        self._write(rows, flow_z=z[:, 0], flow_volume_z=z[:, 1], flow_premium_z=z[:, 2], flow_seen=learnt)
        self._word("flow", rows, kind)

    def _basis(self, rows: Index) -> None:
        """Basis against its own mean, and how fast it comes back (§5.4)."""
        gap = self.table.columns["basis"][rows]
        fit = autoregression.fit(self.basis_ar, rows)
        mean = np.where(self.basis.count[rows] >= estimators.WARM_UP, self.basis.mean[rows], np.nan)
        hours = basis.hours_to_converge(gap, mean, fit.kappa_per_h)
        self._write(
            rows,
            basis_z=estimators.score(self.basis, rows, gap),
            basis_half_life=np.where(np.isfinite(fit.half_life_h), fit.half_life_h, np.nan),
            converge_h=np.where(np.isfinite(hours), hours, np.nan),
        )

    def _exhaust(self, rows: Index, seen: Floats, growth: Floats) -> None:
        """How full the venue is (§5.5)."""
        usage = exhaustion.cap_usage(seen[Observed.OI_USD], seen[Observed.OI_CAP_USD])
        hours = exhaustion.hours_to_full(usage, growth[:, ONE_DAY], 24.0)
        self._write(rows, oi_usage=usage, time_to_full=np.where(np.isfinite(hours), hours, np.nan))

    def _dated(self, rows: Index, seen: Floats, time_ms: Ints, consensus: Floats) -> None:
        """Dated contracts: annual basis, and what they expect of funding (§5.4)."""
        some = self.instruments.dated[rows]
        if not some.any():
            return
        kept = rows[some]
        days = (self.instruments.expiry_ms[kept] - time_ms[some]) / DAY_MS
        figures = basis.dated(seen[Observed.MARK, some], seen[Observed.INDEX, some], days)
        self._write(
            kept,
            dated_apr=figures.simple_apr / HOURS_PER_YEAR,
            term_premium=basis.term_premium(figures.implied_funding_8h, 8.0 * consensus[some]) / 8.0,
        )

    def _doubt(self, rows: Index, seen: Floats, time_ms: Ints, asset_price: Floats) -> None:
        """Data checks that leave a row in the comparisons but are worth a second look (§5.6)."""
        mark, multiplier = seen[Observed.MARK], self.instruments.multiplier[rows]
        frozen = quality.observe_mark(self.marks, rows, mark, asset_price * multiplier)
        comparable = np.where(self.instruments.comparable_price[rows], mark / multiplier, np.nan)
        due_ms = self.settling.pending.due_ms[rows]
        # A venue that never tells what was paid is not late with it.
        tells = seen[Observed.SETTLED_RATE] == seen[Observed.SETTLED_RATE]
        late = tells & (due_ms == due_ms) & (time_ms - due_ms > quality.SETTLEMENT_LATE_MS)
        days = (self.instruments.expiry_ms[rows] - time_ms) / DAY_MS
        gaping = self.instruments.dated[rows] & basis.expiry_alert(self.table.columns["basis_z"][rows], days)
        far = quality.outlier(comparable, asset_price)
        self._word("doubts", rows, frozen + 2 * far + 4 * late + 8 * gaping)


class Words:
    """Texts of an enumeration as codes of a text column."""

    def __init__(self, table: Table, key: str, texts: Mapping[Any, str]) -> None:
        self.lowest = min(int(code) for code in texts)
        self.lookup = np.full(max(int(code) for code in texts) - self.lowest + 1, -1, np.int32)
        for code, text in texts.items():
            self.lookup[int(code) - self.lowest] = table.code(key, text)

    def codes(self, values: NDArray[Any]) -> NDArray[np.int32]:
        """The column's codes for values of the enumeration."""
        found: NDArray[np.int32] = self.lookup[values.astype(np.intp) - self.lowest]
        return found


def _doubt_texts() -> dict[int, str]:
    """Every combination of doubts as text, by bits."""
    return {
        bits: ", ".join(text for place, text in enumerate(DOUBTS) if bits >> place & 1)
        for bits in range(1 << len(DOUBTS))
    }
