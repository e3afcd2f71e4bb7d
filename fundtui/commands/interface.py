"""`fundtui` and `fundtui demo`: the interface."""

from __future__ import annotations

import argparse

from fundtui.assembly import Alerts
from fundtui.commands.market import open_engine, source_of
from fundtui.commands.settings import inputs_of
from fundtui.config import locate
from fundtui.sources import Source, SourceKind


def run(arguments: argparse.Namespace) -> int:
    """Show the interface over the source that the flags name."""
    return show(arguments, source_of(arguments))


def show(arguments: argparse.Namespace, source: Source) -> int:
    """Show the interface over a source. Returns its exit code."""
    live = source.kind is SourceKind.LIVE
    read_only = live and getattr(arguments, "read_only", False)
    engine = open_engine(arguments, source, alerts=Alerts(), record=live, read_only=read_only, lasting=True)
    from fundtui.ui import run as run_interface
    from fundtui.ui.options import Options

    inputs = inputs_of(arguments)
    path, _ = locate(inputs.path, inputs.environment)
    options = Options(
        mouse=False if getattr(arguments, "no_mouse", False) else None,
        colour=False if getattr(arguments, "no_color", False) else None,
        slow=True if getattr(arguments, "slow", False) else None,
        theme_folder=path.parent / "themes",
    )
    return run_interface(engine, options=options)
