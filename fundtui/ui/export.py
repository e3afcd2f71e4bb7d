"""What is on a screen as a CSV file that only the user can read."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fundtui.ui.source import Source

# Spreadsheets run what begins like this; a quote in front makes it text again.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_folder(settings: Any) -> Path:
    """Where exports go: the record's folder where one is set, else the platform's data folder."""
    import platformdirs

    chosen = settings.history.folder
    base = Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("fundtui", appauthor=False))
    return base / "exports"


def write_csv(folder: Path, name: str, utc_ms: int, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows as `NAME-20260921T120431Z.csv` and return the path. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp = datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    path, descriptor = _new_file(folder, f"{name}-{stamp}")
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return path


def exported(source: Source, name: str, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Write rows to the user's folder; what to say of it, and the pen to say it in."""
    try:
        path = write_csv(export_folder(source.settings), name, source.clock.utc_ms(), columns, rows)
    except OSError as error:
        return f"not exported: {error.strerror or error}", "warning"
    return f"{len(rows)} rows in {path}", "accent"


def _new_file(folder: Path, stem: str) -> tuple[Path, int]:
    for number in range(1, 100):
        path = folder / (f"{stem}.csv" if number == 1 else f"{stem}-{number}.csv")
        try:
            return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            continue
    raise FileExistsError(stem)


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
