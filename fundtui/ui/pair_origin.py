"""What of a pair is worked out from its legs: the half-life, and the spread in the lens that is chosen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.table import Table
from fundtui.ui.cells import Lens
from fundtui.ui.grid import LENS_KEYS
from fundtui.ui.provenance import Provenance, of_explanation

if TYPE_CHECKING:
    from fundtui.ui.source import Source

_SIDES = ("short", "long")


def legs(pairs: Table, instruments: Table, row: int) -> dict[str, int]:
    """Side -> instrument row, without legs that are no instrument (bought spot) or are not listed now."""
    names = {side: f"{pairs.text(side, row)} {pairs.text(side + '_symbol', row)}" for side in _SIDES}
    return {side: instruments.index[name] for side, name in names.items() if name in instruments.index}


def lens_spread(pairs: Table, instruments: Table, row: int, lens: Lens) -> float:
    """Short less long in a lens; a leg without funding counts as nothing. NaN where a perpetual leg is not known."""
    if lens is Lens.RAW:
        return float(pairs.columns["spread"][row])
    known = legs(pairs, instruments, row)
    ends = [float(instruments.columns[LENS_KEYS[lens]][known[side]]) if side in known else math.nan for side in _SIDES]
    if "long" not in known and "spot" in pairs.text("trade", row):
        ends[1] = 0.0
    return ends[0] - ends[1]


def half_life_origin(source: Source, row: int, text: str) -> Provenance:
    """The shorter half-life of both legs."""
    pairs, instruments = source.table(Level.PAIR), source.table(Level.INSTRUMENT)
    known = legs(pairs, instruments, row)
    parts = tuple(of_explanation(source.explain(Level.INSTRUMENT, leaf, "half_life")) for leaf in known.values())
    missing = [f"{side} leg {pairs.text(side, row)}: no settled history" for side in _SIDES if side not in known]
    return Provenance(
        title=f"{pairs.keys[row]} half-life", value=text, formula="the shorter half-life of the two legs",
        meaning="Time in which half of a leg's distance from its mean is gone.", source="methodology §3.3",
        exclusions=tuple(missing), parts=parts, data={"pair": pairs.keys[row]},
    )  # fmt: skip
