"""Seeded noise as a pure function of time: no generator state, so any moment can be asked in any order.

A value is hashed from a key and the number of a time cell, and drawn as a straight line between the cells' edges.
Sums of several cell lengths give prices and premiums that wander like real ones but have a mean to come back to.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_MASK = (1 << 64) - 1
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_TOP = np.uint64(11)
_UNIT = 2.0**-53
LINE_GAIN = 2.1
"""Brings the drawn line to a standard deviation of about 1: uniform knots have 0.58, the lines between them less."""


def key(seed: int, *parts: object) -> int:
    """A 64-bit key of the seed and a path of names; the same on every machine."""
    value = seed & _MASK
    for part in parts:
        value = mix(value ^ (zlib.crc32(str(part).encode()) * 0x9E3779B97F4A7C15 & _MASK))
    return value


def mix(value: int) -> int:
    """One round of splitmix64 on a Python integer."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & _MASK
    return value ^ (value >> 31)


def fraction(value: int) -> float:
    """A key as a number in [0, 1)."""
    return (mix(value) >> 11) * _UNIT


def mix_array(values: Keys) -> Keys:
    """One round of splitmix64 on each element."""
    mixed: Any = values + _GOLDEN
    mixed ^= mixed >> _SHIFTS[0]
    mixed *= _MIX_1
    mixed ^= mixed >> _SHIFTS[1]
    mixed *= _MIX_2
    mixed ^= mixed >> _SHIFTS[2]
    return np.asarray(mixed, dtype=np.uint64)


def fractions(keys: Keys) -> Floats:
    """Keys as numbers in [0, 1)."""
    return (mix_array(keys) >> _TOP).astype(np.float64) * _UNIT


def _knots(keys: Keys, cells: Ints) -> Floats:
    return fractions(keys + cells.astype(np.uint64) * _GOLDEN) * 2.0 - 1.0


def lines(keys: Keys, time_s: Any, scale_s: Any) -> Floats:
    """Noise of about mean 0 and deviation 1 with cells of `scale_s` seconds. Arguments broadcast."""
    phase = (keys & np.uint64(0xFFFF)).astype(np.float64) / 65536.0
    at = time_s / scale_s + phase
    cells = np.floor(at)
    before = cells.astype(np.int64)
    first = _knots(keys, before)
    values: Floats = (first + (at - cells) * (_knots(keys, before + 1) - first)) * LINE_GAIN
    return values


class Field:
    """The same noise for many rows at a time that moves on: hashes only the cells that were entered since.

    `keys` is scales x rows; `scales_s` and `delays_s` broadcast against it.
    """

    def __init__(self, keys: Keys, scales_s: Any, delays_s: Any = 0.0) -> None:
        self._keys = keys
        self._rate = np.broadcast_to(1.0 / np.asarray(scales_s, dtype=np.float64), keys.shape)
        phase = (keys & np.uint64(0xFFFF)).astype(np.float64) / 65536.0
        self._offset = phase - np.asarray(delays_s, dtype=np.float64) * self._rate
        self._cells = np.full(keys.shape, np.iinfo(np.int64).min, dtype=np.int64)
        self._first = np.zeros(keys.shape)
        self._slope = np.zeros(keys.shape)

    def at(self, time_s: float) -> Floats:
        """Values now, scales x rows, mean 0 and deviation 1."""
        at = time_s * self._rate
        at += self._offset
        cells = np.floor(at)
        at -= cells
        entered = cells.astype(np.int64)
        changed = np.nonzero(entered != self._cells)
        if changed[0].size:
            keys, numbers = self._keys[changed], entered[changed]
            first = _knots(keys, numbers) * LINE_GAIN
            self._first[changed] = first
            self._slope[changed] = _knots(keys, numbers + 1) * LINE_GAIN - first
            self._cells = entered
        at *= self._slope
        at += self._first
        return at
