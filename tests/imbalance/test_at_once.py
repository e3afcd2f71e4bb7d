"""Hundreds of settlements in one instant, listed dollars, and a venue's own exponential average."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.rates import Money, averaging_constant_h, contract_numbers
from fundtui.imbalance.settling import SETTLED_AT_ONCE
from fundtui.market import Averaging, Family, FundingRule
from fundtui.venues.paradex import RULE as PARADEX
from tests.imbalance.builders import HOUR_MS, START_MS, batch, contract, quote

MANY = 3 * SETTLED_AT_ONCE


def test_what_settles_in_one_instant_is_taken_over_a_few_polls_and_nothing_is_lost() -> None:
    calculator = Calculator()
    things = [contract("a", f"X{number}", interval_h=1.0, rate_period_h=1.0) for number in range(MANY)]
    calculator.set_cadence("a", 15.0)

    def poll(at_ms: int, settled: float) -> int:
        quotes = [quote(one, at_ms, 1e-4, settled_rate=settled + 1e-9 * place) for place, one in enumerate(things)]
        calculator.apply(batch("a", at_ms, *quotes), at_ms)
        known = calculator.instruments.columns["settlements"][:MANY]
        return int(np.nansum(known))

    assert poll(START_MS + HOUR_MS - 15_000, 1e-5) == 0
    taken = [poll(START_MS + HOUR_MS + 15_000 * number, 2e-5) for number in range(5)]
    # The first poll of the hour has the minute's sample to take, the three after it have not.
    assert taken == [0, SETTLED_AT_ONCE, 2 * SETTLED_AT_ONCE, MANY, MANY]
    paid = calculator._instruments.settling.own.realised.total[:MANY, 0]
    np.testing.assert_allclose(paid, 2e-5 + 1e-9 * np.arange(MANY), rtol=1e-6)


def test_a_venue_that_is_asked_once_a_minute_settles_with_the_sample() -> None:
    calculator = Calculator()
    things = [contract("a", f"X{number}", interval_h=1.0, rate_period_h=1.0) for number in range(MANY)]
    calculator.set_cadence("a", 60.0)
    for minute, settled in ((-1, 1e-5), (0, 2e-5), (1, 2e-5)):
        at_ms = START_MS + HOUR_MS + 60_000 * minute
        quotes = [quote(one, at_ms, 1e-4, settled_rate=settled) for one in things]
        calculator.apply(batch("a", at_ms, *quotes), at_ms)
    assert np.nansum(calculator.instruments.columns["settlements"][:MANY]) == 2 * max(SETTLED_AT_ONCE, MANY // 2)


def test_dollars_that_are_listed_against_the_dollar_are_taken_at_their_own_price() -> None:
    calculator = Calculator()
    for venue, price in (("a", 0.997), ("b", 0.995)):
        coin = contract(venue, "USDT", quote="USD", symbol="USDTUSD")
        other = contract(venue, "BTC")
        calculator.apply(
            batch(venue, START_MS, quote(coin, START_MS, mark=price, index=price), quote(other, START_MS)), START_MS
        )
    calculator.tick(START_MS)
    usd, assumed = calculator.quote_parity("USDT")
    assert usd == pytest.approx(0.996)
    assert not assumed


def test_one_venue_alone_does_not_make_a_parity() -> None:
    calculator = Calculator()
    coin = contract("a", "USDT", quote="USD", symbol="USDTUSD")
    calculator.apply(batch("a", START_MS, quote(coin, START_MS, mark=0.99, index=0.99)), START_MS)
    calculator.tick(START_MS)
    assert calculator.quote_parity("USDT") == (1.0, True)


def test_the_time_constant_of_an_exponential_average_follows_from_the_half_life_that_a_rule_states() -> None:
    # Venue sheet paradex: half-life of 30 minutes.
    assert averaging_constant_h(PARADEX) == pytest.approx(0.5 / math.log(2.0))
    silent = FundingRule(family=Family.FRACTION, share=1 / 24, averaging=Averaging.EWMA)
    numbers, _ = contract_numbers(contract("a", rule=silent), Money())
    assert numbers.averaging_h == 1.0


def test_fifteen_thousand_instruments_fit_into_sixty_megabytes() -> None:
    """Rows come by the 1,024; a third each pays every 1, 4 and 8 hours: 724, 184 and 94 settlements of six bytes."""
    calculator = Calculator(capacity=1024)
    rows, ring = 15 * 1024, 15_000 / 3 * (724 + 184 + 94) * 6
    assert rows * calculator.state_bytes / 1024 + ring <= 60e6


def test_the_hourly_figures_are_taken_when_the_settlements_are_done_with() -> None:
    calculator = Calculator()
    one = contract("a")
    counted = []
    for minute in range(-3, 6):
        at_ms = START_MS + HOUR_MS + 60_000 * minute
        calculator.apply(batch("a", at_ms, quote(one, at_ms)), at_ms)
        counted.append(int(calculator._instruments.pressing.oi.count[0]))
    # One at the start, the hour's four minutes after it began.
    assert counted == [1, 1, 1, 1, 1, 1, 1, 2, 2]
