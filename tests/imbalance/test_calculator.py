"""The calculator from the outside: batches in, tables, events and changed rows out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fundtui.imbalance.calculator import Calculator, CalculatorSettings
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.explain import explain
from fundtui.market import NAN, AssetClass, Note, RateKind, Reason, Status
from fundtui.status import EventKind

from .builders import HOUR_MS, START_MS, batch, contract, quote
from .looks import X1, asset, fed, instrument, panel, reasons


class TestCrossSection:
    def test_the_worked_panel(self) -> None:
        calculator = fed(*panel())
        assert asset(calculator, "consensus") == pytest.approx(1.25e-5, rel=1e-12)
        assert asset(calculator, "mean") == pytest.approx(1.35875e-5, rel=1e-12)
        assert asset(calculator, "spread") == pytest.approx(3.4e-5, rel=1e-12)
        assert (asset(calculator, "long"), asset(calculator, "short")) == ("dydx", "hyperliquid")
        assert asset(calculator, "dispersion") == pytest.approx(6.495082274305692e-6, rel=1e-12)
        assert asset(calculator, "disagreement") == pytest.approx(0.025, rel=1e-12)
        assert asset(calculator, "z") == pytest.approx(2.360717658168083, rel=1e-12)
        assert asset(calculator, "excess") * 8760 == pytest.approx(0.0095265, rel=1e-9)
        assert asset(calculator, "oi_usd") == 20e9
        assert (asset(calculator, "venues"), asset(calculator, "instruments"), asset(calculator, "excluded")) == (
            5,
            5,
            0,
        )

    def test_each_instrument_against_the_others(self) -> None:
        calculator = fed(*panel())
        assert instrument(calculator, "skew", "hyperliquid BTCUSDT") == pytest.approx(1.8236111111111112e-5, rel=1e-12)
        assert instrument(calculator, "skew", "dydx BTCUSDT") == pytest.approx(-1.8038461538461538e-5, rel=1e-12)
        assert instrument(calculator, "z", "dydx BTCUSDT") == pytest.approx(-2.225819506272764, rel=1e-12)
        assert instrument(calculator, "weight", "binance BTCUSDT") == pytest.approx(0.45, rel=1e-12)

    def test_twins_on_one_venue_are_rows_of_their_own_and_one_venue(self) -> None:
        calculator = fed(
            quote(contract("binance"), START_MS),
            quote(contract("binance", symbol="BTCUSDC", quote="USDC", settle="USDC"), START_MS, 3e-4),
            quote(contract("bybit"), START_MS),
        )
        assert (asset(calculator, "venues"), asset(calculator, "instruments")) == (2, 3)
        rows = calculator.instrument_rows(0)
        assert [calculator.instruments.keys[row] for row in rows] == [
            "binance BTCUSDC",
            "binance BTCUSDT",
            "bybit BTCUSDT",
        ]

    def test_one_instrument_is_its_own_consensus_and_has_nothing_to_be_compared_with(self) -> None:
        calculator = fed(quote(contract("binance"), START_MS, 8e-4))
        assert asset(calculator, "consensus") == 1e-4
        for key in ("spread", "dispersion", "z"):
            assert math.isnan(asset(calculator, key))
        for key in ("z", "skew"):
            assert math.isnan(instrument(calculator, key, "binance BTCUSDT"))

    def test_unknown_open_interest_counts_half_the_median_of_the_known(self) -> None:
        calculator = fed(
            quote(contract("a"), START_MS, 8e-4, oi_usd=4e6),
            quote(contract("b"), START_MS, 0.0, oi_usd=2e6),
            quote(contract("c"), START_MS, 0.0, oi_usd=NAN),
        )
        # Weights 4, 2 and ½·3: the mean is 4/7.5 of a's rate; the sum of open interest knows only what is known.
        assert asset(calculator, "mean") == pytest.approx(1e-4 * 4 / 7.5, rel=1e-12)
        assert asset(calculator, "oi_usd") == 6e6

    def test_no_open_interest_at_all_gives_equal_weights(self) -> None:
        calculator = fed(
            quote(contract("a"), START_MS, 8e-4, oi_usd=NAN), quote(contract("b"), START_MS, 0.0, oi_usd=NAN)
        )
        assert asset(calculator, "mean") == pytest.approx(0.5e-4, rel=1e-12)
        assert math.isnan(asset(calculator, "oi_usd"))

    def test_the_share_of_one_name_is_not_the_coin(self) -> None:
        calculator = fed(
            quote(contract("a", "CAT"), START_MS),
            quote(contract("b", "CAT", asset_class=AssetClass.EQUITY), START_MS, index=350.0, mark=350.0),
        )
        assert set(calculator.assets.keys) == {"CAT", "CAT.eq"}

    def test_a_rate_pinned_at_the_interest_level_is_marked(self) -> None:
        calculator = fed(quote(contract("a"), START_MS, 1e-4), quote(contract("b"), START_MS, 0.02))
        assert asset(calculator, "low_flag") == "P"
        assert asset(calculator, "high_flag") == "C"


class TestExclusion:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"status": Status.DATED}, Reason.DATED),
            ({"status": Status.SUSPENDED}, Reason.NOT_TRADING),
            ({"interval_h": NAN, "rate_period_h": NAN}, Reason.INTERVAL_UNKNOWN),
        ],
    )
    def test_a_contract_that_cannot_be_compared_is_shown_with_its_reason(
        self, changes: dict[str, Any], reason: Reason
    ) -> None:
        out = contract("b", **changes)
        calculator = fed(quote(contract("a"), START_MS), quote(out, START_MS, 0.01, reasons=out.excluded))
        assert reasons(calculator, "b BTCUSDT") == (reason,)
        assert (asset(calculator, "instruments"), asset(calculator, "excluded")) == (1, 1)
        assert asset(calculator, "consensus") == pytest.approx(1.25e-5)

    def test_nothing_left_to_compare_means_no_figures(self) -> None:
        out = contract("a", status=Status.SUSPENDED)
        calculator = fed(quote(out, START_MS, 0.01, reasons=out.excluded))
        assert math.isnan(asset(calculator, "consensus"))
        assert asset(calculator, "long") == ""
        assert (asset(calculator, "instruments"), asset(calculator, "excluded")) == (0, 1)

    def test_a_price_off_the_median_is_quarantined_and_comes_back(self) -> None:
        """More of it: test_pricecheck.py."""
        calculator = fed(quote(contract("a"), START_MS), quote(contract("b"), START_MS), quote(contract("c"), START_MS))
        told: list[list[EventKind]] = []
        for price, place in ((103.0, 1), (103.0, 2), (103.0, 3), (101.0, 4), (101.0, 5), (101.0, 6)):
            at_ms = START_MS + place * 10_000
            seen = quote(contract("c"), at_ms, 0.015, index=price, mark=price)
            told.append([event.kind for event in calculator.apply(batch("c", at_ms, seen), at_ms).events])
            if place == 3:
                assert reasons(calculator, "c BTCUSDT") == (Reason.PRICE_MISMATCH,)
                assert asset(calculator, "high_rate") == pytest.approx(1.25e-5)
                assert asset(calculator, "price") == 100.0
        assert told == [[], [], [EventKind.QUARANTINED], [], [], [EventKind.QUARANTINE_OVER]]
        assert asset(calculator, "instruments") == 3

    def test_of_two_that_disagree_the_larger_market_keeps_the_name(self) -> None:
        calculator = fed(
            quote(contract("a"), START_MS, oi_usd=1e5),
            quote(contract("b"), START_MS, oi_usd=9e8, index=5.0, mark=5.0),
        )
        assert reasons(calculator, "a BTCUSDT") == (Reason.PRICE_MISMATCH,)
        assert reasons(calculator, "b BTCUSDT") == ()
        assert asset(calculator, "price") == 5.0

    def test_the_multiplier_is_applied_before_prices_are_compared(self) -> None:
        calculator = fed(
            quote(contract("a", "PEPE"), START_MS, index=1e-5, mark=1e-5),
            quote(contract("b", "PEPE", symbol="1000PEPEUSDT", multiplier=1000.0), START_MS, index=1e-2, mark=1e-2),
            quote(contract("c", "PEPE"), START_MS, index=1.001e-5, mark=1e-5),
        )
        assert asset(calculator, "instruments", "PEPE") == 3
        assert asset(calculator, "price", "PEPE") == pytest.approx(1e-5)

    def test_a_price_in_another_coin_is_not_held_against_dollars(self) -> None:
        calculator = fed(
            quote(contract("a", "ETH"), START_MS),
            quote(contract("b", "ETH"), START_MS),
            quote(contract("c", "ETH", symbol="ETHBTC", quote="BTC"), START_MS, index=0.05, mark=0.05),
        )
        assert asset(calculator, "instruments", "ETH") == 3
        assert asset(calculator, "price", "ETH") == 100.0

    def test_an_implausible_rate_waits_for_a_second_poll(self) -> None:
        hourly = contract("a", interval_h=1.0, rate_period_h=1.0, cap=NAN, floor=NAN)
        calculator = fed(quote(hourly, START_MS, 0.045), quote(contract("b"), START_MS))
        assert reasons(calculator, "a BTCUSDT") == (Reason.IMPLAUSIBLE_RATE,)
        fed(quote(hourly, START_MS + 10_000, 0.045), at_ms=START_MS + 10_000, calculator=calculator)
        assert reasons(calculator, "a BTCUSDT") == ()
        assert asset(calculator, "high_rate") == pytest.approx(0.045)

    def test_a_rate_beyond_any_venue_is_never_believed(self) -> None:
        hourly = contract("a", interval_h=1.0, rate_period_h=1.0, cap=NAN, floor=NAN)
        calculator = Calculator()
        for step in range(4):
            at_ms = START_MS + step * 10_000
            fed(quote(hourly, at_ms, 0.2), at_ms=at_ms, calculator=calculator)
        assert reasons(calculator, "a BTCUSDT") == (Reason.IMPLAUSIBLE_RATE,)

    def test_the_readers_own_suspicion_is_confirmed_the_same_way(self) -> None:
        suspected = (Reason.IMPLAUSIBLE_RATE,)
        calculator = fed(quote(contract("a"), START_MS, 0.1, reasons=suspected))
        assert reasons(calculator, "a BTCUSDT") == suspected
        later = START_MS + 10_000
        fed(quote(contract("a"), later, 0.1, reasons=suspected), at_ms=later, calculator=calculator)
        assert reasons(calculator, "a BTCUSDT") == ()


class TestTime:
    def test_a_silent_venue_leaves_the_comparison_after_three_cadences_and_returns(self) -> None:
        calculator = fed(*panel())
        calculator.set_cadence("dydx", 10.0)
        for venue in X1.keys() - {"dydx"}:
            calculator.set_cadence(venue, 3600.0)
        calculator.tick(START_MS + 29_000)
        assert asset(calculator, "long") == "dydx"
        assert asset(calculator, "low_flag") == "~"
        changes = calculator.tick(START_MS + 31_000)
        assert changes.assets.tolist() == [0]
        assert reasons(calculator, "dydx BTCUSDT") == (Reason.STALE,)
        assert asset(calculator, "long") == "okx"
        later = START_MS + 40_000
        fed(quote(contract("dydx"), later, -3.2e-5, oi_usd=0.5e9), at_ms=later, calculator=calculator)
        assert asset(calculator, "long") == "dydx"

    def test_ages_and_countdowns_move_with_time(self) -> None:
        calculator = fed(*panel())
        calculator.tick(START_MS + 7_000)
        assert instrument(calculator, "age", "okx BTCUSDT") == 7.0
        assert asset(calculator, "age") == 7.0
        assert asset(calculator, "next") == 8 * 3600 - 7

    def test_the_pace_of_a_venue_is_learnt_from_its_batches(self) -> None:
        calculator = Calculator()
        for step in range(40):
            at_ms = START_MS + step * 15_000
            calculator.apply(batch("a", at_ms, quote(contract("a"), at_ms)), at_ms)
        assert calculator.cadence_s("a") == pytest.approx(15.0, rel=0.01)

    def test_an_older_batch_changes_nothing(self) -> None:
        calculator = fed(quote(contract("a"), START_MS, 8e-4))
        late = batch("a", START_MS - 1000, quote(contract("a"), START_MS - 1000, 0.01))
        changes = calculator.apply(late, START_MS)
        assert not len(changes.assets)
        assert asset(calculator, "consensus") == 1e-4

    def test_an_unchanged_batch_changes_nothing_but_its_age(self) -> None:
        calculator = fed(*panel())
        # A premium inside the dead band gives the interest rate however long it is averaged.
        fed(*panel(START_MS + 5000), at_ms=START_MS + 5000, calculator=calculator)
        again = START_MS + 10_000
        same = quote(contract("okx"), again, 6e-5, oi_usd=3.5e9)
        assert not len(calculator.apply(batch("okx", again, same), again).assets)
        calculator.tick(again)
        assert instrument(calculator, "age", "okx BTCUSDT") == 0.0

    def test_the_trend_keeps_one_point_per_period_and_ends_now(self) -> None:
        calculator = Calculator(CalculatorSettings(trend_points=4, trend_every_s=60.0))
        for minute, rate in enumerate((8e-5, 16e-5, 24e-5)):
            at_ms = START_MS + minute * 60_000
            fed(quote(contract("a"), at_ms, rate), at_ms=at_ms, calculator=calculator)
        np.testing.assert_allclose(calculator.assets.series["trend"][0], [NAN, 1e-5, 2e-5, 3e-5], rtol=1e-12)


class TestContracts:
    def test_a_change_of_interval_rebases_the_rate_and_is_told(self) -> None:
        calculator = fed(quote(contract("a", "INJ"), START_MS, 8e-4))
        later = START_MS + 10_000
        switched = contract("a", "INJ", interval_h=1.0, rate_period_h=1.0)
        changes = calculator.apply(batch("a", later, quote(switched, later, 1e-4)), later)
        (event,) = changes.events
        assert (event.kind, event.before, event.after) == (EventKind.INTERVAL_CHANGED, "8h", "1h")
        assert asset(calculator, "consensus", "INJ") == pytest.approx(1e-4)
        # The average of the old interval means nothing in the new one.
        assert instrument(calculator, "coverage", "a INJUSDT") == pytest.approx(0.0, abs=0.01)

    @pytest.mark.parametrize(
        ("changes", "kind"),
        [
            ({"cap": 0.03}, EventKind.CAP_CHANGED),
            ({"status": Status.SUSPENDED}, EventKind.STATUS_CHANGED),
            ({"multiplier": 10.0}, EventKind.MULTIPLIER_CHANGED),
        ],
    )
    def test_other_changes_are_told_with_before_and_after(self, changes: dict[str, Any], kind: EventKind) -> None:
        calculator = fed(quote(contract("a"), START_MS))
        later = START_MS + 10_000
        (event,) = calculator.apply(batch("a", later, quote(contract("a", **changes), later)), later).events
        assert event.kind is kind
        assert event.before != event.after

    def test_what_is_not_listed_in_two_polls_is_gone_and_may_return(self) -> None:
        both = (contract("a", "BTC"), contract("a", "ETH"))
        calculator = fed(*(quote(each, START_MS) for each in both))
        kinds = []
        for step in (1, 2, 3):
            at_ms = START_MS + step * 10_000
            changes = calculator.apply(batch("a", at_ms, quote(both[0], at_ms)), at_ms)
            kinds.append([event.kind for event in changes.events])
        assert kinds == [[], [EventKind.DELISTED], []]
        row = calculator.assets.index["ETH"]
        assert not calculator.assets.alive[row]
        assert len(calculator.instrument_rows(row)) == 0
        at_ms = START_MS + 40_000
        changes = calculator.apply(batch("a", at_ms, *(quote(each, at_ms) for each in both)), at_ms)
        assert [event.kind for event in changes.events] == [EventKind.LISTED]
        assert calculator.assets.alive[row]
        assert asset(calculator, "instruments", "ETH") == 1

    def test_new_listings_are_told_but_not_at_the_start(self) -> None:
        calculator = Calculator()
        first = calculator.apply(batch("a", START_MS, quote(contract("a"), START_MS)), START_MS)
        assert first.events == ()
        later = START_MS + 10_000
        quotes = (quote(contract("a"), later), quote(contract("a", "NEW"), later))
        assert [each.kind for each in calculator.apply(batch("a", later, *quotes), later).events] == [EventKind.LISTED]

    def test_reaching_the_cap_is_told_once(self) -> None:
        calculator = fed(quote(contract("a"), START_MS))
        kinds = []
        for step, rate in enumerate((0.0199, 0.02, 0.018, 0.01, 0.02), 1):
            at_ms = START_MS + step * 10_000
            changes = calculator.apply(batch("a", at_ms, quote(contract("a"), at_ms, rate)), at_ms)
            kinds.append([event.kind for event in changes.events])
        assert kinds == [[EventKind.AT_CAP], [], [], [], [EventKind.AT_CAP]]

    def test_a_contract_that_turns_out_to_be_another_asset_moves(self) -> None:
        calculator = fed(quote(contract("a"), START_MS), quote(contract("b"), START_MS, 3e-4))
        later = START_MS + 10_000
        moved = contract("b", "BTC", asset_class=AssetClass.EQUITY)
        calculator.apply(batch("b", later, quote(moved, later, 3e-4)), later)
        assert asset(calculator, "instruments", "BTC") == 1
        assert asset(calculator, "instruments", "BTC.eq") == 1

    def test_a_symbol_that_comes_twice_counts_once_and_last(self) -> None:
        first, last = quote(contract("a"), START_MS, 8e-4), quote(contract("a"), START_MS, 16e-4)
        calculator = fed(first, last)
        assert asset(calculator, "consensus") == 2e-4
        assert asset(calculator, "instruments") == 1


class TestTheory:
    def watched(self, premium: float, rate: float, hours: float = 8.0, **changes: Any) -> Calculator:
        """One contract polled every minute from the start of an interval until shortly before its end."""
        calculator = Calculator()
        calculator.set_cadence("a", 60.0)
        what = contract("a", **changes)
        for step in range(int(hours * 60)):
            at_ms = START_MS + step * 60_000
            calculator.apply(batch("a", at_ms, quote(what, at_ms, rate, premium=premium)), at_ms)
        return calculator

    def test_a_rate_by_the_formula_has_no_divergence(self) -> None:
        calculator = self.watched(12e-4, 7e-4)
        assert instrument(calculator, "theory", "a BTCUSDT") * 8 == pytest.approx(7e-4, rel=1e-9)
        assert instrument(calculator, "divergence", "a BTCUSDT") == pytest.approx(0.0, abs=1e-12)
        assert instrument(calculator, "coverage", "a BTCUSDT") > 0.99
        assert asset(calculator, "divergence") == pytest.approx(0.0, abs=1e-12)

    def test_a_rate_off_the_formula_diverges_by_the_difference(self) -> None:
        calculator = self.watched(12e-4, 9e-4)
        assert instrument(calculator, "divergence", "a BTCUSDT") * 8 == pytest.approx(2e-4, rel=1e-9)
        assert instrument(calculator, "divergence_t", "a BTCUSDT") > 3
        assert asset(calculator, "divergence_t") == instrument(calculator, "divergence_t", "a BTCUSDT")

    def test_a_published_premium_is_exact_and_a_mark_is_not(self) -> None:
        exact = fed(quote(contract("a"), START_MS))
        assert instrument(exact, "premium_source", "a BTCUSDT") == "published"
        marked = fed(quote(contract("a"), START_MS, premium=NAN, mark=100.25))
        assert instrument(marked, "premium_source", "a BTCUSDT") == "mark-index"
        # 25 bp of mark over index less the half-spread assumed for BTC, 0.5 bp.
        assert instrument(marked, "premium", "a BTCUSDT") == pytest.approx(24.5e-4, rel=1e-9)
        booked = fed(quote(contract("a"), START_MS, premium=NAN, bid=100.20, ask=100.30))
        assert instrument(booked, "premium_source", "a BTCUSDT") == "book"
        assert instrument(booked, "premium", "a BTCUSDT") == pytest.approx(20e-4, rel=1e-9)

    def test_an_index_that_is_the_mark_says_nothing(self) -> None:
        calculator = fed(quote(contract("a", notes=(Note.INDEX_IS_MARK,)), START_MS, premium=NAN))
        assert math.isnan(instrument(calculator, "premium", "a BTCUSDT"))
        assert math.isnan(instrument(calculator, "basis", "a BTCUSDT"))

    def test_watching_from_the_middle_is_seeded_by_the_published_rate_and_says_so(self) -> None:
        calculator = Calculator()
        at_ms = START_MS + 4 * HOUR_MS
        for step in range(3):
            now_ms = at_ms + step * 60_000
            calculator.apply(batch("a", now_ms, quote(contract("a"), now_ms, 7e-4, premium=12e-4)), now_ms)
        # The rate gives an average of 12 bp so far; what was seen of it ourselves is next to nothing.
        assert instrument(calculator, "premium_average", "a BTCUSDT") == pytest.approx(12e-4, rel=1e-6)
        assert instrument(calculator, "coverage", "a BTCUSDT") < 0.02
        assert math.isnan(instrument(calculator, "divergence", "a BTCUSDT"))

    def test_a_settled_rate_is_not_held_against_the_running_interval(self) -> None:
        calculator = self.watched(12e-4, 9e-4, rate_kind=RateKind.SETTLED)
        assert math.isnan(instrument(calculator, "divergence", "a BTCUSDT"))


class TestExplain:
    @pytest.mark.parametrize("level", list(Level))
    def test_every_metric_explains_itself(self, level: Level) -> None:
        calculator = fed(*panel())
        for key in calculator.tables[level].metrics:
            told = explain(calculator, level, 0, key, START_MS)
            assert told.value
            assert told.formula
            assert told.substituted
            assert "§" in told.source

    def test_a_mean_names_rates_weights_and_what_is_left_out(self) -> None:
        calculator = fed(*panel())
        calculator.set_cadence("dydx", 10.0)
        for venue in X1.keys() - {"dydx"}:
            calculator.set_cadence(venue, 3600.0)
        now_ms = START_MS + 60_000
        calculator.tick(now_ms)
        told = explain(calculator, Level.ASSET, 0, "mean", now_ms)
        assert "binance +10.9% (w 46.2%)" in told.substituted
        assert [each.split(":")[0] for each in told.exclusions] == ["dydx BTCUSDT"]
        assert "stale" in told.exclusions[0]
        weights = [each.value for each in told.inputs if each.unit == "percent"]
        assert sum(weights) == pytest.approx(1.0)  # type: ignore[arg-type]
        assert {each.time_ms for each in told.inputs} == {START_MS}

    def test_the_formula_carries_the_venues_own_numbers(self) -> None:
        calculator = fed(quote(contract("a", interval_h=4.0, rate_period_h=4.0), START_MS))
        told = explain(calculator, Level.INSTRUMENT, 0, "theory", START_MS)
        assert "clip(0.5 × (+1.0bp + soft(Ā − +1.0bp; +5.0bp))" in told.substituted

    def test_a_missing_figure_says_why(self) -> None:
        calculator = fed(quote(contract("a"), START_MS, premium=NAN, mark=NAN))
        told = explain(calculator, Level.INSTRUMENT, 0, "divergence", START_MS)
        assert told.value == "-"
        assert "no premium" in told.substituted

    def test_an_unknown_metric_or_row_is_refused(self) -> None:
        calculator = fed(*panel())
        with pytest.raises(KeyError):
            explain(calculator, Level.ASSET, 0, "nonsense", START_MS)
        with pytest.raises(KeyError):
            explain(calculator, Level.ASSET, 99, "mean", START_MS)
