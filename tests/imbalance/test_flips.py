"""What a pair was paid at the last two settlements of its legs."""

from __future__ import annotations

import numpy as np
import pytest

from fundtui.imbalance import flips, realised
from fundtui.imbalance.realised import Realised

HOUR_MS = 3_600_000
START_MS = 1_760_000_400_000 // (8 * HOUR_MS) * (8 * HOUR_MS)


def paid(*legs: list[tuple[float, float, float]]) -> Realised:
    """One row per leg: (hours after the start, rate per settlement, interval)."""
    state = Realised(len(legs))
    for row, settlements in enumerate(legs):
        for hours, rate, interval_h in settlements:
            at_ms = np.array([START_MS + int(hours * HOUR_MS)])
            realised.update(state, np.array([row]), at_ms, np.array([rate]), np.array([interval_h]))
    return state


def higher(state: Realised, short: int, long: int) -> float:
    return float(flips.less_adverse(state, np.array([short]), np.array([long]))[0])


def test_both_legs_settle_together() -> None:
    state = paid([(8, 4e-4, 8), (16, -8e-4, 8)], [(8, 8e-4, 8), (16, 0.0, 8)])
    # 0.5 − 1.0 bp an hour, then −1.0 − 0.0: the better one is −0.5 bp.
    assert higher(state, 0, 1) == pytest.approx(-0.5e-4, rel=1e-6)


def test_a_slower_leg_counts_with_its_running_interval() -> None:
    state = paid([(14, 1e-4, 1), (15, 2e-4, 1)], [(0, 0.0, 8), (8, 8e-4, 8)])
    # At 15 h: 2 − 1 bp; at 14 h: 1 − 1 bp.
    assert higher(state, 0, 1) == pytest.approx(1e-4, rel=1e-6)


def test_spot_pays_nothing() -> None:
    state = paid([(8, -8e-4, 8), (16, -4e-4, 8)])
    assert higher(state, 0, flips.NOBODY) == pytest.approx(-0.5e-4, rel=1e-6)


def test_one_settlement_is_not_two_and_a_hole_tells_nothing() -> None:
    assert np.isnan(higher(paid([(8, 1e-4, 8)], [(8, 1e-4, 8)]), 0, 1))
    holed = paid([(8, 1e-4, 8), (32, 1e-4, 8)], [(24, 1e-4, 8), (32, 1e-4, 8)])
    assert np.isnan(higher(holed, 0, 1))
