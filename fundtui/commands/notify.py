"""`fundtui notify test`: one test message through each sink, end to end."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping

from fundtui.alerts.courier import try_sink
from fundtui.alerts.message import Message, trial_message
from fundtui.alerts.sinks import Sink, build_all, osc
from fundtui.assembly import surroundings
from fundtui.clock import SystemClock
from fundtui.commands.errors import FAILURE, OK, USAGE, CommandError
from fundtui.commands.kept_alerts import unique
from fundtui.commands.settings import load_settings
from fundtui.config.schema import Settings, SinkKind, TerminalChannel
from fundtui.config.schema import Sink as SinkSettings
from fundtui.text import clean


def run(arguments: argparse.Namespace) -> int:
    """Send, and say for each sink whether the message has arrived; 1 when one has not."""
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    settings = load_settings(arguments).loaded.settings
    clock = SystemClock()
    shown: list[Message] = []
    around = surroundings(settings, clock)
    try:
        return await _test(arguments, settings, build_all(settings, around, shown.append), shown)
    finally:
        await around.close()


async def _test(
    arguments: argparse.Namespace, settings: Settings, sinks: Mapping[str, Sink], shown: list[Message]
) -> int:
    if arguments.sink is not None and arguments.sink not in sinks:
        known = ", ".join(sorted(sinks))
        raise CommandError(f"no sink {clean(arguments.sink)!r} that is on; there are: {known}", USAGE)
    chosen = [arguments.sink] if arguments.sink is not None else sorted(sinks)
    failed = 0
    for name in chosen:
        problem = await try_sink(sinks[name], trial_message(unique(), SystemClock().utc_ms()))
        if shown and not problem:
            problem = _ring(settings, shown.pop())
        failed += bool(problem)
        print(f"{name}: {clean(problem, 200) if problem else 'arrived'}")
    return FAILURE if failed else OK


def _ring(settings: Settings, message: Message) -> str:
    """Make this terminal notice, and say by which channel."""
    if not sys.stdout.isatty():
        return "standard output is no terminal"
    sink = settings.notify.sinks.get(SinkKind.TERMINAL.value, SinkSettings())
    channel = osc.choose(sink.channel, os.environ, passthrough=osc.lets_through(os.environ, osc.run))
    if channel is TerminalChannel.NONE:
        return "its channel is none"
    sys.stdout.write(osc.notice(channel, message.title, message.text(), tmux=osc.in_tmux(os.environ)))
    sys.stdout.flush()
    print(f"by {channel.value}, ", end="")
    return ""
