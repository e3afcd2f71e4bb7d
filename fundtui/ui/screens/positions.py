"""The user's own positions, from the configuration: funding that has accrued and is due, and how far liquidation is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.liquidation import distance, long_price, short_price, touch_probability
from fundtui.imbalance.table import Table
from fundtui.ui.cells import BP_STEPS, Lens, Scene, rate_role, sign_role
from fundtui.ui.grid import LENS_KEYS
from fundtui.ui.instrument_text import published, reasons_text
from fundtui.ui.pieces import Line, Piece, labelled
from fundtui.ui.position_origin import position_origin
from fundtui.ui.provenance import Provenance
from fundtui.ui.screens.listing import ListScreen
from fundtui.ui.screens.whole import bindings_of
from fundtui.ui.widgets.listing import Field
from fundtui.units import (
    HOUR_MS,
    MISSING,
    format_bp,
    format_countdown,
    format_money,
    format_percent,
    format_price,
    format_rate,
)

MAINTENANCE = 0.005
"""Maintenance margin that is assumed where a liquidation price is worked out from the leverage."""

_NEAR = 0.10
_CLOSE = 0.25
_MONEY_STEPS = (10.0, 100.0, 1_000.0, 10_000.0)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A position with what the market says about it. Money is what the holder gets: below zero is paid.

    due: at the next settlement. accrued: the part of that for which the running interval has passed already.
    day: a day at today's rate. estimated: the liquidation price is worked out, not given.
    """

    name: str
    venue: str
    symbol: str
    asset: str
    side: str
    size: float
    row: int
    mark: float
    notional: float
    entry: float
    profit: float
    hourly: float
    shown: float
    exported: float
    next_ms: float
    due: float
    accrued: float
    day: float
    liquidation: float
    estimated: bool
    away: float
    touch: float


def held(name: str, position: Any, table: Table, now_ms: int, lens: Lens = Lens.RAW) -> Held:
    """One position against the instrument table; NaN where the market says nothing. `shown` and
    `exported` (in exported units) are the rate in the lens."""
    row = table.index.get(f"{position.venue} {position.symbol}", -1)

    def number(key: str) -> float:
        return float(table.columns[key][row]) if row >= 0 else math.nan

    sign = 1.0 if position.side == "long" else -1.0
    mark, hourly, interval_h, next_ms = number("mark"), number("apr"), number("interval_h"), number("next_funding_ms")
    notional = position.size * mark
    due = -sign * notional * hourly * interval_h
    left = (next_ms - now_ms) / HOUR_MS / interval_h if interval_h > 0 else math.nan
    entry = math.nan if position.entry is None else position.entry
    inverse = row >= 0 and table.text("kind", row) == "inverse"
    level, estimated = _liquidation(position, sign, entry, inverse=inverse)
    away = float(distance(mark, level)) if math.isfinite(level) else math.nan
    volatility = number("volatility")
    return Held(
        name=name,
        venue=position.venue,
        symbol=position.symbol,
        asset=table.text("asset", row) if row >= 0 else "",
        side=str(position.side.value),
        size=position.size,
        row=row,
        mark=mark,
        notional=notional,
        entry=entry,
        profit=sign * position.size * (mark - entry),
        hourly=hourly,
        shown=number(LENS_KEYS[lens]),
        exported=number(LENS_KEYS[lens]) * table.metrics[LENS_KEYS[lens]].export_factor,
        next_ms=next_ms,
        due=due,
        accrued=due * min(max(1.0 - left, 0.0), 1.0) if math.isfinite(left) else math.nan,
        day=-sign * notional * hourly * 24.0,
        liquidation=level,
        estimated=estimated,
        away=away,
        touch=float(touch_probability(mark, level, volatility, 7.0))
        if math.isfinite(volatility * level) and level > 0
        else math.nan,
    )


def _liquidation(position: Any, sign: float, entry: float, *, inverse: bool) -> tuple[float, bool]:
    if position.liquidation is not None:
        return position.liquidation, False
    if position.leverage is None or math.isnan(entry):
        return math.nan, False
    price = long_price if sign > 0 else short_price
    return float(price(entry, position.leverage, MAINTENANCE, inverse)), True


