"""All settings with their values and where those come from, and which of them can be changed on the screen."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from fundtui.config.kinds import shape
from fundtui.config.load import Layer, Loaded, Origin
from fundtui.config.schema import Display, Settings
from fundtui.config.show import settings_in_force, to_toml
from fundtui.config.tree import field_at, fields
from fundtui.imbalance.catalogue import Level
from fundtui.query import QueryError, parse_sort
from fundtui.text import clean
from fundtui.ui.preferences import value_of

if TYPE_CHECKING:
    from fundtui.ui.options import Options

# What can be changed here holds at once, can be seen, and harms nothing.
CHANGED_HERE = (
    "rate_basis", "lens", "shared_scale", "theme", "glyphs", "color", "fps", "slow", "mouse", "watchlist", "sort",
    "welcome",
)  # fmt: skip
FRAME_RATES = (1, 2, 5, 10, 15, 20, 30, 60)
_FLAGS = {"mouse": ("mouse", "--no-mouse"), "slow": ("slow", "--slow"), "color": ("colour", "--no-color")}
_DRAFT = "not saved"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as the screen shows it. `place` is its order in the schema, those that can be changed first."""

    place: int
    key: str
    value: str
    origin: str
    layer: Layer
    default: str
    meaning: str
    here: bool = False
    draft: bool = False


def rows(loaded: Loaded, settings: Settings, drafts: Mapping[str, Any], options: Options) -> list[Row]:
    """All settings: `loaded` as files, variables and flags have them, `settings` with the drafts of the screen."""
    found = list(_rows(loaded, settings, drafts, options))
    found.sort(key=lambda row: not row.here)
    return [msgspec.structs.replace(row, place=place) for place, row in enumerate(found)]


def _rows(loaded: Loaded, settings: Settings, drafts: Mapping[str, Any], options: Options) -> Iterator[Row]:
    for each in settings_in_force(loaded):
        path = tuple(each.key.split("."))
        form = shape(field_at(path))
        here = path[0] == "display" and path[-1] in CHANGED_HERE
        draft = each.key in drafts
        value, origin, layer = each.value, where_from(each.origin, loaded), each.origin.layer
        if draft:
            value, origin = to_toml(value_of(settings, each.key), form), _DRAFT
        elif (flag := _flag(path, options)) is not None:
            value, origin, layer = *flag, Layer.FLAG
        yield Row(
            place=0,
            key=each.key,
            value=clean(value),
            origin=clean(origin),
            layer=layer,
            default=default_of(path),
            meaning=form.description,
            here=here,
            draft=draft,
        )


def _flag(path: tuple[str, ...], options: Options) -> tuple[str, str] | None:
    """What a flag that is no setting of the file says, and the flag."""
    option, flag = _FLAGS.get(path[-1], ("", "")) if path[0] == "display" else ("", "")
    said = getattr(options, option) if option else None
    if said is None:
        return None
    return ('"never"' if path[-1] == "color" else str(said).lower()), flag


def where_from(origin: Origin, loaded: Loaded) -> str:
    """Where a value comes from, files by their names alone."""
    names = {str(loaded.path): loaded.path.name, str(loaded.state_path): loaded.state_path.name}
    if origin.source not in names:
        return str(origin)
    return names[origin.source] + (f":{origin.line}" if origin.line else "")


def default_of(path: tuple[str, ...]) -> str:
    """The default of a setting as TOML; empty where there is none."""
    if len(path) != 2 or path[0] not in fields(Settings):
        return ""
    section = getattr(Settings(), path[0], None)
    value = getattr(section, path[1], None)
    return "" if value is None else to_toml(value, shape(field_at(path)))


def choices(key: str, themes: Sequence[str], lists: Sequence[str]) -> tuple[Any, ...]:
    """The values that a setting can have, in order; none where it is text."""
    name = key.removeprefix("display.")
    named: dict[str, tuple[Any, ...]] = {"theme": tuple(themes), "watchlist": ("", *lists), "fps": FRAME_RATES}
    if name in named:
        return named[name]
    base = shape(typing.get_type_hints(Display, include_extras=True)[name]).base
    if base is bool:
        return (False, True)
    return tuple(base) if isinstance(base, type) and issubclass(base, StrEnum) else ()


def after(values: Sequence[Any], value: Any, by: int) -> Any:
    """The value that comes `by` places behind another one, round and round; the first where that is none of them."""
    return values[(values.index(value) + by) % len(values)] if value in values else values[0]


def wrong_sort(text: str) -> str:
    """What is wrong with an order; "" if nothing."""
    try:
        parse_sort(text.strip(), Level.ASSET)
    except QueryError as error:
        return clean(error.message)
    return ""
