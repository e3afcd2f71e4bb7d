"""ApeX Omni's reader against recorded answers; traps as in venue sheet apex."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Status
from fundtui.venues.apex import VENUE, decode_symbols
from fundtui.venues.spec import BadAnswer, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, read, recorded

NOW_MS = 1_789_338_600_000  # 2026-09-13 22:30 UTC


def ticker(symbol: str, **changes: Any) -> dict[str, Any]:
    row = json.loads(recorded("apex/ticker_BTCUSDT.json"))["data"][0]
    return {"data": [row | {"symbol": symbol} | changes], "timeCost": 1}


def bodies(*symbols: str) -> dict[str, Any]:
    return {
        "symbols": recorded("apex/symbols_trimmed.json"),
        "ticker/*": {symbol: ticker(symbol) for symbol in symbols or ("BTCUSDT",)},
    }


def test_values_of_the_recorded_row() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTCUSDT"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.settle, contract.native_id) == ("BTC", "USDT", "USDT", "BTC-USDT")
    assert (quote.mark, quote.index, quote.last) == (76737.49, 76776.58, 76734.8)
    assert quote.oi_base == 1578.334
    assert quote.oi_usd == pytest.approx(1578.334 * 76737.49)
    assert quote.volume_usd == 565416965.9734
    assert quote.next_funding_ms == 1_789_340_400_000  # 23:00, ISO
    assert (contract.cap, contract.floor) == (0.000469, -0.000469)


def test_predicted_funding_rate_is_not_the_prediction() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTCUSDT"]
    assert quote.rate == quote.hourly == -0.00002065
    assert quote.rate != 0.0000125


def test_identity_and_status_of_every_recorded_contract() -> None:
    names = ("BTCUSDT", "ETHUSDT", "1000PEPEUSDT", "TONUSDT", "SPCXUSDT", "XAUUSDT")
    found = quotes(VENUE, NOW_MS, bodies(*names))
    assert {symbol: one.contract.asset_id for symbol, one in found.items()} == {
        "BTCUSDT": "BTC",
        "ETHUSDT": "ETH",
        "1000PEPEUSDT": "PEPE",
        "TONUSDT": "TON",
        "SPCXUSDT": "SPCX.eq",
        "XAUUSDT": "XAU.cm",
    }
    assert found["1000PEPEUSDT"].contract.multiplier == 1000.0
    assert found["TONUSDT"].contract.status is Status.SUSPENDED


def test_no_bulk_so_only_watched_assets_are_asked() -> None:
    parts = decoded(VENUE, {"symbols": bodies()["symbols"]})
    keys = endpoint(VENUE, "ticker").keys
    assert keys is not None
    assert list(keys(parts, Wanted(assets=frozenset({"PEPE", "XAU", "TON", "DOGE"})))) == ["1000PEPEUSDT", "XAUUSDT"]
    assert list(keys(parts, Wanted())) == ["BTCUSDT"]
    assert list(keys({}, Wanted())) == []
    assert VENUE.experimental


def test_prelaunch_contracts_are_quotes_that_say_so() -> None:
    body = json.loads(recorded("apex/symbols_trimmed.json"))
    row = body["data"]["contractConfig"]["perpetualContract"][1]
    body["data"]["contractConfig"]["prelaunchContract"] = [
        row | {"crossSymbolName": "NEWUSDT", "symbol": "NEW-USDT", "baseTokenId": "NEW", "isPrelaunch": True}
    ]
    body["data"]["contractConfig"]["predictionContract"] = [row | {"crossSymbolName": "WHOWINS"}]
    assert "WHOWINS" not in decode_symbols(json.dumps(body).encode())
    found = quotes(VENUE, NOW_MS, bodies("NEWUSDT") | {"symbols": body})
    assert found["NEWUSDT"].contract.status is Status.PRELAUNCH


def test_a_symbol_that_the_catalogue_does_not_know_is_dropped() -> None:
    batch = read(VENUE, NOW_MS, bodies("BTCUSDT", "ETHUSDT", "XAUUSDT", "SPCXUSDT", "NOSUCHUSDT"))
    assert (len(batch.quotes), batch.rejected) == (4, {"unknown_contract": 1})
    with pytest.raises(BadAnswer):
        read(VENUE, NOW_MS, bodies("NOSUCHUSDT"))


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "ticker", b'{"code":3,"msg":"no such symbol","key":"X"}') == "venue_error"
    assert fault(VENUE, "ticker", b'{"data":[],"timeCost":1}') == "empty"
    assert_refuses_wrong_answers(VENUE)


def test_history_goes_by_the_symbol_with_a_hyphen() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    request = history.first("BTC-USDT", 1_780_000_000_000, NOW_MS)
    asked = dict(request.params)
    assert (asked["symbol"], asked["limit"], asked["endTimeExclusive"]) == ("BTC-USDT", "100", str(NOW_MS))
    made = [
        {"symbol": "BTC-USDT", "rate": "-0.0000102", "price": "76000", "fundingTime": 1_789_336_800_000 - n * 3_600_000}
        for n in range(100)
    ]
    rows = history.read(json.dumps({"data": {"historyFunds": made}}).encode(), "BTC-USDT")
    assert (rows[0].time_ms, rows[0].rate, rows[0].interval_h) == (1_789_336_800_000, -0.0000102, 1.0)
    following = history.next(request, rows, "BTC-USDT", 1_780_000_000_000, NOW_MS)
    assert following is not None
    assert int(dict(following.params)["endTimeExclusive"]) == 1_789_336_800_000 - 99 * 3_600_000 - 1
