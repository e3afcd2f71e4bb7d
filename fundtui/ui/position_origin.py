"""How each figure of a position is worked out, with its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from fundtui.imbalance.catalogue import Level
from fundtui.ui.cells import Scene
from fundtui.ui.provenance import Provenance, of_explanation
from fundtui.units import MISSING, format_countdown, format_money, format_percent, format_price, format_rate

if TYPE_CHECKING:
    from fundtui.ui.screens.positions import Held
    from fundtui.ui.source import Source

# Column -> formula, and the metric of the instrument that it rests on.
FORMULAS = {
    "name": ("its name in the configuration", ""),
    "venue": ("as configured", ""),
    "symbol": ("as configured", ""),
    "side": ("as configured", ""),
    "notional": ("size × mark", "mark"),
    "mark": ("the venue's mark price", "mark"),
    "profit": ("± size × (mark − entry)", "mark"),
    "apr": ("the venue's rate, simple", "apr"),
    "next": ("the venue's next settlement", "next_funding_ms"),
    "accrued": ("due × share of the interval that has passed", "next_funding_ms"),
    "due": ("∓ notional × hourly rate × interval", "apr"),
    "day": ("∓ notional × hourly rate × 24 h", "apr"),
    "liquidation": ("as given, or from entry, leverage and maintenance margin", "mark"),
    "away": ("liquidation / mark − 1", "mark"),
    "touch": ("chance that a driftless price touches the liquidation price within seven days", "volatility"),
}


def position_origin(source: Source, scene: Scene, row: Held, key: str, title: str, text: str) -> Provenance:
    """One cell of the positions' table."""
    formula, metric = FORMULAS.get(key, ("", ""))
    table = source.table(Level.INSTRUMENT)
    parts: tuple[Provenance, ...] = ()
    if row.row >= 0 and metric in table.metrics:
        parts = (of_explanation(source.explain(Level.INSTRUMENT, row.row, metric)),)
    entry = MISSING if math.isnan(row.entry) else format_price(row.entry)
    return Provenance(
        title=f"{row.name} {title.strip()}",
        value=text,
        formula=formula,
        numbers=_numbers(scene, row, key),
        source="positions of the configuration; nothing is sent anywhere",
        facts=(("position", f"{row.side} {row.size:g} {row.symbol} on {row.venue}, entry {entry}"),),
        exclusions=() if row.row >= 0 else (f"{row.venue} does not list {row.symbol}, or has not answered yet",),
        parts=parts,
        data={"column": key, "position": msgspec.structs.asdict(row)},
    )


def _numbers(scene: Scene, row: Held, key: str) -> str:
    sign = "−" if row.side == "long" else "+"
    hourly = format_percent(row.hourly, 5)
    left = format_countdown((row.next_ms - scene.now_ms) / 1000)
    mark, level = format_price(row.mark), format_price(row.liquidation)
    notional = format_money(row.notional)
    per_settlement = row.due / (row.notional * row.hourly) if row.notional * row.hourly else math.nan
    return {
        "notional": f"{row.size:g} × {mark}",
        "profit": f"{row.size:g} × ({mark} − {format_price(row.entry)})",
        "apr": format_rate(row.hourly, scene.basis),
        "due": f"{sign} {notional} × {hourly} × {abs(per_settlement):g} h" if math.isfinite(per_settlement) else "",
        "accrued": f"{format_money(row.due)}, {left} left",
        "day": f"{sign} {notional} × {hourly} × 24",
        "liquidation": f"{level}, {'worked out' if row.estimated else 'as given'}",
        "away": f"{level} / {mark} − 1",
        "next": left,
    }.get(key, "")
