"""The rows that are drawn before Textual is there stand where the main screen puts them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from fundtui.ui.firstframe import first_frame
from fundtui.ui.options import Options
from fundtui.ui.termdiff import TermDiff
from tests.ui.market import FixedClock, Market
from tests.ui.pilot import driven


def drawn(market: Market, columns: int, rows: int) -> list[str]:
    diff = TermDiff()
    diff.columns, diff.rows = columns, rows
    lines = first_frame(market, Options(), diff)
    return ["".join(text for _, text, _ in runs) for _, runs, _, _ in lines]


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (160, 30), (200, 50), (250, 70)])
async def test_every_line_is_where_the_main_screen_has_it(columns: int, rows: int) -> None:
    first = drawn(Market(120, clock=FixedClock()), columns, rows)
    async with driven(Market(120, clock=FixedClock()), size=(columns, rows)) as drive:
        table = drive.app.main.table
        then = [line[: table.size.width - 1] for line in drive.lines[: 1 + table.size.height]]
    assert len(first) == len(then)
    for before, after in zip(first[1:], then[1:], strict=True):
        assert before[: table.size.width - 1].rstrip() == after.rstrip()
    assert first[0].split()[:3] == then[0].split()[:3]


@pytest.mark.parametrize(("columns", "rows"), [(40, 24), (120, 8)])
def test_the_compact_summary_is_left_to_the_application(columns: int, rows: int) -> None:
    assert drawn(Market(120, clock=FixedClock()), columns, rows) == []


def test_without_rows_there_is_nothing_to_draw() -> None:
    assert drawn(Market(0, clock=FixedClock()), 120, 40) == []


AFTER_THE_FIRST_ROWS = {
    "the application": {"textual"},
    "alerts": {"fundtui.alerts.alerting", "fundtui.alerts.sinks", "fundtui.alerts.rule", "hmac"},
    "the record": {
        "fundtui.history.record",
        "fundtui.history.backfill",
        "fundtui.keeping",
        "fundtui.budgets",
        "sqlite3",
    },
    "the HTTP client": {"httpx2", "fundtui.polling.live", "fundtui.polling.http"},
    "what only mistakes and late answers need": {"difflib", "email", "statistics"},
    "what changes the configuration": {"fundtui.config.show", "fundtui.config.state", "tomli_w"},
}

UNTIL_DRAWN = """
import os, sys
from fundtui import cli
from fundtui.imbalance.catalogue import Level
from fundtui.ui import firstframe

def drawn(source, options):
    os.write(1, (f"{source.table(Level.ASSET).count}\\n" + "\\n".join(sys.modules)).encode())
    os._exit(0)

firstframe.draw_first_frame = drawn
cli.main(["demo"])
"""


def test_little_is_imported_before_the_first_rows(tmp_path: Path) -> None:
    terminal, side = pty.openpty()
    folders = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "STATE")}
    done = subprocess.run(
        [sys.executable, "-c", UNTIL_DRAWN],
        stdin=side,
        stdout=subprocess.PIPE,
        stderr=side,
        text=True,
        env={**os.environ, **folders},
        check=True,
    )
    os.close(side)
    os.close(terminal)
    count, *modules = done.stdout.splitlines()
    assert int(count) > 50
    for room, late in AFTER_THE_FIRST_ROWS.items():
        assert not late & set(modules), f"imported before the first rows: {room}"


def test_the_screen_is_taken_before_words_are_read() -> None:
    root = Path(__file__).resolve().parents[2]
    code = f"import sys; sys.path.insert(0, {str(root)!r}); import fundtui.cli; print(*sys.modules)"
    # Without `site`, whose own imports are the machine's business.
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert not {"argparse", "re", "typing", "asyncio", "numpy", "textual"} & set(ended.stdout.split())
