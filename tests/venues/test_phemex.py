"""Phemex against its recorded answers; figures worked out by hand, facts from venue sheet phemex."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Kind, Quote, Reason, Status
from fundtui.venues.phemex import VENUE
from fundtui.venues.spec import BadAnswer
from tests.venues.reading import assert_refuses_wrong_answers, endpoint, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_777_433_740_158
NEXT_MS = 1_777_449_600_000


def result(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"error": None, "id": 0, "result": list(rows)}


def data(rows: Any) -> dict[str, Any]:
    return {"code": 0, "msg": "OK", "data": rows}


def ticker(symbol: str = "BTCUSDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "lastRp": "99",
        "markRp": "100",
        "indexRp": "101",
        "openInterestRv": "7",
        "turnoverRv": "5000",
        "fundingRateRr": "0.0001",
        "predFundingRateRr": "0.0001",
        "timestamp": 1_777_433_740_158_511_640,
    } | fields


def rate(symbol: str = "BTCUSDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "fundingRate": "0.0002",
        "fundingInterval": 14_400,
        "nextfundingTime": NEXT_MS,
        "interestRate": "0.0001",
        "fundingRateCap": "0.003",
        "fundingRateFloor": "-0.003",
    } | fields


def product(symbol: str = "BTCUSDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "type": "PerpetualV2",
        "settleCurrency": "USDT",
        "baseCurrency": symbol.removesuffix("USDT"),
        "status": "Listed",
        "fundingInterval": 28_800,
        "perpProductSubType": "Normal",
    } | fields


def one(row: dict[str, Any], more: dict[str, Any] | None = None) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"all:linear": result(row)} | (more or {}))[row["symbol"]]


def test_recorded_single_ticker() -> None:
    body = recorded("phemex/md-v3-ticker-24hr-TSLAUSDT-20260429.json")
    products = data({"perpProductsV2": [product("TSLAUSDT", perpProductSubType="TradFi")]})
    tsla = quotes(VENUE, OBSERVED_MS, {"all:linear": body, "products": products})["TSLAUSDT"]
    assert (tsla.mark, tsla.index, tsla.last) == (377.85, 377.745, 377.92)
    assert (tsla.oi_base, tsla.volume_usd) == (1040.65, 56_458.79)
    assert tsla.oi_usd == pytest.approx(1040.65 * 377.85)
    assert tsla.rate == 0
    assert tsla.contract.asset_id == "TSLA.eq"
    assert (tsla.bid, tsla.ask) == (377.83, 377.92)


def test_rate_with_its_own_interval() -> None:
    quote = one(ticker(), {"real-funding-rates": data([rate()])})
    assert quote.rate == 0.0002
    assert quote.hourly == pytest.approx(0.0002 / 4)
    assert quote.next_funding_ms == NEXT_MS
    assert (quote.contract.cap, quote.contract.floor) == (0.003, -0.003)
    assert one(ticker(), {"real-funding-rates": data({"rows": [rate()]})}) == quote
    assert one(ticker(), {"products": data({"perpProductsV2": [product()]})}).contract.interval_h == 8
    silent = one(ticker())
    assert unknown(silent.contract.interval_h)
    assert silent.reasons == (Reason.INTERVAL_UNKNOWN,)


def test_trap_nanoseconds_are_not_read_as_times() -> None:
    assert one(ticker()).next_funding_ms is None


def test_trap_page_size() -> None:
    assert ("pageSize", "200") in endpoint(VENUE, "real-funding-rates").params


def test_trap_old_scaled_integers() -> None:
    row = {
        "symbol": "BTCUSD",
        "lastEp": 500_000_000,
        "markEp": 500_100_000,
        "indexEp": 500_200_000,
        "openInterest": 1_000_000,
        "volume": 3_000_000,
        "fundingRateEr": 10_000,
    }
    btc = quotes(VENUE, OBSERVED_MS, {"all:inverse": result(row)})["BTCUSD"]
    assert btc.rate == 0.0001
    assert (btc.mark, btc.index, btc.last) == (50_010, 50_020, 50_000)
    assert (btc.contract.kind, btc.contract.settle) == (Kind.INVERSE, "BTC")
    assert (btc.oi_usd, btc.volume_usd) == (1_000_000, 3_000_000)
    assert btc.oi_base == pytest.approx(19.996)
    ceth = quotes(VENUE, OBSERVED_MS, {"all:inverse": result(row | {"symbol": "cETHUSD"})})["cETHUSD"]
    assert (ceth.contract.asset, ceth.contract.kind) == ("ETH", Kind.INVERSE)


def test_trap_huge_products_file_is_asked_rarely() -> None:
    assert endpoint(VENUE, "products").every_s >= 6 * 3600


def test_recorded_old_products_tell_inverse_from_dollar_settled() -> None:
    products = recorded("phemex/cfg-v2-products-legacy-20210703.json")
    rows = endpoint(VENUE, "products").decode(products)
    assert rows["BTCUSD"].settleCurrency == "BTC"
    assert "sBTCUSDT" not in rows
    scaled = {"symbol": "ETHUSD", "markEp": 20_000_000, "openInterest": 1000, "fundingRateEr": 0}
    eth = quotes(VENUE, OBSERVED_MS, {"all:inverse": result(scaled), "products": products})["ETHUSD"]
    assert (eth.contract.kind, eth.contract.settle) == (Kind.LINEAR, "USD")
    assert (eth.oi_base, eth.oi_usd) == (5, 10_000)  # 1,000 contracts of 0.005 coins at 2,000


def test_trap_u_prefix_and_blank_in_the_base() -> None:
    by_name = one(ticker("u1000PEPEUSDT")).contract
    listed = {"products": data({"perpProductsV2": [product("u1000PEPEUSDT", baseCurrency="1000 PEPE")]})}
    by_catalogue = one(ticker("u1000PEPEUSDT"), listed).contract
    for contract in (by_name, by_catalogue):
        assert (contract.asset, contract.multiplier, contract.quote) == ("PEPE", 1000, "USDT")


def test_trap_v2_names_still_read() -> None:
    row = {"symbol": "BTCUSDT", "closeRp": "9", "markPriceRp": "8", "indexPriceRp": "7", "fundingRateRr": "0"}
    quote = one(row)
    assert (quote.last, quote.mark, quote.index) == (9, 8, 7)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "Delisted"}, Status.DELISTED),
        ({"perpProductSubType": "PreMarket"}, Status.PRELAUNCH),
        ({}, Status.TRADING),
    ],
)
def test_statuses(fields: dict[str, Any], status: Status) -> None:
    assert one(ticker(), {"products": data({"perpProductsV2": [product(**fields)]})}).contract.status is status


def test_old_delistings_of_the_catalogue_are_left_out() -> None:
    more = {"products": data({"perpProductsV2": [product(), product("OLDUSDT", status="Delisted")]})}
    assert set(quotes(VENUE, OBSERVED_MS, {"all:linear": result(ticker())} | more)) == {"BTCUSDT"}


def test_one_bad_row_costs_no_other() -> None:
    rows = [ticker(f"C{k}USDT") for k in range(9)]
    batch = read(VENUE, OBSERVED_MS, {"all:linear": result(*rows, ticker("XYZ"), ticker("BADUSDT", markRp="x"))})
    assert len(batch.quotes) == 9
    assert batch.rejected == {"unknown_quote_currency": 1, "wrong_shape": 1}


def test_wrong_answers() -> None:
    assert fault(VENUE, "all:linear", recorded("phemex/error-invalid-argument.json")) == "venue_error"
    assert fault(VENUE, "real-funding-rates", b'{"code":11074,"msg":"bad","data":null}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    # An unknown symbol comes with status 500, and an unknown path with an empty 403.
    assert VENUE.judge(403, b"") is None
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_history_in_either_order() -> None:
    history = VENUE.history
    assert history is not None
    start_ms, end_ms = NEXT_MS - 300 * 28_800_000, NEXT_MS
    first = history.first("BTCUSDT", start_ms, end_ms)
    assert dict(first.params)["symbol"] == ".BTCUSDTFR8H"

    def page(times: list[int]) -> bytes:
        rows = [
            {"symbol": ".BTCUSDTFR8H", "fundingRate": "0.0001", "fundingTime": t, "intervalSeconds": 28_800}
            for t in times
        ]
        return json.dumps(data({"rows": rows})).encode()

    newest = history.read(page([end_ms - k * 28_800_000 for k in range(100)]), "BTCUSDT")
    assert newest[0].interval_h == 8
    older = history.next(first, newest, "BTCUSDT", start_ms, end_ms)
    assert older is not None
    assert int(dict(older.params)["end"]) == end_ms - 99 * 28_800_000 - 1
    oldest = history.read(page([start_ms + k * 28_800_000 for k in range(100)]), "BTCUSDT")
    newer = history.next(first, oldest, "BTCUSDT", start_ms, end_ms)
    assert newer is not None
    assert int(dict(newer.params)["start"]) > start_ms + 99 * 28_800_000
    assert history.next(first, newest[:50], "BTCUSDT", start_ms, end_ms) is None
