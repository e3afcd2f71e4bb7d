"""KuCoin against its recorded answers; figures worked out by hand from the rows, facts from venue sheet kucoin."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Family, Kind, Quote, Reason, Status
from fundtui.venues.kucoin import VENUE
from fundtui.venues.spec import BadAnswer, Fault, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_787_851_305_397
ACTIVE = "kucoin/v1-contracts-active-20260827-subset.json"


def envelope(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"code": "200000", "data": list(rows)}


def contract(symbol: str = "ETHUSDTM", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "type": "FFWCSX",
        "baseCurrency": "ETH",
        "quoteCurrency": "USDT",
        "settleCurrency": "USDT",
        "multiplier": 0.01,
        "isInverse": False,
        "status": "Open",
        "expireDate": None,
        "fundingFeeRate": 0.0001,
        "predictedFundingFeeRate": None,
        "lastTimeFundingRate": -3.5e-05,
        "fundingRateGranularity": 28_800_000,
        "currentFundingRateGranularity": None,
        "nextFundingRateTime": 23_894_603,
        "nextFundingRateDateTime": 1_787_875_200_000,
        "fundingRateCap": 0.003,
        "fundingRateFloor": -0.003,
        "dailyInterestRate": 0.0003,
        "openInterest": "1000",
        "volumeOf24h": 77.0,
        "turnoverOf24h": 154_000.0,
        "markPrice": 2000.0,
        "indexPrice": 2001.0,
        "lastTradePrice": 1999.0,
    } | fields


def one(row: dict[str, Any]) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"active": envelope(row)})[row["symbol"]]


def test_recorded_active_contracts() -> None:
    batch = read(VENUE, OBSERVED_MS, {"active": recorded(ACTIVE)})
    found = {quote.contract.symbol: quote for quote in batch.quotes}
    assert set(found) == {"XBTUSDTM", "WIFUSDTM", "PEPEUSDTM", "DOGEUSDTM"}
    assert batch.rejected == {}
    btc = found["XBTUSDTM"]
    assert btc.rate == -0.000021
    assert btc.hourly == pytest.approx(-2.625e-6)
    assert btc.next_funding_ms == 1_787_875_200_000
    assert btc.oi_base == pytest.approx(20_308.707)  # 20,308,707 lots of 0.001
    assert btc.oi_usd == pytest.approx(20_308.707 * 80_689.98)
    assert btc.volume_usd == 440_861_284.1368
    assert (btc.contract.cap, btc.contract.floor) == (0.003, -0.003)
    wif = found["WIFUSDTM"]
    assert wif.contract.interval_h == 4
    assert wif.hourly == pytest.approx(1.25e-5)


def test_recorded_single_rate_gives_the_interval() -> None:
    silent = contract("XBTUSDTM", fundingRateGranularity=None)
    body = recorded("kucoin/v1-funding-rate-XBTUSDTM-current-20260819.json")
    found = quotes(VENUE, OBSERVED_MS, {"active": envelope(silent), "current/*": {"XBTUSDTM": body}})
    assert found["XBTUSDTM"].contract.interval_h == 8
    row = endpoint(VENUE, "current").decode(body)
    assert row.value == -7.1e-05
    assert row.fundingTime - row.timePoint == 28_800_000
    documented = endpoint(VENUE, "current").decode(
        recorded("kucoin/docsample/api-v1-funding-rate-ETHUSDT-current.json")
    )
    assert documented.value == 0.00375


def test_silent_contracts_are_asked_one_by_one() -> None:
    keys = endpoint(VENUE, "current").keys
    assert keys is not None
    rows = [
        contract(),
        contract("AUSDTM", fundingRateGranularity=None),
        contract("BUSDTM", fundingRateGranularity=None),
    ]
    rows[2]["baseCurrency"] = "B"
    parts = decoded(VENUE, {"active": envelope(*rows)})
    assert keys(parts, Wanted(assets=frozenset({"B"}), top=1)) == ["BUSDTM"]
    assert keys({}, Wanted()) == []


def test_documented_contract_without_granularity() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"active": recorded("kucoin/docsample/api-v1-contracts-active.json")})
    btc = found["XBTUSDTM"]
    assert btc.rate == 0.0001
    assert unknown(btc.contract.interval_h, btc.hourly)
    assert btc.reasons == (Reason.INTERVAL_UNKNOWN,)
    assert btc.next_funding_ms is None


def test_trap_next_funding_time_is_a_countdown() -> None:
    assert one(contract(nextFundingRateTime=1)).next_funding_ms == 1_787_875_200_000


def test_trap_xbt_is_bitcoin() -> None:
    quote = quotes(VENUE, OBSERVED_MS, {"active": recorded(ACTIVE)})["XBTUSDTM"]
    assert quote.contract.asset == "BTC"
    inverse = one(
        contract(
            "XBTUSDM", baseCurrency="XBT", quoteCurrency="USD", settleCurrency="XBT", isInverse=True, multiplier=-1
        )
    )
    assert (inverse.contract.asset, inverse.contract.settle) == ("BTC", "BTC")


def test_trap_lots_times_multiplier() -> None:
    pepe = quotes(VENUE, OBSERVED_MS, {"active": recorded(ACTIVE)})["PEPEUSDTM"]
    assert pepe.oi_base == 18_345_784 * 520_000
    assert pepe.oi_usd == pytest.approx(37_648_851, rel=1e-6)
    assert pepe.contract.multiplier == 1  # the price is of one PEPE


def test_trap_nulls_on_predicted_and_granularity() -> None:
    quote = one(contract(fundingFeeRate=None, lastTimeFundingRate=None))
    assert unknown(quote.rate, quote.settled_rate)
    assert quote.contract.interval_h == 8
    assert quote.reasons == (Reason.NO_RATE,)
    assert one(contract(currentFundingRateGranularity=3_600_000)).contract.interval_h == 1


def test_trap_numbers_with_exponents() -> None:
    body = json.dumps(envelope(contract())).replace("-3.5e-05", "-7.1E-5").encode()
    assert quotes(VENUE, OBSERVED_MS, {"active": body})["ETHUSDTM"].settled_rate == -0.000071


def test_inverse_lots_are_dollars() -> None:
    row = contract("ETHUSDM", quoteCurrency="USD", settleCurrency="ETH", isInverse=True, multiplier=-1.0)
    quote = one(row)
    assert quote.contract.kind is Kind.INVERSE
    assert (quote.oi_usd, quote.oi_base, quote.volume_usd) == (1000, 0.5, 77)


def test_dated_contract_is_a_quote() -> None:
    quote = one(contract("XBTMU26", type="FFICSX", expireDate=1_790_000_000_000, fundingFeeRate=None))
    assert quote.contract.status is Status.DATED
    assert quote.contract.expiry_ms == 1_790_000_000_000
    assert quote.reasons == (Reason.DATED,)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "Init"}, "prelaunch"),
        ({"marketStage": "PRE_MARKET"}, "prelaunch"),
        ({"marketStage": "NORMAL"}, "trading"),
        ({"status": "Paused"}, "suspended"),
        ({"status": "CancelOnly"}, "suspended"),
        ({"status": "BeingSettled"}, "suspended"),
        ({"status": "Settled"}, "delisted"),
        ({"status": "Closed"}, "delisted"),
    ],
)
def test_statuses(fields: dict[str, Any], status: str) -> None:
    assert one(contract(**fields)).contract.status == status


def test_prefix_multipliers() -> None:
    cat = one(contract("10000CATUSDTM", baseCurrency="10000CAT")).contract
    assert (cat.asset, cat.multiplier) == ("CAT", 10_000)


def test_interest_is_a_third_of_the_daily_one() -> None:
    rule = one(contract(dailyInterestRate=0.0006)).contract.rule
    assert rule.family is Family.PER_INTERVAL
    assert rule.interest_8h == pytest.approx(0.0002)


def test_one_bad_row_costs_no_other() -> None:
    rows = [contract(f"C{k}USDTM") for k in range(9)]
    batch = read(VENUE, OBSERVED_MS, {"active": envelope(*rows, contract("X", multiplier="lots"), contract("é"))})
    assert len(batch.quotes) == 9
    assert batch.rejected == {"wrong_shape": 1, "unsafe_symbol": 1}


def test_error_in_a_200_answer_and_locations() -> None:
    assert fault(VENUE, "active", b'{"code":"429000","msg":"Too many requests"}') == "rate_limited"
    assert fault(VENUE, "active", b'{"code":"400302","msg":"unavailable in the U.S."}') == "geo_blocked"
    assert fault(VENUE, "active", b'{"code":"100001","msg":"symbol not exists"}') == "venue_error"
    assert fault(VENUE, "active", b'{"code":"200000"}') == "empty"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    judged = VENUE.judge(403, b'{"code":"400302","msg":"unavailable"}')
    assert judged is not None
    assert judged.fault is Fault.GEO_BLOCKED
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_unchanged_contract_is_the_same_object() -> None:
    assert one(contract()).contract is one(contract(markPrice=1.0, fundingFeeRate=0.0002)).contract


def test_history_documented_and_paging_by_window() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("kucoin/docsample/api-v1-contract-funding-rates.json"), "IDUSDTM")
    assert [(row.time_ms, row.rate) for row in rows] == [(1_702_310_700_000, 0.01875)]
    start_ms, end_ms = 1_780_000_000_000, 1_787_875_200_000
    first = history.first("ETHUSDTM", start_ms, end_ms)
    assert dict(first.params) == {"symbol": "ETHUSDTM", "from": str(start_ms), "to": str(end_ms)}
    body = envelope(
        *({"symbol": "ETHUSDTM", "fundingRate": 1e-4, "timepoint": end_ms - k * 28_800_000} for k in range(100))
    )
    full = history.read(json.dumps(body).encode(), "ETHUSDTM")
    following = history.next(first, full, "ETHUSDTM", start_ms, end_ms)
    assert following is not None
    assert int(dict(following.params)["to"]) == end_ms - 99 * 28_800_000 - 1
    assert history.next(following, full, "ETHUSDTM", start_ms, end_ms) is None
    assert history.next(following, (), "ETHUSDTM", start_ms, end_ms) is None


def test_tickers_that_no_coin_has_are_no_coins() -> None:
    assert one(contract("XAUUSDTM", baseCurrency="XAU")).contract.asset_id == "XAU.cm"
    assert one(contract("SPXUSDTM", baseCurrency="SPX")).contract.asset_id == "SPX"
