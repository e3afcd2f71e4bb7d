"""What each venue publishes of its open interest's limits, in dollars, against the recorded numbers read by hand."""

from __future__ import annotations

import math

import pytest

from fundtui.venues import lighter, load
from tests.venues.reading import quotes
from tests.venues.test_symbols import recorded_quotes

CAPS = [
    # perpDexs: assetToStreamingOiCap [["xyz:AAPL", "150000000.0"]], in USD.
    ("hyperliquid", "xyz:AAPL", 150_000_000.0),
    ("hyperliquid", "xyz:XYZ100", 1_000_000_000.0),
    # info: global_max_oi_cap 1000000000, in USD.
    ("orderly", "PERP_BTC_USDC", 1_000_000_000.0),
    # markets: openInterestLimit "64000" ETH, at the recorded mark of 2477.92.
    ("backpack", "ETH_USDC_PERP", 64_000 * 2477.92),
    # tradingConfig: openInterestLimit "5000000" and "500000", in USD.
    ("extended", "PAXG-USD", 5_000_000.0),
    ("extended", "JP225-USD", 500_000.0),
    # symbols: max_open_interest_x18 "165000000000000000000000000", USD x 1e18.
    ("vertex", "BTC-PERP_USDT0", 165_000_000.0),
]


@pytest.mark.parametrize(("venue", "symbol", "usd"), CAPS)
def test_recorded_cap(venue: str, symbol: str, usd: float) -> None:
    found = {quote.contract.symbol: quote for quote in recorded_quotes(venue)}
    if not found:
        pytest.skip("the recorded answers are not beside the repository (../shared/payloads)")
    assert found[symbol].oi_cap_usd == pytest.approx(usd, rel=1e-9)
    assert 0 < found[symbol].oi_usd < usd


@pytest.mark.parametrize(("venue", "symbol"), [("extended", "BTC-USD"), ("dydx", "ETH-USD")])
def test_a_recorded_limit_of_zero_is_none(venue: str, symbol: str) -> None:
    found = {quote.contract.symbol: quote for quote in recorded_quotes(venue)}
    if not found:
        pytest.skip("the recorded answers are not beside the repository (../shared/payloads)")
    assert math.isnan(found[symbol].oi_cap_usd)


def test_dydx_upper_cap() -> None:
    """Every recorded one is "0"; the field as its sheet describes it."""
    market = {
        "ticker": "A-USD", "status": "ACTIVE", "oraclePrice": "2", "nextFundingRate": "0.0000125",
        "openInterest": "1000000", "openInterestLowerCap": "20000000", "openInterestUpperCap": "50000000",
        "marketType": "CROSS",
    }  # fmt: skip
    found = quotes(load("dydx"), 1_789_338_600_000, {"perpetualMarkets": {"markets": {"A-USD": market}}})
    assert found["A-USD"].oi_cap_usd == 50_000_000.0
    assert found["A-USD"].oi_usd / found["A-USD"].oi_cap_usd == pytest.approx(0.04)


def test_recorded_pools_of_gmx_tell_no_capacity() -> None:
    """`markets/tickers` was never recorded: tests/venues/test_gmx.py holds the pool's fuller side against hand-made
    answers; here only that a cap never comes from the recorded pools, which do not tell any."""
    assert all(math.isnan(quote.oi_cap_usd) for quote in recorded_quotes("gmx"))


def test_lighter_tells_its_limit_over_a_socket_only() -> None:
    """Venue sheet lighter: "WS market_stats.open_interest_limit"; fundtui asks REST only and says so."""
    assert all(math.isnan(quote.oi_cap_usd) for quote in recorded_quotes("lighter"))
    assert "open_interest_limit" in (lighter.__doc__ or "")
