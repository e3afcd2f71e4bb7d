"""Binance against its recorded answers; figures worked out by hand from the rows, facts from venue sheet binance."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import AssetClass, Family, Note, Quote, Reason, Status
from fundtui.venues.binance import VENUE
from fundtui.venues.spec import BadAnswer, Fault, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_750_149_488_000
PREMIUM = "binance/premiumIndex-20250617.json"
EIGHT = 1_750_176_000_000  # 2025-06-17 16:00 UTC, on the 8 h grid
TWELVE = 1_750_161_600_000  # 12:00 UTC, on the 4 h grid only
TEN = 1_750_154_400_000  # 10:00 UTC, on the 2 h grid only
NINE = 1_750_150_800_000  # 09:00 UTC, on the 1 h grid only


def premium(symbol: str = "BTCUSDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "markPrice": "100.50000000",
        "indexPrice": "101.00000000",
        "lastFundingRate": "0.00010000",
        "interestRate": "0.00010000",
        "nextFundingTime": EIGHT,
        "time": OBSERVED_MS,
    } | fields


def info(symbol: str = "BTCUSDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "adjustedFundingRateCap": "0.02000000",
        "adjustedFundingRateFloor": "-0.02000000",
        "fundingIntervalHours": 8,
        "updateTime": None,
    } | fields


def listed(symbol: str, base: str, quote: str = "USDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "baseAsset": base,
        "quoteAsset": quote,
        "marginAsset": quote,
        "contractType": "PERPETUAL",
        "status": "TRADING",
        "deliveryDate": 4_133_404_800_000,
        "underlyingType": "COIN",
    } | fields


def one(row: dict[str, Any], more: dict[str, Any] | None = None) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"premiumIndex": [row]} | (more or {}))[row["symbol"]]


def test_recorded_premium_index_of_all_symbols() -> None:
    batch = read(VENUE, OBSERVED_MS, {"premiumIndex": recorded(PREMIUM)})
    found = {quote.contract.symbol: quote for quote in batch.quotes}
    assert len(found) == 521
    assert batch.rejected == {}
    hours = [quote.contract.interval_h for quote in batch.quotes]
    # Interest rates of the recording: 0.0001 on 195 rows, 0.00005 on 303, 0.000025 on 3, 0.0000125 on 12;
    # four rows of zero interest settle on the 8 h grid.
    assert (hours.count(8), hours.count(4), hours.count(2), hours.count(1)) == (199, 303, 3, 12)
    btc = found["BTCUSDT"]
    assert btc.rate == 0.00004758
    assert btc.hourly == pytest.approx(0.0000059475)
    assert (btc.mark, btc.index) == (106_599.9, 106_647.69847826)
    assert btc.next_funding_ms == EIGHT
    bob = found["1000000BOBUSDT"]
    assert (bob.contract.asset, bob.contract.multiplier) == ("BOB", 1e6)
    assert bob.hourly == pytest.approx(0.00011689 / 4)
    assert found["1000PEPEUSDT"].contract.asset == "PEPE"


def test_recorded_idle_rates_are_an_eightieth_of_a_basis_point_an_hour() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"premiumIndex": recorded(PREMIUM)})
    idle = [
        quote for quote in found.values() if quote.rate in (0.0001, 0.00005) and quote.contract.interval_h in (8, 4)
    ]
    eight = [quote.hourly for quote in idle if quote.rate == 0.0001 and quote.contract.interval_h == 8]
    assert eight
    assert eight == pytest.approx([1.25e-5] * len(eight))


def test_recorded_answers_join() -> None:
    found = quotes(
        VENUE,
        OBSERVED_MS,
        {
            "premiumIndex": recorded(PREMIUM),
            "fundingInfo": recorded("binance/fundingInfo-20260930-first68.json"),
            "24hr": recorded("binance/ticker24hr.json"),
            "exchangeInfo": recorded("binance/exchangeInfo-trimmed-2025.json"),
            "openInterest/*": {"BTCUSDT": recorded("binance/openInterest-BTCUSDT.json")},
        },
    )
    btc = found["BTCUSDT"]
    assert (btc.contract.asset, btc.contract.quote, btc.contract.settle) == ("BTC", "USDT", "USDT")
    assert btc.oi_base == 83_782.317
    assert btc.oi_usd == pytest.approx(83_782.317 * 106_599.9)
    assert btc.volume_usd == 10_941_924_833.36
    assert btc.last == 32_141.43
    lpt = found["LPTUSDT"]
    assert (lpt.contract.cap, lpt.contract.floor) == (0.02, -0.02)


def test_recorded_single_objects() -> None:
    found = quotes(
        VENUE,
        1_687_244_112_000,
        {
            "premiumIndex": recorded("binance/premiumIndex-BTCUSDT-single.json"),
            "24hr": recorded("binance/ticker24hr-BTCUSDT-single.json"),
        },
    )
    assert found["BTCUSDT"].rate == 0.00001226
    assert found["BTCUSDT"].volume_usd == 22_175_129_357.2


def test_documented_shapes() -> None:
    bodies = {
        "premiumIndex": recorded("binance/docsample/fapi-v1-premiumIndex.json"),
        "fundingInfo": recorded("binance/docsample/fapi-v1-fundingInfo.json"),
        "24hr": recorded("binance/docsample/fapi-v1-ticker-24hr.json"),
        "exchangeInfo": recorded("binance/docsample/fapi-v1-exchangeInfo.json"),
        "openInterest/*": {"BTCUSDT": recorded("binance/docsample/fapi-v1-openInterest.json")},
    }
    assert quotes(VENUE, 1_597_370_495_002, bodies)["BTCUSDT"].rate == 0.00038246


def test_trap_1_last_funding_rate_is_predicted() -> None:
    quote = one(premium())
    assert quote.contract.rate_kind == "predicted"
    assert unknown(quote.settled_rate)


@pytest.mark.parametrize(
    ("interest", "next_ms", "stated", "expected"),
    [
        ("0.00005", TWELVE, None, 4),  # silence of fundingInfo, but the scale says 4 h
        ("0.00005", EIGHT, 8, 4),  # scale and grid agree against the statement
        ("0.0000125", NINE, None, 1),
        ("0.000025", TEN, 2, 2),
        ("0.0001", EIGHT, 8, 8),
        ("0", EIGHT, None, 8),  # nothing contradicts the silence
        ("0", TWELVE, None, None),  # off the 8 h grid, and nothing tells what else
        ("0", TWELVE, 4, 4),
        ("0.0001", TWELVE, None, None),  # the scale says 8 h, the clock says not
    ],
)
def test_trap_2_interval_is_never_eight_hours_against_the_evidence(
    interest: str, next_ms: int, stated: int | None, expected: float | None
) -> None:
    more = {"fundingInfo": [info(fundingIntervalHours=stated)]} if stated else {}
    quote = one(premium(interestRate=interest, nextFundingTime=next_ms), more)
    if expected is None:
        assert unknown(quote.contract.interval_h, quote.hourly)
        assert quote.reasons == (Reason.INTERVAL_UNKNOWN,)
    else:
        assert quote.contract.interval_h == expected
    assert (Note.INTERVAL_INFERRED in quote.contract.notes) is (
        expected is not None and (stated is None or stated != expected)
    )


def test_trap_3_dated_rows_of_the_premium_index() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"premiumIndex": recorded(PREMIUM)})
    dated = {symbol for symbol, quote in found.items() if quote.contract.status is Status.DATED}
    assert dated == {"BTCUSDT_250627", "ETHUSDT_250627", "ETHUSDT_250926", "BTCUSDT_250926"}
    quote = found["BTCUSDT_250926"]
    assert unknown(quote.rate, quote.contract.interval_h)
    assert quote.next_funding_ms is None
    assert quote.reasons == (Reason.DATED,)
    assert quote.mark == 108_194.97576087


def test_trap_4_coin_quoted_and_index_perpetuals() -> None:
    more = {
        "exchangeInfo": {
            "symbols": [
                listed("ETHBTC", "ETH", "BTC"),
                listed("BTCDOMUSDT", "BTCDOM", underlyingType="INDEX"),
                listed("TSLAUSDT", "TSLA", contractType="TRADIFI_PERPETUAL"),
                listed("XAUUSDT", "XAU", contractType="TRADIFI_PERPETUAL"),
            ]
        },
        "24hr": [{"symbol": "ETHBTC", "lastPrice": "0.024", "quoteVolume": "12.5"}],
    }
    rows = [premium("ETHBTC"), premium("BTCDOMUSDT"), premium("TSLAUSDT"), premium("XAUUSDT")]
    found = quotes(VENUE, OBSERVED_MS, {"premiumIndex": rows} | more)
    assert (found["ETHBTC"].contract.asset, found["ETHBTC"].contract.quote) == ("ETH", "BTC")
    assert unknown(found["ETHBTC"].volume_usd)  # 12.5 bitcoin are not 12.5 dollars
    assert found["ETHBTC"].contract.rule.interest_8h == 0
    assert found["BTCDOMUSDT"].contract.asset_class is AssetClass.INDEX
    assert found["TSLAUSDT"].contract.asset_class is AssetClass.EQUITY
    assert found["XAUUSDT"].contract.asset_class is AssetClass.COMMODITY


def test_trap_5_the_heavy_ticker_is_asked_more_rarely() -> None:
    heavy, light = endpoint(VENUE, "24hr"), endpoint(VENUE, "premiumIndex")
    assert (heavy.weight, light.weight) == (40, 10)
    assert heavy.every_s >= 6 * light.every_s
    spent = sum(item.weight * 60 / item.every_s for item in VENUE.endpoints if item.keys is None)
    assert spent < VENUE.budget.capacity / 2


def test_trap_6_open_interest_is_asked_for_the_watched_and_the_most_traded() -> None:
    keys = endpoint(VENUE, "openInterest").keys
    assert keys is not None
    volumes = [{"symbol": "AUSDT", "quoteVolume": "5"}, {"symbol": "BUSDT", "quoteVolume": "9"}]
    rows = [
        premium("AUSDT"),
        premium("BUSDT"),
        premium("1000PEPEUSDT"),
        premium("ODDPAIR"),
        premium("X_250926", nextFundingTime=0),
    ]
    parts = decoded(VENUE, {"premiumIndex": rows, "24hr": volumes})
    assert list(keys(parts, Wanted(assets=frozenset({"PEPE"}), top=2))) == ["1000PEPEUSDT", "BUSDT"]
    assert list(keys({}, Wanted())) == []
    assert unknown(one(premium()).oi_usd)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "PENDING_TRADING", "contractType": ""}, "prelaunch"),
        ({"status": "PRE_SETTLE"}, "suspended"),
        ({"status": "SETTLING"}, "suspended"),
        ({"status": "CLOSE"}, "delisted"),
        ({"contractType": "CURRENT_QUARTER"}, "dated"),
        ({}, "trading"),
    ],
)
def test_statuses(fields: dict[str, Any], status: str) -> None:
    quote = one(premium(), {"exchangeInfo": {"symbols": [listed("BTCUSDT", "BTC", **fields)]}})
    assert quote.contract.status == status


def test_near_delivery_date_is_an_announced_delisting() -> None:
    more = {"exchangeInfo": {"symbols": [listed("BTCUSDT", "BTC", deliveryDate=1_751_000_000_000)]}}
    contract = one(premium(), more).contract
    assert contract.notes[-1] is Note.DELISTING_ANNOUNCED
    assert contract.expiry_ms == 1_751_000_000_000


def test_listed_but_not_in_the_premium_index() -> None:
    more = {"exchangeInfo": {"symbols": [listed("NEWUSDT", "NEW", status="PENDING_TRADING"), listed("ETHUSDT", "ETH")]}}
    found = quotes(VENUE, OBSERVED_MS, {"premiumIndex": [premium()]} | more)
    assert set(found) == {"BTCUSDT", "NEWUSDT"}
    assert found["NEWUSDT"].contract.status is Status.PRELAUNCH


def test_base_and_quote_come_from_the_catalogue() -> None:
    more = {"exchangeInfo": {"symbols": [listed("FOOUSDUSDT", "FOOUSD")]}}
    assert one(premium("FOOUSDUSDT"), more).contract.asset == "FOOUSD"
    assert one(premium("1INCHUSDC")).contract.asset == "1INCH"
    assert one(premium("1INCHUSDC")).contract.quote == "USDC"


def test_rule() -> None:
    assert one(premium()).contract.rule.family is Family.NORMALISED
    assert one(premium("BNBUSDT")).contract.rule.interest_8h == 0
    # A row's own interest of zero says the same of any other contract.
    assert one(premium(interestRate="0.00000000")).contract.rule.interest_8h == 0


def test_caps_may_be_missing() -> None:
    row = {"symbol": "BTCUSDT", "fundingIntervalHours": 8}
    assert unknown(one(premium(), {"fundingInfo": [row]}).contract.cap)


def test_one_bad_row_costs_no_other() -> None:
    rows = [premium(f"C{k}USDT") for k in range(20)]
    odd = [
        premium("BADUSDT", markPrice="12,5"),
        premium("HUGEUSDT", lastFundingRate="0.6"),
        premium("]0;evilUSDT"),
        premium("NOQUOTE"),
    ]
    batch = read(VENUE, OBSERVED_MS, {"premiumIndex": rows + odd})
    assert len(batch.quotes) == 20
    assert batch.rejected == {"wrong_shape": 1, "implausible_rate": 1, "unsafe_symbol": 1, "unknown_quote_currency": 1}


def test_recorded_error_and_error_in_a_200_answer() -> None:
    assert fault(VENUE, "premiumIndex", recorded("binance/error-invalid-symbol.json")) == "venue_error"
    assert (
        fault(VENUE, "premiumIndex", b'{"code":-1003,"msg":"Too many requests; current limit is 2400"}')
        == "rate_limited"
    )
    banned = b'{"code":-1003,"msg":"Way too many requests; IP(127.0.0.1) banned until 1750149999999."}'
    assert fault(VENUE, "24hr", banned) == "banned"
    restricted = b'{"code":0,"msg":"Service unavailable from a restricted location according to b. Eligibility"}'
    assert fault(VENUE, "fundingInfo", restricted) == "geo_blocked"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    judged = VENUE.judge(451, restricted)
    assert judged is not None
    assert judged.fault is Fault.GEO_BLOCKED
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_unchanged_contract_is_the_same_object_from_day_to_day() -> None:
    first = one(premium())
    later = premium(lastFundingRate="0.0003", nextFundingTime=EIGHT + 86_400_000, time=OBSERVED_MS + 86_400_000)
    second = quotes(VENUE, OBSERVED_MS + 86_400_000, {"premiumIndex": [later]})["BTCUSDT"]
    assert first.contract is second.contract


def test_history_recorded_rounded_to_the_settlement() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("binance/fundingRate-history-BTCUSDT.json"), "BTCUSDT")
    assert [(row.time_ms, row.rate) for row in rows[:3]] == [
        (1_600_128_000_000, -0.0002227),
        (1_600_156_800_000, -0.00002796),  # printed 10 ms late
        (1_600_185_600_000, -0.00005156),
    ]
    documented = history.read(recorded("binance/docsample/fapi-v1-fundingRate.json"), "BTCUSDT")
    assert documented[0].price == 34_287.54619963
    old = b'[{"symbol":"BTCUSDT","fundingRate":"0.0001","fundingTime":1600128000000,"markPrice":""}]'
    assert unknown(history.read(old, "BTCUSDT")[0].price)


def test_history_null_is_empty() -> None:
    history = VENUE.history
    assert history is not None
    assert history.read(recorded("binance/fundingRate-history-empty-null.json"), "BTCUSDT") == ()


def test_history_pages_ascending() -> None:
    history = VENUE.history
    assert history is not None
    start_ms, end_ms = 1_600_128_000_000, 1_700_000_000_000
    first = history.first("BTCUSDT", start_ms, end_ms)
    assert dict(first.params) == {
        "symbol": "BTCUSDT",
        "startTime": str(start_ms),
        "endTime": str(end_ms),
        "limit": "1000",
    }
    body = [
        {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": start_ms + k * 28_800_000} for k in range(1000)
    ]
    rows = history.read(json.dumps(body).encode(), "BTCUSDT")
    following = history.next(first, rows, "BTCUSDT", start_ms, end_ms)
    assert following is not None
    assert int(dict(following.params)["startTime"]) > rows[-1].time_ms
    assert history.next(following, rows, "BTCUSDT", start_ms, end_ms) is None
    assert history.next(first, rows[:999], "BTCUSDT", start_ms, end_ms) is None
