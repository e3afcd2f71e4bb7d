"""Orderly's reader against recorded answers; traps as in venue sheet orderly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Note, Reason, Status
from fundtui.venues.orderly import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, read, recorded, unknown

NOW_MS = 1_789_336_872_000  # 2026-09-13 22:01 UTC


def bodies(*names: str) -> dict[str, Any]:
    chosen = names or ("futures", "info", "funding_rates")
    return {name: recorded(f"orderly/{name}_trimmed.json") for name in chosen}


def test_rates_equal_the_independent_expectation() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    expected = {one["symbol"]: one for one in json.loads(recorded("orderly/funding_rates_trimmed.expected.json"))}
    assert set(found) <= set(expected)
    assert len(found) == 8
    for symbol, quote in found.items():
        one = expected[symbol]
        assert quote.rate == one["fundingRate"]
        assert quote.settled_rate == one["previousFundingRate"]
        assert quote.next_funding_ms == one["fundingTimestamp"]


def test_values_of_a_recorded_row() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["PERP_BTC_USDC"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.settle) == ("BTC", "USDC", "USDC")
    assert (quote.mark, quote.index, quote.last) == (77090.2, 77116.1, 77105.9)
    assert quote.oi_base == 26.43846
    assert quote.oi_usd == pytest.approx(26.43846 * 77090.2)
    assert quote.volume_usd == 2461419.108083
    assert (contract.cap, contract.floor) == (0.003, -0.003)
    assert quote.oi_cap_usd == 1e9


def test_trap_the_period_is_per_symbol() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    assert found["PERP_BTC_USDC"].hourly == pytest.approx(0.0001 / 8)
    assert found["PERP_HYPE_USDC"].hourly == pytest.approx(0.00005 / 4)  # idle too, at half the rate
    assert Note.INTERVAL_INFERRED not in found["PERP_HYPE_USDC"].contract.notes


def test_without_info_the_period_is_the_distance_of_two_settlements_and_says_so() -> None:
    found = quotes(VENUE, NOW_MS, bodies("futures", "funding_rates"))
    assert found["PERP_HYPE_USDC"].contract.interval_h == 4.0
    assert found["PERP_BTC_USDC"].contract.interval_h == 8.0
    assert Note.INTERVAL_INFERRED in found["PERP_BTC_USDC"].contract.notes
    alone = quotes(VENUE, NOW_MS, bodies("futures"))["PERP_BTC_USDC"]
    assert alone.reasons == (Reason.INTERVAL_UNKNOWN,)
    assert unknown(alone.hourly)


def test_caps_need_not_be_symmetric() -> None:
    contract = quotes(VENUE, NOW_MS, bodies())["PERP_SPX500_USDC"].contract
    assert (contract.cap, contract.floor) == (0.0005, -0.005)


def test_identity_of_every_recorded_row() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    classes = {symbol: one.contract.asset_class.value for symbol, one in found.items()}
    assert classes == {
        "PERP_BTC_USDC": "crypto",
        "PERP_ETH_USDC": "crypto",
        "PERP_1000PEPE_USDC": "crypto",
        "PERP_HYPE_USDC": "crypto",
        "PERP_XAU_USDC": "commodity",
        "PERP_SPX500_USDC": "index",
        "PERP_EURUSD_USDC": "fx",
        "PERP_AAPL_USDC_mythos": "equity",
    }
    assert found["PERP_1000PEPE_USDC"].contract.multiplier == 1000.0


def test_a_brokers_own_listing_is_an_instrument_of_its_own() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["PERP_AAPL_USDC_mythos"]
    assert (quote.contract.asset, quote.contract.quote) == ("AAPL", "USDC")
    assert quote.oi_cap_usd == 500_000.0


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "REDUCE_ONLY"}, Status.SUSPENDED),
        ({"status": "DELISTED"}, Status.DELISTED),
        ({"is_pretge": True}, Status.PRELAUNCH),
    ],
)
def test_rows_that_do_not_trade_are_quotes_that_say_so(changes: dict[str, Any], status: Status) -> None:
    body = json.loads(bodies("futures")["futures"])
    body["data"]["rows"][0].update(changes)
    assert quotes(VENUE, NOW_MS, bodies() | {"futures": body})["PERP_BTC_USDC"].contract.status is status


def test_one_bad_row_costs_only_itself() -> None:
    body = json.loads(bodies("futures")["futures"])
    body["data"]["rows"][0]["est_funding_rate"] = "soon"
    batch = read(VENUE, NOW_MS, bodies("info") | {"futures": body})
    assert (len(batch.quotes), batch.rejected) == (7, {"wrong_shape": 1})


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "futures", b'{"success":false,"code":-1003,"message":"slow"}') == "rate_limited"
    assert fault(VENUE, "futures", b'{"success":false,"code":-1000,"message":"no"}') == "venue_error"
    assert fault(VENUE, "futures", b'{"success":true}') == "wrong_shape"
    assert_refuses_wrong_answers(VENUE)


def test_history_pages_by_number() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    start_ms, end_ms = 1_770_000_000_000, NOW_MS
    request = history.first("PERP_BTC_USDC", start_ms, end_ms)
    assert dict(request.params)["start_t"] == "1770000000000"  # 13 digits
    made = [
        {"symbol": "PERP_BTC_USDC", "funding_rate": 1e-4, "funding_rate_timestamp": 1_789_315_200_000 - n * 28_800_000}
        for n in range(500)
    ]
    rows = history.read(json.dumps({"success": True, "data": {"rows": made}}).encode(), "PERP_BTC_USDC")
    assert (len(rows), rows[0].time_ms, rows[0].rate) == (500, 1_789_315_200_000, 1e-4)
    following = history.next(request, rows, "PERP_BTC_USDC", start_ms, end_ms)
    assert following is not None
    assert dict(following.params)["page"] == "2"
    assert history.next(request, rows[:499], "PERP_BTC_USDC", start_ms, end_ms) is None
    # Rows older than the window: the venue ignores it, and paging on would never end.
    assert history.next(request, rows, "PERP_BTC_USDC", 1_789_000_000_000, end_ms) is None
