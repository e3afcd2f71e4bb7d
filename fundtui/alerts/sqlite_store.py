"""Alerts in SQLite: one file, one writer, every change one fully durable transaction (reliability §0.6, §3.2)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from fundtui.alerts.alert import Alert, Transition
from fundtui.alerts.records import Acknowledgement, Change, Delivery, DeliveryState, Silence, Stored, Told
from fundtui.alerts.store import StoreError

VERSION = 1
BUSY_MS = 5000

_SCHEMA = """
CREATE TABLE alert (fingerprint TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE transition (id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX transition_time ON transition (time_ms);
CREATE TABLE delivery (key TEXT PRIMARY KEY, state TEXT NOT NULL, created_ms INTEGER NOT NULL, seen INTEGER NOT NULL,
    body BLOB NOT NULL) STRICT;
CREATE INDEX delivery_state ON delivery (state);
CREATE TABLE told (sink TEXT NOT NULL, grouped TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (sink, grouped)) STRICT;
CREATE TABLE silence (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE acknowledgement (fingerprint TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE mark (name TEXT PRIMARY KEY, time_ms INTEGER NOT NULL) STRICT;
"""

_encode = msgspec.msgpack.encode
Record = TypeVar("Record", bound=msgspec.Struct)


class SqliteStore:
    """See `AlertStore`. `problem` says what was wrong with a damaged file that was set aside."""

    def __init__(self, path: Path, *, now_ms: int) -> None:
        """Open or make the file. A damaged one is renamed and a new one begun. Raises StoreError."""
        self.path = path
        self.problem = ""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made before SQLite does, so that it and its journals are private under any umask.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise StoreError(f"{path}: {error}") from error
            self._set_aside(now_ms, str(error))
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
            elif version > VERSION:
                raise StoreError(f"{self.path} is of a newer fundtui (version {version})")
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_aside(self, now_ms: int, reason: str) -> None:
        aside = self.path.with_name(f"{self.path.name}.corrupt-{now_ms}")
        self.path.rename(aside)
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        self.problem = f"{self.path.name} was damaged ({reason}); it is kept as {aside.name}, alerts begin anew"
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        try:
            self._connection = self._open()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error

    def load(self) -> Stored:
        queued = f"SELECT body FROM delivery WHERE state != '{DeliveryState.SENT.value}'"
        try:
            marks = dict(self._connection.execute("SELECT name, time_ms FROM mark").fetchall())
            return Stored(
                alerts={one.fingerprint: one for one in self._read("SELECT body FROM alert", Alert)},
                deliveries={one.key: one for one in self._read(queued, Delivery)},
                told={(one.sink, one.group): one for one in self._read("SELECT body FROM told", Told)},
                silences={one.id: one for one in self._read("SELECT body FROM silence", Silence)},
                acknowledged={
                    one.fingerprint: one for one in self._read("SELECT body FROM acknowledgement", Acknowledgement)
                },
                marks=marks,
            )
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise StoreError(f"{self.path}: {error}") from error

    def _read(self, query: str, kind: type[Record], values: tuple[int, ...] = ()) -> list[Record]:
        decoder = msgspec.msgpack.Decoder(kind)
        return [decoder.decode(body) for (body,) in self._connection.execute(query, values)]

    def commit(self, change: Change) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._write(change)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise StoreError(f"{self.path}: {error}") from error

    def _write(self, change: Change) -> None:
        self._many("REPLACE INTO alert VALUES (?, ?)", ((one.fingerprint, _encode(one)) for one in change.alerts))
        self._many("DELETE FROM alert WHERE fingerprint = ?", ((key,) for key in change.ended))
        self._many(
            "INSERT INTO transition (time_ms, body) VALUES (?, ?)",
            ((one.time_ms, _encode(one)) for one in change.transitions),
        )
        self._many(
            "REPLACE INTO delivery VALUES (?, ?, ?, ?, ?)",
            ((one.key, one.state.value, one.created_ms, int(one.seen), _encode(one)) for one in change.deliveries),
        )
        self._many("REPLACE INTO told VALUES (?, ?, ?)", ((one.sink, one.group, _encode(one)) for one in change.told))
        self._many("DELETE FROM told WHERE sink = ? AND grouped = ?", change.forgotten)
        self._many("REPLACE INTO silence VALUES (?, ?)", ((one.id, _encode(one)) for one in change.silences))
        self._many("DELETE FROM silence WHERE id = ?", ((name,) for name in change.lifted))
        self._many(
            "REPLACE INTO acknowledgement VALUES (?, ?)",
            ((one.fingerprint, _encode(one)) for one in change.acknowledged),
        )
        self._many("DELETE FROM acknowledgement WHERE fingerprint = ?", ((key,) for key in change.unacknowledged))
        self._many("REPLACE INTO mark VALUES (?, ?)", change.marks.items())

    def _many(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        self._connection.executemany(statement, rows)

    def transitions(self, since_ms: int, limit: int = 1000) -> list[Transition]:
        query = "SELECT body FROM transition WHERE time_ms >= ? ORDER BY id DESC LIMIT ?"
        try:
            return self._read(query, Transition, (since_ms, limit))[::-1]
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise StoreError(f"{self.path}: {error}") from error

    def prune(self, before_ms: int) -> None:
        sent = DeliveryState.SENT.value
        try:
            self._connection.execute("DELETE FROM transition WHERE time_ms < ?", (before_ms,))
            self._connection.execute(
                "DELETE FROM delivery WHERE created_ms < ? AND (state = ? OR seen = 1)", (before_ms, sent)
            )
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error

    def close(self) -> None:
        self._connection.close()
