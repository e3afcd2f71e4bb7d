"""Lighter's reader against recorded answers; traps as in venue sheet lighter."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from fundtui.market import AssetClass, Quote, Reason, Status
from fundtui.venues.lighter import VENUE, decode_details, decode_rates, judge, read
from fundtui.venues.spec import BadAnswer, Fault

Payload = Callable[[str], bytes]
NOW_MS = 1_789_147_680_000  # 2026-09-11 17:28 UTC


def rates(*rows: tuple[int, str, float], exchange: str = "lighter") -> bytes:
    made = [{"market_id": one, "exchange": exchange, "symbol": symbol, "rate": rate} for one, symbol, rate in rows]
    return json.dumps({"code": 200, "funding_rates": made}).encode()


def quotes(parts: dict[str, Any]) -> dict[str, Quote]:
    return {quote.contract.symbol: quote for quote in read(parts, NOW_MS).quotes}


@pytest.fixture
def recorded(payload: Payload) -> dict[str, Any]:
    return {
        "funding-rates": decode_rates(payload("lighter/funding-rates.json")),
        "orderBookDetails": decode_details(payload("lighter/orderBookDetails_2026-09_trimmed_fields.json")),
    }


def test_values_of_a_recorded_row(recorded: dict[str, Any]) -> None:
    quote = quotes(recorded)["BTC"]
    assert quote.rate == pytest.approx(9.6e-5)
    assert (quote.mark, quote.index) == (77758.9, 77791.3)
    assert quote.oi_base == 2092.76507
    assert quote.oi_usd == pytest.approx(2092.76507 * 77758.9)
    assert quote.volume_usd == pytest.approx(850015955.986308)
    assert math.isnan(quote.last)
    assert quote.next_funding_ms == 1_789_149_600_000  # 18:00
    assert (quote.contract.quote, quote.contract.settle) == ("USDC", "USDC")


def test_trap_eight_hour_figure_with_hourly_payment(recorded: dict[str, Any]) -> None:
    quote = quotes(recorded)["ETH"]
    assert (quote.contract.rate_period_h, quote.contract.interval_h) == (8.0, 1.0)
    assert quote.hourly == pytest.approx(1.2e-5)  # 9.6e-5 / 8, the idle rate


def test_trap_venue_mixing(recorded: dict[str, Any], payload: Payload) -> None:
    expected = json.loads(payload("lighter/funding-rates.expected.json"))
    own = {row["symbol"].partition("/")[0]: row["fundingRate"] for row in expected if row["exchange"] == "lighter"}
    assert len(own) == 2 < len(expected)
    found = quotes(recorded)
    assert {symbol: found[symbol].rate for symbol in own} == pytest.approx(own)
    with pytest.raises(BadAnswer, match="only other exchanges") as raised:
        decode_rates(rates((1, "BTC", 1e-5), exchange="bybit"))
    assert raised.value.fault is Fault.EMPTY


def test_trap_market_id_zero(recorded: dict[str, Any]) -> None:
    quote = quotes(recorded)["ETH"]
    assert quote.contract.native_id == "0"
    assert quote.mark == 2574.08


def test_inactive_market_with_open_interest_is_a_quote_that_says_so(recorded: dict[str, Any]) -> None:
    quote = quotes(recorded)["PIPPIN"]
    assert (quote.contract.status, quote.reasons) == (Status.SUSPENDED, (Reason.NOT_TRADING,))
    assert quote.oi_base == 1407378.2
    assert math.isnan(quote.rate)


def test_rates_alone_make_quotes_while_the_details_have_not_come(payload: Payload) -> None:
    found = quotes({"funding-rates": decode_rates(payload("lighter/funding-rates.json"))})
    assert set(found) == {"BTC", "ETH"}
    assert math.isnan(found["ETH"].mark)
    assert found["ETH"].reasons == ()


def test_an_id_that_two_answers_give_to_two_symbols_is_dropped(recorded: dict[str, Any]) -> None:
    parts = recorded | {"funding-rates": decode_rates(rates((0, "ETH", 1e-5), (1, "DOGE", 1e-5)))}
    with pytest.raises(BadAnswer, match="contradicting symbols"):
        read(parts, NOW_MS)


def test_shares_metals_and_currencies_are_told_from_coins() -> None:
    body = rates((5, "NVDA", 0.0), (6, "XAU", 0.0), (7, "EURUSD", 0.0), (8, "SPX", 0.0), (9, "1000PEPE", 0.0))
    found = quotes({"funding-rates": decode_rates(body)})
    assert {symbol: quote.contract.asset_id for symbol, quote in found.items()} == {
        "NVDA": "NVDA.eq", "XAU": "XAU.cm", "EURUSD": "EURUSD.fx", "SPX": "SPX", "1000PEPE": "PEPE",
    }  # fmt: skip
    assert found["1000PEPE"].contract.multiplier == 1000.0
    assert found["SPX"].contract.asset_class is AssetClass.CRYPTO


def test_one_bad_row_costs_only_itself() -> None:
    body = json.loads(rates(*((number, f"C{number}", 1e-5) for number in range(9))))
    body["funding_rates"].append({"market_id": "?", "exchange": "lighter", "symbol": "X", "rate": 1e-5})
    batch = read({"funding-rates": decode_rates(json.dumps(body).encode())}, NOW_MS)
    assert (len(batch.quotes), batch.rejected) == (9, {"wrong_shape": 1})


def test_errors_are_recognised_by_their_code() -> None:
    limited = b'{"code":23000,"message":"Too Many Requests!"}'
    with pytest.raises(BadAnswer) as raised:
        decode_rates(limited)
    assert raised.value.fault is Fault.RATE_LIMITED
    judged = judge(400, b'{"code":20001,"message":"invalid param"}')
    assert judged is not None
    assert (judged.fault, judged.text) == (Fault.VENUE_ERROR, "error 20001: invalid param")
    assert judge(502, b"<html>") is None


def test_unchanged_contracts_are_the_same_objects(recorded: dict[str, Any]) -> None:
    first, second = quotes(recorded), quotes(recorded)
    assert all(first[symbol].contract is second[symbol].contract for symbol in first)


def test_trap_percent_in_history_and_trap_direction_sign(payload: Payload) -> None:
    assert VENUE.history is not None
    rows = VENUE.history.read(payload("lighter/fundings_1h.json"), "0")
    # 0.0012 % paid by longs, then 0.0002 % paid by shorts
    assert [(row.time_ms, row.interval_h) for row in rows] == [(1778702400000, 1.0), (1778706000000, 1.0)]
    assert [row.rate for row in rows] == pytest.approx([1.2e-5, -2e-6])


def test_history_with_an_unknown_direction_has_no_sign_and_is_refused() -> None:
    assert VENUE.history is not None
    body = b'{"code":200,"fundings":[{"timestamp":1778702400,"value":"1","rate":"0.0012","direction":"both"}]}'
    with pytest.raises(BadAnswer, match="direction"):
        VENUE.history.read(body, "0")


def test_history_asks_by_market_id_in_seconds_hundred_hours_at_a_time() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    start_ms = 1_778_702_400_000
    end_ms = start_ms + 150 * 3_600_000
    request = history.first("0", start_ms, end_ms)
    asked = dict(request.params)
    assert (asked["market_id"], asked["resolution"], asked["count_back"]) == ("0", "1h", "0")
    assert int(asked["start_timestamp"]) == 1_778_702_400
    assert int(asked["end_timestamp"]) == 1_778_702_400 + 99 * 3600
    following = history.next(request, (), "0", start_ms, end_ms)
    assert following is not None
    assert int(dict(following.params)["start_timestamp"]) == 1_778_702_400 + 99 * 3600 + 1
    assert int(dict(following.params)["end_timestamp"]) == end_ms // 1000
    assert history.next(following, (), "0", start_ms, end_ms) is None
