"""Bitstamp: one market was recorded, the rest is made after venue sheet bitstamp."""

from __future__ import annotations

from typing import Any

import pytest

from fundtui.market import Kind, Quote, Reason, Status
from fundtui.venues.bitstamp import VENUE
from fundtui.venues.spec import BadAnswer, Fault, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, recorded, unknown

OBSERVED_MS = 1_700_000_000_000
MARKETS = "bitstamp/markets_btcusd-perp_1row.json"
RATE = b'{"funding_rate":"0.0024","timestamp":"1700000000","market":"btcusd-perp","next_funding_time":"1700006400"}'


def one(more: dict[str, Any] | None = None) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"markets": recorded(MARKETS)} | (more or {}))["btcusd-perp"]


def test_recorded_market() -> None:
    contract = one().contract
    assert (contract.asset, contract.quote, contract.kind, contract.status) == (
        "BTC",
        "USD",
        Kind.LINEAR,
        Status.TRADING,
    )
    assert unknown(one().rate)


def test_rate_is_shown_raw_and_compared_with_nothing() -> None:
    quote = one({"funding_rate/*": {"btcusd-perp": RATE}})
    assert quote.rate == 0.0024
    assert unknown(quote.contract.interval_h, quote.hourly)
    assert quote.reasons == (Reason.INTERVAL_UNKNOWN,)
    assert quote.next_funding_ms == 1_700_006_400_000
    assert "not verified" in VENUE.experimental


def test_ticker_joins_by_the_markets_name() -> None:
    row = {
        "pair": "BTC/USD-PERP",
        "last": "100",
        "volume": "5",
        "mark_price": "101",
        "index_price": "102",
        "open_interest": "3",
    }
    quote = one({"ticker": [row]})
    assert (quote.last, quote.mark, quote.index, quote.oi_base, quote.oi_usd, quote.volume_usd) == (
        100,
        101,
        102,
        3,
        303,
        500,
    )


def test_only_the_watched_are_asked_and_spot_is_none_of_ours() -> None:
    keys = endpoint(VENUE, "funding_rate").keys
    assert keys is not None
    rows = [
        {
            "name": "ETH/USD",
            "market_symbol": "ethusd",
            "base_currency": "ETH",
            "counter_currency": "USD",
            "market_type": "SPOT",
        }
    ]
    parts = decoded(VENUE, {"markets": recorded(MARKETS)})
    assert keys(parts, Wanted(assets=frozenset({"BTC"}))) == ["btcusd-perp"]
    assert keys(parts, Wanted()) == []
    assert decoded(VENUE, {"markets": rows})["markets"] == {}


def test_wrong_answers() -> None:
    assert fault(VENUE, "markets", b'{"status":"error","reason":"Not found","code":"404.001"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    judged = VENUE.judge(429, b'{"status":"error","reason":"Rate limit exceeded.","code":"400.002"}')
    assert judged is not None
    assert judged.fault is Fault.RATE_LIMITED
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)
    assert VENUE.history is None
