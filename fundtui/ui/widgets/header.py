"""The line at the top: what is shown, how it is sorted, how the feeds are, what time it is."""

from __future__ import annotations

from textual import events
from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.headline import BASIS_TITLES, Feeds, HeaderState, headline
from fundtui.ui.paint import both_ends, cells, strip_of
from fundtui.ui.widgets.canvas import Panel


class Header(Panel):
    """One line."""

    DEFAULT_CSS = "Header { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.scene: Scene | None = None
        self.state: HeaderState | None = None
        self.feeds = Feeds()
        self._said: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

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
        self._said = tuple(text for text, _ in left), tuple(text for text, _ in right)
        return [both_ends(left, right, width, self.scene.pens("plain", "header"))]

    def on_click(self, event: events.Click) -> None:
        """What is said leads to where it is changed or told in full; anything else to all commands."""
        event.stop()
        text = self._text_at(event.x).strip()
        if text:
            self.app.simulate_key(self._key_for(text))

    def _text_at(self, x: int) -> str:
        left, right = self._said
        start = self.size.width - sum(map(cells, right))
        place, pieces = (start, right) if x >= start else (0, left)
        for text in pieces:
            place += cells(text)
            if x < place:
                return text
        return ""

    def _key_for(self, text: str) -> str:
        scene, state = self.scene, self.state
        if scene is None or state is None:
            return "colon"
        if text in {scene.lens.value, BASIS_TITLES[scene.basis]}:
            return "e" if text == scene.lens.value else "b"
        if text in {state.watchlist, f"{state.watchlist_number}/{state.watchlists}"}:
            return "W"
        if text[0] in {scene.glyphs.firing, scene.glyphs.pending}:
            return "6"
        return "7" if text in {"venues", f"{self.feeds.up}/{self.feeds.total}"} else "colon"
