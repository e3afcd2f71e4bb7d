"""Figures that a screen shows of the state behind them: sides, how an average began, what a settlement brought."""

from __future__ import annotations

import math

import pytest

from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.explain import explain
from fundtui.market import NAN, Averaging, Family, FundingRule, Note
from tests.imbalance.builders import START_MS, batch, contract, quote

POOL = FundingRule(family=Family.OI_SKEW, averaging=Averaging.NONE, source="pool")


def figure(calculator: Calculator, key: str, row: int = 0) -> float:
    return float(calculator.instruments.columns[key][row])


def test_the_skew_of_open_interest_is_shown_where_a_venue_tells_its_sides() -> None:
    calculator = Calculator()
    pool = contract("pool", continuous=True, interval_h=NAN, rate_period_h=1.0, rule=POOL, notes=(Note.TWO_RATES,))
    calculator.apply(batch("pool", START_MS, quote(pool, START_MS, 1e-5, oi_skew=1 / 3)), START_MS)
    calculator.apply(batch("book", START_MS, quote(contract("book"), START_MS)), START_MS)
    assert figure(calculator, "oi_skew") == pytest.approx(1 / 3)
    assert math.isnan(figure(calculator, "oi_skew", 1)), "a book has as many longs as shorts"
    # Its formula is not published, so nothing is held against it, and it stays in the comparison.
    assert math.isnan(figure(calculator, "divergence"))
    assert calculator.reasons(0) == ()
    assert "how unequal the sides are" in explain(calculator, Level.INSTRUMENT, 0, "theory", START_MS).substituted
