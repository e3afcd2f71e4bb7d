"""The filter of lists that are no tables: words that a row must have, `column:part` for one column, `!` for none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

_COMPARED = re.compile(r"([a-z_]+)(<=|>=|<|>)(.+)")


class WordFilterError(Exception):
    """A word that cannot be understood; the message says why, `column` where it stands (from 1)."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message, self.column = message, column


class WordFilter:
    """All words must hold: `bybit`, `!btc`, `venue:okx`, `kind:settled`, `rows>100`."""

    def __init__(self, text: str, columns: Sequence[str]) -> None:
        """Raises WordFilterError for a column that does not exist or a number that is none."""
        self.text = text.strip()
        self._tests = [_test(match[0], match.start() + 1, columns) for match in re.finditer(r"\S+", text)]

    @property
    def empty(self) -> bool:
        """Whether it lets everything through."""
        return not self._tests

    def passes(self, values: dict[str, float | str]) -> bool:
        """Whether a row with these values by column passes."""
        return all(test(values) for test in self._tests)


Test = Callable[[dict[str, Any]], bool]


def _test(word: str, column: int, columns: Sequence[str]) -> Test:
    if word.startswith("!") and len(word) > 1:
        inner = _test(word[1:], column + 1, columns)
        return lambda values: not inner(values)
    if match := _COMPARED.fullmatch(word):
        return _comparison(match, column, columns)
    name, colon, part = word.partition(":")
    if colon and name in columns:
        wanted = part.casefold()
        return lambda values: wanted in str(values[name]).casefold()
    wanted = word.casefold()
    return lambda values: any(isinstance(value, str) and wanted in value.casefold() for value in values.values())


def _comparison(match: re.Match[str], column: int, columns: Sequence[str]) -> Test:
    name, sign, written = match.groups()
    if name not in columns:
        raise WordFilterError(f"no column {name}", column)
    try:
        limit = float(written)
    except ValueError:
        raise WordFilterError(f"not a number: {written}", column + match.start(3)) from None
    compare: dict[str, Callable[[float], bool]] = {
        "<": lambda value: value < limit,
        ">": lambda value: value > limit,
        "<=": lambda value: value <= limit,
        ">=": lambda value: value >= limit,
    }
    return lambda values: isinstance(values[name], (int, float)) and compare[sign](values[name])
