"""The diff: a terminal shows what stock Textual would show, for far fewer bytes, and no line is flooded."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pyte
import pytest

from fundtui.ui.output import MAX_UNANSWERED, TESTED_VERSION, Pacer, supported
from tests.pty.terminal import Terminal, python
from tests.ui.market import FixedClock

Script = Callable[[Terminal], None]


def keys(*pressed: str, pause: float = 0.12) -> Script:
    def play(terminal: Terminal) -> None:
        for key in pressed:
            terminal.send(key)
            terminal.until(lambda: False, pause)

    return play


def resized(*sizes: tuple[int, int]) -> Script:
    def play(terminal: Terminal) -> None:
        for columns, rows in sizes:
            terminal.resize(columns, rows)
            terminal.until(lambda: False, 0.15)

    return play


def toasted(terminal: Terminal) -> None:
    terminal.signal(signal.SIGUSR1)
    terminal.wait_for("a word in the corner")
    keys("j", "j", "\x1b[6~")(terminal)
    terminal.until(lambda: not terminal.shows("a word in the corner"), 5)


PAGE_DOWN, PAGE_UP, DOWN, UP, ESCAPE = "\x1b[6~", "\x1b[5~", "\x1b[B", "\x1b[A", "\x1b"
SCRIPTS: dict[str, Script] = {
    "nothing": keys(),
    "down": keys(*[DOWN] * 35),
    "down and up": keys(*[DOWN] * 30, *[UP] * 28),
    "pages": keys(PAGE_DOWN, PAGE_DOWN, PAGE_UP, "G", "g"),
    "sort": keys("l", "l", ">", ">", "<"),
    "wide and back": keys("w", "w"),
    "basis and lens": keys("b", "e", PAGE_DOWN),
    "filter": keys("/", "t", "o", "\r", ESCAPE),
    "help": keys("?", "j", "j", ESCAPE),
    "palette": keys(":", "t", "h", "e", ESCAPE, pause=0.4),
    "theme": keys("t", DOWN, "t"),
    "toast": toasted,
    "resize": resized((100, 30), (200, 50), (80, 24), (120, 40)),
    "asset": keys("\r", ESCAPE, pause=0.3),
    "explain": keys("x", ESCAPE, pause=0.3),
    "redraw": keys("\x0c"),
}


def seen(screen: pyte.Screen, first: int) -> list[tuple[object, ...]]:
    """Every cell: character and background, and the foreground where it can be seen."""
    return [
        (y, x, cell.data, cell.bg, None if cell.data == " " else (cell.fg, cell.bold))
        for y in range(first, screen.lines)
        for x in range(screen.columns)
        for cell in (screen.buffer[y][x],)
    ]


def differing(ours: pyte.Screen, stock: pyte.Screen) -> list[tuple[tuple[object, ...], tuple[object, ...]]]:
    """The first cells that differ."""
    # On a slow machine the header tells the line's round trip, which only paced output knows.
    first = 1 if "link " in ours.display[0] else 0
    pairs = zip(seen(ours, first), seen(stock, first), strict=True)
    return [(one, other) for one, other in pairs if one != other][:5]


def played(script: Script, *options: str, size: tuple[int, int], scenario: str = "still") -> pyte.Screen:
    with Terminal(python("tests/pty/app.py", scenario, *options), *size) as terminal:
        terminal.wait_for("/ filter")
        terminal.settle()
        script(terminal)
        # The order is held for a while after the last key; then both screens have come to rest.
        terminal.until(lambda: not terminal.shows("held") and terminal.shows(" 14:13 UTC"), 25)
        terminal.settle()
        return terminal.screen


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_screen_is_the_one_that_stock_output_gives(name: str) -> None:
    size = (200, 50) if name in {"down", "pages", "palette"} else (120, 40)
    ours = played(SCRIPTS[name], size=size)
    stock = played(SCRIPTS[name], "stock", size=size)
    assert differing(ours, stock) == []


def test_wide_and_hostile_names_too() -> None:
    script = keys(*[DOWN] * 29, PAGE_UP)
    ours = played(script, size=(120, 40), scenario="hostile")
    stock = played(script, "stock", size=(120, 40), scenario="hostile")
    assert differing(ours, stock) == []


def test_the_installed_textual_is_the_tested_one() -> None:
    import textual

    assert textual.__version__.startswith(TESTED_VERSION)
    assert supported()


def test_nothing_is_sent_while_nothing_changes() -> None:
    with Terminal(python("tests/pty/app.py", "still"), 200, 50) as terminal:
        terminal.wait_for("/ filter")
        # While data flows the clock shows seconds; it stops showing them once everything is quiet.
        assert terminal.until(lambda: terminal.shows(" 14:13 UTC"), 25)
        terminal.settle(1.0)
        sent = len(terminal.raw)
        terminal.until(lambda: False, 2.0)
        assert len(terminal.raw) == sent


def test_a_slow_line_is_never_owed_more_than_two_frames() -> None:
    with Terminal(python("tests/pty/app.py", "moving"), delay=0.4) as terminal:
        terminal.wait_for("/ filter")
        terminal.until(lambda: False, 1.5)
        asked, start = terminal.raw.count(b"\x1b[6n"), time.monotonic()
        terminal.until(lambda: False, 3.0)
        frames = terminal.raw.count(b"\x1b[6n") - asked
        assert 2 <= frames <= (time.monotonic() - start) / 0.4 * MAX_UNANSWERED + MAX_UNANSWERED
        terminal.wait_for("link ")


def test_a_terminal_that_answers_nothing_is_drawn_to_all_the_same() -> None:
    with Terminal(python("tests/pty/app.py", "moving"), answer=False) as terminal:
        terminal.wait_for("/ filter")
        sent = len(terminal.raw)
        terminal.until(lambda: False, 2.0)
        assert len(terminal.raw) > sent
        assert terminal.raw.count(b"\x1b[6n") == 1


def test_a_resize_storm_is_harmless() -> None:
    with Terminal(python("tests/pty/app.py", "moving")) as terminal:
        terminal.wait_for("/ filter")
        for step in range(40):
            terminal.resize(60 + step * 3, 15 + step)
            terminal.until(lambda: False, 0.03)
        terminal.resize(120, 40)
        terminal.until(lambda: False, 1.5)
        terminal.wait_for("/ filter")
        terminal.send("q")
        assert terminal.end(3.0) == 0


def test_stopped_and_continued_it_draws_itself_again() -> None:
    with Terminal(python("tests/pty/app.py", "moving")) as terminal:
        terminal.wait_for("/ filter")
        terminal.signal(signal.SIGTSTP)
        # A signal to go on that comes before it has stopped would be spent on nothing.
        assert terminal.until(terminal.stopped)
        assert terminal.until(lambda: b"\x1b[?1049l" in terminal.raw, 1)
        terminal.screen.reset()
        terminal.signal(signal.SIGCONT)
        terminal.wait_for("/ filter")
        terminal.send("q")
        assert terminal.end(3.0) == 0


def answered_pacer() -> tuple[Pacer, FixedClock]:
    clock = FixedClock()
    pacer = Pacer(clock.monotonic)
    pacer.question()
    clock.seconds += 0.1
    pacer.answered(1)
    return pacer, clock


def test_the_round_trip_is_measured() -> None:
    pacer, _ = answered_pacer()
    assert pacer.round_trip_s == pytest.approx(0.1)


def test_two_unanswered_frames_hold_the_third() -> None:
    pacer, _ = answered_pacer()
    pacer.question()
    assert not pacer.busy()
    pacer.question()
    assert pacer.busy()
    pacer.answered(2)
    assert not pacer.busy()


def test_a_lost_answer_is_made_good_by_the_next_one() -> None:
    pacer, _ = answered_pacer()
    pacer.question()
    pacer.question()
    pacer.answered(3)
    assert not pacer.busy()
    pacer.question()
    assert not pacer.busy()


def test_silence_asks_again_but_never_gives_up() -> None:
    pacer, clock = answered_pacer()
    pacer.question()
    pacer.question()
    clock.seconds += 3600
    assert pacer.busy()
    assert pacer.silent()
    pacer.question()
    assert not pacer.silent()
    pacer.answered(4)
    assert not pacer.busy()


def test_a_position_that_nobody_asked_for_changes_nothing() -> None:
    pacer, _ = answered_pacer()
    pacer.question()
    pacer.question()
    pacer.answered(7)
    assert pacer.busy()


@pytest.mark.parametrize("key", ["?", "W"])
def test_resizing_under_a_small_screen_is_harmless(key: str) -> None:
    with Terminal(python("tests/pty/app.py", "moving"), 120, 40, emulate=False) as terminal:
        terminal.settle(0.5, 5)
        for _ in range(3):
            keys(key, pause=0.2)(terminal)
            resized((40, 20), (200, 50), (80, 24))(terminal)
            keys(ESCAPE, pause=0.2)(terminal)
        assert terminal.process.poll() is None
        terminal.send("q")
        assert terminal.end() == 0
