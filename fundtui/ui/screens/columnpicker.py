"""Choosing the columns of the watchlist that is shown: which, in which order, how wide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.binding import BindingType

from fundtui.ui.choices import ALL
from fundtui.ui.columnset import ColumnSet, Entry, unit_word
from fundtui.ui.keyline import Hint
from fundtui.ui.paint import fitted
from fundtui.ui.pieces import Line, Piece
from fundtui.ui.screens.picker import Picker, keyed, typed

if TYPE_CHECKING:
    from fundtui.ui.app import FundtuiApp

_MARK, _TITLE, _UNIT, _WIDTH = 4, 11, 8, 9
_HINTS = (
    Hint("Space", "show or hide", "space"),
    Hint("J", "down", "J"),
    Hint("K", "up", "K"),
    Hint("-", "narrower", "minus"),
    Hint("+", "wider", "plus"),
    Hint("n", "natural width", "n"),
    Hint("/", "find", "slash"),
    Hint("r", "reset all", "r"),
    Hint("Enter", "keep", "enter"),
    Hint("Esc", "leave", "escape"),
)
_FIRST = "the asset is always there, and first"
_FINDING = (Hint("Enter", "done", "enter"), Hint("Esc", "all again", "escape"))


def open_columns(app: FundtuiApp) -> None:
    """Let a person choose; what was chosen holds at once and is kept."""
    name = app.watchlists[app.choices.watchlist].name

    def chosen(changes: dict[str, Any] | None) -> None:
        if changes and app.remember(changes):
            app.say(f"columns of {name} kept in state.toml")

    app.push_screen(ColumnPicker(app), chosen)


class ColumnPicker(Picker):
    """Nothing changes until Enter; then the table follows and the choice is kept."""

    BINDINGS: ClassVar[list[BindingType]] = keyed(
        ("escape,q,C", "close", "Leave"),
        ("enter", "keep", "Keep"),
        ("space,x", "show_or_hide", "Show or hide"),
        ("J,shift+down", "move(1)", "Move down"),
        ("K,shift+up", "move(-1)", "Move up"),
        ("plus,equals_sign,right,l", "widen(1)", "Wider"),
        ("minus,left,h", "widen(-1)", "Narrower"),
        ("n", "natural", "As wide as it needs"),
        ("r", "reset", "Choose by the screen's width"),
        ("slash", "find", "Find"),
    )

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__(app)
        self.watchlist = app.watchlists[app.choices.watchlist]
        self.set = ColumnSet(self.watchlist)
        self.room = app.main.table.size.width - 1
        self.wanted = ""
        self.finding = False

    # -- what it shows

    @property
    def shown(self) -> list[Entry]:
        """The entries that are found."""
        words = self.wanted.casefold().split()
        return [entry for entry in self.set.entries if all(word in entry.text for word in words)]

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        shown = self.shown
        return shown[self.cursor] if self.cursor < len(shown) else None

    def head(self) -> Sequence[Line]:
        others = "; lists without their own follow" if self.watchlist.name == ALL else ""
        kind = "  as the width allows" if self.set.automatic and not self.set.changes() else ""
        title: list[Piece] = [("  Columns of ", "*bright"), (self.watchlist.name, "*accent"), (others or "", "faint")]
        if self.finding or self.wanted:
            title = [("  Find ", "*bright"), (self.wanted, "accent"), ("_" if self.finding else "", "accent")]
        heads = fitted("", _MARK + 2) + fitted("column", _TITLE) + fitted("unit", _UNIT) + fitted("width", _WIDTH)
        return [[*title, (kind, "dim")], [], [(heads + "meaning", "faint")]]

    def rows(self) -> Sequence[Line]:
        fits = self.set.fitting(self.room)
        return [self._row(entry, fits) for entry in self.shown]

    def _row(self, entry: Entry, fits: set[str]) -> Line:
        column = entry.column
        mark, loud = ("[x]", "bright") if entry.shown else ("[ ]", "dim")
        width = f"{column.width}{'' if entry.width is None else ' set'}"
        out = entry.shown and column.key not in fits
        return [
            (fitted(mark, _MARK), "faint" if entry.held else "accent" if entry.shown else "dim"),
            (fitted(column.title, _TITLE), loud),
            (fitted(unit_word(entry.metric), _UNIT), "dim"),
            (fitted(width, _WIDTH), "plain" if entry.shown else "dim"),
            ("no room  " if out else "", "warning"),
            (entry.metric.help, "plain" if entry.shown else "dim"),
        ]

    def about(self) -> Line:
        return [] if self.entry is None else [(f"  {self.entry.metric.help}", "dim")]

    def hints(self) -> Sequence[Hint]:
        return _FINDING if self.finding else _HINTS

    # -- choosing

    def _told(self, why_not: str) -> None:
        """Draw what was done, or say why nothing was."""
        self.note = [(f"  {why_not}", "warning")] if why_not else ()
        self.draw()

    def action_show_or_hide(self) -> None:
        if self.entry is not None:
            self._told("" if self.set.toggle(self.entry) else _FIRST)

    def action_move(self, by: int) -> None:
        entry = self.entry
        if entry is None:
            return
        if self.wanted:
            self._told("Esc shows all columns again; then they can be moved")
        elif self.set.move(entry, by):
            self.cursor += by
            self._told("")
        else:
            self._told(_FIRST if entry.held or by < 0 else "nothing is further down")

    def action_widen(self, by: int) -> None:
        if self.entry is not None:
            self._told("" if self.set.widen(self.entry, by) else "as narrow as it can be" if by < 0 else "wide enough")

    def action_natural(self) -> None:
        if self.entry is not None:
            self.set.natural(self.entry)
            self.draw()

    def action_reset(self) -> None:
        self.set.reset()
        self.cursor, self.wanted = 0, ""
        self.say("Enter takes back what was chosen here: config.toml decides again, or the screen's width")

    def picked(self, x: int, *, twice: bool) -> None:
        self.note = ()
        if 0 <= x < _MARK or twice:
            self.action_show_or_hide()

    def action_keep(self) -> None:
        self.dismiss(self.set.changes())

    def action_close(self) -> None:
        if self.wanted:
            self.wanted, self.cursor = "", 0
            self.draw()
        else:
            self.dismiss()

    # -- finding

    def action_find(self) -> None:
        self.finding, self.wanted, self.cursor = True, "", 0
        self.note = ()
        self.draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # While a person types, letters are letters.
        return not self.finding

    def on_key(self, event: events.Key) -> None:
        if not self.finding:
            return
        if event.key in {"enter", "escape"}:
            self.finding = False
            self.wanted = "" if event.key == "escape" else self.wanted
        elif (text := typed(self.wanted, event)) is not None:
            self.wanted = text
        else:
            return
        event.stop()
        event.prevent_default()
        self.cursor = 0
        self.draw()
