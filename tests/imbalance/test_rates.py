"""Quotes as arrays, reasons as bits, contracts as numbers."""

from __future__ import annotations

import math

import pytest

from fundtui.imbalance.rates import Money, contract_numbers, observations, reason_bits, reasons_of
from fundtui.imbalance.state import Observed
from fundtui.market import NAN, Family, FundingRule, Quote, RateKind, Reason, unknown_rule

from .builders import START_MS, contract


def test_every_field_of_a_quote_arrives_in_its_row() -> None:
    numbers = [1e-4, 101.0, 102.0, 103.0, 4e-4, 5.0, 6.0, 7.0, 8e-4, 9.0, 10.0, 11.0]
    first = Quote(contract("a"), START_MS, numbers[0], START_MS + 7, *numbers[1:])  # type: ignore[arg-type]
    second = Quote(contract("b"), START_MS + 1, reasons=(Reason.NO_RATE,))
    seen = observations((first, second))
    assert seen.observed_ms.tolist() == [START_MS, START_MS + 1]
    fields = (
        Observed.RATE, Observed.MARK, Observed.INDEX, Observed.LAST, Observed.PREMIUM, Observed.OI_BASE,
        Observed.OI_USD, Observed.VOLUME_USD, Observed.SETTLED_RATE, Observed.OI_CAP_USD, Observed.BID, Observed.ASK,
    )  # fmt: skip
    assert [seen.numbers[field, 0] for field in fields] == numbers
    assert seen.numbers[Observed.NEXT_FUNDING_MS, 0] == START_MS + 7
    assert all(math.isnan(value) for value in seen.numbers[:, 1])
    assert [reasons_of(bits) for bits in seen.reasons.tolist()] == [(), (Reason.NO_RATE,)]


@pytest.mark.parametrize("reason", list(Reason))
def test_each_reason_has_its_own_bit(reason: Reason) -> None:
    assert reasons_of(reason_bits((reason,))) == (reason,)
    assert reasons_of(reason_bits((reason, reason))) == (reason,)


def test_caps_and_interest_are_kept_per_hour() -> None:
    numbers, _ = contract_numbers(contract("a", interval_h=4.0, rate_period_h=4.0, cap=0.02, floor=-0.01), Money())
    assert numbers.cap_h == 0.005
    assert numbers.floor_h == -0.0025
    # Family A at four hours: half of 1 bp per four hours is 1 bp per eight.
    assert numbers.interest_h == pytest.approx(1e-4 / 8)


def test_a_rule_without_interest_has_none() -> None:
    numbers, _ = contract_numbers(contract("a", rule=FundingRule(family=Family.NO_INTEREST)), Money())
    assert numbers.interest_h == 0.0


def test_an_unknown_rule_is_given_the_conventional_interest_and_no_formula() -> None:
    numbers, kernel = contract_numbers(contract("a", rule=unknown_rule("not published"), cap=NAN, floor=NAN), Money())
    assert numbers.interest_h == pytest.approx(1e-4 / 8)
    assert math.isnan(float(kernel.share))
    assert math.isnan(numbers.cap_h)


def test_an_unknown_rule_keeps_the_interest_that_it_states() -> None:
    """Orderly's market in euros states an interest of zero; its formula is in no family."""
    numbers, kernel = contract_numbers(contract("a", rule=unknown_rule("slopes", interest_8h=0.0)), Money())
    assert numbers.interest_h == 0.0
    assert math.isnan(float(kernel.share))


def test_pools_pay_no_interest() -> None:
    """Methodology §2.5: funding between the sides of a pool depends on their sizes alone."""
    numbers, _ = contract_numbers(contract("a", rule=FundingRule(family=Family.OI_SKEW)), Money())
    assert numbers.interest_h == 0.0


ESTIMATES = {RateKind.PREDICTED: True, RateKind.RUNNING: True, RateKind.SETTLED: False, RateKind.LOCKED: False}


@pytest.mark.parametrize("kind", list(ESTIMATES))
def test_only_a_rate_for_the_running_interval_can_be_held_against_the_formula(kind: RateKind) -> None:
    numbers, _ = contract_numbers(contract("a", rate_kind=kind), Money())
    assert numbers.estimate is ESTIMATES[kind]
