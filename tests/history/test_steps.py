"""Five-minute quotes: grown by each compaction, kept as long as asked for, in charts once whole polls are gone."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fundtui.history.compaction import KEEP_POLLS_MS, Retention
from fundtui.history.courses import read_courses
from fundtui.history.sqlite_store import SqliteStore
from fundtui.history.steps import STEP_MS, Chunk, decode_steps, encode_steps
from fundtui.imbalance.course import Formula
from fundtui.imbalance.theory import Kernel
from fundtui.market import Averaging, Batch
from tests.history.market import DAY_MS, HOUR_MS, START_MS, batch

MINUTE_MS = 60_000


@given(arrays(np.float64, (5, 7), elements=st.floats(allow_nan=True, allow_infinity=False, width=64)))
def test_a_chunk_comes_back_to_the_bit(values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    times = START_MS + STEP_MS * np.array([0, 1, 2, 5, 9, 100, 287])
    back = decode_steps(encode_steps(Chunk(times, values)))
    assert back.time_ms.tolist() == times.tolist()
    np.testing.assert_array_equal(back.values, values)


def compact(store: SqliteStore, now_ms: int) -> None:
    for _ in store.compact(now_ms):
        pass


def test_a_day_grows_with_each_compaction_and_outlives_its_polls(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, now_ms=START_MS)
    for start, end in ((0, 363), (363, 720)):
        store.append([batch(START_MS + MINUTE_MS * minute) for minute in range(start, end)])
        # The step from 6:00 on has three of its minutes before the first compaction and two after it.
        compact(store, START_MS + MINUTE_MS * end)
        compact(store, START_MS + MINUTE_MS * end)
    later = START_MS + KEEP_POLLS_MS + 2 * DAY_MS
    store.append([batch(later)])
    compact(store, later + HOUR_MS)
    assert [one.observed_ms for one in store.polls(0)] == [later]
    found = store.steps("alpha", "BTCUSDT", 0, later)
    assert found.time_ms.tolist() == [START_MS + STEP_MS * step for step in range(144)]
    expected = [batch(START_MS + MINUTE_MS * (5 * step + 4)).quotes[0] for step in range(144)]
    assert found.mark.tolist() == [one.mark for one in expected]
    assert found.oi_usd.tolist() == [one.oi_usd for one in expected]
    assert store.kept_since().quotes_from_ms is not None
    store.close()


def test_a_day_whose_last_polls_were_compacted_within_it_still_gets_its_hours(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, now_ms=START_MS)
    store.append([batch(START_MS + HOUR_MS * hour) for hour in range(24)])
    compact(store, START_MS + DAY_MS - MINUTE_MS)
    assert store.bars("alpha", "BTCUSDT", 0) == []
    # The program was off until the next day, and nothing of the first day came after.
    store.append([batch(START_MS + DAY_MS + 5 * HOUR_MS)])
    compact(store, START_MS + DAY_MS + 6 * HOUR_MS)
    hours = [one.time_ms for one in store.bars("alpha", "BTCUSDT", 0)]
    assert hours == [START_MS + HOUR_MS * hour for hour in range(24)]
    store.close()


def test_they_are_kept_as_long_as_asked_for(tmp_path: Path) -> None:
    for days, files in ((0, 0), (7, 0), (40, 1)):
        folder = tmp_path / str(days)
        store = SqliteStore(folder, now_ms=START_MS, retention=Retention(quotes_ms=days * DAY_MS))
        store.append([batch(START_MS)])
        compact(store, START_MS + HOUR_MS)
        assert len(list(folder.glob("quotes-*.db"))) == (1 if days else 0)
        # February is over for more than seven days, and for less than forty.
        compact(store, START_MS + 25 * DAY_MS)
        assert len(list(folder.glob("quotes-*.db"))) == files
        assert list(folder.glob("hist-*.db"))
        store.close()


def test_charts_have_premium_and_open_interest_of_the_days_before(tmp_path: Path) -> None:
    """An hour of polls whose premium is their minute; asked for when only chunks are left, ten minutes a point."""
    store = SqliteStore(tmp_path, now_ms=START_MS)
    store.append([batch(START_MS + MINUTE_MS * minute, premium=minute * 1e-6, oi_usd=minute) for minute in range(61)])
    compact(store, START_MS + HOUR_MS + MINUTE_MS)
    later = START_MS + KEEP_POLLS_MS + DAY_MS
    store.append([batch(later)])
    compact(store, later)
    store.close()
    (course,) = read_courses(tmp_path, [("alpha", "BTCUSDT")], START_MS, START_MS + 2 * HOUR_MS, 10 * MINUTE_MS)
    assert course.time_ms.tolist() == [START_MS + MINUTE_MS * minute for minute in (9, 19, 29, 39, 49, 59, 60)]
    # Nothing from after a point's time: at minute 9 the step of minutes 5 to 9 is not over, that of 0 to 4 is.
    np.testing.assert_allclose(course.premium, [minute * 1e-6 for minute in (4, 14, 24, 34, 44, 54, 59)], rtol=1e-12)
    assert course.oi_usd.tolist() == [4, 14, 24, 34, 44, 54, 59]
    (before,) = read_courses(tmp_path, [("alpha", "BTCUSDT")], START_MS - DAY_MS, START_MS, 10 * MINUTE_MS)
    assert not len(before.time_ms)
    assert math.isnan(course.theory[0])


def test_theory_of_a_coarse_chart_is_made_of_every_five_minutes(tmp_path: Path) -> None:
    """Nine hours, premium 0 but for 40 bp in the second hour of each interval of eight; a chart with two hours a point,
    of days whose polls are gone, and of the last hours whose polls no chunk has yet."""
    store = SqliteStore(tmp_path, now_ms=START_MS)

    def poll(minute: int) -> Batch:
        return batch(START_MS + MINUTE_MS * minute, premium=40e-4 if minute // 60 % 8 == 1 else 0.0)

    store.append([poll(minute) for minute in range(9 * 60)])
    compact(store, START_MS + 9 * HOUR_MS)
    later = 3 * 24 * 60
    store.append([poll(later + minute) for minute in range(4 * 60)])
    compact(store, START_MS + MINUTE_MS * (later + 150))
    store.append([poll(later + minute) for minute in range(4 * 60, 6 * 60)])
    store.close()
    uniform = Formula(Kernel(1.0, 0.0, 0.0, 0.0, -1.0, 1.0, 8.0), Averaging.UNIFORM, 8.0, START_MS + 8.0 * HOUR_MS)
    name = [("alpha", "BTCUSDT")]
    (course,) = read_courses(tmp_path, name, START_MS, START_MS + 9 * HOUR_MS, 2 * HOUR_MS, [uniform])
    # The last poll of each two hours; an hour of 40 bp in the two, four, six and eight of its interval.
    assert ((course.time_ms - START_MS) // MINUTE_MS).tolist() == [119, 239, 359, 479, 539]
    np.testing.assert_allclose(course.theory * 8 * 1e4, [20.0, 10.0, 40 / 6, 5.0, 0.0], rtol=0.05, atol=1e-9)
    (fresh,) = read_courses(
        tmp_path, name, START_MS + later * MINUTE_MS, START_MS + (later + 360) * MINUTE_MS, 2 * HOUR_MS, [uniform]
    )
    assert ((fresh.time_ms - START_MS) // MINUTE_MS - later).tolist() == [119, 239, 359]
    np.testing.assert_allclose(fresh.theory * 8 * 1e4, [20.0, 10.0, 40 / 6], rtol=0.05)
    # Without a formula nothing is said.
    (unknown,) = read_courses(tmp_path, name, START_MS, START_MS + 9 * HOUR_MS, 2 * HOUR_MS)
    assert np.isnan(unknown.theory).all()


def test_premium_and_open_interest_go_back_as_far_as_quotes_are_kept(tmp_path: Path) -> None:
    """Seventy days with an hour of polls each, 90 asked for: every day that was observed has all three."""
    store = SqliteStore(tmp_path, now_ms=START_MS, retention=Retention(quotes_ms=90 * DAY_MS))
    for day in range(70):
        polls = [batch(START_MS + day * DAY_MS + minute * MINUTE_MS, premium=1e-4, oi_usd=5e6) for minute in range(60)]
        store.append(polls)
        compact(store, START_MS + (day + 1) * DAY_MS)
    store.close()
    now_ms = START_MS + 70 * DAY_MS
    momentary = Formula(Kernel(1.0, 0.0, 0.0, 0.0, -1.0, 1.0, 8.0), Averaging.NONE, 8.0, math.nan)
    for days in (1, 7, 30, 90):
        step_ms = days * DAY_MS // 360
        (course,) = read_courses(tmp_path, [("alpha", "BTCUSDT")], now_ms - days * DAY_MS, now_ms, step_ms, [momentary])
        seen = {
            int(time_ms) // DAY_MS
            for time_ms, value in zip(course.time_ms, course.premium, strict=True)
            if value == value
        }
        assert len(seen) == min(days, 70)
        assert (course.oi_usd[np.isfinite(course.premium)] == 5e6).all()
        # On a coarse chart of quotes each five minutes nothing is known before the first five are over.
        known = np.isfinite(course.premium) & (course.time_ms % HOUR_MS >= STEP_MS)
        np.testing.assert_allclose(course.theory[known] * 8, 1e-4)
