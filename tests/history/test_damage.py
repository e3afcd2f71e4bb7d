"""Damaged files: never a crash, never a wrong number; what is whole is saved, the rest is set aside and told."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from fundtui.history.database import MIB, NewerRecord, StoreProblem
from fundtui.history.figures import Shelf
from fundtui.history.folder import LIVE, STATE, Owned, Owner, Room, is_owned
from fundtui.history.sqlite_store import SqliteStore
from fundtui.history.store import Store
from fundtui.status import Event, EventKind
from fundtui.text import clean
from tests.history.market import ALPHA, DAY_MS, HOUR_MS, START_MS, batch, rate, settlement

SEEDS = range(120)
MINUTES = 180


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record with polls, a compacted day, settlements and a journal."""
    folder: Path = tmp_path_factory.mktemp("whole")
    store = SqliteStore(folder, now_ms=START_MS)
    store.append([batch(START_MS + 60_000 * minute) for minute in range(MINUTES)])
    store.settle(settlement(START_MS + 8 * HOUR_MS * step, step * 1e-5) for step in range(300))
    store.note([Event(time_ms=START_MS + n, kind=EventKind.LISTED, text=clean(f"entry {n}")) for n in range(200)])
    store.keep({"a": b"1"})
    for _ in store.compact(START_MS + DAY_MS + HOUR_MS):
        pass
    store.append([batch(START_MS + DAY_MS + 2 * HOUR_MS + 60_000 * minute) for minute in range(30)])
    store.close()
    return folder


def copied(whole: Path, target: Path) -> None:
    for one in whole.iterdir():
        if one.is_file():
            (target / one.name).write_bytes(one.read_bytes())


def damage(folder: Path, random_source: random.Random) -> list[str]:
    """One to twenty random hits: a byte, a torn page, a zeroed page, a cut-off end."""
    files = sorted(one for one in folder.iterdir() if one.suffix == ".db")
    hit = []
    for _ in range(random_source.randint(1, 20)):
        path = random_source.choice(files)
        content = bytearray(path.read_bytes())
        place = random_source.randrange(len(content))
        kind = random_source.choice(("byte", "page", "zeros", "cut"))
        if kind == "byte":
            content[place] ^= random_source.randint(1, 255)
        elif kind == "cut" and random_source.random() < 0.2:
            del content[max(place, 4096) :]
        else:
            start = place // 4096 * 4096
            filler = random_source.randbytes(4096) if kind == "page" else bytes(4096)
            content[start : start + 4096] = filler[: len(content) - start]
        path.write_bytes(content)
        hit.append(f"{path.name} {kind} {place}")
    return hit


def judge(store: Store) -> int:
    """Every number read is the one that was written; returns how many samples there are."""
    found = 0
    for place, one in enumerate(ALPHA):
        series = store.series("alpha", one.symbol, 0)
        for time_ms, value in zip(series.time_ms.tolist(), series.rate.tolist(), strict=True):
            assert value == rate(time_ms, place)
        found += len(series.time_ms)
        for bar in store.bars("alpha", one.symbol, 0):
            assert bar.low <= bar.last <= bar.high
            assert bar.last in {rate(bar.time_ms + 60_000 * minute, place) for minute in range(60)}
    for poll in store.polls(0):
        assert repr(poll) == repr(batch(poll.observed_ms))
    for paid in store.settlements("alpha", "BTCUSDT"):
        assert paid.rate == (paid.time_ms - START_MS) // (8 * HOUR_MS) * 1e-5
    for event in store.events():
        assert event.text == f"entry {event.time_ms - START_MS}"
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_random_damage(seed: int, whole: Path, tmp_path: Path) -> None:
    copied(whole, tmp_path)
    hit = damage(tmp_path, random.Random(seed))
    try:
        readable = SqliteStore(tmp_path, now_ms=START_MS, writable=False)
        judge(readable)
        readable.close()
    except StoreProblem:
        # A reader gives up with a sentence; the writer is the one that saves what can be saved.
        assert hit
    store = SqliteStore(tmp_path, now_ms=START_MS + DAY_MS)
    for month in store.samples.months():
        store.samples.check(month)
    judge(store)
    later = batch(START_MS + 3 * DAY_MS)
    store.append([later])
    assert repr(store.latest()[-1]) == repr(later)
    store.close()


def test_what_is_whole_is_saved(whole: Path, tmp_path: Path) -> None:
    """Pages of one table are lost: everything on other pages comes back."""
    copied(whole, tmp_path)
    path = tmp_path / LIVE
    content = bytearray(path.read_bytes())
    # A leaf in the middle of the polls; the index pages in front stay whole.
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = bytes(4096)
    path.write_bytes(content)
    store = SqliteStore(tmp_path, now_ms=START_MS + DAY_MS)
    if store.problems:
        assert "was damaged" in store.problems[0]
        assert list(tmp_path.glob("live.db.corrupt-*"))
    polls = list(store.polls(0))
    assert len(polls) >= 0.85 * (MINUTES + 30)
    judge(store)
    store.close()


def chunks(path: Path) -> Iterator[tuple[int, bytes]]:
    connection = sqlite3.connect(path)
    yield from connection.execute("SELECT id, body FROM chunk").fetchall()
    connection.close()


def test_damage_inside_a_chunk_is_noticed_though_sqlite_is_content(whole: Path, tmp_path: Path) -> None:
    copied(whole, tmp_path)
    path = next(tmp_path.glob("hist-*.db"))
    number, body = next(chunks(path))
    connection = sqlite3.connect(path)
    spoilt = bytes((*body[:-10], body[-10] ^ 1, *body[-9:]))
    connection.execute("UPDATE chunk SET body = ? WHERE id = ?", (spoilt, number))
    connection.commit()
    assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    connection.close()
    store = SqliteStore(tmp_path, now_ms=START_MS + DAY_MS, writable=False)
    judge(store)
    assert any("damaged chunk" in problem for problem in store.problems)
    store.close()


def test_a_newer_record_is_read_but_not_written(whole: Path, tmp_path: Path) -> None:
    copied(whole, tmp_path)
    connection = sqlite3.connect(tmp_path / STATE)
    connection.execute("UPDATE schema SET version = 99 WHERE room = 'history'")
    connection.commit()
    connection.close()
    before = (tmp_path / STATE).read_bytes()
    with pytest.raises(NewerRecord, match=r"state\.db is of a newer fundtui"):
        SqliteStore(tmp_path, now_ms=START_MS)
    assert (tmp_path / STATE).read_bytes() == before


def test_files_are_private_under_any_umask(tmp_path: Path) -> None:
    import os

    before = os.umask(0)
    try:
        folder = tmp_path / "record"
        store = SqliteStore(folder, now_ms=START_MS)
        store.append([batch(START_MS)])
        for _ in store.compact(START_MS + DAY_MS):
            pass
        Shelf(folder).save(START_MS, {"instruments": __import__("numpy").array(["a"])})
        Room(folder, reserve=0, ballast=MIB).load_ballast()
        with Owner(folder):
            modes = {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}, modes
    assert len(modes) >= 6


def test_one_owner_at_a_time(tmp_path: Path) -> None:
    assert not is_owned(tmp_path)
    with Owner(tmp_path):
        assert is_owned(tmp_path)
        with pytest.raises(Owned, match="writes the record"):
            Owner(tmp_path)
    assert not is_owned(tmp_path)
    Owner(tmp_path).release()
