"""Settings from variables such as FUNDTUI_DISPLAY__RATE_BASIS and FUNDTUI_WATCHLISTS__MAJORS__ASSETS."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from fundtui.config.kinds import WrongValue, expected, read, shape, shown
from fundtui.config.lines import Path
from fundtui.config.schema import NAMED, RETIRED, Settings
from fundtui.config.tree import PRESENT, Report, Values, field_at, fields, nearest, table_type, tables_type

PREFIX = "FUNDTUI_"


def collect_environment(environment: Mapping[str, str], known: Iterable[Path], report: Report) -> dict[Path, str]:
    """Path -> the variable that sets it, for all variables that hold settings (those with a double underscore).

    `known` are the paths of named tables that exist so far; they lend their spelling, so that WIDE_SPREAD means
    wide-spread. A variable that names no setting is reported under its own name.
    """
    named = set(known)
    found: dict[Path, str] = {}
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and "__" in variable:
            parts = tuple(variable.removeprefix(PREFIX).lower().split("__"))
            path = _spelled(parts, named)
            if field_at(path) is None:
                report((variable,), RETIRED.get(path) or _unknown(path))
            else:
                found[path] = variable
    return found


def read_variables(variables: Mapping[Path, str], environment: Mapping[str, str], report: Report) -> Values:
    """The values of these variables."""
    values: Values = {}
    for path, variable in variables.items():
        try:
            values[path] = read_text(environment[variable], field_at(path))
        except WrongValue as error:
            report((variable,), str(error))
            continue
        if (table := name_of_table(path)) is not None:
            values.setdefault(table, PRESENT)
    return values


def read_text(text: str, field_type: Any) -> Any:
    """A setting written in a variable or a flag: plain text, a comma-separated list, or TOML. Raises WrongValue."""
    origin = typing.get_origin(shape(field_type).base)
    if origin is tuple and not text.lstrip().startswith("["):
        return read([part.strip() for part in text.split(",") if part.strip()], field_type)
    if origin in (tuple, dict):
        return read(_toml(text, field_type), field_type)
    return read(text.strip(), field_type, lax=True)


def name_of_table(path: Path) -> Path | None:
    """The path of the named table that a setting is in; None for settings outside of named tables."""
    item = fields(Settings)[path[0]]
    if tables_type(item.type) is not None:
        return path[:2]
    struct = table_type(item.type)
    return path[:2] if struct in NAMED and path[1] not in fields(struct) else None


def _toml(text: str, field_type: Any) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise WrongValue(f"expected {expected(field_type)}, not {shown(text)}") from error


def _spelled(parts: Path, named: set[Path]) -> Path:
    if len(parts) < 3:
        return parts
    name = next((path[1] for path in sorted(named) if path[0] == parts[0] and _same(path[1], parts[1])), None)
    return (parts[0], name or parts[1].replace("_", "-"), *parts[2:])


def _same(name: str, written: str) -> bool:
    return name.lower().replace("-", "_") == written.replace("-", "_")


def _unknown(path: Path) -> str:
    sections = fields(Settings)
    if path[0] not in sections:
        near = nearest(path[0], sections)
        return f"unknown section {path[0]}" + (f", did you mean {near}?" if near else "")
    struct = table_type(sections[path[0]].type) or tables_type(sections[path[0]].type)
    if struct in NAMED and len(path) == 3:
        struct = NAMED[struct][1]
    near = nearest(path[-1], fields(struct)) if struct is not None else ""
    return "unknown setting" + (f", did you mean {near.upper()}?" if near else "")
