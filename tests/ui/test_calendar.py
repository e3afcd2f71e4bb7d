"""The schedule of settlements and its screen."""

from __future__ import annotations

import numpy as np
import pytest

from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.table import Table
from fundtui.ui.schedule import flows, schedule
from fundtui.ui.widgets.timeline import LABEL, step_for
from tests.ui import rich_market
from tests.ui.market import START_MS, FixedClock, Market
from tests.ui.pilot import driven

HOUR_MS = 3_600_000
# START is 14:13:20 UTC; the full hour before it is 14:00.
FULL_MS = START_MS - 800_000


def book(*contracts: tuple[str, str, float, float, float, float]) -> Market:
    """Contracts as (venue, asset, hourly rate, interval, minutes after 14:00 of the next payment, OI)."""
    market = Market(0, clock=FixedClock())
    leaves = market.table(Level.INSTRUMENT)
    for venue, asset, hourly, hours, minutes, size in contracts:
        market.table(Level.ASSET).add(asset)
        leaf = leaves.add(f"{venue} {asset}USDT")
        market._members.append(np.array([leaf]))
        for key, text in (("venue", venue), ("asset", asset), ("symbol", f"{asset}USDT")):
            market.put(leaves, leaf, key, text)
        columns = leaves.columns
        columns["apr"][leaf], columns["interval_h"][leaf], columns["oi_usd"][leaf] = hourly, hours, size
        columns["next_funding_ms"][leaf] = FULL_MS + minutes * 60_000
        columns["rate"][leaf], columns["observed_ms"][leaf] = hourly * hours, START_MS
    return market


NAN = float("nan")
TWO = (("binance", "BTC", 1e-5, 8.0, 120.0, 1e9), ("bybit", "ETH", -2e-5, 1.0, 60.0, 1e8))


def test_dollars_by_hour_are_open_interest_times_what_is_paid() -> None:
    made = schedule(book(*TWO).table(Level.INSTRUMENT), START_MS, 24, 1)
    assert made.start_ms == FULL_MS
    # binance: 8 bp·10⁻¹ of 1B = 80,000 at 16:00, 00:00 and 08:00; bybit: 2,000 each hour from 15:00 on.
    assert [hour for hour in range(24) if made.longs[hour]] == [2, 10, 18]
    assert made.longs[2] == pytest.approx(80_000.0)
    assert made.shorts.tolist() == pytest.approx([0.0] + [2_000.0] * 23)
    assert made.venues == ("binance", "bybit")
    assert made.by_venue[1].sum() == pytest.approx(23 * 2_000.0)


def test_wider_stretches_hold_the_same_dollars() -> None:
    table = book(*TWO).table(Level.INSTRUMENT)
    hourly, wide = schedule(table, START_MS, 72, 1), schedule(table, START_MS, 72, 3)
    assert wide.stretches == 24
    assert wide.longs.sum() == pytest.approx(hourly.longs.sum())
    assert wide.shorts.sum() == pytest.approx(hourly.shorts.sum())


def test_continuous_funding_flows_all_the_time_and_unknown_intervals_are_left_out() -> None:
    market = book(("deribit", "BTC", 1e-5, NAN, NAN, 1e8), ("gate", "BTC", 1e-5, NAN, NAN, 1e8))
    leaves = market.table(Level.INSTRUMENT)
    market.put(leaves, leaves.index["gate BTCUSDT"], "reasons", "interval_unknown")
    made = schedule(leaves, START_MS, 24, 1)
    assert made.continuous == pytest.approx(1_000.0)
    assert made.longs.sum() == 0.0


def test_what_is_due_and_not_yet_seen_is_settling() -> None:
    # Due at 14:10, and it is 14:13: nobody has told that it settled.
    table = book(("okx", "BTC", 1e-5, 8.0, 10.0, 1e8)).table(Level.INSTRUMENT)
    made = schedule(table, START_MS, 24, 1)
    assert made.settling == 1
    assert made.longs[0] == pytest.approx(8_000.0)
    (flow,) = flows(table, START_MS, FULL_MS, FULL_MS + HOUR_MS)
    assert flow.settling
    assert flow.time_ms == FULL_MS + 600_000


def test_a_settlement_long_overdue_counts_once_and_later_ones_keep_their_clock() -> None:
    # Due at 12:00, every 4 h: 12:00 (settling, now), 16:00, 20:00, 00:00, 04:00, 08:00, 12:00.
    table = book(("okx", "BTC", 1e-5, 4.0, -120.0, 1e8)).table(Level.INSTRUMENT)
    made = schedule(table, START_MS, 24, 1)
    assert [hour for hour in range(24) if made.longs[hour]] == [0, 2, 6, 10, 14, 18, 22]


def test_flows_tell_who_pays_whom_and_what_it_rests_on() -> None:
    table = book(*TWO).table(Level.INSTRUMENT)
    at_four = flows(table, START_MS, FULL_MS + 2 * HOUR_MS, FULL_MS + 3 * HOUR_MS)
    assert [(flow.venue, flow.first) for flow in at_four] == [("binance", True), ("bybit", False)]
    assert [flow.dollars for flow in at_four] == pytest.approx([80_000.0, -2_000.0])
    assert {flow.time_ms for flow in at_four} == {FULL_MS + 2 * HOUR_MS}


