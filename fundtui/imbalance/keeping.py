"""What survives a restart: the state behind the figures, as named arrays by instrument and asset (methodology §9).

Rows get other numbers in another run, so everything is found again by name, when the instrument is first seen. The
running average keeps the start of its interval: when the interval is another one by then, the average is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance import realised
from fundtui.imbalance.realised import Realised
from fundtui.imbalance.rows import Rows

FORMAT = 3
OLDER_FORMAT = 2
"""Kept some figures to more digits, and two that nothing read: it is taken over."""
ADDED = frozenset({"begun", "ended"})
NOT_KEPT_ANY_MORE = frozenset({"event_first_ms", "event_severity"})

Arrays = dict[str, NDArray[Any]]
Parts = Mapping[str, Rows]


def exported(parts: Parts, keys: list[str]) -> Arrays:
    """The rows of all parts that are in use, by `part.column`, and the rows' names."""
    arrays: Arrays = {"format": np.array([FORMAT]), "instruments": np.array(keys, np.str_)}
    for name, part in parts.items():
        for column, values in part.arrays().items():
            # Columns that are not by row (a ring's pool) are kept whole.
            arrays[f"{name}.{column}"] = values[: len(keys)].copy() if column in part.fields else values.copy()
    return arrays


def _converted(kept: Arrays, part: Rows) -> Arrays:
    """Columns of the older format as this one keeps them: shorter numbers, counts no larger than they can hold.

    What it did not keep is as in a row that was never touched.
    """
    count = max(map(len, kept.values()), default=0)
    given = {name: column for name, column in kept.items() if name not in NOT_KEPT_ANY_MORE}
    for name, field in part.fields.items():
        wanted = np.dtype(field.dtype)
        if name in ADDED:
            given[name] = np.full((count, *field.shape), field.fill, wanted)
        elif name in given and given[name].dtype.kind == "f" and wanted.kind == "f":
            given[name] = given[name].astype(wanted)
        elif name in given and given[name].dtype.kind in "iu" and wanted.kind in "iu":
            limits = np.iinfo(wanted)
            given[name] = np.clip(given[name], limits.min, limits.max).astype(wanted)
    return given


class Saved:
    """State of an earlier run, handed over row by row."""

    def __init__(self, arrays: Arrays, parts: Parts) -> None:
        """Raises ValueError when the arrays are of another format or do not fit the parts."""
        version = arrays["format"].tolist() if "format" in arrays else []
        if version not in ([FORMAT], [OLDER_FORMAT]):
            raise ValueError("saved state of another format")
        self.rows = {key: row for row, key in enumerate(arrays["instruments"].tolist())}
        self.parts: dict[str, Rows] = {}
        for name, part in parts.items():
            prefix = name + "."
            kept = {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
            if version == [OLDER_FORMAT]:
                kept = _converted(kept, part)
            self.parts[name] = type(part)()
            self.parts[name].restore(kept)
            if any(len(kept[column]) != len(self.rows) for column in part.fields):
                raise ValueError(f"saved state of {name} has another number of rows")
        self._held = len(self.rows)

    def adopt(self, key: str, row: int, parts: Parts) -> bool:
        """Give a row of the live parts what was saved for this name; False when nothing was."""
        before = self.rows.pop(key, None)
        if before is None:
            return False
        for name, part in parts.items():
            saved = self.parts[name]
            if isinstance(part, Realised) and isinstance(saved, Realised):
                realised.adopt(part, row, saved, before)
                continue
            for column in part.fields:
                getattr(part, column)[row] = getattr(saved, column)[before]
        if 2 * len(self.rows) <= self._held:
            self._move_together()
        return True

    def _move_together(self) -> None:
        """Let go of what was handed over: of fifteen thousand instruments it is fifty megabytes, held twice."""
        left = np.fromiter(self.rows.values(), np.intp, len(self.rows))
        for name, saved in self.parts.items():
            rest = self.parts[name] = type(saved)(len(left))
            if isinstance(rest, Realised) and isinstance(saved, Realised):
                for place, row in enumerate(left.tolist()):
                    realised.adopt(rest, place, saved, row)
                continue
            for column in saved.fields:
                getattr(rest, column)[:] = getattr(saved, column)[left]
        self.rows = {key: place for place, key in enumerate(self.rows)}
        self._held = len(left)

    @property
    def nbytes(self) -> int:
        """Bytes of what is still waiting."""
        return sum(part.nbytes for part in self.parts.values())
