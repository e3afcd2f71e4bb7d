"""Poor terminals: no colour, sixteen colours, no Unicode. Everything stays readable."""

from __future__ import annotations

import re

import pytest

from tests.pty.terminal import Terminal, python

COLOUR = re.compile(rb"\x1b\[[0-9;]*(?:[349]8;[25]|;?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]))(?:;[0-9]+)*m")
RICH_COLOUR = re.compile(rb"[34]8;[25];")


def drawn(**env: str) -> bytes:
    with Terminal(python("tests/pty/app.py", "still"), env=env) as terminal:
        terminal.wait_for("quit")
        assert terminal.shows("spread")
        terminal.settle()
        for word in ("asset", "lowest", "venues", "why out"):
            assert terminal.shows(word)
        terminal.send("q")
        assert terminal.end(3.0) == 0
        return bytes(terminal.raw)


def test_the_terminal_s_own_size_counts_not_an_exported_one() -> None:
    drawn(COLUMNS="80", LINES="24")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_is_sent_where_none_is_wanted(env: dict[str, str]) -> None:
    assert not COLOUR.search(drawn(**env))


@pytest.mark.parametrize("env", [{"LC_ALL": "C"}, {"TERM": "dumb"}, {"TERM": "vt100"}])
def test_only_ascii_is_sent_where_there_is_no_unicode(env: dict[str, str]) -> None:
    assert drawn(**env).isascii()


def test_sixteen_colours_are_chosen_not_rounded() -> None:
    sent = drawn(TERM="xterm-16color", COLORTERM="")
    assert not RICH_COLOUR.search(sent)
    assert COLOUR.search(sent)


def test_256_colours_over_ssh_where_colorterm_is_lost() -> None:
    sent = drawn(COLORTERM="")
    assert b"38;5;" in sent
    assert b"38;2;" not in sent
