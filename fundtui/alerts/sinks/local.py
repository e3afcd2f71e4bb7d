"""Sinks on this machine: a program, the system's log, a file of lines, the terminal."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from fundtui.alerts.message import Message, encode
from fundtui.alerts.sinks.sink import Refused, Trouble
from fundtui.clock import Clock
from fundtui.polling.threads import in_thread
from fundtui.text import clean, one_line
from fundtui.units import format_utc_date

_SYSLOG_SEVERITY = {"info": 6, "warning": 4, "critical": 2}
_SYSLOG_USER = 1 << 3
SYSLOG_SOCKET = "/dev/log"


class ExecSink:
    """Runs a program with the message as JSON on its standard input. Never through a shell."""

    def __init__(self, name: str, command: Sequence[str], clock: Clock, *, timeout_s: float) -> None:
        self.name = name
        self._command = tuple(command)
        self._clock = clock
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise Refused(f"{self._command[0]}: {error.strerror}") from error
        try:
            async with self._clock.timeout(self._timeout_s):
                _, said = await process.communicate(encode(message))
        except TimeoutError as error:
            raise Trouble(f"{self._command[0]} took over {self._timeout_s:g} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            reason = clean(said[:200].decode("utf-8", "replace"), 120)
            raise Trouble(f"{self._command[0]} ended with {process.returncode}" + (f": {reason}" if reason else ""))


class FileSink:
    """Appends one line of JSON per message to a private file."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path

    async def send(self, message: Message) -> None:
        try:
            await in_thread(lambda: self._append(encode(message) + b"\n"), "fundtui-log-file")
        except OSError as error:
            raise Trouble(f"{self._path}: {error.strerror}") from error

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


class SyslogSink:
    """Sends a line to the system's log (syslog or journald)."""

    def __init__(self, name: str, path: str = SYSLOG_SOCKET) -> None:
        self.name = name
        self._path = path

    async def send(self, message: Message) -> None:
        priority = _SYSLOG_USER | _SYSLOG_SEVERITY[message.severity]
        text = one_line(f"{message.title}: {'; '.join(message.lines())}")
        try:
            await in_thread(lambda: self._write(f"<{priority}>fundtui: {text}".encode()), "fundtui-syslog")
        except OSError as error:
            raise Trouble(f"{self._path}: {error.strerror}") from error

    def _write(self, line: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as log:
            log.settimeout(2.0)
            log.connect(self._path)
            log.send(line[:8000])


class TerminalSink:
    """Hands the message to whoever owns the terminal, who rings and writes through the screen's own driver."""

    def __init__(self, name: str, show: Callable[[Message], None]) -> None:
        self.name = name
        self._show = show

    async def send(self, message: Message) -> None:
        self._show(message)


def line_of(message: Message) -> str:
    """A message as one line of text, for people."""
    return f"{format_utc_date(message.time_ms)} {message.status} {message.severity} {'; '.join(message.lines())}"
