"""One question with one line to type an answer into."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fundtui.ui.screens.veil import VeiledScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input


class Ask(VeiledScreen[str]):
    """Gives the answer as typed, or "" when it was given up. `check`: what is wrong with an answer, "" if nothing."""

    DEFAULT_CSS = """
    Ask { align: center middle; }
    Ask #box { width: 64; max-width: 96%; height: 5; background: $surface; padding: 1 2; layout: vertical; }
    Ask Static { height: 1; width: 100%; color: $foreground; }
    Ask .hint { color: $secondary; }
    Ask Input { height: 1; border: none; padding: 0; background: $panel; }
    Ask Input:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Give up", show=False)]

    def __init__(self, question: str, answer: str, hint: str, check: Callable[[str], str]) -> None:
        super().__init__()
        self._question, self._answer, self._hint, self._check = question, answer, hint, check

    def compose(self) -> ComposeResult:
        from textual.containers import Vertical
        from textual.widgets import Input, Static

        entry = Input(self._answer, id="answer")
        entry.cursor_blink = False
        yield Vertical(
            Static(self._question, markup=False),
            entry,
            Static(self._hint, classes="hint", id="hint", markup=False),
            id="box",
        )

    def on_mount(self) -> None:
        self.query_one("#answer").focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        from textual.widgets import Static

        event.stop()
        wrong = self._check(event.value)
        if wrong:
            self.query_one("#hint", Static).update(wrong)
        else:
            self.dismiss(event.value)

    def action_give_up(self) -> None:
        self.dismiss("")
