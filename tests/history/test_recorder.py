"""The writer's thread under a flood: what was given is written, however much comes at once."""

from __future__ import annotations

from pathlib import Path

from fundtui.clock import SystemClock
from fundtui.history.recorder import MOST_WAITING, Recorder
from fundtui.history.sqlite_store import SqliteStore
from tests.history.market import HOUR_MS, START_MS, settlement


def test_more_settlements_at_once_than_may_wait_for_room_are_all_written(tmp_path: Path) -> None:
    recorder = Recorder(lambda now_ms: SqliteStore(tmp_path, now_ms=START_MS), SystemClock())
    symbols = [f"C{number}USDT" for number in range(60)]
    count = MOST_WAITING // len(symbols) + 100
    for symbol in symbols:
        recorder.settle([settlement(START_MS - HOUR_MS * hour, symbol=symbol) for hour in range(count)])
    assert recorder.settling == count * len(symbols) > MOST_WAITING
    recorder.start()
    assert recorder.stop(60.0)
    assert recorder.settling == 0
    store = SqliteStore(tmp_path, now_ms=START_MS, writable=False)
    assert [len(store.settlements("alpha", symbol)) for symbol in symbols] == [count] * len(symbols)
    store.close()
