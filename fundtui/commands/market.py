"""How commands get a market: an engine from the flags and the configuration, run until the venues have answered."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from fundtui import memory
from fundtui.assembly import Alerts, open_source
from fundtui.commands.errors import NO_VENUE, USAGE, CommandError
from fundtui.commands.settings import load_settings
from fundtui.engine import Engine
from fundtui.history.problems import StoreProblem
from fundtui.sources import Source, parse_source
from fundtui.status import EventKind, VenueHealth


def source_of(arguments: argparse.Namespace, default: str = "live") -> Source:
    """The source that the flags name. Raises CommandError for a wrong one."""
    try:
        return parse_source(
            getattr(arguments, "source", default),
            seed=getattr(arguments, "seed", 7),
            speed=getattr(arguments, "speed", 1.0),
            scenario=getattr(arguments, "scenario", ""),
        )
    except ValueError as error:
        raise CommandError(str(error), USAGE) from error


def open_engine(
    arguments: argparse.Namespace,
    source: Source | None = None,
    *,
    probe: bool = False,
    alerts: Alerts | None = None,
    record: bool = False,
    read_only: bool = False,
    lasting: bool = False,
) -> Engine:
    """An engine that has not started yet. Raises CommandError for wrong flags or configuration."""
    if lasting:
        memory.settle_allocator()
    watcher = load_settings(arguments)
    only = getattr(arguments, "venues_only", None)
    try:
        return open_source(
            source or source_of(arguments),
            watcher,
            only=tuple(only) if only else None,
            probe=probe,
            alerts=alerts,
            record=record,
            read_only=read_only,
            lasting=lasting,
        )
    except KeyError as error:
        raise CommandError(f"no venue {error.args[0]!r}; see `fundtui venues`", USAGE) from error
    except ValueError as error:
        raise CommandError(str(error), USAGE) from error
    except StoreProblem as error:
        raise CommandError(str(error)) from error


@contextlib.asynccontextmanager
async def gather(engine: Engine, wait_s: float, *, need_answer: bool = True) -> AsyncIterator[None]:
    """Run the engine until every venue has answered all its endpoints once or failed, or the wait is over.

    Raises CommandError with exit code 4, naming each venue's reason, when no venue has answered.
    """
    await engine.start()
    try:
        await engine.settled(wait_s)
        health = engine.health()
        if need_answer and not any(one.rows for one in health):
            reasons = "\n".join(f"  {one.venue}: {one.last_error or 'no answer yet'}" for one in health)
            raise CommandError(f"no venue answered within {wait_s:g} s\n{reasons}", NO_VENUE)
        yield
    finally:
        await engine.stop()
        for event in engine.events:
            if event.kind is EventKind.DEFECT:
                print(f"fundtui: {event.text}", file=sys.stderr)


def health_record(health: VenueHealth) -> dict[str, Any]:
    """A venue's health as JSON: numbers or null."""
    record: dict[str, Any] = msgspec.to_builtins(health, enc_hook=str)
    return {key: _plain(value) for key, value in record.items()}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
