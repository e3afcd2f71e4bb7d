"""Delta Exchange's reader against recorded answers; traps as in venue sheet delta."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Kind, Note, Reason, Status
from fundtui.venues.delta import VENUE, decode_products
from fundtui.venues.delta_india import VENUE as INDIA
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, read, recorded

NOW_MS = 1_689_136_597_460  # 2023-07-12 04:36 UTC


def ticker(symbol: str, **changes: Any) -> dict[str, Any]:
    plain = {"symbol": symbol, "contract_type": "perpetual_futures", "funding_rate": "0.01", "mark_price": "10"}
    return plain | {"spot_price": "10", "close": 10.0, "oi": "3", "oi_value_usd": "30", "timestamp": 1} | changes


def tickers(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, "result": list(rows)}


def products() -> bytes:
    return recorded("delta/products_futures_2021.json")


def test_values_of_the_recorded_row() -> None:
    found = quotes(VENUE, NOW_MS, {"tickers": recorded("delta/ticker_BTCUSDT_2023.json"), "products": products()})
    quote = found["BTCUSDT"]
    expected = json.loads(recorded("delta/ticker_BTCUSDT_2023.expected.json"))[0]
    assert quote.rate == pytest.approx(expected["fundingRate"])
    assert (quote.mark, quote.index) == (expected["markPrice"], expected["indexPrice"])
    assert (quote.last, quote.bid, quote.ask) == (30600.5, 30599.5, 30600.5)
    assert (quote.oi_base, quote.oi_usd) == (469.919, 14385640.6802)
    assert quote.volume_usd == pytest.approx(37392218.46)
    assert (quote.contract.asset, quote.contract.quote, quote.contract.settle) == ("BTC", "USDT", "USDT")


def test_trap_percent() -> None:
    quote = quotes(VENUE, NOW_MS, {"tickers": tickers(ticker("BTCUSDT", funding_rate="0.00602961"))})["BTCUSDT"]
    assert quote.rate == pytest.approx(6.02961e-5)


def test_trap_microseconds_are_not_read_as_a_time() -> None:
    body = json.loads(recorded("delta/ticker_BTCUSDT_2023.json"))
    assert body["result"]["timestamp"] > 1e15
    quote = quotes(VENUE, NOW_MS, {"tickers": body})["BTCUSDT"]
    assert quote.observed_ms == NOW_MS
    # Next of 00, 08 and 16 UTC, computed.
    assert quote.next_funding_ms == 1_689_148_800_000
    assert Note.NEXT_FUNDING_INFERRED in quote.contract.notes


def test_the_interval_is_eight_hours_unless_stated() -> None:
    body = json.loads(products())
    row = next(one for one in body["result"] if one["symbol"] == "BTCUSDT")
    row["product_specs"] = {"rate_exchange_interval": 14_400}
    stated = quotes(VENUE, NOW_MS, {"tickers": tickers(ticker("BTCUSDT")), "products": body})["BTCUSDT"]
    assert (stated.contract.interval_h, Note.INTERVAL_INFERRED in stated.contract.notes) == (4.0, False)
    silent = quotes(VENUE, NOW_MS, {"tickers": tickers(ticker("BTCUSDT")), "products": products()})["BTCUSDT"]
    assert (silent.contract.interval_h, Note.INTERVAL_INFERRED in silent.contract.notes) == (8.0, True)


def test_the_cap_is_stated_in_percent_a_year() -> None:
    body = json.loads(products())
    row = next(one for one in body["result"] if one["symbol"] == "BTCUSDT")
    row["annualized_funding"] = "10.95"
    quote = quotes(VENUE, NOW_MS, {"tickers": tickers(ticker("BTCUSDT")), "products": body})["BTCUSDT"]
    assert quote.contract.cap == pytest.approx(0.0001)  # 0.01 % per eight hours


def test_inverse_contracts() -> None:
    contract = quotes(VENUE, NOW_MS, {"tickers": tickers(ticker("BTCUSD")), "products": products()})["BTCUSD"].contract
    assert (contract.kind, contract.quote, contract.settle) == (Kind.INVERSE, "USD", "BTC")


def test_trap_one_name_is_another_contract_in_the_other_region() -> None:
    linear = {
        "success": True,
        "result": [
            {
                "symbol": "BTCUSD",
                "contract_type": "perpetual_futures",
                "underlying_asset": {"symbol": "BTC"},
                "quoting_asset": {"symbol": "USD"},
                "settling_asset": {"symbol": "USD"},
                "notional_type": "vanilla",
            }
        ],
    }
    bodies = {"tickers": tickers(ticker("BTCUSD"))}
    world = quotes(VENUE, NOW_MS, bodies | {"products": products()})["BTCUSD"].contract
    india = quotes(INDIA, NOW_MS, bodies | {"products": linear})["BTCUSD"].contract
    assert (world.venue, world.kind, world.settle) == ("delta", Kind.INVERSE, "BTC")
    assert (india.venue, india.kind, india.settle) == ("delta-india", Kind.LINEAR, "USD")
    assert VENUE.base_url != INDIA.base_url


def test_every_recorded_product_is_read() -> None:
    listed = decode_products(products())
    assert len(listed) == 126
    perpetual = [ticker(one.symbol) for one in listed.values() if one.contract_type == "perpetual_futures"]
    batch = read(VENUE, NOW_MS, {"tickers": tickers(*perpetual), "products": products()})
    assert (len(batch.quotes), batch.rejected) == (110, {})


def test_dated_futures_are_quotes_without_a_rate() -> None:
    rows = tickers(ticker("BTCUSDT_31Dec", contract_type="futures"), ticker("BTCUSDT"))
    quote = quotes(VENUE, NOW_MS, {"tickers": rows, "products": products()})["BTCUSDT_31Dec"]
    assert (quote.contract.status, quote.reasons) == (Status.DATED, (Reason.DATED,))
    assert quote.contract.expiry_ms == 1_640_932_200_000  # 2021-12-31 06:30 UTC
    assert quote.next_funding_ms is None


def test_disrupted_products_are_suspended() -> None:
    body = json.loads(products())
    row = next(one for one in body["result"] if one["symbol"] == "BTCUSDT")
    row["trading_status"] = "disrupted_cancel_only"
    quote = quotes(VENUE, NOW_MS, {"tickers": tickers(ticker("BTCUSDT")), "products": body})["BTCUSDT"]
    assert quote.contract.status is Status.SUSPENDED


def test_trap_recordings_are_old_so_both_regions_are_experimental() -> None:
    assert "2021" in VENUE.experimental
    assert INDIA.experimental


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "tickers", b'{"success":false,"error":{"code":"bad_schema","context":{}}}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)


def test_history_is_candles_of_the_rate_in_percent() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    start_ms = 1_689_120_000_000
    end_ms = start_ms + 3000 * 3_600_000
    request = history.first("BTCUSDT", start_ms, end_ms)
    assert dict(request.params)["symbol"] == "FUNDING:BTCUSDT"
    candles = [{"time": 1_689_120_000 + hour * 3600, "close": "0.01"} for hour in range(9)]
    rows = history.read(json.dumps({"success": True, "result": candles}).encode(), "BTCUSDT")
    assert [(row.time_ms, row.rate) for row in rows] == [(1_689_148_800_000, 0.0001)]
    following = history.next(request, rows, "BTCUSDT", start_ms, end_ms)
    assert following is not None
    assert int(dict(following.params)["start"]) == start_ms // 1000 + 2000 * 3600 + 1
