"""What charts get of a record: thinned polls, chunks and bars before them, settlements; and nothing of the unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fundtui.history.courses import read_courses
from fundtui.history.database import StoreProblem
from fundtui.history.sqlite_store import SqliteStore
from tests.history.market import BETA, DAY_MS, HOUR_MS, START_MS, batch, rate, settlement

MINUTE_MS = 60_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three hours of polls each minute, a hole in the second one, and two settlements."""
    store = SqliteStore(tmp_path, now_ms=START_MS)
    steps = [step for step in range(180) if not 60 <= step < 120]
    store.append([batch(START_MS + step * MINUTE_MS, premium=2e-4) for step in steps])
    store.append([batch(START_MS + step * MINUTE_MS, BETA) for step in steps])
    store.settle([settlement(START_MS - 8 * HOUR_MS, 8e-5), settlement(START_MS, 16e-5)])
    store.close()
    return tmp_path


def test_one_observation_a_step_and_none_in_a_hole(folder: Path) -> None:
    (one, other) = read_courses(
        folder, [("alpha", "BTCUSDT"), ("beta", "BTCUSDT")], START_MS, START_MS + DAY_MS, 10 * MINUTE_MS
    )
    # The last poll of each ten minutes of the first and the third hour.
    minutes = [9, 19, 29, 39, 49, 59, 129, 139, 149, 159, 169, 179]
    assert one.time_ms.tolist() == [START_MS + minute * MINUTE_MS for minute in minutes]
    assert other.time_ms.tolist() == one.time_ms.tolist()
    expected = [rate(START_MS + minute * MINUTE_MS, 0) for minute in minutes]
    assert one.hourly == pytest.approx(np.array(expected) / 8.0)
    assert other.hourly == pytest.approx(expected)
    assert one.premium == pytest.approx([2e-4] * 12)
    # Open interest in dollars is 1234.567 times the mark of then.
    marks = [61234.5 + ((START_MS + minute * MINUTE_MS) % 977) / 7 for minute in minutes]
    assert one.oi_usd == pytest.approx(1234.567 * np.array(marks))


def test_settlements_with_the_hours_that_they_are_for(folder: Path) -> None:
    (one,) = read_courses(folder, [("alpha", "BTCUSDT")], START_MS - DAY_MS, START_MS + DAY_MS, MINUTE_MS)
    assert one.settled_ms.tolist() == [START_MS - 8 * HOUR_MS, START_MS]
    assert one.settled_from_ms.tolist() == [START_MS - 16 * HOUR_MS, START_MS - 8 * HOUR_MS]
    assert one.settled_hourly == pytest.approx([1e-5, 2e-5])


def test_chunks_come_before_polls(folder: Path) -> None:
    store = SqliteStore(folder, now_ms=START_MS)
    later = START_MS + 3 * DAY_MS
    store.append([batch(later + step * MINUTE_MS) for step in range(10)])
    for _ in store.compact(later + HOUR_MS):
        pass
    store.close()
    (one,) = read_courses(folder, [("alpha", "BTCUSDT")], START_MS, later + DAY_MS, 10 * MINUTE_MS)
    assert len(one.time_ms) == 13
    assert one.time_ms[-1] == later + 9 * MINUTE_MS
    assert one.hourly[0] == pytest.approx(rate(START_MS + 9 * MINUTE_MS, 0) / 8.0)
    assert bool((np.diff(one.time_ms) > 0).all())


def test_what_was_never_recorded_is_empty(folder: Path) -> None:
    (one,) = read_courses(folder, [("gamma", "BTCUSDT")], START_MS, START_MS + DAY_MS, MINUTE_MS)
    assert not len(one.time_ms)
    assert not len(one.settled_ms)


def test_no_record_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(StoreProblem):
        read_courses(tmp_path / "none", [("alpha", "BTCUSDT")], START_MS, START_MS + DAY_MS, MINUTE_MS)
