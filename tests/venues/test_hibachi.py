"""Hibachi's reader against recorded answers; traps as in venue sheet hibachi."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Note, Reason, Status
from fundtui.polling.asking import request_for
from fundtui.venues.hibachi import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, endpoint, fault, quotes, read, recorded, unknown

NOW_MS = 1_789_338_600_000  # 2026-09-13 22:30 UTC


def settled(*times_s: int) -> dict[str, Any]:
    return {
        "data": [
            {"contractId": 2, "fundingTimestamp": one, "fundingRate": "0.000006", "indexPrice": "76000"}
            for one in times_s
        ]
    }


HOURLY = settled(1_789_333_200, 1_789_336_800)


def bodies() -> dict[str, Any]:
    return {"inventory": recorded("hibachi/market_inventory_2026-09_trimmed.json"), "funding-rates": HOURLY}


def test_values_of_a_recorded_row() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTC/USDT-P"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.settle) == ("BTC", "USDT", "USDT")
    assert (quote.rate, quote.mark, quote.index, quote.last) == (0.000006, 76763.73316, 76758.93936, 76775.7)
    assert (quote.bid, quote.ask) == (76767.9, 76768.9)
    assert quote.oi_base == 9.1104214497
    assert quote.oi_usd == pytest.approx(9.1104214497 * 76763.73316)
    assert quote.volume_usd == 7503062.407919


def test_the_interval_is_the_distance_of_two_settlements() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTC/USDT-P"]
    assert quote.contract.interval_h == 1.0
    assert quote.next_funding_ms == 1_789_340_400_000
    assert quote.contract.notes == (Note.INTERVAL_INFERRED, Note.NEXT_FUNDING_INFERRED)
    eight = bodies() | {"funding-rates": settled(1_789_315_200, 1_789_286_400)}
    assert quotes(VENUE, NOW_MS, eight)["BTC/USDT-P"].contract.interval_h == 8.0


@pytest.mark.parametrize("times", [(1_789_336_800,), (1_789_336_800, 1_789_336_860)])
def test_the_interval_is_unknown_when_the_settlements_do_not_tell(times: tuple[int, ...]) -> None:
    quote = quotes(VENUE, NOW_MS, bodies() | {"funding-rates": settled(*times)})["BTC/USDT-P"]
    assert quote.reasons == (Reason.INTERVAL_UNKNOWN,)
    assert quote.next_funding_ms is None
    assert quote.rate == 0.000006


def test_trap_null_info_and_closed_markets() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["FARTCOIN/USDT-P"]
    assert (quote.contract.status, quote.reasons) == (Status.DELISTED, (Reason.NOT_TRADING,))
    assert unknown(quote.rate, quote.mark, quote.oi_usd)
    body = json.loads(bodies()["inventory"])
    body["markets"][4]["info"] = None
    assert len(read(VENUE, NOW_MS, bodies() | {"inventory": body}).quotes) == 5


def test_metals_come_under_fx_and_are_told_apart() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    assert found["XAG/USDT-P"].contract.asset_id == "XAG.cm"
    assert found["EUR/USDT-P"].contract.asset_class.value == "fx"
    assert found["ETH/USDT-P"].contract.asset_id == "ETH"


def test_trap_slash_in_symbols_is_sent_encoded() -> None:
    request = request_for(VENUE, endpoint(VENUE, "funding-rates"), timeout_s=1.0)
    # As a parameter, which the transport encodes; never in the path.
    assert request.params == (("symbol", "BTC/USDT-P"),)
    assert "BTC" not in request.url


def test_trap_six_decimals() -> None:
    assert quotes(VENUE, NOW_MS, bodies())["XAG/USDT-P"].rate == 0.000009


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "inventory", b'{"status":"failed","errorCode":3,"message":"no"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)


def test_history_in_seconds_oldest_first() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    request = history.first("BTC/USDT-P", 1_789_000_000_000, NOW_MS)
    assert dict(request.params)["startTime"] == "1789000000"
    rows = history.read(json.dumps(HOURLY).encode(), "BTC/USDT-P")
    assert [(row.time_ms, row.rate, row.price) for row in rows] == [
        (1_789_333_200_000, 0.000006, 76000.0),
        (1_789_336_800_000, 0.000006, 76000.0),
    ]
    assert unknown(rows[0].interval_h)
    assert history.next(request, rows, "BTC/USDT-P", 1_789_000_000_000, NOW_MS) is None
    page = settled(*(1_789_000_800 + hour * 3600 for hour in range(100)))
    full = history.read(json.dumps(page).encode(), "BTC/USDT-P")
    following = history.next(request, full, "BTC/USDT-P", 1_789_000_000_000, 1_790_000_000_000)
    assert following is not None
    assert dict(following.params)["offset"] == "100"
