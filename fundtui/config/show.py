"""The configuration for people: what is in force and why, a commented template, and the JSON schema."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import msgspec

from fundtui.config.kinds import Shape, shape, write
from fundtui.config.load import Loaded, Origin
from fundtui.config.schema import NAMED, Settings
from fundtui.config.secret import MASK
from fundtui.config.tree import fields, table_type, tables_type


class Setting(msgspec.Struct, frozen=True):
    """One setting in force: dotted key, its value as TOML (secrets masked), and where it comes from."""

    key: str
    value: str
    origin: Origin


def settings_in_force(loaded: Loaded) -> Iterator[Setting]:
    """All settings in the schema's order; of named tables only what is set."""
    for path, value, form in _leaves(loaded.settings, ()):
        key = ".".join(path)
        named = len(path) > 2
        if value is None or (named and key not in loaded.origins):
            continue
        yield Setting(key, _masked(path, value, form), loaded.origins.get(key, Origin()))


def _leaves(struct: msgspec.Struct, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Shape]]:
    for key, item in fields(type(struct)).items():
        value = getattr(struct, item.name)
        if table_type(item.type) is not None:
            yield from _leaves(value, (*path, key))
        elif tables_type(item.type) is not None:
            for name, inner in value.items():
                yield from _leaves(inner, (*path, key, name))
        else:
            yield (*path, key), value, shape(item.type)
    if type(struct) in NAMED:
        for name, inner in getattr(struct, NAMED[type(struct)][0]).items():
            yield from _leaves(inner, (*path, name))


def _masked(path: tuple[str, ...], value: Any, form: Shape) -> str:
    if path[0] == "notify" and value and path[-1] in ("token", "token_cmd", "url_cmd", "command"):
        return f'"{MASK}"'
    if path[-1] in ("url", "proxy", "base_url") and value and value != "none":
        return json.dumps(without_secrets(value))
    return to_toml(value, form)


def without_secrets(address: str) -> str:
    """An address without user, path and query, which may hold secrets."""
    try:
        parts = urlsplit(address)
        host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return MASK
    hidden = parts.username or parts.path.strip("/") or parts.query
    return f"{parts.scheme}://{host}" + (f"/{MASK}" if hidden else "")


def to_toml(value: Any, form: Shape) -> str:
    """A value as it is written in the file."""
    if form.kind is not None:
        return json.dumps(write(value, form.kind))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, StrEnum):
        return json.dumps(value.value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(json.dumps(item, ensure_ascii=False) for item in value) + "]"
    if isinstance(value, Mapping):
        inner = shape(typing.get_args(form.base)[1])
        return (
            "{ " + ", ".join(f"{key} = {to_toml(item, inner)}" for key, item in value.items()) + " }" if value else "{}"
        )
    return f"{value:.12g}" if isinstance(value, float) else str(value)


_TEMPLATE_HEAD = """\
# fundtui. Every setting is optional; what stands here after # is the default.
# Durations: "15s", "5m", "8h". Percentages: "25%", "5bp". Amounts: "250k", "10M".
# Variables override this file: FUNDTUI_DISPLAY__RATE_BASIS=8h
"""

_TEMPLATE_EXAMPLES = {
    "watchlists": """\
# [watchlists.majors]
# assets = ["BTC", "ETH", "SOL"]

# [watchlists.wide]
# where = "spread > 25% and oi > 20M"
# sort = "-spread"
""",
    "venues": """\
# [venues.binance]
# poll = "15s"
# taker_fee = "0.045%"
""",
    "alerts": """\
# [alerts.wide-spread]
# when = "spread > 25% and breakeven < 3d"
# for = "5m"
# severity = "warning"
# notify = ["terminal", "ntfy"]
""",
    "notify": """\
# [notify.ntfy]
# url = "https://ntfy.example/desk"
# token_env = "NTFY_TOKEN"
""",
    "positions": """\
# [positions.hedge]
# venue = "binance"
# symbol = "BTCUSDT"
# side = "short"
# size = 0.5
""",
}


def default_toml() -> str:
    """A commented file with every setting at its default and an example of each named table."""
    parts = [_TEMPLATE_HEAD]
    for key, item in fields(Settings).items():
        struct = table_type(item.type)
        if struct is not None and fields(struct):
            parts.append(_template_table(key, struct))
        if key in _TEMPLATE_EXAMPLES:
            parts.append(_TEMPLATE_EXAMPLES[key])
    return "\n".join(parts)


def _template_table(name: str, struct: type[msgspec.Struct]) -> str:
    lines = [f"[{name}]"]
    for key, item in fields(struct).items():
        form = shape(item.type)
        value = item.default_factory() if item.default is msgspec.NODEFAULT else item.default
        lines.append(f"# {key} = {to_toml(value, form)}".ljust(34) + f"  # {form.description}")
    return "\n".join(lines) + "\n"


def json_schema() -> dict[str, Any]:
    """The JSON schema of the file, for editors."""
    schema = msgspec.json.schema(Settings)
    definitions: dict[str, Any] = schema["$defs"]
    for struct in _structs(Settings):
        definition = definitions[struct.__name__]
        definition["additionalProperties"] = False
        if struct in NAMED:
            inner = definition["properties"].pop(NAMED[struct][0])
            definition["additionalProperties"] = inner["additionalProperties"]
        for key, item in fields(struct).items():
            if table_type(item.type) is not None:
                del definition["properties"][key]["default"]
            _as_written(definition["properties"][key], shape(item.type), item.default)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "fundtui config.toml"
    return schema


def _structs(struct: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    yield struct
    for item in fields(struct).values():
        inner = table_type(item.type) or tables_type(item.type)
        if inner is not None:
            yield from _structs(inner)
    if struct in NAMED:
        yield from _structs(NAMED[struct][1])


def _as_written(schema: dict[str, Any], form: Shape, default: Any) -> None:
    # Numbers that are written as text have their defaults as text too; their bounds are left to the checks.
    if form.kind is None:
        return
    for part in (schema, *schema.get("anyOf", ())):
        part.pop("minimum", None)
        part.pop("maximum", None)
        if part.get("type") == "number":
            part["type"] = "string"
    if isinstance(default, float):
        schema["default"] = write(default, form.kind)
