"""What is whole in a damaged file goes on in its successor, for each room that keeps something there.

Whichever room opens a damaged file sets it aside; every room then takes its own tables over, also at a later start, in
one transaction each, so that being killed in between loses nothing.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from fundtui.history.carve import carve
from fundtui.history.database import Database

LARGEST_ID = (1 << 62) - 1

Row = tuple[Any, ...]


def _anything(row: Row) -> bool:
    return True


class Rescue(msgspec.Struct, frozen=True):
    """How rows of one table are taken over: their number of columns, which hold text, and which rows are whole. carved:
    they are numbered blobs that prove what they are, so that pages are looked through for those the tree has lost."""

    columns: int
    texts: tuple[int, ...] = ()
    whole: Callable[[Row], bool] = _anything
    carved: bool = False


def rescue(database: Database, room: str, tables: Mapping[str, Rescue]) -> list[str]:
    """Take over what can be read of the damaged files before this one; says in words for people what was saved.

    Tables are taken in the order given. A row that is there already stays as it is. Raises StoreProblem.
    """
    return [_take_over(database, room, tables, aside) for aside in database.unsaved(room)]


def _take_over(database: Database, room: str, tables: Mapping[str, Rescue], aside: Path) -> str:
    saved = 0
    with database.transaction() as connection:
        for table, how in tables.items():
            marks = ", ".join("?" * how.columns)
            rows = filter(how.whole, (_plain(row[1:], how) for row in salvage(aside, table, how.columns + 1)))
            saved += connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows).rowcount
            if how.carved:
                # Of several words on one number the longest is the last.
                lost = sorted(filter(how.whole, carve(aside)), key=lambda row: -len(row[1]))
                saved += connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", lost).rowcount
        connection.execute("INSERT INTO aside VALUES (?, ?)", (aside.name, room))
    told = database.problem or f"{database.path.name} was damaged; it is kept as {aside.name}"
    return f"{told}; {max(saved, 0)} {room} rows were saved from it"


def _plain(row: Row, how: Rescue) -> Row:
    """The row with its texts as text; everything is read as bytes, for a text may be damaged."""
    return tuple(
        cell.decode("utf-8", "replace") if place in how.texts and isinstance(cell, bytes) else cell
        for place, cell in enumerate(row)
    )


def salvage(path: Path, table: str, columns: int, last: int = LARGEST_ID) -> Iterator[Row]:
    """Rows of a damaged file's table, the row's number in front, by number, around what cannot be read.

    `columns` counts the number too; `last` is the largest that there can be. The rows are not judged: a checksum of
    their own must do that.
    """
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    except sqlite3.Error:
        return
    with contextlib.closing(connection):
        connection.text_factory = bytes
        key: int | None = -1
        while key is not None and key < last:
            row = _next_row(connection, table, key)
            if row is False:
                key = _readable_from(connection, table, key, last)
            elif isinstance(row, tuple) and row[0] is not None and len(row) == columns and row[0] > key:
                key = int(row[0])
                yield row
            else:
                return


def _readable_from(connection: sqlite3.Connection, table: str, key: int, last: int) -> int | None:
    """The first key behind an unreadable one from which on there is something to read again; None: nowhere."""
    low, hop = key, 1
    while _next_row(connection, table, low + hop) is False:
        low, hop = low + hop, 2 * hop
        if low >= last:
            return None
    high = low + hop
    # Between the last key that failed and the first that did not, for a page is not left out with its neighbour.
    while high - low > 1:
        middle = (low + high) // 2
        if _next_row(connection, table, middle) is False:
            low = middle
        else:
            high = middle
    return high


def _next_row(connection: sqlite3.Connection, table: str, after: int) -> Row | bool | None:
    """The row behind a key, None at the end, False where the file cannot be read."""
    try:
        row: Row | None = connection.execute(
            # Not `rowid > after`: to find that, SQLite would look at the page of `after`, which may be the damaged one.
            f"SELECT rowid, * FROM {table} WHERE rowid >= ? ORDER BY rowid LIMIT 1",
            (after + 1,),
        ).fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        return False
    return row
