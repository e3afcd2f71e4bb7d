"""Bodies of every venue parse as plain JSON and have the types, units and envelopes of the venue sheets."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fundtui.simulation.market import DEMO_START_MS, Market
from fundtui.simulation.universe import Scale
from fundtui.simulation.wire import ALL_NAMES
from tests.simulation.driver import Venues

HOUR_MS = 3_600_000
DECIMAL = re.compile(r"-?\d+(\.\d+)?$")
DIGITS = re.compile(r"\d+$")


@pytest.fixture(scope="module")
def venues() -> Venues:
    made = Venues(Market(scenario="calm"))
    made.move_to(3700)
    return made


def decimal(value: object) -> float:
    """A number that must be written as a decimal string."""
    assert isinstance(value, str)
    assert DECIMAL.match(value), value
    return float(value)


def milliseconds(value: object) -> int:
    """A time that must be written as a string of digits."""
    assert isinstance(value, str)
    assert DIGITS.match(value), value
    return int(value)


def number(value: object) -> float:
    assert isinstance(value, int | float)
    assert not isinstance(value, bool)
    return float(value)


def row_of(rows: list[dict[str, Any]], key: str, value: object) -> dict[str, Any]:
    return next(row for row in rows if row[key] == value)


def test_binance(venues: Venues) -> None:
    premium = row_of(venues.json("binance", "/fapi/v1/premiumIndex"), "symbol", "1000PEPEUSDT")
    assert all(decimal(premium[name]) > 0 for name in ("markPrice", "indexPrice", "estimatedSettlePrice"))
    decimal(premium["lastFundingRate"])
    assert type(premium["nextFundingTime"]) is int
    assert premium["time"] == DEMO_START_MS + 3_700_000
    info = row_of(venues.json("binance", "/fapi/v1/fundingInfo"), "symbol", "BTCUSDT")
    assert info["fundingIntervalHours"] == 8
    assert decimal(info["adjustedFundingRateCap"]) == 0.003
    assert decimal(info["adjustedFundingRateFloor"]) == -0.003
    single = venues.json("binance", "/fapi/v1/openInterest", symbol="BTCUSDT")
    assert decimal(single["openInterest"]) > 0
    assert isinstance(venues.json("binance", "/fapi/v1/premiumIndex", symbol="BTCUSDT"), dict)


def test_binance_counts_weight_in_its_header() -> None:
    venues = Venues(Market(scenario="calm"))
    used = [
        venues.ask("binance", path).headers["x-mbx-used-weight-1m"]
        for path in ("/fapi/v1/premiumIndex", "/fapi/v1/ticker/24hr", "/fapi/v1/exchangeInfo")
    ]
    assert used == ["10", "50", "51"]
    venues.move_to(60)
    assert venues.ask("binance", "/fapi/v1/exchangeInfo").headers["x-mbx-used-weight-1m"] == "1"


def test_binance_history_is_paged_from_the_oldest(venues: Venues) -> None:
    start_ms = DEMO_START_MS - 80 * 24 * HOUR_MS
    asked = {"symbol": "BTCUSDT", "startTime": str(start_ms), "limit": "100"}
    rows = venues.json("binance", "/fapi/v1/fundingRate", **asked)
    times = [row["fundingTime"] for row in rows]
    assert len(rows) == 100
    assert times == sorted(times)
    assert 0 <= times[0] - start_ms <= 8 * HOUR_MS + 9
    assert all(time % HOUR_MS < 10 for time in times)
    assert {type(row["fundingRate"]) for row in rows} == {str}


def test_bybit_counts_open_interest_on_both_sides(venues: Venues) -> None:
    for category, symbol in (("linear", "BTCUSDT"), ("inverse", "BTCUSD")):
        answer = venues.json("bybit", "/v5/market/tickers", category=category)
        assert answer["retCode"] == 0
        row = row_of(answer["result"]["list"], "symbol", symbol)
        assert decimal(row["openInterest"]) == pytest.approx(2 * decimal(row["singleOpenInterest"]))
        dollars_by_size = decimal(row["openInterestValue"]) / decimal(row["openInterest"])
        mark = decimal(row["markPrice"])
        assert dollars_by_size == pytest.approx(mark if category == "linear" else 1 / mark, rel=1e-3)
        assert DIGITS.match(row["fundingIntervalHour"])
        assert milliseconds(row["nextFundingTime"]) > DEMO_START_MS


def test_bybit_pages_its_catalogue_and_refuses_a_start_without_an_end(venues: Venues) -> None:
    asked = {"category": "linear", "limit": "100"}
    first = venues.json("bybit", "/v5/market/instruments-info", **asked)["result"]
    second = venues.json("bybit", "/v5/market/instruments-info", cursor=first["nextPageCursor"], **asked)["result"]
    symbols = [row["symbol"] for row in first["list"] + second["list"]]
    assert len(first["list"]) == 100
    assert second["nextPageCursor"] == ""
    assert len(symbols) == len(set(symbols))
    assert {type(row["fundingInterval"]) for row in first["list"]} == {int}
    path = "/v5/market/funding/history"
    refused = venues.json("bybit", path, category="linear", symbol="BTCUSDT", startTime="1")
    assert refused["retCode"] == 10001
    rows = venues.json("bybit", path, category="linear", symbol="BTCUSDT")["result"]["list"]
    times = [milliseconds(row["fundingRateTimestamp"]) for row in rows]
    assert len(rows) == 200
    assert times == sorted(times, reverse=True)


def test_okx_has_times_around_the_interval_and_no_interval_field(venues: Venues) -> None:
    answer = venues.json("okx", "/api/v5/public/funding-rate", instId="ANY")
    assert answer["code"] == "0"
    swap = row_of(answer["data"], "instId", "BTC-USDT-SWAP")
    previous, coming, following = (
        milliseconds(swap[name]) for name in ("prevFundingTime", "fundingTime", "nextFundingTime")
    )
    assert coming - previous == following - coming == 8 * HOUR_MS
    assert swap["nextFundingRate"] == ""
    assert {row["instType"] for row in answer["data"]} == {"SWAP", "FUTURES"}
    inverse = row_of(
        venues.json("okx", "/api/v5/public/open-interest", instType="SWAP")["data"], "instId", "BTC-USD-SWAP"
    )
    assert decimal(inverse["oi"]) * 100 == pytest.approx(decimal(inverse["oiUsd"]), rel=1e-3)
    listed = venues.json("okx", "/api/v5/public/instruments", instType="SWAP")["data"]
    assert row_of(listed, "instId", "BTC-USD-SWAP")["ctVal"] == "100"
    newest = venues.json("okx", "/api/v5/public/funding-rate-history", instId="BTC-USDT-SWAP", limit="5")["data"]
    older = venues.json(
        "okx", "/api/v5/public/funding-rate-history", instId="BTC-USDT-SWAP", after=newest[-1]["fundingTime"]
    )["data"]
    assert milliseconds(older[0]["fundingTime"]) == milliseconds(newest[-1]["fundingTime"]) - 8 * HOUR_MS


def test_bitget_has_three_products_and_at_most_270_payments(venues: Venues) -> None:
    sizes = []
    for product in ("USDT-FUTURES", "usdc-futures", "COIN-FUTURES"):
        rates = venues.json("bitget", "/api/v2/mix/market/current-fund-rate", productType=product)
        tickers = venues.json("bitget", "/api/v2/mix/market/tickers", productType=product)
        assert [row["symbol"] for row in rates["data"]] == [row["symbol"] for row in tickers["data"]]
        assert "nextUpdate" not in tickers["data"][0]
        sizes.append(len(rates["data"]))
    assert sizes[0] > sizes[1] > sizes[2] > 0
    asked = {"symbol": "BTCUSDT", "productType": "USDT-FUTURES", "pageSize": "100"}
    pages = [
        len(venues.json("bitget", "/api/v2/mix/market/history-fund-rate", pageNo=str(page), **asked)["data"])
        for page in (1, 2, 3, 4)
    ]
    assert pages == [100, 100, 70, 0]


def test_gate_is_in_seconds_and_contracts(venues: Venues) -> None:
    rows = venues.json("gate", "/api/v4/futures/usdt/contracts")
    row = row_of(rows, "name", "BTC_USDT")
    assert row["funding_interval"] == 28_800
    assert row["funding_next_apply"] * 1000 > DEMO_START_MS
    ticker = row_of(venues.json("gate", "/api/v4/futures/usdt/tickers"), "contract", "BTC_USDT")
    assert int(ticker["total_size"]) == 2 * row["position_size"]
    decimal(row["funding_rate"])
    assert len(venues.json("gate", "/api/v4/futures/usdt/contracts", limit="500")) == 100
    (inverse,) = venues.json("gate", "/api/v4/futures/btc/contracts")
    assert (inverse["type"], inverse["quanto_multiplier"]) == ("inverse", "0")
    paid = venues.json("gate", "/api/v4/futures/usdt/funding_rate", contract="BTC_USDT", limit="3")
    assert [set(one) for one in paid] == [{"r", "t"}] * 3
    assert all(0 < one["t"] % 3600 < 10 for one in paid)


def test_kucoin_has_numbers_lots_and_a_countdown(venues: Venues) -> None:
    rows = venues.json("kucoin", "/api/v1/contracts/active")["data"]
    row = row_of(rows, "symbol", "XBTUSDTM")
    assert row["baseCurrency"] == "XBT"
    number(row["fundingFeeRate"])
    assert row["nextFundingRateDateTime"] - row["nextFundingRateTime"] == venues.clock.now_ms
    assert row["currentFundingRateGranularity"] == 8 * HOUR_MS
    assert DIGITS.match(row["openInterest"])
    inverse = row_of(rows, "symbol", "XBTUSDM")
    assert (inverse["isInverse"], inverse["multiplier"]) == (True, -1.0)
    current = venues.json("kucoin", "/api/v1/funding-rate/XBTUSDTM/current")["data"]
    assert current["value"] == row["fundingFeeRate"]
    path = "/api/v1/contract/funding-rates"
    now_ms = venues.clock.now_ms
    window = {"from": str(now_ms - 90 * 24 * HOUR_MS), "to": str(now_ms)}
    paid = venues.json("kucoin", path, symbol="XBTUSDTM", **window)["data"]
    assert len(paid) == 100
    assert all(one["timepoint"] // HOUR_MS % 24 in (4, 12, 20) for one in paid)
    assert venues.ask("kucoin", path, symbol="XBTUSDTM").status == 400


def test_mexc_has_numbers_and_hard_zeros(venues: Venues) -> None:
    rows = venues.json("mexc", "/api/v1/contract/funding_rate")["data"]
    assert all(number(row["fundingRate"]) <= row["maxFundingRate"] for row in rows)
    assert row_of(rows, "symbol", "BTC_USDT")["collectCycle"] == 8
    assert sum(row["fundingRate"] == 0 for row in rows) > 5
    assert any("STOCK_" in row["symbol"] for row in rows)
    pages = venues.json("mexc", "/api/v1/contract/funding_rate/history", symbol="BTC_USDT", page_size="100")["data"]
    assert pages["totalPage"] == -(-pages["totalCount"] // 100)
    assert len(pages["resultList"]) == 100
    missing = venues.json("mexc", "/api/v1/contract/ticker", symbol="NO_SUCH")
    assert (missing["success"], missing["code"]) == (False, 1001)


def test_hyperliquid_pairs_by_position_and_keeps_delisted_coins(venues: Venues) -> None:
    meta, contexts = venues.json("hyperliquid", "/info", '{"type":"metaAndAssetCtxs"}')
    assert len(meta["universe"]) == len(contexts)
    assert {"BTC", "kPEPE"} <= {coin["name"] for coin in meta["universe"]}
    assert all(decimal(context["openInterest"]) > 0 for context in contexts)
    dex, _contexts = venues.json("hyperliquid", "/info", '{"type":"metaAndAssetCtxs","dex":"xyz"}')
    assert all(coin["name"].startswith("xyz:") for coin in dex["universe"])
    assert venues.json("hyperliquid", "/info", '{"type":"perpDexs"}')[0] is None
    assert venues.ask("hyperliquid", "/info", '{"type":"nothing"}').status == 422
    start_ms = DEMO_START_MS - 600 * HOUR_MS
    body = f'{{"type":"fundingHistory","coin":"BTC","startTime":{start_ms}}}'
    rows = venues.json("hyperliquid", "/info", body)
    assert len(rows) == 500
    assert all(0 < row["time"] % HOUR_MS <= 100 for row in rows)


def test_dydx_is_an_object_with_one_price(venues: Venues) -> None:
    markets = venues.json("dydx", "/v4/perpetualMarkets")["markets"]
    assert all(name == market["ticker"] for name, market in markets.items())
    assert decimal(markets["BTC-USD"]["oraclePrice"]) > 0
    margins = decimal(markets["BTC-USD"]["initialMarginFraction"]) - decimal(
        markets["BTC-USD"]["maintenanceMarginFraction"]
    )
    assert 6 * margins / 8 == pytest.approx(0.0075)
    paid = venues.json("dydx", "/v4/historicalFunding/BTC-USD", limit="4")["historicalFunding"]
    assert [one["effectiveAt"][13:17] for one in paid] == [":00:"] * 4


def test_kraken_rates_are_money_per_contract(venues: Venues) -> None:
    rows = venues.json("kraken-futures", "/derivatives/api/v3/tickers")["tickers"]
    linear, inverse = (row_of(rows, "symbol", name) for name in ("PF_XBTUSD", "PI_XBTUSD"))
    assert abs(linear["fundingRate"] / linear["indexPrice"]) <= 0.0025
    assert abs(inverse["fundingRate"] * inverse["indexPrice"]) <= 0.0025
    assert "fundingRate" not in row_of(rows, "symbol", "FF_XBTUSD_260327")
    assert "tag" not in row_of(rows, "symbol", "in_xbtusd")
    listed = venues.json("kraken-futures", "/derivatives/api/v3/instruments")["instruments"]
    assert row_of(listed, "symbol", "PF_XBTUSD")["pair"] == "BTC:USD"
    paid = venues.json("kraken-futures", "/derivatives/api/v3/historical-funding-rates", symbol="PF_XBTUSD")["rates"]
    assert len(paid) == 365 * 24
    assert abs(paid[-1]["relativeFundingRate"] - linear["fundingRate"] / linear["indexPrice"]) < 1e-12


def test_deribit_mixes_dated_and_perpetual_rows(venues: Venues) -> None:
    path = "/api/v2/public/get_book_summary_by_currency"
    rows = venues.json("deribit", path, currency="BTC", kind="future")["result"]
    perpetual = row_of(rows, "instrument_name", "BTC-PERPETUAL")
    number(perpetual["current_funding"])
    assert type(perpetual["open_interest"]) is int
    assert all("current_funding" not in row for row in rows if row is not perpetual)
    listed = venues.json("deribit", "/api/v2/public/get_instruments", currency="any", kind="future")["result"]
    periods = {row["settlement_period"] for row in listed}
    assert periods == {"perpetual", "month"}
    now_ms = venues.clock.now_ms
    asked = {"start_timestamp": str(now_ms - 2000 * HOUR_MS), "end_timestamp": str(now_ms)}
    paid = venues.json("deribit", "/api/v2/public/get_funding_rate_history", instrument_name="BTC-PERPETUAL", **asked)[
        "result"
    ]
    assert len(paid) == 744
    assert paid[-1]["interest_8h"] == pytest.approx(sum(one["interest_1h"] for one in paid[-8:]))


def test_lighter_quotes_eight_hours_and_pays_percent_per_hour(venues: Venues) -> None:
    rows = venues.json("lighter", "/api/v1/funding-rates")["funding_rates"]
    assert {row["exchange"] for row in rows} == {"lighter", "binance", "bybit", "hyperliquid"}
    own = [row for row in rows if row["exchange"] == "lighter"]
    assert row_of(own, "symbol", "ETH")["market_id"] == 0
    assert all(abs(number(row["rate"])) <= 8 * 0.005 for row in own)
    now_s = venues.clock.now_ms // 1000
    asked = {"resolution": "1h", "start_timestamp": str(now_s - 86_400), "end_timestamp": str(now_s)}
    paid = venues.json("lighter", "/api/v1/fundings", market_id="0", **asked)["fundings"]
    assert len(paid) == 24
    assert all(decimal(one["rate"]) >= 0 and one["direction"] in ("long", "short") for one in paid)


@pytest.mark.parametrize("name", ALL_NAMES)
def test_unknown_path_is_an_error_of_the_venue(name: str) -> None:
    venues = Venues(Market(scale=Scale(assets=30, venues=len(ALL_NAMES))))
    response = venues.ask(name, "/no/such/path")
    assert response.status == (200 if name == "bingx" else 404)
    marks = {
        "binance": b'"code":-5000',
        "gate": b'"label"',
        "deribit": b'"error"',
        "kraken-futures": b'"result":"error"',
        "bingx": b'"code":100400',
    }
    assert marks.get(name, b"") in response.body


@pytest.fixture(scope="module")
def wide() -> Venues:
    """A market with all venues that can be simulated."""
    made = Venues(Market(scale=Scale(assets=80, venues=len(ALL_NAMES)), scenario="calm"))
    made.move_to(3700)
    return made


def test_binance_coin_margined_counts_contracts_and_has_empty_strings(wide: Venues) -> None:
    rows = wide.json("binance-coinm", "/dapi/v1/premiumIndex")
    dated = row_of(rows, "symbol", "BTCUSD_260327")
    assert (dated["lastFundingRate"], dated["interestRate"], dated["nextFundingTime"]) == ("", "", 0)
    assert isinstance(wide.json("binance-coinm", "/dapi/v1/premiumIndex", symbol="BTCUSD_PERP"), list)
    listed = row_of(wide.json("binance-coinm", "/dapi/v1/exchangeInfo")["symbols"], "symbol", "BTCUSD_PERP")
    assert (listed["contractSize"], listed["contractStatus"], listed["marginAsset"]) == (100, "TRADING", "BTC")
    assert DIGITS.match(wide.json("binance-coinm", "/dapi/v1/openInterest", symbol="ETHUSD_PERP")["openInterest"])


def test_aster_has_caps_as_numbers_and_no_open_interest(wide: Venues) -> None:
    info = row_of(wide.json("aster", "/fapi/v1/fundingInfo"), "symbol", "BTCUSDT")
    assert (info["fundingFeeCap"], info["fundingFeeFloor"]) == (0.003, -0.003)
    assert wide.ask("aster", "/fapi/v1/openInterest", symbol="BTCUSDT").status == 404


def test_htx_keeps_stale_rows_and_pages_by_fifty(wide: Venues) -> None:
    rows = wide.json("htx", "/linear-swap-api/v1/swap_batch_funding_rate")["data"]
    times = {row["contract_code"]: milliseconds(row["funding_time"]) for row in rows}
    assert times.pop("OLDCOIN-USDT") < wide.clock.now_ms - 30 * 24 * HOUR_MS
    assert min(times.values()) > wide.clock.now_ms
    assert all(len(row["funding_rate"].partition(".")[2]) == 18 or row["funding_rate"] == "0E-18" for row in rows)
    asked = {"contract_code": "BTC-USDT", "page_size": "100"}
    page = wide.json("htx", "/linear-swap-api/v1/swap_historical_funding_rate", **asked)["data"]
    assert len(page["data"]) == 50
    assert page["total_page"] == -(-page["total_size"] // 50)


def test_bingx_tells_errors_with_status_200(wide: Venues) -> None:
    row = row_of(wide.json("bingx", "/openApi/swap/v2/quote/premiumIndex")["data"], "symbol", "BTC-USDT")
    assert type(row["fundingIntervalHours"]) is int
    assert row["updateTime"] == row["nextFundingTime"] - row["fundingIntervalHours"] * HOUR_MS
    assert wide.json("bingx", "/openApi/swap/v2/quote/openInterest", symbol="NO-SUCH")["code"] == 109425


def test_aevo_rounds_rates_and_counts_nanoseconds(wide: Venues) -> None:
    row = row_of(wide.json("aevo", "/coingecko-statistics"), "ticker_id", "BTC-PERP")
    assert len(row["funding_rate"].partition(".")[2]) <= 6
    assert milliseconds(row["next_funding_rate_timestamp"]) * 1000 % HOUR_MS == 0
    paid = wide.json("aevo", "/funding-history", instrument_name="BTC-PERP", limit="100")["funding_history"]
    assert len(paid) == 50
    assert all(milliseconds(one[1]) % (HOUR_MS * 1_000_000) == 0 for one in paid)


def test_pacifica_fixes_the_rate_an_hour_ahead(wide: Venues) -> None:
    rows = wide.json("pacifica", "/api/v1/funding_rate/history", symbol="BTC", limit="5")["data"]
    assert [row["funding_rate"] for row in rows[:-1]] == [row["next_funding_rate"] for row in rows[1:]]
    price = row_of(wide.json("pacifica", "/api/v1/info/prices")["data"], "symbol", "BTC")
    assert price["funding"] == rows[0]["next_funding_rate"]


def test_backpack_has_other_products_and_an_accruing_first_row(wide: Venues) -> None:
    kinds = {row["marketType"] for row in wide.json("backpack", "/api/v1/markets")}
    assert kinds == {"PERP", "SPOT"}
    assert any(row["symbol"].endswith("_PREDICTION") for row in wide.json("backpack", "/api/v1/openInterest"))
    first, second = wide.json("backpack", "/api/v1/fundingRates", symbol="BTC_USDC_PERP", limit="2")
    assert (first["intervalEndTimestamp"], second["intervalEndTimestamp"]) == (
        "2026-03-03T09:00:00",
        "2026-03-03T08:00:00",
    )


def test_orderly_tells_the_coming_and_the_last_rate(wide: Venues) -> None:
    rows = wide.json("orderly", "/v1/public/futures")["data"]["rows"]
    row = row_of(rows, "symbol", "PERP_BTC_USDC")
    number(row["est_funding_rate"])
    last = wide.json("orderly", "/v1/public/funding_rate_history", symbol="PERP_BTC_USDC", size="1")["data"]["rows"][0]
    assert last["funding_rate"] == row["last_funding_rate"]
    assert last["next_funding_time"] == row["next_funding_time"]


def test_paradex_samples_an_index_of_what_was_paid(wide: Venues) -> None:
    rows = wide.json("paradex", "/v1/markets/summary", market="ALL")["results"]
    assert row_of(rows, "symbol", "SOL-USD-25DEC26-96-C")["funding_rate"] == ""
    decimal(row_of(rows, "symbol", "BTC-USD-PERP")["funding_rate"])
    samples = wide.json("paradex", "/v1/funding/data", market="BTC-USD-PERP", page_size="2")["results"]
    newer, older = (decimal(sample["funding_index"]) for sample in samples)
    per_hour = decimal(samples[0]["funding_rate_8h"]) / 8
    assert newer - older == pytest.approx(decimal(samples[0]["funding_premium"]) / 8, abs=1e-9)
    assert abs(per_hour) <= 0.02 / 8
