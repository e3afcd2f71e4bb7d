"""What happened lately, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from textual.strip import Strip

from fundtui.status import Event, Severity
from fundtui.ui.cells import Scene
from fundtui.ui.paint import Span, fitted, strip_of
from fundtui.ui.widgets.canvas import Panel
from fundtui.units import format_utc

_ROLES = {Severity.INFO: "plain", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}
_TWO_COLUMNS = 116


class EventPanel(Panel):
    """The newest events in one column, in two where there is room; a second column continues the first."""

    DEFAULT_CSS = "EventPanel { height: 4; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.scene: Scene | None = None
        self._events: Sequence[Event] = ()
        self._shown = (-1, "")

    def show(self, scene: Scene, events: Sequence[Event], count: int) -> None:
        """Draw what changed; `count` is how many events there ever were."""
        key = (count, scene.pens.palette.name)
        self.scene, self._events = scene, events
        if key != self._shown:
            self._shown = key
            self.update()

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "panel")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        if self.scene is None:
            return []
        columns = 2 if width >= _TWO_COLUMNS else 1
        newest = list(islice(reversed(self._events), columns * height))
        if not newest:
            return [
                strip_of(
                    [("  no events yet", self.scene.pens("faint", "panel"))], width, self.scene.pens("dim", "panel")
                )
            ]
        each = width // columns
        return [
            strip_of(
                [span for event in newest[line::height] for span in _event(self.scene, event, each)],
                width,
                self.scene.pens("dim", "panel"),
            )
            for line in range(min(height, len(newest)))
        ]


def _event(scene: Scene, event: Event, width: int) -> list[Span]:
    pens = scene.pens
    time = f"  {format_utc(event.time_ms)}  "
    text = fitted(event.text, width - len(time), ellipsis=scene.glyphs.ellipsis)
    return [(time, pens("faint", "panel")), (text, pens(_ROLES[event.severity], "panel"))]
