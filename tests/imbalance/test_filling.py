"""The running average begun with the venue's own premium samples, and samples that are not to be trusted."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fundtui.imbalance.calculator import Calculator, Changes
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.explain import explain
from fundtui.imbalance.filling import Filled
from fundtui.market import NAN, Averaging, Family, FundingRule, Instrument, PremiumSamples

from .builders import HOUR_MS, START_MS, batch, contract, quote

MINUTE_MS = 60_000
UNIFORM = FundingRule(family=Family.NORMALISED, interest_8h=1e-4, damper=5e-4, averaging=Averaging.UNIFORM)


def samples(first: int, last: int, premium: Any = 12e-4, symbol: str = "BTCUSDT") -> PremiumSamples:
    """One sample at the end of each of these minutes; `premium` may be a function of the minute."""
    minutes = range(first, last + 1)
    values = [premium(minute) if callable(premium) else premium for minute in minutes]
    return PremiumSamples(symbol, tuple(START_MS + minute * MINUTE_MS for minute in minutes), tuple(values))


def watch(
    calculator: Calculator,
    minute: float,
    *told: PremiumSamples,
    rate: float = 1e-4,
    what: Instrument | None = None,
    **seen: float,
) -> Changes:
    """A poll that many minutes after the interval began, with samples that came with it."""
    at_ms = START_MS + round(minute * MINUTE_MS)
    one = what or contract("a")
    seen = {"premium": 12e-4} | seen
    return calculator.apply(replace(batch(one.venue, at_ms, quote(one, at_ms, rate, **seen)), premiums=told), at_ms)


def begun(what: Instrument | None = None) -> Calculator:
    """Four hours into the interval, polled each half minute; one poll so far."""
    calculator = Calculator()
    calculator.set_cadence("a", 30.0)
    watch(calculator, 240, what=what)
    return calculator


def figure(calculator: Calculator, key: str) -> float:
    return float(calculator.instruments.columns[key][0])


def start(calculator: Calculator) -> str:
    return calculator.instruments.text("average_start", 0)


def test_an_interval_begun_late_is_covered_whole() -> None:
    calculator = begun()
    assert figure(calculator, "coverage") == 0.0
    assert start(calculator) == "partial"
    # Premiums from 8 bp at the start to 12 bp now: 8 + m/60 bp at minute m.
    changes = watch(calculator, 240.5, samples(0, 240, lambda minute: 8e-4 + minute / 60 * 1e-4), rate=7e-4)
    assert changes.filled == {Filled.TAKEN: 1}
    assert figure(calculator, "coverage") == pytest.approx(1.0, abs=1e-12)
    # ∫τP/∫τ over x hours of P = 8 + τ bp is 8 + 2x/3, then half a minute at 12 bp: at 4 h, 10.667 bp.
    hours, last = 4.0, 240.5 / 60
    level = (8 * hours**2 / 2 + hours**3 / 3 + 12 * (last**2 - hours**2) / 2) / (last**2 / 2)
    assert figure(calculator, "premium_average") == pytest.approx(level * 1e-4, rel=1e-12)
    assert start(calculator) == "back-filled"
    told = explain(calculator, Level.INSTRUMENT, 0, "premium_average", START_MS + 4 * HOUR_MS).substituted
    assert "began back-filled" in told
    assert "100" in told


def test_the_figures_of_the_poll_that_brings_them_are_those_of_the_filled_average() -> None:
    calculator = begun()
    changes = watch(calculator, 240.5, samples(0, 240), rate=7e-4)
    assert 0 in changes.instruments.tolist()
    # 12 bp throughout: 12 - 5 = 7 bp, what is published.
    assert figure(calculator, "divergence") == pytest.approx(0.0, abs=1e-12)
    shown = {key: figure(calculator, key) for key in ("premium_average", "theory", "band_lo", "band_hi", "coverage")}
    calculator.recompute(START_MS + round(240.5 * MINUTE_MS))
    assert shown == {key: figure(calculator, key) for key in shown}


def test_polls_go_on_from_the_samples() -> None:
    """A uniform average: four hours at 6 bp, then four hours of polls at 12 bp, is 9 bp."""
    what = contract("a", rule=UNIFORM)
    calculator = begun(what)
    # The premium jumps with the poll that brings the samples; the last minute of them is at 12 bp already.
    watch(calculator, 240.5, samples(0, 240, lambda minute: 6e-4 if minute < 240 else 12e-4), what=what)
    for half in range(482, 960):
        watch(calculator, half / 2, what=what)
    # The jump is a straight line over minute 239 to 240, half of which counts as 12 bp.
    expected = (6 * 239.5 + 12 * (479.5 - 239.5)) / 479.5
    assert figure(calculator, "premium_average") == pytest.approx(expected * 1e-4, rel=1e-9)
    watch(calculator, 480.5, what=what)
    assert start(calculator) == "whole"


@pytest.mark.parametrize(
    ("told", "now", "reason"),
    [
        # Percent where decimals are meant: 12 bp become 12 %.
        (samples(0, 240, 0.12), 12e-4, Filled.IMPLAUSIBLE),
        # And where the newest one is nothing by chance, by all of them: 5 bp become 5 %.
        (samples(0, 240, lambda minute: 0.05 if minute < 240 else 0.0), 0.0, Filled.IMPLAUSIBLE),
        # Decimals of decimals: 60 bp become 0.6 bp.
        (samples(0, 240, 0.6e-4), 60e-4, Filled.IMPLAUSIBLE),
        # Basis points: 12 bp are told as 12.
        (samples(0, 240, 12.0), 12e-4, Filled.IMPLAUSIBLE),
        (samples(0, 240), NAN, Filled.NOTHING_NOW),
        (samples(-300, -1), 12e-4, Filled.NO_SAMPLES),
        (samples(241, 300), 12e-4, Filled.NO_SAMPLES),
        (PremiumSamples("BTCUSDT", (), ()), 12e-4, Filled.NO_SAMPLES),
        (samples(0, 200), 12e-4, Filled.TOO_OLD),
        (samples(0, 240, symbol="ETHUSDT"), 12e-4, Filled.NOT_RUNNING),
    ],
)
def test_samples_that_do_not_fit_change_nothing_and_say_why(told: PremiumSamples, now: float, reason: Filled) -> None:
    calculator, without = begun(), begun()
    changes = watch(calculator, 240.5, told, premium=now, mark=100.0 if now != now else 100.03, index=NAN)
    watch(without, 240.5, premium=now, mark=100.0 if now != now else 100.03, index=NAN)
    assert changes.filled == {reason: 1}
    assert same_bits(calculator, without)


def test_a_contract_that_is_paid_all_the_time_has_no_interval_to_fill() -> None:
    rule = FundingRule(family=Family.CONTINUOUS, interest_8h=0.0, damper=2.5e-4, averaging=Averaging.NONE)
    what = contract("a", rule=rule)
    calculator = begun(what)
    assert watch(calculator, 240.5, samples(0, 240), what=what).filled == {Filled.NOT_RUNNING: 1}


def test_samples_that_cover_less_than_was_seen_are_not_taken() -> None:
    calculator = Calculator()
    calculator.set_cadence("a", 30.0)
    for half in range(2, 482):
        watch(calculator, half / 2, premium=10e-4)
    before = figure(calculator, "premium_average")
    changes = watch(calculator, 241, samples(120, 240), premium=10e-4)
    assert changes.filled == {Filled.NO_GAIN: 1}
    assert figure(calculator, "premium_average") == pytest.approx(before, rel=1e-12)


def test_a_hole_is_filled_as_well() -> None:
    calculator = Calculator()
    calculator.set_cadence("a", 30.0)
    for half in [*range(1, 60), *range(420, 480)]:
        watch(calculator, half / 2)
    assert figure(calculator, "coverage") < 0.3
    assert watch(calculator, 240, samples(0, 239)).filled == {Filled.TAKEN: 1}
    assert figure(calculator, "coverage") == pytest.approx(1.0, abs=1e-12)


def test_a_poll_that_is_taken_twice_gives_the_same() -> None:
    """As a start does with the last poll before a snapshot."""
    once, twice = begun(), begun()
    for calculator, times in ((once, 1), (twice, 2)):
        for _ in range(times):
            watch(calculator, 240.5, samples(0, 240, lambda minute: 8e-4 + minute * 1e-6))
    assert same_bits(once, twice)


def test_an_older_poll_that_is_taken_again_later_fills_nothing() -> None:
    """Its samples end before what the state holds by then: taking them would drop what was polled since."""
    calculator = begun()
    for half in range(481, 500):
        watch(calculator, half / 2)
    other = Calculator()
    other.set_cadence("a", 30.0)
    other.import_state(calculator.export_state())
    # The first batch after a restart, of a time before the state's last sample.
    assert watch(other, 245, samples(0, 244)).filled == {Filled.NOTHING_NOW: 1}


def test_what_was_filled_outlives_a_restart() -> None:
    calculator = begun()
    watch(calculator, 240.5, samples(0, 240))
    other = Calculator()
    other.set_cadence("a", 30.0)
    other.import_state(calculator.export_state())
    watch(other, 241)
    watch(calculator, 241)
    assert figure(other, "coverage") == pytest.approx(1.0, abs=1e-12)
    assert start(other) == "back-filled"
    assert figure(other, "premium_average") == figure(calculator, "premium_average")


def test_the_distance_of_the_mark_is_not_learnt_from_the_venues_own_samples() -> None:
    """Only mark and index are polled; the average is exact, so it tells nothing of the half-spread."""
    calculator = Calculator()
    calculator.set_cadence("a", 60.0)

    def polled(minute: int, *told: PremiumSamples) -> None:
        watch(calculator, minute, *told, rate=7e-4, premium=NAN, mark=100.125, index=100.0)

    polled(240)
    polled(241, samples(0, 240))
    assert start(calculator) == "back-filled"
    delta = calculator.export_state()["formula.half_spread.updates"].tolist()
    for minute in range(242, 300):
        polled(minute)
    assert calculator.export_state()["formula.half_spread.updates"].tolist() == delta == [0]


def same_bits(one: Calculator, other: Calculator) -> bool:
    """Whether two calculators show and hold the same."""
    here, there = one.export_state(), other.export_state()
    return here.keys() == there.keys() and all(
        np.array_equal(here[name], there[name], equal_nan=here[name].dtype.kind == "f") for name in here
    )


premiums = st.floats(-15e-4, 15e-4)


@settings(max_examples=40, deadline=None)
@given(
    polls=st.lists(st.tuples(st.integers(1, 900), premiums), min_size=1, max_size=25),
    fills=st.lists(st.tuples(st.integers(0, 24), st.integers(0, 100), premiums), max_size=4),
)
def test_incremental_is_recomputation_whenever_samples_come(
    polls: list[tuple[int, float]], fills: list[tuple[int, int, float]]
) -> None:
    """Polls in any order and with any holes, samples with any of them: figures stay in range and are those of the
    state alone."""
    calculator = Calculator()
    calculator.set_cadence("a", 30.0)
    for place, (half, premium) in enumerate(polls):
        told = [
            samples(first, half // 2, lambda minute, level=level: level + minute * 1e-7)
            for at, first, level in fills
            if at == place
        ]
        watch(calculator, half / 2, *told, premium=premium)
        keys = ("premium_average", "coverage", "theory", "band_lo", "band_hi", "divergence", "projected")
        shown = [figure(calculator, key) for key in keys]
        calculator.recompute(START_MS + half * MINUTE_MS // 2)
        assert np.array_equal(shown, [figure(calculator, key) for key in keys], equal_nan=True)
        coverage, average = shown[1], shown[0]
        assert math.isnan(coverage) or 0.0 <= coverage <= 1.0
        assert math.isnan(average) or abs(average) <= 16e-4 + 1e-4


def test_a_contract_that_comes_from_a_record_continues_the_average() -> None:
    """Its rule is another object with the same gaps: not a number in both is no change of formula."""
    calculator = begun()
    watch(calculator, 240.5, samples(0, 240))
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(contract("a"), enc_hook=str), type=Instrument)
    # An encoded NaN comes back as a new object, as it does from the record.
    again = replace(again, floor=-0.02, rule=replace(again.rule, cap=float("nan"), averaging_half_life_h=float("nan")))
    watch(calculator, 241, what=again)
    assert start(calculator) == "back-filled"
    watch(calculator, 241.5, what=replace(again, rule=replace(again.rule, damper=1e-4)))
    assert start(calculator) == "partial"
