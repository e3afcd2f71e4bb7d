"""The lens and the basis act on every rate: skew's ends, pairs, calendar and positions, and on their order."""

from __future__ import annotations

import math

from fundtui.imbalance.catalogue import Level
from tests.ui import rich_market
from tests.ui.pilot import driven


async def test_the_ends_of_the_skew_table_follow_the_lens() -> None:
    market = rich_market.market()
    leaves = market.table(Level.INSTRUMENT)
    # In the excess ETH is the widest: 10,000 % apart on two of its venues.
    rows = market.instrument_rows(1)
    leaves.columns["excess"][rows[0]], leaves.columns["excess"][rows[1]] = -50 / 8760, 50 / 8760
    async with driven(market, size=(120, 40)) as screen:
        before = screen.assets
        await screen.press("e")
        await screen.draw(2.0)
        assert screen.assets[0] == "ETH"
        line = next(line for line in screen.lines if line[2:].startswith("ETH"))
        assert "10000%" in line
        low, high = (leaves.text("venue", int(rows[place]))[:8] for place in (0, 1))
        assert low in line
        assert high in line
        # What filters name stays the published rate.
        await screen.press("slash", *"spread > 9000%", "enter")
        assert "no asset" in screen.text or "nothing" in screen.text
        await screen.press("escape", "e", "e")
        await screen.draw(2.0)
        assert screen.assets == before


async def test_a_pairs_spread_follows_the_lens() -> None:
    market = rich_market.market()
    leaves = market.table(Level.INSTRUMENT)
    leaves.columns["excess"][leaves.index["binance BTCUSDT"]] = 3e-4
    leaves.columns["excess"][leaves.index["bybit BTCUSDT"]] = 1e-4
    async with driven(market, size=(120, 40)) as screen:
        await screen.press("3")
        # 0.3 bp an hour as priced; 2 bp an hour above interest.
        assert "26.3%" in screen.lines[2]
        await screen.press("e")
        assert "175.2%" in screen.lines[2]


async def test_the_calendar_follows_lens_and_basis() -> None:
    market = rich_market.market()
    leaves = market.table(Level.INSTRUMENT)
    leaves.columns["excess"][leaves.index["binance BTCUSDT"]] = 5e-5
    async with driven(market, size=(200, 50)) as screen:
        await screen.press("5")
        row = next(line for line in screen.lines if line.startswith("▌"))
        assert "+87.6%" in row
        await screen.press("e")
        row = next(line for line in screen.lines if line.startswith("▌"))
        assert "+43.8%" in row
        await screen.press("b")
        row = next(line for line in screen.lines if line.startswith("▌"))
        assert "+43.8%" not in row


async def test_a_positions_rate_follows_the_lens() -> None:
    market = rich_market.market()
    leaves = market.table(Level.INSTRUMENT)
    leaves.columns["excess"][leaves.index["binance BTCUSDT"]] = 5e-5
    async with driven(market, size=(200, 50)) as screen:
        await screen.press("9")
        assert "+87.6%" in screen.text
        await screen.press("e")
        assert "+43.8%" in screen.text
        held = next(row for row in screen.app.screen.list.rows if row.name == "gone")  # type: ignore[attr-defined]
        assert math.isnan(held.shown)
