"""The asset table seen through a lens: both ends and the spread of the excess, or of the premium, over all venues."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.catalogue import Level, Unit
from fundtui.imbalance.display import display
from fundtui.imbalance.table import Table
from fundtui.ui.cells import Lens, Scene
from fundtui.ui.grid import NOBODY, Grid, spread_of
from fundtui.ui.provenance import Provenance, of_explanation
from fundtui.units import MISSING

if TYPE_CHECKING:
    from fundtui.ui.source import Source

Index = NDArray[np.intp]

ENDS = frozenset({"spread", "low_rate", "high_rate", "long", "short"})
"""Columns that mean something else in another lens, besides those that change places with another column."""


def lensed(assets: Table, instruments: Table, grid: Grid, lens: Lens) -> Table:
    """The table with the ends of the grid in place of those of the published rates; the table itself where raw."""
    if lens is Lens.RAW:
        return assets
    seen = copy.copy(assets)
    seen.columns, seen.metrics = dict(assets.columns), dict(assets.metrics)
    count = len(grid.values)
    low, high = _places(grid)
    rows = np.arange(count)
    names = {
        end: np.array([assets.code(end, venue) for venue in grid.venues] or [-1], np.int32) for end in ("long", "short")
    }
    flags = instruments.labels["flag"]
    for key, end, flag, place in (("low_rate", "long", "low_flag", low), ("high_rate", "short", "high_flag", high)):
        known = place >= 0
        leaf = np.where(known, grid.leaves[rows, place], NOBODY) if grid.venues else np.full(count, NOBODY)
        figures = np.where(known, grid.values[rows, place], np.nan) if grid.venues else np.full(count, np.nan)
        seen.columns[key] = _put(assets.columns[key], figures)
        seen.columns[end] = _put(assets.columns[end], np.where(known, names[end][place], -1))
        codes = np.array([*(assets.code(flag, label) for label in flags), -1], np.int32)
        seen.columns[flag] = _put(assets.columns[flag], codes[instruments.columns["flag"][leaf]])
    seen.columns["spread"] = _put(assets.columns["spread"], spread_of(grid.values))
    if lens is Lens.PREMIUM:
        for key in ("spread", "low_rate", "high_rate"):
            seen.metrics[key] = msgspec.structs.replace(assets.metrics[key], unit=Unit.BP, decimals=1)
    return seen


def _places(grid: Grid) -> tuple[Index, Index]:
    """Venue places of the lowest and the highest figure of each asset, −1 where none is known."""
    known = np.isfinite(grid.values)
    some = known.any(axis=1) if grid.values.size else np.zeros(len(grid.values), np.bool_)
    if not grid.values.size:
        nobody = np.full(len(grid.values), NOBODY)
        return nobody, nobody
    low = np.where(some, np.where(known, grid.values, np.inf).argmin(axis=1), NOBODY)
    high = np.where(some, np.where(known, grid.values, -np.inf).argmax(axis=1), NOBODY)
    return low, high


def _put(column: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """A copy of a column with other values in its first rows."""
    changed = column.copy()
    changed[: len(values)] = values
    return changed


def ends_origin(source: Source, scene: Scene, grid: Grid, row: int, key: str) -> Provenance:
    """Where an asset's lowest, highest figure or spread in a lens comes from."""
    low, high = (int(places[row]) for places in _places(grid))
    asset = source.table(Level.ASSET).keys[row]
    if low == NOBODY or row >= len(grid.values):
        return Provenance(title=f"{asset} {key}", value=MISSING, exclusions=("no venue has a figure to compare",))
    ends = {"low_rate": (low,), "long": (low,), "high_rate": (high,), "short": (high,)}.get(key, (high, low))
    figures = [float(grid.values[row, place]) for place in ends]
    said = [f"{grid.venues[place]} {display(grid.metric, value, basis=scene.basis)}"
            for place, value in zip(ends, figures, strict=True)]  # fmt: skip
    value = figures[0] - figures[1] if len(figures) == 2 else figures[0]
    text = display(grid.metric, value, basis=scene.basis)
    parts = [
        of_explanation(source.explain(Level.INSTRUMENT, int(grid.leaves[row, place]), grid.metric.key))
        for place in ends
    ]
    return Provenance(
        title=f"{asset} {key.replace('_', ' ')}, {scene.lens.value}",
        value=text.removeprefix("+") if len(figures) == 2 else text,
        formula="highest − lowest of the venues compared" if len(figures) == 2 else "of the venues compared",
        numbers=" − ".join(said), meaning=f"{grid.metric.title}: {grid.metric.help}", source="methodology §0",
        parts=tuple(parts),
        data={"asset": asset, "figure": grid.metric.key, "value": value, "venues": [grid.venues[one] for one in ends]},
    )  # fmt: skip
