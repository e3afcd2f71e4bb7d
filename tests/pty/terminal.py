"""A program inside a real pseudo terminal: what it writes, what a terminal would show, how it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]
_SYNC_ASKED = b"\x1b[?2026$p"
_SYNC_KNOWN = b"\x1b[?2026;2$y"
_PLACE_ASKED = re.compile(rb"(?:\x1b\[(\d+)G)?\x1b\[6n")
# What the test run's own terminal says of itself; a parallel run exports its size to its workers.
_NOT_INHERITED = {"NO_COLOR", "COLORTERM", "LC_ALL", "COLUMNS", "LINES"}
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]")


class Terminal:
    """A child on a pty. `read_until` and `settle` pump its output into a pyte screen and answer its questions."""

    def __init__(
        self,
        argv: list[str],
        columns: int = 120,
        rows: int = 40,
        *,
        env: dict[str, str] | None = None,
        answer: bool = True,
        emulate: bool = True,
        delay: float = 0.0,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.answer = answer
        self.emulate = emulate
        self.delay = delay
        self.owed: deque[tuple[float, bytes]] = deque()
        self.raw = bytearray()
        self.reads: list[tuple[float, int]] = []
        self.started = time.perf_counter()
        master, slave = pty.openpty()
        self.master = master
        self.resize(columns, rows, tell=False)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        base = {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}
        base |= {
            "XDG_STATE_HOME": tempfile.gettempdir(),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
        }
        self.process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=base | (env or {}),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )

    def resize(self, columns: int, rows: int, *, tell: bool = True) -> None:
        """Give the terminal another size; the child is told by SIGWINCH."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)
        if tell:
            os.killpg(self.process.pid, signal.SIGWINCH)

    def pump(self, seconds: float) -> bool:
        """Read what comes within that time; False when the child closed the terminal."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            self._answer(b"")
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        if not data:
            return False
        self.raw += data
        self.reads.append((time.perf_counter(), len(data)))
        if self.emulate:
            self.stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))
        if self.answer:
            self._answer(data)
        return True

    def _answer(self, data: bytes) -> None:
        """Say that frames may be bracketed, and where the cursor is: the column that was just set."""
        for _ in range(data.count(_SYNC_ASKED)):
            os.write(self.master, _SYNC_KNOWN)
        for match in _PLACE_ASKED.finditer(data):
            self.owed.append((time.monotonic() + self.delay, b"\x1b[1;%dR" % int(match[1] or 1)))
        while self.owed and self.owed[0][0] <= time.monotonic():
            os.write(self.master, self.owed.popleft()[1])

    def until(self, condition: Callable[[], object], seconds: float = 20.0) -> bool:
        """Pump until the condition holds; whether it did in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            if not self.pump(0.02) and not condition():
                return False
        return bool(condition())

    def shows(self, text: str) -> bool:
        """Whether a text is on the screen."""
        return any(text in line for line in self.screen.display)

    def wait_for(self, text: str, seconds: float = 20.0) -> None:
        """Pump until a text is on the screen. Raises AssertionError with the screen when it never is."""
        self.until(lambda: self.shows(text) or self.process.poll() is not None, seconds)
        assert self.shows(text), f"{text!r} not shown:\n" + "\n".join(self.screen.display)

    def settle(self, quiet: float = 0.3, seconds: float = 10.0) -> None:
        """Pump until nothing has come for a while."""
        end = time.monotonic() + seconds
        seen = -1
        while seen != len(self.raw) and time.monotonic() < end:
            seen = len(self.raw)
            quiet_end = time.monotonic() + quiet
            while time.monotonic() < quiet_end and self.pump(0.02):
                pass

    def send(self, keys: str | bytes) -> None:
        """Type."""
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def signal(self, number: int) -> None:
        """Send a signal to the child alone."""
        os.kill(self.process.pid, number)

    def end(self, seconds: float = 5.0) -> int:
        """Pump until the child has ended; its exit code. Raises AssertionError when it does not end in time."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.pump(0.02)
        assert self.process.poll() is not None, "still running:\n" + "\n".join(self.screen.display)
        while select.select([self.master], [], [], 0.05)[0] and self.pump(0.02):
            pass
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the terminal under the child."""
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def stopped(self) -> bool:
        """Whether the child is suspended."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"

    def cpu_s(self) -> float:
        """Processor seconds that the child has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        """Memory of the child in MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def restored(self) -> bool:
        """Whether the line settings are as they were and everything that was switched on is off again."""
        return (
            termios.tcgetattr(self.slave)[:4] == self.before[:4]
            and b"\x1b[?1049l" in self.raw
            and b"\x1b[?25h" in self.raw
        )

    def close(self) -> None:
        """End the child for good and free the pty."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def python(script: str, *arguments: str) -> list[str]:
    """The command line of a script of this repository."""
    return [sys.executable, str(ROOT / script), *arguments]
