"""Where the premium comes from, and the impact half-spread that a mark-only venue hides (methodology §2.1, §2.3).

Tier 1: the venue publishes its premium (or its impact prices). Tier 2: best bid and ask. Tier 3: mark and index,
corrected with the half-spread learnt from the venue's own rate.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fundtui.imbalance.rows import COUNT, NUMBER, ZERO, Field, Flags, Floats, Index, Ints, Rows, Where, divide, every
from fundtui.imbalance.theory import impact_premium, soft

BP = 1e-4
LEARNING_RATE = 0.05
LARGEST_HALF_SPREAD = 50 * BP
LARGEST_PREMIUM = 500 * BP
LEARNT_AFTER = 10


class HalfSpread(Rows):
    """δ̂ per instrument, the mean square of its corrections, and how many there were."""

    fields: ClassVar[dict[str, Field]] = {"delta": NUMBER, "square": ZERO, "updates": COUNT}
    delta: Floats
    square: Floats
    updates: Ints


def default_half_spread(size_rank: int) -> float:
    """δ̂ before anything is learnt, by the asset's rank of open interest: first two, next 28, the rest."""
    if size_rank < 2:
        return 0.5 * BP
    return 2.0 * BP if size_rank < 30 else 5.0 * BP


def mark_basis(mark: Floats, index: Floats) -> Floats:
    """b = mark/index − 1; NaN for prices that are not above zero and beyond ±500 bp."""
    basis = divide(mark, index) - 1.0
    # Prices so near to each other have one sign.
    usable = np.abs(basis) <= LARGEST_PREMIUM
    usable &= mark > 0
    if not every(usable):
        basis[~usable] = np.nan
    return basis


def premium(
    published: Floats,
    bid: Floats,
    ask: Floats,
    mark: Floats,
    index: Floats,
    half_spread: Floats,
    impact: Flags | bool = False,
) -> tuple[Floats, Ints]:
    """The best premium there is and its tier 1, 2 or 3 (0: none). `impact`: bid and ask are impact prices, tier 1."""
    has_published = np.abs(published) <= LARGEST_PREMIUM
    if every(has_published):
        return published, has_published.astype(np.int64)
    book = impact_premium(bid, ask, index)
    corrected = soft(mark_basis(mark, index), half_spread)
    with np.errstate(invalid="ignore"):
        has_book = (np.abs(book) <= LARGEST_PREMIUM) & (ask >= bid)
    value = np.where(has_published, published, np.where(has_book, book, corrected))
    tier = np.where(
        has_published | (has_book & impact), 1, np.where(has_book, 2, np.where(np.isfinite(corrected), 3, 0))
    )
    return value, tier.astype(np.int64)


def learn(state: HalfSpread, rows: Index, mean_basis: Floats, venue_average: Floats) -> None:
    """δ̂ += 0.05·(|b̄| − |Ā| − δ̂), within 0..50 bp, where both are known.

    `venue_average` is the venue's own Ā by inversion (NaN inside the dead band or on a bound), `mean_basis` the mark
    basis averaged over the same part of the interval.
    """
    error = np.abs(mean_basis) - np.abs(venue_average) - state.delta[rows]
    known = np.isfinite(error)
    kept, correction = rows[known], error[known]
    state.delta[kept] = np.clip(state.delta[kept] + LEARNING_RATE * correction, 0.0, LARGEST_HALF_SPREAD)
    state.square[kept] += LEARNING_RATE * (correction * correction - state.square[kept])
    state.updates[kept] += 1


def uncertainty(state: HalfSpread, rows: Where, tier: Ints) -> Floats:
    """Standard error of δ̂ for the error band: half of δ̂ until it is learnt, then from its own corrections; 0 in tier 1.

    Top-of-book (tier 2) leaves the impact depth out, so it carries the same uncertainty as the mark.
    """
    published = tier == 1
    if every(published):
        return np.zeros(len(tier))
    delta, updates = state.delta[rows], state.updates[rows]
    # An exponential average with rate a has the variance a/(2 − a) of its input.
    settled = np.sqrt(state.square[rows] * LEARNING_RATE / (2.0 - LEARNING_RATE))
    error = np.where(updates >= LEARNT_AFTER, settled, 0.5 * delta)
    result: Floats = np.where(published, 0.0, error)
    return result
