"""What happenings do to prices, premiums, open interest and listings, as functions of time."""

from __future__ import annotations

from typing import Any

import numpy as np

from fundtui.simulation.noise import Floats, Ints
from fundtui.simulation.scenarios import HOUR_S, Happening, anchors
from fundtui.simulation.universe import Universe

FULL_SHARE = 31.0 / 64.0
"""Weight, in a linearly weighted 8 h average at its end, of a squeeze that is full 2 h and half 2.25 h before."""
LISTED, ANNOUNCED, STOPPED, ABSENT = 0, 1, 2, 3
ANNOUNCED_S, STOPPED_S = 90, 150


def _rise(time_s: Any, from_s: float, to_s: float) -> Any:
    """0 before, 1 after, a straight line between."""
    return np.clip((time_s - from_s) / (to_s - from_s), 0.0, 1.0)


def squeeze_level(happening: Happening, time_s: Any) -> Any:
    """How much of the squeeze is there: 0 to 1."""
    full_s, over_s = anchors(happening)
    return _rise(time_s, happening.start_s, full_s) * (1.0 - _rise(time_s, over_s, over_s + HOUR_S))


def purge_level(happening: Happening, time_s: Any, fall_s: float) -> Any:
    """A fall within `fall_s`, made good until the end: 0 to 1."""
    start = happening.start_s
    return _rise(time_s, start, start + fall_s) * (1.0 - _rise(time_s, start + fall_s, happening.end_s))


def log_price(happenings: tuple[Happening, ...], assets: int, time_s: float) -> Floats:
    """What is added to the logarithm of each asset's price now."""
    shift = np.zeros(assets)
    for happening in happenings:
        if happening.kind == "squeeze":
            shift[happening.asset] += 0.14 * squeeze_level(happening, time_s)
        elif happening.kind == "purge":
            shift[happening.asset] -= 0.11 * purge_level(happening, time_s, 240)
    return shift


def premium(universe: Universe, happenings: tuple[Happening, ...], rows: Ints, time_s: Any, out: Floats) -> None:
    """Add to `out` (rows, or samples x rows) what happenings do to the premium at `time_s`."""
    for happening in happenings:
        if happening.kind == "squeeze":
            needed = np.zeros(len(universe.rows))
            peak = (universe.cap[list(happening.targets)].max() + 0.0006) / FULL_SHARE
            needed[list(happening.rows)] = 0.25 * peak
            needed[list(happening.targets)] = (universe.cap[list(happening.targets)] * 1.06 + 0.0012) / FULL_SHARE
            out += needed[rows] * squeeze_level(happening, time_s)
        elif happening.kind == "purge":
            hit = np.zeros(len(universe.rows))
            hit[list(happening.rows)] = -0.0035
            out += hit[rows] * purge_level(happening, time_s, 90)


def open_interest(happenings: tuple[Happening, ...], out: Floats, time_s: float) -> None:
    """Multiply open interest (rows) by what happenings do to it now."""
    for happening in happenings:
        if happening.kind == "squeeze":
            out[happening.row_array] *= 1.0 + 0.45 * squeeze_level(happening, time_s)
        elif happening.kind == "purge":
            out[happening.row_array] *= 1.0 - 0.38 * purge_level(happening, time_s, 180)


def usdc(happenings: tuple[Happening, ...], time_s: float) -> float:
    """Dollars for one USDC now."""
    price = 1.0
    for happening in happenings:
        if happening.kind == "depeg":
            gone = _rise(time_s, happening.start_s, happening.start_s + 60)
            price -= 0.015 * float(gone * (1.0 - _rise(time_s, happening.end_s - 120, happening.end_s)))
    return price


def listing(universe: Universe, happenings: tuple[Happening, ...], hidden: Ints, time_s: float) -> Ints:
    """LISTED, ANNOUNCED (delisting), STOPPED or ABSENT for each row now. `hidden` rows exist only in a collision."""
    state = np.zeros(len(universe.rows), dtype=np.int64)
    state[hidden] = ABSENT
    for happening in happenings:
        age = time_s - happening.start_s
        if age < 0 or time_s >= happening.end_s:
            continue
        if happening.kind == "collision":
            state[happening.row_array] = LISTED
        elif happening.kind == "delisting":
            phase = ANNOUNCED if age < ANNOUNCED_S else STOPPED if age < STOPPED_S else ABSENT
            state[happening.row_array] = phase
    return state
