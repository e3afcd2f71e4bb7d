"""`fundtui watch` over a real ssh connection inside tmux: the bell gets through, a dropped connection loses nothing."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fundtui.alerts.sqlite_store import SqliteStore
from fundtui.commands.stream import Seen, seen_path

ROOT = Path(__file__).parents[2]
SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
NEEDED = (SSHD, "ssh", "ssh-keygen", "tmux")
MISSING = [Path(program).name for program in NEEDED if shutil.which(program) is None]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)} (apt: openssh-server openssh-client tmux)"),
    pytest.mark.skipif(os.geteuid() != 0, reason="sshd takes a log-in only when it runs as root"),
]


def eventually(what: str, found: Callable[[], object], within_s: float = 60.0) -> None:
    """Wait for something that other processes do."""
    until = time.monotonic() + within_s
    while not found():
        assert time.monotonic() < until, f"not within {within_s:g} s: {what}"
        time.sleep(0.1)


class Server:
    """An sshd of our own on loopback: its own key, its own configuration, one permitted key, nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        for name in ("host", "person"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(words, check=True)
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile {folder / 'pid'}\n"
            f"AuthorizedKeysFile {folder / 'person.pub'}\nPasswordAuthentication no\nUsePAM no\nStrictModes no\n"
            "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPrintMotd no\nPrintLastLog no\n"
        )
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log)
        eventually("sshd listens", self._listens)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
            return True
        return False

    def command(self, remote: str) -> str:
        """The ssh command line for a remote command in a terminal."""
        return shlex.join(
            [
                "ssh", "-tt", "-F", "none", "-p", str(self.port), "-i", str(self.folder / "person"),
                "-o", f"UserKnownHostsFile={self.folder / 'known'}", "-o", "StrictHostKeyChecking=accept-new",
                "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", f"{getpass.getuser()}@127.0.0.1", remote,
            ]
        )  # fmt: skip

    def drop(self) -> None:
        """Cut every connection, as a network does: its server process dies without a word."""
        for child in children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def stop(self) -> None:
        self.drop()
        self.process.terminate()
        self.process.wait(10)


def children(parent: int) -> list[int]:
    """Child processes by /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(stat.parent.name))
    return found


class Tmux:
    """A tmux server of our own, with an idle window in front so that others can ring."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self("-f", "/dev/null", "new-session", "-d", "-x", "200", "-y", "50", "cat")
        self("set-option", "-g", "remain-on-exit", "on")

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self.folder / "tmux"), *words], capture_output=True, text=True, check=True, timeout=20
        )
        return done.stdout

    def open(self, name: str, command: str) -> Path:
        """Run a command in a window behind; everything that it writes goes to the returned file too."""
        written = self.folder / f"{name}.out"
        self("new-window", "-d", "-n", name, f"sleep 0.5; exec {command}")
        self("pipe-pane", "-t", name, f"cat > {shlex.quote(str(written))}")
        eventually(f"{name} writes", written.exists)
        return written

    def rang(self, name: str) -> bool:
        return self("display-message", "-p", "-t", name, "#{window_bell_flag}").strip() == "1"

    def stop(self) -> None:
        self("kill-server")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Server, Tmux, dict[str, str]]]:
    """sshd, tmux, and the environment of programs that share one data folder."""
    environment = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    server, terminal = Server(tmp_path), Tmux(tmp_path)
    try:
        yield server, terminal, environment
    finally:
        terminal.stop()
        server.stop()


def positions(written: Path) -> list[int]:
    """The positions of the lines that reached the terminal, whole lines only."""
    return [int(found) for found in re.findall(rb'^[^\n]*\{"position":(\d+),[^\n]*\}\s*$', written.read_bytes(), re.M)]


def test_the_bell_rings_and_a_dropped_connection_loses_nothing(
    place: tuple[Server, Tmux, dict[str, str]], tmp_path: Path
) -> None:
    server, terminal, environment = place
    with (tmp_path / "collector.log").open("wb") as log:
        collector = subprocess.Popen(
            [sys.executable, "-m", "fundtui.cli", "collect", "--source", "demo", "--speed", "20"],
            cwd=ROOT, env={**os.environ, **environment}, stderr=log,
        )  # fmt: skip
    state = tmp_path / "data" / "fundtui" / "state.db"
    try:
        eventually("the collector keeps alerts", state.exists)
        named = " ".join(f"{key}={shlex.quote(value)}" for key, value in environment.items())
        program = f"{shlex.quote(sys.executable)} -m fundtui.cli watch --format ndjson --since last --bell --name me"
        remote = f"cd {shlex.quote(str(ROOT))} && {named} exec {program}"
        first = terminal.open("first", server.command(remote))
        eventually("alerts arrive", lambda: len(positions(first)) > 20, 120.0)
        eventually("the bell rings in tmux", lambda: terminal.rang("first"))
        # The first lines come as one burst: until the terminal has answered, none of it counts as read.
        read = Seen(seen_path(state.parent, "me")).read
        eventually("the terminal confirms lines", lambda: (read() or 0) >= min(positions(first)))

        server.drop()
        eventually("the connection is gone", lambda: b"losed" in first.read_bytes() or _over(terminal, "first"))
        seen = len(positions(first))
        store = SqliteStore(state, now_ms=0, writable=False)
        last_seen = max(positions(first))
        eventually("more happens meanwhile", lambda: store.position() > last_seen + 5, 120.0)

        again = terminal.open("again", server.command(remote))
        eventually("what was missed arrives", lambda: positions(again))
        collector.send_signal(signal.SIGINT)
        collector.wait(20)
        final = [position for position, one in store.after(0, limit=1_000_000) if one.told.value in _TOLD]
        store.close()
        eventually("everything has arrived", lambda: max(positions(again), default=0) >= final[-1], 60.0)
    finally:
        if collector.poll() is None:
            collector.kill()
            collector.wait()
    arrived = set(positions(first)) | set(positions(again))
    wanted = {position for position in final if position > min(positions(first))}
    assert seen > 20
    assert wanted - arrived == set(), f"lost {len(wanted - arrived)} of {len(wanted)}"
    # Only the last lines before the drop come twice.
    twice = set(positions(first)) & set(positions(again))
    assert len(twice) < len(set(positions(first)))


_TOLD = ("fired", "escalated", "resolved", "closed")


def _over(terminal: Tmux, name: str) -> bool:
    return terminal("display-message", "-p", "-t", name, "#{pane_dead}").strip() == "1"
