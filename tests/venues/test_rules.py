"""The funding rule of every venue: family and constants as its sheet and methodology §2.2 say, or why it is unknown."""

from __future__ import annotations

import math

import pytest

from fundtui.market import Averaging, Family
from fundtui.venues import load, names
from tests.venues.reading import quotes, recorded

A, B, C, D, E, F = (
    Family.NORMALISED,
    Family.PER_INTERVAL,
    Family.NO_INTEREST,
    Family.FRACTION,
    Family.CONTINUOUS,
    Family.OI_SKEW,
)
BP = 1e-4

KNOWN = {
    # venue: family, interest per 8 h, damper, share, averaging
    "binance": (A, BP, 5 * BP, 1.0, Averaging.LINEAR),
    "binance-coinm": (A, BP, 5 * BP, 1.0, Averaging.LINEAR),
    "bybit": (B, BP, 5 * BP, 1.0, Averaging.LINEAR),
    "okx": (B, BP, 5 * BP, 1.0, Averaging.LINEAR),
    "bitget": (A, BP, 5 * BP, 1.0, Averaging.LINEAR),
    "gate": (A, BP, 5 * BP, 1.0, Averaging.LINEAR),
    "kucoin": (B, BP, 5 * BP, 1.0, Averaging.UNIFORM),
    "mexc": (B, BP, 5 * BP, 1.0, Averaging.UNIFORM),
    "htx": (B, BP, 5 * BP, 1.0, Averaging.UNIFORM),
    "bingx": (B, BP, 5 * BP, 1.0, Averaging.UNIFORM),
    "phemex": (B, BP, 5 * BP, 1.0, Averaging.UNIFORM),
    "aster": (A, BP, 5 * BP, 1.0, Averaging.LINEAR),
    "hyperliquid": (A, BP, 5 * BP, 1.0, Averaging.UNIFORM),
    "pacifica": (A, BP, 5 * BP, 1.0, Averaging.UNIFORM),
    "lighter": (A, BP, 5 * BP, 1.0, Averaging.UNIFORM),
    "extended": (A, BP, 5 * BP, 1.0, Averaging.UNIFORM),
    "dydx": (D, 0.0, 0.0, 1 / 8, Averaging.UNIFORM),
    "drift": (D, 0.0, 0.0, 1 / 24, Averaging.EWMA),
    "kraken-futures": (D, 0.0, 0.0, 1 / 24, Averaging.UNIFORM),
    "bitfinex": (B, 0.0, 5 * BP, 1.0, Averaging.UNIFORM),
    "deribit": (E, 0.0, 2.5 * BP, 1.0, Averaging.NONE),
    "paradex": (E, BP, 5 * BP, 1.0, Averaging.EWMA),
    "gmx": (F, 0.0, 0.0, 1.0, Averaging.NONE),
}
UNKNOWN = {
    # venue: what its sheet says a market at rest pays per 8 h, None where it says nothing
    "aevo": BP,
    "apex": BP,
    "backpack": None,
    "bitstamp": None,
    "blofin": None,
    "bullish": None,
    "coinbase-intx": None,
    "cryptocom": None,
    "delta": None,
    "delta-india": None,
    "edgex": BP,
    "gemini": None,
    "hibachi": None,
    "orderly": BP,
    "vertex": BP,
    "whitebit": BP,
    "woox": None,
    "xt": None,
}


def test_every_venue_is_in_one_of_the_tables() -> None:
    assert sorted([*KNOWN, *UNKNOWN]) == sorted(names())


@pytest.mark.parametrize("venue", KNOWN)
def test_a_known_rule(venue: str) -> None:
    rule = load(venue).rule
    assert rule.source
    family, interest, damper, share, averaging = KNOWN[venue]
    assert (rule.family, rule.averaging) == (family, averaging)
    assert (rule.interest_8h, rule.damper, rule.share) == pytest.approx((interest, damper, share), rel=1e-12)


@pytest.mark.parametrize("venue", UNKNOWN)
def test_an_unknown_rule_says_why(venue: str) -> None:
    rule = load(venue).rule
    assert rule.family is Family.UNKNOWN
    assert f"venue sheet {venue.removesuffix('-india')}: " in rule.source
    interest = UNKNOWN[venue]
    if interest is None:
        assert math.isnan(rule.interest_8h)
    else:
        assert rule.interest_8h == pytest.approx(interest, rel=1e-12)


def test_a_market_without_interest_is_known_by_its_own_figure() -> None:
    """Orderly's `info` states 0.0001 for most and 0 for currencies (venue sheet orderly)."""
    bodies = {name: recorded(f"orderly/{name}_trimmed.json") for name in ("futures", "info")}
    found = quotes(load("orderly"), 1_789_336_872_000, bodies)
    assert found["PERP_BTC_USDC"].contract.rule.interest_8h == BP
    assert found["PERP_EURUSD_USDC"].contract.rule.interest_8h == 0


def test_edgex_forecasts_follow_from_no_damper() -> None:
    """Why its rule stays unknown: of two markets with nearly the same average premium one is at rest, one is not."""
    bodies = {
        "getMetaData": recorded("edgex/v2_getMetaData_trimmed.json"),
        "getLatestFundingRate/*": {"all": recorded("edgex/v2_getLatestFundingRate_trimmed.json")},
    }
    rows = quotes(load("edgex"), 1_789_339_039_905, bodies)
    at_rest = {quote.contract.asset for quote in rows.values() if quote.rate == 0.00005}
    # Average premiums -1.2267 and -1.1575 basis points, as recorded.
    assert "ETH" in at_rest
    assert "BTC" not in at_rest
