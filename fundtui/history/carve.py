"""Rows of a table of numbered blobs straight from the pages of a damaged SQLite file, when its tree leads nowhere.

A page that holds rows says so and points at them, whatever became of the pages above it (SQLite file format, §1.6 and
§2.1). What is found may be an earlier word on the same number, or nonsense: a checksum in each blob must tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LEAF = 0x0D
NUMBER, BLOB = 0, 12
"""Serial types of a column that is the row's number, and of an empty blob."""
MOST_BYTES = 1 << 24


class _Cell(NamedTuple):
    """A row: its number, where its content begins in the page, how long it is."""

    number: int
    start: int
    length: int


def carve(path: Path, page_size: int = 4096) -> Iterator[tuple[int, bytes]]:
    """Number and blob of everything that looks like a row of (INTEGER PRIMARY KEY, BLOB)."""
    content = path.read_bytes()
    for start in range(0, len(content) - page_size + 1, page_size):
        # The first page has the file's header in front of its own.
        head = start or 100
        if content[head] != LEAF:
            continue
        for place in range(min(int.from_bytes(content[head + 3 : head + 5]), page_size // 8)):
            pointer = int.from_bytes(content[head + 8 + 2 * place : head + 10 + 2 * place])
            cell = _cell(content, start + pointer) if 8 <= pointer < page_size - 4 else None
            blob = _blob(content, start, cell, page_size) if cell is not None else None
            if cell is not None and blob is not None:
                yield cell.number, blob


def _cell(content: bytes, at: int) -> _Cell | None:
    length, at = _varint(content, at)
    number, at = _varint(content, at)
    return _Cell(number, at, length) if 0 < length <= MOST_BYTES and number < 1 << 63 else None


def _blob(content: bytes, page: int, cell: _Cell, page_size: int) -> bytes | None:
    record = _payload(content, page, cell, page_size)
    if record is None or not record:
        return None
    size, at = _varint(record, 0)
    first, at = _varint(record, at)
    second, at = _varint(record, at)
    if at != size or first != NUMBER or second < BLOB or second % 2:
        return None
    body = record[size:]
    return body if len(body) == (second - BLOB) // 2 else None


def _payload(content: bytes, page: int, cell: _Cell, page_size: int) -> bytes | None:
    """A row's content, collected from the pages that it has spilt to; None where they do not lead on."""
    most, least = page_size - 35, (page_size - 12) * 32 // 255 - 23
    if cell.length <= most:
        found = content[cell.start : cell.start + cell.length]
        return found if cell.start + cell.length <= page + page_size else None
    local = least + (cell.length - least) % (page_size - 4)
    local = local if local <= most else least
    end = cell.start + local
    if end + 4 > page + page_size:
        return None
    parts, following, left = [content[cell.start : end]], int.from_bytes(content[end : end + 4]), cell.length - local
    while left > 0:
        start = (following - 1) * page_size
        if following < 2 or start + page_size > len(content):
            return None
        parts.append(content[start + 4 : start + 4 + min(left, page_size - 4)])
        left -= page_size - 4
        following = int.from_bytes(content[start : start + 4])
    return b"".join(parts)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends; 0 beyond the end."""
    value = 0
    for place in range(9):
        if at >= len(content):
            return 0, at
        byte = content[at]
        at += 1
        if place == 8:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at
