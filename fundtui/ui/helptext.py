"""Keys as lines of help, group by group."""

from __future__ import annotations

from collections.abc import Iterable

from fundtui.ui.keys import Key
from fundtui.ui.pieces import Line, Piece

_KEY_CELLS = 12


def help_head(title: str) -> Line:
    """The first line of a page of help."""
    return [(f"  {title}", "*accent"), ("   Esc closes", "dim")]


def headed(title: str, lines: Iterable[Line]) -> list[Line]:
    """Lines below a blank one and their heading."""
    return [[], [(f"  {title}", "*bright")], *lines]


def entry(name: str, meaning: str, role: str = "accent", room: int = _KEY_CELLS) -> list[Piece]:
    """A name and what it means."""
    return [(f"  {name:<{room}}", role), (meaning, "plain")]


def key_lines(keys: Iterable[Key]) -> list[Line]:
    """What each key does, in groups."""
    groups: dict[str, list[Line]] = {}
    for key in keys:
        groups.setdefault(key.group, []).append(entry(key.shown, key.help))
    return [line for group, lines in groups.items() for line in headed(group, lines)]
