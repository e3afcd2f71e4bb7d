"""A list to pick from, with a title above it and clickable keys below: what small screens over the main one are."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual import events
from textual.message import Message
from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.keyline import Hint, hint_at, pieces, wrapped
from fundtui.ui.paint import Span, both_ends, strip_of
from fundtui.ui.pieces import Line, cut, spans
from fundtui.ui.plain import in_cells, spelled
from fundtui.ui.widgets.canvas import Panel

GUTTER = 2
FOOT_LINES = 2
_WHEEL_LINES = 3


class PickList(Panel, can_focus=True):
    """Lines made by somebody else; the list scrolls them, shows where the cursor is, and tells what was clicked."""

    DEFAULT_CSS = "PickList { width: 100%; height: 100%; }"

    class Clicked(Message):
        """A row was clicked; `x` counts from the row's text, `twice`: with a double click."""

        def __init__(self, index: int, x: int, *, twice: bool) -> None:
            super().__init__()
            self.index, self.x, self.twice = index, x, twice

    class Wheeled(Message):
        """The wheel was turned by so many rows."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self) -> None:
        super().__init__()
        self.scene: Scene | None = None
        self.head: Sequence[Line] = ()
        self.rows: Sequence[Line] = ()
        self.hints: Sequence[Hint] = ()
        self.note: Line = ()
        self.cursor = 0
        self.top = 0

    def show(
        self, scene: Scene, head: Sequence[Line], rows: Sequence[Line], hints: Sequence[Hint], note: Line, cursor: int
    ) -> None:
        """Draw what differs. note: a line between the rows and the keys."""
        self.scene, self.cursor = scene, cursor
        if scene.pens.unicode:
            self.head, self.rows, self.hints, self.note = head, rows, hints, note
        else:
            self.head, self.rows, self.note = _plain(head), _plain(rows), _plain([note])[0]
            self.hints = [msgspec.structs.replace(hint, shown=spelled(hint.shown)) for hint in hints]
        self.update()

    # -- drawing

    def _foot(self, width: int) -> list[list[Hint]]:
        return wrapped(self.hints, width - 1, FOOT_LINES)

    def page(self, width: int, height: int) -> int:
        """How many rows fit."""
        return max(height - len(self.head) - len(self._foot(width)) - 1, 0)

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "overlay")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        scene = self.scene
        if scene is None:
            return []
        fill, foot, page = scene.pens("dim", "overlay"), self._foot(width), self.page(width, height)
        self._follow(page)
        lines = [strip_of(spans(scene.pens, line, "overlay"), width, fill) for line in self.head]
        shown = [self._row(scene, index, width, page) for index in range(self.top, len(self.rows))[:page]]
        lines += [*shown, *[self.blank(width)] * (page - len(shown))]
        lines.append(strip_of(spans(scene.pens, self.note, "overlay"), width, fill))
        lines += [strip_of([(" ", fill), *spans(scene.pens, pieces(each), "overlay")], width, fill) for each in foot]
        return lines[:height]

    def _follow(self, page: int) -> None:
        if self.cursor < self.top:
            self.top = self.cursor
        elif page and self.cursor >= self.top + page:
            self.top = self.cursor - page + 1
        self.top = max(0, min(self.top, len(self.rows) - page))

    def _row(self, scene: Scene, index: int, width: int, page: int) -> Strip:
        at = index == self.cursor
        surface = "cursor" if at else "overlay"
        bar: Span = ((scene.glyphs.cursor if at else " ").ljust(GUTTER), scene.pens("accent", surface))
        thumb: Span = (scene.glyphs.thumb if self._on_thumb(index - self.top, page) else " ",
                       scene.pens("faint", surface))  # fmt: skip
        room = width - GUTTER - 1
        text = spans(scene.pens, cut(self.rows[index], room, scene.glyphs.ellipsis), surface)
        return both_ends([bar, *text], [thumb], width, scene.pens("plain", surface))

    def _on_thumb(self, line: int, page: int) -> bool:
        count = len(self.rows)
        if count <= page:
            return False
        size = max(1, page * page // count)
        start = round((page - size) * self.top / (count - page))
        return start <= line < start + size

    # -- mouse

    def on_click(self, event: events.Click) -> None:
        event.stop()
        width, height = self.size
        place = event.y - len(self.head)
        page = self.page(width, height)
        if 0 <= place < page:
            index = self.top + place
            if index < len(self.rows):
                self.post_message(self.Clicked(index, event.x - GUTTER, twice=event.chain >= 2))
            return
        foot = self._foot(width)
        line = place - page - 1
        hint = hint_at(foot[line], event.x - 1) if 0 <= line < len(foot) else None
        if hint is not None:
            self.app.simulate_key(hint.key)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Wheeled(_WHEEL_LINES))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Wheeled(-_WHEEL_LINES))


def _plain(lines: Sequence[Line]) -> list[Line]:
    """The lines in ASCII; columns stay where they are."""
    return [[(in_cells(text), role) for text, role in line] for line in lines]
