"""The line at the top: what is shown, how it is sorted, how the feeds are, what time it is."""

from __future__ import annotations

from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.headline import Feeds, HeaderState, headline
from fundtui.ui.paint import both_ends, strip_of
from fundtui.ui.widgets.canvas import Panel


class Header(Panel):
    """One line."""

    DEFAULT_CSS = "Header { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.scene: Scene | None = None
        self.state: HeaderState | None = None
        self.feeds = Feeds()

    def show(self, scene: Scene, state: HeaderState, feeds: Feeds) -> None:
        """Draw what changed."""
        self.scene, self.state, self.feeds = scene, state, feeds
        self.update()

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "header")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        if self.scene is None or self.state is None:
            return []
        left, right = headline(self.scene, self.state, self.feeds, width)
        return [both_ends(left, right, width, self.scene.pens("plain", "header"))]
