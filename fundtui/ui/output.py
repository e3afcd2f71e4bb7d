"""Where a composited frame becomes bytes: the cell diff and frame pacing, hooked into Textual.

Everything private of Textual that fundtui touches is named in this module. `supported()` checks the names against the
installed version; where one is missing, `OutputApp` behaves exactly like a stock App.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from rich.cells import cell_len
from rich.color import ColorSystem
from textual import on
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.events import CursorPosition
from textual.screen import Screen

from fundtui.ui.compositor import LineCompositor
from fundtui.ui.drawnline import DrawnLine
from fundtui.ui.scrub import scrub
from fundtui.ui.termdiff import Line, Run, TermDiff

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual import events
    from textual.strip import Strip

# The pinned Textual (pyproject) whose private names these are; the tests hold this against the installed one.
TESTED_VERSION = "8.2"
_HOOKS = (
    (App, "_display"),
    (App, "_begin_update"),
    (Screen, "_compositor_refresh"),
    (Compositor, "_render_chops"),
    (Compositor, "visible_widgets"),
    (Compositor, "cuts"),
)
SYNC_START = "\x1b[?2026h"
SYNC_END = "\x1b[?2026l"
ASK_POSITION = "\x1b[6n"
# Frames that the terminal may owe an answer for. Two keep a fast line busy, and bound how late a slow one can be.
MAX_UNANSWERED = 2
_RECENT_ROUND_TRIPS = 16
# Frames are told apart by columns 2 to 9 of the cursor, which need one digit.
_NUMBERS = 8
_ASK_AGAIN_S = 3.0


def supported() -> bool:
    """Whether the installed Textual has all names that the hooks use."""
    return all(hasattr(owner, name) for owner, name in _HOOKS)


class Pacer:
    """End-to-end flow control: a question after each frame, and no further frame while too many are unanswered.

    The question is where the cursor is, and each frame leaves it in another column, so an answer says which frames have
    arrived even when others got lost. Silence alone never ends the pacing, because a slow line is silent while a large
    frame drains: after a while the question is only asked again. A terminal that never answered is not waited for.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._asked: deque[tuple[int, float]] = deque()
        self._round_trips: deque[float] = deque(maxlen=_RECENT_ROUND_TRIPS)
        self._number = 0
        self.answers = False

    def busy(self) -> bool:
        """Whether the next frame has to wait."""
        return self.answers and len(self._asked) >= MAX_UNANSWERED

    def silent(self) -> bool:
        """Whether the terminal has owed its answers for so long that it should be asked again."""
        return self.busy() and self._now() - self._asked[-1][1] > _ASK_AGAIN_S

    @property
    def round_trip_s(self) -> float:
        """The shortest of the recent round trips in seconds; NaN before the first."""
        return min(self._round_trips, default=math.nan)

    def question(self) -> str:
        """What to append to a frame. Before the terminal has answered once, only the first frame asks."""
        if not self.answers and self._asked:
            return ""
        self._number = self._number % _NUMBERS + 1
        self._asked.append((self._number, self._now()))
        if len(self._asked) > _NUMBERS // 2:
            self._asked.popleft()
        return f"\x1b[{self._number + 1}G{ASK_POSITION}"

    def answered(self, column: int) -> None:
        """The terminal told its cursor's column, counted from 0: that frame and all before it have arrived."""
        self.answers = True
        if column not in {number for number, _ in self._asked}:
            return
        number = -1
        while number != column:
            number, asked = self._asked.popleft()
        self._round_trips.append(self._now() - asked)

    def forget(self) -> None:
        """The terminal was away (suspended, resumed): nothing is owed any more."""
        self._asked.clear()


