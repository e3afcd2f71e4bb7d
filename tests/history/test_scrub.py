"""What lies on the disk for long: looked through weekly, refused on network disks, read from read-only ones."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fundtui.alerts.alerting import Alerting
from fundtui.clock import ScaledClock, SystemClock
from fundtui.config import Settings
from fundtui.history import folder as folders
from fundtui.history import scrub
from fundtui.history.compaction import Retention
from fundtui.history.database import Refused
from fundtui.history.folder import Owner, Room, network_filesystem, refuse_network
from fundtui.history.record import Record
from fundtui.history.recorder import Recorder, Recording
from fundtui.history.sqlite_store import SqliteStore
from fundtui.status import Event
from tests.history.market import DAY_MS, HOUR_MS, START_MS, batch, rate, settlement

MINUTES = 120


def fill(folder: Path) -> None:
    """Two days in chunks, bars, settlements that were asked for."""
    store = SqliteStore(folder, now_ms=START_MS)
    for day in range(2):
        store.append([batch(START_MS + day * DAY_MS + 60_000 * minute) for minute in range(MINUTES)])
    store.settle(settlement(START_MS + 8 * HOUR_MS * step, step * 1e-5) for step in range(60))
    store.keep({"reached alpha BTCUSDT": b"x", "reached alpha ETHUSDT": b"y"})
    for _ in store.compact(START_MS + 4 * DAY_MS):
        pass
    store.close()


def spoil(path: Path, table: str, place: int = 0) -> int:
    """Turn one bit of a chunk; gives its number."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        number, body = connection.execute(f"SELECT id, body FROM {table} ORDER BY id").fetchall()[place]
        spoilt = bytes((*body[:-8], body[-8] ^ 16, *body[-7:]))
        connection.execute(f"UPDATE {table} SET body = ? WHERE id = ?", (spoilt, number))
        connection.commit()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return int(number)


def test_damaged_chunks_leave_the_record_and_are_told(tmp_path: Path) -> None:
    fill(tmp_path)
    hist, bars = next(tmp_path.glob("hist-*.db")), next(tmp_path.glob("bars-*.db"))
    spoilt = spoil(hist, "chunk"), spoil(bars, "chunk", 2)
    settled = spoil(tmp_path / "state.db", "settled")
    store = SqliteStore(tmp_path, now_ms=START_MS)
    assert store.problems == []
    for _ in store.scrub():
        pass
    assert sorted(one.name for one in (tmp_path / scrub.ASIDE).iterdir()) == sorted(
        [f"{hist.stem}.chunk.{spoilt[0]}", f"{bars.stem}.chunk.{spoilt[1]}", f"state.settled.{settled}"]
    )
    assert len(store.problems) == 3
    assert f"{hist.name}: 1 damaged chunks were set aside" in " ".join(store.problems)
    # The rest is there; what the venue can tell again will be asked for again, of that instrument alone.
    lengths = sorted(len(store.series("alpha", name, 0).time_ms) for name in ("BTCUSDT", "ETHUSDT", "PEPEUSDT"))
    assert lengths == [MINUTES, 2 * MINUTES, 2 * MINUTES]
    assert store.kept("reached alpha BTCUSDT") is None
    assert store.kept("reached alpha ETHUSDT") == b"y"
    before = len(store.problems)
    for _ in store.scrub():
        pass
    assert len(store.problems) == before
    store.close()


