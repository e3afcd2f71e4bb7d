"""A page of text over the main screen: it scrolls, and Escape closes it."""

from __future__ import annotations

import re
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.paint import Span, cells, strip_of
from fundtui.ui.plain import spelled
from fundtui.ui.screens.veil import VeiledScreen
from fundtui.ui.widgets.canvas import Panel

PageLine = list[Span]
_MARGIN = 1
_INDENT = 4
_WORDS = re.compile(r"\s*\S+\s*|\s+")


def wrapped_line(line: PageLine, width: int) -> list[PageLine]:
    """A line in as many as it needs, broken between words; what goes on stands below the text after a label."""
    if sum(cells(text) for text, _ in line) <= width:
        return [line]
    label = cells(line[0][0]) if len(line) == 2 else _INDENT
    indent = label if label <= width // 2 else _INDENT
    lines: list[PageLine] = [[]]
    left = width
    for text, style in line:
        for word in _WORDS.findall(text):
            if cells(word.rstrip()) > left and left < width - indent:
                lines.append([(" " * indent, style)])
                left = width - indent
            lines[-1].append((word, style))
            left -= cells(word)
    return lines


class Page(Panel, can_focus=True):
    """Lines that may be more than fit."""

    DEFAULT_CSS = "Page { width: 100%; height: 100%; }"

    def __init__(self, scene: Scene, lines: list[PageLine]) -> None:
        super().__init__()
        self.scene = scene
        self.lines = lines
        self.first = 0

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "overlay"))

    def content(self, width: int, height: int) -> list[Strip]:
        fill = self.scene.pens("dim", "overlay")
        lines = self.lines
        if not self.scene.pens.unicode:
            lines = [[(spelled(text), style) for text, style in line] for line in lines]
        lines = [part for line in lines for part in wrapped_line(line, width - _MARGIN)]
        self.first = max(0, min(self.first, len(lines) - height))
        return [strip_of(line, width, fill) for line in lines[self.first : self.first + height]]

    def scroll_lines(self, lines: int) -> None:
        """Scroll by so many lines."""
        self.first += lines
        self.update()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(-3)


class Overlay(VeiledScreen[None]):
    """A modal page in the middle of the screen."""

    DEFAULT_CSS = """
    Overlay { align: center middle; }
    Overlay Page { width: 90%; max-width: 110; height: 85%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark,x", "close", "Close", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("pagedown,space", "scroll(15)", "Page down", show=False),
        Binding("pageup", "scroll(-15)", "Page up", show=False),
        Binding("home,g", "scroll(-100000)", "To the start", show=False),
        Binding("end,G", "scroll(100000)", "To the end", show=False),
    ]

    def __init__(self, scene: Scene, lines: list[PageLine]) -> None:
        super().__init__()
        self.page = Page(scene, lines)

    def compose(self):  # type: ignore[no-untyped-def]
        yield self.page

    def action_close(self) -> None:
        self.dismiss()

    def action_scroll(self, lines: int) -> None:
        self.page.scroll_lines(lines)
