"""The state machine of one alert, against a small independent model and in named cases."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fundtui.alerts.machine import INACTIVE, MOVES, Phase, Reading, State, Step, Timing, Told, Why, step

T, N, F, U, G = Reading.TRUE, Reading.NEAR, Reading.FALSE, Reading.UNKNOWN, Reading.GONE


def run(readings: list[tuple[Reading, float]], timing: Timing) -> tuple[State, list[Told]]:
    """Feed readings with the seconds before each; the last state and what was told."""
    state, told = INACTIVE, []
    for reading, elapsed_s in readings:
        result = step(state, reading, elapsed_s, timing)
        state = result.state
        if result.told is not None:
            told.append(result.told)
    return state, told


def test_every_phase_has_a_move_for_every_reading() -> None:
    assert set(MOVES) == set(Phase)
    assert all(set(moves) == set(Reading) for moves in MOVES.values())


@pytest.mark.parametrize(
    ("readings", "phase", "told"),
    [
        ([(T, 0)], Phase.PENDING, [Told.PENDING]),
        ([(T, 0), (T, 59)], Phase.PENDING, [Told.PENDING]),
        ([(T, 0), (T, 60)], Phase.FIRING, [Told.PENDING, Told.FIRED]),
        ([(T, 0), (T, 30), (F, 15), (T, 15), (T, 30)], Phase.PENDING, [Told.PENDING, Told.DROPPED, Told.PENDING]),
        # Near the threshold is not enough to begin, but enough to go on.
        ([(N, 0)], Phase.INACTIVE, []),
        ([(T, 0), (N, 30)], Phase.INACTIVE, [Told.PENDING, Told.DROPPED]),
        ([(T, 0), (T, 60), (N, 600)], Phase.FIRING, [Told.PENDING, Told.FIRED]),
        # Missing data: nothing counts, nothing ends.
        ([(U, 0), (U, 600)], Phase.INACTIVE, []),
        ([(T, 0), (U, 600), (T, 600), (T, 59)], Phase.PENDING, [Told.PENDING]),
        ([(T, 0), (U, 600), (T, 600), (T, 60)], Phase.FIRING, [Told.PENDING, Told.FIRED]),
        ([(T, 0), (T, 60), (U, 9e9)], Phase.FIRING, [Told.PENDING, Told.FIRED]),
        ([(T, 0), (T, 60), (F, 15), (U, 9e9), (F, 9e9), (F, 99)], Phase.RECOVERING, [Told.PENDING, Told.FIRED]),
        (
            [(T, 0), (T, 60), (F, 15), (U, 9e9), (F, 9e9), (F, 100)],
            Phase.INACTIVE,
            [Told.PENDING, Told.FIRED, Told.RESOLVED],
        ),
        # keep_firing counts from the first clear reading and begins anew after a true one.
        ([(T, 0), (T, 60), (F, 15), (F, 99)], Phase.RECOVERING, [Told.PENDING, Told.FIRED]),
        ([(T, 0), (T, 60), (F, 15), (F, 100)], Phase.INACTIVE, [Told.PENDING, Told.FIRED, Told.RESOLVED]),
        ([(T, 0), (T, 60), (F, 15), (F, 99), (T, 1), (F, 1), (F, 99)], Phase.RECOVERING, [Told.PENDING, Told.FIRED]),
        ([(T, 0), (G, 5)], Phase.INACTIVE, [Told.PENDING, Told.DROPPED]),
        ([(T, 0), (T, 60), (G, 5)], Phase.INACTIVE, [Told.PENDING, Told.FIRED, Told.CLOSED]),
    ],
)
def test_named_histories(readings: list[tuple[Reading, float]], phase: Phase, told: list[Told]) -> None:
    state, said = run(readings, Timing(wait_s=60, keep_firing_s=100))
    assert (state.phase, said) == (phase, told)


def test_missing_data_is_marked() -> None:
    firing, _ = run([(T, 0), (T, 60)], Timing(60, 100))
    assert not firing.held
    held = step(firing, U, 10, Timing(60, 100)).state
    assert (held.phase, held.held) == (Phase.FIRING, True)
    assert not step(held, T, 10, Timing(60, 100)).state.held


def test_without_waits_it_fires_and_resolves_at_once() -> None:
    assert run([(T, 0), (F, 1)], Timing()) == (INACTIVE, [Told.FIRED, Told.RESOLVED])


def test_once_per_settlement() -> None:
    timing = Timing(until_settlement=True)
    state, told = run([(T, 0), (F, 5), (T, 5), (F, 5)], timing)
    assert (state.phase, told) == (Phase.SPENT, [Told.FIRED, Told.RESOLVED])
    assert step(state, T, 5, timing, settled=True) == Step(INACTIVE)
    firing, _ = run([(T, 0)], timing)
    assert step(firing, T, 5, timing, settled=True) == Step(INACTIVE, Told.CLOSED, Why.SETTLEMENT)
    # A settlement means nothing to other rules.
    assert step(firing, T, 5, Timing(), settled=True).told is None


def test_delisting_is_not_a_resolve() -> None:
    firing, _ = run([(T, 0)], Timing())
    result = step(firing, G, 5, Timing())
    assert (result.told, result.why) == (Told.CLOSED, Why.DELISTED)


class Model:
    """The same promises written another way: a list of everything seen since it last was inactive."""

    def __init__(self, wait_s: int, keep_s: int) -> None:
        self.wait_s, self.keep_s = wait_s, keep_s
        self.on = False
        self.run_s: int | None = None
        self.clear_s: int | None = None
        self.before: Reading | None = None

    def feed(self, reading: Reading, elapsed_s: int) -> str | None:
        previous, self.before = self.before, reading
        if reading is Reading.GONE:
            was_on, self.on, self.run_s, self.clear_s = self.on, False, None, None
            return "closed" if was_on else None
        if reading is Reading.UNKNOWN:
            return None
        if not self.on:
            if reading is not Reading.TRUE:
                self.run_s = None
                return None
            self.run_s = 0 if self.run_s is None else self.run_s + (elapsed_s if previous is Reading.TRUE else 0)
            if self.run_s >= self.wait_s:
                self.on, self.run_s, self.clear_s = True, None, None
                return "fired"
            return None
        if reading is not Reading.FALSE:
            self.clear_s = None
            return None
        self.clear_s = 0 if self.clear_s is None else self.clear_s + (elapsed_s if previous is Reading.FALSE else 0)
        if self.clear_s >= self.keep_s:
            self.on, self.clear_s = False, None
            return "resolved"
        return None


class Machine(RuleBasedStateMachine):
    @initialize(wait_s=st.integers(0, 6), keep_s=st.integers(0, 6))
    def begin(self, wait_s: int, keep_s: int) -> None:
        self.timing = Timing(wait_s, keep_s)
        self.model = Model(wait_s, keep_s)
        self.state = INACTIVE
        self.last = Reading.FALSE

    @rule(reading=st.sampled_from(list(Reading)), elapsed_s=st.integers(0, 4))
    def read(self, reading: Reading, elapsed_s: int) -> None:
        result = step(self.state, reading, elapsed_s, self.timing)
        expected = self.model.feed(reading, elapsed_s)
        told = result.told if result.told in (Told.FIRED, Told.RESOLVED, Told.CLOSED) else None
        assert (told.value if told else None) == expected
        if reading is Reading.UNKNOWN:
            assert result.told is None
            assert result.state.phase is self.state.phase
        self.state, self.last = result.state, reading

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "model"):
            return
        assert self.model.on == (self.state.phase in (Phase.FIRING, Phase.RECOVERING))
        assert self.state.held == (self.last is Reading.UNKNOWN and self.state.phase is not Phase.INACTIVE)
        assert 0 <= self.state.counted_s < max(self.timing.wait_s, self.timing.keep_firing_s, 1)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
