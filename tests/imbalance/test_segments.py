"""Ragged groups against plain Python over each group."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundtui.imbalance.ranking import ranking, weighted_median
from fundtui.imbalance.segments import Segments, segments

GROUPS = st.lists(st.lists(st.sampled_from([0.0, -1.0, 2.5, 2.5, 7.0, math.nan]), min_size=1, max_size=9), min_size=1)
NUMBERS = st.lists(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 4)), min_size=1, max_size=9).filter(
        lambda cells: any(weight for _, weight in cells)
    ),
    min_size=1,
    max_size=6,
)


def laid(groups: list[list[float]]) -> tuple[Segments, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return segments(np.array([len(group) for group in groups])), np.array([cell for group in groups for cell in group])


@given(GROUPS)
def test_medians_ignore_what_is_missing(groups: list[list[float]]) -> None:
    made, values = laid(groups)
    for group, found in zip(groups, made.median(values), strict=True):
        known = [cell for cell in group if not math.isnan(cell)]
        assert math.isnan(found) if not known else found == statistics.median(known)


@given(GROUPS)
def test_extremes_and_first_cells(groups: list[list[float]]) -> None:
    made, values = laid(groups)
    for place, (group, low, high) in enumerate(zip(groups, made.least(values), made.greatest(values), strict=True)):
        known = [cell for cell in group if not math.isnan(cell)]
        if known:
            assert (low, high) == (min(known), max(known))
            first = made.first(values == made.each(made.least(values)))[place]
            assert first - made.starts[place] == group.index(min(known))


@given(NUMBERS)
def test_weighted_median_is_where_half_of_the_weight_is_reached(groups: list[list[tuple[int, int]]]) -> None:
    made, values = laid([[float(value) for value, _ in group] for group in groups])
    weight = np.array([float(weight) for group in groups for _, weight in group])
    found = weighted_median(values, ranking(made, values), weight / made.each(made.sums(weight)))
    for group, median in zip(groups, found, strict=True):
        assert median == plain_weighted_median(group)


def plain_weighted_median(group: list[tuple[int, int]]) -> float:
    """Repeat each value as often as it weighs and take the ordinary median."""
    return statistics.median([value for value, weight in group for _ in range(weight)])


@given(NUMBERS)
def test_a_group_does_not_depend_on_its_neighbours(groups: list[list[tuple[int, int]]]) -> None:
    scale = math.pi / 7
    made, values = laid([[value * scale for value, _ in group] for group in groups])
    together = made.sums(values)
    for place, group in enumerate(groups):
        alone, cells = laid([[value * scale for value, _ in group]])
        assert alone.sums(cells)[0] == together[place]


@given(NUMBERS)
def test_a_weighted_median_does_not_depend_on_its_neighbours(groups: list[list[tuple[int, int]]]) -> None:
    # Weights of very different sizes, none of them a round number.
    heavy = [[(value * math.pi, weight**9 / 3.0) for value, weight in group] for group in groups]
    made, values = laid([[value for value, _ in group] for group in heavy])
    weight = np.array([weight for group in heavy for _, weight in group])
    together = weighted_median(values, ranking(made, values), weight / made.each(made.sums(weight)))
    for place, group in enumerate(heavy):
        alone, cells = laid([[value for value, _ in group]])
        own = np.array([weight for _, weight in group])
        assert weighted_median(cells, ranking(alone, cells), own / alone.sums(own)[0])[0] == together[place]


WIDE = st.lists(
    st.lists(st.sampled_from([0.0, 1.0, 2.5, 2.5, 7.0, math.nan]), min_size=1, max_size=40), min_size=1, max_size=12
)


@given(WIDE)
def test_the_course_of_groups_of_very_different_sizes(groups: list[list[float]]) -> None:
    made, values = laid(groups)
    low, median, high = made.course(values)
    for place, group in enumerate(groups):
        known = [cell for cell in group if not math.isnan(cell)]
        if known:
            assert (low[place], median[place], high[place]) == (min(known), statistics.median(known), max(known))
        else:
            assert np.isnan([low[place], median[place], high[place]]).all()


@given(GROUPS)
def test_the_largest_is_the_first_cell_that_is_farthest_from_zero(groups: list[list[float]]) -> None:
    made, values = laid(groups)
    for place, (group, found) in enumerate(zip(groups, made.largest(values), strict=True)):
        sizes = [-1.0 if math.isnan(cell) else abs(cell) for cell in group]
        assert found - made.starts[place] == sizes.index(max(sizes))


def test_sizes_are_ordered_whatever_their_signs_and_missing_ones_come_last() -> None:
    made, values = laid([[-3.0, 2.0, math.nan, -1.0], [5.0]])
    assert made.sizes_ordered(values).laid()[[0, 1, 2, 4]].tolist() == [1.0, 2.0, 3.0, 5.0]


def test_keeping_some_cells_drops_groups_that_have_none_left() -> None:
    made, values = laid([[1.0, 2.0], [3.0], [4.0, 5.0]])
    kept, left = made.keep(values != 3.0)
    assert left.tolist() == [0, 2]
    assert kept.sums(values[values != 3.0]).tolist() == [3.0, 9.0]


def test_half_of_the_weight_exactly_is_the_mean_of_two() -> None:
    made, values = laid([[1.0, 2.0, 4.0, 9.0]])
    weight = np.array([1.0, 1.0, 0.0, 2.0])
    found = weighted_median(values, ranking(made, values), weight / made.each(made.sums(weight)))
    assert found[0] == pytest.approx((2.0 + 9.0) / 2)


@given(NUMBERS)
def test_ranks_are_ascending_and_ends_that_are_shared_are_the_first_cell_that_has_them(
    groups: list[list[tuple[int, int]]],
) -> None:
    # Values of both signs, zero, and ties: the places that ride along may not show in what is read.
    made, values = laid([[value * 1.25e-5 for value, _ in group] for group in groups])
    ranks = ranking(made, values)
    first_low, first_high = ranks.ends(values)
    for place, group in enumerate(groups):
        told = [value * 1.25e-5 for value, _ in group]
        ranked = values[ranks.cells[made.starts[place] : made.last[place] + 1]].tolist()
        assert ranked == sorted(told)
        assert first_low[place] - made.starts[place] == told.index(min(told))
        assert first_high[place] - made.starts[place] == told.index(max(told))
