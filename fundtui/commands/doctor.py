"""`fundtui doctor`: what this machine has, and what of it stands in the way. Prints no secret."""

from __future__ import annotations

import argparse
import locale
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from fundtui import __version__
from fundtui.commands.errors import FAILURE, OK, CommandError
from fundtui.commands.kept import record_lines
from fundtui.commands.settings import check_settings, load_settings
from fundtui.polling.proxies import read_proxies
from fundtui.text import clean
from fundtui.venues import load, names

PACKAGES = ("textual", "httpx2", "numpy", "platformdirs", "tomli-w", "msgspec")
SAFE_SQLITE = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


class Finding(NamedTuple):
    """One line of the report; `trouble` makes the command fail."""

    subject: str
    text: str
    trouble: bool = False


Check = Callable[[], Iterator[Finding]]


def run(arguments: argparse.Namespace) -> int:
    """Print every finding, one line each; 1 when something is in the way."""
    checks: tuple[Check, ...] = (
        _program,
        _packages,
        _sqlite,
        lambda: _terminal(os.environ),
        lambda: _configuration(arguments),
        lambda: _record(arguments),
        lambda: _proxies(os.environ),
        _venues,
    )
    found = [finding for check in checks for finding in check()]
    for finding in found:
        print(f"{'!' if finding.trouble else ' '} {finding.subject:<14} {clean(finding.text, 400)}")
    return FAILURE if any(finding.trouble for finding in found) else OK


def _program() -> Iterator[Finding]:
    yield Finding("fundtui", __version__)
    yield Finding("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _packages() -> Iterator[Finding]:
    for package in PACKAGES:
        try:
            yield Finding(package, version(package))
        except PackageNotFoundError:
            yield Finding(package, "not installed", trouble=True)


def _sqlite() -> Iterator[Finding]:
    text, found = sqlite3.sqlite_version, sqlite3.sqlite_version_info
    fixed = any(found[:2] == safe[:2] and found >= safe for safe in SAFE_SQLITE) or found >= (3, 51, 3)
    note = "" if fixed else " (has the WAL-reset bug of 3.7.0 to 3.51.2; one writer with its own checkpoints avoids it)"
    yield Finding("sqlite", text + note)


def _terminal(environment: Mapping[str, str]) -> Iterator[Finding]:
    size = shutil.get_terminal_size()
    term = environment.get("TERM", "")
    colours = "no colour (NO_COLOR)" if environment.get("NO_COLOR") else environment.get("COLORTERM") or "by TERM"
    inside = "tmux, " if environment.get("TMUX") else ""
    yield Finding("terminal", f"{inside}TERM={term or 'not set'}, colours {colours}, {size.columns}x{size.lines}")
    encoding = (sys.stdout.encoding or locale.getencoding()).lower()
    yield Finding("text", encoding if "utf" in encoding else f"{encoding}: the interface draws with ASCII")


def _configuration(arguments: argparse.Namespace) -> Iterator[Finding]:
    for line, trouble in check_settings(arguments):
        yield Finding("configuration", line, trouble)


def _record(arguments: argparse.Namespace) -> Iterator[Finding]:
    try:
        settings = load_settings(arguments).loaded.settings
    except CommandError:
        # The configuration has been found wanting above.
        return
    for subject, text, trouble in record_lines(settings):
        yield Finding(subject, text, trouble)


def _proxies(environment: Mapping[str, str]) -> Iterator[Finding]:
    proxies = read_proxies(environment)
    yield Finding("proxy", proxies.describe())
    for problem in proxies.problems:
        yield Finding("proxy", problem, trouble=True)


def _venues() -> Iterator[Finding]:
    for name in names():
        try:
            load(name)
        except (ImportError, AttributeError, TypeError, KeyError) as error:
            yield Finding("venue", f"{name} cannot be loaded: {error}", trouble=True)
    yield Finding("venues", f"{len(names())} known")
