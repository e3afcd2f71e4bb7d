"""A page of text over the main screen: it scrolls, and Escape closes it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.output import PacedScreen
from fundtui.ui.paint import Span, strip_of
from fundtui.ui.widgets.canvas import Panel

PageLine = list[Span]


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
        self.first = max(0, min(self.first, len(self.lines) - height))
        return [strip_of(line, width, fill) for line in self.lines[self.first : self.first + height]]

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


class Overlay(PacedScreen, ModalScreen[None]):
    """A modal page in the middle of the screen."""

    DEFAULT_CSS = """
    Overlay { align: center middle; background: $background 60%; }
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
