"""The asset table as the main screen sees it: through the lens that is chosen, made anew once a second."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fundtui.ui.cells import Lens
from fundtui.ui.grid import Grid, GridMaker
from fundtui.ui.lensed import lensed
from fundtui.ui.view import View

if TYPE_CHECKING:
    from fundtui.imbalance.table import Table

_EACH_S = 1.0
# What the lens shows in the column of the consensus; a table sorted by one of them stays sorted by that column.
_MIDDLES = {Lens.RAW: "consensus", Lens.EXCESS: "excess", Lens.PREMIUM: "premium"}


class LensView:
    """Keeps a view on the table of a lens. `grid` is what both ends of each row come from; None while raw."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._made_at = -math.inf
        self._maker = GridMaker()
        self.grid: Grid | None = None

    def follow(self, assets: Table, instruments: Table, lens: Lens, now: float = math.inf) -> None:
        """Show these tables, which a pause or a replay exchanges. Without a time they are looked at at once."""
        view = self._view
        if lens is Lens.RAW:
            seen, view.named = assets, None
        elif now - self._made_at < _EACH_S and view.named is assets:
            return
        else:
            self.grid = self._maker.make(assets, instruments, lens)
            seen, view.named = lensed(assets, instruments, self.grid, lens), assets
            self._made_at = now if math.isfinite(now) else -math.inf
        if view.table is not seen:
            view.table = seen
            view.invalidate()

    def turn(self, lens: Lens) -> None:
        """Another lens: what was sorted by the middle of the rates still is."""
        if self._view.sort_key in _MIDDLES.values():
            self._view.sort_key = _MIDDLES[lens]
            self._view.release()
