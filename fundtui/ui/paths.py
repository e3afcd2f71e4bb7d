"""Paths as people read them."""

from __future__ import annotations

from pathlib import Path

from fundtui.text import clean


def short(path: Path, room: int) -> str:
    """A path with ~ for the home folder, in `room` cells: of a long one its end, which says more than its beginning."""
    home = Path("~").expanduser()
    text = clean(f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path))
    return text if len(text) <= room else "..." + text[3 - room :]
