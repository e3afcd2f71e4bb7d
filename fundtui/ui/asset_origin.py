"""Where each figure of one instrument's row comes from, all of them on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fundtui.imbalance.catalogue import Level
from fundtui.ui.cells import Lens
from fundtui.ui.grid import LENS_KEYS
from fundtui.ui.provenance import Provenance, of_explanation

if TYPE_CHECKING:
    from fundtui.ui.source import Source

FIGURES = ("apr", "rate", "next_funding_ms", "premium", "theory", "divergence", "cap_use", "oi_usd", "age", "flag")


def row_origin(source: Source, leaf: int, lens: Lens) -> Provenance:
    """The columns of an instrument's row, the one that the lens shows first."""
    table = source.table(Level.INSTRUMENT)
    keys = [key for key in dict.fromkeys((LENS_KEYS[lens], *FIGURES)) if key in table.metrics]
    parts = tuple(of_explanation(source.explain(Level.INSTRUMENT, leaf, key)) for key in keys)
    # What the venue said is the same for all of them: once is enough.
    said = parts[0]
    rest = tuple(
        Provenance(title=one.title, value=one.value, formula=one.formula, numbers=one.numbers, source=one.source)
        for one in parts[1:]
    )
    return Provenance(
        title=table.keys[leaf], value=said.value, meaning=said.meaning, formula=said.formula, numbers=said.numbers,
        source=said.source, facts=said.facts, inputs=said.inputs, raw=said.raw, exclusions=said.exclusions,
        parts=rest, data={"figures": [one.data for one in parts]},
    )  # fmt: skip
