"""What all fundtui processes of this account have used of the venues' request limits, in one small file.

Each process adds what it has taken since it last looked, and takes out how long all that has been taken together needs
to drain. So several terminals on one host stay within one budget, and so does a program that is started again and
again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fundtui.polling.limiter import LimiterState, Use

NAME, LOCK = "budgets.json", "budgets.lock"
MOST_BYTES = 1 << 20
FURTHEST_MS = 2 * 3_600_000

_decoder = msgspec.json.Decoder(dict[str, LimiterState])


class BudgetFile:
    """The file in the data folder. Where it cannot be used, everybody has a budget of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exchange(self, mine: Mapping[str, Use], now_ms: int) -> dict[str, LimiterState] | None:
        """Add the own use; returns what all have used together. None where the file cannot be had just now."""
        try:
            with self._locked():
                together = added(self._read(), mine, now_ms)
                self._write(together)
        except OSError:
            # No folder, no space, a file system without locks, or another process has the file just now.
            return None
        return together

    def _read(self) -> dict[str, LimiterState]:
        try:
            with (self._folder / NAME).open("rb") as file:
                return _decoder.decode(file.read(MOST_BYTES))
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return {}

    def _write(self, states: Mapping[str, LimiterState]) -> None:
        new = self._folder / f"{NAME}.new"
        new.write_bytes(msgspec.json.encode(states))
        new.replace(self._folder / NAME)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Not waited for: the event loop runs on, and the next exchange is a moment away.
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(handle)


def added(kept: Mapping[str, LimiterState], mine: Mapping[str, Use], now_ms: int) -> dict[str, LimiterState]:
    """The kept states with the own use on top; the own state counts where it is later (the venue's own count)."""
    together = dict(kept)
    for venue, use in mine.items():
        before = kept.get(venue, LimiterState(now_ms))
        # A time far ahead comes from a broken clock: the own state stands then.
        far = before.drained_ms - now_ms > FURTHEST_MS
        drained_ms = use.state.drained_ms if far else max(before.drained_ms, now_ms) + use.taken_ms
        together[venue] = LimiterState(
            max(drained_ms, use.state.drained_ms), max(before.held_until_ms, use.state.held_until_ms)
        )
    return together