def test_delisted_contracts_and_contracts_without_size_pay_nothing() -> None:
    table: Table = book(*TWO).table(Level.INSTRUMENT)
    table.alive[0] = False
    table.columns["oi_usd"][1] = NAN
    made = schedule(table, START_MS, 24, 1)
    assert made.longs.sum() == made.shorts.sum() == 0.0
    assert made.venues == ()


def test_stretches_fit_the_width() -> None:
    assert step_for(24, 80) == 1
    # 66 cells beside the labels: 72 hours need stretches of two.
    assert step_for(72, 80) == 2
    assert step_for(72, 120) == 1


async def test_the_screen_opens_on_what_comes_next() -> None:
    async with driven(book(*TWO)) as screen:
        await screen.press("5")
        assert "15:00 to 16:00" in screen.lines[0]
        assert "due $286k" in screen.lines[1]
        assert "longs pay $240k" in screen.lines[1]
        assert "shorts pay $46.0k" in screen.lines[1]
        row = next(line for line in screen.lines if line.startswith("▌"))
        assert row.split() == [
            "▌", "15:00", "bybit", "ETH", "-0.0020%/1h", "-17.5%", "100M", "2.00k", "shorts", "pay", "longs",
            "published",
        ]  # fmt: skip


async def test_hours_by_key_and_by_mouse() -> None:
    async with driven(book(*TWO)) as screen:
        await screen.press("5", "right_square_bracket")
        assert "16:00 to 17:00" in screen.lines[0]
        rows = [line for line in screen.lines if "16:00 b" in line]
        assert ["binance" in row for row in rows] == [True, False]
        assert "at today's rate" in rows[1]
        await screen.press("left_square_bracket", "left_square_bracket")
        assert "14:00 to 15:00" in screen.lines[0]
        assert "nothing is due in this hour" in screen.text
        line = screen.app.screen.query_one("#timeline")
        # 120 cells less the labels are four for each of 24 hours: the eleventh hour begins at 40.
        await screen.pilot.click(line, offset=(LABEL + 4 * 10, 3))
        await screen.draw()
        assert "00:00 to 01:00" in screen.lines[0]


async def test_three_days() -> None:
    async with driven(book(*TWO)) as screen:
        await screen.press("5", "w")
        # binance 9 times (16:00 on the first day to 08:00 on the fourth), bybit 71 times.
        assert "next 72 h" in screen.lines[1]
        assert "longs pay $720k" in screen.lines[1]
        assert "shorts pay $142k" in screen.lines[1]


async def test_the_chosen_hour_stays_chosen_while_time_passes() -> None:
    market = book(*TWO)
    async with driven(market) as screen:
        await screen.press("5", "right_square_bracket")
        assert isinstance(market.clock, FixedClock)
        market.clock.seconds += 3_600.0
        await screen.draw(10.0)
        assert "16:00 to 17:00" in screen.lines[0]
        market.clock.seconds += 2 * 3_600.0
        await screen.draw(10.0)
        assert "17:00 to 18:00" in screen.lines[0]


async def test_direction_has_a_sign_beside_its_colour_and_each_venue_a_row_of_ticks() -> None:
    async with driven(book(*TWO)) as screen:
        await screen.press("5")
        net = next(line for line in screen.lines if line.strip().startswith("net"))
        cells = net[LABEL:]
        assert [cells[4 * hour : 4 * hour + 1].strip() for hour in range(4)] == ["", "-", "+", "-"]
        ticks = next(line for line in screen.lines if line.strip().startswith("binance "))[LABEL:]
        assert [hour for hour in range(24) if ticks[4 * hour : 4 * hour + 1] not in {"·", ""}] == [2, 10, 18]


async def test_settling_is_said() -> None:
    async with driven(book(("okx", "BTC", 1e-5, 8.0, 10.0, 1e8))) as screen:
        await screen.press("5")
        assert "settling 1" in screen.lines[1]
        assert "settling" in next(line for line in screen.lines if line.startswith("▌"))


async def test_detail_and_explanation() -> None:
    async with driven(rich_market.market(), size=(80, 24)) as screen:
        await screen.press("5", "enter")
        assert "in 30m" in screen.text
        await screen.press("escape", "x")
        assert "next settlement + k × interval" in screen.text
        assert "interval 8h" in screen.text
        assert "multiplier" in screen.text
        await screen.press("end")
        assert "fundingRate 0.0001 = rate" in screen.text


async def test_a_venue_whose_name_is_too_long_says_so() -> None:
    async with driven(book(("kraken-futures", "BTC", 1e-5, 1.0, 60.0, 1e9)), size=(120, 40)) as screen:
        await screen.press("5")
        assert any(line.startswith("kraken-futu… ") for line in screen.lines), screen.text
