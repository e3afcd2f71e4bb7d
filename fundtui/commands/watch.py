"""`fundtui watch`: alerts without a screen, a line each, for SSH, pipes, tmux status lines, cron and systemd.

Where a collector runs on this machine its alerts are followed and no venue is asked; else this process polls and
evaluates itself.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from fundtui.alerts.alert import Transition
from fundtui.alerts.alerting import Alerting
from fundtui.alerts.book import AlertRow, Standing
from fundtui.alerts.machine import Told, Why
from fundtui.alerts.pipeline import WEIGHT
from fundtui.alerts.rule import Rule, rules_of
from fundtui.alerts.sinks import osc
from fundtui.alerts.store import StoreError
from fundtui.alerts.summary import AlertCounts, Role
from fundtui.assembly import Alerts
from fundtui.clock import Clock, SystemClock
from fundtui.commands.errors import CONDITION_HOLDS, FAILURE, INTERRUPTED, OK, CommandError
from fundtui.commands.market import open_engine, source_of
from fundtui.commands.settings import load_settings
from fundtui.commands.stream import Output, Seen, seen_path
from fundtui.commands.writers import write_records
from fundtui.config.schema import Settings, SinkKind, TerminalChannel
from fundtui.config.schema import Sink as SinkSettings
from fundtui.history.folder import data_folder, is_owned
from fundtui.polling.threads import in_thread
from fundtui.sources import SourceKind
from fundtui.status import EventKind, Severity
from fundtui.units import format_utc_date

LOOK_S = 0.2
LAST = "last"
_WORDS = {Told.FIRED: "firing", Told.ESCALATED: "critical", Told.RESOLVED: "resolved", Told.CLOSED: "closed"}


def run(arguments: argparse.Namespace) -> int:
    """Write alerts until interrupted, the time is over, or the condition of `--exit-on` holds (3)."""
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    watcher = load_settings(arguments)
    settings = watcher.loaded.settings
    source = source_of(arguments)
    folder = data_folder(settings)
    if source.kind is SourceKind.LIVE and is_owned(folder):
        clock: Clock = SystemClock()
        alerting = Alerting(clock, random.Random(), lambda *_: {}, folder)
        async with _followed(alerting, settings):
            return await _Watch(arguments, settings, alerting, clock, folder).go()
    engine = open_engine(arguments, source, alerts=Alerts(terminal=False), record=arguments.record, lasting=True)
    await engine.start()
    try:
        alerting_of = engine.alerting
        if alerting_of is None:
            raise CommandError("alerts are not evaluated over this source", FAILURE)
        return await _Watch(arguments, settings, alerting_of, engine.clock, alerting_of.folder).go()
    finally:
        await engine.stop()
        for event in engine.events:
            if event.kind is EventKind.DEFECT:
                print(f"fundtui: {event.text}", file=sys.stderr)


@contextlib.asynccontextmanager
async def _followed(alerting: Alerting, settings: Settings) -> AsyncIterator[None]:
    await alerting.open(settings, owner=False)
    try:
        yield
    finally:
        await alerting.close()


class _Watch:
    """One run of the command over alerts that are evaluated here or elsewhere."""

    def __init__(
        self, arguments: argparse.Namespace, settings: Settings, alerting: Alerting, clock: Clock, folder: Path | None
    ) -> None:
        self.arguments = arguments
        self.alerting = alerting
        self.clock = clock
        self.floor = WEIGHT[Severity(arguments.severity)]
        seen = None if folder is None else Seen(seen_path(folder, arguments.name))
        self.seen = seen
        self.output = Output(clock, seen)
        self.bell = _Bell(settings, rules_of(settings), wanted=arguments.bell)
        self.ended: int | None = None
        self._stop = asyncio.Event()
        self._summary = ""
        self._problem = ""

    async def go(self) -> int:
        """Write until the end; the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end, INTERRUPTED if number == signal.SIGINT else OK)
        # Nobody has read what is on its way to a terminal that hung up.
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        with self.output:
            return await self._write()

    def _end(self, code: int) -> None:
        self.ended = code
        self._stop.set()

    def _hang_up(self) -> None:
        self.output.lost = True
        self._stop.set()

    async def _put(self, text: str, position: int | None = None, bell: str = "") -> None:
        """Write beside the event loop: a reader that does not read stops neither polling nor notices."""
        writing = asyncio.ensure_future(in_thread(partial(self.output.write, text, position, bell=bell)))
        stopped = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({writing, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not writing.done():
            self.output.lost = True

    async def _write(self) -> int:
        arguments, began = self.arguments, self.clock.monotonic()
        position = await self._begin()
        while True:
            self._tell_problem()
            try:
                position = await self._new(position)
            except StoreError as error:
                self._say(str(error))
            if arguments.format == "tmux":
                await self._status()
            self.output.confirm()
            if self.output.lost:
                return 128 + signal.SIGHUP
            if arguments.exit_on == "firing" and self._firing():
                self.output.confirm(everything=True)
                return CONDITION_HOLDS
            over = arguments.duration is not None and self.clock.monotonic() - began >= arguments.duration
            if self.ended is not None or over:
                self.output.confirm(everything=True)
                return OK if self.ended is None else self.ended
            await self.clock.sleep(LOOK_S)

    async def _begin(self) -> int:
        """Where to begin, after saying what fires already."""
        since = self.arguments.since
        try:
            if since == LAST:
                known = self.seen.read() if self.seen is not None else None
                if known is not None:
                    return known
            elif since is not None:
                return await self.alerting.position(self.clock.utc_ms() - round(since * 1000))
            last = await self.alerting.position()
        except StoreError as error:
            raise CommandError(str(error), FAILURE) from error
        if self.arguments.format != "tmux":
            for row in self._firing():
                await self._line(_record_of_row(row), last)
        return last

    async def _new(self, position: int) -> int:
        found = await self.alerting.after(position)
        muted = {row.id: row.muted for row in self.alerting.rows() if row.muted} if found else {}
        for place, one in found:
            position = place
            if one.told in _WORDS and one.why is not Why.SHOWN and WEIGHT[one.severity] >= self.floor:
                ring = one.told in (Told.FIRED, Told.ESCALATED) and one.fingerprint not in muted
                record = _record(one, place, muted.get(one.fingerprint, ""))
                await self._line(record, place, bell=self.bell.ring(one) if ring else "")
        return position

    async def _line(self, record: dict[str, Any], position: int, bell: str = "") -> None:
        form = self.arguments.format
        if form == "ndjson":
            # A pipe carries lines of JSON and nothing else.
            await self._put(_ndjson(record), position, bell if self.output.is_terminal and self.bell.wanted else "")
        elif form == "text":
            await self._put(_text(record), position, bell if self.output.is_terminal or self.bell.wanted else "")

    async def _status(self) -> None:
        summary = status_line(self.alerting.counts(), self._firing())
        if summary != self._summary:
            self._summary = summary
            await self._put(summary)

    def _firing(self) -> list[AlertRow]:
        return [
            row
            for row in self.alerting.rows()
            if row.standing is Standing.FIRING and WEIGHT[row.severity] >= self.floor
        ]

    def _tell_problem(self) -> None:
        problem = self.alerting.problem
        if (
            self.alerting.role is Role.LOOKS_ON
            and self.alerting.folder is not None
            and not is_owned(self.alerting.folder)
        ):
            problem = "the collector has ended: nothing is evaluated until it runs again"
        if problem != self._problem:
            self._problem = problem
            if problem:
                self._say(problem)

    def _say(self, text: str) -> None:
        print(f"fundtui: {text}", file=sys.stderr)


class _Bell:
    """What makes the terminal notice, for alerts whose rules notify a terminal."""

    def __init__(self, settings: Settings, rules: Iterable[Rule], *, wanted: bool) -> None:
        sink = settings.notify.sinks.get(SinkKind.TERMINAL.value, SinkSettings())
        self.wanted = wanted
        self._rings = {rule.name for rule in rules if SinkKind.TERMINAL.value in rule.notify}
        self._floor = WEIGHT[sink.severity] if sink.enabled else len(WEIGHT)
        self._tmux = osc.in_tmux(os.environ)
        passthrough = osc.lets_through(os.environ, osc.run)
        self._channel = osc.choose(sink.channel, os.environ, passthrough=passthrough)

    def ring(self, one: Transition) -> str:
        """The sequence for an alert that began; empty where nobody is to be called."""
        if self._channel is TerminalChannel.NONE or one.rule not in self._rings or WEIGHT[one.severity] < self._floor:
            return ""
        return osc.notice(self._channel, f"{one.rule} {one.subject.key}", one.text, tmux=self._tmux)


def status_line(counts: AlertCounts, firing: list[AlertRow]) -> str:
    """One line for a status bar: how many fire, and the weightiest of them."""
    if not counts.firing:
        return f"○ {counts.pending} pending" if counts.pending else "○"
    mark = "▲" if counts.worst is Severity.CRITICAL else "△"
    first = f" {firing[0].rule} {firing[0].subject.key}" if firing else ""
    dead = f" ✗{counts.dead}" if counts.dead else ""
    return f"{mark}{counts.firing}{first}{dead}"


def _record(one: Transition, position: int, muted: str) -> dict[str, Any]:
    return {
        "position": position,
        "time": f"{format_utc_date(one.time_ms)}Z",
        "time_ms": one.time_ms,
        "status": _WORDS[one.told],
        "severity": one.severity.value,
        "rule": one.rule,
        "level": one.subject.level.value,
        "subject": one.subject.key,
        "venue": one.subject.venue or None,
        "asset": one.subject.asset or None,
        "value": one.value,
        "threshold": one.threshold,
        "unit": one.unit or None,
        "age_s": one.age_s,
        "coverage": one.coverage,
        "reason": None if one.why is None else one.why.value,
        "fired_ms": one.fired_ms,
        "muted": muted or None,
        "text": one.text,
        "id": one.fingerprint,
        "number": one.number,
        "terms": [{"condition": term.source, "value": term.value, "threshold": term.threshold} for term in one.terms],
    }


def _record_of_row(row: AlertRow) -> dict[str, Any]:
    return {
        "position": None,
        "time": f"{format_utc_date(row.since_ms)}Z",
        "time_ms": row.since_ms,
        "status": "firing",
        "severity": row.severity.value,
        "rule": row.rule,
        "level": row.subject.level.value,
        "subject": row.subject.key,
        "venue": row.subject.venue or None,
        "asset": row.subject.asset or None,
        "value": row.value,
        "threshold": row.threshold,
        "unit": None,
        "age_s": None,
        "coverage": None,
        "reason": None,
        "fired_ms": row.fired_ms,
        "muted": None,
        "text": row.text,
        "id": row.id,
        "number": None,
        "terms": [],
    }


def _text(record: dict[str, Any]) -> str:
    muted = f" ({record['muted']})" if record["muted"] else ""
    return f"{record['time']} {record['status']:<8} {record['severity']:<8} {record['rule']}: {record['text']}{muted}"


def _ndjson(record: dict[str, Any]) -> str:
    import io

    written = io.StringIO()
    write_records([record], "ndjson", (), written)
    return written.getvalue().rstrip("\n")
