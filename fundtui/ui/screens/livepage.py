"""A page over the screen whose lines are made anew each second, for what is still going on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fundtui.ui.cells import Scene
from fundtui.ui.pieces import Line, spans
from fundtui.ui.screens.overlay import Overlay

_REFRESH_S = 1.0


class LivePage(Overlay):
    """Lines from a function, which is told the width that there is."""

    def __init__(self, scene: Callable[[], Scene], lines: Callable[[int], Sequence[Line]]) -> None:
        super().__init__(scene(), [])
        self._scene = scene
        self._lines = lines

    def on_mount(self) -> None:
        self.call_after_refresh(self.draw)
        self.set_interval(_REFRESH_S, self.draw)

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Draw what changed."""
        scene = self._scene()
        if scene.pens is not self.page.scene.pens:
            self.page.mark_all()
        self.page.scene = scene
        self.page.lines = [spans(scene.pens, line, "overlay") for line in self._lines(self.page.size.width)]
        self.page.update()
