"""A part of a screen that holds other widgets."""

from __future__ import annotations

from textual.widget import Widget


class Room(Widget):
    """A container that is covered by its children: its own lines are never looked at."""

    BLANK = True
