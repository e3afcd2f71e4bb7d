"""edgeX's reader against recorded answers; traps as in venue sheet edgex."""

from __future__ import annotations

import json

import pytest

from fundtui.market import Note, Status
from fundtui.venues.edgex import VENUE
from fundtui.venues.spec import Wanted
from tests.venues.reading import (
    assert_refuses_wrong_answers,
    decoded,
    endpoint,
    fault,
    quotes,
    read,
    recorded,
    unknown,
)

NOW_MS = 1_789_339_039_905  # 2026-09-13 22:37 UTC


def bodies() -> dict[str, object]:
    return {
        "getMetaData": recorded("edgex/v2_getMetaData_trimmed.json"),
        "getLatestFundingRate/*": {"all": recorded("edgex/v2_getLatestFundingRate_trimmed.json")},
        "getTicker/*": {"30000001": recorded("edgex/v2_getTicker_30000001.json")},
    }


def test_values_of_a_recorded_row() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTCUSDC"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.settle, contract.native_id) == ("BTC", "USDC", "USDC", "30000001")
    assert (contract.rate_period_h, contract.interval_h) == (4.0, 4.0)
    assert quote.hourly == pytest.approx(-0.00005592 / 4)
    assert quote.mark == pytest.approx(76767.04480841)
    assert quote.index == pytest.approx(76799.6329069)
    assert (quote.last, quote.oi_base, quote.volume_usd) == (76793.7, 3284.957, 210414016.4312)
    assert quote.oi_usd == pytest.approx(3284.957 * 76767.04480841)
    assert (contract.cap, contract.floor) == (0.002, -0.002)


def test_trap_three_rate_fields() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTCUSDC"]
    assert quote.rate == -0.00005592  # the forecast, as the ticker shows it too
    assert quote.settled_rate == -0.00005067
    assert 0.00005 not in (quote.rate, quote.settled_rate)  # the interest part, constant


def test_next_settlement_is_the_start_plus_the_interval() -> None:
    assert quotes(VENUE, NOW_MS, bodies())["BTCUSDC"].next_funding_ms == 1_789_344_000_000  # the ticker's own


def test_a_name_outside_ascii_gives_way_to_the_coins_own() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["HAJIMIUSDC"]
    assert (quote.contract.asset, quote.contract.native_id, quote.rate) == ("HAJIMI", "30000169", 0.00005299)


def test_identity_and_status_of_every_recorded_row() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    assert {symbol: one.contract.asset_id for symbol, one in found.items()} == {
        "BTCUSDC": "BTC",
        "ETHUSDC": "ETH",
        "XAUUSDC": "XAU.cm",
        "SPYUSDC": "SPY.ix",
        "1000PEPEUSDC": "PEPE",
        "ZROUSDC": "ZRO",
        "EURUSDC": "EURUSD.fx",
        "HAJIMIUSDC": "HAJIMI",
    }
    assert found["1000PEPEUSDC"].contract.multiplier == 1000.0
    leaving = {symbol for symbol, one in found.items() if Note.DELISTING_ANNOUNCED in one.contract.notes}
    assert leaving == {"ZROUSDC", "EURUSDC"}


@pytest.mark.parametrize("flag", ["enableTrade", "enableOpenPosition"])
def test_contracts_that_cannot_be_entered_do_not_trade(flag: str) -> None:
    meta = json.loads(recorded("edgex/v2_getMetaData_trimmed.json"))
    meta["data"]["contractList"][0][flag] = False
    found = quotes(VENUE, NOW_MS, bodies() | {"getMetaData": meta})
    assert found["BTCUSDC"].contract.status is Status.SUSPENDED
    assert found["ETHUSDC"].contract.status is Status.TRADING


def test_trap_open_interest_is_per_symbol_and_asked_for_watched_assets_only() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    assert unknown(found["ETHUSDC"].oi_base, found["ETHUSDC"].volume_usd)
    parts = decoded(VENUE, bodies())
    keys = endpoint(VENUE, "getTicker").keys
    assert keys is not None
    assert list(keys(parts, Wanted(assets=frozenset({"ETH", "HAJIMI"})))) == ["30000002", "30000169"]
    assert list(keys(parts, Wanted())) == []


def test_rates_of_all_contracts_are_one_request_once_the_catalogue_has_come() -> None:
    keys = endpoint(VENUE, "getLatestFundingRate").keys
    assert keys is not None
    assert list(keys({}, Wanted())) == []
    (joined,) = keys(decoded(VENUE, bodies()), Wanted())
    assert len(joined.split(",")) == 8


def test_trap_the_old_host_answers_empty() -> None:
    assert fault(VENUE, "getLatestFundingRate", b'{"code":"SUCCESS","data":[],"msg":null}') == "empty"
    assert fault(VENUE, "getLatestFundingRate", b'{"code":"SUCCESS","data":null}') == "empty"
    assert fault(VENUE, "getTicker", b'{"code":"SUCCESS","data":[]}') == "empty"


def test_failure_comes_as_a_code_with_http_200() -> None:
    assert fault(VENUE, "getMetaData", b'{"code":"INVALID_PARAM","data":null,"msg":"no"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)


def test_a_contract_that_the_catalogue_does_not_know_is_dropped_and_counted() -> None:
    body = json.loads(recorded("edgex/v2_getLatestFundingRate_trimmed.json"))
    body["data"].append(body["data"][0] | {"contractId": "777"})
    batch = read(VENUE, NOW_MS, bodies() | {"getLatestFundingRate/*": {"all": body}})
    assert (len(batch.quotes), batch.rejected) == (8, {"unknown_contract": 1})


def test_history_is_filtered_to_settlements_and_goes_by_contract_id() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    request = history.first("30000001", 1_700_000_000_000, NOW_MS)
    asked = dict(request.params)
    assert (asked["contractId"], asked["filterSettlementFundingRate"], asked["size"]) == ("30000001", "true", "100")
    row = json.loads(recorded("edgex/v2_getLatestFundingRate_trimmed.json"))["data"][4]
    newest = int(row["fundingTime"])
    rows = [row | {"fundingTime": str(newest - place * 14_400_000)} for place in range(100)]
    body = json.dumps({"code": "SUCCESS", "data": {"dataList": rows, "nextPageOffsetData": "x"}}).encode()
    settled = history.read(body, "30000001")
    assert (settled[0].time_ms, settled[0].rate, settled[0].interval_h) == (1_789_329_600_000, -0.00005067, 4.0)
    following = history.next(request, settled, "30000001", 1_700_000_000_000, NOW_MS)
    assert following is not None
    assert int(dict(following.params)["filterEndTimeExclusive"]) == newest - 99 * 14_400_000 - 1