def _money(value: float) -> Line:
    """Signed dollars."""
    if math.isnan(value):
        return [(MISSING, "faint")]
    return [(("+" if value > 0 else "") + format_money(value), sign_role(value, _MONEY_STEPS))]


def _away(scene: Scene, row: Held, width: int) -> Line:
    if math.isnan(row.away):
        return [(MISSING, "faint")]
    near = abs(row.away)
    role = "*critical" if near < _NEAR else "warning" if near < _CLOSE else "plain"
    return [(f"{format_percent(row.away)}{'!' if near < _NEAR else ' '}", role)]


def _level(scene: Scene, row: Held, width: int) -> Line:
    return [(format_price(row.liquidation) + ("e" if row.estimated else " "), "dim")]


def _next(scene: Scene, row: Held, width: int) -> Line:
    return [(format_countdown((row.next_ms - scene.now_ms) / 1000), "dim")]


def _rate(scene: Scene, row: Held, width: int) -> Line:
    if scene.lens is Lens.PREMIUM:
        return [(MISSING, "faint") if math.isnan(row.shown) else (format_bp(row.shown), sign_role(row.shown, BP_STEPS))]
    return [(format_rate(row.shown, scene.basis), rate_role(row.shown))]


FIELDS = (
    Field(key="name", title="position", width=12, right=False, value=lambda row: row.name,
          cell=lambda scene, row, width: [(row.name, "bright")], help="Its name in the configuration."),
    Field(key="venue", title="venue", width=12, right=False, rank=3, value=lambda row: row.venue, help="Where."),
    Field(key="symbol", title="symbol", width=14, right=False, rank=6, value=lambda row: row.symbol,
          cell=lambda scene, row, width: [(row.symbol, "dim")], help="The venue's name of the contract."),
    Field(key="side", title="side", width=5, right=False, rank=1, value=lambda row: row.side, help="Long or short."),
    Field(key="notional", title="notional", width=8, rank=2, falling=True, value=lambda row: row.notional,
          cell=lambda scene, row, width: [(format_money(row.notional), "plain")], help="Size times mark, dollars."),
    Field(key="mark", title="mark", width=11, rank=8, value=lambda row: row.mark,
          cell=lambda scene, row, width: [(format_price(row.mark), "dim")], help="Mark price."),
    Field(key="profit", title="profit", width=7, rank=7, falling=True, value=lambda row: row.profit,
          cell=lambda scene, row, width: _money(row.profit), help="Against the entry, funding left out."),
    Field(key="apr", title="rate", width=9, rank=5, falling=True, value=lambda row: row.exported,
          cell=_rate, help="Funding rate in the chosen basis and lens; above zero longs pay."),
    Field(key="next", title="next", width=5, rank=4, value=lambda row: row.next_ms, cell=_next,
          help="Until the next settlement."),
    Field(key="accrued", title="accrued", width=8, rank=4, falling=True, value=lambda row: row.accrued,
          cell=lambda scene, row, width: _money(row.accrued),
          help="The part of what is due for which the interval has passed; + you get it."),
    Field(key="due", title="due", width=8, falling=True, value=lambda row: row.due,
          cell=lambda scene, row, width: _money(row.due), help="At the next settlement; + you get it, - you pay."),
    Field(key="day", title="a day", width=8, rank=5, falling=True, value=lambda row: row.day,
          cell=lambda scene, row, width: _money(row.day), help="A day of funding at today's rate."),
    Field(key="liquidation", title="liquid. ", width=12, rank=7, value=lambda row: row.liquidation, cell=_level,
          help="Liquidation price; e: worked out from entry and leverage, 0.5 % maintenance, isolated margin."),
    Field(key="away", title="away", width=9, value=lambda row: abs(row.away), cell=_away,
          help="From the mark to the liquidation price; ! nearer than 10 %."),
    Field(key="touch", title="7d", width=6, rank=8, falling=True, value=lambda row: row.touch,
          cell=lambda scene, row, width: [(MISSING if math.isnan(row.touch) else f"{row.touch:.1%}", "dim")],
          help="Chance that a driftless price touches it within seven days."),
)  # fmt: skip


def _brief_name(scene: Scene, row: Held, width: int) -> Line:
    return [("- " if row.side == "short" else "+ ", "dim"), (row.name, "bright")]


