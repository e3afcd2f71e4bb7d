"""Lines kept as runs: the same to everybody who asks for segments, and drawn anew when what they show changes."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from fundtui.ui.drawnline import DrawnLine
from fundtui.ui.paint import line_of
from tests.ui.pilot import driven

RED, BLUE = Style(color="red"), Style(color="blue")


def test_a_line_is_a_strip_like_any_other() -> None:
    line = line_of([("ab", RED), ("cdé", BLUE)], 8, RED)
    stock = Strip([Segment("ab", RED), Segment("cdé", BLUE), Segment("   ", RED)], 8)
    assert line == stock
    assert stock == line
    assert line.crop(1, 4) == Strip([Segment("b", RED), Segment("cd", BLUE)], 3)
    assert [part.text for part in line.divide([2, 8])] == ["ab", "cdé   "]
    assert line.divide([8]) == [line]


def test_runs_begin_where_the_line_stands() -> None:
    line = line_of([("ab", RED), ("c", BLUE)], 3, RED)
    assert line.runs(0) == [(0, "ab", RED), (2, "c", BLUE)]
    assert line.runs(10) == [(10, "ab", RED), (12, "c", BLUE)]
    assert line.joined(line_of([("d", RED)], 1, RED)).runs(0) == [(0, "ab", RED), (2, "c", BLUE), (3, "d", RED)]


def test_control_characters_and_what_is_too_long_never_get_in() -> None:
    line = line_of([("a\x1b[2Jb", RED), ("x" * 20, BLUE)], 12, RED)
    assert "\x1b" not in line.text
    assert line.cell_length == len(line.text) == 12


async def test_kept_rows_are_those_that_would_be_drawn_now() -> None:
    async with driven() as screen:
        await screen.press("j", "j", "pagedown", "k", "g", "j")
        before = list(screen.lines)
        screen.market.touch(screen.app.main.view.order[:5])
        await screen.draw(4.0)
        changed = list(screen.lines)
        assert changed != before
        screen.app.main.table._kept.clear()
        screen.app.main.table.mark_all()
        await screen.draw()
        assert screen.lines == changed
        assert all(type(line) is DrawnLine for line in screen.app.main.table._frame)
