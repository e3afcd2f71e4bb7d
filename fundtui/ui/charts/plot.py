"""The chart as a widget: scale, curves, letters at their ends, dates, and the crosshair with what stands under it."""

from __future__ import annotations

import asyncio
import math
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from textual import events
from textual.message import Message
from textual.strip import Strip

from fundtui.ui.cells import Scene
from fundtui.ui.charts.axes import Scale, Window, scale_of, time_ticks
from fundtui.ui.charts.dots import Dots
from fundtui.ui.charts.picture import Curve, Picture, Shape
from fundtui.ui.paint import Span, both_ends, cells, fitted, strip_of
from fundtui.ui.pieces import Line, cut, folded, lines_on, spans
from fundtui.ui.widgets.canvas import Panel
from fundtui.units import MISSING, format_utc_date

if TYPE_CHECKING:
    from textual.worker import WorkType

SCALE_CELLS = 10
LETTER_CELLS = 3
SMALLEST = (SCALE_CELLS + LETTER_CELLS + 8, 5)
WHEEL = 0.8
REACH_CELLS = 2.0
_ROWS_A_TURN = 16


class Drawn(msgspec.Struct, frozen=True):
    """A finished drawing and what it was made for: its size in cells, and per line each cell's glyph and pen."""

    size: tuple[int, int]
    rows: tuple[tuple[tuple[str, str], ...], ...]
    picture: Picture
    window: Window
    scale: Scale


