"""The views of the screen about one asset, the ranges of its charts, and the line that lists them."""

from __future__ import annotations

from enum import StrEnum

from textual import events
from textual.message import Message

from fundtui.ui.cells import Scene
from fundtui.ui.pieces import Piece
from fundtui.ui.widgets.textpanel import TextPanel

DAY_MS = 86_400_000
RANGES = (1, 7, 30, 90)
STEPS = 360
"""Observations that a chart asks for over its range: two for each cell of a wide screen."""


class View(StrEnum):
    """What is shown of an asset."""

    LIST = "list"
    RATE = "rate"
    THEORY = "theory"
    PREMIUM = "premium"
    INTEREST = "OI"
    TERM = "term"
    SIZE = "size"


CHARTS = frozenset({View.RATE, View.THEORY, View.PREMIUM, View.INTEREST, View.TERM})
VIEWS = tuple(View)


class Tabs(TextPanel):
    """One line: the views, the ranges, the glyphs of charts. A click chooses."""

    DEFAULT_CSS = "Tabs { height: 1; }"

    class Chosen(Message):
        """A view or a range (days) was clicked."""

        def __init__(self, what: View | int) -> None:
            super().__init__()
            self.what = what

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._places: list[tuple[int, int, View | int]] = []

    def say(self, scene: Scene, view: View, days: int, dots: str) -> None:
        """Show what is chosen, in brackets where colour alone would say it."""
        line: list[Piece] = [(" ", "dim")]
        self._places = []
        at = 1
        for each in self._shown(view):
            at = self._add(line, at, each.value, each, chosen=each is view)
        line.append(("  ", "dim"))
        at += 2
        charted = view in CHARTS and at + sum(len(f"{each}d") + 2 for each in RANGES) <= self.size.width
        for each_days in RANGES if charted else ():
            at = self._add(line, at, f"{each_days}d", each_days, chosen=each_days == days)
        if charted:
            line.append((f"  {dots}", "faint"))
        self.show(scene, [line])

    def _shown(self, view: View) -> tuple[View, ...]:
        """The views that fit, as late ones as it takes for the chosen one to be among them."""
        first, chosen = 0, VIEWS.index(view)
        while first < chosen and 1 + sum(len(each.value) + 2 for each in VIEWS[first : chosen + 1]) > self.size.width:
            first += 1
        shown = list(VIEWS[first:])
        while len(shown) > chosen - first + 1 and 1 + sum(len(each.value) + 2 for each in shown) > self.size.width:
            shown.pop()
        return tuple(shown)

    def _add(self, line: list[Piece], at: int, text: str, what: View | int, *, chosen: bool) -> int:
        shown = f"[{text}]" if chosen else f" {text} "
        line.append((shown, "*accent" if chosen else "dim"))
        self._places.append((at, at + len(shown), what))
        return at + len(shown)

    def on_click(self, event: events.Click) -> None:
        for start, end, what in self._places:
            if start <= event.x < end:
                self.post_message(self.Chosen(what))
