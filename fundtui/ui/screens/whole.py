"""What every screen behind a digit has in common: it follows the engine each second, speaks in its footer, and shares
basis, lens, help and export with the others."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fundtui.ui import recording
from fundtui.ui.cells import Scene
from fundtui.ui.export import exported
from fundtui.ui.headline import HeaderState
from fundtui.ui.helptext import help_head, key_lines
from fundtui.ui.output import PacedScreen
from fundtui.ui.pieces import Line, spans
from fundtui.ui.said import Said
from fundtui.ui.screen_keys import keys_of
from fundtui.ui.widgets.canvas import Canvas
from fundtui.ui.widgets.footer import Footer

if TYPE_CHECKING:
    from fundtui.ui.app import FundtuiApp

REFRESH_S = 1.0


def bindings_of(name: str) -> list[BindingType]:
    """The bindings of a screen, made from its keys."""
    return [Binding(key.keys, key.action, key.help, show=False) for key in keys_of(name)]


class WholeScreen(PacedScreen):
    """A screen that takes the whole terminal and draws what differs once a second while it is seen."""

    NAME: ClassVar[str] = ""
    TITLE_TEXT: ClassVar[str] = ""

    app: FundtuiApp
    footer: Footer

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__()
        self.source = app.source
        self.choices = app.choices
        self.now: Callable[[], float] = app.wall.monotonic
        self.said = Said(self.now)
        self._ready = False

    # -- what a screen says (subclasses)

    @abstractmethod
    def draw(self) -> None:
        """Draw what changed."""

    @abstractmethod
    def asset_row(self) -> int | None:
        """The asset row that what is chosen is about."""

    @abstractmethod
    def export(self) -> None:
        """Write what is shown to a file and say where it is."""

    # -- following

    def begin(self) -> None:
        """All widgets are there: draw from now on."""
        self._ready = True
        self.set_interval(REFRESH_S, self.tick)
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_after_refresh(self._redye))

    def on_screen_resume(self) -> None:
        if self._ready:
            self.call_after_refresh(self.restyle)

    def scene(self) -> Scene:
        """How figures look right now."""
        return Scene(self.app.pens, self.choices.basis, self.choices.lens, self.source.clock.utc_ms())

    def tick(self) -> None:
        """Follow the engine while this screen is the one that is seen."""
        if self._ready and self.is_current:
            self.draw()

    def restyle(self) -> None:
        """Theme or size changed: draw everything anew."""
        self.draw()
        for widget in self.query("*"):
            if isinstance(widget, Canvas):
                widget.mark_all()

    def _redye(self) -> None:
        """Draw in the colours of another theme."""
        if self.is_current:
            self.restyle()

    def header_state(self, *, shown: int, total: int, sort_title: str, detail: str = "", subject: str = "",
                     filter_text: str = "") -> HeaderState:  # fmt: skip
        """What the header says: what is shown, and what holds everywhere."""
        counts = self.source.alert_counts()
        return HeaderState(
            mode=self.source.mode, watchlist=self.TITLE_TEXT, watchlist_number=1, watchlists=1, detail=detail,
            subject=subject, shown=shown, total=total, sort_title=sort_title, filter_text=filter_text,
            outage=self.source.local_outage, firing=counts.firing, pending=counts.pending, link_s=self.app.link_s,
            marks=recording.marks(self.source),
        )  # fmt: skip

    # -- speaking

    def say(self, text: str, role: str = "accent") -> None:
        """Show a message in the footer for a while."""
        self.said.say(text, role)
        self.footer.show(self.scene(), text, role)

    def write_out(self, name: str, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
        """Write rows to a CSV file and say where it is."""
        self.say(*exported(self.source, name, columns, rows))

    # -- keys

    def action_basis(self) -> None:
        self.choices.next_basis()
        self.app.main.restyle()
        self.draw()

    def action_lens(self) -> None:
        self.choices.next_lens()
        self.app.main.restyle()
        self.draw()

    def help_lines(self) -> list[Line]:
        """What there is to know about this screen."""
        return [help_head(self.TITLE_TEXT), *key_lines(keys_of(self.NAME))]

    def action_help(self) -> None:
        from fundtui.ui.screens.overlay import Overlay

        pens = self.app.pens
        self.app.push_screen(Overlay(self.scene(), [spans(pens, line, "overlay") for line in self.help_lines()]))
