"""`fundtui explain ASSET [VENUE]`: where each figure comes from."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from fundtui.commands.errors import FAILURE, OK, USAGE, CommandError
from fundtui.commands.market import gather, open_engine
from fundtui.commands.writers import write_records
from fundtui.imbalance.catalogue import Level, Unit, find
from fundtui.imbalance.explain_origin import origin_lines
from fundtui.query.errors import suggestion
from fundtui.text import clean

if TYPE_CHECKING:
    from fundtui.engine import Engine
    from fundtui.imbalance.explain import Explanation


def run(arguments: argparse.Namespace) -> int:
    """Poll once, then print every figure of an asset, or of one venue's instruments of it, with its origin."""
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    level = Level.ASSET if arguments.venue is None else Level.INSTRUMENT
    if arguments.metric is not None and find(level, arguments.metric) is None:
        raise CommandError(f"no metric {clean(arguments.metric)!r} per {level}; see `fundtui metrics`", USAGE)
    engine = open_engine(arguments)
    async with gather(engine, arguments.wait):
        rows = _rows(engine, arguments.asset, arguments.venue)
        explanations = [one for row in rows for one in _of_row(engine, level, row, arguments.metric)]
        if arguments.format == "json":
            write_records([msgspec.to_builtins(one, enc_hook=str) for one in explanations], "json", ())
        else:
            print("\n\n".join(_in_words(one, raw=arguments.metric is not None) for one in explanations))
    return OK


def _rows(engine: Engine, asset: str, venue: str | None) -> list[int]:
    assets = engine.table(Level.ASSET)
    row = assets.index.get(asset, assets.index.get(asset.upper()))
    if row is None:
        hint = suggestion(asset.upper(), assets.index)
        raise CommandError(f"no asset {clean(asset)!r} on the venues that answered{hint}", FAILURE)
    if venue is None:
        return [row]
    instruments = engine.table(Level.INSTRUMENT)
    rows = [one for one in engine.instrument_rows(row).tolist() if instruments.text("venue", one) == venue]
    if not rows:
        raise CommandError(f"{clean(venue)} has no instrument of {assets.keys[row]}", FAILURE)
    return rows


def _of_row(engine: Engine, level: Level, row: int, key: str | None) -> Iterator[Explanation]:
    for metric in engine.table(level).metrics.values():
        figure = metric.unit not in {Unit.SERIES, Unit.TEXT}
        if key in (metric.key, *metric.aliases) or (key is None and figure):
            yield engine.explain(level, row, metric.key)


def _in_words(explanation: Explanation, *, raw: bool) -> str:
    """One figure for people: its value, how it comes about, what went in, what is left out; with what the venues said
    where `raw`."""
    lines = [
        f"{explanation.subject}  {explanation.title} ({explanation.key})  {explanation.value}",
        f"  meaning  {explanation.help}",
        f"  formula  {explanation.formula}  [{explanation.source}]",
        f"  numbers  {explanation.substituted}",
        *(f"  input    {one}" for one in explanation.inputs),
        *(f"  left out {one}" for one in explanation.exclusions),
    ]
    for one in explanation.origins if raw else ():
        lines += [f"  origin   {line}" for line in origin_lines(one)]
        lines += [f"  wire     {field.endpoint}: {field}" for field in one.raw]
    return "\n".join(lines)
