"""hist-YYYY-MM.db and bars-YYYY-MM.db: one chunk per instrument and day. Forgetting is deleting a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fundtui.history import codec
from fundtui.history.codec import Floats, Ints
from fundtui.history.database import SIDE_FILES, Database, Schema, StoreProblem
from fundtui.history.salvage import Rescue, Row, rescue
from fundtui.history.store import Bar
from fundtui.units import HOUR_MS

SAMPLES = Schema(
    "samples",
    (
        """
        CREATE TABLE clock (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
        CREATE TABLE chunk (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT
        """,
    ),
)
BARS = Schema("bars", ("CREATE TABLE chunk (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",))
DAY_BITS = 16
DAY_MS = 24 * HOUR_MS
OPEN_FILES = 4
PARTS = {"samples": {"clock": 2, "chunk": 4}, "bars": {"chunk": 7}, "quotes": {"chunk": 7}}
"""Room -> table -> parts of its blobs, which tells those of one table from another's."""
BAR_FIELDS = ("last", "low", "high", "period_h")

Chunks = Iterable[tuple[int, bytes]]


class DayChunk(NamedTuple):
    """One instrument's day: at which of its venue's polls it was seen, its contract's number and its rate there."""

    seen: np.ndarray[tuple[int], np.dtype[np.bool_]]
    contract: Ints
    rate: Floats


def encode_day(chunk: DayChunk) -> bytes:
    """A chunk for the disk."""
    seen = b"" if bool(chunk.seen.all()) else np.packbits(chunk.seen).tobytes()
    head = np.array([len(chunk.seen), len(chunk.rate)], "<i4").tobytes()
    return codec.seal([head, seen, codec.encode_whole(chunk.contract), codec.encode(chunk.rate)])


def decode_day(body: bytes) -> DayChunk:
    """The chunk of `encode_day`. Raises Damaged."""
    parts = codec.unseal(body)
    if len(parts) != 4 or len(parts[0]) != 8:
        raise codec.Damaged("not a day")
    polls, count = np.frombuffer(parts[0], "<i4").tolist()
    seen = np.ones(polls, np.bool_)
    if len(parts[1]):
        seen = np.unpackbits(np.frombuffer(parts[1], np.uint8), count=polls).astype(np.bool_)
    return DayChunk(seen, codec.decode_whole(parts[2], count), codec.decode(parts[3], count))


def encode_clock(times: Ints) -> bytes:
    """When a venue was polled on a day."""
    return codec.seal([np.array([len(times)], "<i4").tobytes(), codec.encode_whole(times)])


def decode_clock(body: bytes) -> Ints:
    """The times of `encode_clock`. Raises Damaged."""
    parts = codec.unseal(body)
    if len(parts) != 2 or len(parts[0]) != 4:
        raise codec.Damaged("not a clock")
    return codec.decode_whole(parts[1], int(np.frombuffer(parts[0], "<i4")[0]))


def encode_bars(bars: Sequence[Bar]) -> bytes:
    """One instrument's hours of a day."""
    head = np.array([len(bars)], "<i4").tobytes()
    times = codec.encode_whole(np.array([bar.time_ms // HOUR_MS for bar in bars], np.int64))
    counts = codec.encode_whole(np.array([bar.count for bar in bars], np.int64))
    columns = (np.array([getattr(bar, name) for bar in bars], np.float64) for name in BAR_FIELDS)
    return codec.seal([head, times, counts, *map(codec.encode, columns)])


def decode_bars(body: bytes) -> list[Bar]:
    """The hours of `encode_bars`. Raises Damaged."""
    parts = codec.unseal(body)
    if len(parts) != 3 + len(BAR_FIELDS) or len(parts[0]) != 4:
        raise codec.Damaged("not bars")
    count = int(np.frombuffer(parts[0], "<i4")[0])
    times, counts = (codec.decode_whole(part, count).tolist() for part in parts[1:3])
    columns = (codec.decode(part, count).tolist() for part in parts[3:])
    return [
        Bar(hour * HOUR_MS, last, low, high, number, period_h)
        for hour, number, last, low, high, period_h in zip(times, counts, *columns, strict=True)
    ]


def day_of(time_ms: int) -> int:
    """Days since 1970."""
    return int(time_ms // DAY_MS)


def month_of(day: int) -> str:
    """`YYYY-MM` of a day."""
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m")


class Months:
    """The files of one kind, `hist` or `bars`, opened when they are asked for."""

    def __init__(self, folder: Path, kind: str, schema: Schema, *, now_ms: int, writable: bool) -> None:
        self.folder = folder
        self.kind = kind
        self.problems: list[str] = []
        self._schema = schema
        self._now_ms = now_ms
        self._writable = writable
        self._open: dict[str, Database] = {}

    def path(self, month: str) -> Path:
        """The file of a month."""
        return self.folder / f"{self.kind}-{month}.db"

    def months(self) -> list[str]:
        """Months that there is a file of, in order."""
        return sorted(one.stem.removeprefix(f"{self.kind}-") for one in self.folder.glob(f"{self.kind}-????-??.db"))

    def rows(self, table: str, owner: int, first_day: int, last_day: int) -> dict[int, bytes]:
        """Day -> blob of one owner. What cannot be read is left out and told in `problems`."""
        found: dict[int, bytes] = {}
        for month in sorted({month_of(day) for day in _month_starts(first_day, last_day)}):
            database = self._database(month, make=False)
            if database is None:
                continue
            query = f"SELECT id, body FROM {table} WHERE id BETWEEN ? AND ? ORDER BY id"
            low, high = owner << DAY_BITS | first_day, owner << DAY_BITS | last_day
            try:
                rows = database.rows(query, (low, high))
            except StoreProblem as error:
                self._suspect(month, str(error))
                continue
            found.update((number & ((1 << DAY_BITS) - 1), body) for number, body in rows)
        return found

    def last(self, table: str, owner: int) -> list[tuple[int, bytes]]:
        """An owner's days and blobs of the newest month that has any, newest first, a few of them."""
        for month in reversed(self.months()):
            database = self._database(month, make=False)
            if database is None:
                continue
            query = f"SELECT id, body FROM {table} WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 3"
            try:
                rows = database.rows(query, (owner << DAY_BITS, (owner + 1) << DAY_BITS))
            except StoreProblem as error:
                self._suspect(month, str(error))
                continue
            if rows:
                return [(number & ((1 << DAY_BITS) - 1), body) for number, body in rows]
        return []

    def slices(self, month: str, table: str, count: int) -> Iterator[list[tuple[int, bytes]]]:
        """A month's blobs by id, `count` at a time; no transaction is held between two of them. Raises StoreProblem."""
        after = -1
        while (database := self._database(month, make=False)) is not None:
            query = f"SELECT id, body FROM {table} WHERE id > ? ORDER BY id LIMIT ?"
            rows = database.rows(query, (after, count))
            if not rows:
                return
            yield rows
            after = rows[-1][0]

    def drop(self, month: str, table: str, numbers: Iterable[int]) -> None:
        """Forget single blobs. Raises StoreProblem."""
        database = self._database(month, make=False)
        if database is not None:
            with database.transaction() as connection:
                connection.executemany(f"DELETE FROM {table} WHERE id = ?", ((one,) for one in numbers))

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables of each file."""
        return tuple(PARTS[self._schema.room])

    def rest(self) -> None:
        """Move logs into files and let go of these: an open one holds pages of it, and half a day passes
        until it is written to again. Raises StoreProblem."""
        for month, database in list(self._open.items()):
            database.checkpoint()
            self._close(month)

    def write(self, day: int, tables: dict[str, Chunks]) -> None:
        """Keep blobs by table and id, all or none."""
        database = self._database(month_of(day), make=True)
        assert database is not None
        with database.transaction() as connection:
            for table, rows in tables.items():
                connection.executemany(f"REPLACE INTO {table} VALUES (?, ?)", rows)

    def forget(self, before_day: int) -> list[str]:
        """Delete the files of months that ended before a day; returns their names."""
        gone = []
        for month in self.months():
            year, number = map(int, month.split("-"))
            end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
            if end.timestamp() / 86_400 <= before_day:
                self._close(month)
                for ending in ("", *SIDE_FILES):
                    self.path(month).with_name(self.path(month).name + ending).unlink(missing_ok=True)
                gone.append(self.path(month).name)
        return gone

    def size(self) -> int:
        """Bytes on disk."""
        return sum(one.stat().st_size for one in self.folder.glob(f"{self.kind}-*.db*"))

    def close(self) -> None:
        """Let go of all files."""
        for month in list(self._open):
            self._close(month)

    def _close(self, month: str) -> None:
        database = self._open.pop(month, None)
        if database is not None:
            database.close()

    def _database(self, month: str, *, make: bool) -> Database | None:
        known = self._open.get(month)
        if known is not None:
            return known
        path = self.path(month)
        if not make and not path.exists():
            return None
        while len(self._open) >= OPEN_FILES:
            self._close(next(iter(self._open)))
        try:
            database = Database(
                path,
                (self._schema,),
                now_ms=self._now_ms,
                durable=False,
                check=False,
                writable=self._writable,
                small_cache=True,
            )
        except StoreProblem as error:
            if make:
                raise
            self._suspect(month, str(error))
            return None
        self._took_over(database)
        self._open[month] = database
        return database

    def _took_over(self, database: Database) -> None:
        if self._writable:
            room = self._schema.room
            how = {table: Rescue(2, whole=partial(_is_of, count), carved=True) for table, count in PARTS[room].items()}
            self.problems += rescue(database, room, how)

    def check(self, month: str) -> None:
        """Look a file through; a damaged one is set aside and what is whole in it is taken over."""
        if not self._writable:
            return
        self._close(month)
        database = Database(self.path(month), (self._schema,), now_ms=self._now_ms, durable=False, check=True)
        self._took_over(database)
        self._open[month] = database

    def _suspect(self, month: str, reason: str) -> None:
        self._close(month)
        self.problems.append(f"{self.path(month).name} cannot be read: {reason}")


def _is_of(parts: int, row: Row) -> bool:
    """Whether a row's blob is whole and has that many parts."""
    body = row[1]
    return isinstance(body, bytes) and codec.intact(body) and body[1] == parts


def _month_starts(first_day: int, last_day: int) -> list[int]:
    """Days at least one of which is in every month of a range."""
    return [*range(first_day, last_day, 28), last_day]
