"""A line over time in characters: braille dots, or ASCII where the output cannot show them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from fundtui.history.codec import Floats, Ints
from fundtui.units import format_utc_date

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII_BLOCKS = " .:-=+*#%@"


def plot(
    times: Ints, values: Floats, *, width: int, height: int, label: Callable[[float], str], unicode: bool = True
) -> list[str]:
    """Lines of a plot with a scale on the left and dates below. Columns without a value stay empty: a hole is a hole.

    `height` is in lines; a horizontal rule marks zero where it is in range.
    """
    known = np.isfinite(values)
    if not known.any():
        return ["nothing observed"]
    low, high = min(float(values[known].min()), 0.0), max(float(values[known].max()), 0.0)
    high = high if high > low else low + 1e-9
    labels = [label(high), label(low)]
    room = max(map(len, labels))
    columns = max(width - room - 2, 8)
    across, down = (2, 4) if unicode else (1, 1)
    grid = np.zeros((height * down, columns * across), np.bool_)
    span = max(int(times[-1] - times[0]), 1)
    x = np.minimum(((times[known] - times[0]) / span * columns * across).astype(np.int64), columns * across - 1)
    y = np.rint((high - values[known]) / (high - low) * (height * down - 1)).astype(np.int64)
    grid[y, x] = True
    zero = round(high / (high - low) * (height * down - 1))
    lines = []
    for line in range(height):
        head = labels[0] if line == 0 else labels[1] if line == height - 1 else "0" if zero // down == line else ""
        cells = grid[line * down : (line + 1) * down]
        body = _braille(cells) if unicode else "".join("*" if cell else " " for cell in cells[0].tolist())
        if zero // down == line:
            body = body.replace("\u2800" if unicode else " ", "─" if unicode else "-")
        lines.append(f"{head:>{room}} {'┤' if unicode else '|'}{body.rstrip()}".replace("\u2800", " ").rstrip())
    first, last = format_utc_date(int(times[0])), format_utc_date(int(times[-1]))
    lines.append(" " * (room + 2) + first + last.rjust(columns - len(first)))
    return lines


def _braille(cells: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> str:
    codes = np.full(cells.shape[1] // 2, 0x2800, np.int64)
    for column, dots in enumerate(DOTS):
        for row, bit in enumerate(dots):
            codes += bit * cells[row, column::2]
    return "".join(map(chr, codes.tolist()))


def sparkline(values: Sequence[float], *, unicode: bool = True) -> str:
    """One line of blocks, from the lowest to the highest value; a space where there is none."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return " " * len(values)
    low, high = min(known), max(known)
    blocks = BLOCKS if unicode else ASCII_BLOCKS
    steps = len(blocks) - 2
    span = high - low or 1.0
    return "".join(blocks[1 + round((value - low) / span * steps)] if math.isfinite(value) else " " for value in values)
