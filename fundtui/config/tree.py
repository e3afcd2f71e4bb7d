"""Raw trees -> checked values by path -> settings. Every problem is collected; none stops the reading of the rest."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from fundtui.config.kinds import WrongValue, read, shape, shown
from fundtui.config.lines import Path
from fundtui.config.schema import NAMED, RETIRED, Settings

Values = dict[Path, Any]
"""Path of a setting -> its checked value. An empty named table is there as itself with the value PRESENT."""

PRESENT = object()
Report = Callable[[Path, str], None]
"""Takes a path and what is wrong there."""

NAME_RULE = "names are made of letters, digits, - + and _, at most 32"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,31}")


def is_name(text: str) -> bool:
    """Whether a named table may have this name."""
    return _NAME.fullmatch(text) is not None


def fields(struct: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """A struct's fields by the name they have in the file, without the one that holds named tables."""
    open_field = NAMED[struct][0] if struct in NAMED else None
    return {item.encode_name: item for item in msgspec.structs.fields(struct) if item.name != open_field}


def table_type(field_type: Any) -> type[msgspec.Struct] | None:
    """The struct of a field that is a table."""
    base = shape(field_type).base
    return base if isinstance(base, type) and issubclass(base, msgspec.Struct) else None


def tables_type(field_type: Any) -> type[msgspec.Struct] | None:
    """The struct of a field that is a table of named tables."""
    base = shape(field_type).base
    return table_type(typing.get_args(base)[1]) if typing.get_origin(base) is dict else None


def collect(tree: Mapping[str, Any], report: Report) -> Values:
    """All settings of a tree. What is unknown or wrong is reported and left out."""
    values: Values = {}
    _collect_struct(tree, Settings, (), values, report)
    return values


def _collect_struct(
    tree: Mapping[str, Any], struct: type[msgspec.Struct], path: Path, values: Values, report: Report
) -> None:
    known = fields(struct)
    for key, raw in tree.items():
        here = (*path, key)
        if (item := known.get(key)) is not None:
            _collect_field(raw, item.type, here, values, report)
        elif struct in NAMED and isinstance(raw, Mapping):
            _collect_named(raw, NAMED[struct][1], here, values, report)
        else:
            report(here, RETIRED.get(here) or _unknown(key, path, struct))


def _collect_field(raw: Any, field_type: Any, path: Path, values: Values, report: Report) -> None:
    table, tables = table_type(field_type), tables_type(field_type)
    if table is None and tables is None:
        try:
            values[path] = read(raw, field_type)
        except WrongValue as error:
            report(path, str(error))
        return
    if not isinstance(raw, Mapping):
        report(path, f"expected a table [{path[-1]}], not {shown(raw)}")
    elif table is not None:
        _collect_struct(raw, table, path, values, report)
    elif tables is not None:
        for name, inner in raw.items():
            if isinstance(inner, Mapping):
                _collect_named(inner, tables, (*path, name), values, report)
            else:
                report((*path, name), f"expected a table [{path[-1]}.NAME], not {shown(inner)}")


def _collect_named(
    raw: Mapping[str, Any], struct: type[msgspec.Struct], path: Path, values: Values, report: Report
) -> None:
    if not is_name(path[-1]):
        report(path, NAME_RULE)
        return
    values[path] = PRESENT
    _collect_struct(raw, struct, path, values, report)


def _unknown(key: str, path: Path, struct: type[msgspec.Struct]) -> str:
    known = fields(struct)
    near = nearest(key, known)
    if near:
        return f"unknown key, did you mean {near}?"
    homes = [name for name, item in fields(Settings).items() if _has(item.type, key)]
    if homes and not path:
        return f"unknown key here, it belongs in [{homes[0]}]"
    return "unknown key, known are " + ", ".join(known)


def _has(field_type: Any, key: str) -> bool:
    table = table_type(field_type)
    return table is not None and key in fields(table)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name nearest to a word; empty when none is near."""
    # Imported when something is wrong.
    import difflib

    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), sorted(names), n=1, cutoff=0.6)
    return names[near[0]] if near else ""


def field_at(path: Path) -> Any | None:
    """The type of the setting at a path; None when there is none."""
    struct: type[msgspec.Struct] = Settings
    place = 0
    while place < len(path):
        item = fields(struct).get(path[place])
        if item is None:
            if struct not in NAMED:
                return None
            struct = NAMED[struct][1]
        elif (table := table_type(item.type)) is not None:
            struct = table
        elif (tables := tables_type(item.type)) is not None:
            struct = tables
            place += 1
        else:
            return item.type if place == len(path) - 1 else None
        place += 1
    return None


def build(values: Values, report: Report) -> Settings:
    """Settings with these values and defaults for the rest. Named tables without a required key are reported."""
    if not values:
        return Settings()
    settings = _build(Settings, (), values, report)
    # Settings itself has a default for every field.
    return settings if isinstance(settings, Settings) else Settings()


def _build(struct: type[msgspec.Struct], path: Path, values: Values, report: Report) -> msgspec.Struct | None:
    arguments: dict[str, Any] = {}
    complete = True
    for key, item in fields(struct).items():
        here = (*path, key)
        if not item.required and not any(known[: len(here)] == here for known in values):
            # Its default stands. Looking into the types of all tables takes a start 3 ms.
            continue
        table, tables = table_type(item.type), tables_type(item.type)
        if table is not None:
            arguments[item.name] = _build(table, here, values, report)
        elif tables is not None:
            arguments[item.name] = _build_named(tables, here, values, report)
        elif here in values:
            arguments[item.name] = values[here]
        elif item.required:
            complete = False
            report(path, f"{key} is missing")
    if struct in NAMED:
        name, inner = NAMED[struct]
        arguments[name] = _build_named(inner, path, values, report)
    return struct(**arguments) if complete else None


def _build_named(struct: type[msgspec.Struct], path: Path, values: Values, report: Report) -> dict[str, msgspec.Struct]:
    depth = len(path)
    names = [key[depth] for key, value in values.items() if value is PRESENT and key[:depth] == path]
    built = {name: _build(struct, (*path, name), values, report) for name in names}
    return {name: item for name, item in built.items() if item is not None}
