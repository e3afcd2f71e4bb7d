"""Tables as they were at one moment, for a picture that is held while data keeps coming in."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.table import Table

if TYPE_CHECKING:
    from fundtui.ui.source import Source

_LEVELS = (Level.ASSET, Level.INSTRUMENT)


class Picture:
    """The source's tables and time, or while the picture is held those of the moment when that began."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._now_ms = 0
        self._tables: dict[Level, Table] = {}

    def hold(self, held: bool) -> None:
        """Hold the picture from now on, or let it go."""
        self._now_ms = self._source.clock.utc_ms()
        self._tables = {level: frozen(self._source.table(level)) for level in _LEVELS} if held else {}

    def table(self, level: Level) -> Table:
        """A level's table."""
        return self._tables.get(level) or self._source.table(level)

    def now_ms(self) -> int:
        """The time that the picture is of."""
        return self._now_ms if self._tables else self._source.clock.utc_ms()


def frozen(table: Table) -> Table:
    """A copy of everything that can change; labels only ever grow and are shared."""
    held = copy.copy(table)
    held.keys = list(table.keys)
    held.index = dict(table.index)
    held.columns = {key: column.copy() for key, column in table.columns.items()}
    held.series = {key: series.copy() for key, series in table.series.items()}
    held.version = table.version.copy()
    held.alive = table.alive.copy()
    return held
