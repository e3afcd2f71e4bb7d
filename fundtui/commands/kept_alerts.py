"""What commands know of alerts without a market: the records in the data folder, and requests to who evaluates."""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from fundtui.alerts import requests
from fundtui.alerts.records import Stored
from fundtui.alerts.sqlite_store import SqliteStore
from fundtui.alerts.store import StoreError
from fundtui.clock import SystemClock
from fundtui.commands.errors import FAILURE, CommandError
from fundtui.commands.settings import load_settings
from fundtui.history.database import StoreProblem, private_folder
from fundtui.history.folder import STATE, data_folder


def kept(arguments: argparse.Namespace) -> tuple[Path, Stored]:
    """The data folder and the records in it; nothing where nothing was ever kept. Raises CommandError."""
    folder = data_folder(load_settings(arguments).loaded.settings)
    if not (folder / STATE).exists():
        return folder, Stored()
    try:
        store = SqliteStore(folder / STATE, now_ms=SystemClock().utc_ms(), writable=False)
        try:
            return folder, store.load()
        finally:
            store.close()
    except StoreError as error:
        raise CommandError(str(error), FAILURE) from error


def ask(folder: Path, request: requests.Request) -> None:
    """Leave a request for the process that evaluates, or for the next one. Raises CommandError."""
    try:
        private_folder(folder)
        requests.leave(folder, request, unique())
    except (OSError, StoreProblem) as error:
        raise CommandError(f"{folder}: {error}", FAILURE) from error


def unique() -> str:
    """A name that sorts by time."""
    return f"{SystemClock().utc_ms():015d}-{random.SystemRandom().getrandbits(64):016x}"
