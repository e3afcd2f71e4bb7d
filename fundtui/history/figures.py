"""Snapshots of the calculator's state, so that statistics are warm at start and a replay shows what was shown then.

They can be made anew from the record, so a damaged one is passed over for the one before it.
"""

from __future__ import annotations

import contextlib
import io
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fundtui.history import codec
from fundtui.history.database import DiskFull, StoreProblem, is_full

if TYPE_CHECKING:
    from typing_extensions import Buffer

EVERY_MS = 2 * 3_600_000
KEEP_MS = 50 * 3_600_000
"""A little longer than polls are kept."""

ANOTHER_FORMAT = "Figures kept by another version of fundtui are not taken over: statistics are made anew"

Arrays = dict[str, NDArray[Any]]


class _Packing(io.RawIOBase):
    """A file that packs what is written to it, so that the arrays are not laid out in memory once more."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(codec.FAST)
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        plain = memoryview(data)
        self._parts.append(self._packer.compress(plain))
        return plain.nbytes

    def packed(self) -> bytes:
        """Everything, once it is written."""
        return b"".join([*self._parts, self._packer.flush()])


def encode_arrays(arrays: Arrays) -> bytes:
    """Named arrays as one sealed blob."""
    out = _Packing()
    np.savez(out, allow_pickle=False, **arrays)
    return codec.seal([out.packed()])


def decode_arrays(blob: bytes) -> Arrays:
    """The arrays of `encode_arrays`. Raises Damaged."""
    (part,) = codec.unseal(blob)
    try:
        with np.load(io.BytesIO(zlib.decompress(part)), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (ValueError, OSError, zlib.error, KeyError) as error:
        raise codec.Damaged(str(error)) from error


class Shelf:
    """Snapshots in a data folder, named by their time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, time_ms: int, arrays: Arrays) -> None:
        """Keep a snapshot and forget the old ones but the last. Raises DiskFull, StoreProblem."""
        path = self.folder / f"figures-{time_ms}.bin"
        part = path.with_suffix(".part")
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(handle, "wb") as file:  # noqa: PTH123 - the mode is set before anything is written
                file.write(encode_arrays(arrays))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise (DiskFull if is_full(error) else StoreProblem)(f"{path}: {error.strerror}") from error
        for old in self.times():
            if old < time_ms - KEEP_MS:
                self._path(old).unlink(missing_ok=True)

    def times(self) -> list[int]:
        """When snapshots were taken, in order."""
        stems = (one.stem.removeprefix("figures-") for one in self.folder.glob("figures-*.bin"))
        return sorted(int(stem) for stem in stems if stem.isdecimal())

    def between(self, start_ms: int, end_ms: int) -> bool:
        """Whether there is a snapshot from that time, readable or not."""
        return any(start_ms <= taken <= end_ms for taken in self.times())

    def before(self, time_ms: int) -> tuple[int, Arrays] | None:
        """The last readable snapshot at or before a time, with its time."""
        for taken in reversed(self.times()):
            if taken > time_ms:
                continue
            with contextlib.suppress(codec.Damaged, OSError):
                return taken, decode_arrays(self._path(taken).read_bytes())
        return None

    def _path(self, time_ms: int) -> Path:
        return self.folder / f"figures-{time_ms}.bin"
