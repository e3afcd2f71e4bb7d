"""The line at the bottom: the keys that matter here, or a message that has to be read."""

from __future__ import annotations

from textual import events
from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.keyline import Hint, hint_at, pieces, wrapped
from fundtui.ui.keys import FOOTER
from fundtui.ui.paint import both_ends, strip_of
from fundtui.ui.pieces import spans
from fundtui.ui.screen_keys import key_shown_as
from fundtui.ui.widgets.canvas import Panel

Entries = tuple[tuple[str, str], ...]


class Footer(Panel):
    """Keys in accent, labels plain, each of which can be clicked; a message takes their place for a while."""

    DEFAULT_CSS = "Footer { height: 1; }"

    def __init__(self, *, id: str | None = None, entries: Entries = FOOTER) -> None:  # noqa: A002
        super().__init__(id=id)
        self.entries = entries
        self.scene: Scene | None = None
        self.message = ""
        self.role = "plain"
        self._shown: tuple[object, ...] = ()

    def show(self, scene: Scene, message: str = "", role: str = "plain") -> None:
        """Draw what changed."""
        self.scene, self.message, self.role = scene, message, role
        key = (scene.pens, message, role, self.size, self.entries)
        if key != self._shown:
            self._shown = key
            self.update()

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "header")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        if self.scene is None:
            return []
        pens = self.scene.pens
        if self.message:
            return [strip_of([(f" {self.message}", pens(self.role, "header"))], width, pens("dim", "header"))]
        line = spans(pens, pieces(self._hints(width)), "header")
        return [both_ends(line, [], width, pens("dim", "header"))]

    def _hints(self, width: int) -> list[Hint]:
        hints = [Hint(shown, label, shown) for shown, label in self.entries]
        return wrapped(hints, width, 1)[0]

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked; of two keys in one entry the nearer one."""
        event.stop()
        hints = self._hints(self.size.width)
        hint = None if self.message else hint_at(hints, event.x)
        if hint is None:
            return
        start = sum(each.width for each in hints[: hints.index(hint)]) + 1
        shown = hint.shown.split()
        second = len(shown) > 1 and event.x > start + len(shown[0])
        self.app.simulate_key(key_shown_as(shown[1] if second else shown[0]))
