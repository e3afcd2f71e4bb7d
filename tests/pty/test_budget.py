"""Bytes that the screen may send, at 200x50 with 2,000 assets. Bytes do not depend on how busy the machine is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.pty.terminal import Terminal, python


def table(tmp_path: Path, share: float, batches: float) -> Terminal:
    argv = python("tests/bench/screen_child.py", "fundtui", "2000", str(share), str(batches), "sorted-by-name")
    terminal = Terminal(argv, 200, 50, env={"BENCH_OUT": str(tmp_path / "out")}, emulate=False)
    assert terminal.until(lambda: b"TOK0" in terminal.raw, 30)
    terminal.settle(0.5, 3)
    return terminal


def sent(terminal: Terminal, seconds: float) -> int:
    before = len(terminal.raw)
    terminal.until(lambda: False, seconds)
    return len(terminal.raw) - before


def test_the_first_screen_paging_and_a_held_key(tmp_path: Path) -> None:
    with table(tmp_path, 0.0, 1) as terminal:
        assert len(terminal.raw) <= 30_000
        terminal.send("j")
        terminal.until(lambda: False, 5.0)
        before = len(terminal.raw)
        terminal.send("\x1b[6~")
        assert terminal.until(lambda: len(terminal.raw) - before > 5_000)
        terminal.settle(0.5, 2)
        assert len(terminal.raw) - before <= 20_000
        terminal.until(lambda: False, 4.0)
        before = len(terminal.raw)
        for _ in range(80):
            terminal.send("\x1b[B")
            terminal.until(lambda: False, 1 / 30)
        assert (len(terminal.raw) - before) / 80 <= 1_500


@pytest.mark.parametrize(("share", "batches", "most"), [(0.05, 1, 600), (0.5, 10, 5_000)])
def test_changing_rows(tmp_path: Path, share: float, batches: float, most: int) -> None:
    with table(tmp_path, share, batches) as terminal:
        terminal.send("j")
        terminal.until(lambda: False, 5.0)
        start = time.perf_counter()
        count = sent(terminal, 5.0)
        assert 0 < count / (time.perf_counter() - start) <= most