BRIEF = (
    Field(key="name", title="position", width=8, right=False, grows=True, value=lambda row: row.name,
          cell=_brief_name, help="Its name; + long, - short."),
    Field(key="due", title="due", width=7, falling=True, value=lambda row: row.due, rank=1,
          cell=lambda scene, row, width: _money(row.due), help="At the next settlement; + you get it, - you pay."),
    Field(key="next", title="next", width=5, rank=2, value=lambda row: row.next_ms, cell=_next,
          help="Until the next settlement."),
    Field(key="away", title="away", width=9, value=lambda row: abs(row.away), cell=_away, rank=1,
          help="From the mark to the liquidation price; ! nearer than 10 %."),
)  # fmt: skip


class PositionsScreen(ListScreen):
    """Nothing is sent anywhere: positions are read from the configuration alone."""

    NAME = "positions"
    TITLE_TEXT = "Positions"
    FIELDS = FIELDS
    BRIEF = BRIEF
    SORT = ("away", False)
    BINDINGS = bindings_of("positions")

    def rows(self) -> Sequence[Held]:
        table, now_ms = self.source.table(Level.INSTRUMENT), self.source.clock.utc_ms()
        return [
            held(name, each, table, now_ms, self.choices.lens) for name, each in self.source.settings.positions.items()
        ]

    def key_of(self, row: Held) -> str:
        return row.name

    def asset_of(self, row: Held) -> str:
        return row.asset

    def subtitle(self) -> str:
        due = [row.due for row in self.list.rows if not math.isnan(row.due)]
        return f"in $, due {'+' if sum(due) > 0 else ''}{format_money(sum(due))}" if due else ""

    def notice(self) -> Sequence[Line]:
        return [
            [("  no positions in config.toml; they need no key and are sent nowhere:", "dim")],
            [],
            [("  [positions.hedge]", "plain")],
            [('  venue = "binance"', "plain")],
            [('  symbol = "BTCUSDT"', "plain")],
            [('  side = "short"', "plain")],
            [("  size = 1.5            # in the contract's base", "plain")],
            [("  entry = 68000         # optional, for profit", "plain")],
            [("  leverage = 5          # optional, for the liquidation price", "plain")],
        ]

    def detail(self, scene: Scene, row: Held, width: int) -> Sequence[Line]:
        table = self.source.table(Level.INSTRUMENT)
        lines: list[Line] = [
            [(f"  {row.name}", "*bright"), (f"  {row.side} {row.size:g} {row.symbol} on {row.venue}", "plain")],
        ]
        if row.row < 0:
            return [*lines, [(f"  {row.venue} does not list {row.symbol}, or has not answered yet", "warning")]]
        rate, role = published(table, row.row)
        lines += [
            labelled(("rate", rate, role), ("next", format_countdown((row.next_ms - scene.now_ms) / 1000), "plain")),
            [("  due ", "dim"), *_money(row.due), ("   accrued ", "dim"), *_money(row.accrued),
             ("   a day at this rate ", "dim"), *_money(row.day)],
            labelled(("mark", format_price(row.mark), "plain"), ("entry", format_price(row.entry), "plain")),
        ]  # fmt: skip
        basis = f"from {MAINTENANCE:.1%} maintenance, isolated margin" if row.estimated else "as given"
        if math.isfinite(row.liquidation):
            lines.append([
                ("  liquidation ", "dim"), (format_price(row.liquidation), "plain"), (f" {basis}   away ", "dim"),
                *_away(scene, row, 9),
            ])  # fmt: skip
        else:
            lines.append([("  liquidation unknown: give liquidation, or entry and leverage", "faint")])
        if codes := table.text("reasons", row.row):
            lines.append([(f"  left out of comparisons: {reasons_text(codes)}", "warning")])
        return lines

    def brief(self, scene: Scene) -> Line:
        rows = self.list.rows
        due = [row.due for row in rows if not math.isnan(row.due)]
        near = min((abs(row.away) for row in rows if not math.isnan(row.away)), default=math.nan)
        line: list[Piece] = [(f"  {len(rows)} held  due ", "dim"), *_money(sum(due) if due else math.nan)]
        return [*line, ("  nearest ", "dim"), (MISSING if math.isnan(near) else format_percent(near), "plain")]

    def origin(self, row: Held, field: Field, text: str) -> Provenance:
        return position_origin(self.source, self.scene(), row, field.key, field.title, text)
