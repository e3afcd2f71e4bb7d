"""What is wrong with a query, and where."""

from __future__ import annotations

from collections.abc import Iterable


class QueryError(Exception):
    """A query that cannot be understood. `column` counts from 1 and points into `text`."""

    def __init__(self, message: str, text: str, start: int) -> None:
        self.message = message
        self.text = text
        self.column = start + 1
        super().__init__(f"column {self.column}: {message}")

    def pointed(self) -> str:
        """Three lines for a terminal: the query, a caret under the column, the message."""
        return f"{self.text}\n{' ' * (self.column - 1)}^\n{self.message}"


def suggestion(word: str, known: Iterable[str]) -> str:
    """`, did you mean spread?` when a known name is near, else nothing."""
    # Imported when something is wrong.
    import difflib

    near = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.55)
    return f", did you mean {near[0]}?" if near else ""
