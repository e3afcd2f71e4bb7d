"""What the screens behind the digits share: header, list, detail, filter, footer, and the keys for them."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.binding import BindingType

from fundtui.imbalance.catalogue import Level
from fundtui.ui import recording, replaying
from fundtui.ui.cells import Scene
from fundtui.ui.headline import HeaderState, summary
from fundtui.ui.helptext import entry, headed
from fundtui.ui.layout import BESIDE_FROM, SMALLEST, SUMMARY_BELOW
from fundtui.ui.pieces import Line
from fundtui.ui.provenance import Provenance
from fundtui.ui.screen_keys import footer_of
from fundtui.ui.screens.livepage import LivePage
from fundtui.ui.screens.whole import WholeScreen
from fundtui.ui.widgets.banner import Banner, too_small
from fundtui.ui.widgets.footer import Footer
from fundtui.ui.widgets.header import Header
from fundtui.ui.widgets.listing import Field, Listing, missing
from fundtui.ui.widgets.prompt import FilterPrompt
from fundtui.ui.widgets.room import Room
from fundtui.ui.widgets.rowevents import Moved, Opened, SortAsked
from fundtui.ui.widgets.textpanel import TextPanel
from fundtui.ui.wordfilter import WordFilter, WordFilterError

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from fundtui.ui.app import FundtuiApp

# Sizes from which the detail stands below the list, and at its right.
BELOW_FROM = (80, 30)
# A cell's text as it is explained: whole, however narrow its column is.
_WIDE = 60


class ListScreen(WholeScreen):
    """A list over the whole screen that pulls its rows once a second. Subclasses say what the rows are."""

    DEFAULT_CSS = """
    ListScreen { layout: vertical; overflow: hidden; scrollbar-size: 0 0; }
    ListScreen #place { layout: horizontal; height: 1fr; }
    ListScreen #rows { layout: vertical; width: 1fr; height: 100%; }
    ListScreen Listing { height: 1fr; width: 100%; }
    ListScreen #below { display: none; }
    ListScreen #beside { display: none; }
    ListScreen #brief { display: none; height: 1; }
    ListScreen.narrow #brief { display: block; }
    ListScreen #tiny { display: none; height: 1fr; }
    ListScreen.tiny > * { display: none; }
    ListScreen.tiny > #tiny { display: block; }
    ListScreen.below #below { display: block; height: 40%; max-height: 20; }
    ListScreen.beside #beside { display: block; width: 40%; max-width: 92; height: 100%; }
    """
    FIELDS: ClassVar[Sequence[Field]] = ()
    # The columns of a narrow pane: fewer, and each says more.
    BRIEF: ClassVar[Sequence[Field]] = ()
    # What `values` has besides the fields, for filters and exports.
    MORE_COLUMNS: ClassVar[tuple[str, ...]] = ()
    SORT: ClassVar[tuple[str, bool]] = ("", False)
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__(app)
        self.fields: Sequence[Field] = self.FIELDS
        self.brief_fields: Sequence[Field] = self.BRIEF
        self.filter: WordFilter | None = None
        self.total = 0

    # -- what a screen says (subclasses)

    @abstractmethod
    def rows(self) -> Sequence[Any]:
        """All rows, in any order; pulled at each drawing."""

    @abstractmethod
    def key_of(self, row: Any) -> str:
        """A row's identity, to which the cursor keeps."""

    def detail(self, scene: Scene, row: Any, width: int) -> Sequence[Line]:
        """Everything about a row, as lines."""
        return ()

    def notice(self) -> Sequence[Line]:
        """What to say where no row is to be shown."""
        return ()

    def asset_of(self, row: Any) -> str:
        """The asset that a row is about; empty when it is about none."""
        return ""

    def subtitle(self) -> str:
        """What else the header says about what is shown."""
        return ""

    def above(self) -> ComposeResult:
        """Widgets above the list."""
        yield from ()

    def draw_more(self, scene: Scene) -> None:
        """Draw what the screen has besides list and detail."""

    # -- layout

    def list_widget(self) -> Widget:
        """The list itself."""
        key, descending = self.SORT
        return Listing(self.key_of, self.now, self.fields, key, descending=descending, id="list")

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Banner(id="banner")
        yield TextPanel(id="tiny")
        yield TextPanel(id="brief")
        with Room(id="place"):
            with Room(id="rows"):
                yield from self.above()
                yield self.list_widget()
                yield TextPanel(id="below")
            yield TextPanel(id="beside")
        yield FilterPrompt(id="prompt")
        yield Footer(id="footer", entries=footer_of(self.NAME))

    def on_mount(self) -> None:
        self.header = self.query_one(Header)
        self.prompt = self.query_one(FilterPrompt)
        self.footer = self.query_one(Footer)
        self.banner = self.query_one(Banner)
        self.brief_line, self.tiny = self.query_one("#brief", TextPanel), self.query_one("#tiny", TextPanel)
        self.find_list()
        self.choose_layout(self.app.size.width, self.app.size.height)
        self.begin()

    def find_list(self) -> None:
        """Look up the list among the widgets and focus it."""
        self.list = self.query_one(Listing)
        self.list.focus()

    def choose_layout(self, width: int, height: int) -> None:
        """Where the detail stands at this size."""
        beside = width >= BESIDE_FROM[0] and height >= BESIDE_FROM[1]
        below = not beside and width >= BELOW_FROM[0] and height >= BELOW_FROM[1]
        self.set_class(beside, "beside")
        self.set_class(below, "below")
        self.set_class(width < SUMMARY_BELOW[0] or height < 16, "small")
        self.set_class(width < SUMMARY_BELOW[0], "narrow")
        self.set_class(width < SMALLEST[0] or height < SMALLEST[1], "tiny")
        self.use_fields(narrow=width < SUMMARY_BELOW[0])
        self.call_after_refresh(self.draw)

    def use_fields(self, *, narrow: bool) -> None:
        """Show the columns for this width; what a person sorts by stays, where the other ones have it too."""
        listing = self.query_one("#list")
        if self.brief_fields and isinstance(listing, Listing):
            listing.fields = self.brief_fields if narrow else self.fields

    def brief(self, scene: Scene) -> Line:
        """The whole screen in one line, for a narrow pane."""
        return [(f"  {self.shown}", "plain"), (f" of {self.total}" if self.shown != self.total else "", "dim")]

    def on_resize(self, event: events.Resize) -> None:
        self.choose_layout(event.size.width, event.size.height)

    # -- drawing

    def draw(self) -> None:
        scene = self.scene()
        self.draw_list(scene)
        self.draw_more(scene)
        self.draw_detail(scene)
        self.draw_frame(scene)

    def draw_list(self, scene: Scene) -> None:
        """Pull the rows and draw those that differ."""
        rows = self.rows()
        self.total = len(rows)
        self.list.show(scene, self._passing(rows), self._notice(rows))

    def _passing(self, rows: Sequence[Any]) -> Sequence[Any]:
        chosen = self.filter
        return rows if chosen is None else [row for row in rows if chosen.passes(self.values(row))]

    def _notice(self, rows: Sequence[Any]) -> Sequence[Line]:
        if rows and self.filter is not None:
            return [[(f"  nothing of {len(rows)} passes ", "dim"), (f"/{self.filter.text}", "accent")]]
        return self.notice()

    @property
    def columns(self) -> list[str]:
        """The keys of `values`."""
        return [*(field.key for field in self.fields), *self.MORE_COLUMNS]

    def values(self, row: Any) -> dict[str, float | str]:
        """A row by columns, for filters, copies and exports."""
        return {field.key: field.value(row) for field in self.fields}

    def draw_detail(self, scene: Scene) -> None:
        """Draw everything about the row under the cursor."""
        panel = self.query_one("#beside" if self.has_class("beside") else "#below", TextPanel)
        if not panel.display:
            return
        row = self.list.row
        panel.show(scene, () if row is None else self.detail(scene, row, panel.size.width))

    def draw_frame(self, scene: Scene) -> None:
        """Header and footer."""
        self.header.show(scene, self._header_state(), summary(self.source.health()))
        self.banner.say(scene, recording.banner(self.source))
        if self.has_class("narrow"):
            self.brief_line.show(scene, [self.brief(scene)])
        if self.has_class("tiny"):
            self.tiny.show(scene, [[(too_small(), "warning")]])
        self.footer.show(scene, *self.said.word)

    def _header_state(self) -> HeaderState:
        glyphs = self.app.pens.glyphs
        return self.header_state(
            shown=self.shown,
            total=self.total,
            sort_title=self.sort_title + (glyphs.falling if self.descending else glyphs.rising),
            detail=self.subtitle(),
            filter_text="" if self.prompt.open else self.filter_text,
        )

    @property
    def shown(self) -> int:
        """How many rows are shown."""
        return len(self.list.rows)

    @property
    def sort_title(self) -> str:
        """What the rows are sorted by, for people."""
        field = next((field for field in self.fields if field.key == self.sort_key), None)
        return (field.title.strip() or field.key) if field else self.sort_key

    @property
    def filter_text(self) -> str:
        """The filter as typed; empty without one."""
        return self.filter.text if self.filter else ""

    @property
    def sort_key(self) -> str:
        """What the rows are sorted by."""
        return self.list.sort_key

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.list.descending

    # -- moving and choosing

    def action_step(self, rows: int) -> None:
        self.list.step(rows)

    def action_page(self, pages: int) -> None:
        self.list.step(pages * max(self.list.page - 1, 1))

    def action_edge(self, edge: int) -> None:
        self.list.move(edge * len(self.list.rows))

    def action_column(self, columns: int) -> None:
        self.list.move_column(columns)

    @on(Moved)
    def _moved(self) -> None:
        self.draw_detail(self.scene())

    @on(SortAsked)
    def _sort_asked(self, message: SortAsked) -> None:
        self.list.sort_by(message.key)
        self.draw()

    @on(Opened)
    def _opened(self) -> None:
        self.action_open()

    def action_sort(self, descending: int) -> None:
        self.list.sort_by(self.list.shown[self.list.column].key, descending=bool(descending))
        self.draw()

    def action_filter(self) -> None:
        self.prompt.show(self.filter_text)

    @on(FilterPrompt.Typed)
    def _filter_typed(self, message: FilterPrompt.Typed) -> None:
        try:
            self.use_filter(message.text)
        except WordFilterError as error:
            self.prompt.trouble(error.message, error.column)
            return
        self.prompt.trouble("")
        self.draw()

    def use_filter(self, text: str) -> None:
        """Show only rows that pass. Raises WordFilterError."""
        chosen = WordFilter(text, self.columns)
        self.filter = None if chosen.empty else chosen

    @on(FilterPrompt.Done)
    def _filter_done(self, message: FilterPrompt.Done) -> None:
        if not message.keep:
            self.use_filter("")
        self.query_one("#list").focus()
        self.draw()

    def action_back(self) -> None:
        if self.filter_text:
            self.use_filter("")
            self.draw()
        else:
            self.app.action_go("skew")

    # -- looking

    def action_pause(self) -> None:
        if not replaying.toggle(self.app):
            self.say("p holds the picture on the main screen; here the rows follow", "warning")

    def action_open(self) -> None:
        row = self.list.row
        if row is not None:
            self.open_page(row)

    def open_page(self, row: Any) -> None:
        """Open everything about a row over the screen, kept up to date."""
        key = self.key_of(row)

        def lines(width: int) -> Sequence[Line]:
            found = next((each for each in self.rows() if self.key_of(each) == key), row)
            return self.detail(self.scene(), found, width)

        self.app.push_screen(LivePage(self.scene, lines))

    def action_explain(self) -> None:
        """Where the figure under the cursor comes from."""
        row = self.list.row
        if row is None or not self.list.shown:
            return
        field = self.list.shown[self.list.column]
        pieces = field.cell(self.scene(), row, _WIDE) if field.cell else [(str(field.value(row)), "plain")]
        text = "".join(piece for piece, _ in pieces).strip()
        self.app.open_provenance(self.origin(row, field, text))

    def origin(self, row: Any, field: Field, text: str) -> Provenance:
        """Where a cell that says `text` comes from."""
        return Provenance(
            title=f"{self.key_of(row)} {field.title.strip() or field.key}", value=text, meaning=field.help,
            data=self.record(row),
        )  # fmt: skip

    def asset_row(self) -> int | None:
        # What is about no asset leads to the main screen's.
        row = self.list.row
        asset = "" if row is None else self.asset_of(row)
        found = self.source.table(Level.ASSET).index.get(asset)
        return self.app.main.view.row if found is None else found

    def record(self, row: Any) -> dict[str, Any]:
        """A row as it is copied: None for what is missing."""
        return {key: None if missing(value) else value for key, value in self.values(row).items()}

    def action_copy(self) -> None:
        row = self.list.row
        if row is not None:
            self.app.copy_to_clipboard(json.dumps(self.record(row), allow_nan=False))
            self.say(f"{self.key_of(row)} copied as JSON")

    def export_rows(self) -> tuple[Sequence[str], Sequence[dict[str, Any]]]:
        """Columns and rows of what is shown."""
        return self.columns, [self.record(row) for row in self.list.rows]

    def export(self) -> None:
        columns, rows = self.export_rows()
        self.write_out(self.NAME, columns, rows)

    def help_lines(self) -> list[Line]:
        described = [field for field in self.fields if field.help]
        columns = [entry(field.title.strip() or field.key, field.help) for field in described]
        return [*super().help_lines(), *(headed("Columns", columns) if columns else ())]
