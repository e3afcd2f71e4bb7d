"""The last guard before the terminal: nothing that moves a cursor, hides or reorders text is ever drawn.

Remote text is cleaned when it is read (`fundtui.text`); this filter also covers what forgot to (reliability §0.2).
"""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from fundtui.ui.plain import in_cells
from fundtui.ui.scrub import scrub


class ScreenGuard(LineFilter):
    """Applies `scrub` to every segment that a widget of Textual's draws, and removes links. plain: ASCII alone."""

    plain = False

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of one line, made harmless."""
        return [self._guarded(segment) for segment in segments]

    def _guarded(self, segment: Segment) -> Segment:
        text, style, control = segment
        if control:
            return Segment("")
        if style is not None and style.link:
            style = style.update_link(None)
        safe = scrub(text)
        if safe is not text:
            # Joined characters can share cells; what Textual has measured must stay true.
            safe = set_cell_size(safe, cell_len(text))
        return Segment(in_cells(safe) if self.plain else safe, style)
