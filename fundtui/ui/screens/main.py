"""The main screen: header, skew table, detail of the selected asset, events, keys."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.binding import Binding, BindingType

from fundtui.imbalance.catalogue import Level
from fundtui.query import QueryError
from fundtui.ui import columns as column_sets
from fundtui.ui import recording, replaying
from fundtui.ui.cells import Lens, Scene
from fundtui.ui.filtering import Filter, Selection
from fundtui.ui.frozen import Picture
from fundtui.ui.headline import summary
from fundtui.ui.keys import KEYS
from fundtui.ui.layout import MAIN_CSS, Layout, layout_of, table_size
from fundtui.ui.lensed import ENDS, ends_origin
from fundtui.ui.lensview import LensView
from fundtui.ui.listchoice import ListChoice
from fundtui.ui.mainhead import main_header
from fundtui.ui.notice import empty_notice
from fundtui.ui.output import PacedScreen
from fundtui.ui.said import Said
from fundtui.ui.sparkscale import SharedScale
from fundtui.ui.view import View
from fundtui.ui.widgets.banner import Banner
from fundtui.ui.widgets.detail import DetailPanel
from fundtui.ui.widgets.events import EventPanel
from fundtui.ui.widgets.footer import Footer
from fundtui.ui.widgets.header import Header
from fundtui.ui.widgets.prompt import FilterPrompt
from fundtui.ui.widgets.room import Room
from fundtui.ui.widgets.rowevents import Opened, SortAsked
from fundtui.ui.widgets.summary import SummaryPanel
from fundtui.ui.widgets.table import RowsTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from fundtui.ui.app import FundtuiApp

# Data counts as flowing while something changed within this time.
QUIET_AFTER_S = 5.0
# A change is likely to be followed by another one within this time.
LIVELY_S = 0.3
# Header, detail and events follow once a second: nobody reads faster.
PANELS_S = 1.0
# Where data keeps coming they wait a little longer for it, to be drawn in the same frame.
PANELS_WAIT_S = 0.25
# The panel of the selected asset waits until a held key is let go.
SETTLE_S = 0.12
REPEAT_S = 0.15


class MainScreen(PacedScreen):
    """Pulls what it shows from the engine at its own pace."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.help, show=False)
        for key in KEYS
        if key.action not in {"app.command_palette", "app.interrupt"}
    ]
    DEFAULT_CSS = MAIN_CSS

    app: FundtuiApp

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__(id="main")
        self.source = app.source
        self.choices = app.choices
        self.now = app.wall.monotonic
        self.lists = app.watchlists
        first = self.lists[self.choices.watchlist]
        self.view = View(self.source.table(Level.ASSET), first.sort_key, descending=first.descending)
        self._revision = -1
        self._panels_at = -math.inf
        self._changed_at = -math.inf
        self.said = Said(self.now)
        self._moved_at = -math.inf
        self._detail_due = False
        self._held = False
        self.picture = Picture(self.source)
        self._ready = False
        self._spark_scale = SharedScale()
        self.lens_view = LensView(self.view)
        self.list_choice = ListChoice(self.view, self.choices, self._compile)

    # -- layout

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Banner(id="banner")
        yield SummaryPanel(id="summary")
        with Room(id="body"):
            with Room(id="left"):
                yield RowsTable(self.view, self.now, self._moved, id="table")
                yield DetailPanel(id="detail")
            yield DetailPanel(id="side")
        yield EventPanel(id="events")
        yield FilterPrompt(id="prompt")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        self.header = self.query_one(Header)
        self.banner = self.query_one(Banner)
        self.table = self.query_one(RowsTable)
        self.below = self.query_one("#detail", DetailPanel)
        self.side = self.query_one("#side", DetailPanel)
        self.summary = self.query_one(SummaryPanel)
        self.events_panel = self.query_one(EventPanel)
        self.prompt = self.query_one(FilterPrompt)
        self.footer = self.query_one(Footer)
        self.use_watchlist(self.choices.watchlist)
        self.table.focus()
        self._ready = True
        self.choose_layout(self.app.size.width, self.app.size.height)
        # The first frame has rows already: what has been drawn before Textual came is not wiped for it.
        self.restyle()

    def choose_layout(self, width: int, height: int) -> None:
        """Choose the layout for this size."""
        layout = layout_of(width, height, wide=self.choices.wide)
        for each in Layout:
            self.set_class(each is layout, each.value)
        self.call_after_refresh(self.restyle)

    def on_resize(self, event: events.Resize) -> None:
        self.choose_layout(event.size.width, event.size.height)

    @property
    def detail(self) -> DetailPanel:
        """The detail panel that the layout shows."""
        return self.side if self.has_class("beside") else self.below

    # -- drawing

    def scene(self) -> Scene:
        """How figures look right now."""
        now_ms = self.picture.now_ms()
        shared, series = self.choices.shared_scale, self.view.table.series.get("trend")
        spark = self._spark_scale.at(now_ms, series, self.view.order) if shared else None
        return Scene(self.app.pens, self.choices.basis, self.choices.lens, now_ms, shared, spark)

    def restyle(self) -> None:
        """Basis, lens, columns, theme or size changed: draw everything anew."""
        scene = self.scene()
        screen = self.app.size
        layout = layout_of(screen.width, screen.height, wide=self.choices.wide)
        # Before the first layout the table has no size of its own.
        width = self.table.size.width or table_size(layout, screen.width, screen.height)[0]
        chosen = self.lists[self.choices.watchlist]
        ranked = column_sets.ranked(
            chosen.columns, wide=self.choices.wide, lens=self.choices.lens, widths=chosen.widths
        )
        columns, gap = column_sets.packed(ranked, width - 1)
        self.table.restyle(scene, columns, gap)
        self._revision, self._panels_at = -1, -math.inf
        self.tick()
        for panel in (self.header, self.events_panel, self.detail, self.summary, self.footer):
            panel.mark_all()

    def tick(self) -> None:
        """Follow the engine; called a few times a second."""
        if not self._ready:
            return
        now = self.now()
        revision = self._revision if self.choices.paused else self.source.revision
        changed = revision != self._revision
        if changed:
            self.follow_tables(now)
        held = self.view.held(now)
        due = now - self._panels_at >= (PANELS_S if changed else self._longest_s(now))
        if not (changed or due or held != self._held or self._detail_due):
            return
        scene = self.scene()
        self._revision = revision
        if changed:
            self._changed_at = now
        self.table.sync(scene, changed=changed or (self._held and not held), now=now)
        self._held = held
        if due:
            self._draw_panels(scene, now)
        elif self._detail_due:
            self._draw_detail(scene, now)

    def _longest_s(self, now: float) -> float:
        """How long the panels wait for data to be drawn with: two frames cost nearly twice what one does."""
        return PANELS_S + (PANELS_WAIT_S if now - self._changed_at < 2 * PANELS_S else 0.0)

    def calm_s(self) -> float:
        """How long nothing is going to change, seconds, as far as anybody knows; 0 while data or keys come in."""
        now = self.now()
        if self._detail_due or now - self._changed_at < LIVELY_S:
            return 0.0
        return max(self._panels_at + PANELS_S - now, 0.0)

    def follow_tables(self, now: float = math.inf) -> None:
        """Show the engine's tables of now, which a replay exchanges, through the lens that is chosen."""
        self.lens_view.follow(
            self.picture.table(Level.ASSET), self.picture.table(Level.INSTRUMENT), self.choices.lens, now
        )

    def _draw_panels(self, scene: Scene, now: float) -> None:
        self._panels_at = now
        health = self.source.health()
        feeds = summary(health)
        self.table.notice(() if len(self.view.order) else empty_notice(scene, self.view, self.source.mode, health))
        self.header.show(scene, main_header(self, now), feeds)
        self.banner.say(scene, recording.banner(self.source))
        if self.has_class("summary"):
            self.summary.show(scene, self.view, feeds)
            return
        self._draw_detail(scene, now)
        if not self.choices.paused:
            self.events_panel.show(scene, self.source.events, self.source.event_count)
        text, role = self.said.word
        self.footer.show(scene, text or self.app.hint(now), role if text else "dim")

    def _draw_detail(self, scene: Scene, now: float) -> None:
        self._detail_due = now - self._moved_at < SETTLE_S
        detail = self.detail
        if self._detail_due or not detail.display:
            return
        row = self.view.row
        rows = () if row is None else self.source.instrument_rows(row).tolist()
        detail.show(scene, self.view.table, row, self.picture.table(Level.INSTRUMENT), rows)

    def flowing(self, now: float) -> bool:
        """Whether data came in within the last seconds."""
        return now - self._changed_at < QUIET_AFTER_S

    def say(self, text: str, role: str = "accent") -> None:
        """Show a message in the footer for a while."""
        self.said.say(text, role)
        self.footer.show(self.scene(), text, role)

    # -- moving

    def action_step(self, rows: int) -> None:
        self.table.step(rows, self.now())

    def action_page(self, pages: int) -> None:
        self.table.step(pages * max(self.table.page - 1, 1), self.now())

    def action_edge(self, edge: int) -> None:
        self.table.move(edge * len(self.view.order), self.now())

    def action_column(self, columns: int) -> None:
        self.table.move_column(columns)

    def _moved(self) -> None:
        now = self.now()
        if now - self._moved_at < REPEAT_S and self.view.key:
            # A key is held down: what the panel shows belongs to another asset already.
            self.detail.wait_for(self.scene(), self.view.key)
        self._moved_at = now
        self._detail_due = True
        self.app.hurry()
        if not self._held:
            self._held = True
            self.header.show(self.scene(), main_header(self, now), self.header.feeds)

    # -- choosing

    def action_sort(self, descending: int) -> None:
        key = self.table.columns[self.table.column].key
        if key == self.view.sort_key:
            self.view.sort_by(key)
        else:
            self.view.sort_by(key, ascending=not descending)
        self.reorder()

    @on(SortAsked)
    def _sort_asked(self, message: SortAsked) -> None:
        column = next((column for column in self.table.columns if column.key == message.key), None)
        self.view.sort_by(message.key, ascending=bool(column and column.ascending))
        self.reorder()

    def reorder(self) -> None:
        """Sort, filter, pins or watchlist changed: order anew at once, held or not."""
        self.view.release()
        self.table.sync(self.scene(), changed=True, now=self.now())
        self.table.mark([0])
        self._draw_panels(self.scene(), self.now())

    def action_pin(self) -> None:
        self.view.toggle_pin()
        self.reorder()

    def action_faults(self) -> None:
        self.choices.faults_only = not self.choices.faults_only
        self._warn(self.list_choice.narrow(self.lists[self.choices.watchlist]))
        self.reorder()

    def action_watchlist(self, step: int) -> None:
        self.use_watchlist((self.choices.watchlist + step) % len(self.lists))
        self.restyle()
        if len(self.lists) == 1:
            self.say("no watchlists in config.toml yet")

    def use_watchlist(self, number: int, *, keep_order: bool = False) -> None:
        """Show that watchlist with its own order, or with the one that a person has given it."""
        self.choices.watchlist = number
        self._warn(self.list_choice.use(self.lists[number], keep_order=keep_order))

    def _warn(self, trouble: str) -> None:
        if trouble:
            self.say(trouble, "warning")

    def action_columns(self) -> None:
        from fundtui.ui.screens.columnpicker import open_columns

        open_columns(self.app)

    def action_lists(self) -> None:
        from fundtui.ui.screens.listpicker import ListPicker

        self.app.push_screen(ListPicker(self.app))

    def action_member(self, wanted: int) -> None:
        from fundtui.ui.screens.listpicker import change_membership

        change_membership(self.app, wanted=bool(wanted))

    def _compile(self, text: str) -> Selection:
        return self.source.select(text, Level.ASSET)

    def action_filter(self) -> None:
        self.prompt.show(self.view.filter.text if self.view.filter else "")

    @on(FilterPrompt.Typed)
    def _filter_typed(self, message: FilterPrompt.Typed) -> None:
        try:
            chosen = Filter(message.text, self._compile)
        except QueryError as error:
            # The last filter that made sense stays while a person is still typing.
            self.prompt.trouble(error.message, error.column)
            return
        self.prompt.trouble("")
        self.view.filter = None if chosen.empty else chosen
        self.reorder()

    @on(FilterPrompt.Done)
    def _filter_done(self, message: FilterPrompt.Done) -> None:
        if not message.keep:
            self.view.filter = None
        self.table.focus()
        self.reorder()

    def action_back(self) -> None:
        if self.view.filter is not None:
            self.view.filter = None
            self.reorder()

    def action_demo(self) -> None:
        # Only offered while there is nothing to look at.
        if not self.view.shown_of and self.source.mode != "demo":
            self.app.leave_for_demo()

    # -- looking

    def action_basis(self) -> None:
        self.choices.next_basis()
        self.restyle()

    def action_lens(self) -> None:
        self.choices.next_lens()
        self.lens_view.turn(self.choices.lens)
        self.follow_tables()
        self.restyle()

    def action_scale(self) -> None:
        self.choices.shared_scale = not self.choices.shared_scale
        self._spark_scale.forget()
        self.restyle()
        self.say(f"sparklines on {'one scale for all rows' if self.choices.shared_scale else 'their own scale'}")

    def action_wide(self) -> None:
        self.choices.wide = not self.choices.wide
        self.choose_layout(*self.app.size)

    def action_pause(self) -> None:
        if replaying.toggle(self.app):
            return
        self.choices.paused = not self.choices.paused
        self.picture.hold(self.choices.paused)
        self.follow_tables()
        self.view.invalidate()
        self._draw_panels(self.scene(), self.now())

    def action_open(self) -> None:
        if self.view.row is not None:
            self.app.open_asset(self.view.row)

    @on(Opened)
    def _opened(self) -> None:
        self.action_open()

    def action_explain(self) -> None:
        row, key, grid = self.view.row, self.table.columns[self.table.column].key, self.lens_view.grid
        if row is None:
            return
        if self.choices.lens is not Lens.RAW and key in ENDS and grid is not None:
            self.app.open_provenance(ends_origin(self.source, self.scene(), grid, row, key))
        else:
            self.app.open_explanation(Level.ASSET, row, key)

    def action_copy(self) -> None:
        row = self.view.row
        if row is not None:
            self.app.copy_row(self.picture.table(Level.ASSET), row)
            self.say(f"{self.view.table.keys[row]} copied as JSON")
