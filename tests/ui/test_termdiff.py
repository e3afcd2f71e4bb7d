"""The diff leaves a terminal in the same state as writing everything would, and sends far less."""

from __future__ import annotations

import random

import pyte
import pytest
from rich.color import ColorSystem
from rich.style import Style

from fundtui.ui.termdiff import Line, Run, TermDiff

COLUMNS, ROWS = 40, 12
STYLES = [
    Style(color="#ff0000", bgcolor="#101010"), Style(color="#00ff00", bgcolor="#101010"), Style(bgcolor="#202020"),
    Style(color="#ffffff", bgcolor="#101010", bold=True), Style(reverse=True), Style(), None,
]  # fmt: skip


class Screen:
    """A pyte terminal fed by a diff, beside the frame that it should show."""

    def __init__(self, diff: TermDiff) -> None:
        self.diff = diff
        diff.columns, diff.rows = COLUMNS, ROWS
        self.terminal = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.Stream(self.terminal)
        self.wanted: dict[int, list[Run]] = {}
        self.sent = 0

    def show(self, lines: list[Line]) -> None:
        for y, runs, start, end in lines:
            kept = [run for run in cells(self.wanted.get(y, [])) if not start <= run[0] < end]
            self.wanted[y] = sorted(kept + cells(runs), key=lambda run: run[0])
        text = self.diff.render(lines)
        self.sent += len(text)
        self.stream.feed(text)

    def same(self) -> bool:
        fresh = pyte.Screen(COLUMNS, ROWS)
        stream = pyte.Stream(fresh)
        whole = TermDiff(hardware_scroll=False)
        whole.columns, whole.rows = COLUMNS, ROWS
        stream.feed(whole.render([(y, runs, 0, COLUMNS) for y, runs in sorted(self.wanted.items())]))
        return all(shown(fresh, y, x) == shown(self.terminal, y, x) for y in range(ROWS) for x in range(COLUMNS))


def cells(runs: list[Run]) -> list[Run]:
    return [(x + index, character, style) for x, text, style in runs for index, character in enumerate(text)]


def shown(screen: pyte.Screen, y: int, x: int) -> tuple[object, ...]:
    cell = screen.buffer[y][x]
    # The foreground of a blank cannot be seen.
    foreground = None if cell.data == " " and not cell.reverse else cell.fg
    return (cell.data, foreground, cell.bg, cell.bold, cell.reverse)


def random_line(source: random.Random, start: int, end: int) -> list[Run]:
    runs: list[Run] = []
    x = start
    while x < end:
        size = min(source.randint(1, 9), end - x)
        text = source.choice([" " * size, "".join(source.choice("ab 12▁█") for _ in range(size))])
        runs.append((x, text, source.choice(STYLES)))
        x += size
    return runs


@pytest.mark.parametrize("seed", range(12))
def test_any_sequence_of_frames_ends_in_the_same_screen(seed: int) -> None:
    source = random.Random(seed)
    screen = Screen(TermDiff())
    content = [random_line(source, 0, COLUMNS) for _ in range(200)]
    top = 0
    screen.show([(y, content[y], 0, COLUMNS) for y in range(ROWS)])
    for _ in range(40):
        kind = source.random()
        if kind < 0.4:
            top = max(0, min(150, top + source.choice([-3, -1, 1, 1, 2, 10])))
            screen.show([(y, content[top + y], 0, COLUMNS) for y in range(2, ROWS)])
        elif kind < 0.7:
            start = source.randint(0, COLUMNS - 2)
            end = source.randint(start + 1, COLUMNS)
            screen.show([(source.randrange(ROWS), random_line(source, start, end), start, end)])
        else:
            y = source.randrange(ROWS)
            content[top + y] = random_line(source, 0, COLUMNS)
            screen.show([(y, content[top + y], 0, COLUMNS)])
        assert screen.same()


def test_scrolling_beside_a_panel_that_stays() -> None:
    source = random.Random(3)
    screen = Screen(TermDiff())
    content = [random_line(source, 0, 30) for _ in range(60)]
    panel = [random_line(source, 30, COLUMNS) for _ in range(ROWS)]
    screen.show([(y, content[y] + panel[y], 0, COLUMNS) for y in range(ROWS)])
    for top in (1, 2, 5, 4, 3):
        screen.show([(y, content[top + y], 0, 30) for y in range(1, ROWS)])
        assert screen.same()


def test_only_what_changed_is_sent() -> None:
    screen = Screen(TermDiff())
    style = STYLES[0]
    screen.show([(0, [(0, "BTC     ", style), (8, "+5.41%", style)], 0, 14)])
    before = screen.sent
    screen.show([(0, [(0, "BTC     ", style), (8, "+5.42%", style)], 0, 14)])
    assert screen.sent - before < 45
    before = screen.sent
    screen.show([(0, [(0, "BTC     ", style), (8, "+5.42%", style)], 0, 14)])
    assert screen.sent == before


def test_wide_characters_that_are_cut_are_written_again() -> None:
    screen = Screen(TermDiff())
    screen.show([(0, [(0, "漢字漢字", None), (8, "end", None)], 0, 11)])
    text = screen.diff.render([(0, [(3, "x", None)], 3, 4)])
    assert "x" in text
    # Both halves of what was cut are unknown now, so the next whole line writes them.
    again = screen.diff.render([(0, [(0, "漢字漢字", None), (8, "end", None)], 0, 11)])
    assert "漢字漢字" in again


def test_without_colour_no_colour_is_sent() -> None:
    diff = TermDiff()
    diff.use_colours(None)
    text = diff.render([(0, [(0, "a", STYLES[0]), (1, "b", STYLES[3])], 0, 2)])
    assert "38;" not in text
    assert "48;" not in text
    assert "\x1b[1m" in text


@pytest.mark.parametrize("system", [ColorSystem.STANDARD, ColorSystem.EIGHT_BIT])
def test_colours_are_reduced_to_what_the_terminal_has(system: ColorSystem) -> None:
    diff = TermDiff()
    diff.use_colours(system)
    text = diff.render([(0, [(0, "a", STYLES[0])], 0, 1)])
    assert "38;2" not in text
