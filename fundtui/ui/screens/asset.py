"""One asset over the whole screen: its instruments, charts of its past, the term view, and the sizing panel."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from textual import on

from fundtui.imbalance.catalogue import Level
from fundtui.ui.asset_origin import row_origin
from fundtui.ui.cells import Scene
from fundtui.ui.charts.chartexport import COLUMNS, reading_of, rows_of
from fundtui.ui.charts.dots import Dots
from fundtui.ui.charts.legend import legend_lines
from fundtui.ui.charts.plot import ChartPanel
from fundtui.ui.charts.sizeinput import parse_size, wrong_size
from fundtui.ui.charts.subject import Subject
from fundtui.ui.charts.views import CHARTS, RANGES, VIEWS, Tabs, View
from fundtui.ui.headline import summary
from fundtui.ui.helptext import help_head, key_lines
from fundtui.ui.screen_keys import OWN, footer_of, keys_of
from fundtui.ui.screens.whole import WholeScreen, bindings_of
from fundtui.ui.widgets.detail import DetailPanel
from fundtui.ui.widgets.footer import Footer
from fundtui.ui.widgets.header import Header
from fundtui.ui.widgets.room import Room
from fundtui.ui.widgets.textpanel import ScrolledPanel, TextPanel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.worker import WorkType

    from fundtui.ui.app import FundtuiApp
    from fundtui.ui.pieces import Line

RELOAD_S = 60.0
ASKING_S = 2.0
# From this height on the list of instruments stands above charts; from this width on the legend stands beside them.
TALL_FROM = 36
LEGEND_BESIDE_FROM = 110
MOST_LISTED = 14
# Header, tabs and footer; and the lines below which a chart beside the term view's figures says nothing.
FRAME_LINES = 3
CHART_LEAST = 9
ZOOM = 0.7
PAN = 0.25


class AssetScreen(WholeScreen):
    """Follows one asset while it is open. The record is read when it opens, when the range changes, each minute."""

    NAME = "asset"
    TITLE_TEXT = "Asset"
    DEFAULT_CSS = """
    AssetScreen { layout: vertical; overflow: hidden; scrollbar-size: 0 0; }
    AssetScreen #whole { height: 1fr; }
    AssetScreen #page { height: 1fr; display: none; }
    AssetScreen #charts { layout: horizontal; height: 1fr; display: none; }
    AssetScreen #chart { width: 1fr; height: 100%; }
    AssetScreen #legend { width: 34; height: 100%; display: none; }
    AssetScreen #keys { height: 3; display: none; }
    """
    BINDINGS = bindings_of(NAME)

    def __init__(self, app: FundtuiApp, row: int) -> None:
        super().__init__(app)
        self.subject = Subject(app.source, app.choices, row)
        self.view = View.LIST
        self.dots: Dots | None = None
        self._loaded_at = -math.inf
        self._signature: tuple[object, ...] = ()

    # -- layout

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Tabs(id="tabs")
        yield DetailPanel(id="whole")
        yield ScrolledPanel(id="page")
        with Room(id="charts"):
            yield ChartPanel(id="chart")
            yield TextPanel(id="legend")
        yield TextPanel(id="keys")
        yield Footer(id="footer", entries=footer_of(self.NAME))

    def on_mount(self) -> None:
        self.header, self.footer = self.query_one(Header), self.query_one(Footer)
        self.tabs, self.listed = self.query_one(Tabs), self.query_one(DetailPanel)
        self.chart = self.query_one(ChartPanel)
        self.page = self.query_one("#page", ScrolledPanel)
        self.beside, self.below = self.query_one("#legend", TextPanel), self.query_one("#keys", TextPanel)
        self.lay_out()
        self.begin()

    def lay_out(self) -> None:
        """Show the widgets that the view needs at this size."""
        width, height = self.app.size
        tall, charting = height >= TALL_FROM, self.view in CHARTS
        rows = len(self.subject.rows())
        self.listed.display = self.view is View.LIST or (tall and charting and self.view is not View.TERM)
        self.listed.styles.height = "1fr" if self.view is View.LIST else min(rows + 2, MOST_LISTED)
        self.page.display = self.view in (View.TERM, View.SIZE)
        # The term view's chart gives way to its figures where there is no room for both.
        room = height - FRAME_LINES
        page = min(rows + 2, max(height // 2, 4))
        alone = self.view is View.SIZE or (self.view is View.TERM and room - page < CHART_LEAST)
        self.page.styles.height = "1fr" if alone else page
        charting = charting and not (alone and self.view is View.TERM)
        self.query_one("#charts").display = charting
        beside = charting and width >= LEGEND_BESIDE_FROM
        self.beside.display = beside
        self.below.display = charting and not beside and self.view is not View.TERM
        self.call_after_refresh(self.draw)

    def on_resize(self) -> None:
        self.lay_out()

    # -- reading

    def _load(self) -> None:
        """Read the record anew, in the background."""
        self._loaded_at = self.now()
        if self.source.courses is not None:
            work: WorkType[None] = self._read
            self.run_worker(work, group="past", exclusive=True)

    async def _read(self) -> None:
        await self.subject.read()
        if self.is_mounted:
            self.draw()

    def _follow_record(self) -> None:
        past = self.subject.past
        due = RELOAD_S if past is None or not past.asking else ASKING_S
        if self.view is not View.LIST and self.now() - self._loaded_at >= due:
            self._load()

    # -- drawing

    def tick(self) -> None:
        if self.is_current:
            self._follow_record()
        super().tick()

    def draw(self) -> None:
        scene, subject = self.scene(), self.subject
        self.tabs.say(scene, self.view, subject.days, str(self._dots()))
        if self.listed.display:
            instruments = self.source.table(Level.INSTRUMENT)
            self.listed.show(scene, self.source.table(Level.ASSET), subject.row, instruments, subject.rows())
        if self.page.display:
            self._draw_page(scene)
        if self.view in CHARTS:
            self.draw_chart(scene)
        self._draw_frame(scene)

    def _draw_page(self, scene: Scene) -> None:
        width = self.page.size.width
        if self.view is View.SIZE:
            self.page.show_around(scene, self.subject.size_page(scene, width))
        else:
            # One line of heads, then the instruments.
            self.page.show_around(scene, self.subject.term_page(scene, width), 1, 1 + self.subject.place)

    def draw_chart(self, scene: Scene) -> None:
        """Draw the chart where its data differs, and the legend."""
        signature, picture = self.subject.picture(self.view, scene)
        if signature != self._signature or self.chart.picture is None:
            self._signature = signature
            self.chart.show(scene, picture(), self._dots())
        else:
            self.chart.restyle(scene)
        self._draw_legend(scene)

    def _draw_legend(self, scene: Scene) -> None:
        drawn, names = self.chart.picture, self.subject.names()
        panel = self.beside if self.beside.display else self.below
        if drawn is None or not panel.display:
            return
        panel.show(scene, legend_lines(
            scene, self.chart, drawn, names, self.subject.place, panel.size.width, beside=panel is self.beside,
        ))  # fmt: skip

    def _draw_frame(self, scene: Scene) -> None:
        names = self.subject.names()
        chosen = names[self.subject.place] if names else ""
        state = self.header_state(shown=len(names), total=len(names), sort_title=chosen, subject=self.subject.name)
        self.header.show(scene, state, summary(self.source.health()))
        self.footer.show(scene, *self.said.word)

    # -- choosing

    @on(Tabs.Chosen)
    def _tab_chosen(self, message: Tabs.Chosen) -> None:
        if isinstance(message.what, View):
            self.show_view(message.what)
        else:
            self.show_range(message.what)

    def show_view(self, view: View) -> None:
        """Show another view."""
        self.view = view
        if self.subject.past is None and view is not View.LIST:
            self._load()
        self.lay_out()

    def show_range(self, days: int) -> None:
        """Show another range, from the record."""
        self.subject.days = days
        self._load()
        self.draw()

    def asset_row(self) -> int | None:
        return self.subject.row

    def action_view(self, step: int) -> None:
        self.show_view(VIEWS[(VIEWS.index(self.view) + step) % len(VIEWS)])

    def action_go_view(self, name: str) -> None:
        self.show_view(View(name))

    def action_range(self, step: int) -> None:
        self.show_range(RANGES[(RANGES.index(self.subject.days) + step) % len(RANGES)])

    def action_venue(self, step: int) -> None:
        if self.view is View.SIZE:
            self.page.scroll_lines(step)
        else:
            self.subject.step(step)
            self.draw()

    def action_alone(self) -> None:
        self.subject.alone = not self.subject.alone
        self.draw()

    # -- the chart

    def _dots(self) -> Dots:
        if not self.app.pens.unicode:
            return Dots.ASCII
        return self.dots or Dots.BRAILLE

    def action_dots(self) -> None:
        if not self.app.pens.unicode:
            self.say("this terminal is drawn in ASCII alone")
            return
        order = list(Dots)
        self.dots = order[(order.index(self._dots()) + 1) % len(order)]
        self._signature = ()
        self.draw()

    def action_cross(self, cells: int) -> None:
        if self.view in CHARTS:
            self.chart.step(cells)

    def action_zoom(self, inwards: int) -> None:
        if self.view in CHARTS:
            self.chart.zoom(ZOOM if inwards > 0 else 1 / ZOOM)

    def action_pan(self, direction: int) -> None:
        if self.view in CHARTS:
            self.chart.pan(direction * PAN)

    def action_whole(self) -> None:
        if self.view in CHARTS:
            self.chart.reset()

    @on(ChartPanel.Pointed)
    def _pointed(self) -> None:
        self._draw_legend(self.scene())

    # -- doing

    def action_size(self) -> None:
        from fundtui.ui.screens.ask import Ask

        asked = self.subject.size

        def taken(answer: str | None) -> None:
            if answer:
                self.choices.size = parse_size(answer, asked)
                self.show_view(View.SIZE)

        self.app.push_screen(
            Ask(
                "Size of each leg, leverage, equity",
                f"{asked.size_usd:.0f} {asked.leverage:g}x {asked.equity_usd:.0f}",
                "250k, 250k 3x, or 250k 3x 1M; it holds until fundtui ends",
                wrong_size,
            ),
            taken,
        )

    def action_back(self) -> None:
        if self.view not in CHARTS or not self.chart.clear_cross():
            self.dismiss()

    def action_close(self) -> None:
        self.dismiss()

    def action_explain(self) -> None:
        rows, place = self.subject.rows(), self.subject.place
        if place < len(rows):
            self.app.open_provenance(row_origin(self.source, rows[place], self.choices.lens))
        else:
            self.app.open_explanation(Level.ASSET, self.subject.row, "consensus")

    def action_copy(self) -> None:
        picture = self.chart.picture
        if self.view not in CHARTS or picture is None:
            self.app.copy_row(self.source.table(Level.ASSET), self.subject.row)
            return
        self.app.copy_to_clipboard(json.dumps(reading_of(self.chart, picture)))
        self.say("figures of the chart copied as JSON")

    def export(self) -> None:
        """Write what is drawn to a CSV file and say where it is."""
        picture = self.chart.picture
        if self.view not in CHARTS or picture is None:
            self.say("nothing is drawn here; E writes charts to a file", "warning")
        else:
            self.write_out("chart", COLUMNS, rows_of(picture))

    def help_lines(self) -> list[Line]:
        # What only this screen has comes first.
        own = OWN[self.NAME]
        keys = sorted(keys_of(self.NAME), key=lambda key: key not in own)
        return [help_head(self.TITLE_TEXT), *key_lines(keys)]
