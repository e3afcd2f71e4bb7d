"""A piece of a venue's last answers: the rows that are about one instrument, field by field as they came."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fundtui.market import Excerpt
from fundtui.polling.line import Line
from fundtui.text import clean

DEEPEST = 5
"""How deep answers are looked through."""
MOST_FIELDS = 40
MOST_TEXT = 96
MOST_BESIDE = 3
"""Lists side by side that may describe the same things, column by column."""
_SCALAR = (str, int, float, bool)


def excerpts(lines: Iterable[Line], names: Collection[str]) -> tuple[Excerpt, ...]:
    """What each endpoint last said about the instrument with one of these names; nothing of those that said nothing."""
    wanted = frozenset(name for name in names if name)
    found = []
    for line in lines:
        if line.known and line.value is not None:
            for row in _rows(line.value, wanted, DEEPEST):
                if fields := _fields(row):
                    found.append(Excerpt(endpoint=clean(line.endpoint.name), time_ms=line.answered_ms, fields=fields))
                    break
    return tuple(found)


def _rows(value: Any, names: frozenset[str], depth: int) -> Iterator[Any]:
    """The innermost things that name the instrument, with what stands at the same place beside them."""
    if depth == 0:
        return
    if isinstance(value, Mapping):
        for name in names & value.keys():
            yield value[name]
        if any(isinstance(each, str) and each in names for each in value.values()):
            yield value
            return
        for each in value.values():
            if _holds(each):
                yield from _rows(each, names, depth - 1)
        return
    if isinstance(value, msgspec.Struct):
        parts = [getattr(value, name) for name in value.__struct_fields__]
        if any(isinstance(each, str) and each in names for each in parts):
            yield value
            return
        yield from _of_parts(parts, names, depth)
        return
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if any(isinstance(each, str) and each in names for each in value):
            yield value
        elif isinstance(value, tuple) and any(_names(each, names) for each in value):
            # A pair of rows that belong together: what it is, and its figures.
            yield value
        else:
            yield from _of_parts(value, names, depth)


def _of_parts(parts: Sequence[Any], names: frozenset[str], depth: int) -> Iterator[Any]:
    """Looks into each part. Lists of the same length side by side describe the same things in the same order."""
    lists = [each for each in parts if isinstance(each, Sequence) and not isinstance(each, str | bytes)]
    together_of = len(lists) == len(parts) and 1 < len(parts) <= MOST_BESIDE < len(lists[0])
    if together_of and len({len(each) for each in lists}) == 1:
        for together in zip(*lists, strict=True):
            if any(True for each in together for _ in _rows(each, names, depth - 1)):
                yield tuple(together)
                return
    for each in parts:
        if _holds(each):
            yield from _rows(each, names, depth - 1)


def _names(value: Any, names: frozenset[str]) -> bool:
    """Whether a row itself names the instrument."""
    if isinstance(value, msgspec.Struct):
        return any(isinstance(each := getattr(value, name), str) and each in names for name in value.__struct_fields__)
    return isinstance(value, Mapping) and any(isinstance(each, str) and each in names for each in value.values())


def _holds(value: Any) -> bool:
    return isinstance(value, Mapping | msgspec.Struct | list | tuple)


def _fields(row: Any) -> dict[str, Any]:
    """Names and values of a row, what is nested with its path; text is made harmless."""
    return dict(_walk(row, "")[:MOST_FIELDS])


def _walk(value: Any, path: str) -> list[tuple[str, Any]]:
    if value is None or value is msgspec.UNSET:
        return []
    if isinstance(value, _SCALAR):
        return [(path or "value", clean(value, MOST_TEXT) if isinstance(value, str) else value)]
    if isinstance(value, msgspec.Struct):
        pairs: Iterable[tuple[Any, Any]] = ((name, getattr(value, name)) for name in value.__struct_fields__)
    elif isinstance(value, Mapping):
        pairs = value.items()
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        rows = all(isinstance(each, msgspec.Struct) for each in value)
        pairs = (("" if rows else place, each) for place, each in enumerate(value))
    else:
        return []
    found: list[tuple[str, Any]] = []
    for name, each in pairs:
        inner = clean(name, MOST_TEXT) if isinstance(name, str) else f"{name}"
        found += _walk(each, f"{path}.{inner}" if path and inner else path or inner)
        if len(found) > MOST_FIELDS:
            break
    return found