class ChartPanel(Panel):
    """Draws a `Picture` in turns of the event loop; keeps window and crosshair."""

    class Pointed(Message):
        """The crosshair moved."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.scene: Scene | None = None
        self.picture: Picture | None = None
        self.window: Window | None = None
        self.cross_ms = math.nan
        self._dots: Dots | None = None
        self._drawn: Drawn | None = None
        self._lines: list[Strip] = []
        self._look: tuple[object, ...] = ()
        self._key: tuple[object, ...] = ()

    # -- what is shown

    def show(self, scene: Scene, picture: Picture, dots: Dots) -> None:
        """Show a picture; a window that a person chose stays while the range is the same."""
        before, self.picture = self.picture, picture
        if before is None or (before.start_ms, before.ahead) != (picture.start_ms, picture.ahead):
            whole = self.whole
            kept = self.window if before is not None and before.ahead == picture.ahead else None
            # A range that moves on with time takes the window along; another range starts whole.
            same = before is not None and math.isclose(
                before.end_ms - before.start_ms, picture.end_ms - picture.start_ms, rel_tol=1e-6
            )
            self.window = kept.within(whole) if kept is not None and same else None
        self._dots = dots
        self.restyle(scene)

    def restyle(self, scene: Scene) -> None:
        """Draw anew what looks different now."""
        self.scene = scene
        key = (id(self.picture), self.window, self.size, self._dots)
        if key != self._key and self._plot_size() is not None and self.picture is not None:
            self._key = key
            # As a call, not a coroutine: one that is replaced before it begins was never made.
            work: WorkType[None] = partial(self._draw, self.picture)
            self.run_worker(work, group="raster", exclusive=True)
        self.update()

    async def settled(self) -> None:
        """Wait until the drawing is finished."""
        await self.workers.wait_for_complete(list(self.workers))

    def on_resize(self, event: events.Resize) -> None:
        if self.scene is not None:
            self.restyle(self.scene)

    @property
    def whole(self) -> Window:
        """All of the picture's time."""
        assert self.picture is not None
        return Window(self.picture.start_ms, self.picture.end_ms)

    @property
    def shown(self) -> Window:
        """The part of time that is seen."""
        return self.window or self.whole

    def _plot_size(self) -> tuple[int, int] | None:
        width, height = self.size
        if width < SMALLEST[0] or height < SMALLEST[1]:
            return None
        return width - SCALE_CELLS - 1 - LETTER_CELLS, height - 2

    async def _draw(self, picture: Picture) -> None:
        from fundtui.ui.charts.raster import Raster

        size = self._plot_size()
        if size is None:
            return
        window = self.shown
        scale = scale_of(picture, window, size[1])
        dots = self._dots or Dots.ASCII
        raster = Raster(*size, window, scale, dots)
        for curve in picture.curves:
            for _ in raster.draw(curve, self._mark(curve, ascii_only=dots is Dots.ASCII)):
                # The next portion in the next turn: keys and polls come first.
                await asyncio.sleep(0)
        rows = []
        for y in range(raster.height):
            rows.append(tuple(raster.row(y)))
            if y % _ROWS_A_TURN == _ROWS_A_TURN - 1:
                await asyncio.sleep(0)
        self._look = ()
        self._drawn = Drawn(size, tuple(rows), picture, window, scale)
        self.update()

    def _mark(self, curve: Curve, *, ascii_only: bool) -> str:
        if ascii_only:
            return curve.letter or "*"
        return self.scene.glyphs.pin if self.scene and curve.shape is Shape.MARK else curve.letter

    # -- moving

    def zoom(self, factor: float) -> None:
        """See a smaller part (factor below 1) or more, around the crosshair or the newest moment."""
        if self.picture is None:
            return
        around = self.cross_ms if self._crossing else self.shown.end_ms
        window = self.shown.zoomed(factor, around, self.whole)
        self._look_at(None if window.span_ms >= self.whole.span_ms else window)

    def pan(self, share: float) -> None:
        """See earlier (below 0) or later."""
        if self.picture is not None and self.window is not None:
            self._look_at(self.window.moved(share, self.whole))

    def reset(self) -> None:
        """See all, without the crosshair."""
        self.cross_ms = math.nan
        self._look_at(None)

    def _look_at(self, window: Window | None) -> None:
        self.window = window
        if self.scene is not None:
            self.restyle(self.scene)
        self.post_message(self.Pointed())

    @property
    def _crossing(self) -> bool:
        return not math.isnan(self.cross_ms) and self.shown.start_ms <= self.cross_ms <= self.shown.end_ms

    def step(self, cells: int) -> None:
        """Move the crosshair by cells; the first step puts it at the newest moment."""
        size = self._plot_size()
        if self.picture is None or size is None:
            return
        window = self.shown
        cell_ms = window.span_ms / size[0]
        if not self._crossing:
            self.point_at(window.end_ms - cell_ms / 2)
            return
        self.point_at(self.cross_ms + cells * cell_ms)

    def point_at(self, time_ms: float) -> None:
        """Put the crosshair at a moment; beyond an edge the window moves along."""
        whole, window = self.whole, self.shown
        self.cross_ms = min(max(time_ms, whole.start_ms), whole.end_ms)
        if self.window is not None and not window.start_ms <= self.cross_ms <= window.end_ms:
            short = self.cross_ms - (window.start_ms if self.cross_ms < window.start_ms else window.end_ms)
            self._look_at(self.window.moved(short / window.span_ms, whole))
            return
        self.update()
        self.post_message(self.Pointed())

    def clear_cross(self) -> bool:
        """Take the crosshair away; False where there was none."""
        if math.isnan(self.cross_ms):
            return False
        self.cross_ms = math.nan
        self.update()
        self.post_message(self.Pointed())
        return True

    def on_click(self, event: events.Click) -> None:
        size = self._plot_size()
        if size is None or self.picture is None:
            return
        cell = event.x - SCALE_CELLS - 1
        if 0 <= cell < size[0]:
            window = self.shown
            self.point_at(window.start_ms + (cell + 0.5) / size[0] * window.span_ms)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.zoom(WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.zoom(1 / WHEEL)

    # -- reading

    def reading(self, curve: Curve) -> float:
        """A curve's value under the crosshair, or its newest one."""
        size = self._plot_size()
        cell_ms = self.shown.span_ms / (size[0] if size else 80)
        if self._crossing:
            # The nearest observation that the cell under the crosshair shows, or the one that still held.
            reach = math.inf if curve.shape is Shape.STEP else REACH_CELLS * cell_ms
            return curve.at(self.cross_ms + cell_ms / 2, reach)
        known = curve.value[curve.value == curve.value]
        return float(known[-1]) if len(known) else math.nan

    # -- drawing

    def blank(self, width: int) -> Strip:
        return strip_of((), width, self.scene.pens("dim", "panel")) if self.scene else Strip.blank(width)

    def content(self, width: int, height: int) -> list[Strip]:
        scene, picture = self.scene, self.picture
        if scene is None or picture is None:
            return []
        lines = [self._title(scene, picture, width)]
        size = self._plot_size()
        if picture.notice or size is None:
            text = picture.notice or "no room for a chart"
            return [*lines, self.blank(width), *lines_on(scene.pens, folded(_words(text), width), "panel", width)]
        drawn = self._drawn
        if drawn is None or drawn.size != size:
            return lines
        # A second that changes nothing of the chart draws nothing of it.
        look = (scene.pens, self._cross_cell(drawn), width)
        if look != self._look:
            self._look = look
            self._lines = [*self._plot_lines(scene, drawn, width), self._dates(scene, drawn, width)]
        return [*lines, *self._lines]

    def _title(self, scene: Scene, picture: Picture, width: int) -> Strip:
        pens = scene.pens
        right: list[Span] = []
        if self._crossing and picture.curves:
            when = self._when(picture)
            right = [
                (f"{when}  ", pens("accent", "panel")), (f"{self._under(picture)} ", pens("bright", "panel")),
            ]  # fmt: skip
        elif self.window is not None:
            share = self.window.span_ms / self.whole.span_ms
            right = [(f"{share:.0%} of the range ", pens("accent", "panel"))]
        room = width - sum(cells(text) for text, _ in right)
        said: Line = [(f"  {picture.title}", "*bright"), (f"  {picture.note}" if picture.note else "", "dim")]
        left = spans(pens, cut(said, room, scene.glyphs.ellipsis), "panel")
        return both_ends(left, right, width, pens("dim", "panel"))

    def _under(self, picture: Picture) -> str:
        """The topmost curve's figure under the crosshair, or what was settled where nothing was observed."""
        name = picture.curves[-1].name
        for curve in reversed(picture.curves):
            value = self.reading(curve)
            if not math.isnan(value) and curve.name.removesuffix(" settled") == name:
                return picture.label(value) + curve.name.removeprefix(name)
        return MISSING

    def _when(self, picture: Picture) -> str:
        if picture.ahead:
            return f"+{self.cross_ms / 3_600_000:.0f}h"
        return format_utc_date(int(self.cross_ms))[:16] + " UTC"

    def _plot_lines(self, scene: Scene, drawn: Drawn, width: int) -> list[Strip]:
        pens, scale = scene.pens, drawn.scale
        height = drawn.size[1]
        fill, faint = pens("dim", "panel"), pens("faint", "panel")
        ascii_only = scene.glyphs.rule == "-"
        labels = {min(int(scale.place(tick, height)), height - 1): tick for tick in scale.ticks}
        letters = self._letters(drawn)
        cross = self._cross_cell(drawn)
        lines = []
        for y in range(height):
            tick = labels.get(y)
            text = "" if tick is None else drawn.picture.label(tick)
            bar = ("|" if ascii_only else "│") if tick is None else ("+" if ascii_only else "┤")
            zero = tick is not None and abs(tick * drawn.picture.scale) < 1e-9
            spans: list[Span] = [(fitted(text, SCALE_CELLS - 1, right=True) + " ", faint), (bar, faint)]
            spans += self._cells(scene, drawn, y, cross, zero=zero)
            curve = letters.get(y)
            if curve is not None:
                spans.append((f" {curve.letter}", pens(curve.role, "panel")))
            lines.append(strip_of(spans, width, fill))
        return lines

    def _cells(self, scene: Scene, drawn: Drawn, y: int, cross: int, *, zero: bool) -> list[Span]:
        """One line of the plot; neighbours of the same pen are one piece."""
        pens, ascii_only = scene.pens, scene.glyphs.rule == "-"
        runs: list[tuple[str, str]] = []
        for x, (glyph, role) in enumerate(drawn.rows[y]):
            if glyph == " ":
                glyph, role = (scene.glyphs.rule, "faint") if zero else (" ", "dim")
            if x == cross:
                glyph, role = (glyph if glyph not in (" ", scene.glyphs.rule) else "|" if ascii_only else "│"), "accent"
            if runs and runs[-1][1] == role:
                runs[-1] = (runs[-1][0] + glyph, role)
            else:
                runs.append((glyph, role))
        return [(text, pens(role, "panel")) for text, role in runs]

    def _cross_cell(self, drawn: Drawn) -> int:
        if not self._crossing:
            return -1
        share = (self.cross_ms - drawn.window.start_ms) / drawn.window.span_ms
        return min(int(share * drawn.size[0]), drawn.size[0] - 1)

    def _letters(self, drawn: Drawn) -> dict[int, Curve]:
        """Line -> the curve that ends there; one whose place is taken stands in the next free line."""
        found: dict[int, Curve] = {}
        height = drawn.size[1]
        for curve in reversed(drawn.picture.curves):
            inside = (curve.time_ms <= drawn.window.end_ms) & (curve.value == curve.value)
            known = curve.value[inside]
            if not curve.letter or not len(known):
                continue
            place = min(max(int(drawn.scale.place(float(known[-1]), height)), 0), height - 1)
            for line in (place, place + 1, place - 1, place + 2, place - 2):
                if 0 <= line < height and line not in found:
                    found[line] = curve
                    break
        return found

    def _dates(self, scene: Scene, drawn: Drawn, width: int) -> Strip:
        text = ""
        for cell, label in time_ticks(drawn.window, drawn.size[0], ahead=drawn.picture.ahead):
            text = f"{text:<{cell}}{label}"
        return strip_of([(" " * (SCALE_CELLS + 1) + text, scene.pens("faint", "panel"))], width,
                        scene.pens("dim", "panel"))  # fmt: skip


def _words(text: str) -> Line:
    """A sentence in pieces that can be folded."""
    return [("  ", "dim"), *((f"{word} ", "dim") for word in text.split())]
