"""Whether a figure can be trusted: age, frozen or outlying marks, clocks, missing settlements (methodology §5.6)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fundtui.imbalance.rows import COUNT, NUMBER, Field, Flags, Floats, Index, Ints, Number, Rows, divide, log_change

EXCLUDED_ABOVE = 3.0
FROZEN_POLLS = 10
FROZEN_MOVE = 10e-4
OUTLIER = 0.02
CLOCK_SKEW_MS = 5_000
SETTLEMENT_LATE_MS = 5 * 60_000


def staleness(age_s: Number, cadence_s: Number) -> Floats:
    """Age over the venue's cadence."""
    return divide(age_s, cadence_s)


def freshness(ratio: Number) -> Floats:
    """Quality 2^(−max(0, ratio − 1)/2), 0..1."""
    quality: Floats = np.exp2(-0.5 * np.maximum(0.0, np.asarray(ratio, np.float64) - 1.0))
    return quality


def excluded(ratio: Number) -> Flags:
    """Whether a row is too old for comparisons (or its age unknown)."""
    result: Flags = ~(np.asarray(ratio, np.float64) <= EXCLUDED_ABOVE)
    return result


class MarkWatch(Rows):
    """The mark that a row holds, for how many polls, and the venues' median when it took that mark."""

    fields: ClassVar[dict[str, Field]] = {"mark": NUMBER, "polls": COUNT, "median": NUMBER}
    mark: Floats
    polls: Ints
    median: Floats


def observe_mark(state: MarkWatch, rows: Index, mark: Floats, median_mark: Floats) -> Flags:
    """Frozen: unchanged for more than ten polls while the venues' median moved more than 10 bp."""
    known = np.isfinite(mark)
    same = known & (state.mark[rows] == mark)
    begins = known & ~same
    state.polls[rows] = np.where(same, state.polls[rows] + 1, np.where(begins, 0, state.polls[rows]))
    state.mark[rows[begins]] = mark[begins]
    state.median[rows[begins]] = median_mark[begins]
    moved = np.abs(log_change(median_mark, state.median[rows]))
    with np.errstate(invalid="ignore"):
        frozen: Flags = (state.polls[rows] > FROZEN_POLLS) & (moved > FROZEN_MOVE)
    return frozen


def outlier(mark_usd: Number, median_usd: Number) -> Flags:
    """Mark more than 2 % from the venues' median, both in dollars."""
    with np.errstate(invalid="ignore"):
        far: Flags = np.abs(log_change(mark_usd, median_usd)) > OUTLIER
    return far


def clock_off(venue_ms: Ints, local_ms: Ints) -> Flags:
    """Whether a venue's clock is more than five seconds from ours."""
    result: Flags = np.abs(venue_ms - local_ms) > CLOCK_SKEW_MS
    return result


def settlement_late(due_ms: Ints, now_ms: int) -> Flags:
    """Whether a settlement that was due (−1: none known) is not seen five minutes later."""
    result: Flags = (due_ms > 0) & (now_ms - due_ms > SETTLEMENT_LATE_MS)
    return result
