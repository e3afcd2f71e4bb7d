"""Pools pay the smaller side another rate than the larger side pays: carry counts what a leg itself pays or gets."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from fundtui.imbalance.calculator import Calculator
from fundtui.market import NAN, Family, FundingRule, Note, Quote, unknown_rule

from .builders import START_MS, batch, contract, quote

PLENTY = {"oi_usd": 5e9, "volume_usd": 2e10, "mark": 100.0, "index": 100.0}


def gross(rate: float, received: float, *, other: float = 0.0, notes: tuple[Note, ...] = (Note.TWO_RATES,)) -> float:
    """What the pair of pool `a` and venue `b` is expected to earn from funding, as a fraction."""
    calculator = Calculator(capacity=4)
    pool: Quote = replace(
        quote(contract("a", notes=notes, rule=FundingRule(family=Family.OI_SKEW)), START_MS, rate, **PLENTY),
        received_rate=received,
    )
    elsewhere = quote(contract("b", rule=unknown_rule("not published")), START_MS, other, **PLENTY)
    calculator.apply(batch("b", START_MS, elsewhere), START_MS)
    calculator.apply(batch("a", START_MS, pool), START_MS)
    calculator.tick(START_MS + 5000)
    row = calculator.pairs.index["BTC perp-perp"]
    return float(calculator.pairs.columns["gross"][row])


def test_a_short_gets_what_the_receiving_side_gets() -> None:
    """Longs pay 0.4 % and shorts, twice as many, get half of it: the first payment is 20 bp less."""
    whole, half = gross(40e-4, NAN), gross(40e-4, 20e-4)
    assert 0 < half < whole
    assert gross(40e-4, 40e-4) == pytest.approx(whole)


def test_a_long_gets_it_where_shorts_pay() -> None:
    assert 0 < gross(-40e-4, -10e-4) < gross(-40e-4, NAN)


def test_who_pays_pays_the_whole_rate() -> None:
    """Sold at 0.9 % elsewhere, bought in the pool where longs pay 0.4 %."""
    assert gross(40e-4, 10e-4, other=90e-4) == pytest.approx(gross(40e-4, NAN, other=90e-4))


def test_a_venue_with_one_rate_is_not_asked() -> None:
    assert gross(40e-4, 20e-4, notes=()) == pytest.approx(gross(40e-4, NAN))
