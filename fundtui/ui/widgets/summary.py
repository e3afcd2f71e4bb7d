"""The compact summary for a narrow pane: one line per asset, and a plain word when even that does not fit."""

from __future__ import annotations

from textual.strip import Strip

from fundtui.ui.cells import Scene, figure
from fundtui.ui.headline import Feeds
from fundtui.ui.paint import Span, fitted, strip_of
from fundtui.ui.spans import clipped
from fundtui.ui.view import View
from fundtui.ui.widgets.canvas import Panel

SMALLEST_WIDTH = 24
SMALLEST_HEIGHT = 4
# Cells of the break-even: `16d16h`.
_EVEN = 7


class SummaryPanel(Panel):
    """`WIF +212.7% mexc/bybit 14h`, as many lines as fit, widest spread first."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.scene: Scene | None = None
        self.view: View | None = None

    def show(self, scene: Scene, view: View, feeds: Feeds) -> None:
        """Draw what changed."""
        self.scene, self.view = scene, view
        self.update()

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "table")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        scene, view = self.scene, self.view
        if scene is None or view is None:
            return []
        fill = scene.pens("dim", "table")
        screen = self.app.size
        if screen.width < SMALLEST_WIDTH or screen.height < SMALLEST_HEIGHT:
            return [
                strip_of(
                    [(f"too small: {SMALLEST_WIDTH}x{SMALLEST_HEIGHT}", scene.pens("warning", "table"))], width, fill
                )
            ]
        first = max(0, min(view.cursor - height + 1, len(view.order) - height))
        return [
            strip_of(self._asset(scene, view, index, width), width, fill)
            for index in range(first, min(first + height, len(view.order)))
        ]

    @staticmethod
    def _asset(scene: Scene, view: View, index: int, width: int) -> list[Span]:
        pens, table, row = scene.pens, view.table, int(view.order[index])
        surface = "cursor" if index == view.cursor else "table"
        text, _ = figure(table.metrics["spread"], float(table.columns["spread"][row]), scene)
        name = max(5, min(10, width - 32))
        spans = [
            (scene.glyphs.cursor if index == view.cursor else " ", pens("accent", surface)),
            (fitted(table.keys[row], name, ellipsis=scene.glyphs.ellipsis), pens("bright", surface)),
            (fitted(text.removeprefix("+"), 8, right=True), pens("plain", surface)),
        ]
        even, _ = figure(table.metrics["breakeven"], float(table.columns["breakeven"][row]), scene)
        room = width - 9 - name - _EVEN
        each = max((room - 2) // 2, 1)
        long, short = (clipped(table.text(leg, row), each, scene.glyphs.ellipsis) for leg in ("long", "short"))
        pair = f" {long}/{short}"
        spans.append((fitted(pair, max(room, 0), ellipsis=""), pens("dim", surface)))
        if room >= 0:
            spans.append((fitted(even, _EVEN, right=True), pens("plain", surface)))
        return spans