def test_a_damaged_file_goes_on_with_what_is_whole(tmp_path: Path) -> None:
    fill(tmp_path)
    hist = next(tmp_path.glob("hist-*.db"))
    with contextlib.closing(sqlite3.connect(hist)) as connection:
        ((page,),) = connection.execute("SELECT min(pageno) FROM dbstat WHERE name = 'chunk' AND pagetype = 'leaf'")
    content = bytearray(hist.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = bytes(4096)
    hist.write_bytes(content)
    store = SqliteStore(tmp_path, now_ms=START_MS)
    for _ in store.scrub():
        pass
    assert list(tmp_path.glob("hist-*.corrupt-*"))
    assert "is kept as" in " ".join(store.problems)
    for place, name in enumerate(("BTCUSDT", "ETHUSDT", "PEPEUSDT")):
        series = store.series("alpha", name, 0)
        assert series.rate.tolist() == [rate(time_ms, place) for time_ms in series.time_ms.tolist()]
    store.close()


def test_the_recorder_looks_through_each_week(tmp_path: Path) -> None:
    fill(tmp_path)
    spoil(next(tmp_path.glob("hist-*.db")), "chunk")
    store = SqliteStore(tmp_path, now_ms=START_MS)
    store.keep({"scrubbed_ms": str(START_MS).encode(), "compacted_ms": str(START_MS + 90 * DAY_MS).encode()})
    store.close()
    for days, found in ((6, False), (8, True)):
        told: list[Event] = []
        clock = ScaledClock(START_MS + days * DAY_MS)
        recorder = Recorder(lambda now_ms: SqliteStore(tmp_path, now_ms=now_ms), clock, on_event=told.append)
        recorder.start()
        recorder.append(batch(START_MS + days * DAY_MS))

        def done(days: int = days) -> bool:
            reader = SqliteStore(tmp_path, now_ms=0, writable=False)
            with contextlib.closing(reader):
                looked = int(reader.kept("scrubbed_ms") or 0) > START_MS
                return looked or (days == 6 and bool(reader.latest()))

        until(done)
        recorder.note(Event(time_ms=START_MS, kind="record", text="so that it looks for problems once more"))  # type: ignore[arg-type]
        assert recorder.stop(5)
        assert recorder.state.recording is Recording.ENDED
        assert any("damaged chunks" in one.text for one in told) is found


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


MOUNTED = """22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:35 / /home rw shared:9 - nfs4 server:/export/home rw,vers=4.2
41 40 0:36 / /home/me/local\\040disk rw - ext4 /dev/vdb rw
42 22 0:37 / /mnt/c rw - 9p drvfs rw
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/lib/x", ""),
        ("/home/me/.local/share/fundtui", "nfs4"),
        ("/home/me/local disk/fundtui", ""),
        ("/mnt/c/Users", "9p"),
        ("/homeless", ""),
    ],
)
def test_network_file_systems_are_known_by_their_mount(tmp_path: Path, place: str, kind: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTED.replace("\\\\", "\\"))
    assert network_filesystem(Path(place), mounts) == kind
    assert network_filesystem(Path(place), tmp_path / "nothing") == ""


async def test_nothing_is_kept_on_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio
    import random

    refuse_network(tmp_path)
    monkeypatch.setattr(folders, "network_filesystem", lambda folder: "nfs4")
    with pytest.raises(Refused, match=r"network file system \(nfs4\); set history.folder"):
        refuse_network(tmp_path)
    told: list[Event] = []
    clock = SystemClock()
    record = Record(tmp_path, Owner(tmp_path), clock, Retention(), room=Room(tmp_path, reserve=0))
    record.start(told.append)
    while record.state.recording is Recording.OPENING:
        await asyncio.sleep(0.01)
    assert record.state.recording is Recording.REFUSED
    assert "network file system" in record.state.text
    record.stop(dict, {})
    assert not (tmp_path / "live.db").exists()
    alerting = Alerting(clock, random.Random(1), lambda settings, show: {}, tmp_path)
    await alerting.open(Settings(), owner=True)
    assert "alerts are not kept" in alerting.problem
    assert not (tmp_path / "state.db").exists()
    await alerting.close()


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A record on a file system that cannot be written to."""
    place = tmp_path / "medium"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system can be mounted by root on Linux only")
    fill(place)
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_record_on_a_read_only_medium_can_be_read(read_only: Path) -> None:
    store = SqliteStore(read_only, now_ms=START_MS, writable=False)
    assert len(store.series("alpha", "BTCUSDT", 0).time_ms) == 2 * MINUTES
    assert len(store.settlements("alpha", "BTCUSDT")) == 60
    assert store.bars("alpha", "BTCUSDT", 0)
    assert store.problems == []
    store.close()
