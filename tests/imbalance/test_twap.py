"""The running premium average: exact integrals, holes, roll-over, seeding, back-fill (methodology §2.4)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundtui.imbalance import twap
from fundtui.imbalance.rows import Floats
from fundtui.imbalance.twap import Averaging, Twap

BP = 1e-4
BOTH = np.array([Averaging.UNIFORM, Averaging.LINEAR])
TWO = np.array([0, 1])


def feed(state: Twap, points: list[tuple[float, float]], gap_h: float = 2.1) -> None:
    for x_h, level in points:
        twap.update(state, TWO, np.full(2, x_h), np.full(2, level), gap_h)


def test_uniform_and_linear_average_of_a_path_seen_whole() -> None:
    state = Twap(2)
    feed(state, [(0, 2), (2, 4), (4, 8), (6, 6), (8, 10)])
    premium, so_far, settled = twap.average(state, TWO, BOTH, 8.0)
    assert premium == pytest.approx([6.0, 7.0 + 1 / 12])
    assert so_far.tolist() == [1.0, 1.0]
    assert settled.tolist() == [1.0, 1.0]


def test_a_missing_premium_lowers_coverage_and_invents_nothing() -> None:
    state = Twap(2)
    feed(state, [(0, 2), (2, 2), (4, np.nan), (6, 2), (8, 2)])
    premium, so_far, _ = twap.average(state, TWO, BOTH, 8.0)
    assert premium == pytest.approx([2.0, 2.0])
    assert so_far == pytest.approx([0.5, 0.5])


def test_a_late_or_repeated_sample_changes_nothing() -> None:
    state = Twap(2)
    feed(state, [(0, 2), (2, 4)])
    before = {name: column.copy() for name, column in state.arrays().items()}
    feed(state, [(1, 90)])
    assert all((before[name] == column).all() for name, column in state.arrays().items())


def test_nothing_seen_has_no_average() -> None:
    premium, coverage, _ = twap.average(Twap(2), TWO, BOTH, 8.0)
    assert np.isnan(premium).all()
    assert not (coverage > 0).any()


def test_the_boundary_premium_ends_one_interval_and_begins_the_next() -> None:
    state = Twap(2)
    feed(state, [(0, 1), (0.9, 1)], gap_h=1.0)
    # 0.1 h before the boundary the premium is 1, 0.3 h after it is 5: at the boundary it is 2.
    closed = twap.roll_over(state, TWO, BOTH, np.full(2, 1.0), np.full(2, 0.3), np.full(2, 5.0), 1.0)
    assert closed.premium[0] == pytest.approx(0.9 * 1 + 0.1 * 1.5)
    assert closed.coverage.tolist() == pytest.approx([1.0, 1.0])
    assert twap.average(state, TWO, BOTH, 1.0).premium[0] == pytest.approx(3.5)
    assert state.w0.tolist() == pytest.approx([0.3, 0.3])


def test_across_a_long_hole_the_new_interval_begins_at_its_first_sample() -> None:
    state = Twap(2)
    feed(state, [(0, 1), (0.5, 1)], gap_h=0.6)
    closed = twap.roll_over(state, TWO, BOTH, np.full(2, 1.0), np.full(2, 0.3), np.full(2, 5.0), 0.6)
    assert closed.coverage == pytest.approx([0.5, 0.25])
    assert state.w0.tolist() == [0.0, 0.0]
    assert state.x_h.tolist() == [0.3, 0.3]


def test_seeding_stands_for_the_part_that_was_not_seen() -> None:
    state = Twap(2)
    twap.seed(state, TWO, np.full(2, 4.0), np.array([3.0, np.nan]))
    twap.update(state, TWO, np.full(2, 6.0), np.full(2, 3.0), 2.1)
    premium, so_far, _ = twap.average(state, TWO, BOTH, 8.0)
    assert premium[0] == pytest.approx(3.0)
    assert so_far[0] == pytest.approx(1.0)
    assert so_far[1] == 0.0


def test_back_fill_equals_having_watched() -> None:
    points = [(0.0, 2.0), (1.0, 4.0), (3.5, 8.0), (4.0, 6.0)]
    watched, filled = Twap(2), Twap(2)
    feed(watched, points, gap_h=2.0)
    twap.backfill(filled, 1, np.array([x for x, _ in points]), np.array([p for _, p in points]), 2.0)
    for name, column in watched.arrays().items():
        assert getattr(filled, name)[1] == pytest.approx(column[1])


def test_the_exponential_average_of_a_step_has_its_time_constant() -> None:
    state, row = Twap(1), np.array([0])
    for x_h, level in [(0.0, 0.0), (100.0, 0.0), (100.0 + 1e-9, 1.0), (101.0, 1.0)]:
        twap.update_ewma(state, row, np.array([x_h]), np.array([level]), 200.0, 1.0)
    premium, coverage, _ = twap.average(state, row, np.array([Averaging.EWMA]), 8.0)
    assert premium[0] == pytest.approx(1 - np.exp(-1.0), abs=1e-6)
    assert coverage[0] == pytest.approx(1.0)


def test_a_hole_fades_the_exponential_average_coverage() -> None:
    state, row = Twap(1), np.array([0])
    for x_h in (0.0, 50.0, 51.0):
        twap.update_ewma(state, row, np.array([x_h]), np.array([2.0]), 60.0 if x_h < 51 else 0.5, 1.0)
    premium, coverage, _ = twap.average(state, row, np.array([Averaging.EWMA]), 8.0)
    assert premium[0] == pytest.approx(2.0)
    assert coverage[0] == pytest.approx(np.exp(-1.0))


@given(st.lists(st.tuples(st.floats(0, 8), st.floats(-100, 100) | st.just(float("nan"))), max_size=30))
def test_any_order_and_any_loss_keeps_coverage_within_0_and_1_and_the_average_within_the_samples(
    points: list[tuple[float, float]],
) -> None:
    state = Twap(2)
    feed(state, points)
    premium, so_far, settled = twap.average(state, TWO, BOTH, 8.0)
    levels = [p for _, p in points if not np.isnan(p)]
    for value in premium[np.isfinite(premium)]:
        assert min(levels) - 1e-6 <= value <= max(levels) + 1e-6
    assert within(so_far)
    assert within(settled)


def within(coverage: Floats) -> bool:
    return bool(np.all(np.isnan(coverage) | ((coverage >= 0) & (coverage <= 1))))


def test_the_gap_limit_is_five_polls_and_never_below_two_minutes() -> None:
    assert [twap.gap_limit_h(poll_s) * 3600.0 for poll_s in (5.0, 60.0)] == [120.0, 300.0]
