"""A line that is known to be safe, with its runs for the terminal diff made once however often it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual.cache import FIFOCache
from textual.strip import Strip

from fundtui.ui.spans import cells

if TYPE_CHECKING:
    from fundtui.ui.termdiff import Run

_CACHED = 4


class DrawnLine(Strip):
    """A strip whose texts have been scrubbed. The seven caches of a strip are made when one is asked for."""

    __slots__ = ("_runs", "_runs_at")

    def __init__(self, segments: Iterable[Segment], cell_length: int) -> None:
        # The fields of a stock strip without its caches: most lines are shown as they are.
        self._segments = list(segments)
        self._cell_length = cell_length
        self._render_cache = None
        self._link_ids = None
        self._cell_count = None
        self._runs: list[Run] = []
        self._runs_at = -1

    def __getattr__(self, name: str) -> Any:
        if not name.endswith("_cache"):
            raise AttributeError(name)
        cache: FIFOCache[Any, Any] = FIFOCache(_CACHED)
        setattr(self, name, cache)
        return cache

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        cuts = list(cuts)
        return [self] if cuts == [self._cell_length] else super().divide(cuts)

    def joined(self, last: Segment) -> DrawnLine:
        """This line with one more cell, sharing what has been made of it."""
        line = DrawnLine([*self._segments, last], (self._cell_length or 0) + 1)
        line._runs, line._runs_at = [*self.runs(0), (self._cell_length or 0, last.text, last.style)], 0
        return line

    def runs(self, x: int) -> list[Run]:
        """Runs of the line when it begins at cell `x`. The list is shared: it must not be changed."""
        if self._runs_at != x:
            self._runs, self._runs_at = _runs(self._segments, x), x
        return self._runs


def _runs(segments: Sequence[Segment], x: int) -> list[Run]:
    runs: list[Run] = []
    for text, style, _ in segments:
        if text:
            runs.append((x, text, style))
            x += cells(text)
    return runs
