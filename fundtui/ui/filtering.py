"""What a person types after `/`: part of a name, its inverse, or an expression of the query language."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.table import Table

Mask = NDArray[np.bool_]

# Anything that only an expression can contain; a bare word never does.
_EXPRESSION = re.compile(r"[<>=~+*/()]|\b(and|or|not|in)\b", re.IGNORECASE)


class Selection(Protocol):
    """A compiled query."""

    def mask(self, table: Table) -> Mask:
        """Which of the table's rows it selects."""
        ...


class Filter:
    """One filter text, compiled. `!` in front turns it round."""

    def __init__(self, text: str, compiler: Callable[[str], Selection]) -> None:
        """Raises the compiler's error when the text is an expression that cannot be understood."""
        self.text = text.strip()
        self.inverse = self.text.startswith("!") and not self.text.startswith("!=")
        # Leading blanks stay inside the body, so that an error's column still points into the text as typed.
        body = self.text[1:] if self.inverse else self.text
        self._query = compiler(body) if _EXPRESSION.search(body) else None
        self._part = body.strip().casefold()
        self._names = np.zeros(0, np.bool_)

    @property
    def empty(self) -> bool:
        """Whether it lets everything through."""
        return self._query is None and not self._part

    def mask(self, table: Table) -> Mask:
        """Which of the table's rows pass."""
        if self.empty:
            return np.ones(table.count, np.bool_)
        passed = self._query.mask(table)[: table.count] if self._query else self._named(table)
        return ~passed if self.inverse else passed

    def _named(self, table: Table) -> Mask:
        known = len(self._names)
        if known < table.count:
            # Keys never change, so only new rows are looked at.
            fresh = [self._part in key.casefold() for key in table.keys[known:]]
            self._names = np.concatenate([self._names, np.array(fresh, np.bool_)])
        return self._names[: table.count]
