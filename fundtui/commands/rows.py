"""Which rows of a table a command shows, in which order, and what is said of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fundtui.commands.errors import USAGE, CommandError
from fundtui.imbalance.catalogue import Level, Metric, Unit, find
from fundtui.imbalance.display import display
from fundtui.imbalance.table import Table
from fundtui.query import QueryError, parse_sort
from fundtui.text import clean
from fundtui.units import MISSING, Basis

if TYPE_CHECKING:
    from fundtui.engine import Engine

Rows = NDArray[np.int64]


def choose(
    engine: Engine,
    level: Level,
    *,
    where: str | None,
    watchlist: str | None,
    sort: str | None,
    limit: int | None,
) -> Rows:
    """Row numbers of one level, filtered and ordered. Raises CommandError for a wrong expression."""
    table = engine.table(level)
    mask = table.alive[: table.count].copy()
    if watchlist is not None:
        mask &= watchlist_mask(engine, level, watchlist)
    if where is not None:
        mask &= matching(engine, level, where)
    rows: Rows = np.flatnonzero(mask)
    if sort is not None:
        rows = rows[_order(table, sort, rows)]
    return rows[:limit]


def matching(engine: Engine, level: Level, expression: str) -> NDArray[np.bool_]:
    """Which rows an expression holds for. Raises CommandError pointing at the column of what is wrong."""
    try:
        return engine.select(expression, level).mask(engine.table(level))
    except QueryError as error:
        caret = f"\n  {expression}\n  {' ' * error.column}^"
        raise CommandError(f"{error}{caret}", USAGE) from error


def watchlist_mask(engine: Engine, level: Level, name: str) -> NDArray[np.bool_]:
    """The rows of a watchlist: its assets, and of these the ones its own expression holds for."""
    watchlists = engine.settings.watchlists
    if name not in watchlists:
        known = ", ".join(sorted(watchlists)) or "none are configured"
        raise CommandError(f"no watchlist {clean(name)!r}; there are: {known}", USAGE)
    chosen = watchlists[name]
    table = engine.table(level)
    mask = np.ones(table.count, np.bool_)
    if chosen.assets:
        codes = {code for code, label in enumerate(table.labels["asset"]) if label in set(chosen.assets)}
        mask &= np.isin(table.columns["asset"][: table.count], sorted(codes))
    if chosen.where and level is Level.ASSET:
        mask &= matching(engine, level, chosen.where)
    return mask


def _order(table: Table, sort: str, rows: Rows) -> Rows:
    try:
        key, descending = parse_sort(sort, table.level)
    except QueryError as error:
        raise CommandError(f"{error}; see `fundtui metrics`", USAGE) from error
    if table.metrics[key].unit is Unit.TEXT:
        order = sorted(range(len(rows)), key=lambda i: table.text(key, int(rows[i])), reverse=descending)
        return np.asarray(order, np.int64)
    values = table.columns[key][rows]
    # Missing comes last in both directions.
    ordered: Rows = np.argsort(np.where(np.isnan(values), np.inf, -values if descending else values), kind="stable")
    return ordered


def metrics_named(table: Table, columns: str | None, default: Sequence[str]) -> list[Metric]:
    """The metrics of `--columns`, or the default ones. Raises CommandError for an unknown name."""
    keys = [key.strip() for key in columns.split(",") if key.strip()] if columns is not None else list(default)
    found = [(key, find(table.level, key)) for key in keys]
    unknown = [key for key, metric in found if metric is None]
    if unknown:
        raise CommandError(f"no metric {clean(unknown[0])!r} at level {table.level}; see `fundtui metrics`", USAGE)
    return [metric for _, metric in found if metric is not None]


def value_of(table: Table, metric: Metric, row: int) -> Any:
    """One value as exported: text, number, list of numbers, or None."""
    if metric.unit is Unit.TEXT:
        return table.text(metric.key, row) or None
    if metric.unit is Unit.SERIES:
        return [float(value) for value in table.series[metric.key][row]]
    value = float(table.columns[metric.key][row] * metric.export_factor)
    if metric.unit in {Unit.COUNT, Unit.TIME} and value == value:
        return int(value)
    return value


def text_of(table: Table, metric: Metric, row: int, basis: Basis, now_ms: int) -> str:
    """One value as people read it."""
    if metric.unit is Unit.TEXT:
        return table.text(metric.key, row) or MISSING
    return display(metric, float(table.columns[metric.key][row]), basis=basis, now_ms=now_ms)
