"""`fundtui demo`: the interface over the simulated market."""

from __future__ import annotations

import argparse

from fundtui.commands.interface import show
from fundtui.commands.market import source_of


def run(arguments: argparse.Namespace) -> int:
    """Show the interface; no network is used."""
    return show(arguments, source_of(arguments, default="demo"))
