"""Our clock against the venues': the middle one of what they tell."""

from __future__ import annotations

import math

import pytest

from fundtui.polling.skew import median, median_offset_s


@pytest.mark.parametrize(
    ("values", "middle"), [([3.0], 3.0), ([5.0, 1.0, 9.0], 5.0), ([4.0, 1.0], 2.5), ([0.5, 8.0, 2.0, 1.5], 1.75)]
)
def test_median(values: list[float], middle: float) -> None:
    assert median(values) == middle


def test_one_wrong_clock_moves_nothing_and_four_prove_nothing() -> None:
    assert median_offset_s([100.0, 120.0, 90.0, 110.0, 3_600_000.0]) == pytest.approx(0.11)
    assert math.isnan(median_offset_s([100.0, 120.0, 90.0, 110.0, math.nan]))
