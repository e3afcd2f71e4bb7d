"""Struct-of-arrays state: growth, reset, persistence; division and logarithms that never warn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fundtui.imbalance.estimators import Ewma
from fundtui.imbalance.rows import differs, divide, every, log_change, shared_by_all, some
from fundtui.imbalance.twap import Twap


def test_growing_keeps_what_was_there_and_new_rows_are_untouched() -> None:
    state = Twap(1)
    state.s0[0] = 3.0
    state.grow(3)
    state.grow(2)
    assert state.capacity == 3
    assert state.s0.tolist() == [3.0, 0.0, 0.0]
    assert np.isnan(state.x_h[2])


def test_reset_forgets_only_the_named_rows() -> None:
    state = Ewma(2)
    state.mean[:] = 1.0
    state.reset(np.array([1]))
    assert state.mean[0] == 1.0
    assert np.isnan(state.mean[1])


def test_a_snapshot_restores_to_the_same_bytes() -> None:
    state, copy = Twap(4), Twap()
    state.s1[:] = [1.0, np.nan, -0.0, 1e-300]
    copy.restore(state.arrays())
    assert copy.s1.tobytes() == state.s1.tobytes()
    assert copy.capacity == 4
    copy.s1[0] = 9.0
    assert state.s1[0] == 1.0


@pytest.mark.parametrize("damage", ["missing", "type", "shape"])
def test_a_damaged_snapshot_is_refused(damage: str) -> None:
    arrays = dict(Twap(2).arrays())
    if damage == "missing":
        del arrays["s1"]
    else:
        arrays["s1"] = np.zeros(2, np.int64) if damage == "type" else np.zeros((2, 2))
    with pytest.raises(ValueError, match="column"):
        Twap().restore(arrays)


def test_division_by_nothing_is_missing_not_infinite() -> None:
    assert np.isnan(divide(np.array([1.0, 0.0, np.nan]), np.array([0.0, 0.0, 1.0]))).all()
    assert divide(1.0, 4.0) == 0.25


def test_log_change_needs_both_values_above_zero() -> None:
    found = log_change(np.array([np.e, 1.0, 0.0, -1.0, -1.0]), np.array([1.0, 0.0, 1.0, 1.0, -1.0]))
    assert found[0] == pytest.approx(1.0)
    assert np.isnan(found[1:]).all()


def test_some_and_every_of_flags_and_of_none_at_all() -> None:
    none, both, all_set = np.zeros(3, np.bool_), np.array([True, False]), np.ones(3, np.bool_)
    assert [some(flags) for flags in (none, both, all_set, none[:0])] == [False, True, True, False]
    assert [every(flags) for flags in (none, both, all_set, none[:0])] == [False, False, True, True]


@pytest.mark.parametrize("dtype", [np.int8, np.int64])
def test_a_code_is_shared_by_all_or_there_is_none(dtype: type[np.signedinteger[Any]]) -> None:
    assert shared_by_all(np.array([3, 3, 3], dtype)) == 3
    assert shared_by_all(np.array([3, 0, 3], dtype)) is None
    assert shared_by_all(np.array([], dtype)) is None


def test_a_value_differs_from_another_and_from_a_missing_one_but_two_missing_ones_do_not() -> None:
    before, after = np.array([1.0, 1.0, np.nan, np.nan]), np.array([1.0, 2.0, 2.0, np.nan])
    assert differs(before, after).tolist() == [False, True, True, False]
