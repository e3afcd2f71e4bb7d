"""Carry that survives its costs: pairs by what they are expected to earn, and the cash ladder of the selected one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.ladder import FlowKind, Rung
from fundtui.query import QueryError
from fundtui.ui.app import row_record
from fundtui.ui.cells import Lens, Scene, figure
from fundtui.ui.filtering import Filter
from fundtui.ui.ladderview import LadderView, furthest, ladder_panel, next_view
from fundtui.ui.pair_origin import half_life_origin, lens_spread
from fundtui.ui.pairtext import half_life_h, later, reasons_against, result_lines
from fundtui.ui.pieces import Line
from fundtui.ui.provenance import Provenance, of_explanation
from fundtui.ui.screens.listing import BELOW_FROM, ListScreen
from fundtui.ui.screens.whole import bindings_of
from fundtui.ui.widgets.listing import Field, Listing, ordered
from fundtui.ui.widgets.textpanel import TextPanel
from fundtui.ui.wordfilter import WordFilterError
from fundtui.units import MISSING, format_duration, format_money

if TYPE_CHECKING:
    from textual.widget import Widget

    from fundtui.imbalance.table import Table
    from fundtui.ui.app import FundtuiApp

# On a screen of fewer lines there is no room for a ladder below the list.
LADDER_FROM = 18
RUNGS = 8

# Metric key, head, width, when it gives way, whether the greatest comes first.
_COLUMNS = (
    ("asset", "asset", 9, 0, False),
    ("short", "short", 12, 1, False),
    ("long", "long", 12, 1, False),
    ("spread", "spread", 9, 3, True),
    ("net", "net 7d", 9, 0, True),
    ("net_apr", "net APR", 9, 4, True),
    ("breakeven", "b/e", 7, 1, False),
    ("half_life", "half-life", 9, 2, False),
    ("cost", "costs", 8, 5, False),
    ("size_usd", "room", 6, 2, True),
    ("score", "score", 8, 7, True),
    ("fifth", "5% worst", 9, 6, True),
)


class PairsScreen(ListScreen):
    """Only what is expected to earn its costs at first; `f` shows all that were priced."""

    NAME = "pairs"
    TITLE_TEXT = "Pairs"
    SORT = ("net", True)
    BINDINGS = bindings_of("pairs")
    DEFAULT_CSS = """
    PairsScreen.below #below { height: 50%; max-height: 24; }
    """

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__(app)
        self.everything = False
        self.ladder_view = LadderView.BOTH
        self.first_rung = 0
        self.query_filter: Filter | None = None
        self.fields = [
            *(self._field(*column) for column in _COLUMNS),
            Field(key="why", title="why not", width=12, right=False, grows=True, value=self._against, cell=self._why,
                  help="What speaks against it, the weightiest first."),
        ]  # fmt: skip
        self.brief_fields = [
            Field(key="asset", title="asset short/long", width=12, right=False, grows=True, cell=self._legs,
                  value=lambda row: self.table.text("asset", row), help="What, short where, long where."),
            *(field for field in self.fields if field.key in ("net", "breakeven")),
        ]  # fmt: skip

    @property
    def table(self) -> Table:
        """The pairs."""
        return self.source.table(Level.PAIR)

    def _field(self, key: str, title: str, width: int, rank: int, falling: bool) -> Field:
        metric = self.source.table(Level.PAIR).metrics.get(key)

        def value(row: int) -> float | str:
            table = self.table
            if key == "spread":
                return self._spread(row)
            return table.text(key, row) if key in table.labels else float(table.columns[key][row])

        def cell(scene: Scene, row: int, width: int) -> Line:
            if metric is None:
                return self._half_life(row)
            if key in self.table.labels:
                return [(self.table.text(key, row), "bright" if key == "asset" else "plain")]
            number = self._spread(row) if key == "spread" else float(self.table.columns[key][row])
            if key == "breakeven":
                return [(later(number), "dim" if number >= self._half_life_h(row) else "plain")]
            text, role = figure(metric, number, scene)
            # Distances and costs have no direction; a sign or its colour would claim one.
            if key in ("spread", "cost"):
                return [(text.removeprefix("+"), "bright" if key == "spread" else "plain")]
            return [(text, role)]

        return Field(
            key=key, title=title, width=width, rank=rank, falling=falling,
            right=key not in ("asset", "short", "long"), cell=cell,
            value=value if metric is not None else self._half_life_h,
            help=metric.help if metric is not None else "Time in which half of a leg's distance from its mean is gone.",
        )  # fmt: skip

    def _spread(self, row: int) -> float:
        return lens_spread(self.table, self.source.table(Level.INSTRUMENT), row, self.choices.lens)

    def _legs(self, scene: Scene, row: int, width: int) -> Line:
        table = self.table
        return [(table.text("asset", row), "bright"), (f" {table.text('short', row)}/{table.text('long', row)}", "dim")]

    def _half_life_h(self, row: int) -> float:
        return half_life_h(self.table, self.source.table(Level.INSTRUMENT), row)

    def _half_life(self, row: int) -> Line:
        hours = self._half_life_h(row)
        return [(MISSING, "faint")] if math.isnan(hours) else [(format_duration(hours * 3600), "plain")]

    @property
    def size_usd(self) -> float:
        """The size that costs are worked out for."""
        return float(self.source.settings.costs.size_usd)

    def _reasons(self, row: int) -> list[str]:
        return reasons_against(self.table, self.source.table(Level.INSTRUMENT), row, self.size_usd)

    def _against(self, row: int) -> str:
        return "; ".join(self._reasons(row))

    def _why(self, scene: Scene, row: int, width: int) -> Line:
        text = self._against(row)
        return [(text, "dim")] if text else [("nothing found", "faint")]

    # -- rows

    def list_widget(self) -> Widget:
        key, descending = self.SORT
        return Listing(self.key_of, self.now, self.fields, key, descending=descending, id="list")

    def find_list(self) -> None:
        super().find_list()
        self.list.orderer = self._ordered

    def _ordered(self, rows: Sequence[int], field: Field, descending: bool) -> list[int]:
        """Thousands of rows by a column at once; what is missing comes last in both directions."""
        table = self.table
        lensed = field.key == "spread" and self.choices.lens is not Lens.RAW
        if lensed or field.key not in table.columns or field.key in table.labels:
            return ordered(rows, field, descending)
        values = table.columns[field.key][np.array(rows, np.intp)]
        order = np.argsort(-values if descending else values, kind="stable")
        return [rows[place] for place in order.tolist()]

    def rows(self) -> Sequence[int]:
        table = self.table
        shown = table.alive[: table.count].copy()
        if not self.everything:
            with np.errstate(invalid="ignore"):
                shown &= table.columns["net"][: table.count] > 0
        rows: list[int] = np.flatnonzero(shown).tolist()
        return rows

    def _passing(self, rows: Sequence[Any]) -> Sequence[Any]:
        if self.query_filter is None:
            return rows
        mask = self.query_filter.mask(self.table)
        return [row for row in rows if mask[row]]

    def key_of(self, row: int) -> str:
        return self.table.keys[row]

    def asset_of(self, row: int) -> str:
        return self.table.text("asset", row)

    def subtitle(self) -> str:
        chosen = "all priced" if self.everything else "net above zero"
        return f"{chosen}  {format_money(self.size_usd)} a leg"

    def notice(self) -> Sequence[Line]:
        if self.query_filter is not None:
            return [[("  no pair passes ", "dim"), (f"/{self.query_filter.text}", "accent")]]
        table = self.table
        priced = int(table.alive[: table.count].sum())
        if not priced:
            return [[("  no pair is priced yet", "dim")]]
        return [[(f"  none of {priced} pairs is expected to earn its costs within seven days; f shows all", "dim")]]

    def use_filter(self, text: str) -> None:
        try:
            chosen = Filter(text, lambda query: self.source.select(query, Level.PAIR))
        except QueryError as error:
            raise WordFilterError(error.message, error.column) from error
        self.query_filter = None if chosen.empty else chosen

    @property
    def filter_text(self) -> str:
        return self.query_filter.text if self.query_filter else ""

    # -- the ladder

    def ladder(self, row: int) -> Sequence[Rung]:
        """The cash flows of a pair; none where it was not priced yet."""
        try:
            return self.source.pair_ladder(row)
        except KeyError:
            return ()

    def detail(self, scene: Scene, row: int, width: int) -> Sequence[Line]:
        head = result_lines(scene, self.table, row, self._reasons(row), width)
        return [*head, [], *self._ladder_lines(scene, row, width, 0, LadderView.BOTH, 0)]

    def draw_detail(self, scene: Scene) -> None:
        """The panel: what of the ladder was chosen, in the lines that there are."""
        panel = self.query_one("#beside" if self.has_class("beside") else "#below", TextPanel)
        row = self.list.row
        if not panel.display:
            return
        if row is None:
            panel.show(scene, ())
            return
        width, height = panel.size
        head = result_lines(scene, self.table, row, self._reasons(row), width)
        # On a small screen the title alone says which pair it is; all the rest is behind Enter.
        lines: list[Line] = [head[0]] if self.small else [*head, []]
        view = LadderView.PLOT if self.ladder_view is LadderView.NONE else self.ladder_view
        ladder = self._ladder_lines(scene, row, width, height - len(lines), view, self.first_rung)
        panel.show(scene, [*lines, *ladder])

    def _ladder_lines(
        self, scene: Scene, row: int, width: int, height: int, view: LadderView, first: int
    ) -> Sequence[Line]:
        table = self.table
        names = {FlowKind.SHORT: table.text("short", row), FlowKind.LONG: table.text("long", row)}
        return ladder_panel(scene, self.ladder(row), names, self.size_usd, width, height, view, first)

    @property
    def small(self) -> bool:
        """Whether the panel is shown only when asked for."""
        width, height = self.app.size
        return width < BELOW_FROM[0] or height < BELOW_FROM[1]

    def choose_layout(self, width: int, height: int) -> None:
        # Both at once have no room on a small screen, and a large one always shows some of the ladder.
        if self.ladder_view is (LadderView.BOTH if self.small else LadderView.NONE):
            self.ladder_view = LadderView.NONE if self.small else LadderView.BOTH
        super().choose_layout(width, height)
        if self.small:
            self.set_class(self.ladder_view is not LadderView.NONE and height >= LADDER_FROM, "below")

    def action_ladder(self) -> None:
        self.ladder_view = next_view(self.ladder_view, small=self.small)
        self.first_rung = 0
        self.choose_layout(*self.app.size)

    def action_rungs(self, pages: int) -> None:
        row = self.list.row
        if row is not None:
            rungs = self.ladder(row)
            self.first_rung = max(min(self.first_rung + pages * RUNGS, furthest(rungs, RUNGS)), 0)
            self.draw()

    # -- doing

    def action_all(self) -> None:
        self.everything = not self.everything
        self.list.release()
        self.draw()

    def brief(self, scene: Scene) -> Line:
        table = self.table
        net = table.columns["net"][: table.count][table.alive[: table.count]]
        earn = int((net > 0).sum())
        return [(f"  {earn} earn their costs", "plain"), (f" of {len(net)}  {format_money(self.size_usd)}/leg", "dim")]

    def origin(self, row: int, field: Field, text: str) -> Provenance:
        if field.key in self.table.metrics:
            return of_explanation(self.source.explain(Level.PAIR, row, field.key))
        if field.key == "half_life":
            return half_life_origin(self.source, row, text)
        shown = of_explanation(self.source.explain(Level.PAIR, row, "net"))
        return Provenance(
            title=f"{self.key_of(row)} {field.title}", value=text or "nothing found", meaning=field.help,
            exclusions=tuple(self._reasons(row)), parts=(shown,), data={"reasons": self._reasons(row)},
        )  # fmt: skip

    def record(self, row: int) -> dict[str, Any]:
        return row_record(self.table, row)

    def export_rows(self) -> tuple[Sequence[str], Sequence[dict[str, Any]]]:
        rows = [self.record(row) for row in self.list.rows]
        return [key for key in self.table.metrics if key in self.table.columns], rows
