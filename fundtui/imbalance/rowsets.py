"""Sets of row numbers by marking them: many times faster than numpy's sorting ones at our sizes.

numpy's also import its masked arrays when first used, a twentieth of the way to the first row on the screen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
Flags = NDArray[np.bool_]


def marked(count: int, *parts: Index) -> Flags:
    """Which of the numbers below `count` are in any of the parts."""
    flags = np.zeros(count, np.bool_)
    for part in parts:
        flags[part] = True
    return flags


def union(count: int, *parts: Index) -> Index:
    """The distinct numbers below `count` in any of the parts, ascending."""
    return np.flatnonzero(marked(count, *parts))


def without(rows: Index, others: Index) -> Index:
    """The distinct numbers of `rows` that are not among `others`, ascending."""
    if not len(rows):
        return rows
    count = int(rows.max()) + 1
    flags = marked(count, rows)
    flags[others[others < count]] = False
    return np.flatnonzero(flags)
