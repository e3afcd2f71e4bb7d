"""Nado's reader against recorded answers; traps as in venue sheet vertex."""

from __future__ import annotations

import json

import pytest

from fundtui.market import Note, Reason, Status
from fundtui.polling.asking import request_for
from fundtui.venues import load
from fundtui.venues.vertex import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, endpoint, fault, quotes, read, recorded, unknown

NOW_MS = 1_789_338_600_000  # 2026-09-13 22:30 UTC


def bodies() -> dict[str, bytes]:
    return {
        "contracts": recorded("vertex/nado_v2_contracts_trimmed.json"),
        "query": recorded("vertex/nado_v1_query_symbols_trimmed.json"),
    }


def test_values_equal_the_independent_expectation() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    expected = json.loads(recorded("vertex/nado_v2_contracts_trimmed.expected.json"))
    assert set(found) == {one["symbol"] for one in expected}
    for one in expected:
        quote = found[one["symbol"]]
        assert quote.rate == one["fundingRate"]
        assert (quote.mark, quote.index) == (one["markPrice"], one["indexPrice"])
        assert quote.next_funding_ms == one["fundingTimestamp"]


def test_trap_the_rate_is_for_24_hours_and_a_part_is_paid_each_hour() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["kPEPE-PERP_USDT0"]
    assert (quote.contract.rate_period_h, quote.contract.interval_h) == (24.0, 1.0)
    assert quote.hourly == pytest.approx(1.25e-5)  # idle: 0.0003 / 24


def test_values_of_a_recorded_row() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTC-PERP_USDT0"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.settle, contract.native_id) == ("BTC", "USDT0", "USDT0", "2")
    assert (quote.oi_base, quote.oi_usd) == (215.3981, 16540430.868905)
    assert quote.last == 76758.0
    assert quote.volume_usd == pytest.approx(88844499.9953)
    assert quote.oi_cap_usd == 165_000_000.0


def test_status_comes_from_the_other_host_by_product_id() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    closed = {symbol for symbol, one in found.items() if one.contract.status is not Status.TRADING}
    assert closed == {"ADA-PERP_USDT0", "PENG-PERP_USDT0", "USELESS-PERP_USDT0"}
    assert found["ADA-PERP_USDT0"].reasons == (Reason.NOT_TRADING,)
    isolated = {symbol for symbol, one in found.items() if Note.ISOLATED_ONLY in one.contract.notes}
    assert isolated == {"EURUSD-PERP_USDT0"}


def test_trap_archive_and_gateway_are_two_hosts() -> None:
    urls = {one.name: request_for(VENUE, one, timeout_s=1.0).url for one in VENUE.endpoints}
    assert urls == {
        "contracts": "https://archive.prod.nado.xyz/v2/contracts",
        "query": "https://gateway.prod.nado.xyz/v1/query",
    }
    mirrored = request_for(VENUE, endpoint(VENUE, "query"), base="http://127.0.0.1:1", timeout_s=1.0)
    assert mirrored.url == "http://127.0.0.1:1/vertex/v1/query"


def test_contracts_alone_are_enough() -> None:
    found = quotes(VENUE, NOW_MS, {"contracts": bodies()["contracts"]})
    assert found["ADA-PERP_USDT0"].contract.status is Status.TRADING
    assert unknown(found["BTC-PERP_USDT0"].oi_cap_usd)


def test_identity_of_every_recorded_row() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    assert {symbol.partition("-")[0]: one.contract.asset_class.value for symbol, one in found.items()} == {
        "kPEPE": "crypto",
        "XAUT": "crypto",
        "WTI": "commodity",
        "USELESS": "crypto",
        "EURUSD": "fx",
        "SPY": "index",
        "ETH": "crypto",
        "ADA": "crypto",
        "BTC": "crypto",
        "PENG": "equity",
    }
    assert found["kPEPE-PERP_USDT0"].contract.multiplier == 1000.0


def test_a_ticker_that_comes_twice_is_ambiguous() -> None:
    rows = json.loads(bodies()["contracts"])
    # A JSON writer cannot write one key twice: the second copy goes in as text.
    double = json.dumps({"BTC-PERP_USDT0": rows["BTC-PERP_USDT0"] | {"funding_rate": 0.4}})[1:]
    body = json.dumps(rows)[:-1] + "," + double
    batch = read(VENUE, NOW_MS, {"contracts": body.encode(), "query": bodies()["query"]})
    assert "BTC-PERP_USDT0" not in {quote.contract.symbol for quote in batch.quotes}
    assert batch.rejected == {"duplicate_symbol": 2}


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "contracts", b'{"status":"failure","error":"no","error_code":1000}') == "venue_error"
    assert fault(VENUE, "query", b'{"status":"failure","error":"no","error_code":1}') == "venue_error"
    assert fault(VENUE, "query", b'{"status":"success"}') == "wrong_shape"
    assert_refuses_wrong_answers(VENUE)


def test_its_new_name_loads_it_too() -> None:
    assert load("nado") is VENUE


def test_history_goes_by_product_id_in_seconds_a_page_of_hours_at_a_time() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    start_ms = 1_780_000_000_000
    end_ms = start_ms + 1500 * 3_600_000
    request = history.first("2", start_ms, end_ms)
    assert (request.method, request.path) == ("POST", "/v1")
    asked = json.loads(request.body)["funding_rate_history"]
    assert (asked["product_id"], asked["start_time"], asked["limit"]) == (2, 1_780_000_000, 1000)
    assert asked["end_time"] == 1_780_000_000 + 999 * 3600
    rows = [{"timestamp": "1789336801", "funding_rate_x18": "8370000000000"}]
    (row,) = history.read(json.dumps({"funding_rates": rows}).encode(), "2")
    assert (row.time_ms, row.rate, row.interval_h) == (1_789_336_800_000, 8.37e-6, 1.0)
    following = history.next(request, (row,), "2", start_ms, end_ms)
    assert following is not None
    assert json.loads(following.body)["funding_rate_history"]["end_time"] == end_ms // 1000
    assert history.next(following, (), "2", start_ms, end_ms) is None
