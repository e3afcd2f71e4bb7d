"""What is said about a pair: why it may not be worth its costs, and its cash ladder as lines. Never advice."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from fundtui.imbalance.ladder import FlowKind, Rung
from fundtui.imbalance.table import Table
from fundtui.ui.cells import BP_STEPS, Scene, sign_role
from fundtui.ui.pieces import Line, Piece
from fundtui.ui.spans import fitted
from fundtui.units import MISSING, format_bp, format_duration, format_money, format_percent, format_utc, format_utc_date

NEVER_H = 60.0 * 24.0
"""What the table writes for a break-even that is later than it was looked for, or never."""

_NAMES = {
    FlowKind.ENTRY: "entry",
    FlowKind.SHORT: "short",
    FlowKind.LONG: "long",
    FlowKind.CARRY: "basis",
    FlowKind.CASH: "cash",
    FlowKind.EXIT: "exit",
}
_DAY_MS = 86_400_000
# Cells of `  why not  `.
_LABEL = 11


def half_life_h(pairs: Table, instruments: Table, row: int) -> float:
    """The shorter half-life of the two legs; NaN where neither is known."""
    known = []
    for side in ("short", "long"):
        leaf = instruments.index.get(f"{pairs.text(side, row)} {pairs.text(side + '_symbol', row)}")
        value = math.nan if leaf is None else float(instruments.columns["half_life"][leaf])
        known += [] if math.isnan(value) else [value]
    return min(known, default=math.nan)


def reasons_against(pairs: Table, instruments: Table, row: int, size_usd: float) -> list[str]:
    """Why the pair may not be worth it, the weightiest first; empty where nothing speaks against it."""

    def number(key: str) -> float:
        return float(pairs.columns[key][row])

    found = []
    net, breakeven, half_life = number("net"), number("breakeven"), half_life_h(pairs, instruments, row)
    if math.isnan(net):
        found.append("not priced")
    elif net <= 0:
        found.append("costs exceed funding")
    if number("ceiling") < number("cost"):
        found.append("can never reach its costs")
    elif breakeven >= NEVER_H:
        found.append("no break-even within 60 d")
    elif breakeven > half_life:
        found.append(f"break-even after the half-life ({format_duration(half_life * 3600)})")
    if number("size_usd") < size_usd:
        found.append(f"room for {format_money(number('size_usd'))}: {pairs.text('size_limit', row) or 'limits'}")
    if net > 0 >= number("fifth"):
        found.append("one time in twenty a loss")
    if pairs.text("exit_condition", row):
        found.append("expected to fall")
    if assumed := pairs.text("assumptions", row):
        found.append(f"assumed: {assumed}")
    return found


def ladder_lines(scene: Scene, rungs: Sequence[Rung], names: dict[FlowKind, str], size_usd: float) -> list[Line]:
    """Heading and one line per cash flow: when, leg, rate, dollars, dollars so far; `e` what is expected."""
    heads: Line = [(f"  {'when':<12}{'leg':<13}{'rate':>9}{'$':>9}{'sum':>10}", "faint")]
    return [heads, *(_rung(scene, rung, names.get(rung.kind, _NAMES[rung.kind]), size_usd) for rung in rungs)]


def _rung(scene: Scene, rung: Rung, name: str, size_usd: float) -> Line:
    today = rung.time_ms // _DAY_MS == scene.now_ms // _DAY_MS
    when = format_utc(rung.time_ms, seconds=False) if today else format_utc_date(rung.time_ms)[5:16]
    role = sign_role(rung.flow, BP_STEPS)
    pieces: list[Piece] = [
        (f"  {when:<12}", "dim"), (fitted(name, 12, ellipsis=scene.glyphs.ellipsis) + " ", "plain"),
        (f"{format_bp(rung.flow):>9}", role), (f"{_dollars(rung.flow * size_usd):>9}", role),
        (f"{_dollars(rung.total * size_usd):>10}", sign_role(rung.total, BP_STEPS)),
        ("" if rung.known else " e", "faint"),
    ]  # fmt: skip
    return pieces


def _dollars(value: float) -> str:
    if math.isnan(value):
        return MISSING
    return f"{value:+,.0f}" if abs(value) < 1e6 else ("+" if value > 0 else "") + format_money(value)


def result_lines(scene: Scene, pairs: Table, row: int, reasons: Sequence[str], width: int) -> list[Line]:
    """Title, result, costs and risks of a pair, in lines of `width` cells."""

    def bp(key: str) -> str:
        return format_bp(float(pairs.columns[key][row]))

    def percent(key: str, decimals: int = 1) -> str:
        return format_percent(float(pairs.columns[key][row]), decimals)

    net = float(pairs.columns["net"][row])
    breakeven = float(pairs.columns["breakeven"][row])
    lines: list[Line] = [
        [
            (f"  {pairs.text('asset', row)}", "*bright"),
            ("  short ", "dim"), (pairs.text("short", row), "plain"),
            ("  long ", "dim"), (pairs.text("long", row), "plain"),
            ("   net 7d ", "dim"), (format_bp(net), sign_role(net, BP_STEPS)),
            ("   b/e ", "dim"), (later(breakeven), "plain"),
        ],
        [
            ("  funding ", "dim"), (bp("gross"), "plain"), ("  basis ", "dim"), (bp("gain"), "plain"),
            ("  costs ", "dim"), (bp("cost").removeprefix("+"), "plain"),
        ],
        [
            ("  sd ", "dim"), (bp("sd").removeprefix("+"), "plain"),
            ("  5% worst ", "dim"), (bp("fifth"), "plain"), ("  stress ", "dim"), (bp("worst"), "plain"),
        ],
        [
            ("  liquidation long ", "dim"), (percent("liquidation_long"), "plain"),
            ("  short ", "dim"), (percent("liquidation_short"), "plain"),
            ("  touched in 7d ", "dim"), (percent("touch", 2).removeprefix("+"), "plain"),
            ("  room ", "dim"), (format_money(float(pairs.columns["size_usd"][row])), "plain"),
        ],
    ]  # fmt: skip
    if reasons:
        parts = [part for text in reasons for part in textwrap.wrap(text, max(width - _LABEL, _LABEL))]
        lines += [[("  why not  " if place == 0 else " " * _LABEL, "dim"), (part, "warning")]
                  for place, part in enumerate(parts)]  # fmt: skip
    else:
        lines.append([("  why not  ", "dim"), ("nothing found", "plain")])
    return lines


def later(hours: float) -> str:
    """A break-even as text: `14h`, `>60d`, `-`."""
    return ">60d" if hours >= NEVER_H else MISSING if math.isnan(hours) else format_duration(hours * 3600)
