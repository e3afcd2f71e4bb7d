"""`fundtui collect`: polls, records and alerts without a screen; other terminals on this host attach to it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from fundtui.assembly import Alerts
from fundtui.commands.errors import FAILURE, OK, CommandError
from fundtui.commands.market import open_engine, source_of
from fundtui.engine import Engine
from fundtui.history.recorder import Recording
from fundtui.sources import SourceKind
from fundtui.status import EventKind, Severity
from fundtui.units import format_utc

LOOK_S = 1.0
CLEAR_LINE = "\r\x1b[K"


def run(arguments: argparse.Namespace) -> int:
    """Collect until a signal comes, or for `--for`. 1 when the record cannot be written at all."""
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    source = source_of(arguments)
    if source.kind is SourceKind.RECORD:
        raise CommandError("a record cannot be collected; name live, demo or a URL", FAILURE)
    engine = open_engine(arguments, source, alerts=Alerts(terminal=False), record=True, lasting=True)
    if engine.mode.startswith("attached"):
        raise CommandError("another fundtui keeps the record already; terminals attach to it by themselves", FAILURE)
    if engine.record_state is None:
        raise CommandError("there is no record to keep: history.enabled is off, or its folder cannot be used", FAILURE)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    await engine.start()
    try:
        return await _watch(engine, ended, arguments.duration)
    finally:
        await engine.stop()
        if sys.stderr.isatty():
            print(CLEAR_LINE, end="", file=sys.stderr)


async def _watch(engine: Engine, ended: asyncio.Event, duration_s: float | None) -> int:
    """Tell what matters on standard error until it is time to end."""
    start = CLEAR_LINE if sys.stderr.isatty() else ""
    told = engine.event_count
    until = None if duration_s is None else asyncio.get_running_loop().time() + duration_s
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S if until is None else min(LOOK_S, duration_s or LOOK_S)):
                await ended.wait()
        fresh = min(engine.event_count - told, len(engine.events))
        for event in list(engine.events)[len(engine.events) - fresh :]:
            # Alerts have their own ways to people.
            if event.severity is not Severity.INFO and event.kind is not EventKind.ALERT:
                print(f"{start}{format_utc(event.time_ms)} {event.text}", file=sys.stderr)
        told = engine.event_count
        state = engine.record_state
        if state is not None and state.recording is Recording.REFUSED:
            raise CommandError(state.text, FAILURE)
        if sys.stderr.isatty():
            print(f"{CLEAR_LINE}{_line(engine)}", end="", file=sys.stderr, flush=True)
        if until is not None and asyncio.get_running_loop().time() >= until:
            break
    return OK


def _line(engine: Engine) -> str:
    """How it is, in one line."""
    health = engine.health()
    rows = sum(one.rows for one in health)
    state, progress = engine.record_state, engine.backfill_progress
    text = f"{sum(one.rows > 0 for one in health)}/{len(health)} venues, {rows} instruments"
    if state is not None and state.recording is not Recording.ON:
        text += f", {state.text or state.recording.value}"
    if progress is not None and not progress.over:
        text += f", back-fill {progress.done}/{progress.total}"
    return text[:100]
