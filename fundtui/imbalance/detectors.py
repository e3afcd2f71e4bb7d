"""What settlements say about a venue's rules: its formula, and whether its rate is locked (methodology §1, §2.7)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fundtui.imbalance.rows import COUNT, FLAG, NUMBER, Field, Flags, Floats, Index, Ints, Rows
from fundtui.imbalance.theory import EIGHT_HOURS, FAMILIES, Kernel, funding
from fundtui.market import Family

BP = 1e-4
FAMILY_SETTLEMENTS = 6
FAMILY_MARGIN = 3.0
FAMILY_GAIN = 0.2
# Two formulas are only told apart by errors above print rounding.
SMALLEST_ERROR = 1e-8
LOCKED_INTERVALS = 5
SAME_DIGITS = 1e-12
UNMEASURED = 1e9


class FamilyFit(Rows):
    """EWMA of |f settled − F_family(Ā)| for families A, B, C, and how many settlements it holds."""

    fields: ClassVar[dict[str, Field]] = {"error": Field(np.nan, np.float64, (3,)), "settlements": COUNT}
    error: Floats
    settlements: Ints


def family_kernels(
    interval_h: Floats, floor: Floats, cap: Floats, interest_8h: float = BP, damper: float = 5 * BP
) -> tuple[Kernel, ...]:
    """The kernels that families A, B and C would have on these instruments."""
    ones, zeros = np.ones_like(interval_h), np.zeros_like(interval_h)
    per_8h = interval_h / EIGHT_HOURS
    return (
        Kernel(per_8h, interest_8h * ones, damper * ones, zeros, floor, cap, interval_h),
        Kernel(ones, interest_8h * per_8h, damper * ones, zeros, floor, cap, interval_h),
        Kernel(ones, zeros, zeros, zeros, floor, cap, interval_h),
    )


def observe_family(
    state: FamilyFit, rows: Index, settled_rate: Floats, closed_average: Floats, kernels: tuple[Kernel, ...]
) -> None:
    """Add one settlement per row; those where the families agree teach nothing and are skipped."""
    theory = np.stack([funding(closed_average, kernel) for kernel in kernels], axis=-1)
    errors = np.abs(settled_rate[:, None] - theory)
    telling = np.isfinite(errors).all(axis=1) & (np.ptp(theory, axis=1) > SMALLEST_ERROR)
    kept, new = rows[telling], errors[telling]
    before = state.error[kept]
    state.error[kept] = np.where(np.isfinite(before), before + FAMILY_GAIN * (new - before), new)
    state.settlements[kept] += 1


def proposed_family(state: FamilyFit, rows: Index) -> Ints:
    """Index into `theory.FAMILIES` of the formula that fits three times better than the others; −1: undecided.

    On 8-hour contracts A and B are the same formula: together ahead of C they propose A.
    """
    error = np.maximum(np.where(np.isfinite(state.error[rows]), state.error[rows], UNMEASURED), SMALLEST_ERROR)
    best = np.argmin(error, axis=1)
    least = error[np.arange(len(rows)), best]
    same = (np.abs(error[:, 0] - error[:, 1]) <= SAME_DIGITS) & (best < 2)
    rivals = error.copy()
    rivals[np.arange(len(rows)), best] = UNMEASURED
    rivals[same, :2] = UNMEASURED
    decided = (rivals.min(axis=1) >= FAMILY_MARGIN * least) & (state.settlements[rows] >= FAMILY_SETTLEMENTS)
    proposed: Ints = np.where(decided, best, -1)
    return proposed


def family_name(index: int) -> Family:
    """The family of a proposal; unknown for −1."""
    return FAMILIES[index] if index >= 0 else Family.UNKNOWN


class LockWatch(Rows):
    """The rate published in the running interval, whether it moved, and how many intervals in a row were locked.

    `ended`: the rate of the interval that is over, until it is known what was paid: infinite where it had moved.
    """

    fields: ClassVar[dict[str, Field]] = {"rate": NUMBER, "moved": FLAG, "ended": NUMBER, "intervals": COUNT}
    rate: Floats
    moved: Flags
    ended: Floats
    intervals: Ints


def observe_published(state: LockWatch, rows: Index, rate: Floats) -> None:
    """Add one published rate per row; the first of an interval is what the others are compared with."""
    first = state.rate[rows]
    known = np.isfinite(rate)
    state.moved[rows] |= known & np.isfinite(first) & (np.abs(rate - first) > SAME_DIGITS)
    begins = known & ~np.isfinite(first)
    state.rate[rows[begins]] = rate[begins]


def end_published(state: LockWatch, rows: Index) -> None:
    """The interval of these rows is over: what is published from now on is for the next one."""
    state.ended[rows] = np.where(state.moved[rows], np.inf, state.rate[rows])
    state.rate[rows] = np.nan
    state.moved[rows] = False


def settle_published(state: LockWatch, rows: Index, settled_rate: Floats, resting: Flags) -> None:
    """Learn what the interval that is over paid: it was locked if its rate never moved and is what was paid.

    `resting` marks settlements at the interest plateau or on a bound, where every venue looks locked: they neither
    count nor break the row.
    """
    published = state.ended[rows]
    known = ~np.isnan(published) & np.isfinite(settled_rate) & ~resting
    with np.errstate(invalid="ignore"):
        kept = known & (np.abs(published - settled_rate) <= SAME_DIGITS)
    state.intervals[rows] = np.where(kept, state.intervals[rows] + 1, np.where(known, 0, state.intervals[rows]))
    state.ended[rows] = np.nan


def locked(state: LockWatch, rows: Index) -> Flags:
    """Whether the published rate is fixed for the next settlement (five intervals in a row)."""
    result: Flags = state.intervals[rows] >= LOCKED_INTERVALS
    return result
