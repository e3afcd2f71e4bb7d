"""Lines of alerts to a pipe or a terminal, and the memory of how far somebody has read them.

What counts as read: over a terminal, what it has confirmed (it answers a status question after everything before it);
elsewhere what was written ten seconds ago to a reader that is still there. A connection that drops confirms nothing,
so the next `--since last` tells the last lines again rather than never.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections import deque
from pathlib import Path
from typing import Any

from fundtui.clock import Clock
from fundtui.text import clean

ASK, ANSWER = b"\x1b[5n", b"\x1b[0n"
CONFIRM_S = 10.0
PATIENCE_S = 3.0


class Seen:
    """How far a reader has read, in a small private file that is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int | None:
        """The position; None for a reader who was never here."""
        try:
            text = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return int(text) if text.isdecimal() else None

    def write(self, position: int) -> None:
        """Raises OSError."""
        part = self._path.with_name(f"{self._path.name}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{position}\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


def seen_path(folder: Path, name: str) -> Path:
    """Where a reader's position is kept."""
    plain = "".join(letter if letter.isalnum() else "-" for letter in clean(name, 40))
    return folder / f"watch-{plain}.seen"


class Output:
    """Standard output with positions. `lost` once nobody reads any more."""

    def __init__(self, clock: Clock, seen: Seen | None) -> None:
        self._clock = clock
        self._seen = seen
        self._written: deque[tuple[float, int]] = deque()
        self._asked: deque[int] = deque()
        self._asked_at = 0.0
        self._answers = 0
        self._heard = b""
        self._settings: list[Any] | None = None
        self.confirmed = -1
        self.lost = False
        self.is_terminal = sys.stdout.isatty()

    def __enter__(self) -> Output:
        if self.is_terminal and sys.stdin.isatty():
            self._settings = termios.tcgetattr(sys.stdin.fileno())
            tty.setcbreak(sys.stdin.fileno(), termios.TCSANOW)
        return self

    def __exit__(self, *_: object) -> None:
        if self._settings is not None:
            try:
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._settings)
            except termios.error:
                # The terminal is gone, and its settings with it.
                self.lost = True

    def write(self, text: str, position: int | None = None, *, bell: str = "") -> None:
        """Write a line. `position` becomes confirmed once it has been read."""
        if self.lost:
            return
        data = f"{text}\n{bell}".encode()
        if position is not None:
            self._written.append((self._clock.monotonic(), position))
            if self._settings is not None and not self._silent:
                data += ASK
                self._asked.append(position)
                self._asked_at = self._clock.monotonic()
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except OSError:
            self.lost = True

    @property
    def _silent(self) -> bool:
        """Whether the terminal has not answered when it was first asked: then time has to do."""
        late = bool(self._asked) and self._clock.monotonic() - self._asked_at > PATIENCE_S
        return late and not self._answers

    def confirm(self, *, everything: bool = False) -> None:
        """Note how far has been read. `everything`: the reader ended this in an orderly way."""
        position = self.confirmed
        if everything and self._written and not self.lost:
            position = self._written[-1][1]
        elif self._settings is not None and not self._silent:
            position = max(position, self._answered())
        elif not self.lost:
            before = self._clock.monotonic() - CONFIRM_S
            while self._written and self._written[0][0] <= before:
                position = self._written.popleft()[1]
        if position > self.confirmed:
            self.confirmed = position
            if self._seen is not None:
                self._seen.write(position)

    def _answered(self) -> int:
        """The last position behind which the terminal has answered."""
        descriptor, last = sys.stdin.fileno(), -1
        try:
            while select.select([descriptor], [], [], 0)[0]:
                data = os.read(descriptor, 4096)
                if not data:
                    self.lost = True
                    break
                self._heard = (self._heard + data)[-4096:]
        except OSError:
            self.lost = True
        while ANSWER in self._heard:
            _, _, self._heard = self._heard.partition(ANSWER)
            self._answers += 1
            if self._asked:
                last = self._asked.popleft()
        return last
