"""Aevo's reader against recorded answers; traps as in venue sheet aevo."""

from __future__ import annotations

import json

import pytest

from fundtui.market import Reason, Status
from fundtui.venues.aevo import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, read, recorded, unknown

NOW_MS = 1_789_338_600_000  # 2026-09-13 22:30 UTC


def bodies() -> dict[str, bytes]:
    return {
        "coingecko-statistics": recorded("aevo/coingecko-statistics_trimmed.json"),
        "markets": recorded("aevo/markets_trimmed.json"),
    }


def test_values_of_a_recorded_row() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTC-PERP"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.rate_period_h, contract.interval_h) == ("BTC", "USDC", 1.0, 1.0)
    assert (quote.rate, quote.mark, quote.index) == (0.000008, 76729.48536, 76793.432181)
    assert quote.oi_base == 26.235999
    assert quote.oi_usd == pytest.approx(26.235999 * 76729.48536)
    assert quote.volume_usd == 1889388.228
    assert quote.next_funding_ms == 1_789_340_400_000  # seconds as text
    assert unknown(quote.last)


def test_every_recorded_row_is_a_quote() -> None:
    batch = read(VENUE, NOW_MS, bodies())
    assert (len(batch.quotes), batch.rejected) == (10, {})


def test_what_is_no_coin_says_what_it_is() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    assert {symbol: quote.contract.asset_id for symbol, quote in found.items()} == {
        "BTC-PERP": "BTC",
        "ETH-PERP": "ETH",
        "MSTR-PERP": "MSTR.eq",
        "XAU-PERP": "XAU.cm",
        "USDJPY-PERP": "USDJPY.fx",
        "H100-PERP": "H100.cm",
        "ANTHROPIC-PERP": "ANTHROPIC.eq",
        "SPY-PERP": "SPY.ix",
        "1000PEPE-PERP": "PEPE",
        "BEAMX-PERP": "BEAMX",
    }
    assert found["1000PEPE-PERP"].contract.multiplier == 1000.0


def test_a_row_without_the_next_time_is_not_trading() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BEAMX-PERP"]
    assert (quote.contract.status, quote.reasons) == (Status.SUSPENDED, (Reason.NOT_TRADING,))
    assert quote.next_funding_ms is None


def test_trap_six_decimals_hide_the_idle_rate() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["MSTR-PERP"]
    assert quote.rate == 0.000013
    assert quote.hourly == pytest.approx(1.25e-5, rel=0.041)


def test_statistics_alone_are_enough() -> None:
    found = quotes(VENUE, NOW_MS, {"coingecko-statistics": bodies()["coingecko-statistics"]})
    assert found["BTC-PERP"].oi_usd == pytest.approx(26.235999 * 76793.432181)  # by the index
    assert unknown(found["BTC-PERP"].mark)
    assert found["XAU-PERP"].contract.asset_id == "XAU.cm"


def test_prefixes_of_millions_and_ten_thousands() -> None:
    rows = [
        {"ticker_id": f"{base}-PERP", "base_currency": base, "funding_rate": "0"}
        for base in ("1000000BONK", "10000SATS")
    ]
    found = quotes(VENUE, NOW_MS, {"coingecko-statistics": rows})
    assert [(one.contract.asset, one.contract.multiplier) for one in found.values()] == [("BONK", 1e6), ("SATS", 1e4)]


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "coingecko-statistics", b'{"error":"RATE_LIMIT_EXCEEDED"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)


def test_trap_nanoseconds_against_seconds_in_history() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    rows = history.read(recorded("aevo/funding-history_BTC-PERP.json"), "BTC-PERP")
    assert [(row.time_ms, row.rate) for row in rows] == [
        (1789336800000, 0.00001), (1789333200000, 0.000012), (1789329600000, 0.00001), (1789326000000, 0.00001),
    ]  # fmt: skip
    assert rows[0].price == 77294.556299
    request = history.first("BTC-PERP", 1_789_000_000_000, NOW_MS)
    assert dict(request.params)["start_time"] == "1789000000000000000"
    assert history.next(request, rows, "BTC-PERP", 0, NOW_MS) is None


def test_history_pages_backwards_by_fifty() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    newest_s = 1_789_336_800
    page = [["S", f"{newest_s - hour * 3600}000000000", "0.00001", "1"] for hour in range(50)]
    rows = history.read(json.dumps({"funding_history": page}).encode(), "S")
    request = history.first("S", 1_780_000_000_000, NOW_MS)
    following = history.next(request, rows, "S", 1_780_000_000_000, NOW_MS)
    assert following is not None
    oldest_ms = (newest_s - 49 * 3600) * 1000
    assert int(dict(following.params)["end_time"]) < oldest_ms * 1_000_000
    assert history.next(following, rows, "S", 1_780_000_000_000, NOW_MS) is None  # the same page again: no progress
