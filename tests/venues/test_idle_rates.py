"""Idle markets print the interest rate, 0.01 % per eight hours, in as many ways as there are venues: all come to one.

Each row is a recorded market at rest, or a documented print put into the venue's own answer: what the venue prints
(per its own period, as its sheet says) and how many hours that covers. 0.0001 / 8 h is 1.25e-5 an hour.
"""

from __future__ import annotations

import pytest

from fundtui.market import Quote
from fundtui.units import HOURS_PER_YEAR
from tests.venues.test_symbols import recorded_quotes

IDLE_HOURLY = 1.25e-5

AT_REST = [
    ("binance", "KAVAUSDT", 0.0001, 8.0),
    ("binance", "DIAUSDT", 0.00005, 4.0),
    ("binance", "FLMUSDT", 0.000025, 2.0),
    ("binance", "WCTUSDT", 0.0000125, 1.0),
    ("bybit", "1000FLOKIUSDT", 0.0001, 8.0),
    ("bybit", "0GUSDT", 0.00005, 4.0),
    ("gate", "BTC_USD", 0.0001, 8.0),
    ("gate", "GRASS_USDT", 0.00005, 4.0),
    ("kucoin", "PEPEUSDTM", 0.0001, 8.0),
    ("kucoin", "WIFUSDTM", 0.00005, 4.0),
    ("hyperliquid", "BTC", 0.0000125, 1.0),
    ("backpack", "kPEPE_USDC_PERP", 0.0000125, 1.0),
    ("edgex", "1000PEPEUSDC", 0.00005, 4.0),
    ("pacifica", "XPL", 0.0000125, 1.0),
    ("orderly", "PERP_BTC_USDC", 0.0001, 8.0),
    ("orderly", "PERP_HYPE_USDC", 0.00005, 4.0),
    ("vertex", "kPEPE-PERP_USDT0", 0.0003, 24.0),
    ("bingx", "LINK-USDT", 0.0001, 8.0),
    ("whitebit", "APT_PERP", 0.0001, 8.0),
]
ROUNDED = [
    # Six decimals hide the last half: 0.000013 for 0.0000125 (venue sheets aevo, extended, coinbase-intx).
    ("aevo", "MSTR-PERP", 0.000013, 1.0),
    ("extended", "BTC-USD", 0.000013, 1.0),
    ("coinbase-intx", "BIP-20DEC30-CDE", 0.000013, 1.0),
    # Per eight hours in steps of 0.000008, an eighth of it each hour.
    ("lighter", "ETH", 0.000096, 8.0),
]


@pytest.mark.parametrize(("venue", "symbol", "printed", "hours"), AT_REST)
def test_an_idle_rate_is_the_interest_rate_an_hour(venue: str, symbol: str, printed: float, hours: float) -> None:
    quote = found(venue, symbol)
    assert quote.rate == pytest.approx(printed, rel=1e-9)
    assert quote.contract.rate_period_h == hours
    assert quote.hourly == pytest.approx(IDLE_HOURLY, rel=1e-9)
    assert quote.hourly * HOURS_PER_YEAR == pytest.approx(0.1095, rel=1e-9)


@pytest.mark.parametrize(("venue", "symbol", "printed", "hours"), ROUNDED)
def test_a_rounded_idle_rate_is_within_its_rounding(venue: str, symbol: str, printed: float, hours: float) -> None:
    quote = found(venue, symbol)
    assert quote.rate == pytest.approx(printed, rel=1e-9)
    assert quote.contract.rate_period_h == hours
    assert quote.hourly == pytest.approx(IDLE_HOURLY, rel=0.041)


def test_most_of_hyperliquid_is_at_rest() -> None:
    """Venue sheet hyperliquid: idle value in 125 of 177 live rows of the recording."""
    quotes = recorded_quotes("hyperliquid")
    if not quotes:
        pytest.skip("the recorded answers are not beside the repository (../shared/payloads)")
    assert sum(abs(quote.hourly / IDLE_HOURLY - 1) < 1e-9 for quote in quotes) == 125


def found(venue: str, symbol: str) -> Quote:
    quotes = {quote.contract.symbol: quote for quote in recorded_quotes(venue)}
    if not quotes:
        pytest.skip("the recorded answers are not beside the repository (../shared/payloads)")
    return quotes[symbol]
