"""Alerts in SQLite: in the record's state.db, every change one fully durable transaction (reliability §0.6, §3.2)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from fundtui.alerts.alert import Alert, Transition
from fundtui.alerts.records import Acknowledgement, Change, Delivery, DeliveryState, Silence, Stored, Told
from fundtui.alerts.store import StoreError
from fundtui.history import codec
from fundtui.history.database import Database, Schema, StoreProblem, Turns, private_folder
from fundtui.history.salvage import Rescue, Row, rescue

SCHEMA = Schema(
    "alerts",
    (
        """
        CREATE TABLE alert (fingerprint TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
        CREATE TABLE transition (id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, body BLOB NOT NULL)
            STRICT;
        CREATE INDEX transition_time ON transition (time_ms);
        CREATE TABLE delivery (key TEXT PRIMARY KEY, state TEXT NOT NULL, created_ms INTEGER NOT NULL,
            seen INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE INDEX delivery_state ON delivery (state);
        CREATE TABLE told (sink TEXT NOT NULL, grouped TEXT NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (sink, grouped)) STRICT;
        CREATE TABLE silence (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
        CREATE TABLE acknowledgement (fingerprint TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
        CREATE TABLE mark (name TEXT PRIMARY KEY, time_ms INTEGER NOT NULL) STRICT
        """,
    ),
)

Record = TypeVar("Record", bound=msgspec.Struct)


def _encode(record: msgspec.Struct) -> bytes:
    """A record with a checksum: SQLite does not notice damage inside a blob."""
    return codec.seal([msgspec.msgpack.encode(record)])


def _bare(body: bytes) -> bytes | memoryview:
    """What is in a record's body; those of earlier versions have no checksum. Raises Damaged."""
    return codec.unseal(body)[0] if body[:1] == bytes((codec.FORMAT,)) else body


def _rescue(columns: int, kind: type[msgspec.Struct], texts: tuple[int, ...] = (0,)) -> Rescue:
    """Rows whose last column is a whole record of a kind."""
    decoder = msgspec.msgpack.Decoder(kind)

    def whole(row: Row) -> bool:
        try:
            decoder.decode(_bare(row[-1]))
        except (msgspec.MsgspecError, codec.Damaged, TypeError):
            return False
        return True

    return Rescue(columns, texts, whole)


RESCUED = {
    "alert": _rescue(2, Alert),
    "transition": _rescue(3, Transition, ()),
    "delivery": _rescue(5, Delivery, (0, 1)),
    "told": _rescue(3, Told, (0, 1)),
    "silence": _rescue(2, Silence),
    "acknowledgement": _rescue(2, Acknowledgement),
    "mark": Rescue(2, (0,), lambda row: isinstance(row[1], int)),
}


class SqliteStore:
    """See `AlertStore`. `problem` says what was wrong with a damaged file that was set aside."""

    blocks = True

    def __init__(self, path: Path, *, now_ms: int, writable: bool = True, lock: Turns | None = None) -> None:
        """Open or make the file; to read only, it must exist. lock: shared with whoever else writes it. Raises
        StoreError."""
        self.path = path
        try:
            if writable:
                private_folder(path.parent)
            self._database = Database(
                path, (SCHEMA,), now_ms=now_ms, durable=True, check=writable, writable=writable, lock=lock
            )
            saved = rescue(self._database, SCHEMA.room, RESCUED) if writable else []
        except StoreProblem as error:
            raise StoreError(str(error)) from error
        self.problem = "; ".join(saved) or self._database.problem

    def load(self) -> Stored:
        queued = f"SELECT body FROM delivery WHERE state != '{DeliveryState.SENT.value}'"
        try:
            return Stored(
                alerts={one.fingerprint: one for one in self._read("SELECT body FROM alert", Alert)},
                deliveries={one.key: one for one in self._read(queued, Delivery)},
                told={(one.sink, one.group): one for one in self._read("SELECT body FROM told", Told)},
                silences={one.id: one for one in self._read("SELECT body FROM silence", Silence)},
                acknowledged={
                    one.fingerprint: one for one in self._read("SELECT body FROM acknowledgement", Acknowledgement)
                },
                marks=dict(self._database.rows("SELECT name, time_ms FROM mark")),
            )
        except StoreProblem as error:
            raise StoreError(f"{self.path}: {error}") from error

    def _read(self, query: str, kind: type[Record], values: tuple[int, ...] = ()) -> list[Record]:
        decode = msgspec.msgpack.Decoder(kind).decode
        return [one for (body,) in self._database.rows(query, values) for one in self._whole(decode, body)]

    def _whole(self, decode: Callable[[bytes | memoryview], Record], body: bytes) -> Iterator[Record]:
        """The record of a body; a damaged one is told and left out, for the others count all the same."""
        try:
            yield decode(_bare(body))
        except (codec.Damaged, msgspec.MsgspecError):
            self.problem = f"{self.path.name}: a damaged record of alerts was left out"

    def commit(self, change: Change) -> None:
        try:
            with self._database.transaction() as connection:
                _write(connection, change)
        except StoreProblem as error:
            raise StoreError(str(error)) from error

    def transitions(self, since_ms: int, limit: int = 1000) -> list[Transition]:
        query = "SELECT body FROM transition WHERE time_ms >= ? ORDER BY id DESC LIMIT ?"
        try:
            return self._read(query, Transition, (since_ms, limit))[::-1]
        except StoreProblem as error:
            raise StoreError(f"{self.path}: {error}") from error

    def after(self, position: int, limit: int = 1000) -> list[tuple[int, Transition]]:
        query = "SELECT id, body FROM transition WHERE id > ? ORDER BY id LIMIT ?"
        decode = msgspec.msgpack.Decoder(Transition).decode
        try:
            rows = self._database.rows(query, (position, limit))
            return [(number, one) for number, body in rows for one in self._whole(decode, body)]
        except StoreProblem as error:
            raise StoreError(f"{self.path}: {error}") from error

    def position(self, since_ms: int | None = None) -> int:
        never = 1 << 60
        query = "SELECT (SELECT min(id) - 1 FROM transition WHERE time_ms >= ?), (SELECT max(id) FROM transition)"
        try:
            ((before, last),) = self._database.rows(query, (never if since_ms is None else since_ms,))
        except StoreProblem as error:
            raise StoreError(f"{self.path}: {error}") from error
        found: int | None = last if before is None else before
        return found or 0

    def version(self) -> int:
        """A number that differs once another process has changed the file. Raises StoreError."""
        try:
            return self._database.data_version()
        except StoreProblem as error:
            raise StoreError(str(error)) from error

    def prune(self, before_ms: int) -> None:
        sent = DeliveryState.SENT.value
        try:
            with self._database.transaction() as connection:
                connection.execute("DELETE FROM transition WHERE time_ms < ?", (before_ms,))
                connection.execute(
                    "DELETE FROM delivery WHERE created_ms < ? AND (state = ? OR seen = 1)", (before_ms, sent)
                )
        except StoreProblem as error:
            raise StoreError(f"{self.path}: {error}") from error

    def close(self) -> None:
        self._database.close()


def _write(connection: sqlite3.Connection, change: Change) -> None:
    def many(statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        connection.executemany(statement, rows)

    many("REPLACE INTO alert VALUES (?, ?)", ((one.fingerprint, _encode(one)) for one in change.alerts))
    many("DELETE FROM alert WHERE fingerprint = ?", ((key,) for key in change.ended))
    many(
        "INSERT INTO transition (time_ms, body) VALUES (?, ?)",
        ((one.time_ms, _encode(one)) for one in change.transitions),
    )
    many(
        "REPLACE INTO delivery VALUES (?, ?, ?, ?, ?)",
        ((one.key, one.state.value, one.created_ms, int(one.seen), _encode(one)) for one in change.deliveries),
    )
    many("REPLACE INTO told VALUES (?, ?, ?)", ((one.sink, one.group, _encode(one)) for one in change.told))
    many("DELETE FROM told WHERE sink = ? AND grouped = ?", change.forgotten)
    many("REPLACE INTO silence VALUES (?, ?)", ((one.id, _encode(one)) for one in change.silences))
    many("DELETE FROM silence WHERE id = ?", ((name,) for name in change.lifted))
    many("REPLACE INTO acknowledgement VALUES (?, ?)", ((one.fingerprint, _encode(one)) for one in change.acknowledged))
    many("DELETE FROM acknowledgement WHERE fingerprint = ?", ((key,) for key in change.unacknowledged))
    many("REPLACE INTO mark VALUES (?, ?)", change.marks.items())
