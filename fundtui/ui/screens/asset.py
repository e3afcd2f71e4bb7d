"""One asset over the whole screen: its instruments, charts of its past, the term view, and the sizing panel."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType

from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.conditions import Wanted as Size
from fundtui.imbalance.conditions import conditions
from fundtui.ui.asset_origin import row_origin
from fundtui.ui.cells import Lens, Scene
from fundtui.ui.charts import courses as pictures
from fundtui.ui.charts.dots import Dots
from fundtui.ui.charts.legend import legend_lines
from fundtui.ui.charts.plot import ChartPanel
from fundtui.ui.charts.sizeinput import parse_size, wrong_size
from fundtui.ui.charts.sizetext import size_lines
from fundtui.ui.charts.term import term_lines, term_picture
from fundtui.ui.charts.views import CHARTS, DAY_MS, RANGES, STEPS, VIEWS, Tabs, View
from fundtui.ui.export import export_folder, write_csv
from fundtui.ui.headline import HeaderState, summary
from fundtui.ui.output import PacedScreen
from fundtui.ui.pieces import spans
from fundtui.ui.screen_keys import OWN, footer_of, keys_of
from fundtui.ui.screens.listing import bindings_of
from fundtui.ui.screens.main import MESSAGE_S, Room
from fundtui.ui.widgets.detail import DetailPanel
from fundtui.ui.widgets.footer import Footer
from fundtui.ui.widgets.header import Header
from fundtui.ui.widgets.textpanel import TextPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.worker import WorkType

    from fundtui.courses import Past
    from fundtui.ui.app import FundtuiApp
    from fundtui.ui.charts.picture import Picture
    from fundtui.ui.pieces import Line

REFRESH_S = 1.0
RELOAD_S = 60.0
ASKING_S = 2.0
# From this height on the list of instruments stands above charts; from this width on the legend stands beside them.
TALL_FROM = 36
LEGEND_BESIDE_FROM = 110
LEGEND_LINES = 3
MOST_LISTED = 14
ZOOM = 0.7
PAN = 0.25
TERM_MS = 10_000


class AssetScreen(PacedScreen):
    """Follows one asset while it is open. The record is read when it opens, when the range changes, each minute."""

    DEFAULT_CSS = """
    AssetScreen { layout: vertical; overflow: hidden; scrollbar-size: 0 0; }
    AssetScreen #whole { height: 1fr; }
    AssetScreen #page { height: 1fr; display: none; }
    AssetScreen #charts { layout: horizontal; height: 1fr; display: none; }
    AssetScreen #chart { width: 1fr; height: 100%; }
    AssetScreen #legend { width: 34; height: 100%; display: none; }
    AssetScreen #keys { height: 3; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("asset")
    app: FundtuiApp

    def __init__(self, app: FundtuiApp, row: int) -> None:
        super().__init__()
        self.source = app.source
        self.choices = app.choices
        self.row = row
        self.now = app.wall.monotonic
        self.view = View.LIST
        self.days = RANGES[1]
        self.chosen = ""
        self.alone = False
        self.past: Past | None = None
        self.dots: Dots | None = None
        self._loaded_at = -math.inf
        self._signature: tuple[object, ...] = ()
        self._message, self._message_until = "", -math.inf

    # -- layout

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Tabs(id="tabs")
        yield DetailPanel(id="whole")
        yield TextPanel(id="page")
        with Room(id="charts"):
            yield ChartPanel(id="chart")
            yield TextPanel(id="legend")
        yield TextPanel(id="keys")
        yield Footer(id="footer", entries=footer_of("asset"))

    def on_mount(self) -> None:
        self.header, self.footer = self.query_one(Header), self.query_one(Footer)
        self.tabs, self.listed = self.query_one(Tabs), self.query_one(DetailPanel)
        self.chart = self.query_one(ChartPanel)
        self.page = self.query_one("#page", TextPanel)
        self.beside, self.below = self.query_one("#legend", TextPanel), self.query_one("#keys", TextPanel)
        self.lay_out()
        self.set_interval(REFRESH_S, self.tick)
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_after_refresh(self.restyle))

    def lay_out(self) -> None:
        """Show the widgets that the view needs at this size."""
        width, height = self.app.size
        tall, charting = height >= TALL_FROM, self.view in CHARTS
        rows = len(self.rows())
        self.listed.display = self.view is View.LIST or (tall and charting and self.view is not View.TERM)
        self.listed.styles.height = "1fr" if self.view is View.LIST else min(rows + 2, MOST_LISTED)
        self.page.display = self.view in (View.TERM, View.SIZE)
        self.page.styles.height = "1fr" if self.view is View.SIZE else min(rows + 2, max(height // 2, 4))
        self.query_one("#charts").display = charting
        beside = charting and width >= LEGEND_BESIDE_FROM
        self.beside.display = beside
        self.below.display = charting and not beside and self.view is not View.TERM
        self.call_after_refresh(self.draw)

    def on_resize(self) -> None:
        self.lay_out()

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.restyle)

    # -- what is looked at

    def rows(self) -> list[int]:
        """The asset's rows of the instrument table."""
        rows: list[int] = self.source.instrument_rows(self.row).tolist()
        return rows

    def _places(self) -> list[str]:
        keys = self.source.table(Level.INSTRUMENT).keys
        return [keys[row] for row in self.rows()]

    @property
    def place(self) -> int:
        """The place of the chosen instrument; at first the one with the most open interest."""
        names = self._places()
        if self.chosen not in names and names:
            oi = self.source.table(Level.INSTRUMENT).columns["oi_usd"]
            known = [float(oi[row]) if oi[row] == oi[row] else -1.0 for row in self.rows()]
            self.chosen = names[known.index(max(known))]
        return names.index(self.chosen) if self.chosen in names else 0

    def names(self) -> list[str]:
        """Names of the instruments: the venue, with the symbol where it has several."""
        table = self.source.table(Level.INSTRUMENT)
        venues = [table.text("venue", row) for row in self.rows()]
        return [
            venue if venues.count(venue) == 1 else f"{venue} {table.text('symbol', row)}"
            for venue, row in zip(venues, self.rows(), strict=True)
        ]

    def scene(self) -> Scene:
        """How figures look right now."""
        return Scene(self.app.pens, self.choices.basis, self.choices.lens, self.source.clock.utc_ms())

    def _shifts(self) -> list[float]:
        """What the lens takes from each instrument's rate: the interest part, which the excess leaves out."""
        columns = self.source.table(Level.INSTRUMENT).columns
        if self.choices.lens is not Lens.EXCESS:
            return [0.0] * len(self.rows())
        return [float(columns["apr"][row] - columns["excess"][row]) for row in self.rows()]

    # -- reading

    def _load(self) -> None:
        """Read the record anew, in the background."""
        self._loaded_at = self.now()
        if self.source.courses is not None:
            work: WorkType[None] = self._read
            self.run_worker(work, group="past", exclusive=True)

    async def _read(self) -> None:
        assert self.source.courses is not None
        step_ms = self.days * DAY_MS // STEPS
        end_ms = self.source.clock.utc_ms()
        self.past = await self.source.courses.past(self.row, end_ms - self.days * DAY_MS, end_ms, step_ms)
        if self.is_mounted:
            self.draw()

    def _follow_record(self) -> None:
        due = RELOAD_S if self.past is None or not self.past.asking else ASKING_S
        if self.view is not View.LIST and self.now() - self._loaded_at >= due:
            self._load()

    # -- drawing

    def tick(self) -> None:
        """Follow the engine while this screen is the one that is seen."""
        if self.is_current:
            self._follow_record()
            self.draw()

    def restyle(self) -> None:
        """Theme or size changed: draw everything anew."""
        self.draw()
        for widget in self.query("Canvas"):
            widget.mark_all()  # type: ignore[attr-defined]

    def draw(self) -> None:
        """Draw what changed."""
        scene = self.scene()
        self.tabs.say(scene, self.view, self.days, str(self._dots()))
        if self.listed.display:
            table = self.source.table(Level.ASSET)
            self.listed.show(scene, table, self.row, self.source.table(Level.INSTRUMENT), self.rows())
        if self.page.display:
            self.page.show(scene, self._page_lines(scene))
        if self.view in CHARTS:
            self.draw_chart(scene)
        self._draw_frame(scene)

    def _page_lines(self, scene: Scene) -> Sequence[Line]:
        if self.view is View.SIZE:
            return self._size_lines(scene)
        table, rows = self.source.table(Level.INSTRUMENT), self.rows()
        return term_lines(scene, table, rows, self.names(), self.place, self._shifts(), self.page.size.width)

    def draw_chart(self, scene: Scene) -> None:
        """Draw the chart where its data differs, and the legend."""
        signature, picture = self._picture(scene)
        if signature != self._signature or self.chart.picture is None:
            self._signature = signature
            self.chart.show(scene, picture(), self._dots())
        else:
            self.chart.restyle(scene)
        self._draw_legend(scene)

    def _draw_legend(self, scene: Scene) -> None:
        drawn = self.chart.picture
        panel = self.beside if self.beside.display else self.below
        if drawn is None or not panel.display:
            return
        panel.show(scene, legend_lines(
            scene, self.chart, drawn, self.names(), self.place, panel.size.width, beside=panel is self.beside,
        ))  # fmt: skip

    def _picture(self, scene: Scene) -> tuple[tuple[object, ...], Callable[[], Picture]]:
        """What the chart depends on, and how to make it."""
        look = (self.view, self.days, self.place, self.alone, scene.basis, scene.lens)
        if self.view is View.TERM:
            return (*look, scene.now_ms // TERM_MS), lambda: self._term_picture(scene)
        past = self._joined()
        if past is None:
            text = "reading the record" if self.source.courses is not None else "there is no record here"
            return (*look, text), lambda: pictures.empty(self._wanted(scene), text)
        wanted = self._wanted(scene)
        known = tuple((len(one.time_ms), len(one.settled_ms)) for one in past.courses)
        make = _PICTURES[View.PREMIUM if self.view is View.RATE and scene.lens is Lens.PREMIUM else self.view]
        return (*look, wanted.end_ms, past.asking, known), lambda: make(past, wanted)

    def _joined(self) -> Past | None:
        """What was read with what was seen since."""
        if self.past is None or self.source.courses is None:
            return None
        return self.source.courses.recent(self.row, self.past)

    def _wanted(self, scene: Scene) -> pictures.Wanted:
        step_ms = self.days * DAY_MS // STEPS
        end_ms = (scene.now_ms // step_ms + 1) * step_ms
        return pictures.Wanted(
            start_ms=end_ms - self.days * DAY_MS, end_ms=end_ms, step_ms=step_ms, basis=scene.basis,
            lens=scene.lens.value, chosen=self.place, alone=self.alone, shifts=self._shifts(),
        )  # fmt: skip

    def _term_picture(self, scene: Scene) -> Picture:
        expiries = self.past.expiry_ms if self.past is not None else ()
        return term_picture(
            scene, self.source.table(Level.INSTRUMENT), self.rows(), self.names(), self.place, self._shifts(),
            self.days, expiries, alone=self.alone,
        )  # fmt: skip

    def _size_lines(self, scene: Scene) -> Sequence[Line]:
        pairs, instruments = self.source.table(Level.PAIR), self.source.table(Level.INSTRUMENT)
        asset = self.source.table(Level.ASSET).keys[self.row]
        rows = [pairs.index[key] for key in (f"{asset} perp-perp", f"{asset} spot-perp") if key in pairs.index]
        priced = [row for row in rows if pairs.alive[row] and not math.isnan(float(pairs.columns["cost"][row]))]
        if not priced:
            return [[("  no pair of this asset is priced yet", "dim")]]
        past = self._joined()
        found = conditions(pairs, instruments, priced[0], self.size_wanted, past.courses if past is not None else ())
        return size_lines(scene, found, self.size_wanted)

    @property
    def size_wanted(self) -> Size:
        """The size as typed here, else as configured."""
        costs = self.source.settings.costs
        return self.choices.size or Size(
            size_usd=float(costs.size_usd), equity_usd=float(costs.equity_usd), leverage=float(costs.leverage)
        )

    def _draw_frame(self, scene: Scene) -> None:
        if self.now() >= self._message_until:
            self._message = ""
        counts = self.source.alert_counts()
        rows = len(self.rows())
        self.header.show(scene, HeaderState(
            mode=self.source.mode, watchlist="Asset", subject=self.source.table(Level.ASSET).keys[self.row],
            watchlist_number=1, watchlists=1, shown=rows, total=rows,
            sort_title=self.names()[self.place] if rows else "",
            outage=self.source.local_outage, firing=counts.firing, pending=counts.pending, link_s=self.app.link_s,
        ), summary(self.source.health()))  # fmt: skip
        self.footer.show(scene, self._message, "accent")

    def say(self, text: str, role: str = "accent") -> None:
        """Show a message in the footer for a while."""
        self._message, self._message_until = text, self.now() + MESSAGE_S
        self.footer.show(self.scene(), text, role)

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
        if self.past is None and view is not View.LIST:
            self._load()
        self.lay_out()

    def show_range(self, days: int) -> None:
        """Show another range, from the record."""
        self.days = days
        self._load()
        self.draw()

    def action_view(self, step: int) -> None:
        self.show_view(VIEWS[(VIEWS.index(self.view) + step) % len(VIEWS)])

    def action_go_view(self, name: str) -> None:
        self.show_view(View(name))

    def action_range(self, step: int) -> None:
        self.show_range(RANGES[(RANGES.index(self.days) + step) % len(RANGES)])

    def action_venue(self, step: int) -> None:
        names = self._places()
        if names:
            self.chosen = names[(self.place + step) % len(names)]
            self.draw()

    def action_alone(self) -> None:
        self.alone = not self.alone
        self.draw()

    def action_basis(self) -> None:
        self.choices.next_basis()
        self.app.main.restyle()
        self.draw()

    def action_lens(self) -> None:
        self.choices.next_lens()
        self.app.main.restyle()
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

        def taken(answer: str | None) -> None:
            if answer:
                self.choices.size = parse_size(answer, self.size_wanted)
                self.show_view(View.SIZE)

        asked = self.size_wanted
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
        rows = self.rows()
        if self.place < len(rows):
            self.app.open_provenance(row_origin(self.source, int(rows[self.place]), self.choices.lens))
        else:
            self.app.open_explanation(Level.ASSET, self.row, "consensus")

    def action_copy(self) -> None:
        picture = self.chart.picture
        if self.view not in CHARTS or picture is None:
            self.app.copy_row(self.source.table(Level.ASSET), self.row)
            return
        values = {curve.name: self.chart.reading(curve) for curve in picture.curves}
        known = {name: None if math.isnan(value) else value for name, value in values.items()}
        at_ms = None if math.isnan(self.chart.cross_ms) else round(self.chart.cross_ms)
        self.app.copy_to_clipboard(json.dumps({"chart": picture.title, "time_ms": at_ms, "values": known}))
        self.say("figures of the chart copied as JSON")

    def action_export(self) -> None:
        """Write what is drawn to a CSV file and say where it is."""
        picture = self.chart.picture
        if self.view not in CHARTS or picture is None:
            self.say("nothing is drawn here; E writes charts to a file", "warning")
            return
        rows = [
            {"curve": curve.name, "time_ms": int(time_ms), "value": value}
            for curve in picture.curves
            for time_ms, value in zip(curve.time_ms.tolist(), curve.value.tolist(), strict=True)
        ]
        settings, now_ms = self.source.settings, self.source.clock.utc_ms()
        try:
            path = write_csv(export_folder(settings), "chart", now_ms, ("curve", "time_ms", "value"), rows)
        except OSError as error:
            self.say(f"not exported: {error.strerror or error}", "warning")
            return
        self.say(f"{len(rows)} rows in {path}")

    def action_help(self) -> None:
        from fundtui.ui.screens.overlay import Overlay

        lines: list[Line] = [[("  Asset", "*accent"), ("   Esc closes", "dim")]]
        # What only this screen has comes first.
        keys = sorted(keys_of("asset"), key=lambda key: key not in OWN["asset"])
        for group in dict.fromkeys(key.group for key in keys):
            lines += [[], [(f"  {group}", "*bright")]]
            lines += [[(f"  {key.shown:<12}", "accent"), (key.help, "plain")] for key in keys if key.group == group]
        pens = self.app.pens
        self.app.push_screen(Overlay(self.scene(), [spans(pens, line, "overlay") for line in lines]))


_PICTURES = {
    View.RATE: pictures.rates,
    View.THEORY: pictures.theory,
    View.PREMIUM: pictures.premiums,
    View.INTEREST: pictures.open_interest,
}
