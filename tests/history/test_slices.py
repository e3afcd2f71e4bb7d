"""Compaction in slices: what is written does not depend on how much of it is unpacked at a time, or on kills."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import msgspec
import pytest

from fundtui.history import compaction
from fundtui.history.sqlite_store import SqliteStore
from fundtui.market import Batch, Instrument
from tests.history.market import ALPHA, BETA, DAY_MS, HOUR_MS, START_MS, batch, contract, rate

EVERY_MS = 70_000
"""Polls fall on other places of each five minutes."""
POLLS = 300
NEW = contract("alpha", "SOLUSDT")
SHORTER = msgspec.structs.replace(ALPHA[0], interval_h=4.0, rate_period_h=4.0)
HALVES = ((0, 171), (171, POLLS))
DAMAGED = (60, 204)
"""Alpha begins a key frame wherever its contracts differ from those before: 204 is one, 60 is none."""
LOST = {60, *range(204, 210)}

Bytes = dict[tuple[str, str, int], bytes]


def listed(number: int) -> tuple[Instrument, ...]:
    """What alpha lists: a contract changes, one is missing now and then, one comes later, one goes."""
    bitcoin = ALPHA[0] if number < 90 else SHORTER
    return (
        bitcoin,
        *(ALPHA[1:2] if number % 7 else ()),
        *(ALPHA[2:] if number < 200 else ()),
        *((NEW,) if number >= 130 else ()),
    )


def poll(number: int) -> Batch:
    return batch(START_MS + EVERY_MS * number, listed(number))


def filled(folder: Path, first: int, end: int) -> None:
    """More polls of both venues; two of alpha's are damaged afterwards."""
    store = SqliteStore(folder, now_ms=START_MS)
    for number in range(first, end):
        store.append([poll(number), batch(START_MS + EVERY_MS * number + 900, BETA)])
    venue = store.state.venue("alpha")
    assert venue is not None
    for number in set(DAMAGED) & set(range(first, end)):
        ((place, body),) = store.live.database.rows(
            "SELECT id, body FROM poll WHERE id = ?", (venue << 42 | START_MS + EVERY_MS * number,)
        )
        broken = body[:40] + bytes((body[40] ^ 1,)) + body[41:]
        store.live.database.connection.execute("UPDATE poll SET body = ? WHERE id = ?", (broken, place))
    store.close()


def written(folder: Path) -> Bytes:
    """Everything that compaction has made."""
    store = SqliteStore(folder, now_ms=START_MS, writable=False)
    rooms = store._rooms
    found = {
        (months.kind, table, number): body
        for months in rooms
        for month in months.months()
        for table in months.tables
        for part in months.slices(month, table, 50)
        for number, body in part
    }
    store.close()
    return found


def grown(folder: Path, kill_after: int = 0) -> Bytes:
    """A day in two halves and its end; before each compaction another that was killed after so many steps."""
    for first, end in HALVES:
        filled(folder, first, end)
        compacted(folder, START_MS + EVERY_MS * end, kill_after)
    compacted(folder, START_MS + DAY_MS + HOUR_MS, kill_after)
    return written(folder)


def compacted(folder: Path, now_ms: int, kill_after: int) -> None:
    for steps in (kill_after, None):
        store = SqliteStore(folder, now_ms=START_MS)
        for _ in islice(store.compact(now_ms), steps):
            pass
        store.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Bytes:
    """What is written in one go."""
    return grown(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("rates", [1, 2 * POLLS, 3 * POLLS])
def test_slices_of_any_size_write_the_same(
    rates: int, whole: Bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "SLICE", rates)
    assert grown(tmp_path) == whole
    assert {kind for kind, _, _ in whole} == {"hist", "bars", "quotes"}


@pytest.mark.parametrize("kill_after", range(3, 80, 7))
def test_killed_runs_change_nothing(kill_after: int, whole: Bytes, tmp_path: Path) -> None:
    assert grown(tmp_path, kill_after) == whole


def test_what_was_polled_is_in_the_chunks(tmp_path: Path) -> None:
    """From the polls themselves: every one that listed the contract and was not damaged, nor leant on one that was."""
    grown(tmp_path)
    store = SqliteStore(tmp_path, now_ms=START_MS, writable=False)
    for symbol in ("BTCUSDT", "ETHUSDT", "PEPEUSDT", "SOLUSDT"):
        expected, steps = [], {}
        for number in sorted(set(range(POLLS)) - LOST):
            names = [one.symbol for one in listed(number)]
            if symbol in names:
                time_ms = START_MS + EVERY_MS * number
                expected.append((time_ms, rate(time_ms, names.index(symbol))))
                steps[time_ms // 300_000 * 300_000] = poll(number).quotes[names.index(symbol)].mark
        series = store.compacted("alpha", symbol, 0, START_MS + DAY_MS)
        assert list(zip(series.time_ms.tolist(), series.rate.tolist(), strict=True)) == expected
        told = store.told_steps("alpha", symbol, 0, START_MS + DAY_MS)
        assert dict(zip(told.time_ms.tolist(), told.mark.tolist(), strict=True)) == steps
    store.close()
