"""What the small screens over the main one share: a list with a cursor, a note, and keys that can be clicked."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.binding import Binding, BindingType

from fundtui.ui.keyline import Hint
from fundtui.ui.pieces import Line
from fundtui.ui.screens.veil import VeiledScreen
from fundtui.ui.widgets.picklist import FOOT_LINES, PickList

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from fundtui.ui.app import FundtuiApp

MOST_TYPED = 40
_MOVING = (
    ("up,k", "step(-1)", "One row up"),
    ("down,j", "step(1)", "One row down"),
    ("pageup", "step(-15)", "Page up"),
    ("pagedown", "step(15)", "Page down"),
    ("home,g", "step(-100000)", "To the first row"),
    ("end,G", "step(100000)", "To the last row"),
)


def keyed(*own: tuple[str, str, str]) -> list[BindingType]:
    """Bindings of a list: keys, action and what it does; those that move in it are among them."""
    return [Binding(keys, action, what, show=False) for keys, action, what in (*_MOVING, *own)]


def typed(text: str, event: events.Key) -> str | None:
    """A text after a key was pressed; None where that key types nothing."""
    if event.key == "backspace":
        return text[:-1]
    if event.is_printable and event.character is not None:
        return (text + event.character)[:MOST_TYPED]
    return None


class Picker(VeiledScreen[Any]):
    """A list in the middle of the screen. Subclasses say what the rows are and what keys do with them."""

    DEFAULT_CSS = """
    Picker { align: center middle; }
    Picker PickList { width: 94%; max-width: 100; height: 20; max-height: 88%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = keyed()

    app: FundtuiApp

    def __init__(self, app: FundtuiApp) -> None:
        super().__init__()
        self.list = PickList()
        self.scene = app.main.scene
        self.cursor = 0
        self.note: Line = ()

    def compose(self) -> ComposeResult:
        yield self.list

    def on_mount(self) -> None:
        self.list.focus()
        self.call_after_refresh(self.draw)
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_after_refresh(self.draw))

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    # -- what it shows (subclasses)

    @abstractmethod
    def head(self) -> Sequence[Line]:
        """Title and column heads."""

    @abstractmethod
    def rows(self) -> Sequence[Line]:
        """The rows."""

    @abstractmethod
    def hints(self) -> Sequence[Hint]:
        """The keys below."""

    def about(self) -> Line:
        """What is said below the rows while there is nothing else to say."""
        return ()

    def needed(self, rows: int) -> int:
        """For how many rows there should be room."""
        return rows

    def picked(self, x: int, *, twice: bool) -> None:
        """The row under the cursor was clicked."""

    # -- drawing and moving

    def draw(self) -> None:
        """Draw what differs."""
        head, rows = self.head(), self.rows()
        self.cursor = max(0, min(self.cursor, len(rows) - 1))
        # As high as it has something to show, within what the screen gives.
        self.list.styles.height = len(head) + self.needed(len(rows)) + FOOT_LINES + 2
        self.list.show(self.scene(), head, rows, self.hints(), self.note or self.about(), self.cursor)

    def say(self, text: str, role: str = "accent") -> None:
        """A word between the rows and the keys; the next step takes it away."""
        self.note = [(f"  {text}", role)]
        self.draw()

    def action_step(self, rows: int) -> None:
        self.cursor += rows
        self.note = ()
        self.draw()

    @on(PickList.Wheeled)
    def _wheeled(self, message: PickList.Wheeled) -> None:
        self.action_step(message.rows)

    @on(PickList.Clicked)
    def _clicked(self, message: PickList.Clicked) -> None:
        self.cursor = message.index
        self.picked(message.x, twice=message.twice)
        self.draw()

    def action_close(self) -> None:
        self.dismiss()
