"""Bitget against its recorded answers; figures worked out by hand from the rows, facts from venue sheet bitget."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import AssetClass, Family, Kind, Note, Quote, Reason, Status
from fundtui.venues.bitget import VENUE
from fundtui.venues.spec import BadAnswer, Fault
from tests.venues.reading import assert_refuses_wrong_answers, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_787_848_769_270
NEXT_MS = 1_787_875_200_000
TICKERS = "bitget/v2-mix-market-tickers-20260827-subset.json"
FUND_RATE = "bitget/v2-mix-market-current-fund-rate-BTCUSDT-20260827.json"


def envelope(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"code": "00000", "msg": "success", "requestTime": OBSERVED_MS, "data": list(rows)}


def ticker(symbol: str = "BTCUSDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "lastPr": "100",
        "markPrice": "100.5",
        "indexPrice": "101",
        "fundingRate": "0.0001",
        "holdingAmount": "10.0000000000002",
        "usdtVolume": "5000",
        "deliveryTime": None,
        "deliveryStatus": "",
    } | fields


def fund_rate(symbol: str = "BTCUSDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "fundingRate": "0.0002",
        "fundingRateInterval": "4",
        "nextUpdate": str(NEXT_MS),
        "minFundingRate": "-0.02",
        "maxFundingRate": "0.02",
    } | fields


def listed(symbol: str = "BTCUSDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "symbolType": "perpetual",
        "symbolStatus": "normal",
        "fundInterval": "8",
        "offTime": "-1",
        "deliveryTime": "",
    } | fields


def one(bodies: dict[str, Any]) -> Quote:
    found = quotes(VENUE, OBSERVED_MS, bodies)
    assert len(found) == 1
    return next(iter(found.values()))


def test_recorded_tickers_and_fund_rate() -> None:
    found = quotes(
        VENUE,
        OBSERVED_MS,
        {"tickers:USDT-FUTURES": recorded(TICKERS), "current-fund-rate:USDT-FUTURES": recorded(FUND_RATE)},
    )
    assert len(found) == 10
    btc = found["BTCUSDT"]
    assert btc.rate == 0.000018
    assert btc.hourly == pytest.approx(0.00000225)
    assert btc.next_funding_ms == 1_787_875_200_000
    assert (btc.contract.cap, btc.contract.floor) == (0.003, -0.003)
    assert (btc.mark, btc.index, btc.last) == (80_307.5, 80_349.06, 80_303.9)
    assert btc.oi_base == pytest.approx(34_447.5604)
    assert btc.oi_usd == pytest.approx(34_447.5604 * 80_307.5)
    assert btc.volume_usd == 2_759_939_325.90183
    doge = found["1MBABYDOGEUSDT"]
    assert (doge.contract.asset, doge.contract.multiplier) == ("BABYDOGE", 1e6)
    assert (found["1000000MOGUSDT"].contract.asset, found["1000000MOGUSDT"].contract.multiplier) == ("MOG", 1e6)
    assert (found["1MCHEEMSUSDT"].contract.asset, found["1MCHEEMSUSDT"].contract.multiplier) == ("CHEEMS", 1e6)


def test_recorded_bodies_alone() -> None:
    only_rate = quotes(VENUE, OBSERVED_MS, {"current-fund-rate:USDT-FUTURES": recorded(FUND_RATE)})["BTCUSDT"]
    assert only_rate.hourly == pytest.approx(0.00000225)
    assert unknown(only_rate.mark, only_rate.oi_usd)
    assert len(quotes(VENUE, OBSERVED_MS, {"tickers:USDT-FUTURES": recorded(TICKERS)})) == 10


def test_trap_interval_only_in_fund_rate_and_contracts() -> None:
    silent = one({"tickers:USDT-FUTURES": envelope(ticker())})
    assert silent.rate == 0.0001
    assert unknown(silent.contract.interval_h, silent.hourly)
    assert silent.reasons == (Reason.INTERVAL_UNKNOWN,)
    by_catalogue = one({"tickers:USDT-FUTURES": envelope(ticker()), "contracts:USDT-FUTURES": envelope(listed())})
    assert by_catalogue.hourly == pytest.approx(1.25e-5)
    both = {"tickers:USDT-FUTURES": envelope(ticker()), "current-fund-rate:USDT-FUTURES": envelope(fund_rate())}
    by_rate = one(both | {"contracts:USDT-FUTURES": envelope(listed())})
    assert (by_rate.rate, by_rate.contract.interval_h) == (0.0002, 4)


def test_trap_holding_amount_has_float_noise() -> None:
    quote = quotes(VENUE, OBSERVED_MS, {"tickers:USDT-FUTURES": recorded(TICKERS)})["BTCUSDT"]
    assert quote.oi_base == pytest.approx(34_447.5604, abs=1e-9)


def test_trap_three_product_types() -> None:
    found = quotes(
        VENUE,
        OBSERVED_MS,
        {
            "tickers:USDT-FUTURES": envelope(ticker("BTCUSDT")),
            "tickers:USDC-FUTURES": envelope(ticker("BTCPERP")),
            "tickers:COIN-FUTURES": envelope(ticker("BTCUSD")),
        },
    )
    named = {
        symbol: (q.contract.asset, q.contract.quote, q.contract.settle, q.contract.kind) for symbol, q in found.items()
    }
    assert named == {
        "BTCUSDT": ("BTC", "USDT", "USDT", Kind.LINEAR),
        "BTCPERP": ("BTC", "USDC", "USDC", Kind.LINEAR),
        "BTCUSD": ("BTC", "USD", "BTC", Kind.INVERSE),
    }
    asked = [dict(item.params)["productType"] for item in VENUE.endpoints if item.name.startswith("tickers:")]
    assert asked == ["USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES"]


def test_trap_the_newer_v3_shape_is_refused() -> None:
    body = b'{"code":"00000","msg":"success","data":{"list":[{"symbol":"BTCUSDT","lastPrice":"1"}]}}'
    assert fault(VENUE, "tickers:USDT-FUTURES", body) == "wrong_shape"


def test_documented_coin_tickers_with_a_dated_row() -> None:
    found = quotes(
        VENUE, 1_695_794_271_400, {"tickers:COIN-FUTURES": recorded("bitget/docsample/api-v2-mix-market-tickers.json")}
    )
    assert found["BTCUSD"].rate == -0.0007
    dated = found["ETHUSD_231229"]
    assert dated.contract.status is Status.DATED
    assert dated.contract.expiry_ms == 1_703_836_799_000
    assert dated.contract.asset == "ETH"
    assert unknown(dated.rate)
    assert dated.reasons == (Reason.DATED,)


def test_month_coded_delivery_contract_is_dated() -> None:
    bodies = {
        "tickers:COIN-FUTURES": envelope(ticker("BTCUSDM25")),
        "contracts:COIN-FUTURES": envelope(listed("BTCUSDM25", quoteCoin="USD", symbolType="delivery")),
    }
    assert one(bodies).contract.status is Status.DATED
    assert one({"tickers:COIN-FUTURES": envelope(ticker("BTCUSDM25"))}).contract.status is Status.DATED


def test_documented_single_forms() -> None:
    found = quotes(
        VENUE, OBSERVED_MS, {"tickers:COIN-FUTURES": recorded("bitget/docsample/api-v2-mix-market-ticker.json")}
    )
    assert set(found) == {"ETHUSD_231229"}
    rate = one(
        {"current-fund-rate:USDT-FUTURES": recorded("bitget/docsample/api-v2-mix-market-current-fund-rate.json")}
    )
    assert rate.rate == 0.0005
    assert rate.reasons == (Reason.INTERVAL_UNKNOWN,)
    single = {"code": "00000", "msg": "success", "data": fund_rate()}
    assert one({"current-fund-rate:USDT-FUTURES": single}).contract.interval_h == 4


def test_recorded_old_catalogues_lose_their_suffix() -> None:
    linear = endpoint(VENUE, "contracts:USDT-FUTURES").decode(recorded("bitget/v1-mix-contracts-umcbl-20220407.json"))
    assert linear["BTCUSDT"].baseCoin == "BTC"
    inverse = endpoint(VENUE, "contracts:COIN-FUTURES").decode(recorded("bitget/v1-mix-contracts-dmcbl-20220407.json"))
    assert inverse["ETHUSD"].quoteCoin == "USD"
    documented = endpoint(VENUE, "contracts:USDT-FUTURES").decode(
        recorded("bitget/docsample/api-v2-mix-market-contracts.json")
    )
    assert documented["BTCUSDT"].fundInterval == 8


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("normal", "trading"),
        ("restrictedAPI", "trading"),
        ("listed", "prelaunch"),
        ("maintain", "suspended"),
        ("limit_open", "suspended"),
        ("off", "delisted"),
    ],
)
def test_statuses(status: str, expected: str) -> None:
    bodies = {
        "tickers:USDT-FUTURES": envelope(ticker()),
        "contracts:USDT-FUTURES": envelope(listed(symbolStatus=status)),
    }
    assert one(bodies).contract.status == expected


def test_off_time_announces_a_delisting() -> None:
    bodies = {
        "tickers:USDT-FUTURES": envelope(ticker()),
        "contracts:USDT-FUTURES": envelope(listed(offTime="1787999999000")),
    }
    contract = one(bodies).contract
    assert contract.notes == (Note.DELISTING_ANNOUNCED,)
    assert contract.expiry_ms == 1_787_999_999_000


def test_listed_but_off_is_a_quote_with_its_status() -> None:
    bodies = {
        "tickers:USDT-FUTURES": envelope(ticker()),
        "contracts:USDT-FUTURES": envelope(listed(), listed("OLDUSDT", baseCoin="OLD", symbolStatus="off")),
    }
    assert quotes(VENUE, OBSERVED_MS, bodies)["OLDUSDT"].contract.status is Status.DELISTED


def test_stock_perpetual_is_an_equity_without_interest() -> None:
    bodies = {
        "tickers:USDT-FUTURES": envelope(ticker("TSLAUSDT")),
        "contracts:USDT-FUTURES": envelope(listed("TSLAUSDT", baseCoin="TSLA", isRwa="YES")),
    }
    contract = one(bodies).contract
    assert contract.asset_class is AssetClass.EQUITY
    assert (contract.rule.family, contract.rule.interest_8h) == (Family.NORMALISED, 0)


def test_one_bad_row_costs_no_other() -> None:
    rows = [ticker(f"C{k}USDT") for k in range(8)]
    batch = read(
        VENUE,
        OBSERVED_MS,
        {"tickers:USDT-FUTURES": envelope(*rows, ticker("\x1b[31mUSDT"), ticker("XUSDT", lastPr="1_000"))},
    )
    assert len(batch.quotes) == 8
    assert batch.rejected == {"unsafe_symbol": 1, "wrong_shape": 1}


def test_error_in_a_200_answer() -> None:
    name = "current-fund-rate:USDT-FUTURES"
    assert fault(VENUE, name, b'{"code":"429","msg":"Too Many Requests","data":null}') == "rate_limited"
    assert fault(VENUE, name, b'{"code":"40034","msg":"Parameter does not exist","data":null}') == "venue_error"
    assert fault(VENUE, name, b'{"code":"00000","msg":"success","data":null}') == "empty"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    wrong = VENUE.judge(400, b'{"code":"40054","msg":"bad","data":null}')
    assert wrong is not None
    assert wrong.fault is Fault.VENUE_ERROR
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_unchanged_contract_is_the_same_object() -> None:
    bodies = {"current-fund-rate:USDT-FUTURES": envelope(fund_rate())}
    moved = {"current-fund-rate:USDT-FUTURES": envelope(fund_rate(fundingRate="0.0003"))}
    assert one(bodies).contract is one(moved).contract


def test_history_recorded_and_three_pages_at_most() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("bitget/docsample/api-v2-mix-market-history-fund-rate.json"), "BTCUSDT")
    assert [(row.time_ms, row.rate) for row in rows] == [(1_695_776_400_000, 0.0005), (1_695_715_200_000, 0.000013)]
    request = history.first("BTCPERP", 0, NEXT_MS)
    assert dict(request.params) == {
        "symbol": "BTCPERP",
        "productType": "USDC-FUTURES",
        "pageSize": "100",
        "pageNo": "1",
    }
    assert dict(history.first("BTCUSD", 0, NEXT_MS).params)["productType"] == "COIN-FUTURES"
    body = envelope(
        *(
            {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": str(NEXT_MS - k * 28_800_000)}
            for k in range(100)
        )
    )
    full = history.read(json.dumps(body).encode(), "BTCUSDT")
    request = history.first("BTCUSDT", 0, NEXT_MS)
    pages = []
    for _ in range(5):
        pages.append(dict(request.params)["pageNo"])
        following = history.next(request, full, "BTCUSDT", 0, NEXT_MS)
        if following is None:
            break
        request = following
    assert pages == ["1", "2", "3"]
    assert (
        history.next(history.first("BTCUSDT", NEXT_MS - 28_800_000, NEXT_MS), full, "BTCUSDT", NEXT_MS, NEXT_MS) is None
    )
