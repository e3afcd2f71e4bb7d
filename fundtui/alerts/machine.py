"""The state machine of one alert: a table of moves and one pure `step`.

Missing data never fires and never resolves: a reading of UNKNOWN leaves the phase as it is and marks it held. Only
time that was seen counts: a wait goes on by the seconds since the last reading if that reading was of the same kind,
so neither downtime nor gaps nor a suspended machine bring an alert nearer to firing or to its end.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Phase(StrEnum):
    """Where an alert stands. SPENT: fired before the settlement and closed; quiet until the settlement has passed."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    SPENT = "spent"


class Reading(StrEnum):
    """What one look at the subject says.

    TRUE the condition holds · NEAR it does not, but neither does its clearing threshold · FALSE it is clear ·
    UNKNOWN a value is missing or stale · GONE the subject is no longer listed.
    """

    TRUE = "true"
    NEAR = "near"
    FALSE = "false"
    UNKNOWN = "unknown"
    GONE = "gone"


class Told(StrEnum):
    """What a step has to tell."""

    PENDING = "pending"
    FIRED = "fired"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    CLOSED = "closed"
    DROPPED = "dropped"


class Why(StrEnum):
    """Why an alert was closed without being resolved."""

    DELISTED = "delisted"
    SETTLEMENT = "settlement"
    RULE_CHANGED = "rule changed"
    RULE_REMOVED = "rule removed"
    SHOWN = "told once"


class State(msgspec.Struct, frozen=True, gc=False):
    """One alert's state. counted_s: seconds seen towards `for` (pending) or `keep_firing` (recovering). last: the
    last known reading. held: the newest reading was missing."""

    phase: Phase = Phase.INACTIVE
    counted_s: float = 0.0
    last: Reading = Reading.FALSE
    held: bool = False


class Timing(msgspec.Struct, frozen=True):
    """The times of a rule."""

    wait_s: float = 0.0
    keep_firing_s: float = 0.0
    until_settlement: bool = False


class Step(msgspec.Struct, frozen=True, gc=False):
    """The new state, and what to tell if anything."""

    state: State
    told: Told | None = None
    why: Why | None = None


class Move(StrEnum):
    """What a reading does in a phase."""

    REST = "rest"
    BEGIN = "begin"
    COUNT_TO_FIRE = "count to fire"
    DROP = "drop"
    STAY = "stay"
    RECOVER = "recover"
    COUNT_TO_END = "count to end"
    RETURN = "return"
    HOLD = "hold"
    CLOSE = "close"


MOVES: dict[Phase, dict[Reading, Move]] = {
    Phase.INACTIVE: {
        Reading.TRUE: Move.BEGIN,
        Reading.NEAR: Move.REST,
        Reading.FALSE: Move.REST,
        Reading.UNKNOWN: Move.REST,
        Reading.GONE: Move.REST,
    },
    Phase.PENDING: {
        Reading.TRUE: Move.COUNT_TO_FIRE,
        Reading.NEAR: Move.DROP,
        Reading.FALSE: Move.DROP,
        Reading.UNKNOWN: Move.HOLD,
        Reading.GONE: Move.DROP,
    },
    Phase.FIRING: {
        Reading.TRUE: Move.STAY,
        Reading.NEAR: Move.STAY,
        Reading.FALSE: Move.RECOVER,
        Reading.UNKNOWN: Move.HOLD,
        Reading.GONE: Move.CLOSE,
    },
    Phase.RECOVERING: {
        Reading.TRUE: Move.RETURN,
        Reading.NEAR: Move.RETURN,
        Reading.FALSE: Move.COUNT_TO_END,
        Reading.UNKNOWN: Move.HOLD,
        Reading.GONE: Move.CLOSE,
    },
    Phase.SPENT: {
        Reading.TRUE: Move.STAY,
        Reading.NEAR: Move.STAY,
        Reading.FALSE: Move.STAY,
        Reading.UNKNOWN: Move.STAY,
        Reading.GONE: Move.REST,
    },
}

INACTIVE = State()


def step(state: State, reading: Reading, elapsed_s: float, timing: Timing, *, settled: bool = False) -> Step:
    """The state after one reading.

    elapsed_s: seconds between the last reading and this one that count (0 after a restart, a gap or a suspend).
    settled: a settlement of the subject has passed since the last reading; it ends alerts that live until then.
    """
    if settled and timing.until_settlement and state.phase is not Phase.INACTIVE:
        return _over(state)
    move = MOVES[state.phase][reading]
    if reading is Reading.UNKNOWN and move is Move.HOLD:
        # The reading before a gap no longer vouches for the time in between.
        return Step(State(state.phase, state.counted_s, Reading.UNKNOWN, held=True))
    match move:
        case Move.REST:
            return Step(INACTIVE)
        case Move.STAY:
            return Step(State(state.phase, 0.0, reading))
        case Move.RETURN:
            return Step(State(Phase.FIRING, 0.0, reading))
        case Move.BEGIN:
            return _count_to_fire(0.0, timing, Told.PENDING)
        case Move.COUNT_TO_FIRE:
            return _count_to_fire(_counted(state, reading, elapsed_s), timing, None)
        case Move.DROP:
            return Step(INACTIVE, Told.DROPPED)
        case Move.RECOVER:
            return _count_to_end(0.0, timing)
        case Move.COUNT_TO_END:
            return _count_to_end(_counted(state, reading, elapsed_s), timing)
        case _:
            return Step(INACTIVE, Told.CLOSED, Why.DELISTED)


def _counted(state: State, reading: Reading, elapsed_s: float) -> float:
    return state.counted_s + (max(elapsed_s, 0.0) if state.last is reading else 0.0)


def _count_to_fire(counted_s: float, timing: Timing, told: Told | None) -> Step:
    if counted_s >= timing.wait_s:
        return Step(State(Phase.FIRING, 0.0, Reading.TRUE), Told.FIRED)
    return Step(State(Phase.PENDING, counted_s, Reading.TRUE), told)


def _count_to_end(counted_s: float, timing: Timing) -> Step:
    if counted_s < timing.keep_firing_s:
        return Step(State(Phase.RECOVERING, counted_s, Reading.FALSE))
    return Step(State(Phase.SPENT) if timing.until_settlement else INACTIVE, Told.RESOLVED)


def _over(state: State) -> Step:
    if state.phase in (Phase.FIRING, Phase.RECOVERING):
        return Step(INACTIVE, Told.CLOSED, Why.SETTLEMENT)
    return Step(INACTIVE, Told.DROPPED if state.phase is Phase.PENDING else None)
