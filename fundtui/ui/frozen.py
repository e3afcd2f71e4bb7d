"""A table as it was at one moment, for a picture that is held while data keeps coming in."""

from __future__ import annotations

import copy

from fundtui.imbalance.table import Table


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
