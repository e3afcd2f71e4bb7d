"""What a store promises, for the store in memory and the one in SQLite alike; then what only the file can show."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fundtui.alerts.alert import Alert, Subject, Transition
from fundtui.alerts.machine import Phase, Reading, State, Told
from fundtui.alerts.records import Acknowledgement, Change, Delivery, DeliveryState, Silence
from fundtui.alerts.records import Told as ToldRecord
from fundtui.alerts.sqlite_store import SqliteStore
from fundtui.alerts.store import AlertStore, MemoryStore, StoreError
from fundtui.imbalance.catalogue import Level
from fundtui.status import Severity

SUBJECT = Subject(Level.ASSET, "WIF", asset="WIF")


def alert(name: str, number: int = 1) -> Alert:
    return Alert(
        fingerprint=name, rule="r", version="v", subject=SUBJECT, severity=Severity.WARNING, number=number,
        state=State(Phase.FIRING, 2.5, Reading.TRUE, held=True), text="é ~ text",
    )  # fmt: skip


def transition(time_ms: int) -> Transition:
    return Transition(
        fingerprint="a", number=time_ms, rule="r", version="v", subject=SUBJECT, told=Told.FIRED,
        severity=Severity.INFO, time_ms=time_ms, text="t",
    )  # fmt: skip


def delivery(
    key: str, state: DeliveryState = DeliveryState.QUEUED, created_ms: int = 1, *, seen: bool = False
) -> Delivery:
    return Delivery(key=key, sink="s", created_ms=created_ms, due_ms=2, body=b"{}", state=state, seen=seen)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AlertStore]:
    made: AlertStore = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "state.db", now_ms=0)
    yield made
    made.close()


def test_everything_comes_back_as_it_was(store: AlertStore) -> None:
    silence = Silence(id="s", from_ms=1, until_ms=2, reason="why", asset="W*")
    told = ToldRecord(sink="s", group="g", time_ms=5, numbers={"a": 1})
    ack = Acknowledgement(fingerprint="a", time_ms=3, by="me")
    store.commit(
        Change(
            alerts=(alert("a"), alert("b")), transitions=(transition(1), transition(2)), deliveries=(delivery("k"),),
            told=(told,), silences=(silence,), acknowledged=(ack,), marks={"last": 9},
        )
    )  # fmt: skip
    kept = store.load()
    assert kept.alerts["a"].state == alert("a").state
    assert repr(kept.alerts["b"]) == repr(alert("b"))  # NaN included
    assert kept.deliveries == {"k": delivery("k")}
    assert kept.told == {("s", "g"): told}
    assert kept.silences == {"s": silence}
    assert kept.acknowledged == {"a": ack}
    assert kept.marks == {"last": 9}


def test_records_replace_and_end(store: AlertStore) -> None:
    store.commit(Change(alerts=(alert("a"), alert("b")), deliveries=(delivery("k"), delivery("l"), delivery("m"))))
    store.commit(
        Change(
            alerts=(alert("a", 7),), ended=("b",),
            deliveries=(delivery("k", DeliveryState.SENT), delivery("l", DeliveryState.DEAD)),
        )
    )  # fmt: skip
    kept = store.load()
    assert {name: one.number for name, one in kept.alerts.items()} == {"a": 7}
    # What was sent is not sent again; what is dead is shown.
    assert {name: one.state for name, one in kept.deliveries.items()} == {
        "l": DeliveryState.DEAD, "m": DeliveryState.QUEUED
    }  # fmt: skip


def test_transitions_are_read_by_time_and_pruned(store: AlertStore) -> None:
    store.commit(Change(transitions=tuple(transition(n) for n in range(10))))
    assert [one.time_ms for one in store.transitions(4)] == [4, 5, 6, 7, 8, 9]
    assert [one.time_ms for one in store.transitions(0, limit=2)] == [8, 9]
    store.commit(
        Change(
            deliveries=(
                delivery("sent", DeliveryState.SENT), delivery("new", DeliveryState.SENT, 9),
                delivery("dead", DeliveryState.DEAD), delivery("looked at", DeliveryState.DEAD, seen=True),
                delivery("queued"),
            )
        )
    )  # fmt: skip
    store.prune(5)
    assert [one.time_ms for one in store.transitions(0)] == [5, 6, 7, 8, 9]
    assert set(store.load().deliveries) == {"dead", "queued"}


def test_positions_lead_through_the_transitions_whatever_the_clock_does(store: AlertStore) -> None:
    assert store.position() == 0
    store.commit(Change(transitions=(transition(50), transition(60))))
    store.commit(Change(transitions=(transition(10),)))  # the clock was set back

    def times(position: int, limit: int = 1000) -> list[int]:
        return [one.time_ms for _, one in store.after(position, limit)]

    assert times(0) == [50, 60, 10]
    first, second, third = [number for number, _ in store.after(0)]
    assert times(first) == [60, 10]
    assert times(0, limit=1) == [50]
    assert store.position() == third
    assert store.position(since_ms=55) == first
    assert store.position(since_ms=5) == first - 1
    assert store.position(since_ms=99) == third
    store.prune(10_000)
    store.commit(Change(transitions=(transition(20_000),)))
    ((fourth, _),) = store.after(third)
    assert fourth > third > second


def test_the_file_survives_a_reopening_and_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "data" / "state.db"
        first = SqliteStore(path, now_ms=0)
        first.commit(Change(alerts=(alert("a"),)))
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        first.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    second = SqliteStore(path, now_ms=0)
    assert set(second.load().alerts) == {"a"}
    assert second.problem == ""
    (level,) = second._database.connection.execute("PRAGMA synchronous").fetchone()
    assert level == 2
    second.close()


def test_a_change_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db", now_ms=0)
    store._database.connection.execute(
        "CREATE TRIGGER no BEFORE INSERT ON told BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    told = ToldRecord(sink="s", group="g", time_ms=5, numbers={})
    with pytest.raises(StoreError, match="disk full"):
        store.commit(Change(alerts=(alert("a"),), told=(told,)))
    assert store.load().alerts == {}
    store._database.connection.execute("DROP TRIGGER no")
    store.commit(Change(alerts=(alert("a"),), told=(told,)))
    assert set(store.load().alerts) == {"a"}
    store.close()


@pytest.mark.parametrize(
    "damage", [b"not a database at all, just some text " * 40, b"SQLite format 3\x00" + b"\x00" * 5000]
)
def test_a_damaged_file_is_set_aside_and_said_so(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(damage)
    store = SqliteStore(path, now_ms=77)
    assert "state.db.corrupt-19700101T000000Z" in store.problem
    assert (tmp_path / "state.db.corrupt-19700101T000000Z").read_bytes() == damage
    store.commit(Change(alerts=(alert("a"),)))
    assert set(store.load().alerts) == {"a"}
    store.close()


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError):
        SqliteStore(tmp_path / "folder", now_ms=0)
    newer = tmp_path / "newer.db"
    SqliteStore(newer, now_ms=0).close()
    with sqlite3.connect(newer) as connection:
        connection.execute("UPDATE schema SET version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer"):
        SqliteStore(newer, now_ms=0)


_WRITER = """
import sys
from pathlib import Path
from fundtui.alerts.sqlite_store import SqliteStore
from fundtui.alerts.records import Change, Delivery
store = SqliteStore(Path(sys.argv[1]), now_ms=0)
number = store.load().marks.get("number", 0)
while True:
    number += 1
    one = Delivery(key=str(number), sink="s", created_ms=number, due_ms=0, body=b"x" * 500)
    store.commit(Change(deliveries=(one,), marks={"number": number}))
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_kills(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        assert writer.stdout is not None
        acknowledged = 0
        for _ in range(25):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split(b"\n")
        acknowledged = max([acknowledged, *(int(line) for line in rest[:-1] if line)])
        writer.wait()
        writer.stdout.close()
        store = SqliteStore(path, now_ms=0)
        kept = store.load()
        store.close()
        assert store.problem == ""
        assert kept.marks["number"] >= acknowledged
        assert len(kept.deliveries) == kept.marks["number"]
