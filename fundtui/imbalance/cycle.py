"""The leverage cycle as a state machine: calm, build-up, stretched, flush, reset (methodology §5.2, levels [house])."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fundtui.imbalance.rows import Field, Flags, Floats, Index, Ints, Rows, first_match
from fundtui.units import HOUR_MS

STRETCHED_SCORE = 85.0
BUILD_UP_SCORE = 70.0
BUILD_UP_GROWTH_24H = 0.05
CLEAR_AT = 0.8
RESET_MS = 6 * HOUR_MS


class Phase(IntEnum):
    """Where leverage stands in its cycle."""

    CALM = 0
    BUILD_UP = 1
    STRETCHED = 2
    FLUSH = 3
    RESET = 4


PHASE_TEXT = {phase: phase.name.lower().replace("_", "-") for phase in Phase}


class Cycle(Rows):
    """Phase per row and the time of its last purge window."""

    fields: ClassVar[dict[str, Field]] = {"phase": Field(0, np.int8), "purged_ms": Field(-1, np.int64)}
    phase: NDArray[np.int8]
    purged_ms: Ints


def advance(
    state: Cycle,
    rows: Index,
    time_ms: Ints,
    purge: Flags,
    score: Floats,
    oi_growth_24h: Floats,
    window_ms: int,
) -> NDArray[np.int8]:
    """Move each row's phase on [house] and return it.

    A purge is a FLUSH; a whole window without one makes it a RESET, which ends six hours after the last purge. Else
    STRETCHED from a crowding of 85, BUILD_UP from 70 with OI up 5 % in a day; both clear at 80 % of their level.
    """
    state.purged_ms[rows[purge]] = time_ms[purge]
    before = state.phase[rows]
    since = np.where(state.purged_ms[rows] >= 0, time_ms - state.purged_ms[rows], np.iinfo(np.int64).max)
    with np.errstate(invalid="ignore"):
        stretched = (score >= STRETCHED_SCORE) | ((before == Phase.STRETCHED) & (score >= CLEAR_AT * STRETCHED_SCORE))
        building = (score >= BUILD_UP_SCORE) & (oi_growth_24h >= BUILD_UP_GROWTH_24H)
        lasting = (before == Phase.BUILD_UP) | (before == Phase.STRETCHED)
        building |= lasting & (score >= CLEAR_AT * BUILD_UP_SCORE)
    rules = [since < 2 * window_ms, since < RESET_MS, stretched, building]
    codes = [int(Phase.FLUSH), int(Phase.RESET), int(Phase.STRETCHED), int(Phase.BUILD_UP)]
    after: NDArray[np.int8] = first_match(rules, codes, Phase.CALM)
    state.phase[rows] = after
    return after
