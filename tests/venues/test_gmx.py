"""GMX's reader against recorded pools and prices; traps as in venue sheet gmx.

No answer with rates was ever recorded: their rows here are made after the documented units.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Family, Note, Reason, Status
from fundtui.polling.asking import request_for
from fundtui.venues._sides import both_rates
from fundtui.venues.gmx import VENUE, scaled
from tests.venues.reading import assert_refuses_wrong_answers, endpoint, fault, quotes, read, recorded, unknown

NOW_MS = 1_783_345_314_888  # 2026-07-06 13:41 UTC
BTC_POOL = "BTC/USD:WBTC.b-USDC"


def bodies() -> dict[str, Any]:
    return {
        "markets": recorded("gmx/arbitrum_markets.json"),
        "tokens": recorded("gmx/arbitrum_tokens.json"),
        "tickers:prices": recorded("gmx/arbitrum_prices_tickers.json"),
    }


def e30(value: str) -> str:
    """A decimal as integer text times 10^30."""
    whole, _, rest = value.removeprefix("-").partition(".")
    digits = (whole + rest.ljust(30, "0")).lstrip("0") or "0"
    return ("-" if value.startswith("-") else "") + digits


def rate_row(pool: str, **changes: str) -> dict[str, str]:
    plain = {
        "marketTokenAddress": pool,
        "fundingRateLong": e30("-0.00001"),
        "fundingRateShort": e30("0.00002"),
        "longInterestUsd": e30("9000000"),
        "shortInterestUsd": e30("4500000"),
        "availableLiquidityLong": e30("1000000"),
        "availableLiquidityShort": e30("500000"),
    }
    return plain | changes


def address(name: str) -> str:
    pools = json.loads(recorded("gmx/arbitrum_markets.json"))["markets"]
    return next(str(one["marketToken"]) for one in pools if one["name"] == name)


def test_pools_without_rates_are_quotes_with_a_price() -> None:
    batch = read(VENUE, NOW_MS, bodies())
    pools = json.loads(recorded("gmx/arbitrum_markets.json"))["markets"]
    trading = [one for one in pools if not one["name"].startswith("SWAP-ONLY")]
    assert (len(pools), len(trading)) == (134, len(batch.quotes))
    assert batch.rejected == {}
    quote = {one.contract.symbol: one for one in batch.quotes}[BTC_POOL]
    assert quote.reasons == (Reason.NO_RATE,)
    assert quote.mark == quote.index
    assert unknown(quote.rate, quote.oi_usd)


def test_prices_are_per_smallest_unit_times_ten_to_the_thirty() -> None:
    row = next(one for one in json.loads(bodies()["tickers:prices"]) if one["tokenSymbol"] == "BTC")
    quote = quotes(VENUE, NOW_MS, bodies())[BTC_POOL]
    # BTC has 8 decimals: 10^(30-8).
    assert quote.mark == pytest.approx((int(row["minPrice"]) + int(row["maxPrice"])) / 2 / 1e22)
    assert 10_000 < quote.mark < 1_000_000


def test_trap_the_scale_is_divided_as_integers() -> None:
    assert scaled("100000000000000000000000000000123", 30) == 100.0
    assert scaled("-20000000000000000000000000", 30) == pytest.approx(-0.00002)
    assert scaled(str(10**45), 30) == 1e15
    assert unknown(scaled(None, 30), scaled("", 30))


def test_trap_sign_and_two_rates() -> None:
    # Longs lose 1e-5 an hour and shorts, half as large, gain 2e-5.
    rates = [rate_row(address("BTC/USD [WBTC.b-USDC]"))]
    quote = quotes(VENUE, NOW_MS, bodies() | {"tickers:markets": rates})[BTC_POOL]
    assert quote.rate == quote.hourly == pytest.approx(1e-5)
    assert Note.TWO_RATES in quote.contract.notes
    assert quote.contract.continuous
    assert quote.contract.rule.family is Family.OI_SKEW
    assert quote.next_funding_ms is None
    assert quote.received_rate == pytest.approx(2e-5)
    # Shorts pay: negative, and it is their rate, not what longs receive.
    assert both_rates(0.00003, -0.00001) == (-0.00001, -0.00003)
    assert both_rates(-0.00001, 0.00003) == (0.00001, 0.00003)
    assert both_rates(0.0, 0.0) == (0.0, 0.0)
    assert unknown(*both_rates(float("nan"), -1.0))


def test_a_crowded_small_side_is_what_fills_a_pool() -> None:
    """Longs 9M of a possible 90M, shorts 4.5M of a possible 5M: nine tenths are used."""
    row = rate_row(address("BTC/USD [WBTC.b-USDC]"))
    dollars = 10**30
    row |= {"longInterestUsd": str(9_000_000 * dollars), "availableLiquidityLong": str(81_000_000 * dollars)}
    row |= {"shortInterestUsd": str(4_500_000 * dollars), "availableLiquidityShort": str(500_000 * dollars)}
    quote = quotes(VENUE, NOW_MS, bodies() | {"tickers:markets": [row]})[BTC_POOL]
    assert quote.oi_usd == pytest.approx(9e6)
    assert quote.oi_usd / quote.oi_cap_usd == pytest.approx(0.9)
    # (9 − 4.5)/13.5: the longs outweigh the shorts by a third of all.
    assert quote.oi_skew == pytest.approx(1 / 3)


def test_pool_exhaustion_is_seen_on_the_fuller_side() -> None:
    rates = [rate_row(address("BTC/USD [WBTC.b-USDC]"))]
    quote = quotes(VENUE, NOW_MS, bodies() | {"tickers:markets": rates})[BTC_POOL]
    assert quote.oi_usd == pytest.approx(9e6)
    assert quote.oi_usd / quote.oi_cap_usd == pytest.approx(0.9)
    assert quote.oi_base == pytest.approx(9e6 / quote.mark)
    used_up = [rate_row(address("BTC/USD [WBTC.b-USDC]"), availableLiquidityLong="0")]
    quote = quotes(VENUE, NOW_MS, bodies() | {"tickers:markets": used_up})[BTC_POOL]
    assert quote.oi_usd == quote.oi_cap_usd


def test_trap_multiple_pools_of_one_index_are_instruments_of_their_own() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    btc = {symbol for symbol, one in found.items() if one.contract.asset_id == "BTC"}
    assert len(btc) > 1
    assert all(one.contract.native_id.startswith("0x") for one in found.values())


def test_trap_unlisted_rows_are_delisted() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    delisted = {symbol for symbol, one in found.items() if one.contract.status is Status.DELISTED}
    assert delisted == {"APE_deprecated/USD:APE_deprecated-USDC", "XAUT/USD:WBTC.b-USDC"}
    assert found["APE_deprecated/USD:APE_deprecated-USDC"].contract.asset == "APE"


def test_versions_in_token_names_are_no_part_of_the_asset_and_classes_are_told() -> None:
    found = quotes(VENUE, NOW_MS, bodies()).values()
    by_asset = {one.contract.asset_id for one in found}
    assert "XAUT" in by_asset
    assert not any(".v2" in asset for asset in by_asset)
    classes = {one.contract.symbol.partition("/")[0]: one.contract.asset_class.value for one in found}
    assert {name: classes[name] for name in ("SILVER", "WTIOIL", "NATGAS", "SPCX", "SPX6900")} == {
        "SILVER": "commodity", "WTIOIL": "commodity", "NATGAS": "commodity", "SPCX": "equity", "SPX6900": "crypto",
    }  # fmt: skip


def test_the_two_interfaces_are_two_hosts() -> None:
    assert request_for(VENUE, endpoint(VENUE, "tickers:markets"), timeout_s=1.0).url == (
        "https://arbitrum.gmxapi.io/v1/markets/tickers"
    )
    assert request_for(VENUE, endpoint(VENUE, "tickers:prices"), timeout_s=1.0).url == (
        "https://arbitrum-api.gmxinfra.io/prices/tickers"
    )
    assert VENUE.experimental


def test_a_rate_that_is_no_number_costs_only_its_pool() -> None:
    rates = [rate_row(address("BTC/USD [WBTC.b-USDC]"), fundingRateLong="1e5")]
    batch = read(VENUE, NOW_MS, bodies() | {"tickers:markets": rates})
    assert batch.rejected == {"not_a_number": 1}
    assert BTC_POOL not in {one.contract.symbol for one in batch.quotes}


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "tickers:markets", b'{"error":"no"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)
