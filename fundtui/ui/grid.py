"""Assets by venues as one matrix, worked out from the instrument table in a few vector steps."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.catalogue import Metric
from fundtui.imbalance.table import Table
from fundtui.ui.cells import BP_STEPS, RATE_STEPS, Lens, step
from fundtui.units import HOURS_PER_YEAR

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

LENS_KEYS = {Lens.RAW: "apr", Lens.EXCESS: "excess", Lens.PREMIUM: "premium"}
NOBODY = -1


class Grid(NamedTuple):
    """One figure per asset and venue.

    metric    what the figures are
    venues    names, greatest open interest first
    values    assets x venues, stored units; NaN where there is nothing to compare
    leaves    the instrument row behind each cell, −1: none; left-out instruments only where no other one stands
    mean      plain mean of a venue's compared figures
    coverage  how many assets a venue has a compared figure for
    """

    metric: Metric
    venues: tuple[str, ...]
    values: Floats
    leaves: Index
    mean: Floats
    coverage: NDArray[np.int64]


class GridMaker:
    """Makes grids of one engine; the order of venues is kept until another venue appears."""

    def __init__(self) -> None:
        self._venues: tuple[str, ...] = ()
        self._codes: NDArray[np.int64] = np.zeros(0, np.int64)

    def make(self, assets: Table, instruments: Table, lens: Lens) -> Grid:
        """The grid of this moment. An instrument with more open interest stands for its venue."""
        count = instruments.count
        columns = instruments.columns
        metric = instruments.metrics[LENS_KEYS[lens]]
        asset = _rows_of_labels(assets, instruments.labels["asset"])[columns["asset"][:count]]
        venue = columns["venue"][:count].astype(np.intp)
        size = np.nan_to_num(columns["oi_usd"][:count])
        compared = _compared(instruments, count)
        usable = instruments.alive[:count] & (asset >= 0) & (venue >= 0)
        self._order(instruments, venue[usable & compared], size[usable & compared])
        place = np.full(len(instruments.labels["venue"]) + 1, NOBODY, np.intp)
        place[self._codes] = np.arange(len(self._codes))
        column = place[venue]
        rows = np.flatnonzero(usable & (column >= 0))
        # Later assignments win: compared before left out, much open interest before little.
        rows = rows[np.lexsort((size[rows], compared[rows]))]
        leaves = np.full((assets.count, len(self._codes)), NOBODY, np.intp)
        leaves[asset[rows], column[rows]] = rows
        figures = np.append(np.where(compared, columns[metric.key][:count], np.nan), np.nan)
        values = figures[leaves]
        known = np.isfinite(values)
        coverage = known.sum(axis=0)
        total = np.where(known, values, 0.0).sum(axis=0)
        mean = np.divide(total, coverage, out=np.full(len(total), np.nan), where=coverage > 0)
        return Grid(metric, self._venues, values, leaves, mean, coverage)

    def _order(self, instruments: Table, venue: Index, size: Floats) -> None:
        names = instruments.labels["venue"]
        present = np.unique(venue)
        if len(present) == len(self._codes) and np.isin(present, self._codes).all():
            return
        total = np.bincount(venue, weights=size, minlength=len(names))
        self._codes = np.array(sorted(present.tolist(), key=lambda code: (-total[code], names[code])), np.int64)
        self._venues = tuple(names[code] for code in self._codes.tolist())


def _rows_of_labels(assets: Table, labels: list[str]) -> Index:
    """Asset row per label, −1 at the end for what has none."""
    return np.array([assets.index.get(label, NOBODY) for label in labels] + [NOBODY], np.intp)


def _compared(instruments: Table, count: int) -> NDArray[np.bool_]:
    """Which instruments are compared: those with no reason against it."""
    inside = np.array([not label for label in instruments.labels["reasons"]] + [True])
    compared: NDArray[np.bool_] = inside[instruments.columns["reasons"][:count]]
    return compared


def spread_of(values: Floats) -> Floats:
    """Highest less lowest figure of each row; NaN where fewer than two are known."""
    known = np.isfinite(values)
    high = np.where(known, values, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(known, values, np.inf).min(axis=1, initial=np.inf)
    result: Floats = np.where(known.sum(axis=1) >= 2, high - low, np.nan)
    return result


def heat_value(metric: Metric, value: float) -> float:
    """A figure on the scale of the heat's steps: rates as APR, premiums as fractions."""
    return value if metric.key == "premium" else value * HOURS_PER_YEAR


def heat(metric: Metric, value: float) -> str:
    """The surface behind a figure: five steps on both sides of zero."""
    if math.isnan(value) or value == 0:
        return "table"
    size = heat_value(metric, value)
    return f"heat-{'up' if size > 0 else 'down'}{step(size, heat_steps(metric))}"


def heat_steps(metric: Metric) -> tuple[float, ...]:
    """The limits between the five steps of heat, on the scale of `heat_value`."""
    return BP_STEPS if metric.key == "premium" else RATE_STEPS
