"""What is said about one instrument wherever it is shown: its rate as published, and why it is left out."""

from __future__ import annotations

import math

from fundtui.imbalance.table import Table
from fundtui.market import REASON_TEXT, Reason
from fundtui.ui.cells import rate_role
from fundtui.units import MISSING, format_duration


def published(instruments: Table, row: int) -> tuple[str, str]:
    """What is paid at a settlement: `+0.0100%/8h`; continuous funding per eight hours; as published, `/?`, where
    nobody knows the interval."""
    rate = float(instruments.columns["rate"][row])
    hourly = float(instruments.columns["apr"][row])
    if math.isnan(rate):
        return MISSING, "faint"
    unknown = REASON_TEXT[Reason.INTERVAL_UNKNOWN] in reasons_text(instruments.text("reasons", row))
    if unknown or math.isnan(hourly):
        return f"{rate * 100:+.4f}%/?", "dim"
    interval_h = float(instruments.columns["interval_h"][row])
    period_h = 8.0 if math.isnan(interval_h) else interval_h
    return f"{hourly * period_h * 100:+.4f}%/{format_duration(period_h * 3600)}", rate_role(hourly)


def reasons_text(reasons: str) -> str:
    """The reasons of a row in plain words, also where they are codes."""
    known = {reason.value: text for reason, text in REASON_TEXT.items()}
    return ", ".join(known.get(reason, reason) for reason in reasons.split(", "))
