"""The data folder: where it is, whose it is at the moment, and how much room is left on its disk."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
from pathlib import Path
from types import TracebackType

from fundtui.config import Settings
from fundtui.history.database import MIB, Refused, StoreProblem, Turns, private_file, private_folder

LOCK = "owner.lock"
STATE, LIVE = "state.db", "live.db"
BALLAST = "ballast"
BALLAST_BYTES = 16 * MIB
MOUNTS = Path("/proc/self/mountinfo")
MOUNT_POINT = 4
"""Field of a line of mountinfo."""
NETWORK = frozenset(
    "nfs nfs4 cifs smb3 smbfs 9p afs ceph lustre gpfs beegfs orangefs ncpfs davfs fuse.davfs2 fuse.sshfs "
    "fuse.glusterfs glusterfs fuse.rclone fuse.s3fs fuse.smbnetfs".split()
)
RESERVE_LEAST, RESERVE_MOST, RESERVE_SHARE = 500 * MIB, 5000 * MIB, 0.05
"""Kept free on the disk: this share of it, within these bounds."""


def data_folder(settings: Settings) -> Path:
    """Where the record is, by the configuration or the platform's custom."""
    if settings.history.folder:
        return Path(settings.history.folder).expanduser()
    from platformdirs import user_data_path

    return user_data_path("fundtui", appauthor=False)


def network_filesystem(folder: Path, mounts: Path = MOUNTS) -> str:
    """The kind of network file system that a folder is on, empty where it is on none or that cannot be told.

    mounts: the kernel's list of mounts (proc(5), mountinfo).
    """
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    place = folder.absolute().resolve()
    kinds: dict[Path, str] = {}
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) > MOUNT_POINT and kind:
            # Later mounts at the same place hide the earlier ones.
            kinds[Path(_unescaped(fields[MOUNT_POINT]))] = kind[0]
    found = next((kinds[one] for one in (place, *place.parents) if one in kinds), "")
    return found if found in NETWORK else ""


def _unescaped(field: str) -> str:
    """A path as the kernel prints it, with spaces as octal numbers."""
    return field.encode().decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")


def refuse_network(folder: Path) -> None:
    """Locks and shared memory do not work there, and SQLite's log would be damaged. Raises Refused."""
    kind = network_filesystem(folder)
    if kind:
        raise Refused(f"{folder} is on a network file system ({kind}); set history.folder to a folder of this machine")


class Owner:
    """The right to write to a data folder: one process at a time, given back by the kernel however it ends."""

    def __init__(self, folder: Path) -> None:
        """Raises `Owned` when another process has it, StoreProblem when the folder cannot be used."""
        private_folder(folder)
        self._path = folder / LOCK
        private_file(self._path)
        self._handle = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise Owned(folder, owner_pid(folder)) from error
        # Older SQLite can damage a file that two connections write at the same instant: they take turns by this.
        self.writing: Turns = threading.RLock()
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give it back."""
        if self._handle >= 0:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Owner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Owned(StoreProblem):
    """Another process writes the record. `pid` is 0 when it does not say who it is."""

    def __init__(self, folder: Path, pid: int) -> None:
        super().__init__(f"process {pid} writes the record in {folder}" if pid else f"{folder} has an owner")
        self.pid = pid


def owner_pid(folder: Path) -> int:
    """The process that last took the folder, 0 when unknown."""
    try:
        text = (folder / LOCK).read_text().strip()
    except OSError:
        return 0
    return int(text) if text.isdecimal() else 0


def is_owned(folder: Path) -> bool:
    """Whether a process holds the folder right now."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


class Room:
    """Watches the free space under a folder. A ballast file gives the last commits their room when it runs out."""

    def __init__(self, folder: Path, *, reserve: int | None = None, ballast: int = BALLAST_BYTES) -> None:
        """`reserve`: bytes kept free; by default a share of the disk."""
        self._folder = folder
        self._reserve = reserve
        self._ballast_bytes = ballast

    @property
    def reserve(self) -> int:
        """Bytes that recording leaves free."""
        if self._reserve is not None:
            return self._reserve
        total = shutil.disk_usage(self._folder).total
        return max(RESERVE_LEAST, min(int(total * RESERVE_SHARE), RESERVE_MOST))

    def low(self) -> bool:
        """Whether recording must pause. Once the ballast is gone, there must be ample room for it again first."""
        again = 0 if (self._folder / BALLAST).exists() else 2 * self._ballast_bytes
        return shutil.disk_usage(self._folder).free < self.reserve + again

    def load_ballast(self) -> None:
        """Lay the ballast file down, if there is ample room for it."""
        path = self._folder / BALLAST
        if path.exists() or shutil.disk_usage(self._folder).free < self.reserve + 2 * self._ballast_bytes:
            return
        with contextlib.suppress(StoreProblem, OSError):
            private_file(path)
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, self._ballast_bytes)

    def drop_ballast(self) -> None:
        """Give the ballast's room to what must be written now."""
        (self._folder / BALLAST).unlink(missing_ok=True)
