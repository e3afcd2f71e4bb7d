"""How far the user's positions are from liquidation, in daily moves of the price (methodology §6, §7 no. 15)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from fundtui.alerts.alert import Subject
from fundtui.alerts.machine import Reading
from fundtui.alerts.spoken import Heard
from fundtui.config.schema import Position, Side
from fundtui.imbalance.liquidation import long_price, short_price
from fundtui.imbalance.metric import Level
from fundtui.imbalance.table import Table
from fundtui.status import Severity

NEAR_SIGMAS, CRITICAL_SIGMAS = 2.5, 1.5
CLEAR_SIGMAS = NEAR_SIGMAS / 0.8
MAINTENANCE = 0.01
"""Maintenance margin that is assumed where a liquidation price is worked out from the leverage."""


def positions_heard(positions: Mapping[str, Position], instruments: Table) -> Iterable[Heard]:
    """What each position says for the rule of liquidation distance. Unknown without a fresh mark and a volatility."""
    for name, position in positions.items():
        key = f"{position.venue} {position.symbol}"
        row = instruments.index.get(key)
        asset = "" if row is None else instruments.text("asset", row)
        subject = Subject(Level.INSTRUMENT, f"{name}: {key}", position.venue, asset)
        if row is None or "stale" in instruments.text("reasons", row):
            yield Heard(subject=subject, reading=Reading.UNKNOWN)
            continue
        mark, volatility = (float(instruments.columns[column][row]) for column in ("mark", "volatility"))
        inverse = instruments.text("kind", row) == "inverse"
        level = liquidation_price(position, inverse=inverse)
        yield _heard(subject, position, mark, level, volatility)


def liquidation_price(position: Position, *, inverse: bool) -> float:
    """The position's liquidation price: as given, else from entry and leverage; NaN where neither is known."""
    if position.liquidation is not None:
        return position.liquidation
    if position.entry is None or position.leverage is None:
        return math.nan
    price = long_price if position.side is Side.LONG else short_price
    return float(price(position.entry, position.leverage, MAINTENANCE, inverse))


def _heard(subject: Subject, position: Position, mark: float, level: float, volatility: float) -> Heard:
    if not (mark > 0 and level > 0 and volatility > 0):
        return Heard(subject=subject, reading=Reading.UNKNOWN)
    # Beyond its liquidation price a position has no distance left.
    left = math.log(mark / level) if position.side is Side.LONG else math.log(level / mark)
    sigmas = max(left, 0.0) / volatility
    near = sigmas < NEAR_SIGMAS
    return Heard(
        subject=subject,
        reading=Reading.TRUE if near else Reading.NEAR if sigmas < CLEAR_SIGMAS else Reading.FALSE,
        severity=Severity.CRITICAL if sigmas < CRITICAL_SIGMAS else Severity.WARNING,
        text=f"{subject.key}: {sigmas:.1f} daily moves from its liquidation price {level:g} (mark {mark:g})",
    )
