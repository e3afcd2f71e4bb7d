"""Which letter is which instrument, and its figure under the crosshair or now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fundtui.ui.charts.courses import letter
from fundtui.ui.paint import cells, fitted
from fundtui.ui.pieces import Line, Piece
from fundtui.units import MISSING

if TYPE_CHECKING:
    from fundtui.ui.cells import Scene
    from fundtui.ui.charts.picture import Picture
    from fundtui.ui.charts.plot import ChartPanel

BESIDE = 34
_NAME = 20
_VALUE = 9


def legend_lines(
    scene: Scene, panel: ChartPanel, picture: Picture, names: Sequence[str], chosen: int, width: int, *, beside: bool
) -> list[Line]:
    """A line per curve beside the chart, or all of them in a few lines below it."""
    named = {name: place for place, name in enumerate(names)}
    entries: list[tuple[bool, list[Piece]]] = []
    for curve in sorted(picture.curves, key=lambda one: named.get(one.name.removesuffix(" settled"), -1)):
        place = named.get(curve.name.removesuffix(" settled"), -1)
        if not curve.letter and place != chosen:
            continue
        mine = place == chosen and bool(curve.letter)
        value = panel.reading(curve)
        text = MISSING if math.isnan(value) else picture.label(value)
        entries.append((mine, [
            (scene.glyphs.cursor if mine else " ", "accent"),
            (f"{curve.letter or (letter(place) if not beside else ''):1} ", curve.role),
            (fitted(curve.name, _NAME if beside else min(cells(curve.name), _NAME), ellipsis=scene.glyphs.ellipsis),
             "*bright" if mine else "plain"),
            (f"{text:>{_VALUE}}" if beside else f" {text}", curve.role if curve.role == "accent" else "plain"),
        ]))  # fmt: skip
    if beside:
        return [[("  ", "dim")], *(entry for _, entry in entries)]
    return _flowing(entries, width)


def _flowing(entries: list[tuple[bool, list[Piece]]], width: int) -> list[Line]:
    """Entries side by side, the chosen one first, so that it is there where the others are cut."""
    lines: list[list[Piece]] = [[]]
    used = 0
    for _, entry in sorted(entries, key=lambda one: not one[0]):
        size = sum(cells(text) for text, _ in entry) + 2
        if used + size > width and lines[-1]:
            lines.append([])
            used = 0
        lines[-1] += [*entry, ("  ", "dim")]
        used += size
    return list(lines)
