"""What the calculator learns over time: settlements, pressure, pairs, mirrors, pegs, and what survives a restart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fundtui.imbalance.calculator import Calculator, CalculatorSettings
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.explain import explain
from fundtui.imbalance.ladder import FlowKind
from fundtui.imbalance.metric import Unit
from fundtui.imbalance.pairs import CarrySettings
from fundtui.imbalance.rates import Money
from fundtui.market import NAN, RateKind, Reason, Settlement, Status
from fundtui.status import EventKind, Severity

from .builders import HOUR_MS, START_MS, batch, contract, quote

MINUTE_MS = 60_000


def instrument(calculator: Calculator, key: str, name: str = "a BTCUSDT") -> Any:
    return cell(calculator, Level.INSTRUMENT, calculator.instruments.index[name], key)


def cell(calculator: Calculator, level: Level, row: int, key: str) -> Any:
    table = calculator.tables[level]
    if table.metrics[key].unit is Unit.TEXT:
        return table.text(key, row)
    return float(table.columns[key][row])


def settlement(index: int, rate: float, venue: str = "a", interval_h: float = 8.0) -> Settlement:
    """The settlement `index` intervals from the start (below zero: before it)."""
    time_ms = START_MS + int(index * interval_h * HOUR_MS)
    return Settlement(venue=venue, symbol="BTCUSDT", time_ms=time_ms, rate=rate, interval_h=interval_h)


def poll(calculator: Calculator, at_ms: int, rate: float = 1e-4, venue: str = "a", **changes: Any) -> Any:
    what = changes.pop("what", None) or contract(venue)
    result = calculator.apply(batch(venue, at_ms, quote(what, at_ms, rate, **changes)), at_ms)
    calculator.tick(at_ms)
    return result


class TestSettlements:
    def test_statistics_of_a_back_filled_history(self) -> None:
        calculator = Calculator()
        poll(calculator, START_MS + MINUTE_MS)
        # Ninety settlements, thirty days: alternately 1 bp and 3 bp, then three negative ones.
        rates = [1e-4 if k % 2 else 3e-4 for k in range(87)] + [-1e-4] * 3
        changes = calculator.settle([settlement(k - 89, rate) for k, rate in enumerate(rates)], START_MS + MINUTE_MS)
        assert len(changes.instruments)
        assert instrument(calculator, "settlements") == 90
        assert instrument(calculator, "streak") == -3
        assert instrument(calculator, "streak_h") == 24
        # Three payments of -1 bp a day are -3 bp a day: hourly a twenty-fourth of that.
        assert instrument(calculator, "realised_1d") == pytest.approx(-3e-4 / 24, rel=1e-6)
        assert instrument(calculator, "realised_30d") == pytest.approx(sum(rates) / 720, rel=1e-5)
        assert math.isfinite(instrument(calculator, "phi"))

    def test_order_of_back_filled_records_does_not_matter(self) -> None:
        records = [settlement(k - 70, 1e-4 * math.sin(k)) for k in range(70)]
        found = []
        for listed in (records, records[::-1]):
            calculator = Calculator()
            poll(calculator, START_MS + MINUTE_MS)
            calculator.settle(listed, START_MS + MINUTE_MS)
            found.append([instrument(calculator, key) for key in ("streak", "phi", "mean_rate", "realised_7d")])
        assert found[0] == found[1]

    def test_a_settlement_told_twice_counts_once(self) -> None:
        calculator = Calculator()
        poll(calculator, START_MS + MINUTE_MS)
        records = [settlement(-1, 2e-4), settlement(0, 3e-4)]
        calculator.settle(records + records, START_MS + MINUTE_MS)
        assert instrument(calculator, "settlements") == 2

    def test_a_predicted_rate_never_becomes_a_settled_one(self) -> None:
        calculator = Calculator()
        for step in range(-10, 60):
            poll(calculator, START_MS + step * MINUTE_MS, 5e-4)
        assert math.isnan(instrument(calculator, "realised_1d"))
        assert not instrument(calculator, "settlements") > 0

    def test_the_paid_rate_is_taken_when_the_venue_tells_it_and_held_against_what_was_announced(self) -> None:
        calculator = Calculator()
        for step in range(-120, 0):
            # 7 bp is announced; in the last half hour the venue moves to 9 bp.
            rate = 7e-4 if step <= -30 else 9e-4
            poll(calculator, START_MS + step * MINUTE_MS, rate, premium=12e-4, settled_rate=1e-4)
        assert not instrument(calculator, "settlements") > 0
        poll(calculator, START_MS + 20_000, 1e-4, premium=12e-4, settled_rate=9e-4)
        assert instrument(calculator, "settlements") == 1
        assert instrument(calculator, "surprise") * 8 == pytest.approx(2e-4, rel=1e-9)

    def test_an_old_paid_rate_that_still_stands_there_is_not_taken_for_the_new_one(self) -> None:
        calculator = Calculator()
        for step in range(-5, 0):
            poll(calculator, START_MS + step * MINUTE_MS, settled_rate=1e-4)
        poll(calculator, START_MS + 30_000, settled_rate=1e-4)
        assert not instrument(calculator, "settlements") > 0
        # Two minutes later an unchanged figure is what was paid again.
        poll(calculator, START_MS + 2 * MINUTE_MS, settled_rate=1e-4)
        assert instrument(calculator, "settlements") == 1

    def test_the_formula_is_held_against_what_was_paid_when_the_interval_was_seen(self) -> None:
        calculator = Calculator()
        calculator.set_cadence("a", 60.0)
        what = contract("a", interval_h=1.0, rate_period_h=1.0)
        # One hour at 20 bp: (1 bp + soft(19 bp; 5 bp))/8 = 15/8 bp; the venue pays 2 bp.
        for step in range(61):
            poll(calculator, START_MS + step * MINUTE_MS, 15e-4 / 8, what=what, premium=20e-4, settled_rate=1e-4)
        poll(calculator, START_MS + 61 * MINUTE_MS, 1e-4, what=what, premium=20e-4, settled_rate=2e-4)
        assert instrument(calculator, "formula_error") == pytest.approx(2e-4 - 15e-4 / 8, rel=1e-6)

    def test_a_change_of_interval_makes_no_spike_in_the_own_history(self) -> None:
        calculator = Calculator()
        poll(calculator, START_MS + MINUTE_MS)
        # 8 bp per 8 h and 1 bp per hour are the same hourly rate.
        calculator.settle([settlement(k - 40, 8e-4 + 1e-5 * (k % 3)) for k in range(40)], START_MS)
        hourly = contract("a", interval_h=1.0, rate_period_h=1.0)
        poll(calculator, START_MS + 3 * MINUTE_MS, 1e-4, what=hourly)
        assert abs(instrument(calculator, "own_z")) < 2

    def test_an_explanation_names_the_settlements(self) -> None:
        calculator = Calculator()
        poll(calculator, START_MS + MINUTE_MS)
        calculator.settle([settlement(k - 40, 1e-4 * k) for k in range(40)], START_MS)
        assert "40 settlements" in explain(calculator, Level.INSTRUMENT, 0, "own_z", START_MS).substituted


class TestPressure:
    def test_open_interest_and_price_are_compared_with_an_hour_and_a_day_ago(self) -> None:
        calculator = Calculator()
        for half_hour in range(52):
            at_ms = START_MS + half_hour * 30 * MINUTE_MS
            growing = math.exp(0.01 * half_hour)
            poll(calculator, at_ms, oi_base=1e4 * growing, mark=100.0 * growing, index=100.0 * growing)
        assert instrument(calculator, "oi_1h") == pytest.approx(0.02, rel=1e-4)
        assert instrument(calculator, "oi_24h") == pytest.approx(0.48, rel=1e-4)
        assert instrument(calculator, "return_4h") == pytest.approx(0.08, rel=1e-4)
        assert instrument(calculator, "quadrant") == "new longs"
        assert cell(calculator, Level.ASSET, 0, "quadrant") == "new longs"

    def test_a_purge_is_told_and_resets_the_phase(self) -> None:
        calculator = Calculator()
        rng = np.random.default_rng(5)
        price, oi = 100.0, 1e6
        for hour in range(72):
            price *= math.exp(rng.normal(0, 0.003))
            oi *= math.exp(rng.normal(0, 0.004))
            poll(calculator, START_MS + hour * HOUR_MS, mark=price, index=price, oi_base=oi)
        at_ms = START_MS + 72 * HOUR_MS
        events = poll(calculator, at_ms, mark=price * 0.9, index=price * 0.9, oi_base=oi * 0.8).events
        purge = next(event for event in events if event.kind is EventKind.PURGE)
        assert purge.severity is Severity.CRITICAL
        assert "longs" in purge.text
        assert "OI -22" in purge.text
        assert instrument(calculator, "phase") == "flush"
        assert cell(calculator, Level.ASSET, 0, "purge") > 4
        assert cell(calculator, Level.MARKET, 0, "purges") in (0, 1)

    def test_ratio_of_open_interest_to_volume(self) -> None:
        calculator = Calculator()
        poll(calculator, START_MS, oi_usd=9e9, volume_usd=15e9)
        assert instrument(calculator, "oi_to_volume") == pytest.approx(0.6)
        assert instrument(calculator, "turnover") == pytest.approx(14.4)
        poll(calculator, START_MS + MINUTE_MS, oi_usd=9e9, volume_usd=0.0)
        assert math.isnan(instrument(calculator, "oi_to_volume"))

    def test_use_of_an_open_interest_cap(self) -> None:
        calculator = Calculator()
        poll(calculator, START_MS, oi_usd=8e6, oi_cap_usd=1e7)
        assert instrument(calculator, "oi_usage") == pytest.approx(0.8)
        assert cell(calculator, Level.ASSET, 0, "oi_usage") == pytest.approx(0.8)

    def test_a_dated_contract_tells_what_it_expects_of_funding(self) -> None:
        calculator = Calculator()
        poll(calculator, START_MS, 1e-4, venue="b", mark=68_000.0, index=68_000.0)
        expiry = START_MS + 80 * 24 * HOUR_MS
        dated = contract("a", symbol="BTC_X", status=Status.DATED, interval_h=NAN, rate_period_h=NAN, expiry_ms=expiry)
        poll(calculator, START_MS, NAN, what=dated, mark=69_500.0, index=68_000.0, reasons=dated.excluded)
        # 2.206 % in 80 days: 10.06 % a year, and 0.909 bp per eight hours against the 1 bp that is paid now.
        assert instrument(calculator, "dated_apr", "a BTC_X") * 8760 == pytest.approx(0.1006434, rel=1e-5)
        assert instrument(calculator, "term_premium", "a BTC_X") * 8 == pytest.approx(-0.0909e-4, abs=1e-8)

    def test_no_funding_is_expected_of_a_dated_contract(self) -> None:
        calculator = Calculator()
        dated = contract("a", status=Status.DATED, expiry_ms=START_MS + 80 * 24 * HOUR_MS)
        for minute in range(30):
            poll(calculator, START_MS + minute * MINUTE_MS, NAN, what=dated, premium=12e-4, reasons=dated.excluded)
        assert instrument(calculator, "premium") == 12e-4
        for key in ("projected", "drift", "theory", "divergence"):
            assert math.isnan(instrument(calculator, key))
            found = explain(calculator, Level.INSTRUMENT, 0, key, START_MS)
            assert found.substituted.endswith("; a dated contract: nothing is settled before it expires")

    def test_a_mark_that_does_not_move_while_others_do_is_doubted(self) -> None:
        calculator = Calculator()
        for minute in range(15):
            at_ms = START_MS + minute * MINUTE_MS
            price = 100.0 * (1 + 0.001 * minute)
            for venue in ("b", "c", "d"):
                poll(calculator, at_ms, venue=venue, mark=price, index=price)
            poll(calculator, at_ms, mark=100.0, index=price)
        assert "frozen mark" in instrument(calculator, "doubts")
        assert instrument(calculator, "doubts", "b BTCUSDT") == ""

    def test_regime_words(self) -> None:
        calculator = Calculator()
        poll(calculator, START_MS, 0.0199)
        assert instrument(calculator, "regime") == "capped"
        poll(calculator, START_MS + MINUTE_MS, 1e-4)
        assert instrument(calculator, "regime") == "pinned"


class TestPairs:
    SETTINGS = CalculatorSettings(carry=CarrySettings(fees={"a": 0.0005, "b": 0.00045}), money=Money(quote_rate=0.045))

    def priced(self) -> Calculator:
        calculator = Calculator(self.SETTINGS)
        values: dict[str, Any] = {"oi_usd": 5e9, "volume_usd": 2e10, "mark": 100.0, "index": 100.0}
        poll(calculator, START_MS, 1e-4, venue="b", **values)
        poll(calculator, START_MS, 40e-4, **values, premium=45e-4)
        calculator.tick(START_MS + 5000)
        return calculator

    def test_the_highest_is_sold_and_the_lowest_bought(self) -> None:
        calculator = self.priced()
        row = calculator.pairs.index["BTC perp-perp"]
        assert [cell(calculator, Level.PAIR, row, key) for key in ("short", "long")] == ["a", "b"]
        assert cell(calculator, Level.PAIR, row, "spread") == pytest.approx(39e-4 / 8)
        # Fees of both legs, in and out, are 19 bp; impact at 100k of 20bn a day comes on top.
        assert 19e-4 < cell(calculator, Level.PAIR, row, "cost") < 40e-4
        assert "default mean" in cell(calculator, Level.PAIR, row, "assumptions")
        assert "default fee" not in cell(calculator, Level.PAIR, row, "assumptions")

    def test_the_present_difference_is_never_the_expectation(self) -> None:
        calculator = self.priced()
        row = calculator.pairs.index["BTC perp-perp"]
        assert cell(calculator, Level.PAIR, row, "naive") == pytest.approx(39e-4 * 21)
        assert cell(calculator, Level.PAIR, row, "gross") < 0.5 * cell(calculator, Level.PAIR, row, "naive")

    def test_the_assets_break_even_is_its_pairs(self) -> None:
        calculator = self.priced()
        row = calculator.pairs.index["BTC perp-perp"]
        assert cell(calculator, Level.ASSET, 0, "breakeven") == cell(calculator, Level.PAIR, row, "breakeven")
        assert cell(calculator, Level.ASSET, 0, "breakeven") == pytest.approx(8.0, abs=0.01)

    def test_a_positive_rate_can_be_carried_against_spot(self) -> None:
        calculator = self.priced()
        row = calculator.pairs.index["BTC spot-perp"]
        assert cell(calculator, Level.PAIR, row, "long") == "spot"
        assert cell(calculator, Level.PAIR, row, "capital") == pytest.approx(1.2)
        assert "spot from index" in cell(calculator, Level.PAIR, row, "assumptions")

    def test_the_ladder_pays_at_real_settlement_times_and_ends_at_the_net(self) -> None:
        calculator = self.priced()
        row = calculator.pairs.index["BTC perp-perp"]
        rungs = calculator.ladder(row, START_MS + 5000)
        assert rungs[0].kind is FlowKind.ENTRY
        assert [rung.time_ms for rung in rungs if rung.kind is FlowKind.SHORT][:2] == [
            START_MS + 8 * HOUR_MS,
            START_MS + 16 * HOUR_MS,
        ]
        assert rungs[-1].kind is FlowKind.EXIT
        assert rungs[-1].total == pytest.approx(cell(calculator, Level.PAIR, row, "net"), abs=1e-9)

    def test_too_large_a_size_has_no_price(self) -> None:
        calculator = Calculator(CalculatorSettings(carry=CarrySettings(notional_usd=1e9)))
        for venue, rate in (("a", 40e-4), ("b", 1e-4)):
            poll(calculator, START_MS, rate, venue=venue, oi_usd=1e7, volume_usd=1e7)
        calculator.tick(START_MS + 5000)
        row = calculator.pairs.index["BTC perp-perp"]
        assert math.isnan(cell(calculator, Level.PAIR, row, "net"))
        assert "not priced" in cell(calculator, Level.PAIR, row, "assumptions")
        assert math.isnan(cell(calculator, Level.ASSET, 0, "breakeven"))

    def test_every_pair_metric_explains_itself_with_its_legs(self) -> None:
        calculator = self.priced()
        for level in (Level.PAIR, Level.VENUE, Level.MARKET):
            for key in calculator.tables[level].metrics:
                assert explain(calculator, level, 0, key, START_MS).substituted
        told = explain(calculator, Level.PAIR, 0, "net", START_MS)
        assert {each.origin for each in told.inputs if each.name.startswith("short")} == {"a BTCUSDT"}

    def test_each_asset_gets_its_turn_while_the_widest_are_priced_always(self) -> None:
        calculator = Calculator(CalculatorSettings(carry=CarrySettings(top=2)))
        names = [f"X{number}" for number in range(9)]
        for venue, sign in (("a", 0.0), ("b", 1e-4)):
            quotes = [quote(contract(venue, name), START_MS, sign * (k + 1)) for k, name in enumerate(names)]
            calculator.apply(batch(venue, START_MS, *quotes), START_MS)
        for step in range(1, 5):
            calculator.tick(START_MS + step * 5000)
        assert {key for key in calculator.pairs.index if key.endswith("perp-perp")} == {
            f"{name} perp-perp" for name in names
        }


class TestVotes:
    def test_a_venue_that_repeats_another_ones_settlements_loses_its_vote(self) -> None:
        calculator = Calculator()
        for venue, size in (("a", 9e9), ("b", 1e9), ("c", 2e9)):
            poll(calculator, START_MS + MINUTE_MS, venue=venue, oi_usd=size)
        rng = np.random.default_rng(2)
        rates = rng.normal(0, 5e-4, 60)
        other = rng.normal(0, 5e-4, 60)
        records = [settlement(k - 60, float(rates[k]), venue) for k in range(60) for venue in ("a", "b")]
        records += [settlement(k - 60, float(other[k]), "c") for k in range(60)]
        calculator.settle(records, START_MS + MINUTE_MS)
        calculator.tick(START_MS + 2 * MINUTE_MS)
        assert calculator.reasons(calculator.instruments.index["b BTCUSDT"]) == (Reason.MIRRORED,)
        assert calculator.reasons(calculator.instruments.index["a BTCUSDT"]) == ()
        assert cell(calculator, Level.ASSET, 0, "instruments") == 2

    def test_a_quote_currency_off_its_peg_is_told(self) -> None:
        calculator = Calculator()
        names = [f"X{number}" for number in range(6)]
        for venue in ("a", "b"):
            dollars = [
                quote(contract(venue, name, symbol=f"{name}USD", quote="USD"), START_MS, index=100.0, mark=100.0)
                for name in names
            ]
            tether = [quote(contract(venue, name), START_MS, index=100.5, mark=100.5) for name in names]
            calculator.apply(batch(venue, START_MS, *dollars, *tether), START_MS)
        events = calculator.tick(START_MS + 1000).events
        assert [event.kind for event in events] == [EventKind.DEPEG]
        usd, assumed = calculator.quote_parity("USDT")
        assert usd == pytest.approx(1 / 1.005)
        assert not assumed
        assert calculator.quote_parity("USDE") == (1.0, True)


class TestBoards:
    def test_a_venue_and_the_market_in_one_row(self) -> None:
        calculator = Calculator()
        poll(calculator, START_MS, 8e-4, oi_usd=3e6)
        poll(calculator, START_MS, -8e-4, venue="b", oi_usd=1e6)
        calculator.tick(START_MS + 7 * HOUR_MS + 30 * MINUTE_MS)
        calculator.set_cadence("a", 1e6)
        calculator.set_cadence("b", 1e6)
        calculator.tick(START_MS + 7 * HOUR_MS + 40 * MINUTE_MS)
        calculator.tick(START_MS + 7 * HOUR_MS + 50 * MINUTE_MS)
        # 3M at 1 bp an hour against 1M at -1 bp: 200 $ an hour; all of 4M·8 bp is due within the hour.
        assert cell(calculator, Level.MARKET, 0, "funding_flow") == pytest.approx(200.0)
        assert cell(calculator, Level.MARKET, 0, "funding_due") == pytest.approx(3200.0)
        assert cell(calculator, Level.MARKET, 0, "mean") == pytest.approx(0.5e-4)
        row = calculator.venues.index["b"]
        assert cell(calculator, Level.VENUE, row, "mean") == pytest.approx(-1e-4)
        assert cell(calculator, Level.VENUE, row, "funding_due") == pytest.approx(800.0)


class TestRestart:
    def learnt(self) -> Calculator:
        calculator = Calculator()
        calculator.set_cadence("a", 60.0)
        for minute in range(180):
            poll(calculator, START_MS + minute * MINUTE_MS, 7e-4, premium=12e-4)
        calculator.settle([settlement(k - 80, 1e-4 * math.cos(k)) for k in range(80)], START_MS)
        return calculator

    def test_a_later_run_goes_on_where_this_one_stopped(self) -> None:
        before, after = self.learnt(), Calculator()
        after.import_state(before.export_state())
        after.set_cadence("a", 60.0)
        at_ms = START_MS + 180 * MINUTE_MS
        for calculator in (before, after):
            poll(calculator, at_ms, 7e-4, premium=12e-4)
        for key in ("settlements", "phi", "half_life", "realised_7d", "coverage", "theory", "oi_1h", "own_z"):
            assert instrument(after, key) == instrument(before, key) or math.isnan(instrument(before, key)), key
        np.testing.assert_array_equal(after.assets.series["trend"][0], before.assets.series["trend"][0])

    def test_state_that_was_taken_over_grows_on_to_the_same_bytes(self) -> None:
        before, after = self.learnt(), Calculator()
        after.import_state(before.export_state())
        after.set_cadence("a", 60.0)
        for minute in range(180, 400):
            for calculator in (before, after):
                premium = 12e-4 + 1e-5 * math.sin(minute)
                poll(calculator, START_MS + minute * MINUTE_MS, 7e-4, premium=premium, oi_usd=1e6 + 1e4 * minute)
        went_on, taken_over = before.export_state(), after.export_state()
        assert went_on.keys() == taken_over.keys()
        for name, column in went_on.items():
            if name.split(".")[0] in ("formula", "settling", "pressing"):
                assert column.tobytes() == taken_over[name].tobytes(), name

    def test_the_average_of_another_interval_is_dropped(self) -> None:
        after = Calculator()
        after.import_state(self.learnt().export_state())
        poll(after, START_MS + 12 * HOUR_MS, 7e-4, premium=12e-4)
        assert instrument(after, "coverage") < 0.01
        assert instrument(after, "settlements") == 80

    def test_rows_are_found_by_name_not_by_number(self) -> None:
        after = Calculator()
        after.import_state(self.learnt().export_state())
        poll(after, START_MS + 179 * MINUTE_MS, venue="z")
        poll(after, START_MS + 180 * MINUTE_MS, 7e-4, premium=12e-4)
        assert after.instruments.index["a BTCUSDT"] == 1
        assert instrument(after, "settlements") == 80
        assert not instrument(after, "settlements", "z BTCUSDT") > 0

    def test_damaged_or_foreign_state_is_refused(self) -> None:
        arrays = self.learnt().export_state()
        for damaged in (
            {key: value for key, value in arrays.items() if not key.startswith("formula.twap")},
            arrays | {"format": np.array([99])},
            arrays | {"formula.twap.s0": arrays["formula.twap.s0"].astype(np.float32)},
            arrays | {"format": np.array([2]), "pressing.day.price": arrays["pressing.day.price"][:, :40]},
        ):
            with pytest.raises(ValueError, match=r"saved state|column"):
                Calculator().import_state(damaged)

    def test_the_state_of_the_format_before_is_taken_over(self) -> None:
        arrays = self.learnt().export_state()
        older = arrays | {"format": np.array([2])}
        count = len(arrays["instruments"])
        for name, column in arrays.items():
            if name.startswith("pressing.flow.") and column.dtype.kind in "fu":
                older[name] = column.astype(np.int32 if column.dtype.kind == "u" else np.float64)
            elif column.dtype == np.float32 and not name.startswith(
                ("pressing.day.", "settling.own.realised.", "past.")
            ):
                older[name] = column.astype(np.float64)
        for name in ("last_min", "first_min", "expired_min"):
            older[f"settling.own.realised.{name}"] = arrays[f"settling.own.realised.{name}"].astype(np.int64)
        older["pressing.flow.count"] = np.full((count, 3, 3), 70_000, np.int32)
        older["pressing.purge.event_first_ms"] = np.full(count, -1, np.int64)
        older["pressing.purge.event_severity"] = np.full(count, np.nan)
        after = Calculator()
        after.import_state(older)
        poll(after, START_MS + 180 * MINUTE_MS, 7e-4, premium=12e-4)
        again = after.export_state()
        assert again["pressing.flow.count"].tolist() == [[[255] * 3] * 3]
        for name in ("settling.own.realised.first_min", "settling.own.realised.total", "pressing.oi.mean"):
            assert again[name].dtype == arrays[name].dtype, name
            np.testing.assert_array_equal(again[name], arrays[name], err_msg=name)

    def test_state_is_taken_over_before_the_first_batch_only(self) -> None:
        calculator = self.learnt()
        with pytest.raises(ValueError, match="before the first batch"):
            calculator.import_state(calculator.export_state())


def test_a_locked_rate_is_not_projected() -> None:
    calculator = Calculator()
    for minute in range(30):
        poll(calculator, START_MS + minute * MINUTE_MS, 7e-4, what=contract("a", rate_kind=RateKind.LOCKED))
    assert math.isnan(instrument(calculator, "projected"))


def test_drift_is_where_the_rate_would_go_if_the_premium_stayed() -> None:
    calculator = Calculator()
    for minute in range(10):
        poll(calculator, START_MS + minute * MINUTE_MS, 4e-4, premium=12e-4)
    # 12 bp gives 7 bp per eight hours; 4 bp is published.
    assert instrument(calculator, "drift") * 8 == pytest.approx(3e-4, rel=1e-9)
    assert instrument(calculator, "carry_excess") * 8760 == pytest.approx(4e-4 * 1095 - 0.04, rel=1e-9)
    # Money at 4 % is 0.365 bp per eight hours, below the interest of 1 bp: P* = 0.365 − 5 bp.
    assert instrument(calculator, "fair_premium") == pytest.approx(0.04 / 1095 - 5e-4, rel=1e-9)


def test_a_rate_that_cannot_be_worked_out_is_left_out_also_without_a_readers_reason() -> None:
    calculator = Calculator()
    nameless = contract("b", interval_h=NAN, rate_period_h=NAN)
    for venue, what, rate in (("a", contract("a"), 1e-4), ("b", nameless, 5e-4), ("c", contract("c"), NAN)):
        calculator.apply(batch(venue, START_MS, quote(what, START_MS, rate)), START_MS)
    assert cell(calculator, Level.ASSET, 0, "instruments") == 1
    assert calculator.reasons(1) == (Reason.INTERVAL_UNKNOWN,)
    assert calculator.reasons(2) == (Reason.NO_RATE,)
