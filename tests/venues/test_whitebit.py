"""WhiteBIT against its recorded answers; figures worked out by hand, facts from venue sheet whitebit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import AssetClass, Family, Note, Quote, Reason
from fundtui.venues.spec import BadAnswer, Fault
from fundtui.venues.whitebit import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_787_857_000_000
NEXT_MS = 1_787_875_200_000


def envelope(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, "message": None, "result": list(rows)}


def future(name: str = "BTC_PERP", **fields: Any) -> dict[str, Any]:
    return {
        "ticker_id": name,
        "stock_currency": name.partition("_")[0],
        "money_currency": "USDT",
        "last_price": "99",
        "money_volume": "5000",
        "open_interest": "20",
        "mark_price": "100",
        "index_price": "101",
        "funding_rate": "0.0001",
        "funding_cap": "0.00375",
        "funding_floor": "-0.00375",
        "next_funding_rate_timestamp": str(NEXT_MS),
        "funding_interval_minutes": 480,
    } | fields


def one(row: dict[str, Any], more: dict[str, Any] | None = None) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"futures": envelope(row)} | (more or {}))[row["ticker_id"]]


def test_recorded_futures() -> None:
    batch = read(VENUE, OBSERVED_MS, {"futures": recorded("whitebit/v4-public-futures-20260827.json")})
    found = {quote.contract.symbol: quote for quote in batch.quotes}
    assert len(found) == 12
    assert batch.rejected == {}
    eth = found["ETH_PERP"]
    assert eth.rate == 0.00019855
    assert eth.hourly == pytest.approx(0.00019855 / 8)
    assert (eth.mark, eth.index, eth.last) == (2511, 2506.32, 2511.22)
    assert eth.oi_base == 455_116.13
    assert eth.oi_usd == pytest.approx(455_116.13 * 2511)
    assert eth.volume_usd == 5_255_440_244.5172
    assert (eth.bid, eth.ask) == (2510.77, 2510.78)
    assert (eth.contract.cap, eth.contract.floor) == (0.00375, -0.00375)
    assert eth.next_funding_ms == NEXT_MS
    assert Note.OI_SIDE_UNVERIFIED in eth.contract.notes
    assert found["APT_PERP"].hourly == pytest.approx(1.25e-5)
    assert eth.contract.rule.family is Family.UNKNOWN


def test_documented_old_form_has_no_interval() -> None:
    body = recorded("whitebit/docsample/api-v4-public-futures.json")
    btc = quotes(VENUE, 1_660_650_000_000, {"futures": body})["BTC_PERP"]
    assert btc.rate == 0.000044889033693137
    assert unknown(btc.contract.interval_h, btc.mark)
    assert btc.reasons == (Reason.INTERVAL_UNKNOWN,)


def test_trap_milliseconds_here_and_seconds_in_the_history() -> None:
    history = VENUE.history
    assert history is not None
    assert one(future()).next_funding_ms == NEXT_MS
    rows = history.read(recorded("whitebit/docsample/api-v4-public-funding-history-ETH_PERP.json"), "BTC_PERP")
    assert [(row.time_ms, row.rate, row.price) for row in rows] == [
        (1_752_537_600_000, -0.0001229, 119_816.5),
        (1_752_508_800_000, -0.0001306, 119_873.1),
    ]
    first = history.first("BTC_PERP", 1_752_000_000_000, 1_753_000_000_000)
    assert first.path == "/api/v4/public/funding-history/BTC_PERP"
    assert dict(first.params)["startDate"] == "1752000000"


def test_trap_empty_mark_and_zero_index() -> None:
    quote = one(future(mark_price="", index_price="0"))
    assert unknown(quote.mark, quote.index, quote.oi_usd)
    assert quote.rate == 0.0001


def test_trap_index_of_traditional_assets_is_their_own_price() -> None:
    more = {"markets": [{"name": "CAT_PERP", "type": "tradfiFutures"}, {"name": "XAU_PERP", "type": "tradfiFutures"}]}
    share = one(future("CAT_PERP"), more).contract
    assert (share.asset_id, Note.INDEX_IS_MARK in share.notes) == ("CAT.eq", True)
    assert one(future("XAU_PERP"), more).contract.asset_class is AssetClass.COMMODITY
    coin = one(future("CAT_PERP"), {"markets": [{"name": "CAT_PERP", "type": "futures"}]}).contract
    assert (coin.asset_id, Note.INDEX_IS_MARK in coin.notes) == ("CAT", False)


def test_delisting() -> None:
    more = {"markets": [{"name": "BTC_PERP", "type": "futures", "delistedAt": 1_788_000_000}]}
    contract = one(future(), more).contract
    assert Note.DELISTING_ANNOUNCED in contract.notes
    assert contract.expiry_ms == 1_788_000_000_000


def test_one_bad_row_costs_no_other() -> None:
    rows = [future(f"C{k}_PERP") for k in range(9)]
    batch = read(VENUE, OBSERVED_MS, {"futures": envelope(*rows, future("Ü_PERP"), future("X_PERP", funding_rate="x"))})
    assert len(batch.quotes) == 9
    assert batch.rejected == {"unsafe_symbol": 1, "wrong_shape": 1}


def test_wrong_answers() -> None:
    assert fault(VENUE, "futures", b'{"code":30,"message":"Validation failed","errors":{}}') == "venue_error"
    assert fault(VENUE, "futures", b'{"success":false,"message":"down","result":[]}') == "venue_error"
    assert fault(VENUE, "futures", b'{"success":true,"message":null,"result":null}') == "empty"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    judged = VENUE.judge(422, b'{"code":30,"message":"Validation failed","errors":{}}')
    assert judged is not None
    assert judged.fault is Fault.VENUE_ERROR
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_history_pages() -> None:
    history = VENUE.history
    assert history is not None
    body = [
        {"fundingTime": str(1_752_537_600 - k * 28_800), "fundingRate": "0.0001", "market": "BTC_PERP"}
        for k in range(100)
    ]
    rows = history.read(json.dumps(body).encode(), "BTC_PERP")
    start_ms, end_ms = 1_740_000_000_000, 1_753_000_000_000
    following = history.next(history.first("BTC_PERP", start_ms, end_ms), rows, "BTC_PERP", start_ms, end_ms)
    assert following is not None
    assert int(dict(following.params)["endDate"]) < 1_752_537_600 - 99 * 28_800
    assert history.next(following, rows, "BTC_PERP", start_ms, end_ms) is None
