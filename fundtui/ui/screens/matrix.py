"""Assets by venues as a heat map: who pays how much where, sorted by any venue or by the spread."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fundtui.imbalance.catalogue import Level
from fundtui.query import QueryError
from fundtui.ui.cells import Lens, Scene, figure
from fundtui.ui.filtering import Filter
from fundtui.ui.grid import NOBODY, Grid, GridMaker, heat_steps
from fundtui.ui.gridview import GridView
from fundtui.ui.instrument_text import published, reasons_text
from fundtui.ui.lensed import ends_origin
from fundtui.ui.pieces import Line, Piece, folded, whole
from fundtui.ui.provenance import Provenance
from fundtui.ui.screens.listing import ListScreen
from fundtui.ui.screens.whole import bindings_of
from fundtui.ui.widgets.gridtable import GridTable
from fundtui.ui.widgets.textpanel import TextPanel
from fundtui.ui.wordfilter import WordFilterError
from fundtui.units import HOURS_PER_YEAR, format_age, format_bp, format_rate

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from fundtui.ui.app import FundtuiApp

_MEANINGS = {
    Lens.RAW: "rate as published",
    Lens.EXCESS: "above the interest part of the formula",
    Lens.PREMIUM: "premium index",
}


class MatrixScreen(ListScreen):
    """The grid with a line about the cell under the cursor and the scale of the heat."""

    NAME = "matrix"
    TITLE_TEXT = "Matrix"
    BINDINGS = bindings_of("matrix")
    DEFAULT_CSS = """
    MatrixScreen GridTable { height: 1fr; width: 100%; }
    MatrixScreen #told { height: 2; }
    MatrixScreen.below #below, MatrixScreen.beside #beside { display: none; }
    """
    list: GridTable  # type: ignore[assignment]

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__(app)
        self.view = GridView(self.source.table(Level.ASSET))
        self.maker = GridMaker()
        self.grid: Grid | None = None

    def list_widget(self) -> Widget:
        return GridTable(self.view, self.now, id="list")

    def compose(self) -> ComposeResult:
        for widget in super().compose():
            if widget.id == "prompt":
                yield TextPanel(id="told")
            yield widget

    def find_list(self) -> None:
        self.list = self.query_one(GridTable)
        self.list.focus()

    # -- drawing

    def draw_list(self, scene: Scene) -> None:
        assets, instruments = self.source.table(Level.ASSET), self.source.table(Level.INSTRUMENT)
        self.grid = self.maker.make(assets, instruments, self.choices.lens)
        self.view.table = assets
        self.list.instruments = instruments
        ages = {venue.venue: venue.age_s for venue in self.source.health()}
        self.list.show(scene, self.grid, ages, self._notice(()))
        self.total = self.view.shown_of

    def notice(self) -> Sequence[Line]:
        if self.view.filter is not None:
            return [[("  no asset passes ", "dim"), (f"/{self.view.filter.text}", "accent")]]
        return [[("  waiting for the first answers", "dim")]]

    def draw_detail(self, scene: Scene) -> None:
        panel = self.query_one("#told", TextPanel)
        if self.has_class("narrow"):
            panel.show(scene, folded(self.told(scene), panel.size.width)[:2])
        else:
            panel.show(scene, [self.told(scene), self._scale(scene)])

    def brief(self, scene: Scene) -> Line:
        return [(f"  {len(self.view.order)} assets", "plain"), ("  sign, heat 0 to 4", "dim")]

    def told(self, scene: Scene) -> Line:
        """The cell under the cursor in one line."""
        cell, row, grid = self.list.cell(), self.view.row, self.grid
        if row is None or grid is None:
            return []
        asset = self.view.table.keys[row]
        if cell is None:
            return self._asset_line(scene, asset, row)
        venue = grid.venues[cell[1]]
        leaf = int(grid.leaves[cell]) if row < len(grid.leaves) else NOBODY
        if leaf == NOBODY:
            return [(f"  {venue} {asset}", "*bright"), ("  not traded there", "dim")]
        return self._leaf_line(scene, venue, asset, leaf)

    def _asset_line(self, scene: Scene, asset: str, row: int) -> Line:
        table = self.view.table
        line: list[Piece] = [(f"  {asset}", "*bright")]
        for key, label in (("consensus", "consensus"), ("spread", "spread"), ("venues", "venues")):
            text, role = figure(table.metrics[key], float(table.columns[key][row]), scene)
            line += [(f"  {label} ", "dim"), (text.removeprefix("+") if key == "spread" else text, role)]
        return line

    def _leaf_line(self, scene: Scene, venue: str, asset: str, leaf: int) -> Line:
        table = self.source.table(Level.INSTRUMENT)
        columns = table.columns
        rate, role = figure(table.metrics["apr"], float(columns["apr"][leaf]), scene)
        line: list[Piece] = [(f"  {venue} {asset}", "*bright"), (f"  {rate}", role)]
        line += [("  paid ", "dim"), (published(table, leaf)[0], "plain")]
        for key, label in (("excess", "excess"), ("premium", "premium"), ("next_funding_ms", "next"), ("oi_usd", "OI")):
            text, role = figure(table.metrics[key], float(columns[key][leaf]), scene)
            line += [(f"  {label} ", "dim"), (text, "plain" if role == "faint" else role)]
        line.append((f"  {format_age((scene.now_ms - float(columns['observed_ms'][leaf])) / 1000)} old", "dim"))
        if codes := table.text("reasons", leaf):
            line.append((f"  left out: {reasons_text(codes)}", "warning"))
        return line

    def _scale(self, scene: Scene) -> Line:
        """What the heat means, from far below zero to far above it."""
        grid = self.grid
        if grid is None:
            return []
        steps = heat_steps(grid.metric)
        premium = grid.metric.key == "premium"
        texts = [
            format_bp(step, 0) if premium else format_rate(step / HOURS_PER_YEAR, scene.basis).replace(".0%", "%")
            for step in steps
        ]
        below = "  ".join(text.replace("+", "-", 1) for text in reversed(texts))
        left_out, meaning = "   x left out", f"   {_MEANINGS[scene.lens]}"
        line: Line = [
            ("  heat ", "dim"), (below, "down3"), ("  0  ", "dim"), ("  ".join(texts), "up3"), (left_out, "faint"),
            (meaning, "faint"),
        ]  # fmt: skip
        return whole(line, self.size.width)

    # -- choosing

    @property
    def shown(self) -> int:
        return len(self.view.order)

    @property
    def sort_title(self) -> str:
        return self.view.sort_key.removeprefix("@")

    def use_filter(self, text: str) -> None:
        try:
            chosen = Filter(text, lambda query: self.source.select(query, Level.ASSET))
        except QueryError as error:
            raise WordFilterError(error.message, error.column) from error
        self.view.filter = None if chosen.empty else chosen
        self.view.release()

    @property
    def filter_text(self) -> str:
        return self.view.filter.text if self.view.filter else ""

    def action_sort_key(self, key: str) -> None:
        self.list.sort_by(f"@{key}", descending=None if self.view.sort_key == f"@{key}" else True)
        self.draw()

    # -- looking

    def key_of(self, row: int) -> str:
        return self.view.table.keys[row]

    def asset_of(self, row: int) -> str:
        return self.view.table.keys[row]

    def action_open(self) -> None:
        if self.view.row is not None:
            self.app.open_asset(self.view.row)

    def action_explain(self) -> None:
        cell, row = self.list.cell(), self.view.row
        if cell is not None and self.grid is not None and (leaf := int(self.grid.leaves[cell])) != NOBODY:
            self.app.open_explanation(Level.INSTRUMENT, leaf, self.grid.metric.key)
        elif cell is not None and self.grid is not None:
            venue, asset = self.grid.venues[cell[1]], self.view.table.keys[cell[0]]
            self.app.open_provenance(
                Provenance(title=f"{venue} {asset}", value="", exclusions=(f"{venue} does not list {asset}",))
            )
        elif row is not None and self.grid is not None:
            key = self.list.head.key.removeprefix("@") if self.list.head else "spread"
            if key == "spread":
                self.app.open_provenance(ends_origin(self.source, self.scene(), self.grid, row, key))
            else:
                self.app.open_explanation(Level.ASSET, row, key)

    def record(self, row: int) -> dict[str, Any]:
        grid = self.grid
        if grid is None or row >= len(grid.values):
            return {}
        factor = grid.metric.export_factor
        figures = (None if math.isnan(value) else value * factor for value in grid.values[row].tolist())
        return {"asset": self.view.table.keys[row], "figure": grid.metric.key} | dict(
            zip(grid.venues, figures, strict=True)
        )

    def export_rows(self) -> tuple[Sequence[str], Sequence[dict[str, Any]]]:
        venues: Iterable[str] = self.grid.venues if self.grid else ()
        return ["asset", "figure", *venues], [self.record(row) for row in self.list.rows]
