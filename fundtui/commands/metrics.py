"""`fundtui metrics`: the catalogue, for people, programs and the README."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import msgspec

from fundtui.commands.errors import OK, USAGE, CommandError
from fundtui.commands.writers import write_records, write_table
from fundtui.imbalance.catalogue import CATALOGUE, Metric
from fundtui.query.errors import suggestion
from fundtui.text import clean

HEADS = ("level", "key", "unit", "meaning", "formula", "source")


def run(arguments: argparse.Namespace) -> int:
    """Print the metrics of one level or all, or one metric in full."""
    metrics = [
        metric
        for level, of_level in CATALOGUE.items()
        for metric in of_level
        if arguments.level is None or level == arguments.level
    ]
    if arguments.key is not None:
        metrics = _named(arguments.key, metrics)
        if arguments.format == "table":
            for metric in metrics:
                print(_in_full(metric))
            return OK
    if arguments.format == "json":
        write_records([msgspec.to_builtins(metric) for metric in metrics], "json", ())
    elif arguments.format == "markdown":
        print(markdown(metrics))
    else:
        write_table(HEADS, [_cells(metric) for metric in metrics], [True] * len(HEADS))
    return OK


def markdown(metrics: Sequence[Metric]) -> str:
    """The metric table of the README."""
    lines = ["| " + " | ".join(HEADS) + " |", "|" + " --- |" * len(HEADS)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(metric)) + " |" for metric in metrics]
    return "\n".join(lines)


def _cells(metric: Metric) -> tuple[str, ...]:
    return (metric.level, metric.key, metric.unit, metric.help, metric.formula, metric.source)


def _named(key: str, metrics: Sequence[Metric]) -> list[Metric]:
    found = [metric for metric in metrics if key in (metric.key, *metric.aliases)]
    if not found:
        hint = suggestion(key, {metric.key: metric for metric in metrics})
        raise CommandError(f"no metric {clean(key)!r}{hint}; `fundtui metrics` lists them", USAGE)
    return found


def _in_full(metric: Metric) -> str:
    aliases = f"\n  also      {', '.join(metric.aliases)}" if metric.aliases else ""
    return (
        f"{metric.key} ({metric.level})\n  meaning   {metric.help}\n  formula   {metric.formula}\n"
        f"  unit      {metric.unit}\n  source    {metric.source}{aliases}"
    )
