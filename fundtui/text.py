"""SafeText: the only way remote text reaches a screen, a log or a notification."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 256

# The longest real ones are dYdX tickers with a chain address inside: "FARTCOIN,RAYDIUM,9BB6...-USD", 64 characters.
_SYMBOL = re.compile(r"[A-Za-z0-9._:/+,\-]{1,96}")
_PRINTABLE_ASCII = re.compile(r"[ -~]*")


class SafeText(str):
    """Text without control, format, combining or private characters. Made by `clean`, never by hand."""

    __slots__ = ()


def clean(text: object, limit: int = MAX_LENGTH) -> SafeText:
    """Normalise (NFKC) and drop everything that could move a cursor, hide or reorder text.

    Control (C*), combining (M*) and separator characters other than the space go; runs of white space
    become one space; the result is at most `limit` characters, an ellipsis marking what was cut.
    """
    # Cut before normalising too: one character can expand, and a hostile text can be megabytes long.
    raw = str(text)[: 4 * limit]
    if not _PRINTABLE_ASCII.fullmatch(raw):
        raw = "".join(_safe_characters(unicodedata.normalize("NFKC", raw)))
    raw = " ".join(raw.split())
    return SafeText(raw if len(raw) <= limit else raw[: limit - 1] + "…")


def _safe_characters(text: str) -> list[str]:
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category[0] in "CMZ":
            # White space of any kind separates words; the rest is dropped without trace.
            kept.append(" " if character in "\t\n\r\v\f" or category[0] == "Z" else "")
        elif unicodedata.bidirectional(character) in {"R", "AL", "RLE", "RLO", "AN"}:
            kept.append("?")
        else:
            kept.append(character)
    return kept


def is_symbol(text: str) -> bool:
    """Whether a venue's symbol is made of the characters that instrument names may have."""
    return _SYMBOL.fullmatch(text) is not None


def one_line(text: str) -> str:
    """Text for a log: control characters shown as escapes instead of acting."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
