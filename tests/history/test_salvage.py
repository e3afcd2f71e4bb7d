"""A damaged state.db: whoever opens it first, both rooms that keep something there take over all that is whole."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from fundtui.alerts.records import Acknowledgement, Change, Delivery, Silence
from fundtui.alerts.sqlite_store import SqliteStore as AlertStore
from fundtui.history.folder import STATE
from fundtui.history.sqlite_store import SqliteStore
from fundtui.status import Event, EventKind
from fundtui.text import clean
from tests.alerts.test_store import alert, transition
from tests.history.market import HOUR_MS, START_MS, batch, settlement

COUNT = 300
PAGE = 4096


def fill(folder: Path) -> None:
    """A record with settlements, a journal and values, and alerts of every kind."""
    store = SqliteStore(folder, now_ms=START_MS)
    store.append([batch(START_MS)])
    store.settle(settlement(START_MS + 8 * HOUR_MS * step, step * 1e-5) for step in range(COUNT))
    store.note([Event(time_ms=START_MS + n, kind=EventKind.LISTED, text=clean(f"entry {n}")) for n in range(COUNT)])
    store.keep({f"value {n}": str(n).encode() for n in range(COUNT)})
    store.close()
    alerts = AlertStore(folder / STATE, now_ms=START_MS)
    alerts.commit(
        Change(
            alerts=tuple(alert(f"rule{n}") for n in range(COUNT)),
            transitions=tuple(transition(START_MS + n) for n in range(COUNT)),
            deliveries=tuple(
                Delivery(key=f"key{n}", sink="s", created_ms=n, due_ms=0, body=b"x" * 40) for n in range(COUNT)
            ),
            silences=(Silence(id="quiet", from_ms=1, until_ms=START_MS * 2, reason="works", venue="alpha"),),
            acknowledged=(Acknowledgement(fingerprint="rule7", time_ms=5, by="me"),),
            marks={"last here": 77},
        )
    )
    alerts.close()


def pages_of(path: Path, table: str) -> list[int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (table,)).fetchall()
    return [number for (number,) in rows]


def wipe(path: Path, page: int) -> None:
    content = bytearray(path.read_bytes())
    content[(page - 1) * PAGE : page * PAGE] = bytes([0xAB]) * PAGE
    path.write_bytes(content)


def open_both(folder: Path, *, alerts_first: bool) -> tuple[SqliteStore, AlertStore]:
    def history() -> SqliteStore:
        return SqliteStore(folder, now_ms=START_MS)

    def alerts() -> AlertStore:
        return AlertStore(folder / STATE, now_ms=START_MS)

    if alerts_first:
        second = alerts()
        return history(), second
    return history(), alerts()


@pytest.mark.parametrize("alerts_first", [True, False])
@pytest.mark.parametrize("hit", ["contract", "event", "alert", "delivery"])
def test_everything_on_other_pages_comes_back(tmp_path: Path, hit: str, alerts_first: bool) -> None:
    fill(tmp_path)
    path = tmp_path / STATE
    pages = pages_of(path, hit)
    lost = 0
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ((lost,),) = connection.execute("SELECT ncell FROM dbstat WHERE pageno = ?", (pages[len(pages) // 2],))
    wipe(path, pages[len(pages) // 2])

    store, alerts = open_both(tmp_path, alerts_first=alerts_first)
    kept = alerts.load()
    assert list(tmp_path.glob("state.db.corrupt-*"))
    told = " ".join([*store.problems, alerts.problem])
    assert "history rows were saved" in told
    assert "alerts rows were saved" in told

    def count(table: str, found: int) -> None:
        assert found == COUNT - (lost if hit == table else 0), table

    events = store.events()
    count("event", len(events))
    assert all(one.text == f"entry {one.time_ms - START_MS}" for one in events)
    count("alert", len(kept.alerts))
    assert {name: repr(one) for name, one in kept.alerts.items()} == {name: repr(alert(name)) for name in kept.alerts}
    count("delivery", len(kept.deliveries))
    assert all(one.body == b"x" * 40 for one in kept.deliveries.values())
    assert kept.silences["quiet"].until_ms == START_MS * 2
    assert kept.acknowledged["rule7"].by == "me"
    assert kept.marks == {"last here": 77}
    assert len(alerts.transitions(0, 10 * COUNT)) == COUNT
    assert [store.kept(f"value {n}") for n in range(COUNT)] == [str(n).encode() for n in range(COUNT)]
    assert [one.rate for one in store.settlements("alpha", "BTCUSDT")] == [n * 1e-5 for n in range(COUNT)]
    store.close()
    alerts.close()

    # What was set aside is taken over once: what has ended since does not come back.
    alerts = AlertStore(path, now_ms=START_MS)
    alerts.commit(Change(lifted=("quiet",)))
    alerts.close()
    store, alerts = open_both(tmp_path, alerts_first=alerts_first)
    assert alerts.load().silences == {}
    assert store.problems == []
    assert alerts.problem == ""
    store.close()
    alerts.close()


def test_a_damaged_record_of_alerts_is_left_out_and_told(tmp_path: Path) -> None:
    """SQLite is content: only the checksum knows. The other records count all the same."""
    fill(tmp_path)
    path = tmp_path / STATE
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ((body,),) = connection.execute("SELECT body FROM alert WHERE fingerprint = 'rule9'").fetchall()
        spoilt = bytes((*body[:-9], body[-9] ^ 4, *body[-8:]))
        connection.execute("UPDATE alert SET body = ? WHERE fingerprint = 'rule9'", (spoilt,))
        connection.commit()
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    alerts = AlertStore(path, now_ms=START_MS)
    found = alerts.load().alerts
    assert set(found) == {f"rule{n}" for n in range(COUNT)} - {"rule9"}
    assert "a damaged record of alerts was left out" in alerts.problem
    alerts.close()


def test_records_without_a_checksum_are_of_an_earlier_version_and_read_as_before(tmp_path: Path) -> None:
    import msgspec

    fill(tmp_path)
    path = tmp_path / STATE
    with contextlib.closing(sqlite3.connect(path)) as connection:
        bare = msgspec.msgpack.encode(alert("rule9"))
        connection.execute("UPDATE alert SET body = ? WHERE fingerprint = 'rule9'", (bare,))
        connection.commit()
    alerts = AlertStore(path, now_ms=START_MS)
    assert repr(alerts.load().alerts["rule9"]) == repr(alert("rule9"))
    assert alerts.problem == ""
    alerts.close()
