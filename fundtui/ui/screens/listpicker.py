"""All watchlists: show one, put the selected asset in or take it out, make, rename and delete lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType

from fundtui.ui import lists
from fundtui.ui.keyline import Hint
from fundtui.ui.paint import fitted
from fundtui.ui.pieces import Line
from fundtui.ui.screens.ask import Ask
from fundtui.ui.screens.picker import Picker, keyed

if TYPE_CHECKING:
    from fundtui.ui.app import FundtuiApp

_MARK, _NAME, _COUNT, _FROM = 4, 22, 9, 13
_HINTS = (
    Hint("Enter", "show", "enter"),
    Hint("Space", "put in or take out", "space"),
    Hint("n", "new", "n"),
    Hint("r", "rename", "r"),
    Hint("d", "delete", "d"),
    Hint("Esc", "leave", "escape"),
)
_SURE = (Hint("y", "delete it", "y"), Hint("Esc", "keep it", "escape"))
_ALL_STAYS = "that is not a list: it is everything"


def change_membership(app: FundtuiApp, *, wanted: bool) -> None:
    """Put the selected asset into the list that is meant, or take it out."""
    asset, name = app.main.view.key, lists.target(app)
    if asset is None:
        app.say("no asset is selected", "warning")
    elif name:
        (lists.add if wanted else lists.take)(app, name, asset)
    elif wanted:
        ask_for_list(app, asset)
    else:
        app.say("there is no watchlist to take it out of", "warning")


def ask_for_list(app: FundtuiApp, asset: str) -> None:
    """Ask for the name of a new list that begins with an asset."""

    def named(name: str | None) -> None:
        if name:
            lists.create(app, name.strip(), asset)
            if isinstance(app.screen, ListPicker):
                app.screen.draw()

    taken = {each.name for each in app.watchlists}
    first = "" if lists.FIRST_NAME in taken else lists.FIRST_NAME
    hint = "letters, digits, - + and _"
    question = f"Name of a new watchlist that begins with {asset}"
    app.push_screen(Ask(question, first, hint, lambda name: lists.wrong_name(app.settings, name)), named)


class ListPicker(Picker):
    """Every change is kept at once, and said."""

    BINDINGS: ClassVar[list[BindingType]] = keyed(
        ("escape,q,W", "close", "Leave"),
        ("enter", "show", "Show"),
        ("space,x", "membership", "Put in or take out"),
        ("n", "create", "New"),
        ("r", "rename", "Rename"),
        ("d,delete", "ask_delete", "Delete"),
    )

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__(app)
        self.asset = app.main.view.key or ""
        self.cursor = app.choices.watchlist
        self.doomed = ""

    # -- what it shows

    @property
    def row(self) -> lists.Row:
        """The list under the cursor."""
        return lists.listed(self.app, self.asset)[self.cursor]

    def head(self) -> Sequence[Line]:
        asset: Line = [("   ", "dim"), (self.asset, "*accent"), (" is the selected asset", "dim")] if self.asset else []
        heads = fitted("", _MARK + 2) + fitted("list", _NAME) + fitted("assets", _COUNT, right=True) + "  "
        return [[("  Watchlists", "*bright"), *asset], [], [(heads + fitted("from", _FROM) + "query", "faint")]]

    def rows(self) -> Sequence[Line]:
        shown = self.app.choices.watchlist
        return [self._row(row, shown=row.number == shown) for row in lists.listed(self.app, self.asset)]

    def _row(self, row: lists.Row, *, shown: bool) -> Line:
        everything = row.number == 0
        mark = "" if everything else "[x]" if row.has else "[ ]"
        count = "" if everything or not row.assets else str(len(row.assets))
        origin = "" if everything else "this screen" if row.own else "config.toml"
        what = "every asset" if everything else row.where
        return [
            (fitted(mark, _MARK), "accent" if row.has else "dim"),
            (fitted(row.name, _NAME), "*bright" if shown else "plain"),
            (fitted(count, _COUNT, right=True) + "  ", "plain"),
            (fitted(origin, _FROM), "dim"),
            (what, "dim"),
        ]

    def hints(self) -> Sequence[Hint]:
        return _SURE if self.doomed else _HINTS

    # -- doing

    def picked(self, x: int, *, twice: bool) -> None:
        self.note = ()
        self.doomed = ""
        if 0 <= x < _MARK:
            self.action_membership()
        elif twice:
            self.action_show()

    def action_step(self, rows: int) -> None:
        self.doomed = ""
        super().action_step(rows)

    def action_show(self) -> None:
        number = self.row.number
        self.dismiss()
        self.app.show_watchlist(number)

    def action_membership(self) -> None:
        row = self.row
        if not self.asset:
            self.say("no asset is selected", "warning")
        elif row.number == 0:
            self.say(_ALL_STAYS, "warning")
        else:
            (lists.take if row.has else lists.add)(self.app, row.name, self.asset)

    def action_create(self) -> None:
        if self.asset:
            ask_for_list(self.app, self.asset)
        else:
            self.say("no asset is selected to begin it with", "warning")

    def action_rename(self) -> None:
        row = self.row
        if row.number == 0:
            self.say(_ALL_STAYS, "warning")
            return

        def named(name: str | None) -> None:
            if name:
                lists.rename(self.app, row.name, name.strip())
                self.draw()

        def wrong(name: str) -> str:
            return lists.wrong_name(self.app.settings, name, row.name)

        hint = "config.toml keeps its own name" if not row.own else "letters, digits, - + and _"
        self.app.push_screen(Ask(f"New name of {row.name}", row.name, hint, wrong), named)

    def action_ask_delete(self) -> None:
        row = self.row
        if row.number == 0:
            self.say(_ALL_STAYS, "warning")
            return
        self.doomed = row.name
        self.say(f"delete {row.name}? y does it, any other key keeps it", "warning")

    def on_key(self, event: events.Key) -> None:
        if not self.doomed:
            return
        doomed, self.doomed = self.doomed, ""
        self.note = ()
        if event.key == "y":
            lists.delete(self.app, doomed)
        self.draw()
        event.stop()
        event.prevent_default()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # A question is open: its answer comes first.
        return not self.doomed
