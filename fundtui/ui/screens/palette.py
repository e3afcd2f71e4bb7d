"""Any command by a part of its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from fundtui.ui.commands import Command, commands
from fundtui.ui.keyline import Hint
from fundtui.ui.paint import fitted
from fundtui.ui.pieces import Line
from fundtui.ui.screens.picker import Picker, typed

if TYPE_CHECKING:
    from fundtui.ui.app import FundtuiApp

_KEY = 11
_HINTS = (Hint("Enter", "do it", "enter"), Hint("↑ ↓", "choose", "down"), Hint("Esc", "leave", "escape"))


class CommandPalette(Picker, inherit_bindings=False):
    """Letters find, so only the keys without a letter move in the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("pageup", "step(-15)", show=False),
        Binding("pagedown", "step(15)", show=False),
        Binding("home", "step(-100000)", show=False),
        Binding("end", "step(100000)", show=False),
        Binding("enter", "run", show=False),
        Binding("escape,ctrl+p", "close", show=False),
    ]

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__(app)
        self.commands = tuple(commands(app, app.screen))
        self.wanted = ""

    @property
    def found(self) -> Sequence[Command]:
        """The commands with every typed word in them; first those that begin so, then those with words that do."""
        wanted = self.wanted.casefold()
        words = wanted.split()
        named = [(one.title.casefold(), one) for one in self.commands]
        having = [(text, one) for text, one in named if all(word in text for word in words)]
        having.sort(key=lambda pair: _rank(pair[0], wanted.strip(), words))
        return [one for _, one in having]

    def head(self) -> Sequence[Line]:
        find = self.wanted or "a part of what it does"
        return [[("  Find a command  ", "*bright"), (find, "accent" if self.wanted else "faint"), ("_", "accent")], []]

    def rows(self) -> Sequence[Line]:
        return [[(fitted(one.key, _KEY), "accent"), (one.title, "plain")] for one in self.found]

    def hints(self) -> Sequence[Hint]:
        return _HINTS

    def about(self) -> Line:
        count = len(self.found)
        return [(f"  {count} of {len(self.commands)}" if count else "  no command has that in its name", "dim")]

    def needed(self, rows: int) -> int:
        # As high while one types as it was before: nothing jumps.
        return len(self.commands)

    def on_key(self, event: events.Key) -> None:
        text = typed(self.wanted, event)
        if text is not None:
            event.stop()
            event.prevent_default()
            self.wanted, self.cursor = text, 0
            self.draw()

    def picked(self, x: int, *, twice: bool) -> None:
        self.action_run()

    def action_run(self) -> None:
        found = self.found
        if self.cursor < len(found):
            chosen = found[self.cursor]
            self.dismiss()
            self.app.call_later(chosen.run)


def _rank(title: str, wanted: str, words: Sequence[str]) -> int:
    if title.startswith(wanted):
        return 0
    return 1 if all(f" {word}" in f" {title}" for word in words) else 2
