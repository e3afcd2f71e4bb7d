"""Draws curves into cells with the hi-res canvas of textual-plot. Imported when the first chart opens, never at start.

The canvas is used as paper only: it is never mounted. What it holds is read back cell by cell and painted by our own
widgets, so that themes, NO_COLOR, the guard against control characters and the diff of the terminal all hold. Its
plot widget is not used: it joins observations across holes, draws with full blocks where there is no braille, and
knows neither dates nor a crosshair by key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from textual.geometry import Region
from textual_hires_canvas import Canvas, HiResMode
from textual_hires_canvas.hires import hires_sizes, pixels

from fundtui.ui.charts.axes import Scale, Window
from fundtui.ui.charts.dots import Dots
from fundtui.ui.charts.picture import Curve, Shape

Cell = tuple[str, str]
Segment = tuple[float, float, float, float]
# Lines are drawn in portions of about this many cells: three milliseconds on a slow core.
_PORTION_CELLS = 250.0

_MODES = {Dots.BRAILLE: HiResMode.BRAILLE, Dots.BLOCK: HiResMode.QUADRANT}
_FINER = {Dots.BRAILLE: 2, Dots.BLOCK: 2, Dots.ASCII: 1}


class Paper(Canvas):
    """The canvas without a screen: nothing to refresh."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(width, height)
        self._dots: dict[tuple[int, int], int] = {}

    def begin(self) -> None:
        """Another curve: its dots do not mix with those of the one before."""
        self._dots = {}

    def set_hires_pixels(
        self, coordinates: Iterable[tuple[Any, Any]], hires_mode: HiResMode | None = None, style: str = "white"
    ) -> None:
        # The canvas would take each call for a curve of its own, and let the next one wipe out the dots of the last.
        mode = hires_mode or self.default_hires_mode
        columns, rows = hires_sizes[mode]
        width, height = self._canvas_region.size
        changed = set()
        for x, y in coordinates:
            if 0 <= x < width and 0 <= y < height:
                across, down = int(x * columns), int(y * rows)
                cell = across // columns, down // rows
                bit = 1 << (down % rows * columns + across % columns)
                self._dots[cell] = self._dots.get(cell, 0) | bit
                changed.add(cell)
        count, known = columns * rows, pixels[mode]
        for cell in changed:
            bits = self._dots[cell]
            glyph = known[tuple(bits >> place & 1 for place in range(count))]
            if glyph:
                self.set_pixel(*cell, char=glyph, style=style)

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Any:
        return self


class Raster:
    """Cells of a chart in one size, drawn curve by curve so that no turn of the event loop takes long."""

    def __init__(self, width: int, height: int, window: Window, scale: Scale, dots: Dots) -> None:
        self.width, self.height = width, height
        self._window, self._scale, self._dots = window, scale, dots
        # The canvas clips lines at the beginning of its last cells: one cell more lets ours be drawn whole.
        self._paper = Paper(width + 1, height + 1)

    def draw(self, curve: Curve, mark: str) -> Iterator[None]:
        """Draw a curve over what is there, and stop after each portion that takes a few milliseconds.

        mark  the glyph of single values, and of lines in ASCII
        """
        x, y = self._places(curve)
        self._paper.begin()
        if curve.shape is Shape.MARK:
            known = np.isfinite(x) & np.isfinite(y)
            self._paper.set_pixels(
                zip(x[known].astype(int).tolist(), y[known].astype(int).tolist(), strict=True), mark, curve.role
            )
            return
        lines = _stairs(x, y) if curve.shape is Shape.STEP else _joined(x, y, self.width * _FINER[self._dots])
        for portion in _portions(lines):
            if self._dots is Dots.ASCII:
                cells = [(int(a), int(b), int(c), int(d)) for a, b, c, d in portion]
                self._paper.draw_lines(cells, mark, curve.role)
            else:
                self._paper.draw_hires_lines(portion, _MODES[self._dots], curve.role)
            yield

    def row(self, y: int) -> list[Cell]:
        """The cells of a line."""
        return [self._paper.get_pixel(x, y) for x in range(self.width)]

    def _places(self, curve: Curve) -> tuple[np.ndarray[Any, np.dtype[np.float64]], ...]:
        """Cells of the values inside the window and one on either side, so that lines reach the edges."""
        first = max(int(np.searchsorted(curve.time_ms, self._window.start_ms)) - 1, 0)
        last = int(np.searchsorted(curve.time_ms, self._window.end_ms, side="right")) + 1
        times, values = curve.time_ms[first:last], curve.value[first:last]
        x = (times - self._window.start_ms) / self._window.span_ms * self.width
        y = (self._scale.high - values) / (self._scale.high - self._scale.low) * self.height
        return x, y


def _portions(lines: Sequence[Segment]) -> Iterator[list[Segment]]:
    """The lines in their order, as many at a time as cross some hundred cells."""
    portion: list[Segment] = []
    left = _PORTION_CELLS
    for line in lines:
        portion.append(line)
        left -= 1.0 + max(abs(line[2] - line[0]), abs(line[3] - line[1]))
        if left <= 0:
            yield portion
            portion, left = [], _PORTION_CELLS
    if portion:
        yield portion


def _joined(x: Any, y: Any, dots: int) -> list[tuple[float, float, float, float]]:
    """Lines between neighbours that are both known; of very many values some for each dot."""
    if len(x) > 4 * dots:
        kept = np.unique(np.linspace(0, len(x) - 1, 4 * dots).astype(int))
        holes = np.flatnonzero(np.isnan(y))
        kept = np.union1d(kept, holes)
        x, y = x[kept], y[kept]
    known = np.isfinite(y)
    both = known[:-1] & known[1:]
    lines = list(zip(x[:-1][both].tolist(), y[:-1][both].tolist(), x[1:][both].tolist(), y[1:][both].tolist(),
                     strict=True))  # fmt: skip
    # A value between two holes is a dot.
    before, after = np.append(False, known[:-1]), np.append(known[1:], False)
    alone = known & ~before & ~after
    return [*lines, *((a, b, a, b) for a, b in zip(x[alone].tolist(), y[alone].tolist(), strict=True))]


def _stairs(x: Any, y: Any) -> list[tuple[float, float, float, float]]:
    """Each value holds until the next moment, then goes straight to its value."""
    lines: list[tuple[float, float, float, float]] = []
    for place in range(len(x) - 1):
        a, b, c, d = float(x[place]), float(y[place]), float(x[place + 1]), float(y[place + 1])
        if b == b:
            lines.append((a, b, c, b))
            if d == d:
                lines.append((c, b, c, d))
    return lines
