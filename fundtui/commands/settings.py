"""How commands get their settings: file, environment and flags, and what is wrong with them in plain words."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from fundtui.alerts.defaults import NAMES as BUILT_IN_RULES
from fundtui.commands.errors import USAGE, CommandError
from fundtui.config import ConfigError, Inputs, Watcher, load_inputs, locate
from fundtui.text import clean

FLAGS = {"basis": "display.rate_basis", "theme": "display.theme", "watchlist": "display.watchlist"}
"""Command-line flag -> the setting it stands for."""


def inputs_of(arguments: argparse.Namespace) -> Inputs:
    """What the configuration of this call is loaded from."""
    path = getattr(arguments, "config", None)
    flags = {key: getattr(arguments, flag) for flag, key in FLAGS.items() if hasattr(arguments, flag)}
    return Inputs(path=None if path is None else Path(path), environment=os.environ, flags=flags, rules=BUILT_IN_RULES)


def load_settings(arguments: argparse.Namespace) -> Watcher:
    """The configuration in force. Warnings go to standard error. Raises CommandError with every problem."""
    try:
        watcher = Watcher(inputs_of(arguments))
    except ConfigError as error:
        lines = "\n".join(f"  {clean(problem, 400)}" for problem in error.problems)
        raise CommandError(f"the configuration cannot be used\n{lines}", USAGE) from error
    for warning in watcher.loaded.warnings:
        print(f"fundtui: {clean(warning, 400)}", file=sys.stderr)
    return watcher


def check_settings(arguments: argparse.Namespace) -> Iterator[tuple[str, bool]]:
    """Findings for `doctor`: text, and whether it is in the way."""
    inputs = inputs_of(arguments)
    path, _ = locate(inputs.path, inputs.environment)
    yield f"{path}{'' if path.exists() else ' (absent, which is fine)'}", False
    try:
        loaded = load_inputs(inputs)
    except ConfigError as error:
        for problem in error.problems:
            yield str(problem), True
        return
    for warning in loaded.warnings:
        yield warning, False
