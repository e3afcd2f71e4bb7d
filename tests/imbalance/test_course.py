"""What is remembered of an asset that is looked at, the theory behind recorded premiums, and a size's conditions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.conditions import Wanted, conditions, daily_volatility
from fundtui.imbalance.course import MOST_ASSETS, Course, Formula, Recent, paid_otherwise, settled, theory_of
from fundtui.imbalance.table import Table
from fundtui.imbalance.theory import Kernel
from fundtui.market import Averaging, Settlement

HOUR_MS = 3_600_000
NOTHING = np.empty(0)
# Interest 1 bp and damper 5 bp per 8 h, caps of 2 %.
KERNEL = Kernel(1.0, 1e-4, 5e-4, 0.0, -0.02, 0.02, 8.0)


def formula(
    averaging: Averaging, interval_h: float = 8.0, next_h: float = 16.0, averaging_h: float = math.nan
) -> Formula:
    return Formula(KERNEL, averaging, interval_h, next_h * HOUR_MS, averaging_h)


def test_theory_is_the_kernel_at_the_average_since_the_interval_began() -> None:
    times = np.array([1, 2, 3, 9], np.int64) * HOUR_MS
    premium = np.array([10e-4, 20e-4, math.nan, 30e-4])
    found = theory_of(times, premium, formula(Averaging.UNIFORM), HOUR_MS)
    # Averages 10, 15, 15 bp, and 30 in the next interval; each less the damper of 5 bp, over eight hours.
    assert found * 8 == pytest.approx([5e-4, 10e-4, 10e-4, 25e-4])
    weighed = theory_of(times, premium, formula(Averaging.LINEAR), HOUR_MS)
    # (1 x 10 + 2 x 20) / 3 = 16.7 bp.
    assert weighed[1] * 8 == pytest.approx(50e-4 / 3 - 5e-4, rel=1e-6)
    assert np.isnan(theory_of(times, premium, formula(Averaging.UNIFORM, math.nan), HOUR_MS)).all()
    # Of one hour, two hours and three hours five, ten and ten minutes were seen: less than a fifth.
    assert np.isnan(theory_of(times, premium, formula(Averaging.UNIFORM), 300_000)).all()


def test_an_exponential_average_approaches_a_jump_as_its_time_constant_says() -> None:
    minutes = np.arange(0, 601, 5)
    times, premium = minutes * 60_000, np.where(minutes < 300, 10e-4, 30e-4)
    found = theory_of(times, premium, formula(Averaging.EWMA, averaging_h=1.0), 300_000) * 8
    # A fifth of the weights is seen after -ln 0.8 hours, 13.4 minutes.
    assert np.isnan(found[:3]).all()
    assert found[3:60] == pytest.approx(np.full(57, 5e-4))
    # The jump lies on the line from minute 295 to 300: on average at 297.5, to a thousandth of its size.
    since, seen = np.exp(-(minutes[61:] - 297.5) / 60), np.exp(-minutes[61:] / 60)
    # Of the weights that were seen, 1 - seen, those older than the jump are of 10 bp.
    assert found[61:] == pytest.approx(30e-4 - 20e-4 * (since - seen) / (1 - seen) - 5e-4, abs=20e-7)


def test_an_exponential_average_begins_anew_after_a_long_hole_and_is_not_made_of_too_little() -> None:
    minutes = np.concatenate((np.arange(0, 121, 5), np.arange(600, 661, 5)))
    times, premium = minutes * 60_000, np.where(minutes < 300, 10e-4, 30e-4)
    found = theory_of(times, premium, formula(Averaging.EWMA, averaging_h=0.75), 300_000) * 8
    # Eight hours are ten time constants: nothing is left, and nobody knows what was between.
    assert np.isnan(found[25])
    assert found[-1] == pytest.approx(25e-4, rel=1e-3)
    assert np.isnan(theory_of(times, premium, formula(Averaging.EWMA, averaging_h=0.25), 300_000)).all()
    assert np.isnan(theory_of(times, premium, formula(Averaging.EWMA), 300_000)).all()


def test_hours_that_were_paid_over_another_interval_are_found() -> None:
    paid = settled(
        Settlement(venue="a", symbol="b", time_ms=hour * HOUR_MS, rate=8e-4, interval_h=hours)
        for hour, hours in ((4, 4.0), (8, 4.0), (16, 8.0))
    )
    times = np.array([1, 4, 5, 8, 9, 16, 17], np.int64) * HOUR_MS
    assert paid_otherwise(times, paid, 8.0).tolist() == [True, True, True, True, False, False, False]
    assert not paid_otherwise(times, settled(()), 8.0).any()


def test_settlements_without_interval_have_no_hourly_rate() -> None:
    rows = [
        Settlement(venue="a", symbol="b", time_ms=16 * HOUR_MS, rate=8e-4, interval_h=8.0),
        Settlement(venue="a", symbol="b", time_ms=8 * HOUR_MS, rate=4e-4),
    ]
    found = settled(rows)
    assert found.time_ms.tolist() == [16 * HOUR_MS]
    assert found.from_ms.tolist() == [8 * HOUR_MS]
    assert found.hourly.tolist() == [1e-4]


def instruments(*names: str) -> Table:
    table = Table(Level.INSTRUMENT, CATALOGUE[Level.INSTRUMENT])
    for name in names:
        row = table.add(name)
        venue, symbol = name.split()
        table.columns["venue"][row] = table.code("venue", venue)
        table.columns["symbol"][row] = table.code("symbol", symbol)
    return table


def test_samples_are_taken_when_something_new_was_seen() -> None:
    table, recent = instruments("a X", "b X"), Recent()
    recent.follow("X", ["a X"])
    for seen_s, rate in ((0, 1.0), (0, 2.0), (10, 3.0), (20, 4.0)):
        table.columns["observed_ms"][:2] = seen_s * 1000
        table.columns["apr"][:2] = rate
        recent.sample(table)
    times, values = recent.of("X", "a X")
    # Once a poll, and not oftener than each fifteen seconds.
    assert times.tolist() == [0, 20_000]
    assert values[0].tolist() == [1.0, 4.0]
    assert not len(recent.of("X", "b X")[0])
    for number in range(MOST_ASSETS):
        recent.follow(f"other {number}", ["b X"])
    assert not len(recent.of("X", "a X")[0])


def pairs(**figures: float) -> Table:
    table = Table(Level.PAIR, CATALOGUE[Level.PAIR])
    row = table.add("X perp-perp")
    for key, text in (("short", "a"), ("short_symbol", "X"), ("long", "b"), ("long_symbol", "X")):
        table.columns[key][row] = table.code(key, text)
    for key, value in figures.items():
        table.columns[key][row] = value
    return table


def paid(venue: str, rates: list[float]) -> Course:
    times = np.arange(1, len(rates) + 1, dtype=np.int64) * 8 * HOUR_MS
    return Course(
        venue=venue, symbol="X", time_ms=np.empty(0, np.int64), hourly=NOTHING, theory=NOTHING, premium=NOTHING,
        oi_usd=NOTHING, settled_ms=times, settled_from_ms=times - 8 * HOUR_MS, settled_hourly=np.array(rates),
        settled_premium=NOTHING,
    )  # fmt: skip


def test_conditions_by_hand() -> None:
    table = instruments("a X", "b X")
    table.columns["mark"][:2] = 68_000.0
    table.columns["volume_usd"][:2] = (5e6, 4e6)
    table.columns["oi_usd"][:2] = (1e6, 2e6)
    table.columns["oi_cap_usd"][:2] = (1.5e6, math.nan)
    figures = pairs(
        entry_basis=5e-4, basis_stop=29e-4, sd=0.0, net_apr=0.08 / 8760.0, leverage=5.22, cost=12e-4, gross=-9e-4,
        capital=0.48, size_usd=3e4,
    )  # fmt: skip
    against = -0.06 / 8760.0
    courses = (paid("a", [0.0, against, against]), paid("b", [0.0, 0.0, 0.0]))
    wanted = Wanted(size_usd=1e5, equity_usd=1e6, leverage=5.0)
    found = conditions(figures, table, 0, wanted, courses)
    # §6 S6: the stop of 29 bp is three standard deviations of 8 bp from 5 bp; 52.14 weeks a year.
    noise = 8e-4 * math.sqrt(8760 / 168)
    assert found.volatility == pytest.approx(noise)
    limits = {limit.name: limit.usd for limit in found.limits}
    assert limits["volatility target"] == pytest.approx(1e6 * 0.10 / noise)
    # mu / sigma^2 is far beyond eight: a quarter of it is capped at twice the equity.
    assert limits["Kelly fraction"] == pytest.approx(2e6)
    assert limits["1 % of daily volume"] == pytest.approx(4e4)
    assert limits["2 % of open interest"] == pytest.approx(2e4)
    assert limits["room under the cap"] == pytest.approx(5e5)
    # §6 S3: 68,000 at 5x is liquidated at 81,194.03 and 54,673.37.
    assert [round(leg.liquidation_price, 2) for leg in found.legs] == [81_194.03, 54_673.37]
    assert [leg.venue for leg in found.legs] == ["a", "b"]
    # §6 S5: 5.22x belongs to 2.5 % a day.
    assert found.daily_volatility == pytest.approx(0.025, rel=2e-3)
    assert found.margin_usd == pytest.approx(4.8e4)
    # §6 S7: -9 bp is worse than leaving for 6 bp; and two settlements cost more than 5 % a year.
    assert found.leaves_by_expectation
    assert found.paid == pytest.approx((against, against))
    assert found.leaves_by_flip


def test_what_is_not_known_stays_unknown() -> None:
    found = conditions(
        pairs(cost=1e-3, gross=1e-3), instruments("a X", "b X"), 0, Wanted(size_usd=1.0, equity_usd=1.0, leverage=5.0)
    )
    assert all(math.isnan(limit.usd) for limit in found.limits)
    assert math.isnan(found.volatility)
    assert all(math.isnan(leg.touch) for leg in found.legs)
    assert not found.leaves_by_flip
    assert not found.leaves_by_expectation
    assert math.isnan(daily_volatility(125.0))
    assert math.isnan(daily_volatility(1.0))
