"""`fundtui backfill`: fetch settled rates that are missing, with a progress bar, then exit."""

from __future__ import annotations

import argparse
import asyncio
import sys

from fundtui.commands.errors import FAILURE, NO_VENUE, OK, CommandError
from fundtui.commands.market import open_engine
from fundtui.engine import Engine
from fundtui.history.backfill import Progress
from fundtui.text import clean

LOOK_S = 0.2
BAR = 30


def run(arguments: argparse.Namespace) -> int:
    """Ask the venues' histories within half their budgets. Stopped and started again it goes on where it was."""
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    engine = open_engine(arguments, record=True)
    if engine.mode.startswith("attached"):
        raise CommandError("another fundtui keeps the record; it fills it in by itself", FAILURE)
    if engine.record_state is None:
        raise CommandError("there is no record to fill: history.enabled is off, or its folder cannot be used", FAILURE)
    await engine.start()
    try:
        await engine.settled(arguments.wait)
        if not any(one.rows for one in engine.health()):
            raise CommandError(f"no venue answered within {arguments.wait:g} s", NO_VENUE)
        assets = frozenset(one.upper() for one in arguments.assets)
        engine.fill(since_s=arguments.since, only=assets)
        progress = await _follow(engine)
    finally:
        await engine.stop()
    problems = engine.backfill_problems
    for venue, problem in problems.items():
        print(f"fundtui: {venue}: {clean(problem)}", file=sys.stderr)
    print(f"{progress.found} settled rates of {progress.done - progress.failed} instruments, {progress.failed} failed")
    return FAILURE if progress.failed and progress.failed == progress.done else OK


async def _follow(engine: Engine) -> Progress:
    """Draw the bar until the fill is over."""
    while engine.filling:
        _draw(engine.backfill_progress or Progress())
        await engine.clock.sleep(LOOK_S)
    progress = engine.backfill_progress or Progress()
    _draw(progress)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return progress


def _draw(progress: Progress) -> None:
    if not sys.stderr.isatty():
        return
    share = progress.done / progress.total if progress.total else 0.0
    full = round(share * BAR)
    bar = "#" * full + "." * (BAR - full)
    text = f"[{bar}] {share:4.0%}  {progress.done}/{progress.total} instruments, {progress.found} settled rates"
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
