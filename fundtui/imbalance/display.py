"""A metric's stored value as text for people: one place for screens, tables on standard output and explanations."""

from __future__ import annotations

import math

from fundtui.imbalance.catalogue import Metric, Unit
from fundtui.units import (
    MISSING,
    Basis,
    format_age,
    format_bp,
    format_countdown,
    format_duration,
    format_money,
    format_percent,
    format_price,
    format_rate,
    signed_zero,
)

SHARES = frozenset({"weight"})
"""Parts of a whole: a sign would say that they could be below zero."""


def _percent(metric: Metric, value: float) -> str:
    text = format_percent(value, metric.decimals)
    return text.lstrip("+") if metric.key in SHARES else text


def display(metric: Metric, value: float, *, basis: Basis = Basis.APR, now_ms: int = 0) -> str:
    """Text of a numeric metric; `-` when missing. Times are shown as what is left until them."""
    if math.isnan(value):
        return MISSING
    match metric.unit:
        case Unit.RATE:
            return format_rate(value, basis)
        case Unit.PERCENT:
            return _percent(metric, value)
        case Unit.BP:
            return format_bp(value, metric.decimals)
        case Unit.USD | Unit.USD_PER_HOUR | Unit.BASE:
            return format_money(value)
        case Unit.PRICE:
            return format_price(value)
        case Unit.HOURS:
            return format_duration(value * 3600.0)
        case Unit.SECONDS:
            return format_age(value)
        case Unit.TIME:
            return format_countdown((value - now_ms) / 1000.0)
        case Unit.COUNT:
            return f"{value:.0f}"
        case Unit.SIGMA:
            return f"{signed_zero(value, metric.decimals):+.{metric.decimals}f}"
        case _:
            return f"{signed_zero(value, metric.decimals):.{metric.decimals}f}"
