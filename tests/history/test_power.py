"""Power cuts at any write: what a call said is durable is there, and no file is corrupt."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from fundtui.history import live as hot
from fundtui.history import state as durable
from fundtui.history.database import Database, StoreProblem
from fundtui.history.frames import Frame
from fundtui.history.live import Live, Poll
from fundtui.history.state import State
from tests.history.market import ALPHA, START_MS, settlement

power = pytest.importorskip("tests.history.power", reason="apsw is not installed")

CUTS = 200
HOUR_MS = 3_600_000


@pytest.mark.parametrize("cuts", [range(start, start + 50) for start in range(0, CUTS, 50)])
def test_what_is_durable_survives(cuts: range, tmp_path: Path) -> None:
    lost_polls = 0
    for seed in cuts:
        folder = tmp_path / str(seed)
        folder.mkdir()
        after = tmp_path / f"{seed} after"
        after.mkdir()
        source = random.Random(seed)
        disk = power.Disk(f"disk{seed}")
        connect = power.connected(disk.name)
        state_file = Database(
            folder / "state.db", (durable.SCHEMA,), now_ms=0, durable=True, check=False, connect=connect
        )
        live_file = Database(folder / "live.db", (hot.SCHEMA,), now_ms=0, durable=False, check=False, connect=connect)
        state, live = State(state_file), Live(live_file)
        numbers = state.contract_numbers(ALPHA)
        steps = source.randint(1, 40)
        for step in range(steps):
            state.settle([settlement(START_MS + step * HOUR_MS, step * 1e-6)])
            frame = Frame(numbers, np.full(3, START_MS + step), np.full((13, 3), 0.1 * step), np.zeros(3, np.int64))
            live.append([Poll(1, START_MS + step, frame)])
            if step % 10 == 9:
                state_file.checkpoint()
        # In the middle of the next transaction, some of which may have reached the disk.
        with live_file.transaction() as connection:
            connection.execute("INSERT INTO poll VALUES (1, 1, x'00')")
            disk.cut(after, source)
        state_file.close()
        live_file.close()
        read = State(Database(after / "state.db", (durable.SCHEMA,), now_ms=0))
        assert read.database.aside is None
        paid = read.settlements("alpha", "BTCUSDT", 0, 1 << 42)
        assert [one.rate for one in paid] == [step * 1e-6 for step in range(steps)]
        assert all(read.known(numbers))
        read.database.close()
        polls = Database(after / "live.db", (hot.SCHEMA,), now_ms=0, durable=False)
        assert polls.aside is None, polls.problem
        times = Live(polls).times(1, 0, 1 << 42)
        # The hot tier may lose its end, never its middle.
        assert times == [START_MS + step for step in range(len(times))]
        assert len(list(Live(polls).frames(1, 0, 1 << 42))) == len(times)
        lost_polls += steps - len(times)
        polls.close()
        shutil.rmtree(folder)
        shutil.rmtree(after)
    # Without a single loss in the tier that may lose, nothing was cut.
    assert lost_polls > 0


def test_a_disk_that_forgets_is_what_is_tested(tmp_path: Path) -> None:
    """Without syncs everything is lost: the disk of these tests does forget."""
    disk = power.Disk("forgetful")
    after = tmp_path / "after"
    after.mkdir()
    connect = power.connected(disk.name)
    path = tmp_path / "state.db"
    database = Database(path, (durable.SCHEMA,), now_ms=0, check=False, connect=connect)
    database.connection.execute("PRAGMA synchronous = OFF")
    State(database).settle([settlement(START_MS + step * HOUR_MS) for step in range(50)])
    disk.cut(after, random.Random(3))
    database.close()
    try:
        read = State(Database(after / "state.db", (durable.SCHEMA,), now_ms=0))
    except StoreProblem:
        return
    assert read.database.aside is not None or len(read.settlements("alpha", "BTCUSDT", 0, 1 << 42)) < 50
    read.database.close()
