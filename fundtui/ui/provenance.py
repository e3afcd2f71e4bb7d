"""Where a shown figure comes from, whatever table it stands in: for the page behind `x` and for `y` as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from fundtui.imbalance.explain import Explanation
from fundtui.imbalance.explain_origin import Origin, origin_lines
from fundtui.ui.paint import cells
from fundtui.ui.pieces import Line
from fundtui.units import MISSING

_LABEL = 11


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """One figure with its origin.

    facts       label and text, in the order in which they are told (time, age, interval, who says so)
    inputs      the numbers that went in, a line each; raw: fields of the venues' answers as they came
    exclusions  what is left out, and why
    parts       provenances of figures that this one is made of
    """

    title: str
    value: str
    formula: str = ""
    numbers: str = ""
    meaning: str = ""
    source: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    inputs: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    parts: tuple[Provenance, ...] = ()
    data: Mapping[str, Any] = {}


def of_explanation(explanation: Explanation) -> Provenance:
    """A metric of the catalogue, as the engine explains it."""
    return Provenance(
        title=explanation.title,
        value=explanation.value,
        formula=explanation.formula,
        numbers=explanation.substituted,
        meaning=explanation.help,
        source=explanation.source,
        facts=tuple(("origin", line) for one in explanation.origins for line in origin_lines(one)),
        inputs=tuple(str(each) for each in explanation.inputs),
        raw=tuple(line for one in explanation.origins for line in raw_lines(one)),
        exclusions=explanation.exclusions,
        data=plain(explanation),
    )


def raw_lines(origin: Origin) -> list[str]:
    """A line per endpoint: `binance BTCUSDT premiumIndex: markPrice 72328.4 = mark, ...`."""
    by_endpoint = groupby(origin.raw, key=lambda field: field.endpoint)
    return [f"{origin.instrument} {name}: {', '.join(map(str, fields))}" for name, fields in by_endpoint]


def plain(value: Any) -> Any:
    """Something as JSON can say it: NaN is null."""
    built = msgspec.to_builtins(value, enc_hook=str)
    return _without_nan(built)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _without_nan(each) for key, each in value.items()}
    return [_without_nan(each) for each in value] if isinstance(value, list | tuple) else value


def as_json(shown: Provenance) -> str:
    """Everything that the page says, in one line."""
    return json.dumps(_record(shown), allow_nan=False)


def _record(shown: Provenance) -> dict[str, Any]:
    record: dict[str, Any] = {"title": shown.title, "value": shown.value}
    for key in ("meaning", "formula", "numbers", "source"):
        if text := getattr(shown, key):
            record[key] = text
    facts: dict[str, list[str]] = {}
    for label, text in shown.facts:
        facts.setdefault(label, []).append(text)
    if facts:
        record["facts"] = {label: texts[0] if len(texts) == 1 else texts for label, texts in facts.items()}
    for key in ("inputs", "raw", "exclusions"):
        if lines := getattr(shown, key):
            record[key] = list(lines)
    if shown.parts:
        record["parts"] = [_record(part) for part in shown.parts]
    if shown.data:
        record["data"] = plain(shown.data)
    return record


def provenance_lines(shown: Provenance, width: int) -> list[Line]:
    """The page; long texts go on in the next line."""
    lines: list[Line] = [
        [(f"  {shown.title}", "*bright"), ("   Esc closes  ", "dim"), ("y", "accent"), (" copies as JSON", "dim")],
        [],
    ]
    return lines + _body(shown, width)


def _body(shown: Provenance, width: int) -> list[Line]:
    lines = _labelled("value", shown.value or MISSING, "accent", width)
    for label, text in (
        ("meaning", shown.meaning), ("formula", shown.formula), ("numbers", shown.numbers), ("source", shown.source),
        *shown.facts,
    ):  # fmt: skip
        if text:
            lines += _labelled(label, text, "plain", width)
    for title, texts, role in (
        ("from", shown.inputs, "plain"), ("as it came", shown.raw, "dim"), ("left out", shown.exclusions, "warning"),
    ):  # fmt: skip
        if texts:
            lines += [[], [(f"  {title}", "*bright")]]
            lines += [[("    " if place else "  ", "dim"), (part, role)]
                      for text in texts for place, part in enumerate(wrapped(text, width - 4))]  # fmt: skip
    for part in shown.parts:
        lines += [[], [(f"  {part.title}", "*accent")], *_body(part, width)]
    return lines


def _labelled(label: str, text: str, role: str, width: int) -> list[Line]:
    parts = wrapped(text, width - _LABEL - 2)
    return [
        [(f"  {label if not place else '':<{_LABEL - 2}} ", "dim"), (part, role)] for place, part in enumerate(parts)
    ]


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, cut between words where it can be."""
    width = max(width, 8)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cells(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while cells(word) > width:
            lines.append(word[:width])
            word = word[width:]
        line = word
    return [*lines, line] if line or not lines else lines


def merged(title: str, value: str, parts: Sequence[Provenance], **more: Any) -> Provenance:
    """A figure that is made of others."""
    return Provenance(title=title, value=value, parts=tuple(parts), **more)
