"""Widgets drawn as whole cached lines and handed to the compositor as they are.

Textual's own path styles, pads and filters every line at every repaint; these widgets make their strips in full
width, colour and safety themselves (`paint.strip_of`), so a frame costs only the lines that changed (terminal §0, §2).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from fundtui.ui.theme import Pens


class Canvas(Widget):
    """Base of everything that the interface draws itself. Subclasses make a line; the canvas keeps and compares."""

    DEFAULT_CSS = "Canvas { scrollbar-size: 0 0; overflow: hidden; padding: 0; }"

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self._frame: list[Strip | None] = []
        self._frame_width = -1

    @abstractmethod
    def line(self, y: int, width: int) -> Strip:
        """The strip of line `y`, exactly `width` cells wide."""

    def mark(self, lines: Iterable[int]) -> None:
        """These lines look different now."""
        frame, height = self._frame, len(self._frame)
        marked = [y for y in lines if 0 <= y < height]
        if not marked:
            return
        width = self.size.width
        regions = []
        first = stop = marked[0]
        for y in marked:
            frame[y] = None
            if y != stop:
                regions.append(Region(0, first, width, stop - first))
                first = y
            stop = y + 1
        self.refresh(*regions, Region(0, first, width, stop - first))

    def mark_all(self) -> None:
        """Everything looks different now."""
        self._frame = [None] * len(self._frame)
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of the asked lines; only those that were marked are made anew."""
        self._dirty_regions.clear()
        width, height = self.size
        if width != self._frame_width or height != len(self._frame):
            self._frame = [None] * height
            self._frame_width = width
        first, stop = crop.y, min(crop.bottom, height)
        self._fill(first, stop)
        strips = cast("list[Strip]", self._frame[first:stop])
        # A resize can ask for lines that the widget does not have yet.
        strips += [Strip.blank(width)] * (crop.height - len(strips))
        if crop.x or crop.width != width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def draw_ahead(self) -> None:
        """Draw what is marked now and not in the frame that follows: two short callbacks in place of a long one."""
        if (self._frame_width, len(self._frame)) == tuple(self.size):
            self._fill(0, len(self._frame))

    def _fill(self, first: int, stop: int) -> None:
        frame, width = self._frame, self._frame_width
        for y in [y for y in range(first, stop) if frame[y] is None]:
            frame[y] = self.line(y, width)


class Panel(Canvas):
    """A canvas whose content is a short list of lines, made together and compared with what is shown."""

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self._content: list[Strip] = []
        self._content_size = (-1, -1)

    @abstractmethod
    def content(self, width: int, height: int) -> list[Strip]:
        """At most `height` lines of exactly `width` cells."""

    @abstractmethod
    def blank(self, width: int) -> Strip:
        """The line below the content."""

    def update(self) -> None:
        """Make the content anew and repaint the lines that differ."""
        width, height = self.size
        if not width or not height:
            return
        before, known = self._content, self._content_size == (width, height)
        self._make(width, height)
        if not known:
            self.mark_all()
            return
        after = self._content
        longest = max(len(before), len(after))
        self.mark(y for y in range(longest) if y >= len(before) or y >= len(after) or before[y] != after[y])

    def _make(self, width: int, height: int) -> None:
        self._content = self.content(width, height)[:height]
        self._content_size = (width, height)

    def line(self, y: int, width: int) -> Strip:
        if self._content_size != tuple(self.size):
            self._make(*self.size)
        return self._content[y] if y < len(self._content) else self.blank(width)


def blank_line(pens: Pens, width: int, surface: str) -> Strip:
    """An empty line of a surface."""
    return Strip.blank(width, pens("plain", surface))
