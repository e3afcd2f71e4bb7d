"""What assets remember: settlements since the consensus changed its sign, and crowding within the hour (§7)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.past import AssetPast, crowd, settle
from fundtui.imbalance.table import Table
from tests.imbalance.builders import HOUR_MS, START_MS, batch, contract, quote

MINUTE_MS = 60_000
EIGHT_MS = 8 * HOUR_MS
ROW = np.array([0])


def cell(table: Table, key: str, name: str = "BTC") -> float:
    return float(table.columns[key][table.index[name]])


def poll(calculator: Calculator, at_ms: int, rate: float, interval_h: float = 8.0) -> None:
    """Two venues that agree, and the looks that follow within ten seconds."""
    for venue in ("okx", "bybit"):
        calculator.apply(batch(venue, at_ms, quote(contract(venue, interval_h=interval_h), at_ms, rate)), at_ms)
    for second in (0, 5, 10):
        calculator.tick(at_ms + 1000 * second)


def through(calculator: Calculator, rates: list[float], start_ms: int = START_MS) -> list[float]:
    """`flip` an hour after each settlement, the consensus then being each of the rates."""
    seen = []
    for place, rate in enumerate(rates):
        poll(calculator, start_ms + place * EIGHT_MS + HOUR_MS, rate)
        seen.append(cell(calculator.assets, "flip"))
    return seen


def test_a_flip_counts_the_settlements_since() -> None:
    # The first look only learns which payment is awaited; positive settlements are no change.
    assert through(Calculator(), [1e-4, 1e-4, 1e-4, -2e-4, -2e-4, -2e-4, 3e-4, 3e-4])[1:] == [0, 0, -1, -2, -3, 1, 2]


def test_a_rate_of_zero_neither_counts_nor_ends() -> None:
    # 0.005 bp per 8 h is nearer to zero than what counts as a sign (0.01 bp).
    assert through(Calculator(), [1e-4, 1e-4, -2e-4, 5e-7, -2e-4])[1:] == [0, -1, -1, -2]


def test_an_interval_that_changes_is_no_settlement() -> None:
    calculator = Calculator()
    assert through(calculator, [1e-4, 1e-4, -2e-4])[-1] == -1
    at_ms = START_MS + 2 * EIGHT_MS + 2 * HOUR_MS
    # From every eight hours to every four and back: the next payment moves, none is made.
    poll(calculator, at_ms, -2e-4, interval_h=4.0)
    assert cell(calculator.assets, "flip") == -1
    poll(calculator, at_ms + MINUTE_MS, -2e-4, interval_h=8.0)
    assert cell(calculator.assets, "flip") == -1
    poll(calculator, START_MS + 3 * EIGHT_MS + MINUTE_MS, -2e-4)
    assert cell(calculator.assets, "flip") == -2


def test_it_goes_on_after_a_restart() -> None:
    first = Calculator()
    assert through(first, [1e-4, 1e-4, -2e-4])[-1] == -1
    again = Calculator()
    again.import_state(first.export_state())
    assert through(again, [-2e-4], START_MS + 3 * EIGHT_MS) == [-2]


def test_state_from_before_there_was_a_past_is_taken_over() -> None:
    first = Calculator()
    through(first, [1e-4, 1e-4, -2e-4])
    old = {name: one for name, one in first.export_state().items() if not name.startswith("past.")}
    again = Calculator()
    again.import_state(old)
    assert through(again, [-2e-4, 1e-4], START_MS + 3 * EIGHT_MS)[1] == 0


def test_a_settlement_counts_when_its_time_has_come() -> None:
    state = AssetPast(1)
    state.sign[:], state.held[:], state.next_ms[:] = 1, 3, START_MS
    later = np.array([float(START_MS + EIGHT_MS)])
    settle(state, ROW, np.array([1e-5]), later, START_MS - 60_000)
    assert state.held.tolist() == [3]
    state.next_ms[:] = START_MS
    settle(state, ROW, np.array([math.nan]), later, START_MS + 1000)
    assert state.held.tolist() == [3], "an unknown consensus says nothing"
    state.next_ms[:] = START_MS
    settle(state, ROW, np.array([-1e-5]), later, START_MS + 1000)
    assert (state.sign.tolist(), state.held.tolist()) == ([-1], [1])


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [(80.0, 88.0, 8.0), (90.0, 86.0, -4.0), (-80.0, -88.0, 8.0), (-90.0, -86.0, -4.0), (60.0, -70.0, 130.0)],
)
def test_crowding_grows_towards_its_own_side(before: float, now: float, change: float) -> None:
    state = AssetPast(1)
    slot_ms = 30 * MINUTE_MS
    assert math.isnan(crowd(state, ROW, np.array([before]), START_MS)[0])
    assert math.isnan(crowd(state, ROW, np.array([now]), START_MS + slot_ms)[0]), "half an hour is not an hour"
    assert crowd(state, ROW, np.array([now]), START_MS + 2 * slot_ms)[0] == pytest.approx(change)


def test_half_hours_that_nobody_saw_are_unknown() -> None:
    state = AssetPast(1)
    crowd(state, ROW, np.array([80.0]), START_MS)
    risen = crowd(state, ROW, np.array([88.0]), START_MS + 7 * HOUR_MS)
    assert math.isnan(risen[0])
    # A missing score is not kept, and has no change.
    assert math.isnan(crowd(state, ROW, np.array([math.nan]), START_MS + 8 * HOUR_MS)[0])
    assert crowd(state, ROW, np.array([90.0]), START_MS + 8 * HOUR_MS)[0] == pytest.approx(2.0)


def test_a_clock_that_is_set_back_forgets_nothing() -> None:
    state = AssetPast(1)
    for half_hours, score in ((0, 80.0), (1, 82.0), (2, 85.0)):
        crowd(state, ROW, np.array([score]), START_MS + half_hours * 30 * MINUTE_MS)
    assert crowd(state, ROW, np.array([86.0]), START_MS)[0] == pytest.approx(6.0)
