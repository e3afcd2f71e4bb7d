"""`fundtui ack`: say that an alert has been seen."""

from __future__ import annotations

import argparse
import getpass

from fundtui.alerts import requests
from fundtui.commands.errors import OK, USAGE, CommandError
from fundtui.commands.kept_alerts import ask, kept
from fundtui.text import clean


def run(arguments: argparse.Namespace) -> int:
    """Acknowledge one alert that fires, by its id or as "RULE SUBJECT"."""
    folder, records = kept(arguments)
    wanted = arguments.alert
    found = [
        one
        for one in records.alerts.values()
        if one.firing and wanted in (one.fingerprint, f"{one.rule} {one.subject.key}")
    ]
    if not found:
        raise CommandError(f"nothing fires that is called {clean(wanted)!r}; `fundtui watch` tells what does", USAGE)
    ask(folder, requests.Acknowledge(found[0].fingerprint, _who()))
    print(f"seen: {clean(found[0].text)}")
    return OK


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A user without a name, as in some containers.
        return ""
