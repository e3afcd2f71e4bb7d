"""The filter prompt: one line above the footer that filters while a person types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.widgets import Input


class FilterPrompt(Widget):
    """Hidden until asked for. The input itself is made at first use: it is not needed for the first frame."""

    DEFAULT_CSS = """
    FilterPrompt { height: 1; display: none; background: $surface; layout: horizontal; }
    FilterPrompt.open { display: block; }
    FilterPrompt Horizontal { height: 1; }
    FilterPrompt .slash { width: 3; height: 1; color: $accent; }
    FilterPrompt Input { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
    FilterPrompt Input:focus { border: none; }
    FilterPrompt .trouble { width: auto; max-width: 60%; height: 1; color: $warning; padding: 0 1; }
    """

    class Typed(Message):
        """The text changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Done(Message):
        """The prompt closed; keep says whether the filter stays."""

        def __init__(self, *, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.open = False
        self._input: Input | None = None
        self._trouble: Widget | None = None

    def show(self, text: str) -> None:
        """Open the prompt with this text in it."""
        self.open = True
        self.add_class("open")
        if self._input is None:
            self._build(text)
        else:
            self._input.value = text
            self._input.focus()

    def _build(self, text: str) -> None:
        from textual.widgets import Input, Static

        self._input = Input(
            text, placeholder="part of a name, !part, or spread > 25% and oi > 20M", select_on_focus=False
        )
        self._input.cursor_blink = False
        self._trouble = Static("", classes="trouble", markup=False)
        self.mount(Horizontal(Static(" / ", classes="slash", markup=False), self._input, self._trouble))
        self.call_after_refresh(self._input.focus)

    def trouble(self, message: str, column: int = 0) -> None:
        """Say what is wrong with the text and where, or that nothing is."""
        from textual.widgets import Static

        if isinstance(self._trouble, Static):
            self._trouble.update(f"{message} (column {column})" if message else "")

    def close(self, *, keep: bool) -> None:
        """Hide the prompt."""
        self.open = False
        self.remove_class("open")
        self.trouble("")
        self.post_message(self.Done(keep=keep))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.open:
            self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.close(keep=True)

    def key_escape(self) -> None:
        self.close(keep=False)