class OutputApp(App[int]):
    """An App whose frames go through the diff and the pacer. Everything else stays Textual's."""

    def __init__(
        self, now: Callable[[], float], *, diff: bool = True, shown: TermDiff | None = None, **options: Any
    ) -> None:
        """shown: what the terminal shows already, where its frames go through the diff."""
        super().__init__(**options)
        self.termdiff = shown or TermDiff()
        self._as_shown = shown is not None
        self.pacer = Pacer(now)
        self.bytes_out = 0
        self._diff = diff and supported()
        self._waiting: Screen[Any] | None = None

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if not self._diff or not isinstance(renderable, (ChopsUpdate, LayoutUpdate)) or self._cannot_draw():
            super()._display(screen, renderable)
            return
        self.termdiff.use_colours(None if self.without_colour else self.console._color_system or ColorSystem.TRUECOLOR)
        self.termdiff.columns, self.termdiff.rows = self.size
        lines = collect(renderable)
        if self._as_shown and self.termdiff.bare(lines):
            # Textual's own first frame comes before its layout: what stands there may stay until there is more.
            return
        text = self.termdiff.render(lines)
        if text:
            self._as_shown = False
            self._write(text)
        self.post_display_hook()

    @property
    def without_colour(self) -> bool:
        """Whether no colour at all is written (NO_COLOR)."""
        return self.no_color

    def _cannot_draw(self) -> bool:
        return (
            bool(self._batch_count) or self.is_headless or self.is_inline or self._driver is None or not self._running
        )

    def _write(self, text: str) -> None:
        """One write for the whole frame: brackets, content and the pacer's question."""
        if self._sync_available:
            text = f"{SYNC_START}{text}{SYNC_END}"
        text += self.pacer.question()
        self.bytes_out += len(text)
        if self._driver is not None:
            self._driver.write(text)

    def hold_frame(self, screen: Screen[Any]) -> bool:
        """Whether this frame has to wait for the terminal; it is drawn when the answer comes, as it is then."""
        if not (self._diff and self.pacer.busy()):
            return False
        self._waiting = screen
        if self.pacer.silent() and self._driver is not None:
            self._driver.write(self.pacer.question())
        return True

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, CursorPosition):
            self.pacer.answered(event.x)
            waiting, self._waiting = self._waiting, None
            if waiting is not None and waiting is self.screen:
                waiting._compositor_refresh()
            return
        await super().on_event(event)

    def redraw(self) -> None:
        """Forget what the terminal shows and draw everything again."""
        self.termdiff.invalidate()
        self.pacer.forget()
        self.screen.refresh(layout=True)

    def on_resize(self, event: events.Resize) -> None:
        # A terminal may reflow or clear at a resize: what it shows is unknown from here on. The first sizes are news
        # to Textual only, where something has been drawn for them.
        if not self._as_shown or event.size != (self.termdiff.columns, self.termdiff.rows):
            self.termdiff.invalidate()

    @on(Driver.SignalResume)
    def _came_back(self) -> None:
        # After a suspend the terminal shows whatever the shell left there.
        self.redraw()


class PacedScreen(Screen[Any]):
    """A screen whose frames wait while the terminal owes answers; what changed meanwhile stays marked."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if supported():
            self._compositor = LineCompositor()

    def _compositor_refresh(self) -> None:
        app = self.app
        if isinstance(app, OutputApp) and app.hold_frame(self):
            return
        super()._compositor_refresh()


def collect(update: CompositorUpdate) -> list[Line]:
    """A frame as lines of runs, each with the cells that it covers."""
    if isinstance(update, LayoutUpdate):
        return _whole_lines(update)
    return _parts(update) if isinstance(update, ChopsUpdate) else []


def _whole_lines(update: LayoutUpdate) -> list[Line]:
    lines: list[Line] = []
    for y, strips in enumerate(update.strips, update.region.y):
        runs: list[Run] = []
        x = update.region.x
        for strip in cast("Iterable[Strip | None]", strips):
            # Amid a resize a widget may not reach its place yet: what lies there is drawn with the next layout.
            if strip is None:
                break
            _append_runs(runs, strip, x)
            x += strip.cell_length
        lines.append((y, runs, update.region.x, x))
    return lines


def _parts(update: ChopsUpdate) -> list[Line]:
    spans: dict[int, list[tuple[int, int]]] = {}
    for y, start, stop in update.spans:
        spans.setdefault(y, []).append((start, stop))
    lines: list[Line] = []
    for y, touched in spans.items():
        runs: list[Run] = []
        low, high = 1 << 30, 0
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and any(x < stop and end > start for start, stop in touched):
                if not runs and type(strip) is DrawnLine:
                    # As it is: an unchanged line is then the very list that the diff remembers.
                    runs = strip.runs(x)
                else:
                    runs = runs.copy()
                    _append_runs(runs, strip, x)
                low, high = min(low, x), max(high, end)
        if runs:
            lines.append((y, runs, low, high))
    return lines


def _append_runs(runs: list[Run], strip: Strip, x: int) -> None:
    if type(strip) is DrawnLine:
        runs.extend(strip.runs(x))
        return
    for text, style, control in strip:
        if control or not text:
            continue
        text = scrub(text)
        runs.append((x, text, style))
        x += len(text) if text.isascii() else cell_len(text)
