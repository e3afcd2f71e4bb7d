"""The rows of the matrix: a view that can also sort by what one venue has."""

from __future__ import annotations

from typing import Any

import numpy as np

from fundtui.imbalance.table import Table
from fundtui.ui.grid import Grid, spread_of
from fundtui.ui.view import View


class GridView(View):
    """Rows of the matrix: assets, sorted by one of their metrics, by a venue (`@okx`), or by the spread shown."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, "@spread")
        self.grid: Grid | None = None

    def sort_values(self) -> Any:
        grid = self.grid
        if grid is None or not self.sort_key.startswith("@"):
            return super().sort_values()
        name = self.sort_key[1:]
        place = grid.venues.index(name) if name in grid.venues else None
        values = spread_of(grid.values) if place is None else grid.values[:, place]
        return np.pad(values, (0, self.table.count - len(values)), constant_values=np.nan)
