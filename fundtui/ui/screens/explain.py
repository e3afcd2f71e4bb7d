"""Where a figure comes from: formula, numbers, inputs with their ages, what the venue said, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fundtui.ui.cells import Scene
from fundtui.ui.pieces import spans
from fundtui.ui.provenance import Provenance, as_json, provenance_lines
from fundtui.ui.screens.overlay import Overlay

if TYPE_CHECKING:
    from fundtui.ui.app import FundtuiApp


class ExplainScreen(Overlay):
    """One figure. It stays as it was when it was asked for: what one reads must not change meanwhile."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", "Copy as JSON", show=False)]
    app: FundtuiApp

    def __init__(self, scene: Scene, shown: Provenance) -> None:
        super().__init__(scene, [])
        self.shown = shown
        self._scene = scene
        self._said = False

    def on_mount(self) -> None:
        self.call_after_refresh(self.draw)

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Lay the page out for the width that there is."""
        lines = provenance_lines(self.shown, self.page.size.width)
        if self._said:
            lines[0] = [*lines[0][:1], ("   copied as JSON", "accent")]
        self.page.lines = [spans(self._scene.pens, line, "overlay") for line in lines]
        self.page.update()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(as_json(self.shown))
        self._said = True
        self.draw()
