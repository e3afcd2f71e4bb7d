"""Where a line of the journal comes from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from fundtui.imbalance.catalogue import Level
from fundtui.ui.journal_rows import SETTLEMENT, Entry
from fundtui.ui.provenance import Provenance, of_explanation
from fundtui.units import format_age, format_duration, format_percent, format_utc_date

if TYPE_CHECKING:
    from fundtui.ui.cells import Scene
    from fundtui.ui.source import Source

FORMULAS = {
    "paid": "settled rate / interval, hourly; less interest in the excess lens",
    "surprise": "settled rate − rate published half an hour before the settlement",
    "error": "settled rate − F(Ā over the interval); known from a coverage of 80 %",
    "time": "the settlement's instant as the venue states it",
    "what": "settled rate, and its distance from what was announced",
}
_METRICS = {"paid": "settled_rate", "what": "surprise", "surprise": "surprise", "error": "formula_error"}


def entry_origin(source: Source, scene: Scene, entry: Entry, key: str, title: str, text: str) -> Provenance:
    """One cell of the journal."""
    ago = format_age(max(scene.now_ms - entry.time_ms, 0) / 1000)
    facts = [("time", f"{format_utc_date(entry.time_ms)} UTC, {ago} ago"), ("kind", f"{entry.kind} ({entry.group})")]
    facts += [
        (name, value) for name in ("venue", "asset", "symbol", "before", "after") if (value := getattr(entry, name))
    ]
    settled = entry.group == SETTLEMENT
    if settled and not math.isnan(entry.interval_h):
        facts.append(("interval", format_duration(entry.interval_h * 3600)))
    table = source.table(Level.INSTRUMENT)
    metric = _METRICS.get(key, "") if settled and entry.leaf >= 0 else ""
    parts = (of_explanation(source.explain(Level.INSTRUMENT, entry.leaf, metric)),) if metric in table.metrics else ()
    return Provenance(
        title=f"{entry.kind} {entry.venue} {entry.asset}  {title or key}".replace("  ", " "),
        value=text,
        formula=FORMULAS.get(key, "") if settled else "",
        numbers=_numbers(entry, key),
        meaning=entry.text,
        source=_source(entry),
        facts=tuple(facts),
        parts=parts,
        data={"column": key, "entry": msgspec.structs.asdict(entry)},
    )


def _numbers(entry: Entry, key: str) -> str:
    if key == "surprise" and not math.isnan(entry.surprise):
        paid, said = format_percent(entry.paid, 5), format_percent(entry.paid - entry.surprise, 5)
        return f"{paid} − {said} an hour"
    if key == "error" and not math.isnan(entry.error):
        return f"{format_percent(entry.paid, 5)} − {format_percent(entry.paid - entry.error, 5)} an hour"
    if key == "paid" and not math.isnan(entry.paid * entry.interval_h):
        return f"{format_percent(entry.paid * entry.interval_h, 4)} / {entry.interval_h:g} h"
    return ""


def _source(entry: Entry) -> str:
    if entry.group == SETTLEMENT:
        return "the venue's settled rate: told with its polls, or its own history (methodology §2.7)"
    return "this program's journal: written when it was seen, kept in the record"
