"""Work in turns: dense ticks take a step each, ticks far apart a whole round, and nothing is left out or done twice."""

from __future__ import annotations

from functools import partial

import numpy as np

from fundtui.imbalance.calculator import PAIRS_AT_ONCE, Calculator
from fundtui.imbalance.turns import Done, Turns
from tests.imbalance.builders import START_MS, batch, contract, quote

NOTHING = Done(np.empty(0, np.intp), np.empty(0, np.intp), [])


def counts(ticks_s: list[float], steps: int = 5) -> list[int]:
    """How many steps of a five-second round each tick takes."""
    turns = Turns(5.0)
    plan = [partial(lambda number, now_ms: NOTHING, number) for number in range(steps)]
    return [len(turns.due(int(at_s * 1000), lambda: list(plan))) for at_s in ticks_s]


def test_the_first_tick_takes_a_whole_round() -> None:
    assert counts([100.0]) == [5]


def test_a_tick_each_second_takes_one_step_each_time() -> None:
    assert counts([100.0 + second for second in range(11)]) == [5, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]


def test_a_late_tick_catches_up() -> None:
    assert counts([100.0, 104.0, 105.0, 108.0, 109.0, 110.0]) == [5, 0, 1, 3, 1, 1]


def test_ticks_as_far_apart_as_rounds_take_them_whole() -> None:
    assert counts([100.0, 105.0, 110.0, 125.0]) == [5, 5, 5, 5]


def test_within_a_period_a_round_is_taken_once() -> None:
    assert counts([100.0, 101.0, 102.0, 104.9]) == [5, 0, 0, 0]


def test_steps_come_in_order_and_each_once() -> None:
    turns, seen = Turns(5.0), list[int]()

    def step(number: int, now_ms: int) -> Done:
        seen.append(number)
        return NOTHING

    turns.due(99_000, list)
    for at_ms in range(100_000, 105_000, 1000):
        for one in turns.due(at_ms, lambda: [partial(step, number) for number in range(5)]):
            one(at_ms)
    assert seen == [0, 1, 2, 3, 4]


def test_dense_ticks_price_every_pair_that_one_tick_would() -> None:
    names = [f"X{number}" for number in range(2 * PAIRS_AT_ONCE + 3)]

    def listed() -> Calculator:
        calculator = Calculator()
        calculator.tick(START_MS - 1000)
        for venue, sign in (("a", 0.0), ("b", 1e-5)):
            quotes = [quote(contract(venue, name), START_MS, sign * (k + 1)) for k, name in enumerate(names)]
            calculator.apply(batch(venue, START_MS, *quotes), START_MS)
        calculator.tick(START_MS)
        return calculator

    whole, sliced = listed(), listed()
    whole.tick(START_MS + 10_000)
    before = sliced.pairs.version.copy()
    for second in range(5, 10):
        sliced.tick(START_MS + 1000 * second)
    assert len(whole.pairs.index) == len(sliced.pairs.index) == 2 * len(names)
    assert (sliced.pairs.version[: sliced.pairs.count] > before[: sliced.pairs.count]).all()
    for name in names:
        key = f"{name} perp-perp"
        theirs, ours = whole.pairs.index[key], sliced.pairs.index[key]
        assert whole.pairs.columns["spread"][theirs] == sliced.pairs.columns["spread"][ours]
