"""The rows that are drawn before Textual is there stand where the main screen puts them."""

from __future__ import annotations

import subprocess
import sys

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


def test_textual_is_not_needed_for_it() -> None:
    code = "import sys, fundtui.ui.launch, fundtui.ui.firstframe; print([m for m in sys.modules if m == 'textual'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
