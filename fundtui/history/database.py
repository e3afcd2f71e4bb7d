"""One SQLite file of the record: opened, checked, migrated; set aside when it is damaged; never written when newer.

Every file has one writing connection in one process. Others open it read-only.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from fundtui.history.problems import StoreProblem as StoreProblem  # noqa: PLC0414 - whoever opens files has it from here

Turns = threading.RLock
"""Whoever holds it may write."""
BUSY_S = 5.0
MIB = 1 << 20
GARBLED = "its schema is garbled"
"""SQLite quotes what it cannot read in its message, and Python then cannot read the message."""
WAL_LIMIT = 64 * MIB
SMALL_PAGES = 1024
"""Page of a file that many small commits are written to: each one writes the pages that it touches twice, and with
these that is 45 bytes per sample of a whole quote where 4096 take 73 (`python -m tests.bench record`)."""
SMALL_CACHE_KIB = 512
"""Of pages of a file that is written to in order, a quarter of what SQLite takes: with more or less of it as much is
written and read (`python -m tests.bench record`)."""
SIDE_FILES = ("-wal", "-shm", "-journal")
FORMAT = 1
"""Of all files; grows whenever any room's tables do, for a room does not know the versions of the others."""
_ASIDE = "CREATE TABLE IF NOT EXISTS aside (name TEXT, room TEXT, PRIMARY KEY (name, room)) STRICT"
"""Damaged files that were set aside, and the rooms that have taken over what is whole in them."""
_VERSIONS = "CREATE TABLE IF NOT EXISTS schema (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT"


Connect = Callable[[str], sqlite3.Connection]


class Refused(StoreProblem):
    """The record is not one that this program may write to; trying again does not help."""


class NewerRecord(Refused):
    """The record is of a newer fundtui: it is not written to."""


class DiskFull(StoreProblem):
    """There is no room on the disk. What was committed before is safe."""


class Schema(msgspec.Struct, frozen=True):
    """A room's tables. Step n, a script without comments, brings version n to n + 1; version 0 has nothing."""

    room: str
    steps: tuple[str, ...]

    @property
    def version(self) -> int:
        """The version that this program writes."""
        return len(self.steps)


def private_folder(path: Path) -> None:
    """Make a folder that only its owner can look into. Raises StoreProblem."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise StoreProblem(f"{path}: {error.strerror}") from error


def private_file(path: Path) -> None:
    """Make a file that only its owner can read, unless it is there; SQLite's side files take its mode over."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise (DiskFull if is_full(error) else StoreProblem)(f"{path}: {error.strerror}") from error


def is_full(error: BaseException) -> bool:
    """Whether there was no room on the disk."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", "").startswith("SQLITE_FULL") or "disk I/O" in str(error)
    return isinstance(error, OSError) and error.errno in {28, 122}


def _text(content: bytes) -> str:
    """Text of a file that may be damaged."""
    return content.decode("utf-8", "replace")


def _connect(uri: str) -> sqlite3.Connection:
    """Python's own SQLite; transactions are ours to begin and end."""
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
    connection.text_factory = _text
    return connection


