"""The sizing panel as lines: a person's size against its limits and the ways out. Conditions, never advice."""

from __future__ import annotations

import math

from fundtui.imbalance.conditions import DAYS, Conditions, Leg, Wanted
from fundtui.imbalance.sizing import ADVERSE_APR, KELLY_CAP, KELLY_FRACTION, STOP_SPREADS, TARGET_VOLATILITY
from fundtui.ui.cells import Scene
from fundtui.ui.pieces import Line, Piece, folded
from fundtui.units import (
    MISSING,
    format_bp,
    format_money,
    format_percent,
    format_price,
    format_rate,
)  # fmt: skip

_LABEL = 23
_VALUE = 9
# The longest lines have this many cells; below that they are folded.
_WHOLE_FROM = 80
_INDENT = 6


def size_lines(scene: Scene, found: Conditions, wanted: Wanted, width: int) -> list[Line]:
    """Everything about a pair at this size; in a narrow pane in as many lines as it takes."""
    lines = [
        *_head(found, wanted),
        [],
        *_limits(found, wanted),
        [],
        *_legs(found, wanted),
        [],
        *_exits(scene, found),
    ]
    if width >= _WHOLE_FROM:
        return lines
    return [part for line in lines for part in folded(_close(line, width - _INDENT), width, _INDENT)]


def _close(line: Line, room: int) -> Line:
    """A line without the blanks that keep columns apart, and sentences that do not fit in words."""
    close: list[Piece] = []
    for text, role in line:
        words = text.split() if len(text.rstrip()) >= room else [text.rstrip()]
        close += [(f"{word} ", role) for word in words]
    return close


def _head(found: Conditions, wanted: Wanted) -> list[Line]:
    return [
        [
            ("  size ", "dim"), (f"{format_money(wanted.size_usd)}", "*bright"), (" a leg   ", "dim"),
            ("equity ", "dim"), (format_money(wanted.equity_usd), "plain"),
            ("   leverage ", "dim"), (f"{wanted.leverage:g}x", "plain"),
            ("   margin of both legs ", "dim"), (_money(found.margin_usd), "plain"),
        ],
        [
            ("  pair ", "dim"), (found.pair, "plain"), ("   profit varies by ", "dim"),
            (_percent(found.volatility, 1), "plain"), (" a year", "dim"),
            ("   price by ", "dim"), (_percent(found.daily_volatility, 1), "plain"), (" a day", "dim"),
        ],
    ]  # fmt: skip


def _limits(found: Conditions, wanted: Wanted) -> list[Line]:
    notes = {
        "volatility target": f"{TARGET_VOLATILITY:.0%} of equity a year",
        "Kelly fraction": (f"full {_multiple(found.kelly_full)}, {KELLY_FRACTION:g} of it, at most {KELLY_CAP:g}x"),
    }
    lines: list[Line] = [[("  limits of the size", "*plain")]]
    lines += [
        _row(limit.name, _money(limit.usd), _against(wanted.size_usd, limit.usd), notes.get(limit.name, ""))
        for limit in found.limits
    ]
    lines.append(_row("all, less for crowding", _money(found.room_usd), _against(wanted.size_usd, found.room_usd), ""))
    return lines


def _legs(found: Conditions, wanted: Wanted) -> list[Line]:
    lines: list[Line] = [[(f"  liquidation at {wanted.leverage:g}x, each leg by itself", "*plain")]]
    for side, leg in zip(("short", "long"), _sides(found), strict=True):
        if leg is None:
            lines.append(_row(f"{side} spot", MISSING, ("never", "dim"), ""))
            continue
        price = format_price(leg.liquidation_price) if leg.price == leg.price else MISSING
        lines.append(_row(
            f"{side} {leg.venue}", _percent(leg.distance, 1), (f"at {price}", "plain"),
            f"touched in {DAYS:g} d {_chance(leg.touch)}",
        ))  # fmt: skip
    within = wanted.leverage <= found.largest_leverage
    known = not math.isnan(found.largest_leverage)
    lines.append(_row(
        "largest leverage", f"{found.largest_leverage:.1f}x" if known else MISSING,
        _state(within) if known else (MISSING, "faint"), "touched one time in 100",
    ))  # fmt: skip
    return lines


def _sides(found: Conditions) -> tuple[Leg | None, Leg | None]:
    """Short and long leg, None for spot."""
    short = next((leg for leg in found.legs if leg.distance > 0), None)
    long = next((leg for leg in found.legs if leg.distance <= 0), None)
    return short, long


def _exits(scene: Scene, found: Conditions) -> list[Line]:
    before, last = (_rate(value, scene) for value in found.paid)
    flip = f"last two {before}, {last}"
    return [
        [("  ways out: conditions, not advice", "*plain")],
        _row("basis stop", _bp(found.stop), (f"entry {_bp(found.entry)}", "plain"),
             f"{STOP_SPREADS:g} sd against it"),
        _row("expected in 7 d", _bp(found.remaining), _holds(found.leaves_by_expectation),
             f"below {_bp(-found.exit_cost)}, to leave"),
        _row("two flips", f"{-ADVERSE_APR:.0%} APR", _holds(found.leaves_by_flip), flip),
        [("  a venue may also reduce the leg that wins; costs are of the configured size", "faint")],
    ]  # fmt: skip


def _row(label: str, value: str, state: Piece, note: str) -> Line:
    text, role = state
    return [
        (f"    {label:<{_LABEL}}", "dim"),
        (f"{value:>{_VALUE}}", "bright"),
        (f"  {text:<15}", role),
        (note, "faint"),
    ]


def _against(size_usd: float, limit_usd: float) -> Piece:
    return (MISSING, "faint") if math.isnan(limit_usd) else _state(size_usd <= limit_usd)


def _state(within: bool) -> Piece:
    return ("within", "plain") if within else ("! beyond", "warning")


def _holds(condition: bool) -> Piece:
    return ("! holds", "warning") if condition else ("does not hold", "plain")


def _money(usd: float) -> str:
    return MISSING if math.isnan(usd) else format_money(usd)


def _percent(fraction: float, decimals: int) -> str:
    return MISSING if math.isnan(fraction) else format_percent(fraction, decimals)


def _bp(fraction: float) -> str:
    return MISSING if math.isnan(fraction) else format_bp(fraction)


def _rate(hourly: float, scene: Scene) -> str:
    return MISSING if math.isnan(hourly) else format_rate(hourly, scene.basis)


def _multiple(value: float) -> str:
    return MISSING if math.isnan(value) else f"{value:.2f}x"


def _chance(value: float) -> str:
    if math.isnan(value):
        return MISSING
    return f"{value:.2%}" if value >= 1e-4 else "below 0.01%"
