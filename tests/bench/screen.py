"""What the screen costs in a real pseudo terminal, beside a stock DataTable: `python -m tests.bench.screen`."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.pty.terminal import Terminal, python


class Drain:
    """Reads the terminal in a thread, counting bytes."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.stopped = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self.stopped and self.terminal.pump(0.05):
            pass

    def stop(self) -> None:
        self.stopped = True
        self.thread.join()


def measure(
    kind: str, assets: int, share: float, batches: float, *, size: tuple[int, int] = (200, 50), seconds: float = 6.0,
    keys: tuple[bytes, float] | None = None, resort: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Run one program under one load; bytes a second, processor share, longest callback, start, memory."""
    with tempfile.NamedTemporaryFile() as out:
        argv = python(
            "tests/bench/screen_child.py",
            kind,
            str(assets),
            str(share),
            str(batches),
            *([] if resort else ["sorted-by-name"]),
        )
        with Terminal(argv, *size, env={"BENCH_OUT": out.name}, emulate=False) as terminal:
            assert terminal.until(lambda: b"TOK0" in terminal.raw, 60), "no first row"
            first_ms = 1e3 * (terminal.reads[-1][0] - terminal.started)
            complete = len(terminal.raw)
            # A person has the cursor somewhere: from then on it belongs to that asset.
            terminal.until(lambda: False, 1.0)
            terminal.send("j")
            terminal.until(lambda: False, 8.0 if not share else 4.0)
            drain = Drain(terminal)
            terminal.signal(signal.SIGUSR1)
            start, before, cpu = time.perf_counter(), len(terminal.raw), terminal.cpu_s()
            pressed = _press(terminal, keys, seconds) if keys else _wait(seconds)
            wall = time.perf_counter() - start
            sent, cpu = len(terminal.raw) - before, terminal.cpu_s() - cpu
            rss = terminal.rss_mb()
            terminal.signal(signal.SIGUSR2)
            drain.stop()
            terminal.end(10)
        inner = json.loads(Path(out.name).read_text() or "{}")
    return {
        "kind": kind, "assets": assets, "load": f"{share:.0%}/s x{batches:g}", "size": f"{size[0]}x{size[1]}",
        "first_ms": first_ms, "first_bytes": complete, "bytes_s": sent / wall,
        "bytes_key": sent / pressed if pressed else 0,
        "cpu": inner.get("cpu_percent", 100 * cpu / wall), "longest_ms": inner.get("longest_ms", 0),
        "p99_ms": inner.get("p99_ms", 0), "rss": rss,
    }  # fmt: skip


def _press(terminal: Terminal, keys: tuple[bytes, float], seconds: float) -> int:
    key, rate = keys
    pressed = 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        terminal.send(key)
        pressed += 1
        time.sleep(1 / rate)
    return pressed


def _wait(seconds: float) -> int:
    time.sleep(seconds)
    return 0


def show(row: dict[str, Any], note: str = "") -> None:
    """One line."""
    print(
        f"{row['kind']:10s}{row['assets']:7d} {row['size']:8s}{row['load']:11s}{note:12s}"
        f" first {row['first_ms']:6.0f} ms {row['first_bytes'] / 1e3:6.1f} kB |{row['bytes_s'] / 1e3:9.2f} kB/s"
        f"{row['cpu']:7.2f} % cpu  longest {row['longest_ms']:6.1f} ms  p99 {row['p99_ms']:5.2f}"
        f"  rss {row['rss']:4.0f} MB" + (f"  {row['bytes_key']:.0f} B/key" if row["bytes_key"] else ""),
        flush=True,
    )


def main() -> None:
    quick = "--quick" in sys.argv
    show(ours := measure("fundtui", 2000, 0.5, 10))
    show(measure("fundtui", 2000, 0.5, 10, resort=True), "re-sort 1/s")
    show(measure("stock", 2000, 0.5, 10), "no diff")
    show(peer := measure("datatable", 2000, 0.5, 10))
    fewer, less = peer["bytes_s"] / ours["bytes_s"], peer["cpu"] / max(ours["cpu"], 0.01)
    print(f"ratio: {fewer:.0f}x fewer bytes, {less:.0f}x less CPU")
    if quick:
        return
    show(measure("fundtui", 2000, 0.05, 1))
    show(more := measure("fundtui", 15000, 0.5, 10))
    print(f"15,000 against 2,000: bytes {more['bytes_s'] / ours['bytes_s']:.2f}x, CPU {more['cpu'] / ours['cpu']:.2f}x")
    show(measure("fundtui", 2000, 0.0, 1), "idle")
    show(measure("fundtui", 2000, 0.5, 10, size=(320, 90)))
    show(measure("fundtui", 2000, 0.05, 1, keys=(b"\x1b[6~", 2)), "PgDn")
    show(measure("datatable", 2000, 0.05, 1, keys=(b"\x1b[6~", 2)), "PgDn")
    show(measure("fundtui", 2000, 0.05, 1, keys=(b"\x1b[B", 30)), "Down 30/s")
    show(measure("datatable", 2000, 0.05, 1, keys=(b"\x1b[B", 30)), "Down 30/s")


if __name__ == "__main__":
    main()
