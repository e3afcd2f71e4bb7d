"""The term view: what each instrument pays now, at settlement, paid until today, and is expected to pay later."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from fundtui.imbalance.table import Table
from fundtui.ui.cells import Scene, rate_role
from fundtui.ui.charts.courses import QUIET, letter
from fundtui.ui.charts.picture import Curve, Picture, Shape
from fundtui.ui.paint import fitted
from fundtui.ui.pieces import Line, Piece
from fundtui.units import HOURS_PER_YEAR, MISSING, format_countdown, format_duration, format_rate

HOUR_MS = 3_600_000.0
POINTS = 240
AHEAD_H = (24.0, 72.0, 168.0, 720.0)
_PAID = (("realised_1d", "paid 1d"), ("realised_3d", "3d"), ("realised_7d", "7d"), ("realised_30d", "30d"))
_CELL = 9
_NAME, _LONG_NAME, _LONG_FROM = 15, 24, 110
# A narrow pane has room for three figures beside a short name.
_SMALL_BELOW, _SMALL_NAME, _SMALL_CELL = 60, 11, 8


def expected(now: float, mean: float, half_life_h: float, ahead_h: float) -> float:
    """Hourly rate that AR(1) expects after some hours: the distance from the mean halves every half-life (§3.5).

    NaN where rate, mean or half-life is not known: nothing is extrapolated flat.
    """
    if math.isnan(now) or math.isnan(mean) or math.isnan(half_life_h):
        return math.nan
    if half_life_h == 0:
        return mean if ahead_h > 0 else now
    return mean + (now - mean) * float(2.0 ** (-ahead_h / half_life_h))


def term_lines(
    scene: Scene, table: Table, rows: Sequence[int], names: Sequence[str], chosen: int, shifts: Sequence[float],
    width: int,
) -> list[Line]:  # fmt: skip
    """Heads and one line per instrument, as many columns as the width has room for."""
    small = width < _SMALL_BELOW
    room = _LONG_NAME if width >= _LONG_FROM else _SMALL_NAME if small else _NAME
    cell = _SMALL_CELL if small else _CELL
    columns = _columns((width - room - 5) // cell, dated=any(_is_dated(table, row) for row in rows))
    head: list[Piece] = [(f"  {'':2}{'venue':<{room}}", "faint")]
    head += [(f"{title.removeprefix('at ') if small else title:>{cell}}", "faint") for _, title in columns]
    lines: list[Line] = [head]
    for place, row in enumerate(rows):
        mark, tone = (scene.glyphs.cursor, "*bright") if place == chosen else (" ", "plain")
        line: list[Piece] = [
            (f" {mark}", "accent"), (f"{letter(place)} ", "accent" if place == chosen else "dim"),
            (fitted(names[place], room, ellipsis=scene.glyphs.ellipsis), tone),
        ]  # fmt: skip
        figures = (_cell(scene, table, row, key, shifts[place]) for key, _ in columns)
        line += [(f"{text:>{cell}}", role) for text, role in figures]
        lines.append(line)
    dated = "" if small else "; dated: annualised basis of a dated contract, at its expiry"
    lines.append([(f"  + expected by AR(1) towards mu{dated}", "faint")])
    return lines


def _is_dated(table: Table, row: int) -> bool:
    return not math.isnan(float(table.columns["dated_apr"][row]))


def _columns(most: int, *, dated: bool) -> list[tuple[str, str]]:
    """The columns that there is room for, a dated contract's own among the first where there is one."""
    ahead = [(f"+{hours:g}", f"+{hours / 24:g}d") for hours in AHEAD_H]
    ranked = [
        ("apr", "now"), ("projected", "at settl"), _PAID[0], _PAID[2], ahead[0], ahead[2], _PAID[3],
        ("next_funding_ms", "in"), ("mean_rate", "mu"), ("half_life", "half-life"), ahead[1], ahead[3], _PAID[1],
        ("dated_apr", "dated"), ("settled_rate", "settled"),
    ]  # fmt: skip
    order = [
        "apr", "projected", "next_funding_ms", "settled_rate", *(key for key, _ in _PAID),
        *(key for key, _ in ahead), "mean_rate", "half_life", "dated_apr",
    ]  # fmt: skip
    if dated:
        ranked.remove(("dated_apr", "dated"))
        ranked.insert(2, ("dated_apr", "dated"))
    kept = ranked[: max(most, 1)]
    return sorted(kept, key=lambda each: order.index(each[0]))


def _cell(scene: Scene, table: Table, row: int, key: str, shift: float) -> Piece:
    if key.startswith("+"):
        now, mean, half_life = (float(table.columns[name][row]) for name in ("apr", "mean_rate", "half_life"))
        value = expected(now, mean, half_life, float(key))
    elif key == "settled_rate":
        value = float(table.columns[key][row]) / float(table.columns["interval_h"][row])
    else:
        value = float(table.columns[key][row])
    if math.isnan(value):
        return MISSING, "faint"
    if key == "next_funding_ms":
        return format_countdown((value - scene.now_ms) / 1000), "dim"
    if key == "half_life":
        return format_duration(value * 3600) if math.isfinite(value) else "never", "dim"
    value -= 0.0 if key == "dated_apr" else shift
    return format_rate(value, scene.basis), rate_role(value)


def term_picture(
    scene: Scene, table: Table, rows: Sequence[int], names: Sequence[str], chosen: int, shifts: Sequence[float],
    days: int, expiry_ms: Sequence[float], *, alone: bool,
) -> Picture:  # fmt: skip
    """Expected rates from now on as lines, dated contracts as marks at their expiry."""
    end_ms = days * 24 * HOUR_MS
    times = np.linspace(0.0, end_ms, POINTS)
    curves = []
    order = [place for place in range(len(rows)) if place != chosen and not alone] + [chosen][: len(rows)]
    for place in order:
        role = "accent" if place == chosen else QUIET[place % len(QUIET)]
        now, mean, half_life = (float(table.columns[key][rows[place]]) for key in ("apr", "mean_rate", "half_life"))
        values = np.array([expected(now, mean, half_life, ahead / HOUR_MS) for ahead in times.tolist()])
        dated = float(table.columns["dated_apr"][rows[place]])
        until = (expiry_ms[place] if place < len(expiry_ms) else math.nan) - scene.now_ms
        shape = Shape.LINE
        if not math.isnan(dated) and 0 < until <= end_ms:
            points, values, shape = np.array([until]), np.array([dated]), Shape.MARK
        else:
            points, values = times, values - shifts[place]
        if np.isfinite(values).any():
            curves.append(
                Curve(name=names[place], letter=letter(place), role=role, time_ms=points, value=values, shape=shape)
            )
    return Picture(
        title=f"expected by AR(1), {scene.basis.value.upper()}", curves=tuple(curves), start_ms=0.0, end_ms=end_ms,
        label=partial(format_rate, basis=scene.basis), scale=HOURS_PER_YEAR * 100, ahead=True,
        notice="" if curves else "no expectation yet: it needs 60 settlements of an instrument",
    )  # fmt: skip
