"""One row of a table as pieces of text with styles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fundtui.imbalance.catalogue import Unit
from fundtui.ui.cells import Scene, figure, sparkline
from fundtui.ui.columns import GUTTER, VENUE_WIDTH, Column
from fundtui.ui.spans import Span, fitted
from fundtui.ui.sparkscale import marked

if TYPE_CHECKING:
    from fundtui.imbalance.table import Table

_FLAG_ROLES = {"C": "warning", "~": "warning", "!": "critical", "?": "warning", "P": "dim"}


def row_spans(
    scene: Scene, table: Table, row: int, columns: list[Column], gap: int, *, cursor: bool, pinned: bool
) -> list[Span]:
    """A whole row: gutter with cursor bar and pin, then the columns."""
    surface = "cursor" if cursor else "table"
    pens, glyphs = scene.pens, scene.glyphs
    bar = glyphs.cursor if cursor else " "
    spans: list[Span] = [(bar, pens("accent", surface)), (glyphs.pin if pinned else " ", pens("accent", surface))]
    between = (" " * gap, pens("plain", surface))
    for index, column in enumerate(columns):
        if index:
            spans.append(between)
        spans.extend(cell_spans(scene, table, row, column, surface))
    return spans


def cell_spans(scene: Scene, table: Table, row: int, column: Column, surface: str) -> list[Span]:
    """One cell, exactly as wide as its column."""
    pens = scene.pens
    if column.unit is Unit.SERIES:
        series = table.series.get(column.key)
        if series is None or row >= len(series):
            return [(" " * column.width, pens("dim", surface))]
        drawn = sparkline(series[row], column.width, scene.glyphs.spark, scene.spark if scene.shared else None)
        return [(drawn, pens("dim", surface))]
    if column.unit is Unit.TEXT:
        text = table.keys[row] if column.key == "asset" else table.text(column.key, row)
        style = pens("bright", surface, bold=surface == "cursor")
        return [(fitted(text, column.width, ellipsis=scene.glyphs.ellipsis), style)]
    return _figure_spans(scene, table, row, column, surface)


def _figure_spans(scene: Scene, table: Table, row: int, column: Column, surface: str) -> list[Span]:
    pens = scene.pens
    text, role = figure(table.metrics[column.key], float(table.columns[column.key][row]), scene)
    if column.key == "spread" or column.key == "dispersion":
        # A distance has no sign; printing one would claim a direction.
        text, role = text.removeprefix("+"), "bright" if column.key == "spread" else "plain"
    width = column.width - (1 if column.flag else 0)
    spans: list[Span] = []
    if column.venue:
        venue = table.text(column.venue, row) or "-"
        name = fitted(venue, VENUE_WIDTH, ellipsis=scene.glyphs.ellipsis)
        spans.append((name, pens("plain" if venue != "-" else "faint", surface)))
        width -= VENUE_WIDTH
    spans.append((fitted(text, width, right=True, ellipsis=scene.glyphs.ellipsis), pens(role, surface)))
    if column.flag:
        flag = table.text(column.flag, row)[:1]
        spans.append((flag or " ", pens(_FLAG_ROLES.get(flag, "dim"), surface)))
    return spans


def heading_spans(
    scene: Scene, columns: list[Column], gap: int, sort_key: str, descending: bool, at: int
) -> list[Span]:
    """The column heads, the sort marker behind the sorted one, the column under the cursor in accent."""
    pens, glyphs = scene.pens, scene.glyphs
    spans: list[Span] = [(" " * GUTTER, pens("dim", "panel"))]
    for index, column in enumerate(columns):
        if index:
            spans.append((" " * gap, pens("dim", "panel")))
        sorted_by = column.key == sort_key
        marker = (glyphs.falling if descending else glyphs.rising) if sorted_by else ""
        role = "accent" if index == at else "bright" if sorted_by else "dim"
        text = _heading(column, marker, shared=scene.shared)
        spans.append(
            (
                fitted(text, column.width, right=column.right and not column.venue, ellipsis=""),
                pens(role, "panel", bold=index == at),
            )
        )
    return spans


def _heading(column: Column, marker: str, *, shared: bool) -> str:
    if column.unit is Unit.SERIES:
        return marked(column.title + marker, column.width, shared=shared)
    # Figures with a mark behind them leave that cell free above the mark too, so that heads line up with digits.
    title = column.title + marker
    return title + " " if column.flag and not column.venue and not marker else title
