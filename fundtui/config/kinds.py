"""How settings are written: durations, percentages and amounts as text, and what to say when they are not."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from fundtui.text import one_line
from fundtui.units import parse_duration, parse_money, parse_percent


class Kind(StrEnum):
    """A number that is written as text."""

    DURATION = "duration"
    PERCENT = "percent"
    MONEY = "money"


Seconds = Annotated[float, Meta(extra={"kind": Kind.DURATION})]
Fraction = Annotated[float, Meta(extra={"kind": Kind.PERCENT})]
Dollars = Annotated[float, Meta(extra={"kind": Kind.MONEY})]

_EXAMPLE = {
    Kind.DURATION: 'a duration such as "15s", "5m" or "8h"',
    Kind.PERCENT: 'a percentage such as "0.045%" or "4.5bp"',
    Kind.MONEY: 'an amount such as "250k" or "10M"',
}
_PARSE = {Kind.DURATION: parse_duration, Kind.PERCENT: parse_percent, Kind.MONEY: parse_money}


class WrongValue(Exception):
    """A value of the wrong type or out of range. The text says what is expected."""


class Shape(msgspec.Struct, frozen=True):
    """A field's type taken apart: `base` without Annotated and None, its kind, bounds and description."""

    base: Any
    kind: Kind | None = None
    optional: bool = False
    at_least: float = -math.inf
    at_most: float = math.inf
    description: str = ""


def shape(kind_of_field: Any) -> Shape:
    """Take a field's type apart."""
    optional = False
    metas: list[Meta] = []
    base = kind_of_field
    while True:
        if typing.get_origin(base) is Annotated:
            metas.extend(meta for meta in base.__metadata__ if isinstance(meta, Meta))
            base = base.__origin__
            continue
        members = typing.get_args(base) if typing.get_origin(base) in (typing.Union, types.UnionType) else ()
        if type(None) in members:
            optional = True
            (base,) = (member for member in members if member is not type(None))
            continue
        break
    kinds = [meta.extra["kind"] for meta in metas if meta.extra and "kind" in meta.extra]
    return Shape(
        base=base,
        kind=kinds[0] if kinds else None,
        optional=optional,
        at_least=max((meta.ge for meta in metas if meta.ge is not None), default=-math.inf),
        at_most=min((meta.le for meta in metas if meta.le is not None), default=math.inf),
        description=next((meta.description for meta in metas if meta.description), ""),
    )


def read(value: object, kind_of_field: Any, *, lax: bool = False) -> Any:
    """A value as its field wants it. `lax` reads numbers and truth from text (environment). Raises WrongValue."""
    form = shape(kind_of_field)
    if form.kind is not None:
        return _in_range(_read_kind(value, form.kind), form, form.kind)
    if typing.get_origin(form.base) is dict:
        return _read_map(value, typing.get_args(form.base)[1], lax=lax)
    if isinstance(value, float) and not math.isfinite(value):
        raise WrongValue(f"expected {expected(kind_of_field)}, not {value}")
    try:
        return msgspec.convert(value, kind_of_field, strict=not lax)
    except msgspec.ValidationError as error:
        raise WrongValue(f"expected {expected(kind_of_field)}, not {shown(value)}") from error


def _read_map(value: object, inner: Any, *, lax: bool) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise WrongValue(f"expected a table, not {shown(value)}")
    return {str(key): read(item, inner, lax=lax) for key, item in value.items()}


def _read_kind(value: object, kind: Kind) -> float:
    # A bare number is ambiguous (seconds or minutes, 4 or 400 %) except for money and for zero.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and (value == 0 or kind is Kind.MONEY):
        return float(value)
    if isinstance(value, str):
        try:
            return _PARSE[kind](value)
        except ValueError:
            pass
    raise WrongValue(f"expected {_EXAMPLE[kind]}, not {shown(value)}")


def _in_range(number: float, form: Shape, kind: Kind) -> float:
    if not math.isfinite(number) or number < form.at_least or number > form.at_most:
        raise WrongValue(f"expected {_EXAMPLE[kind]}{_range(form)}, not {write(number, kind)}")
    return number


def _range(form: Shape) -> str:
    def bound(number: float) -> str:
        return write(number, form.kind)

    if math.isfinite(form.at_least) and math.isfinite(form.at_most):
        return f" from {bound(form.at_least)} to {bound(form.at_most)}"
    if math.isfinite(form.at_least):
        return f" of at least {bound(form.at_least)}"
    return f" of at most {bound(form.at_most)}" if math.isfinite(form.at_most) else ""


def expected(kind_of_field: Any) -> str:
    """What a field wants, in words."""
    form = shape(kind_of_field)
    if form.kind is not None:
        return _EXAMPLE[form.kind] + _range(form)
    if isinstance(form.base, type) and issubclass(form.base, StrEnum):
        return "one of " + ", ".join(member.value for member in form.base)
    if typing.get_origin(form.base) in (tuple, list):
        return "a list of texts"
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}
    return words.get(form.base, "a table") + _range(form)


def shown(value: object) -> str:
    """A wrong value in a message, short."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{one_line(value if len(value) <= 40 else value[:39] + "…")}"'
    if isinstance(value, (int, float)):
        return str(value)
    return "a list" if isinstance(value, (list, tuple)) else "a table" if isinstance(value, Mapping) else str(value)


def write(number: float, kind: Kind | None) -> str:
    """The shortest text that reads back as the number: `1h30m`, `0.045%`, `250k`."""
    if kind is Kind.DURATION:
        return _write_duration(number)
    if kind is Kind.PERCENT:
        return f"{number * 100:.12g}%"
    if kind is Kind.MONEY:
        for factor, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
            if number >= factor and number / factor * 1000 == round(number / factor * 1000):
                return f"{number / factor:.12g}{suffix}"
    return f"{number:.12g}"


def _write_duration(seconds: float) -> str:
    parts = []
    rest = seconds
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        whole = int(rest // size)
        if whole:
            parts.append(f"{whole}{unit}")
            rest -= whole * size
    if rest or not parts:
        parts.append(f"{rest:.9g}s")
    return "".join(parts)
