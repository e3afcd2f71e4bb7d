"""Where each cell of the calendar's list comes from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from fundtui.imbalance.catalogue import Level
from fundtui.ui.provenance import Provenance, of_explanation
from fundtui.units import format_duration, format_money, format_percent, format_utc_date

if TYPE_CHECKING:
    from fundtui.ui.schedule import Flow
    from fundtui.ui.source import Source

FORMULAS = {
    "time": ("next settlement + k × interval", "next_funding_ms"),
    "venue": ("where the contract trades", "venue"),
    "asset": ("the asset that the symbol stands for", "asset"),
    "symbol": ("the venue's own name", "symbol"),
    "rate": ("hourly rate × interval", "rate"),
    "apr": ("hourly rate in the chosen basis, less interest in the excess lens", "apr"),
    "oi": ("open interest, one-sided, dollars", "oi_usd"),
    "dollars": ("open interest × rate of one settlement", "oi_usd"),
    "who": ("above zero longs pay shorts", "apr"),
    "state": ("the first settlement rests on the published rate, later ones on today's", "rate_kind"),
}


def flow_origin(source: Source, flow: Flow, key: str, title: str, text: str) -> Provenance:
    """One cell; the parts are the instrument's own figures."""
    formula, metric = FORMULAS.get(key, ("", ""))
    table = source.table(Level.INSTRUMENT)
    keys = [name for name in dict.fromkeys((metric, "apr")) if name in table.metrics]
    rate, every = format_percent(flow.hourly * flow.interval_h, 4), format_duration(flow.interval_h * 3600)
    size = "" if math.isnan(flow.oi_usd) else f"${format_money(flow.oi_usd)} × {rate} = ${format_money(flow.dollars)}"
    numbers = {
        "time": f"{format_utc_date(flow.time_ms)} UTC, every {every}", "dollars": size, "who": rate,
        "rate": f"{format_percent(flow.hourly, 5)} × {flow.interval_h:g} h = {rate}",
    }  # fmt: skip
    return Provenance(
        title=f"{flow.venue} {flow.symbol} {title}",
        value=text,
        formula=formula,
        numbers=numbers.get(key, ""),
        facts=(("due", f"{format_utc_date(flow.time_ms)} UTC"), ("interval", every)),
        parts=tuple(of_explanation(source.explain(Level.INSTRUMENT, flow.row, name)) for name in keys),
        data={"column": key, "flow": msgspec.structs.asdict(flow)},
    )
