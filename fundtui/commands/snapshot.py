"""`fundtui snapshot`: one table to standard output, then exit."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fundtui.commands.errors import CONDITION_HOLDS, OK
from fundtui.commands.market import gather, health_record, open_engine
from fundtui.commands.rows import choose, matching, metrics_named, text_of, value_of
from fundtui.commands.writers import Record, write_records, write_table
from fundtui.imbalance.catalogue import Level, Metric, Unit
from fundtui.market import RECORD_KEYS

if TYPE_CHECKING:
    from fundtui.engine import Engine

DEFAULT_COLUMNS = {
    Level.ASSET: (
        "asset price consensus spread low_venue low_rate high_venue high_rate excess divergence z cap_use "
        "next_funding_ms oi_usd volume_usd venues age"
    ).split(),
    Level.INSTRUMENT: (
        "venue symbol asset rate interval_h hourly next_funding_ms mark premium theory divergence cap_use oi_usd age "
        "reasons"
    ).split(),
    Level.PAIR: ("asset trade short long spread net net_apr breakeven cost sd score size_usd next_funding_ms").split(),
}

DEFAULT_SORT = {Level.ASSET: "-spread", Level.PAIR: "-score"}


def run(arguments: argparse.Namespace) -> int:
    """Poll once, print, and say by the exit code whether a `--fail-on` condition holds."""
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    level = Level(arguments.level)
    engine = open_engine(arguments)
    # Wrong expressions are said before anybody waits for a venue.
    for expression in (arguments.where, arguments.fail_on):
        if expression is not None and level is not Level.VENUE:
            matching(engine, level, expression)
    async with gather(engine, arguments.wait):
        if level is Level.VENUE:
            _print_venues(engine, arguments)
            return OK
        _print_rows(engine, level, arguments)
        if arguments.fail_on is not None and matching(engine, level, arguments.fail_on).any():
            return CONDITION_HOLDS
    return OK


def _print_venues(engine: Engine, arguments: argparse.Namespace) -> None:
    records = [health_record(health) for health in engine.health()]
    if arguments.format != "table":
        write_records(records, arguments.format, tuple(records[0]) if records else ())
        return
    from fundtui.commands.venues import print_table

    print_table(engine)


def _print_rows(engine: Engine, level: Level, arguments: argparse.Namespace) -> None:
    table = engine.table(level)
    watchlist = getattr(arguments, "watchlist", None)
    sort = arguments.sort or DEFAULT_SORT.get(level)
    rows = choose(engine, level, where=arguments.where, watchlist=watchlist, sort=sort, limit=arguments.limit)
    if arguments.format == "table":
        default = [key for key in DEFAULT_COLUMNS[level] if key in table.metrics]
        metrics = [one for one in metrics_named(table, arguments.columns, default) if one.unit is not Unit.SERIES]
        _print_table(engine, level, metrics, rows.tolist())
        return
    if level is Level.INSTRUMENT and arguments.columns is None:
        records: list[Record] = [engine.record(row) for row in rows.tolist()]
        keys: Sequence[str] = RECORD_KEYS
    else:
        metrics = metrics_named(table, arguments.columns, tuple(table.metrics))
        records = [_record(engine, level, metrics, row) for row in rows.tolist()]
        keys = [metric.key for metric in metrics]
    write_records(records, arguments.format, keys)


def _record(engine: Engine, level: Level, metrics: Sequence[Metric], row: int) -> dict[str, Any]:
    table = engine.table(level)
    return {metric.key: value_of(table, metric, row) for metric in metrics}


def _print_table(engine: Engine, level: Level, metrics: Sequence[Metric], rows: Sequence[int]) -> None:
    table, basis, now_ms = engine.table(level), engine.basis, engine.clock.utc_ms()
    cells = [[text_of(table, metric, row, basis, now_ms) for metric in metrics] for row in rows]
    write_table([metric.title for metric in metrics], cells, [metric.unit is Unit.TEXT for metric in metrics])
