"""A file whose tree is gone: rows are found on their pages, and only those that prove what they are go on."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fundtui.history.carve import carve
from fundtui.history.sqlite_store import SqliteStore
from tests.history.market import ALPHA, DAY_MS, START_MS, batch, rate

PAGE = 4096
SIZES = (0, 1, 40, 489, 3000, 4061, 4062, 5000, 8200, 30_000)


def write(path: Path) -> dict[int, bytes]:
    """Blobs of sizes around those at which SQLite spills to other pages."""
    blobs = {number << 16: bytes((number + place) % 251 for place in range(size)) for number, size in enumerate(SIZES)}
    blobs |= {1_000_000_000_000 + number: bytes([number]) * 700 for number in range(60)}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        connection.execute("CREATE TABLE chunk (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
        connection.executemany("INSERT INTO chunk VALUES (?, ?)", blobs.items())
        connection.commit()
    return blobs


def test_every_row_is_found_without_the_tree(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    blobs = write(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        inner = connection.execute(
            "SELECT pageno FROM dbstat WHERE name = 'chunk' AND pagetype = 'internal'"
        ).fetchall()
    assert inner
    content = bytearray(path.read_bytes())
    for page in (1, *(number for (number,) in inner)):
        content[(page - 1) * PAGE : page * PAGE] = bytes(PAGE)
    path.write_bytes(content)
    assert dict(carve(path)) == blobs


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=3 * PAGE), st.integers(0, 20 * PAGE))
def test_nonsense_is_never_an_error(tmp_path: Path, noise: bytes, at: int) -> None:
    path = tmp_path / "y.db"
    path.unlink(missing_ok=True)
    write(path)
    content = bytearray(path.read_bytes())
    content[at : at + len(noise)] = noise
    path.write_bytes(content)
    for number, blob in carve(path):
        assert number >= 0
        assert isinstance(blob, bytes)


@pytest.mark.parametrize("kind", ["hist", "bars", "quotes"])
def test_a_month_without_its_first_page_comes_back(tmp_path: Path, kind: str) -> None:
    store = SqliteStore(tmp_path, now_ms=START_MS)
    store.append([batch(START_MS + 60_000 * minute) for minute in range(300)])
    for _ in store.compact(START_MS + 4 * DAY_MS):
        pass
    before = [store.steps("alpha", one.symbol, 0) for one in ALPHA]
    bars = [store.bars("alpha", one.symbol, 0) for one in ALPHA]
    store.close()
    (path,) = tmp_path.glob(f"{kind}-*.db")
    content = bytearray(path.read_bytes())
    content[:PAGE] = bytes(PAGE)
    path.write_bytes(content)
    store = SqliteStore(tmp_path, now_ms=START_MS)
    for _ in store.scrub():
        pass
    for place, one in enumerate(ALPHA):
        series = store.series("alpha", one.symbol, 0)
        assert series.rate.tolist() == [rate(START_MS + 60_000 * minute, place) for minute in range(300)]
        assert store.steps("alpha", one.symbol, 0).mark.tolist() == before[place].mark.tolist()
        assert store.bars("alpha", one.symbol, 0) == bars[place]
    assert any("rows were saved" in problem for problem in store.problems)
    store.close()
