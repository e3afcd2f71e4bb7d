"""The latest settlements that were seen to happen, of all instruments, with what nobody had announced of them.

A ring of fixed size: as many as all instruments of all venues settle in some hours. Older ones are in the record.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.keeping import Arrays
from fundtui.imbalance.rows import Floats, Index, Ints

LENGTH = 20_000
_FIELDS = ("hourly", "interval_h", "surprise", "error")
_PREFIX = "settled_log."


class SettledEntry(NamedTuple):
    """One settlement. Rates are hourly; surprise: paid less announced half an hour before (methodology §2.7), error:
    paid less the formula's value; NaN where they are not known."""

    instrument: str
    time_ms: int
    hourly: float
    interval_h: float
    surprise: float
    error: float


class SettledLog:
    """Settlements in the order in which they became known. `count` grows with each."""

    def __init__(self, length: int = LENGTH) -> None:
        self.length = length
        self.count = 0
        self._names: list[str] = []
        self._codes: dict[str, int] = {}
        self._code: NDArray[np.int64] = np.full(length, -1, np.int64)
        self._time_ms: Ints = np.zeros(length, np.int64)
        self._figures: Floats = np.full((len(_FIELDS), length), np.nan)

    def add(
        self, keys: list[str], rows: Index, time_ms: Ints, hourly: Floats, interval_h: Floats, surprise: Floats,
        error: Floats,
    ) -> None:  # fmt: skip
        """Settlements of distinct instruments; `keys` are the table's names by row."""
        places = (self.count + np.arange(len(rows))) % self.length
        self._code[places] = [self._code_of(keys[row]) for row in rows.tolist()]
        self._time_ms[places] = time_ms
        self._figures[:, places] = (hourly, interval_h, surprise, error)
        self.count += len(rows)

    def _code_of(self, key: str) -> int:
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = len(self._names)
            self._names.append(key)
        return code

    def newest(self, limit: int) -> list[SettledEntry]:
        """The last settlements by time, newest first; of one instant the most surprising first."""
        known = np.flatnonzero(self._code >= 0)
        surprise = np.nan_to_num(np.abs(self._figures[2, known]), nan=-1.0)
        chosen = known[np.lexsort((-surprise, -self._time_ms[known]))][:limit]
        figures: list[list[float]] = self._figures[:, chosen].T.tolist()
        return [
            SettledEntry(self._names[code], time_ms, *numbers)
            for code, time_ms, numbers in zip(
                self._code[chosen].tolist(), self._time_ms[chosen].tolist(), figures, strict=True
            )
        ]

    def exported(self) -> Arrays:
        """What a later run goes on from."""
        order = (self.count + np.arange(self.length)) % self.length
        order = order[self._code[order] >= 0]
        return {
            f"{_PREFIX}names": np.array(self._names, np.str_),
            f"{_PREFIX}code": self._code[order],
            f"{_PREFIX}time_ms": self._time_ms[order],
            f"{_PREFIX}figures": self._figures[:, order],
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what an earlier run exported; one that had no log gives none."""
        if f"{_PREFIX}names" not in arrays:
            return
        names: list[str] = arrays[f"{_PREFIX}names"].tolist()
        code, figures = arrays[f"{_PREFIX}code"], arrays[f"{_PREFIX}figures"]
        if figures.shape != (len(_FIELDS), len(code)) or (len(code) and int(code.max()) >= len(names)):
            raise ValueError("saved settlements do not fit")
        self.add(names, code[-self.length :], arrays[f"{_PREFIX}time_ms"][-self.length :], *figures[:, -self.length :])
