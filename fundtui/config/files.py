"""The seam to the disk: reading and writing configuration files, and noticing that they changed."""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from fundtui.config.problems import BrokenText, ConfigError, Problem

MAX_BYTES = 64 * 1024
MAX_LINE = 2_000
FILE_NAME = "config.toml"
STATE_NAME = "state.toml"


class Fingerprint(msgspec.Struct, frozen=True):
    """A file's identity and state at one moment: enough to notice an edit, or a replacement."""

    inode: int = 0
    size: int = -1
    modified_ns: int = 0


class Document(msgspec.Struct, frozen=True):
    """A file as read: its text, its tree and its permission bits."""

    path: Path
    text: str = ""
    tree: dict[str, Any] = {}
    mode: int = 0o600
    fingerprint: Fingerprint = Fingerprint()


def fingerprint(path: Path) -> Fingerprint:
    """The file's fingerprint; that of an absent file when there is none or it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return Fingerprint()
    return Fingerprint(found.st_ino, found.st_size, found.st_mtime_ns)


def default_folder() -> Path:
    """The platform's configuration folder for this program."""
    import platformdirs

    return Path(platformdirs.user_config_dir("fundtui", appauthor=False))


def locate(path: Path | None, environment: Mapping[str, str]) -> tuple[Path, bool]:
    """The configuration file to read and whether it was asked for by name (then it must exist)."""
    if path is not None:
        return path.expanduser(), True
    if named := environment.get("FUNDTUI_CONFIG", "").strip():
        return Path(named).expanduser(), True
    return default_folder() / FILE_NAME, False


def read_regular(path: Path, limit: int) -> tuple[bytes, os.stat_result]:
    """The first `limit` bytes of a regular file, and what it is. Never waits on a pipe. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a file")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limit), found
    finally:
        os.close(descriptor)


def read_document(path: Path, *, required: bool) -> Document:
    """Read and parse a TOML file within the limits. An absent one is empty unless required.

    Raises ConfigError, of the kind BrokenText where it could be read but is no TOML.
    """

    def refuse(text: str, line: int | None = None) -> ConfigError:
        return ConfigError((Problem(text, str(path), line),))

    try:
        raw, found = read_regular(path, MAX_BYTES + 1)
    except FileNotFoundError:
        if required:
            raise refuse("there is no such file") from None
        return Document(path)
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}") from error
    if found.st_mode & 0o022:
        raise refuse(f"others may write to it (mode {found.st_mode & 0o777:03o}): chmod go-w {path}")
    if found.st_uid not in (os.geteuid(), 0):
        raise refuse("belongs to somebody else")

    def broken(text: str, line: int | None = None) -> ConfigError:
        return BrokenText((Problem(text, str(path), line),))

    text, tree = _parse(raw, broken)
    return Document(
        path, text, tree, found.st_mode & 0o777, Fingerprint(found.st_ino, found.st_size, found.st_mtime_ns)
    )


def _parse(raw: bytes, refuse: Any) -> tuple[str, dict[str, Any]]:
    if len(raw) > MAX_BYTES:
        raise refuse(f"is larger than {MAX_BYTES // 1024} KiB")
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise refuse("is not UTF-8 text", raw[: error.start].count(b"\n") + 1) from error
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE:
            # tomllib takes seconds over one long dotted key.
            raise refuse(f"a line is longer than {MAX_LINE} characters", number)
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, place = _split_place(str(error), text)
        raise refuse(f"is not valid TOML: {message}", place) from error
    except RecursionError as error:
        raise refuse("is nested too deeply") from error


def _split_place(message: str, text: str) -> tuple[str, int | None]:
    # "Unclosed array (at line 3, column 7)" or "... (at end of document)".
    head, _, tail = message.rpartition(" (at ")
    number = tail.removeprefix("line ").split(",")[0]
    line = int(number) if number.isdecimal() else text.rstrip().count("\n") + 1
    return (head[:1].lower() + head[1:] if head else message), line


def write_private(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable by its owner alone; the folder is made 0700. Raises OSError."""
    # Imported here: it costs a start 5 ms, and most runs write nothing.
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def create_private(path: Path, data: bytes) -> None:
    """Write a new file, readable by its owner alone. Raises FileExistsError when there is one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def toml_text(tree: Mapping[str, Any]) -> str:
    """A tree as TOML."""
    import tomli_w

    return tomli_w.dumps(dict(tree))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
