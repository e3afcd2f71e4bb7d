"""A disk that fills up, for real: recording pauses and says so, what must not be lost is kept, and it goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fundtui.clock import ScaledClock
from fundtui.history.database import MIB
from fundtui.history.folder import BALLAST, Room
from fundtui.history.recorder import Recorder, Recording
from fundtui.history.sqlite_store import SqliteStore
from fundtui.status import Event
from tests.history.market import START_MS, batch, settlement


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can be mounted by root on Linux only")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def wait_for(condition: Callable[[], bool], again: Callable[[], None] = lambda: None) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        again()
        time.sleep(0.02)


@pytest.mark.parametrize("reserve", [0, MIB])
def test_recording_pauses_on_a_full_disk_and_goes_on(small_disk: Path, reserve: int) -> None:
    folder = small_disk / "record"
    told: list[Event] = []
    # Ten of the recorder's seconds pass in a tenth of ours.
    clock = ScaledClock(START_MS, speed=100.0)
    room = Room(folder, reserve=reserve, ballast=MIB)
    recorder = Recorder(lambda now_ms: SqliteStore(folder, now_ms=now_ms), clock, room=room, on_event=told.append)
    recorder.start()
    step = 0

    def feed() -> None:
        nonlocal step
        step += 1
        recorder.append(batch(START_MS + 1000 * step))
        recorder.settle([settlement(START_MS + 3_600_000 * step, 1e-6 * step)])

    wait_for(lambda: recorder.state.recording is Recording.ON, feed)
    assert (folder / BALLAST).stat().st_size == MIB
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(16384))
        except OSError:
            pass
    wait_for(lambda: recorder.state.recording is Recording.PAUSED, feed)
    assert "disk" in recorder.state.text
    assert [one.severity for one in told] == ["warning"]
    for _ in range(20):
        feed()
        time.sleep(0.02)
    assert recorder.state.lost > 0
    paid_while_full = step
    filler.unlink()
    wait_for(lambda: recorder.state.recording is Recording.ON, feed)
    assert "Recording again" in told[-1].text
    feed()
    assert recorder.stop(10)
    store = SqliteStore(folder, now_ms=START_MS)
    assert not store.problems
    assert store.latest()[0].observed_ms == START_MS + 1000 * step
    paid = {one.time_ms for one in store.settlements("alpha", "BTCUSDT")}
    assert {START_MS + 3_600_000 * one for one in range(1, paid_while_full + 1)} <= paid
    store.close()
