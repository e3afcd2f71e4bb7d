"""How commands come to the record: its folder, read-only, and the instruments that a person names."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from fundtui.clock import SystemClock
from fundtui.commands.errors import FAILURE, CommandError
from fundtui.commands.settings import load_settings
from fundtui.history.database import StoreProblem
from fundtui.history.folder import STATE, data_folder
from fundtui.history.sqlite_store import SqliteStore
from fundtui.query.errors import suggestion
from fundtui.text import clean


def record_folder(arguments: argparse.Namespace) -> Path:
    """The folder that `--record` names, or the configured one."""
    named = getattr(arguments, "record_path", None)
    return Path(named).expanduser() if named else data_folder(load_settings(arguments).loaded.settings)


@contextlib.contextmanager
def open_record(arguments: argparse.Namespace) -> Iterator[SqliteStore]:
    """The record to read. Raises CommandError where there is none; what is damaged is told at the end."""
    folder = record_folder(arguments)
    if not (folder / STATE).exists():
        raise CommandError(f"no record in {folder}; `fundtui collect` or `fundtui` makes one", FAILURE)
    try:
        store = SqliteStore(folder, now_ms=SystemClock().utc_ms(), writable=False)
        try:
            yield store
        finally:
            store.close()
    except StoreProblem as error:
        raise CommandError(f"the record cannot be read: {error}", FAILURE) from error


def instruments_named(store: SqliteStore, asset: str | None, venue: str | None) -> list[tuple[str, str, str]]:
    """Venue, symbol and asset of the instruments meant; `asset` may be a symbol. Raises CommandError for none."""
    known = store.instruments()
    found = [one for one in known if venue is None or one[0] == venue]
    if venue is not None and not found:
        hint = suggestion(venue, {one[0] for one in known})
        raise CommandError(f"no record of venue {clean(venue)!r}{hint}", FAILURE)
    if asset is None:
        return found
    named = [one for one in found if asset in (one[1], one[2]) or asset.upper() == one[2].upper()]
    if not named:
        hint = suggestion(asset.upper(), {one[2] for one in found})
        raise CommandError(f"no record of {clean(asset)!r}{hint}", FAILURE)
    return named
