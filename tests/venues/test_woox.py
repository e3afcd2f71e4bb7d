"""WOO X against its recorded answers; figures worked out by hand, facts from venue sheet woox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Quote, Reason, Status
from fundtui.venues.spec import BadAnswer, Fault
from fundtui.venues.woox import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, read, recorded, unknown

OBSERVED_MS = 1_751_624_037_798
NEXT_MS = 1_751_644_800_000
RATE = "woox/v3_public_fundingRate_1row.json"


def envelope(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, "data": {"rows": list(rows)}, "timestamp": OBSERVED_MS}


def rate(symbol: str = "PERP_BTC_USDT", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "estFundingRate": "0.0001",
        "lastFundingRate": "0.0002",
        "nextFundingTime": NEXT_MS,
        "lastFundingIntervalHours": 8,
        "estFundingIntervalHours": 8,
    } | fields


def one(row: dict[str, Any], more: dict[str, Any] | None = None) -> Quote:
    return quotes(VENUE, OBSERVED_MS, {"fundingRate": envelope(row)} | (more or {}))[row["symbol"]]


def test_recorded_rate_equals_the_expected_one() -> None:
    expected = json.loads(recorded("woox/v3_public_fundingRate_1row.expected.json"))[0]
    btc = quotes(VENUE, OBSERVED_MS, {"fundingRate": recorded(RATE)})[expected["symbol"]]
    assert btc.rate == expected["fundingRate"] == -0.00000441
    assert btc.settled_rate == expected["previousFundingRate"] == -0.00004953
    assert btc.next_funding_ms == expected["fundingTimestamp"]
    assert f"{btc.contract.interval_h:.0f}h" == expected["interval"]
    assert btc.hourly == pytest.approx(-0.00000441 / 8)


def test_recorded_future_fills_in_prices() -> None:
    row = json.loads(recorded("woox/v3_public_futures_row.json"))
    btc = quotes(VENUE, OBSERVED_MS, {"fundingRate": recorded(RATE), "futures": envelope(row)})["PERP_BTC_USDT"]
    assert (btc.mark, btc.index, btc.last) == (63_028, 63_049, 63_020)
    assert btc.oi_base == 221.3498
    assert btc.oi_usd == pytest.approx(221.3498 * 63_028)
    assert btc.volume_usd == 756_000_000
    assert btc.rate == -0.00000441


def test_futures_alone_lack_the_interval() -> None:
    row = json.loads(recorded("woox/v3_public_futures_row.json"))
    btc = quotes(VENUE, 1_786_680_000_000, {"futures": envelope(row)})["PERP_BTC_USDT"]
    assert btc.rate == 0.00008868
    assert btc.next_funding_ms == 1_786_694_400_000
    assert unknown(btc.contract.interval_h)
    assert btc.reasons == (Reason.INTERVAL_UNKNOWN,)


def test_each_rate_is_per_its_own_interval() -> None:
    quote = one(rate(estFundingIntervalHours=4, lastFundingIntervalHours=8))
    assert quote.hourly == pytest.approx(0.0001 / 4)
    # 0.0002 over eight hours is 0.0001 over four.
    assert quote.settled_rate == pytest.approx(0.0001)
    assert unknown(one(rate(lastFundingIntervalHours=None)).settled_rate)


def test_trap_the_old_v1_form_is_refused() -> None:
    body = b'{"success":true,"rows":[{"symbol":"PERP_BTC_USDT","est_funding_rate":0.0001}]}'
    assert fault(VENUE, "fundingRate", body) == "empty"


def test_trap_only_single_rows_were_recorded_so_several_are_made_of_one() -> None:
    """Two rows that differ in every field of the recorded one that is read."""
    other = rate("PERP_ETH_USDT", estFundingRate="-0.00003", estFundingIntervalHours=4, nextFundingTime=NEXT_MS + 1)
    rows = json.loads(recorded(RATE))["data"]["rows"]
    found = quotes(VENUE, OBSERVED_MS, {"fundingRate": envelope(*rows, other)})
    assert {symbol: (one.rate, one.contract.interval_h) for symbol, one in found.items()} == {
        "PERP_BTC_USDT": (-0.00000441, 8.0),
        "PERP_ETH_USDT": (-0.00003, 4.0),
    }


def test_symbols() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"fundingRate": envelope(rate("PERP_1000PEPE_USDT"), rate("SPOT_BTC_USDT"))})
    assert set(found) == {"PERP_1000PEPE_USDT"}
    contract = found["PERP_1000PEPE_USDT"].contract
    assert (contract.asset, contract.multiplier, contract.quote) == ("PEPE", 1000, "USDT")


def test_status() -> None:
    more = {"instruments": envelope({"symbol": "PERP_BTC_USDT", "status": "SUSPENDED"})}
    assert one(rate(), more).contract.status is Status.SUSPENDED


def test_one_bad_row_costs_no_other() -> None:
    rows = [rate(f"PERP_C{k}_USDT") for k in range(9)]
    batch = read(
        VENUE, OBSERVED_MS, {"fundingRate": envelope(*rows, rate("PERP_X"), rate("PERP_Y_USDT", estFundingRate="1,0"))}
    )
    assert len(batch.quotes) == 9
    assert batch.rejected == {"unknown_quote_currency": 1, "wrong_shape": 1}


def test_wrong_answers() -> None:
    assert (
        fault(VENUE, "fundingRate", b'{"success":false,"code":-1003,"message":"Rate limit exceed."}') == "rate_limited"
    )
    assert fault(VENUE, "futures", b'{"success":false,"code":-1000,"message":"unknown"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)
    assert VENUE.judge is not None
    judged = VENUE.judge(429, b'{"success":false,"code":-1003,"message":"Rate limit exceed."}')
    assert judged is not None
    assert judged.fault is Fault.RATE_LIMITED
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_history_recorded_and_pages() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("woox/v3_public_fundingRateHistory.json"), "PERP_BTC_USDT")
    assert [(row.time_ms, row.rate, row.price) for row in rows] == [(1_751_616_000_000, -0.00004953, 108_708)]
    first = history.first("PERP_BTC_USDT", 0, NEXT_MS)
    assert history.next(first, rows, "PERP_BTC_USDT", 0, NEXT_MS) is None
    body = envelope(
        *(
            {"symbol": "PERP_BTC_USDT", "fundingRate": "0.0001", "fundingRateTimestamp": NEXT_MS - k * 28_800_000}
            for k in range(100)
        )
    )
    full = history.read(json.dumps(body).encode(), "PERP_BTC_USDT")
    following = history.next(first, full, "PERP_BTC_USDT", 0, NEXT_MS)
    assert following is not None
    assert dict(following.params)["page"] == "2"
