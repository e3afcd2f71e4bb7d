"""Binance COIN-M against its recorded answers; facts from venue sheet binance-coinm."""

from __future__ import annotations

from typing import Any

import pytest

from fundtui.market import Family, Kind, Note, Quote, Reason, Status
from fundtui.venues.binance_coinm import VENUE
from fundtui.venues.spec import BadAnswer, Wanted
from tests.venues.reading import WRONG_ANSWERS, decoded, endpoint, fault, quotes, recorded, unknown

OBSERVED_MS = 1_694_401_588_000
NEXT_MS = 1_694_419_200_000
PREMIUM = "binance-coinm/premiumIndex.json"


def premium(symbol: str = "BTCUSD_PERP", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "pair": "BTCUSD",
        "markPrice": "50000",
        "indexPrice": "50010",
        "lastFundingRate": "0.0001",
        "interestRate": "0.0001",
        "nextFundingTime": NEXT_MS,
        "time": OBSERVED_MS,
    } | fields


def listed(symbol: str = "BTCUSD_PERP", base: str = "BTC", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "baseAsset": base,
        "quoteAsset": "USD",
        "marginAsset": base,
        "contractType": "PERPETUAL",
        "contractStatus": "TRADING",
        "contractSize": 100,
        "deliveryDate": 4_133_404_800_000,
    } | fields


def one(more: dict[str, Any] | None = None, **fields: Any) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"premiumIndex": [premium(**fields)]} | (more or {}))["BTCUSD_PERP"]


def test_recorded_premium_index_with_blanks_on_dated_rows() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"premiumIndex": recorded(PREMIUM)})
    assert len(found) == 6
    fil = found["FILUSD_PERP"]
    assert fil.rate == 0.00004207
    assert fil.contract.interval_h == 8
    assert fil.hourly == pytest.approx(0.00000525875)
    assert (fil.contract.kind, fil.contract.quote, fil.contract.settle) == (Kind.INVERSE, "USD", "FIL")
    assert fil.next_funding_ms == NEXT_MS
    link = found["LINKUSD_231229"]
    assert link.contract.status is Status.DATED
    assert link.reasons == (Reason.DATED,)
    assert unknown(link.rate, link.contract.interval_h)
    assert link.mark == 6.10235122


def test_recorded_answers_join_in_dollars_and_coins() -> None:
    more = {
        "exchangeInfo": recorded("binance-coinm/exchangeInfo-trimmed-2025.json"),
        "24hr": recorded("binance-coinm/ticker24hr.json"),
        "openInterest/*": {"BTCUSD_PERP": recorded("binance-coinm/openInterest-BTCUSD_PERP.json")},
    }
    btc = one(more)
    assert btc.oi_usd == 678_465_700  # 6,784,657 contracts of 100 dollars
    assert btc.oi_base == pytest.approx(13_569.314)
    assert btc.volume_usd == pytest.approx(127_793.43436348 * 31_861.59696138)
    assert btc.last == 32_155.5


def test_contract_size_is_not_guessed() -> None:
    more = {"openInterest/*": {"BTCUSD_PERP": recorded("binance-coinm/openInterest-BTCUSD_PERP.json")}}
    assert unknown(one(more).oi_usd, one(more).oi_base)


def test_documented_shapes() -> None:
    bodies = {
        "premiumIndex": recorded("binance-coinm/docsample/dapi-v1-premiumIndex.json"),
        "fundingInfo": recorded("binance-coinm/docsample/dapi-v1-fundingInfo.json"),
        "24hr": recorded("binance-coinm/docsample/dapi-v1-ticker-24hr.json"),
        "exchangeInfo": recorded("binance-coinm/docsample/dapi-v1-exchangeInfo.json"),
        "openInterest/*": {"BTCUSD_200626": recorded("binance-coinm/docsample/dapi-v1-openInterest.json")},
    }
    found = quotes(VENUE, 1_596_094_042_000, bodies)
    assert found["BTCUSD_PERP"].rate == 0.00071003
    assert found["BTCUSD_200925"].contract.expiry_ms == 1_601_020_800_000


@pytest.mark.parametrize("body", [b"[]", b"null"])
def test_funding_info_may_be_empty_or_null(body: bytes) -> None:
    assert one({"fundingInfo": body}).contract.interval_h == 8


def test_status_field_is_contract_status() -> None:
    assert one({"exchangeInfo": {"symbols": [listed(contractStatus="SETTLING")]}}).contract.status is Status.SUSPENDED
    assert one({"exchangeInfo": {"symbols": [listed(contractStatus="PENDING_TRADING")]}}).contract.status == "prelaunch"
    leaving = one({"exchangeInfo": {"symbols": [listed(deliveryDate=1_700_000_000_000)]}}).contract
    assert Note.DELISTING_ANNOUNCED in leaving.notes


def test_rule_and_keys() -> None:
    assert one().contract.rule.family is Family.NORMALISED
    keys = endpoint(VENUE, "openInterest").keys
    assert keys is not None
    parts = decoded(
        VENUE, {"premiumIndex": [premium(), premium("ETHUSD_PERP"), premium("ETHUSD_231229", nextFundingTime=0)]}
    )
    assert list(keys(parts, Wanted(assets=frozenset({"ETH"}), top=1))) == ["ETHUSD_PERP"]


def test_wrong_answers() -> None:
    assert fault(VENUE, "premiumIndex", b'{"code":-1121,"msg":"Invalid symbol."}') == "venue_error"
    for item in VENUE.endpoints:
        for body, allowed in WRONG_ANSWERS:
            if not (item.name == "fundingInfo" and body == b"null"):
                assert fault(VENUE, item.name, body) in allowed
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_history_recorded() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("binance-coinm/fundingRate-history-BTCUSD_PERP.json"), "BTCUSD_PERP")
    assert len(rows) == 50
    assert (rows[0].time_ms, rows[0].rate, rows[1].time_ms) == (1_604_217_600_000, 0.0001, 1_604_246_400_000)
    documented = history.read(recorded("binance-coinm/docsample/dapi-v1-fundingRate.json"), "BTCUSD_PERP")
    assert documented[0].price == 34_651.4
    assert history.first("BTCUSD_PERP", 1, 2).path == "/dapi/v1/fundingRate"
