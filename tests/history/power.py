"""A disk whose power can be cut: what was not synced is gone, in part there, or torn in the middle."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any, cast

import apsw


class Disk(apsw.VFS):
    """Files of one folder. Remembers what each held when it was last synced, and every write since."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.synced: dict[str, bytes] = {}
        self.pending: dict[str, list[tuple[int, bytes | None]]] = {}
        super().__init__(name, "unix")

    def xOpen(self, name: Any, flags: list[int]) -> DiskFile:  # noqa: N802 - SQLite's name
        return DiskFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.synced.pop(filename, None)
        self.pending.pop(filename, None)

    def cut(self, folder: Path, source: random.Random) -> None:
        """Leave in the folder what a disk without power would hold: any part of the writes that were not synced."""
        for name, held in {name: self.synced.get(name, b"") for name in self.pending}.items():
            content = bytearray(held)
            for offset, data in self.pending[name]:
                if source.random() < 0.5:
                    continue
                if data is None:
                    del content[offset:]
                    continue
                # Sectors are whole; a write of several may be torn between them.
                kept = data if source.random() < 0.7 else data[: source.randrange(0, len(data) + 1) // 512 * 512]
                if len(content) < offset + len(kept):
                    content.extend(bytes(offset + len(kept) - len(content)))
                content[offset : offset + len(kept)] = kept
            (folder / Path(name).name).write_bytes(content)


class DiskFile(apsw.VFSFile):
    """One file of a `Disk`."""

    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name
        super().__init__("unix", name, flags)
        if self._name is not None and self._name not in disk.pending:
            path = Path(self._name)
            disk.synced[self._name] = path.read_bytes() if path.exists() else b""
            disk.pending[self._name] = []

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        if self._name is not None:
            self._disk.pending[self._name].append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(size)
        if self._name is not None:
            self._disk.pending[self._name].append((size, None))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        if self._name is not None:
            self._disk.synced[self._name] = Path(self._name).read_bytes()
            self._disk.pending[self._name] = []


class Connection:
    """apsw as the part of Python's sqlite3 that the record uses."""

    def __init__(self, uri: str, vfs: str) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
        self._connection = apsw.Connection(uri, flags=flags, vfs=vfs)

    def execute(self, statement: str, values: Any = ()) -> Any:
        return self._connection.execute(statement, values)

    def executemany(self, statement: str, rows: Any) -> Any:
        return self._connection.executemany(statement, rows)

    @property
    def in_transaction(self) -> bool:
        return bool(self._connection.in_transaction)

    def close(self) -> None:
        self._connection.close(force=True)


def connected(vfs: str) -> Any:
    """How `Database` connects to files of a disk."""
    return lambda uri: cast(sqlite3.Connection, Connection(uri, vfs))
