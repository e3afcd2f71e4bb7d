"""Where each key of a TOML text stands, for error messages. The text has been read by tomllib before: it is valid."""

from __future__ import annotations

import re

Path = tuple[str, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEYS = re.compile(rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*")
_ONE_KEY = re.compile(_KEY)
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_TOKEN = re.compile(
    r"""
      \"{3}(?:[^\\]|\\.)*?\"{3,5}     # multi-line text
    | \'{3}.*?\'{3,5}
    | \"(?:[^"\\\n]|\\.)*\"          # text
    | \'[^'\n]*\'
    | \#[^\n]*                       # comment
    | [\[\]{}\n]                     # what opens, closes or ends a value
    | [^"'#\[\]{}\n]+
    """,
    re.DOTALL | re.VERBOSE,
)


def line_numbers(text: str) -> dict[Path, int]:
    """Path of a key or table -> its line, counted from 1. Keys of inline tables have the line of the whole value."""
    lines: dict[Path, int] = {}
    table: Path = ()
    place = _blank(text, 0)
    while place < len(text):
        line = text.count("\n", 0, place) + 1
        header = text[place] == "["
        start = place + (2 if text.startswith("[[", place) else 1) if header else place
        while text[start] in " \t":
            start += 1
        keys = _KEYS.match(text, start)
        if keys is None:
            break
        path = tuple(_plain(match[0]) for match in _ONE_KEY.finditer(keys[0]))
        if header:
            table = path
        whole = table if header else table + path
        # Parents that a dotted key or a header brings into being stand on the same line.
        for depth in range(1, len(whole) + 1):
            lines.setdefault(whole[:depth], line)
        place = _blank(text, _end_of_header(text, keys.end()) if header else _end_of_value(text, keys.end()))
    return lines


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """The line of a path, or of the nearest table around it."""
    for depth in range(len(path), 0, -1):
        if path[:depth] in lines:
            return lines[path[:depth]]
    return None


def _blank(text: str, place: int) -> int:
    match = _BLANK.match(text, place)
    return match.end() if match else place


def _end_of_header(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _end_of_value(text: str, place: int) -> int:
    depth = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            return len(text)
        token = match[0]
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
        elif token == "\n" and depth == 0:
            return place
        place = match.end()
    return place


def _plain(key: str) -> str:
    return key[1:-1] if key[0] in "\"'" else key
