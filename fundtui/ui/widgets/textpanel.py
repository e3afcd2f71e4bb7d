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
