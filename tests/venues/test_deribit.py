"""Deribit's reader against recorded answers; traps as in venue sheet deribit."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from fundtui.market import Averaging, Kind, Quote, RateKind, Reason, Status
from fundtui.venues.deribit import VENUE, decode_instruments, decode_summary, judge, read
from fundtui.venues.spec import BadAnswer, Fault

Payload = Callable[[str], bytes]
NOW_MS = 1_779_460_434_086


def summary(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "result": rows, "testnet": False}).encode()


def row(name: str, **changes: Any) -> dict[str, Any]:
    plain = {"instrument_name": name, "mark_price": 200.0, "estimated_delivery_price": 199.0, "last": 201.0}
    return plain | {"open_interest": 4000.0, "volume_usd": 9.0, "current_funding": 1e-4, "funding_8h": 2e-4} | changes


def quotes(parts: dict[str, Any]) -> dict[str, Quote]:
    return {quote.contract.symbol: quote for quote in read(parts, NOW_MS).quotes}


@pytest.fixture
def recorded(payload: Payload) -> dict[str, Any]:
    return {
        "get_book_summary_by_currency:BTC": decode_summary(
            payload("deribit/get_book_summary_by_currency_BTC_future.json")
        ),
        "get_instruments": decode_instruments(payload("deribit/get_instruments_BTC_future.json")),
    }


def test_values_of_the_recorded_perpetual(recorded: dict[str, Any]) -> None:
    quote = quotes(recorded)["BTC-PERPETUAL"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.settle, contract.kind) == ("BTC", "USD", "BTC", Kind.INVERSE)
    assert (quote.rate, quote.settled_rate, contract.rate_kind) == (1.428e-05, 5.06e-06, RateKind.RUNNING)
    assert (quote.mark, quote.index, quote.last) == (76756.66, 76736.38, 76752.0)
    assert (quote.bid, quote.ask, quote.volume_usd) == (76753.5, 76754.0, 379635850.0)
    assert (contract.cap, contract.floor) == (0.005, -0.005)
    assert quote.reasons == ()


def test_trap_eight_hours_are_a_quotation_not_a_cadence(recorded: dict[str, Any]) -> None:
    quote = quotes(recorded)["BTC-PERPETUAL"]
    assert quote.contract.rate_period_h == 8.0
    assert quote.hourly == pytest.approx(1.428e-05 / 8)
    assert quote.contract.continuous
    assert math.isnan(quote.contract.interval_h)
    assert quote.next_funding_ms is None


def test_trap_the_live_rate_is_not_the_trailing_sum(recorded: dict[str, Any]) -> None:
    quote = quotes(recorded)["BTC-PERPETUAL"]
    assert quote.rate != 5.06e-06


def test_the_rate_follows_the_damped_premium(recorded: dict[str, Any]) -> None:
    quote = quotes(recorded)["BTC-PERPETUAL"]
    rule = quote.contract.rule
    assert (rule.interest_8h, rule.damper, rule.averaging) == (0.0, 0.00025, Averaging.NONE)
    premium = (76756.66 - 76736.38) / 76736.38  # 2.643 bp, just outside the band of 2.5 bp
    assert quote.rate == pytest.approx(premium - 0.00025, abs=1e-8)


def test_trap_units_of_open_interest_differ_by_margin_type(recorded: dict[str, Any]) -> None:
    linear = {"get_book_summary_by_currency:USDC": decode_summary(summary(row("SOL_USDC-PERPETUAL")))}
    found = quotes(recorded | linear)
    assert found["BTC-PERPETUAL"].oi_usd == 1012315080.0
    assert found["BTC-PERPETUAL"].oi_base == pytest.approx(1012315080 / 76756.66)
    sol = found["SOL_USDC-PERPETUAL"]
    assert (sol.oi_base, sol.oi_usd) == (4000.0, 800_000.0)
    assert (sol.contract.kind, sol.contract.quote, sol.contract.settle) == (Kind.LINEAR, "USDC", "USDC")
    assert math.isnan(sol.contract.cap)


def test_trap_test_net_is_another_host_and_its_answers_are_refused() -> None:
    assert VENUE.base_url == "https://www.deribit.com"
    with pytest.raises(BadAnswer, match="test network"):
        decode_summary(json.dumps({"jsonrpc": "2.0", "result": [row("BTC-PERPETUAL")], "testnet": True}).encode())


def test_dated_futures_in_the_same_answer_are_quotes_without_a_rate(recorded: dict[str, Any]) -> None:
    found = quotes(recorded)
    assert len(found) == 13
    dated = [quote for quote in found.values() if quote.contract.status is Status.DATED]
    assert len(dated) == 12
    assert all(quote.reasons == (Reason.DATED,) and math.isnan(quote.rate) for quote in dated)
    # 23 May 2026, 08:00 UTC
    assert found["BTC-23MAY26"].contract.expiry_ms == 1779523200000
    assert found["BTC-PERPETUAL"].contract.expiry_ms is None


def test_perpetuals_are_known_without_the_catalogue(recorded: dict[str, Any]) -> None:
    del recorded["get_instruments"]
    found = quotes(recorded)
    assert [name for name, quote in found.items() if quote.contract.continuous] == ["BTC-PERPETUAL"]


def test_the_linear_catalogue_of_2022_is_all_perpetual(payload: Payload) -> None:
    listed = decode_instruments(payload("deribit/get_instruments_USDC_2022.json"))
    assert len(listed) == 16
    parts = {
        "get_book_summary_by_currency:USDC": decode_summary(summary(*(row(name) for name in listed))),
        "get_instruments": listed,
    }
    found = quotes(parts)
    assert all(quote.contract.continuous and quote.contract.quote == "USDC" for quote in found.values())
    assert found["UNI_USDC-PERPETUAL"].contract.asset == "UNI"


def test_a_halted_perpetual_is_suspended() -> None:
    listed = [{"instrument_name": "ETH-PERPETUAL", "settlement_period": "perpetual", "is_active": True}]
    parts = {
        "get_book_summary_by_currency:ETH": decode_summary(summary(row("ETH-PERPETUAL"))),
        "get_instruments": decode_instruments(summary(*(one | {"state": "halted"} for one in listed))),
    }
    assert quotes(parts)["ETH-PERPETUAL"].contract.status is Status.SUSPENDED


def test_prices_may_be_null() -> None:
    parts = {"get_book_summary_by_currency:BTC": decode_summary(summary(row("BTC-PERPETUAL", bid_price=None)))}
    assert math.isnan(quotes(parts)["BTC-PERPETUAL"].bid)


def test_a_currency_without_futures_is_no_error_but_nothing_at_all_is() -> None:
    empty = decode_summary(summary())
    full = {"get_book_summary_by_currency:BTC": decode_summary(summary(row("BTC-PERPETUAL")))}
    assert len(quotes(full | {"get_book_summary_by_currency:USDT": empty})) == 1
    with pytest.raises(BadAnswer) as raised:
        read({"get_book_summary_by_currency:BTC": empty}, NOW_MS)
    assert raised.value.fault is Fault.EMPTY


def test_one_bad_row_costs_only_itself() -> None:
    rows = [row(f"C{number}-PERPETUAL") for number in range(9)] + [row("X-PERPETUAL", current_funding="much")]
    batch = read({"get_book_summary_by_currency:BTC": decode_summary(summary(*rows))}, NOW_MS)
    assert (len(batch.quotes), batch.rejected) == (9, {"wrong_shape": 1})


def test_too_many_requests_comes_as_a_code_under_any_status() -> None:
    body = b'{"jsonrpc":"2.0","error":{"message":"too_many_requests","code":10028},"testnet":false}'
    with pytest.raises(BadAnswer) as raised:
        decode_summary(body)
    assert raised.value.fault is Fault.RATE_LIMITED
    judged = judge(400, body)
    assert judged is not None
    assert judged.fault is Fault.RATE_LIMITED
    assert judge(502, b"<html>") is None


def test_unchanged_contracts_are_the_same_objects(recorded: dict[str, Any]) -> None:
    first, second = quotes(recorded), quotes(recorded)
    assert all(first[name].contract is second[name].contract for name in first)


def test_history_sums_interest_1h_never_the_sliding_window(payload: Payload) -> None:
    assert VENUE.history is not None
    rows = VENUE.history.read(payload("deribit/get_funding_rate_history_2019_1row.json"), "BTC-PERPETUAL")
    assert [(one.time_ms, one.rate, one.interval_h, one.price) for one in rows] == [
        (1569891600000, -4.739622041017375e-07, 1.0, 8222.87)
    ]


def test_history_asks_month_by_month_because_wider_windows_lose_their_beginning() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    start_ms = 1_700_000_000_000
    end_ms = start_ms + 800 * 3_600_000
    request = history.first("BTC-PERPETUAL", start_ms, end_ms)
    first = dict(request.params)
    assert int(first["end_timestamp"]) - int(first["start_timestamp"]) == 743 * 3_600_000
    following = history.next(request, (), "BTC-PERPETUAL", start_ms, end_ms)
    assert following is not None
    second = dict(following.params)
    assert int(second["start_timestamp"]) == int(first["end_timestamp"]) + 1
    assert int(second["end_timestamp"]) == end_ms
    assert history.next(following, (), "BTC-PERPETUAL", start_ms, end_ms) is None
