"""What may be drawn: text without anything that moves a cursor, hides or reorders (reliability §0.2)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rich.cells import cell_len

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
    if text.isascii() and text.isprintable():
        return text
    return text if _PLAIN.fullmatch(text) else _scrubbed(text)
