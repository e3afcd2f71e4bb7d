"""A panel of lines that somebody else wrote."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.paint import strip_of
from fundtui.ui.pieces import Line, lines_on
from fundtui.ui.widgets.canvas import Panel


class TextPanel(Panel):
    """Lines of text on the panel's tone; what does not fit is left out below."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.scene: Scene | None = None
        self.lines: Sequence[Line] = ()

    def show(self, scene: Scene, lines: Sequence[Line]) -> None:
        """Draw the lines that differ."""
        self.scene, self.lines = scene, lines
        self.update()

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "panel")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        if self.scene is None:
            return []
        return lines_on(self.scene.pens, self.lines[:height], "panel", width)


class ScrolledPanel(TextPanel):
    """The same for more lines than fit: the first ones stay, the others move, and the last says how many follow."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._fixed = 0
        self._first = 0
        self._room = 0

    def show_around(self, scene: Scene, lines: Sequence[Line], fixed: int = 0, at: int | None = None) -> None:
        """Draw the lines that differ; so many at the start stay, and line `at` is among those that are shown."""
        self._fixed = fixed
        self._place(len(lines), self.size.height)
        if at is not None:
            self._first = max(min(self._first, at - fixed), at - fixed - self._room + 1)
        self.show(scene, lines)

    def scroll_lines(self, by: int) -> None:
        """Show lines further down, or up."""
        self._first += by
        self.update()

    def _place(self, count: int, height: int) -> None:
        # Where something follows, the last line says so.
        moving, room = count - self._fixed, height - self._fixed
        self._room = max(room if moving <= room else room - 1, 1)
        self._first = max(0, min(self._first, moving - self._room))

    def content(self, width: int, height: int) -> list[Strip]:
        if self.scene is None:
            return []
        self._place(len(self.lines), height)
        start = self._fixed + self._first
        lines = [*self.lines[: self._fixed], *self.lines[start : start + self._room]]
        left = len(self.lines) - start - self._room
        if left > 0:
            lines.append([(f"  {left} more", "faint")])
        return lines_on(self.scene.pens, lines[:height], "panel", width)
