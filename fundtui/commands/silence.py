"""`fundtui silence`: keep alerts quiet for a while, list what is quiet, end it."""

from __future__ import annotations

import argparse

from fundtui.alerts import book, requests
from fundtui.alerts.records import Silence
from fundtui.clock import SystemClock
from fundtui.commands.errors import OK, USAGE, CommandError
from fundtui.commands.kept_alerts import ask, kept, unique
from fundtui.commands.writers import write_table
from fundtui.text import clean
from fundtui.units import format_duration, format_utc_date

HEADS = ("id", "from", "until", "matches", "reason")
PATTERNS = ("rule", "subject", "asset", "venue")


def run(arguments: argparse.Namespace) -> int:
    """Add, list or lift. What is asked takes effect within a second, or when alerts are next evaluated."""
    folder, records = kept(arguments)
    now_ms = SystemClock().utc_ms()
    if arguments.action == "list":
        listed = book.silences(records, now_ms)
        write_table(HEADS, [_cells(one) for one in listed], [True] * len(HEADS))
        return OK
    if arguments.action == "lift":
        if arguments.id not in records.silences:
            raise CommandError(f"no silence {clean(str(arguments.id))!r}; `fundtui silence` lists them", USAGE)
        ask(folder, requests.Lift(arguments.id))
        return OK
    patterns = {name: getattr(arguments, name) for name in PATTERNS}
    if not any(patterns.values()):
        raise CommandError("say which alerts: --rule, --subject, --asset or --venue ('*' is all)", USAGE)
    from_ms = now_ms + round(arguments.begins * 1000)
    silence = Silence(
        id=unique(),
        from_ms=from_ms,
        until_ms=from_ms + round(arguments.duration * 1000),
        reason=str(clean(arguments.reason, 200)) or "from the command line",
        **patterns,
    )
    ask(folder, requests.AddSilence(silence))
    begins = f", from {format_utc_date(from_ms)}Z" if from_ms > now_ms else ""
    print(f"{silence.id}: {_matches(silence)} quiet for {format_duration(arguments.duration)}{begins}")
    return OK


def _cells(one: Silence) -> tuple[str, ...]:
    begins, ends = (f"{format_utc_date(time_ms)}Z" for time_ms in (one.from_ms, one.until_ms))
    return one.id, begins, ends, str(clean(_matches(one))), str(clean(one.reason))


def _matches(one: Silence) -> str:
    named = [f"{name}={getattr(one, name)}" for name in PATTERNS if getattr(one, name)]
    return " ".join(named)
