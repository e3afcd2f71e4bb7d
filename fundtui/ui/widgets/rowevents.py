"""What a table of rows tells the screen around it."""

from __future__ import annotations

from textual.message import Message


class Moved(Message):
    """The cursor is somewhere else."""


class SortAsked(Message):
    """A column head was clicked."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class Opened(Message):
    """The row under the cursor was opened."""
