"""Incremental figures equal a full recomputation, whatever comes in whichever order."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fundtui.imbalance.calculator import Calculator, CalculatorSettings
from fundtui.imbalance.metric import Unit
from fundtui.market import NAN, Batch, Reason

from .builders import START_MS, batch, contract, quote
from .looks import fed, panel, value


def state_bytes(calculator: Calculator) -> dict[str, bytes]:
    """All figures of both tables; a missing value has no sign."""
    found = {}
    for table in (calculator.assets, calculator.instruments):
        for key, column in table.columns.items():
            used = column[: table.count]
            found[f"{table.level} {key}"] = np.where(used == used, used, np.nan).tobytes()
    return found


VENUES = ("a", "b", "c")
ASSETS = tuple(f"X{number}" for number in range(5))
RATES = st.sampled_from([NAN, 0.0, 1e-4, -1e-4, 3.3e-4, -7.7e-4, 0.02, 0.3, 1.25e-5])
SIZES = st.sampled_from([NAN, 0.0, 1e5, 3.3e6, 7e8])
PRICES = st.sampled_from([100.0, 100.7, 99.1, 140.0, NAN])


@st.composite
def polls(draw: st.DrawFn) -> list[Batch]:
    """Polls of three venues at growing times; assets come and go, intervals and prices change."""
    batches = []
    at_ms = START_MS
    for _ in range(draw(st.integers(1, 12))):
        at_ms += draw(st.sampled_from([0, 1000, 15_000, 60_000, 3_600_000, 9 * 3_600_000]))
        venue = draw(st.sampled_from(VENUES))
        listed = draw(st.lists(st.sampled_from(ASSETS), min_size=1, max_size=5, unique=True))
        quotes = []
        for name in listed:
            hours = draw(st.sampled_from([1.0, 8.0, NAN]))
            what = contract(venue, name, interval_h=hours, rate_period_h=hours)
            rate, index = draw(RATES), draw(PRICES)
            quotes.append(
                quote(
                    what,
                    at_ms,
                    rate,
                    index=index,
                    mark=index * 1.0007,
                    premium=draw(st.sampled_from([NAN, 2e-4, -9e-4])),
                    oi_usd=draw(SIZES),
                    volume_usd=draw(SIZES),
                    oi_base=draw(SIZES),
                    settled_rate=draw(RATES),
                    oi_cap_usd=draw(st.sampled_from([NAN, 1e6])),
                    reasons=what.excluded or ((Reason.NO_RATE,) if math.isnan(rate) else ()),
                )
            )
        batches.append(batch(venue, at_ms, *quotes))
    return batches


class TestIncremental:
    @settings(max_examples=120, deadline=None)
    @given(polls(), st.integers(0, 2**12), st.sampled_from([0, 45_000, 400_000]))
    def test_any_sequence_equals_full_recomputation_bit_for_bit(
        self, batches: list[Batch], lost: int, silence_ms: int
    ) -> None:
        calculator = Calculator(CalculatorSettings(trend_points=3), capacity=4)
        now_ms = START_MS
        for place, each in enumerate(batches):
            if lost >> place & 1:
                continue
            now_ms = each.observed_ms
            calculator.apply(each, now_ms)
            calculator.tick(now_ms)
        calculator.tick(now_ms + silence_ms)
        incremental = state_bytes(calculator)
        calculator.recompute(now_ms + silence_ms)
        again = state_bytes(calculator)
        assert [key for key in incremental if incremental[key] != again[key]] == []

    @settings(max_examples=60, deadline=None)
    @given(polls())
    def test_figures_are_missing_or_within_their_ranges(self, batches: list[Batch]) -> None:
        calculator = Calculator(CalculatorSettings(trend_points=3), capacity=4)
        for each in batches:
            calculator.apply(each, each.observed_ms)
        calculator.tick(batches[-1].observed_ms)
        for table in calculator.tables.values():
            for key, column in table.columns.items():
                known = column[: table.count][column[: table.count] == column[: table.count]]
                assert np.isfinite(known).all(), key
                if key in ("z", "own_z", "basis_z", "flow_z"):
                    assert (np.abs(known) <= 20).all(), key
                if key in ("coverage", "weight", "disagreement", "gini", "hhi", "percentile", "freshness", "touch"):
                    assert ((known >= 0) & (known <= 1 + 1e-12)).all(), key
                if key == "crowding":
                    assert (np.abs(known) <= 100).all()

    @settings(max_examples=40, deadline=None)
    @given(polls(), st.randoms(use_true_random=False))
    def test_the_order_in_which_venues_answer_does_not_matter(self, batches: list[Batch], order: Any) -> None:
        last = list({each.venue: each for each in batches}.values())
        now_ms = max(each.observed_ms for each in last)
        shuffled = last.copy()
        order.shuffle(shuffled)
        first, second = Calculator(), Calculator()
        for calculator, sequence in ((first, last), (second, shuffled)):
            for each in sequence:
                calculator.set_cadence(each.venue, 1e6)
                calculator.apply(each, now_ms)
            calculator.tick(now_ms)
        for name, row in first.assets.index.items():
            other = second.assets.index[name]
            for key, metric in first.assets.metrics.items():
                if metric.unit is Unit.SERIES:
                    continue
                left, right = value(first.assets, row, key), value(second.assets, other, key)
                assert left == right or (math.isnan(left) and math.isnan(right)), key

    def test_the_same_input_gives_the_same_bytes(self) -> None:
        runs = []
        for _ in range(2):
            calculator = fed(*panel())
            fed(*panel(START_MS + 15_000), at_ms=START_MS + 15_000, calculator=calculator)
            runs.append(state_bytes(calculator))
        assert runs[0] == runs[1]

    def test_tables_grow_without_losing_anything(self) -> None:
        calculator = Calculator(capacity=4)
        names = [f"Y{number}" for number in range(300)]
        calculator.apply(
            batch("a", START_MS, *(quote(contract("a", name), START_MS, 8e-4) for name in names)), START_MS
        )
        assert calculator.assets.count == 300
        assert (calculator.assets.columns["consensus"][:300] == 1e-4).all()


class TestMoney:
    def test_another_price_of_money_counts_for_instruments_and_their_asset_alike(self) -> None:
        calculator = Calculator()

        def poll(time_ms: int, rate: float) -> None:
            for venue in ("a", "b"):
                seen = quote(contract(venue, "BTC"), time_ms, rate, oi_usd=1e6, mark=100.0, index=100.0)
                calculator.apply(batch(venue, time_ms, seen), time_ms)

        poll(START_MS, 1e-4)
        # Half of a year's worth instead of 4 %: only the rate moves afterwards, within the same minute.
        money = msgspec.structs.replace(calculator.settings.money, quote_rate=0.5)
        calculator.configure(msgspec.structs.replace(calculator.settings, money=money))
        poll(START_MS + 5000, 2e-4)
        hourly = 2e-4 / 8.0
        for table in (calculator.instruments, calculator.assets):
            found = float(table.columns["carry_excess"][0])
            assert math.isclose(found, hourly - 0.5 / 8760.0, rel_tol=1e-12)
