"""The line at the bottom: the keys that matter here, or a message that has to be read."""

from __future__ import annotations

from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.keys import FOOTER
from fundtui.ui.paint import Span, both_ends, cells, strip_of
from fundtui.ui.widgets.canvas import Panel

Entries = tuple[tuple[str, str], ...]


class Footer(Panel):
    """Keys in accent, labels plain; a message takes their place for a while."""

    DEFAULT_CSS = "Footer { height: 1; }"

    def __init__(self, *, id: str | None = None, entries: Entries = FOOTER) -> None:  # noqa: A002
        super().__init__(id=id)
        self.entries = entries
        self.scene: Scene | None = None
        self.message = ""
        self.role = "plain"

    def show(self, scene: Scene, message: str = "", role: str = "plain") -> None:
        """Draw what changed."""
        self.scene, self.message, self.role = scene, message, role
        self.update()

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "header")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        if self.scene is None:
            return []
        pens = self.scene.pens
        if self.message:
            return [strip_of([(f" {self.message}", pens(self.role, "header"))], width, pens("dim", "header"))]
        return [both_ends(self._keys(width), [], width, pens("dim", "header"))]

    def _keys(self, width: int) -> list[Span]:
        pens = self.scene.pens if self.scene else None
        spans: list[Span] = []
        left = width
        for key, label in self.entries:
            needed = cells(f" {key} {label} ")
            if pens is None or needed > left:
                break
            spans += [(f" {key}", pens("accent", "header")), (f" {label} ", pens("dim", "header"))]
            left -= needed
        return spans
