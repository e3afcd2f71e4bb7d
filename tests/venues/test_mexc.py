"""MEXC against its recorded answers; figures worked out by hand from the rows, facts from venue sheet mexc."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import AssetClass, Family, Kind, Note, Quote, Reason, Status
from fundtui.venues.mexc import VENUE
from fundtui.venues.spec import BadAnswer, Fault
from tests.venues.reading import assert_refuses_wrong_answers, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_787_848_769_203
NEXT_MS = 1_787_875_200_000
TICKERS = "mexc/v1-contract-ticker-20260827-subset.json"
FUNDING = "mexc/v1-contract-funding_rate-BTC_USDT-20260827.json"
DETAIL = "mexc/contract-detail-trimmed-202601.json"


def envelope(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, "code": 0, "data": list(rows)}


def funding(symbol: str = "BTC_USDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "fundingRate": 5e-05,
        "maxFundingRate": 0.002,
        "minFundingRate": -0.002,
        "collectCycle": 4,
        "nextSettleTime": NEXT_MS,
        "timestamp": OBSERVED_MS,
    } | fields


def ticker(symbol: str = "BTC_USDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "lastPrice": 99.0,
        "fairPrice": 100.0,
        "indexPrice": 101.0,
        "fundingRate": 5e-05,
        "holdVol": 20_000,
        "volume24": 3000,
        "amount24": 303.5,
    } | fields


def detail(symbol: str = "BTC_USDT", **fields: Any) -> dict[str, Any]:
    base, _, quote = symbol.partition("_")
    return {
        "symbol": symbol,
        "baseCoin": base,
        "quoteCoin": quote,
        "settleCoin": base if quote == "USD" else quote,
        "contractSize": 0.01,
        "state": 0,
        "type": 1,
        "futureType": 1,
        "preMarket": False,
        "isHidden": False,
        "apiAllowed": False,
    } | fields


def one(bodies: dict[str, Any]) -> Quote:
    found = quotes(VENUE, OBSERVED_MS, bodies)
    assert len(found) == 1
    return next(iter(found.values()))


def test_recorded_answers_join() -> None:
    batch = read(
        VENUE, OBSERVED_MS, {"ticker": recorded(TICKERS), "funding_rate": recorded(FUNDING), "detail": recorded(DETAIL)}
    )
    found = {quote.contract.symbol: quote for quote in batch.quotes}
    assert len(found) == 7
    assert batch.rejected == {}
    btc = found["BTC_USDT"]
    assert btc.rate == 0.000073
    assert btc.hourly == pytest.approx(9.125e-6)
    assert btc.next_funding_ms == 1_787_875_200_000
    assert (btc.contract.cap, btc.contract.floor) == (0.0018, -0.0018)
    assert (btc.mark, btc.index, btc.last) == (80_318.2, 80_349, 80_319.3)
    assert btc.oi_base == pytest.approx(58_523.3517)  # 585,233,517 contracts of 0.0001
    assert btc.oi_usd == pytest.approx(58_523.3517 * 80_318.2)
    assert btc.volume_usd == 4_477_604_519.13254
    bonk = found["1000BONK_USDT"]
    assert (bonk.contract.asset, bonk.contract.multiplier) == ("BONK", 1000)
    assert found["AGI_USDT"].rate == -0.006944


def test_recorded_single_forms() -> None:
    btc = one({"funding_rate": recorded(FUNDING)})
    assert (btc.mark, btc.index) == (80_319.3, 80_349)
    single = endpoint(VENUE, "detail").decode(recorded("mexc/contract-detail-BTC_USDT.json"))
    assert single["BTC_USDT"].contractSize == 0.0001


def test_documented_shapes() -> None:
    found = quotes(
        VENUE,
        1_609_829_807_577,
        {
            "funding_rate": recorded("mexc/docsample/api-v1-contract-funding_rate.json"),
            "ticker": recorded("mexc/docsample/api-v1-contract-ticker.json"),
            "detail": recorded("mexc/docsample/api-v1-contract-detail.json"),
        },
    )
    assert set(found) == {"BTC_USDT", "ETH_USDT"}
    assert found["BTC_USDT"].contract.interval_h == 8
    assert (
        one({"funding_rate": recorded("mexc/docsample/api-v1-contract-funding_rate-BTC_USDT.json")}).rate == -0.000489
    )


def test_trap_hard_zero_is_shown_but_flagged() -> None:
    share = quotes(VENUE, OBSERVED_MS, {"ticker": recorded(TICKERS)})["AALSTOCK_USDT"]
    assert share.rate == 0
    assert Reason.ZERO_RATE in share.reasons
    assert one({"funding_rate": envelope(funding(fundingRate=0))}).reasons == (Reason.ZERO_RATE,)
    assert one({"funding_rate": envelope(funding())}).reasons == ()


def test_trap_holdings_and_volume_are_contracts() -> None:
    quote = one({"ticker": envelope(ticker()), "detail": envelope(detail())})
    assert (quote.oi_base, quote.oi_usd, quote.volume_usd) == (200, 20_000, 303.5)
    assert unknown(one({"ticker": envelope(ticker())}).oi_base)


def test_trap_side_count_of_holdings_is_unverified() -> None:
    assert Note.OI_SIDE_UNVERIFIED in one({"ticker": envelope(ticker())}).contract.notes


def test_trap_detail_is_asked_hourly() -> None:
    assert endpoint(VENUE, "detail").every_s >= 3600


def test_trap_bulk_funding_endpoint() -> None:
    assert endpoint(VENUE, "funding_rate").params == ()
    assert endpoint(VENUE, "funding_rate").path == "/api/v1/contract/funding_rate"


def test_trap_api_allowed_says_nothing() -> None:
    bodies = {"funding_rate": envelope(funding()), "detail": envelope(detail(apiAllowed=False))}
    assert one(bodies).contract.status is Status.TRADING


def test_interval_comes_from_the_funding_endpoint_only() -> None:
    quote = one({"ticker": envelope(ticker()), "detail": envelope(detail())})
    assert unknown(quote.contract.interval_h, quote.hourly)
    assert quote.reasons == (Reason.INTERVAL_UNKNOWN,)
    assert one({"funding_rate": envelope(funding())}).hourly == pytest.approx(1.25e-5)


def test_inverse_counts_dollars() -> None:
    bodies = {
        "ticker": envelope(ticker("BTC_USD")),
        "detail": envelope(detail("BTC_USD", contractSize=100)),
        "funding_rate": envelope(funding("BTC_USD")),
    }
    quote = one(bodies)
    assert (quote.contract.kind, quote.contract.settle) == (Kind.INVERSE, "BTC")
    assert (quote.oi_usd, quote.oi_base, quote.volume_usd) == (2_000_000, 20_000, 300_000)


def test_twins_settled_in_other_dollars_stay_apart() -> None:
    rows = envelope(funding("BTC_USDT"), funding("BTC_USDC"), funding("BTC_USD1"))
    found = quotes(VENUE, OBSERVED_MS, {"funding_rate": rows})
    assert {quote.contract.quote for quote in found.values()} == {"USDT", "USDC", "USD1"}
    assert {quote.contract.asset for quote in found.values()} == {"BTC"}


@pytest.mark.parametrize(
    ("symbol", "fields", "asset_id"),
    [
        ("AAPLSTOCK_USDT", {"type": 2}, "AAPL.eq"),
        ("SILVER_USDT", {"type": 2}, "XAG.cm"),
        ("SP500_USDT", {"type": 2}, "SPX.ix"),
        ("AEON1_USDT", {}, "AEON1"),
        ("STOCK_USDT", {}, "STOCK"),
    ],
)
def test_asset_classes(symbol: str, fields: dict[str, Any], asset_id: str) -> None:
    bodies = {"funding_rate": envelope(funding(symbol)), "detail": envelope(detail(symbol, **fields))}
    assert one(bodies).contract.asset_id == asset_id


def test_recorded_detail_knows_silver_as_commodity() -> None:
    bodies = {"funding_rate": envelope(funding("SILVER_USDT")), "detail": recorded(DETAIL)}
    assert one(bodies).contract.asset_class is AssetClass.COMMODITY


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"state": 1}, "suspended"),
        ({"state": 2}, "delisted"),
        ({"state": 3}, "delisted"),
        ({"state": 4}, "suspended"),
        ({"preMarket": True}, "prelaunch"),
        ({"futureType": 2}, "dated"),
    ],
)
def test_statuses(fields: dict[str, Any], status: str) -> None:
    bodies = {"funding_rate": envelope(funding()), "detail": envelope(detail(**fields))}
    assert one(bodies).contract.status == status


def test_listed_but_offline_is_a_quote_with_its_status() -> None:
    bodies = {"funding_rate": envelope(funding()), "detail": envelope(detail(), detail("OLD_USDT", state=3))}
    assert quotes(VENUE, OBSERVED_MS, bodies)["OLD_USDT"].contract.status is Status.DELISTED


def test_rule() -> None:
    rule = one({"funding_rate": envelope(funding())}).contract.rule
    assert (rule.family, rule.interest_8h, rule.damper) == (Family.PER_INTERVAL, 0.0001, 0.0005)


def test_one_bad_row_costs_no_other() -> None:
    rows = [funding(f"C{k}_USDT") for k in range(9)]
    batch = read(
        VENUE,
        OBSERVED_MS,
        {"funding_rate": envelope(*rows, funding("X_USDT", collectCycle=72), funding("Y", fundingRate=9))},
    )
    assert len(batch.quotes) == 9
    assert sum(batch.rejected.values()) == 2


def test_recorded_error_and_too_many_requests() -> None:
    body = recorded("mexc/error-depth-BTCUSDT.json")
    assert fault(VENUE, "ticker", body) == "venue_error"
    assert (
        fault(VENUE, "ticker", b'{"success":false,"code":510,"message":"Requests are too frequent"}') == "rate_limited"
    )
    assert fault(VENUE, "ticker", b'{"success":true,"code":0,"data":[]}') == "empty"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    judged = VENUE.judge(429, b'{"success":false,"code":510,"message":"Requests are too frequent"}')
    assert judged is not None
    assert judged.fault is Fault.RATE_LIMITED
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_unchanged_contract_is_the_same_object() -> None:
    first = one({"funding_rate": envelope(funding())})
    assert first.contract is one({"funding_rate": envelope(funding(fundingRate=0.0003))}).contract


def test_history_recorded_with_intervals_and_pages() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("mexc/funding_rate-history-BTC_USDT.json"), "BTC_USDT")
    assert len(rows) == 5
    assert (rows[0].time_ms, rows[0].rate, rows[0].interval_h) == (1_767_196_800_000, 3.7e-05, 8)
    documented = history.read(recorded("mexc/docsample/api-v1-contract-funding_rate-history.json"), "BTC_USDT")
    assert [row.rate for row in documented] == [0.000266, 0.00029]
    assert unknown(documented[0].interval_h)
    first = history.first("BTC_USDT", 0, NEXT_MS)
    assert dict(first.params) == {"symbol": "BTC_USDT", "page_num": "1", "page_size": "1000"}
    assert history.next(first, rows, "BTC_USDT", 0, NEXT_MS) is None
    body = {
        "success": True,
        "code": 0,
        "data": {
            "resultList": [
                {"symbol": "BTC_USDT", "fundingRate": 1e-4, "settleTime": NEXT_MS - k * 28_800_000, "collectCycle": 8}
                for k in range(1000)
            ]
        },
    }
    full = history.read(json.dumps(body).encode(), "BTC_USDT")
    following = history.next(first, full, "BTC_USDT", 0, NEXT_MS)
    assert following is not None
    assert dict(following.params)["page_num"] == "2"
    assert history.next(first, full, "BTC_USDT", NEXT_MS - 28_800_000, NEXT_MS) is None
