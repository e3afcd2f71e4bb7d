"""Figures that a screen shows of the state behind them: sides, how an average began, what a settlement brought."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.explain import explain
from fundtui.imbalance.ladder import FlowKind
from fundtui.market import NAN, Averaging, Family, FundingRule, Instrument, Note, PremiumSamples, Settlement, Status
from tests.imbalance.builders import HOUR_MS, START_MS, batch, contract, quote

MINUTE_MS = 60_000
DAY_MS = 24 * HOUR_MS

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


def label(calculator: Calculator, key: str, row: int = 0) -> str:
    return calculator.instruments.text(key, row)


def watch(
    calculator: Calculator, at_ms: int, rate: float = 1e-4, what: Instrument | None = None, **seen: float
) -> None:
    one = what or contract("a")
    calculator.apply(batch(one.venue, at_ms, quote(one, at_ms, rate, **seen)), at_ms)


def test_how_the_average_began_is_told() -> None:
    calculator = Calculator()
    calculator.set_cadence("a", 60.0)
    # 1 bp is what every premium inside the dead band gives: there is nothing to invert.
    watch(calculator, START_MS + HOUR_MS, 1e-4)
    assert label(calculator, "average_start") == "partial"
    times = tuple(START_MS + minute * MINUTE_MS for minute in range(61))
    seen = batch("a", START_MS + 61 * MINUTE_MS, quote(contract("a"), START_MS + 61 * MINUTE_MS, 1e-4))
    told = PremiumSamples("BTCUSDT", times, (9e-4,) * 61)
    calculator.apply(replace(seen, premiums=(told,)), seen.observed_ms)
    assert label(calculator, "average_start") == "back-filled"
    for minute in range(62, 8 * 60 + 2):
        watch(calculator, START_MS + minute * MINUTE_MS, 1e-4)
    assert label(calculator, "average_start") == "whole"
    # 7 bp lies outside it: the average so far was 12 bp.
    other = Calculator()
    watch(other, START_MS + HOUR_MS, 7e-4)
    assert label(other, "average_start") == "inverted"
    assert figure(other, "premium_average") == pytest.approx(12e-4)
    words = explain(other, Level.INSTRUMENT, 0, "premium_average", START_MS + HOUR_MS).substituted
    assert words.endswith("began inverted")


def test_movement_before_a_settlement_is_told_for_each_measure_and_phase() -> None:
    """Twelve midnights with a usual movement, then one where thrice as much leaves; the mornings know nothing yet."""
    calculator = Calculator()
    calculator.set_cadence("a", 60.0)
    seen = contract("a", interval_h=24.0, rate_period_h=24.0)

    def night(day: int, leaves: float, premium: float) -> None:
        midnight = START_MS // DAY_MS * DAY_MS + (day + 1) * DAY_MS
        for minute in range(-31, 5):
            gone = leaves * min(max(minute + 30, 0), 30) / 30
            at_ms = midnight + minute * MINUTE_MS
            oi, volume = 1e6 * (1 - gone), 5e6 + 1e4 * (1 + day % 3) * max(minute + 30, 0)
            watch(calculator, at_ms, 9e-4, seen, oi_base=oi, volume_usd=volume, premium=3e-4 + premium * gone)
            if minute == -1:
                found.append({key: figure(calculator, key) for key in keys})

    keys = ("flow_z", "flow_premium_z", "flow_volume_z", "flow_seen")
    found: list[dict[str, float]] = []
    for day in range(12):
        night(day, 0.010 + 0.002 * (day % 2), 0.01 + 0.002 * (day % 3))
    assert math.isnan(found[5]["flow_z"])
    assert found[5]["flow_seen"] == 5
    night(12, 0.05, -0.01)
    last = found[-1]
    assert last["flow_seen"] == 12
    assert last["flow_z"] < -3
    assert last["flow_premium_z"] < -3
    assert abs(last["flow_volume_z"]) < 3
    eight = contract("a")
    watch(calculator, START_MS // DAY_MS * DAY_MS + 14 * DAY_MS + HOUR_MS, 9e-4, eight)
    assert figure(calculator, "flow_seen") == 0


def test_a_hole_in_the_settlements_is_told_beside_their_average() -> None:
    calculator = Calculator()
    watch(calculator, START_MS + MINUTE_MS)
    records = [
        Settlement(venue="a", symbol="BTCUSDT", time_ms=START_MS - k * 8 * HOUR_MS, rate=1e-4, interval_h=8.0)
        for k in range(95)
    ]
    calculator.settle([one for k, one in enumerate(records) if not 30 <= k < 39], START_MS + MINUTE_MS)
    # Ninety are due in thirty days, nine of them were not seen.
    assert figure(calculator, "paid_seen") == pytest.approx(0.9)
    assert figure(calculator, "realised_30d") == pytest.approx(81e-4 / 720, rel=1e-5)


def test_a_quote_currency_is_told_in_dollars_or_as_assumed() -> None:
    calculator = Calculator()
    for venue in ("a", "b"):
        quotes = []
        for number in range(8):
            for money, price in (("USD", 100.0), ("USDT", 100.2)):
                one = contract(venue, f"X{number}", symbol=f"X{number}{money}", quote=money)
                quotes.append(quote(one, START_MS, index=price, mark=price))
        quotes.append(quote(contract(venue, "X0", symbol="X0USDE", quote="USDE"), START_MS))
        calculator.apply(batch(venue, START_MS, *quotes), START_MS)
    calculator.tick(START_MS + 1000)
    worth = {key.split()[1]: figure(calculator, "quote_usd", row) for key, row in calculator.instruments.index.items()}
    assert worth["X0USD"] == 1.0
    assert worth["X0USDT"] == pytest.approx(100.0 / 100.2)
    assert math.isnan(worth["X0USDE"])


@pytest.mark.parametrize(("hours_left", "gap", "told"), [(40, 0.02, True), (40, 0.0011, False), (90, 0.02, False)])
def test_a_dated_basis_that_stays_open_near_expiry_is_doubtful(hours_left: int, gap: float, told: bool) -> None:
    calculator = Calculator()
    calculator.set_cadence("a", 3600.0)
    end_ms = START_MS + 60 * HOUR_MS
    dated = contract(
        "a", status=Status.DATED, interval_h=NAN, rate_period_h=NAN, expiry_ms=end_ms + hours_left * HOUR_MS
    )
    for hour in range(60):
        basis = 0.001 + 0.0002 * (-1) ** hour
        watch(calculator, START_MS + hour * HOUR_MS + 5 * MINUTE_MS, NAN, dated, mark=100 * (1 + basis), index=100.0)
    watch(calculator, end_ms, NAN, dated, mark=100 * (1 + gap), index=100.0)
    assert ("basis open near expiry" in label(calculator, "doubts")) is told


@pytest.mark.parametrize(("fixed", "first_bp"), [(True, 2.6), (False, 7.0)])
def test_a_rate_that_proved_locked_is_what_the_next_settlement_pays(fixed: bool, first_bp: float) -> None:
    """Its premium of 12 bp would give 7 bp; a venue that always paid what it said will pay what it says."""
    calculator = Calculator()
    for name in ("a", "b"):
        calculator.set_cadence(name, 1800.0)
    for step in range(6 * 16 + 8):
        at_ms = START_MS + step * 30 * MINUTE_MS + MINUTE_MS
        interval = step // 16
        told = (2 + 0.1 * interval) * 1e-4
        paid = (2 + 0.1 * (interval - 1)) * 1e-4 if fixed else 7e-4
        watch(calculator, at_ms, told, premium=12e-4, settled_rate=paid)
        watch(calculator, at_ms, -1e-4, contract("b"), premium=NAN, mark=100.0)
    calculator.tick(at_ms)
    assert label(calculator, "locked") == ("locked" if fixed else "")
    legs = calculator.ladder(calculator.pairs.index["BTC perp-perp"], at_ms)
    assert next(rung.flow for rung in legs if rung.kind is FlowKind.SHORT) * 1e4 == pytest.approx(first_bp, rel=1e-3)
