"""Extended's reader against recorded answers; traps as in venue sheet extended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Reason, Status
from fundtui.polling.http import HEADERS
from fundtui.venues.extended import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, read, recorded, unknown

NOW_MS = 1_789_338_600_000  # 2026-09-13 22:30 UTC


def bodies() -> dict[str, bytes]:
    return {"markets": recorded("extended/info_markets_2026-09_trimmed.json")}


def market(name: str, **changes: Any) -> dict[str, Any]:
    plain = {"name": name, "type": "PERPETUAL", "status": "ACTIVE", "assetName": name.partition("-")[0]}
    return plain | {"collateralAssetName": "USD", "marketStats": {"fundingRate": "0.00001"}} | changes


def test_values_of_a_recorded_row() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTC-USD"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.settle) == ("BTC", "USD", "USDC")
    assert (quote.rate, quote.hourly) == (0.000013, 0.000013)
    assert quote.mark == pytest.approx(77060.42788175)
    assert quote.index == pytest.approx(77100.40668377)
    assert (quote.last, quote.bid, quote.ask) == (77091.0, 77089.0, 77090.0)
    assert (quote.oi_usd, quote.oi_base) == (44808704.907173, 579.7751)
    assert quote.volume_usd == 72466662.2649


def test_trap_next_funding_rate_is_a_time() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTC-USD"]
    assert quote.next_funding_ms == 1_789_340_400_000  # 23:00
    assert quote.rate < 0.5


def test_trap_rounding_is_four_percent_when_idle() -> None:
    assert quotes(VENUE, NOW_MS, bodies())["ETH-USD"].hourly == pytest.approx(1.25e-5, rel=0.041)


def test_trap_percent_cap() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    caps = {symbol: found[symbol].contract.cap for symbol in ("BTC-USD", "1000PEPE-USD", "PAXG-USD")}
    assert caps == {"BTC-USD": 0.0025, "1000PEPE-USD": 0.0075, "PAXG-USD": 0.01}


def test_trap_user_agent_is_sent_with_every_request() -> None:
    """Without one the venue answers 403."""
    assert HEADERS["user-agent"]


def test_open_interest_limit_of_zero_is_none() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    assert found["PAXG-USD"].oi_cap_usd == 5_000_000.0
    assert unknown(found["BTC-USD"].oi_cap_usd)


def test_identity_of_every_recorded_row() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    assert {symbol: (one.contract.asset_id, one.contract.multiplier) for symbol, one in found.items()} == {
        "BTC-USD": ("BTC", 1.0),
        "ETH-USD": ("ETH", 1.0),
        "1000PEPE-USD": ("PEPE", 1000.0),
        "PAXG-USD": ("PAXG", 1.0),
        "MU_24_5-USD": ("MU.eq", 1.0),
        "JP225-USD": ("JP225.ix", 1.0),
        "EUR-USD": ("EURUSD.fx", 1.0),
    }


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("REDUCE_ONLY", Status.SUSPENDED),
        ("DISABLED", Status.SUSPENDED),
        ("DELISTED", Status.DELISTED),
        ("PRELISTED", Status.PRELAUNCH),
    ],
)
def test_markets_that_do_not_trade_are_quotes_that_say_so(word: str, status: Status) -> None:
    body = {"status": "OK", "data": [market("A-USD", status=word)]}
    quote = quotes(VENUE, NOW_MS, {"markets": body})["A-USD"]
    assert (quote.contract.status, quote.reasons) == (status, (Reason.NOT_TRADING,))


def test_spot_is_none_of_ours_and_a_bad_row_costs_only_itself() -> None:
    rows = [market(f"C{number}-USD") for number in range(9)] + [{"name": "X"}, market("S-USD", type="SPOT")]
    batch = read(VENUE, NOW_MS, {"markets": {"status": "OK", "data": rows}})
    assert (len(batch.quotes), batch.rejected) == (9, {"wrong_shape": 1})


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "markets", b'{"status":"ERROR","error":{"code":1001,"message":"no"}}') == "venue_error"
    assert fault(VENUE, "markets", b'{"status":"ERROR","error":{"code":429,"message":"slow"}}') == "rate_limited"
    assert_refuses_wrong_answers(VENUE)


def test_history_rounds_the_second_after_the_hour_down() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    rows = history.read(recorded("extended/funding_BTC-USD.json"), "BTC-USD")
    assert [(row.time_ms, row.rate, row.interval_h) for row in rows] == [
        (1789336800000, 0.000013, 1.0),
        (1789333200000, 0.000013, 1.0),
        (1789329600000, 0.000013, 1.0),
        (1789326000000, 0.000013, 1.0),
    ]
    request = history.first("BTC-USD", 0, NOW_MS)
    assert request.path == "/api/v1/info/BTC-USD/funding"
    assert history.next(request, rows, "BTC-USD", 0, NOW_MS) is None


def test_history_pages_backwards() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    data = [{"m": "S", "f": "0", "T": 1_789_336_801_693 - hour * 3_600_000} for hour in range(1000)]
    rows = history.read(json.dumps({"status": "OK", "data": data}).encode(), "S")
    request = history.first("S", 1_700_000_000_000, NOW_MS)
    following = history.next(request, rows, "S", 1_700_000_000_000, NOW_MS)
    assert following is not None
    assert int(dict(following.params)["endTime"]) == 1_789_336_800_000 - 999 * 3_600_000 - 1
