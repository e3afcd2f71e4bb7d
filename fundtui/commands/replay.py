"""`fundtui replay`: the interface over the recorded past."""

from __future__ import annotations

import argparse

from fundtui.commands.interface import show
from fundtui.commands.recorded import record_folder
from fundtui.sources import Source, SourceKind


def run(arguments: argparse.Namespace) -> int:
    """Show the record from a time on; nothing is shown that was not known then."""
    source = Source(
        kind=SourceKind.RECORD,
        path=str(record_folder(arguments)),
        at_ms=arguments.at,
        speed=getattr(arguments, "speed", 1.0),
    )
    return show(arguments, source)
