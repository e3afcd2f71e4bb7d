"""HTX against its recorded answers; figures worked out by hand from the rows, facts from venue sheet htx."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import AssetClass, Family, Quote, Reason, Status
from fundtui.venues.htx import VENUE
from fundtui.venues.spec import BadAnswer, Fault, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_787_851_313_898
NEXT_MS = 1_787_875_200_000
RATES = "htx/linear-swap-api-v1-swap_batch_funding_rate-20260827.json"


def envelope(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"status": "ok", "data": list(rows), "ts": OBSERVED_MS} | more


def rate(code: str = "BTC-USDT", **fields: Any) -> dict[str, Any]:
    return {
        "contract_code": code,
        "symbol": code.partition("-")[0],
        "fee_asset": "USDT",
        "funding_rate": "0.000100000000000000",
        "funding_time": str(NEXT_MS),
        "estimated_rate": None,
        "next_funding_time": None,
    } | fields


def listed(code: str = "BTC-USDT", **fields: Any) -> dict[str, Any]:
    return {
        "contract_code": code,
        "symbol": code.partition("-")[0],
        "contract_size": 0.001,
        "contract_status": 1,
        "business_type": "swap",
        "settlement_period": "8",
        "delivery_time": "",
    } | fields


def one(row: dict[str, Any], more: dict[str, Any] | None = None) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"swap_batch_funding_rate": envelope(row)} | (more or {}))[row["contract_code"]]


def test_recorded_batch_of_rates() -> None:
    batch = read(VENUE, OBSERVED_MS, {"swap_batch_funding_rate": recorded(RATES)})
    found = {quote.contract.symbol: quote for quote in batch.quotes}
    assert len(found) == 44
    assert batch.rejected == {}
    btc = found["BTC-USDT"]
    assert btc.rate == -0.000109907596754317
    assert btc.next_funding_ms == NEXT_MS
    assert unknown(btc.contract.interval_h, btc.mark)
    assert btc.reasons == (Reason.INTERVAL_UNKNOWN,)
    assert found["XAU-USDT"].contract.asset_class is AssetClass.COMMODITY
    assert found["NVDA-USDT"].contract.asset_class is AssetClass.EQUITY
    assert found["JP225-USDT"].contract.asset_class is AssetClass.INDEX
    assert found["PEPE-USDT"].contract.multiplier == 1


def test_trap_zero_prints_0e_18() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"swap_batch_funding_rate": recorded(RATES)})
    assert found["XAG-USDT"].rate == 0


def test_trap_stale_rows_of_suspended_contracts() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"swap_batch_funding_rate": recorded(RATES)})
    stale = {symbol for symbol, quote in found.items() if quote.contract.status is Status.SUSPENDED}
    # Funding times of 21 August and 8 January in an answer of 27 August.
    assert stale == {"VIRTUAL-USDT", "SEI-USDT", "SIREN-USDT", "CYBER-USDT"}
    assert unknown(found["SEI-USDT"].rate)
    assert found["SEI-USDT"].next_funding_ms is None
    assert found["SEI-USDT"].reasons == (Reason.NOT_TRADING,)


def test_a_settlement_that_has_just_passed_is_not_stale() -> None:
    quote = one(rate(funding_time=str(OBSERVED_MS - 60_000)))
    assert quote.contract.status is Status.TRADING


def test_trap_no_bulk_mark_but_one_by_one_for_the_watched() -> None:
    item = endpoint(VENUE, "linear_swap_mark_price_kline")
    assert item.keys is not None
    parts = decoded(VENUE, {"swap_batch_funding_rate": envelope(rate(), rate("ETH-USDT"))})
    assert item.keys(parts, Wanted(assets=frozenset({"ETH"}))) == ["ETH-USDT"]
    assert item.keys({}, Wanted()) == ()
    body = recorded("htx/docsample/index-market-history-linear_swap_mark_price_kline.json")
    close = float(json.loads(body)["data"][-1]["close"])
    assert one(rate(), {"linear_swap_mark_price_kline/*": {"BTC-USDT": body}}).mark == close
    assert unknown(one(rate()).mark)


def test_trap_open_interest_and_volume_units() -> None:
    bodies = {
        "swap_open_interest": recorded("htx/linear-swap-api-v1-swap_open_interest-BTC-USDT-20260819.json"),
        "batch_merged": recorded("htx/docsample/v2-linear-swap-ex-market-detail-batch_merged.json"),
        "swap_index": recorded("htx/docsample/linear-swap-api-v1-swap_index.json"),
    }
    btc = one(rate(), bodies)
    assert (btc.oi_base, btc.oi_usd, btc.volume_usd) == (31_034.739, 2_104_319_788.3167, 895_645_473.25)
    assert (btc.last, btc.index) == (39_736.6, 13_076.32986568)


def test_trap_three_path_prefixes() -> None:
    prefixes = {item.path.split("/")[1] for item in VENUE.endpoints}
    assert prefixes == {"linear-swap-api", "v2", "index"}


def test_interval_of_the_catalogue_and_of_the_elements() -> None:
    assert one(rate(), {"swap_contract_info": envelope(listed(settlement_period="4"))}).contract.interval_h == 4
    by_elements = one(
        rate(), {"swap_query_elements": recorded("htx/docsample/linear-swap-api-v1-swap_query_elements.json")}
    )
    assert by_elements.contract.interval_h == 8
    assert by_elements.hourly == pytest.approx(1.25e-5)
    assert (by_elements.contract.cap, by_elements.contract.floor) == (0.00375, -0.00375)


def test_recorded_catalogue_without_period_and_its_coin_twin() -> None:
    rows = endpoint(VENUE, "swap_contract_info").decode(
        recorded("htx/linear-swap-api-v1-swap_contract_info-20220219.json")
    )
    assert len(rows) == 121
    assert rows["BTC-USDT"].settlement_period is None
    coin = endpoint(VENUE, "swap_contract_info").decode(
        recorded("htx/swap-api-v1-swap_contract_info-coinm-20220219.json")
    )
    assert len(coin) == 50


def test_documented_dated_contracts_are_quotes() -> None:
    bodies = {
        "swap_batch_funding_rate": recorded("htx/docsample/linear-swap-api-v1-swap_batch_funding_rate.json"),
        "swap_contract_info": recorded("htx/docsample/linear-swap-api-v1-swap_contract_info.json"),
        "swap_open_interest": recorded("htx/docsample/linear-swap-api-v1-swap_open_interest.json"),
    }
    found = quotes(VENUE, 1_614_045_373_795, bodies)
    week = found["BTC-USDT-211203"]
    assert week.contract.status is Status.DATED
    assert week.contract.expiry_ms == 1_638_518_400_000
    assert week.reasons == (Reason.DATED,)
    # The documented answer of 2021 is a day older than its own time says: both rows are past their settlement.
    assert found["ETC-USDT"].contract.status is Status.SUSPENDED


def test_single_form() -> None:
    body = recorded("htx/linear-swap-api-v1-swap_funding_rate-BTC-USDT-20260819.json")
    assert quotes(VENUE, 1_787_160_000_000, {"swap_batch_funding_rate": body})["BTC-USDT"].rate == -0.000017417222787085
    documented = recorded("htx/docsample/linear-swap-api-v1-swap_funding_rate.json")
    assert quotes(VENUE, 1_603_696_494_714, {"swap_batch_funding_rate": documented})["BTC-USDT"].rate == 0.0001


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (0, "delisted"),
        (1, "trading"),
        (2, "prelaunch"),
        (3, "suspended"),
        (4, "prelaunch"),
        (5, "trading"),
        (7, "delisted"),
    ],
)
def test_statuses(code: int, status: str) -> None:
    assert one(rate(), {"swap_contract_info": envelope(listed(contract_status=code))}).contract.status == status


def test_rule_and_identity() -> None:
    contract = one(rate("1INCH-USDT")).contract
    assert contract.asset == "1INCH"
    assert contract.rule.family is Family.PER_INTERVAL
    assert contract.rule.interest_8h == 0.0001


def test_contracts_on_traditional_assets_run_without_interest() -> None:
    gold = one(rate("XAU-USDT")).contract
    assert gold.asset_class is AssetClass.COMMODITY
    assert gold.rule.interest_8h == 0


def test_one_bad_row_costs_no_other() -> None:
    rows = [rate(f"C{k}-USDT") for k in range(9)]
    batch = read(VENUE, OBSERVED_MS, {"swap_batch_funding_rate": envelope(*rows, rate("NOQUOTE"), rate("a b-USDT"))})
    assert len(batch.quotes) == 9
    assert batch.rejected == {"unknown_quote_currency": 1, "unsafe_symbol": 1}


def test_error_in_a_200_answer() -> None:
    name = "swap_batch_funding_rate"
    assert (
        fault(VENUE, name, b'{"status":"error","err_code":1017,"err_msg":"Order doesnt exist","ts":1}') == "venue_error"
    )
    assert fault(VENUE, name, b'{"status":"error","err_code":1032,"err_msg":"too many","ts":1}') == "rate_limited"
    assert fault(VENUE, name, b'{"status":"ok","data":[],"ts":1}') == "empty"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    judged = VENUE.judge(503, b'{"status":"error","err_code":1005,"err_msg":"System busy","ts":1}')
    assert judged is not None
    assert judged.fault is Fault.MAINTENANCE
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_history_documented_and_pages() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("htx/docsample/linear-swap-api-v1-swap_historical_funding_rate.json"), "BTC-USDT")
    assert [(row.time_ms, row.rate, row.premium) for row in rows] == [(1_603_670_400_000, 0.0001, 0.000049895833333333)]
    first = history.first("BTC-USDT", 0, NEXT_MS)
    assert dict(first.params) == {"contract_code": "BTC-USDT", "page_index": "1", "page_size": "50"}
    assert history.next(first, rows, "BTC-USDT", 0, NEXT_MS) is None
    page = [
        {"contract_code": "BTC-USDT", "funding_rate": "0.0001", "funding_time": str(NEXT_MS - k * 28_800_000)}
        for k in range(50)
    ]
    full = history.read(json.dumps({"status": "ok", "data": {"data": page}}).encode(), "BTC-USDT")
    following = history.next(first, full, "BTC-USDT", 0, NEXT_MS)
    assert following is not None
    assert dict(following.params)["page_index"] == "2"
    assert history.next(first, full, "BTC-USDT", NEXT_MS, NEXT_MS) is None
