"""The last guard before the terminal: nothing that moves a cursor, hides or reorders text is ever drawn.

Remote text is cleaned when it is read (`fundtui.text`); this filter also covers what forgot to (reliability §0.2).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

# Printable ASCII, box, block and braille glyphs, arrows and the punctuation that the interface itself uses.
_PLAIN = re.compile(r"[ -~ ±·×½–—‘’“”•…←-↙⇅−⌕⏎─-◿⚠⠀-⣿]*")
_HARMLESS_MAJORS = "LNPS"


@lru_cache(maxsize=4096)
def _scrubbed(text: str) -> str:
    return "".join(_safe_character(character) for character in text)


def _safe_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " " * cell_len(character)
    reordering = unicodedata.bidirectional(character) in {"R", "AL", "AN"}
    if category[0] in _HARMLESS_MAJORS and not reordering:
        # Invisible letters (Hangul fillers) count as cells but show nothing: harmless to the terminal, kept.
        return character
    # What takes no cell goes without trace; what does is replaced, so that columns stay where they are.
    return "?" * cell_len(character)


def scrub(text: str) -> str:
    """The text without control, format, combining, private and right-to-left characters, as wide as it was."""
    return text if _PLAIN.fullmatch(text) else _scrubbed(text)


class ScreenGuard(LineFilter):
    """Applies `scrub` to every segment that any widget draws, and removes links."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of one line, made harmless."""
        return [self._guarded(segment) for segment in segments]

    @staticmethod
    def _guarded(segment: Segment) -> Segment:
        text, style, control = segment
        if control:
            return Segment("")
        if style is not None and style.link:
            style = style.update_link(None)
        safe = scrub(text)
        if safe is not text:
            # Joined characters can share cells; what Textual has measured must stay true.
            safe = set_cell_size(safe, cell_len(text))
        return Segment(safe, style)
