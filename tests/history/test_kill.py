"""Killed at any moment: everything that was acknowledged is there, nothing is corrupt, the next start goes on."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fundtui.history.folder import Owner, is_owned
from fundtui.history.sqlite_store import SqliteStore
from tests.history.market import DAY_MS, START_MS, batch, settlement

KILLS = 200
REAL_KILLS = 4
HOUR_MS = 3_600_000


def write_until_killed(folder: Path, first: int, acknowledge: int) -> None:
    """The child: takes the folder, polls, settles, compacts; says on a pipe what is safe."""
    with Owner(folder):
        store = SqliteStore(folder, now_ms=START_MS)
        step = first
        while True:
            time_ms = START_MS + step * 600_000
            store.append([batch(time_ms)])
            os.write(acknowledge, f"p{step}\n".encode())
            store.settle([settlement(START_MS + step * HOUR_MS, step * 1e-6)])
            store.keep({"last": str(step).encode()})
            os.write(acknowledge, f"s{step}\n".encode())
            if step % 25 == 0:
                for _ in store.compact(time_ms + DAY_MS):
                    pass
            step += 1


def acknowledged(pipe: int, said: bytes) -> Iterator[tuple[str, int]]:
    """What the child said, a torn last line left out."""
    with os.fdopen(pipe, "rb") as told:
        for line in (said + told.read()).split(b"\n")[:-1]:
            yield line[:1].decode(), int(line[1:])


def test_kill_9_of_the_writer(tmp_path: Path) -> None:
    source = random.Random(20_260_301)
    polls: set[int] = set()
    settled: set[int] = set()
    first = 0
    for _ in range(KILLS):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                write_until_killed(tmp_path, first, write)
            finally:
                os._exit(1)
        os.close(write)
        # At least a little gets done each time, also on a busy machine; then the end comes at any moment.
        wanted, said = source.randint(1, 6), b""
        while said.count(b"\n") < wanted:
            said += os.read(read, 1)
        time.sleep(source.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for kind, step in acknowledged(read, said):
            (polls if kind == "p" else settled).add(step)
            first = max(first, step + 1)
    assert len(polls) > KILLS
    store = SqliteStore(tmp_path, now_ms=START_MS)
    assert not store.problems
    times = set(store.series("alpha", "BTCUSDT", 0).time_ms.tolist())
    assert {START_MS + step * 600_000 for step in polls} <= times
    paid = {one.time_ms: one.rate for one in store.settlements("alpha", "BTCUSDT")}
    assert all(paid[START_MS + step * HOUR_MS] == step * 1e-6 for step in settled)
    assert int(store.kept("last") or b"-1") >= max(settled)
    store.close()
    for path in tmp_path.glob("*.db"):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def collector(folder: Path, tmp_path: Path, *more: str) -> subprocess.Popen[bytes]:
    """`fundtui collect` over the simulated market, in a process of its own."""
    config = tmp_path / "config.toml"
    config.touch(0o600)
    environment = os.environ | {"FUNDTUI_CONFIG": str(config), "FUNDTUI_HISTORY__FOLDER": str(folder)}
    command = [sys.executable, "-m", "fundtui.cli", "collect", "--source", "demo", "--speed", "20", *more]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for(condition: object, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def last_ms(folder: Path) -> int:
    """The last poll that another process can read; -1 without one."""
    from fundtui.history.database import StoreProblem

    try:
        store = SqliteStore(folder, now_ms=0, writable=False)
    except StoreProblem:
        return -1
    try:
        return max((one.observed_ms for one in store.latest()), default=-1)
    except StoreProblem:
        return -1
    finally:
        store.close()


@pytest.mark.skipif(sys.platform != "linux", reason="flock and signals as on Linux")
def test_kill_9_of_the_whole_collector(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    source = random.Random(7)
    seen = -1
    for _ in range(REAL_KILLS):
        process = collector(folder, tmp_path)
        before = seen
        wait_for(lambda before=before: last_ms(folder) > before)
        time.sleep(source.uniform(0.0, 0.5))
        # Read first, killed afterwards: what another process has seen must not go away.
        seen = last_ms(folder)
        process.kill()
        process.communicate()
        assert last_ms(folder) >= seen
        assert not is_owned(folder)
    store = SqliteStore(folder, now_ms=0)
    assert not store.problems
    store.close()


def test_sigterm_ends_the_collector_cleanly(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    process = collector(folder, tmp_path)
    wait_for(lambda: last_ms(folder) > 0)
    second = collector(folder, tmp_path)
    out, error = second.communicate(timeout=30)
    assert second.returncode == 1
    assert b"another fundtui keeps the record already" in error
    assert out == b""
    process.terminate()
    out, error = process.communicate(timeout=10)
    assert process.returncode == 0
    assert out == b""
    assert list(folder.glob("figures-*.bin"))
    store = SqliteStore(folder, now_ms=0, writable=False)
    assert store.kept("budgets")
    store.close()
