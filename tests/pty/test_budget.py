"""Bytes that the screen may send, at 200x50 with 2,000 assets. Bytes do not depend on how busy the machine is."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.pty import app
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


ESCAPE = "\x1b"
QUIET = app.QUIET.encode()
COLUMNS, ROWS = 120, 40
CELLS = COLUMNS * ROWS
# What a change of everything may cost: each cell's character, and for every eighth of them a colour of 19 bytes.
WHOLE = CELLS + CELLS * 19 // 8
# On the map of heat every nine cells have a colour and a background of their own.
HEAT = CELLS + CELLS * 2 * 19 // 9
# One line and what the panels behind it say anew.
SMALL = 1_500
PLACES = {
    "help": ("?", ESCAPE, WHOLE),
    "palette": (":", ESCAPE, WHOLE),
    "filter": ("/", ESCAPE, SMALL),
    "columns": ("C", ESCAPE, WHOLE),
    "watchlists": ("W", ESCAPE, WHOLE),
    "explain": ("x", ESCAPE, WHOLE),
    "matrix": ("2", "1", HEAT),
    "pairs": ("3", "1", WHOLE),
    "asset": ("4", ESCAPE, WHOLE),
    "calendar": ("5", "1", WHOLE),
    "alerts": ("6", "1", WHOLE),
    "venues": ("7", "1", WHOLE),
    "journal": ("8", "1", WHOLE),
    "positions": ("9", "1", WHOLE),
    "settings": ("0", "1", WHOLE),
}


def cost(terminal: Terminal, keys: str) -> int:
    """Bytes that these keys lead to, at once and seconds later on the interface's own clock."""
    before = len(terminal.raw)
    terminal.send(keys)
    assert terminal.until(lambda: len(terminal.raw) > before)
    terminal.signal(signal.SIGUSR1)
    return drawn(terminal) - before


def drawn(terminal: Terminal) -> int:
    """Bytes in all once everything is drawn; the word that says so is not one of them."""
    assert terminal.until(lambda: QUIET in terminal.raw, 60)
    del terminal.raw[terminal.raw.index(QUIET) :]
    return len(terminal.raw)


def test_opening_and_closing_everything() -> None:
    # It answers nothing, so that no frame waits for how fast this test reads.
    with Terminal(python("tests/pty/app.py", "rich"), COLUMNS, ROWS, emulate=False, answer=False) as terminal:
        drawn(terminal)
        # Any key closes the word at the first start.
        cost(terminal, "j")
        # Drawing the main screen again is all that closing something may take.
        whole = cost(terminal, "\x0c")
        assert whole <= WHOLE
        for name, (opened, closed, most) in PLACES.items():
            # Before it is drawn for the first time it is empty: that may take each cell once more, as a blank.
            assert cost(terminal, opened) <= most + CELLS, name
            assert cost(terminal, closed) <= whole + SMALL, name
            again = cost(terminal, opened)
            assert again <= most, name
            back = cost(terminal, closed)
            # The same once more is the same to the byte.
            assert cost(terminal, opened) == again, name
            assert cost(terminal, closed) == back, name