class Database:
    """An open file. `connection` is used under `lock` by whatever thread; `problem` says what was found at opening."""

    def __init__(
        self,
        path: Path,
        schemas: Sequence[Schema],
        *,
        now_ms: int,
        durable: bool = True,
        check: bool = True,
        writable: bool = True,
        connect: Connect = _connect,
        lock: Turns | None = None,
        small_pages: bool = False,
        small_cache: bool = False,
    ) -> None:
        """durable: every commit survives a power cut (FULL), else only a crash (NORMAL). A damaged file is set aside
        and a new one begun. small_pages: for a file that is written to all the time, little by little. small_cache:
        for one that is written in order. connect: opens a file by its URI. lock: shared by all that write this file.
        Raises NewerRecord, DiskFull, StoreProblem."""
        self.path = path
        self.problem = ""
        self.aside: Path | None = None
        self.writable = writable
        self.lock = lock or threading.RLock()
        self._schemas = schemas
        self._connect = connect
        self._durable = durable
        self._small_pages = small_pages
        self._small_cache = small_cache
        if writable:
            private_file(path)
        try:
            self.connection = self._open(check=check)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or not writable:
                raise self._problem(error) from error
            self._set_aside(now_ms, str(error))

    def _open(self, *, check: bool) -> sqlite3.Connection:
        mode = "rw" if self.writable else "ro&immutable=1" if self._is_fixed() else "ro"
        connection = self._connect(f"{self.path.absolute().as_uri()}?mode={mode}")
        try:
            self._prepare(connection, check=check)
        except UnicodeDecodeError as error:
            connection.close()
            raise sqlite3.DatabaseError(GARBLED) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_fixed(self) -> bool:
        """Whether nobody can be writing: on a medium that cannot be written to, with nothing left in the log. SQLite
        then must be told so, for it cannot make its side files there."""
        return not os.access(self.path.parent, os.W_OK) and not self.log_size

    def _prepare(self, connection: sqlite3.Connection, *, check: bool) -> None:
        if self._small_cache:
            connection.execute(f"PRAGMA cache_size = -{SMALL_CACHE_KIB}")
        if self.writable:
            if self._small_pages:
                # Says something to a file without tables only: the others keep what they have.
                connection.execute(f"PRAGMA page_size = {SMALL_PAGES}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
            if not self._durable:
                # Done in quiet moments instead: a checkpoint syncs, and a commit would wait for that.
                (page_size,) = connection.execute("PRAGMA page_size").fetchone()
                connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_LIMIT // page_size}")
        if check:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
        if self.writable:
            self._migrate(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (known,) = connection.execute("PRAGMA user_version").fetchone()
        if known > FORMAT:
            raise NewerRecord(self._too_new("format", known, FORMAT))
        connection.execute(_VERSIONS)
        found = dict(connection.execute("SELECT room, version FROM schema").fetchall())
        for schema in self._schemas:
            version = found.get(schema.room, 0)
            if version > schema.version:
                raise NewerRecord(self._too_new(schema.room, version, schema.version))
            if version < schema.version:
                self._upgrade(connection, schema, version)
        if known < FORMAT:
            connection.execute(f"PRAGMA user_version = {FORMAT}")

    @property
    def newer(self) -> str:
        """Why this file is not one to write to, empty where it is: it is of a newer fundtui. Raises StoreProblem."""
        ((known,),) = self.rows("PRAGMA user_version")
        if known > FORMAT:
            return self._too_new("format", known, FORMAT)
        found = dict(self.rows("SELECT room, version FROM schema"))
        late = [one for one in self._schemas if found.get(one.room, 0) > one.version]
        return self._too_new(late[0].room, found[late[0].room], late[0].version) if late else ""

    def _too_new(self, what: str, version: int, known: int) -> str:
        return f"{self.path.name} is of a newer fundtui ({what} {version}, this one knows {known})"

    def _upgrade(self, connection: sqlite3.Connection, schema: Schema, version: int) -> None:
        if version:
            backup = self.path.with_name(f"{self.path.name}.backup-{schema.room}-{version}")
            private_file(backup)
            with contextlib.closing(sqlite3.connect(backup)) as copy:
                connection.backup(copy)
        connection.execute("BEGIN IMMEDIATE")
        try:
            for step in schema.steps[version:]:
                for statement in filter(None, (part.strip() for part in step.split(";"))):
                    connection.execute(statement)
            connection.execute("REPLACE INTO schema VALUES (?, ?)", (schema.room, schema.version))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _set_aside(self, now_ms: int, reason: str) -> None:
        stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        self.aside = self.path.with_name(f"{self.path.name}.corrupt-{stamp}")
        self.path.replace(self.aside)
        for ending in SIDE_FILES:
            side = self.path.with_name(self.path.name + ending)
            if side.exists():
                side.replace(self.aside.with_name(self.aside.name + ending))
        self.problem = f"{self.path.name} was damaged ({reason}); it is kept as {self.aside.name}"
        private_file(self.path)
        try:
            self.connection = self._open(check=False)
            self.connection.execute(_ASIDE)
            self.connection.execute("INSERT INTO aside VALUES (?, '')", (self.aside.name,))
        except sqlite3.Error as error:
            raise self._problem(error) from error

    def unsaved(self, room: str) -> list[Path]:
        """Damaged files that were set aside and that a room has not taken anything over from yet."""
        query = (
            "SELECT name FROM aside WHERE room = '' AND name NOT IN (SELECT name FROM aside WHERE room = ?) ORDER BY 1"
        )
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'aside'"):
            return []
        return [self.path.with_name(name) for (name,) in self.rows(query, (room,))]

    def _problem(self, error: sqlite3.Error) -> StoreProblem:
        return (DiskFull if is_full(error) else StoreProblem)(f"{self.path}: {error}")

    # --- use --------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A block that is kept whole or not at all. Raises DiskFull or StoreProblem."""
        with self.lock:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                yield self.connection
                self.connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise self._problem(error) from error
            except UnicodeDecodeError as error:
                self._roll_back()
                raise StoreProblem(f"{self.path}: {GARBLED}") from error
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        # After a full disk SQLite may have rolled back by itself.
        if self.connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query. Raises StoreProblem."""
        with self.lock:
            try:
                return self.connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise self._problem(error) from error
            except UnicodeDecodeError as error:
                raise StoreProblem(f"{self.path}: {GARBLED}") from error

    def data_version(self) -> int:
        """A number that differs once another process has committed."""
        return int(self.rows("PRAGMA data_version")[0][0])

    def checkpoint(self) -> None:
        """Move the log into the file. Raises StoreProblem."""
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def log_size(self) -> int:
        """Bytes of the log."""
        log = self.path.with_name(self.path.name + "-wal")
        return log.stat().st_size if log.exists() else 0

    @property
    def size(self) -> int:
        """Bytes on disk, the log with it."""
        return sum(
            one.stat().st_size for one in (self.path, self.path.with_name(self.path.name + "-wal")) if one.exists()
        )

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self.connection.close()
