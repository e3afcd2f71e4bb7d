"""A line that is known to be safe, kept as the runs that the terminal diff works with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual.cache import FIFOCache
from textual.strip import Strip

if TYPE_CHECKING:
    from fundtui.ui.termdiff import Run

_CACHED = 4


class DrawnLine(Strip):
    """A strip of scrubbed texts. Most go from the widget to the diff as they are: segments, and the seven caches of a
    strip, are made when one is asked for."""

    __slots__ = ("_runs", "_shifted", "_shifted_by")

    def __init__(self, runs: list[Run], cell_length: int) -> None:
        """runs: from cell 0 on without gaps."""
        self._cell_length = cell_length
        self._render_cache = None
        self._link_ids = None
        self._cell_count = None
        self._runs = runs
        self._shifted: list[Run] = []
        self._shifted_by = 0

    def __getattr__(self, name: str) -> Any:
        value: Any
        if name == "_segments":
            value = [Segment(text, style) for _, text, style in self._runs]
        elif name.endswith("_cache"):
            value = FIFOCache(_CACHED)
        else:
            raise AttributeError(name)
        setattr(self, name, value)
        return value

    def __eq__(self, other: object) -> bool:
        return self._runs == other._runs if type(other) is DrawnLine else super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        cuts = list(cuts)
        return [self] if cuts == [self._cell_length] else super().divide(cuts)

    def joined(self, other: DrawnLine) -> DrawnLine:
        """This line and behind it another one."""
        width = self.cell_length
        return DrawnLine([*self._runs, *other.runs(width)], width + other.cell_length)

    def runs(self, x: int) -> list[Run]:
        """Runs of the line when it begins at cell `x`. The list is shared: it must not be changed."""
        if not x:
            return self._runs
        if self._shifted_by != x:
            self._shifted = [(x + at, text, style) for at, text, style in self._runs]
            self._shifted_by = x
        return self._shifted
