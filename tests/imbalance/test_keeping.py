"""State of an earlier run, handed over instrument by instrument as the venues answer."""

from __future__ import annotations

import math

from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.keeping import Saved
from tests.imbalance.builders import START_MS
from tests.imbalance.test_lanes import MINUTE_MS, poll, settlement

VENUES = tuple("abcdefg")


def learnt() -> Calculator:
    calculator = Calculator()
    for place, venue in enumerate(VENUES):
        calculator.set_cadence(venue, 60.0)
        for minute in range(30):
            poll(calculator, START_MS + minute * MINUTE_MS, 1e-4 * (place + 1), venue=venue, premium=12e-4)
        calculator.settle([settlement(k - 40, 1e-4 * math.cos(k + place), venue) for k in range(40 + place)], START_MS)
    return calculator


def handed_over(calculator: Calculator) -> Saved:
    saved = calculator._instruments.saved
    assert saved is not None
    return saved


def test_what_was_handed_over_is_let_go_of_and_the_rest_is_still_there() -> None:
    before, after = learnt(), Calculator()
    after.import_state(before.export_state())
    saved = handed_over(after)
    held = [saved.nbytes]
    # From the last to the first, so that what is left has to move.
    for venue in reversed(VENUES):
        after.set_cadence(venue, 60.0)
        poll(after, START_MS + 30 * MINUTE_MS, 7e-4, venue=venue, premium=12e-4)
        held.append(saved.nbytes)
    for venue in VENUES:
        poll(before, START_MS + 30 * MINUTE_MS, 7e-4, venue=venue, premium=12e-4)
    assert held[-1] == 0
    assert held[4] < held[0] / 1.5

    went_on, taken_over = before.export_state(), after.export_state()
    of = {name: list(arrays["instruments"]) for name, arrays in (("before", went_on), ("after", taken_over))}
    order = [of["after"].index(name) for name in of["before"]]
    compared = []
    for name, column in went_on.items():
        # Where a row's ring begins in the pool is its own run's business.
        if len(column) == len(VENUES) and not name.endswith(".start") and name != "instruments":
            compared.append(name)
            assert column.tobytes() == taken_over[name][order].tobytes(), name
    assert len(compared) > 50


def test_an_instrument_that_comes_back_last_finds_its_settled_rates() -> None:
    before, after = learnt(), Calculator()
    after.import_state(before.export_state())
    for venue in (*VENUES[1:], VENUES[0]):
        poll(after, START_MS + 30 * MINUTE_MS, 7e-4, venue=venue, premium=12e-4)
    poll(before, START_MS + 30 * MINUTE_MS, 7e-4, venue=VENUES[0], premium=12e-4)
    for key in ("realised_1d", "realised_7d", "settlements", "own_z"):
        values = [
            float(one.instruments.columns[key][one.instruments.index[f"{VENUES[0]} BTCUSDT"]])
            for one in (before, after)
        ]
        assert values[0] == values[1], key
        assert not math.isnan(values[0]), key
