"""What other terminals ask of the process that evaluates: one small private file per request in the data folder.

The data folder has one writer. Whoever else acknowledges or silences leaves a file; the writer takes it within a
second, makes it durable, then removes it. A request that is taken twice changes nothing twice.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from fundtui.alerts.records import Silence

FOLDER = "requests"
MAX_BYTES = 64 * 1024
MAX_AT_ONCE = 100


class Acknowledge(msgspec.Struct, frozen=True, tag="acknowledge"):
    """See an alert."""

    fingerprint: str
    by: str = ""


class AddSilence(msgspec.Struct, frozen=True, tag="silence"):
    """Keep matching alerts quiet."""

    silence: Silence


class Lift(msgspec.Struct, frozen=True, tag="lift"):
    """End a silence."""

    name: str


class SeeDead(msgspec.Struct, frozen=True, tag="see dead letters"):
    """The dead letters have been looked at."""


Request = Acknowledge | AddSilence | Lift | SeeDead

_decoder: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Acknowledge | AddSilence | Lift | SeeDead)


def leave(folder: Path, request: Request, name: str) -> None:
    """Leave a request, durably. `name` is unique. Raises OSError."""
    requests = folder / FOLDER
    requests.mkdir(mode=0o700, exist_ok=True)
    written = requests / f".{name}.part"
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(request))
        file.flush()
        os.fsync(file.fileno())
    written.rename(requests / f"{name}.json")


def waiting(folder: Path) -> list[tuple[Path, Request | None]]:
    """The requests that wait, by name; None for what cannot be read. Raises OSError."""
    requests = folder / FOLDER
    if not requests.is_dir():
        return []
    return [(path, _read(path)) for path in sorted(requests.glob("*.json"))[:MAX_AT_ONCE]]


def _read(path: Path) -> Request | None:
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES)
    try:
        return _decoder.decode(raw)
    except msgspec.MsgspecError:
        return None
