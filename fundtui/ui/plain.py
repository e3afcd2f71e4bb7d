"""The interface's own words and marks in ASCII alone, for a terminal or a person that has no use for more."""

from __future__ import annotations

from rich.cells import cell_len

_SPELLED = {
    "↑": "Up", "↓": "Down", "←": "<-", "→": "->", "−": "-", "–": "-", "—": "-", "·": "*", "×": "x", "…": "...",
    "§": "section ", "±": "+-", "∓": "-+", "≥": ">=", "≤": "<=", "≠": "!=", "√": "sqrt", "∫": "integral ",
    "Σ": "sum ", "Δ": "d", "δ": "delta", "½": "1/2", "⅔": "2/3", "²": "^2", "ⁿ": "^n", "₁": "1", "₂": "2", "Ā": "A_",
    "\u0304": "_", "\u0302": "^", "φ": "phi", "Φ": "Phi", "ε": "eps", "κ": "kappa", "σ": "sigma", "μ": "mu",
    "λ": "lambda", "τ": "tau", "ι": "iota", "•": "*", "⏎": "Enter", "’": "'", "‘": "'", "“": '"', "”": '"',
}  # fmt: skip
_IN_ONE_CELL = {word: text for word, text in _SPELLED.items() if len(text) == 1} | {
    "↑": "^", "↓": "v", "←": "<", "→": ">", "…": "~", "▔": "-", "▁": "_", "─": "-", "━": "-", "│": "|", "▊": "|",
    "▎": "|", "█": "#", "▌": "|", "▐": "|",
}  # fmt: skip


def spelled(text: str) -> str:
    """A sentence or a formula in ASCII, as long as it takes; letters of other scripts become question marks."""
    if text.isascii():
        return text
    return "".join(_SPELLED.get(character, character) for character in text).encode("ascii", "replace").decode()


def in_cells(text: str) -> str:
    """A text in ASCII that takes exactly the cells it took."""
    if text.isascii():
        return text
    return "".join(
        character if character.isascii() else _IN_ONE_CELL.get(character, "?" * cell_len(character))
        for character in text
    )
