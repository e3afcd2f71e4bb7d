"""Backpack's reader against recorded answers; traps as in venue sheet backpack."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from fundtui.market import Reason, Status
from fundtui.venues.backpack import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, read, recorded, unknown

NOW_MS = 1_789_338_401_070  # 2026-09-13 22:26:41 UTC
PARTS = {
    "markPrices": "markPrices_trimmed",
    "openInterest": "openInterest_trimmed",
    "tickers": "tickers_trimmed",
    "markets": "markets_trimmed",
}


def bodies(*names: str) -> dict[str, bytes]:
    return {name: recorded(f"backpack/{PARTS[name]}.json") for name in names or PARTS}


def test_values_equal_the_independent_expectation() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    expected = json.loads(recorded("backpack/markPrices_trimmed.expected.json"))
    assert set(found) == {one["symbol"] for one in expected}
    for one in expected:
        quote = found[one["symbol"]]
        assert quote.rate == pytest.approx(one["fundingRate"], rel=1e-12)
        assert (quote.mark, quote.index) == (one["markPrice"], one["indexPrice"])
        assert quote.next_funding_ms == one["nextFundingTimestamp"]
        assert quote.contract.interval_h == 1.0


def test_values_of_a_recorded_row() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTC_USDC_PERP"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.settle) == ("BTC", "USDC", "USDC")
    assert quote.hourly == pytest.approx(7.945965277712049e-07)
    assert quote.oi_base == 412.67346
    assert quote.oi_usd == pytest.approx(412.67346 * 76746.5)
    assert (quote.last, quote.volume_usd) == (76744.2, 126024537.212937)
    assert quote.oi_cap_usd == pytest.approx(4000 * 76746.5)
    # 100 basis points
    assert [contract.cap, contract.floor] == pytest.approx([0.01, -0.01])


def test_an_idle_market_of_thousands() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["kPEPE_USDC_PERP"]
    assert (quote.contract.asset, quote.contract.multiplier) == ("PEPE", 1000.0)
    assert quote.hourly == 1.25e-5
    assert quote.oi_base == 17219200.0


def test_shares_and_funds_are_told_from_coins() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    assert found["MU.US_USDC_PERP"].contract.asset_id == "MU.eq"
    assert found["QQQ.US_USDC_PERP"].contract.asset_id == "QQQ.ix"
    assert found["PAXG_USDC_PERP"].contract.asset_id == "PAXG"


def test_post_only_does_not_trade() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["AMZN.US_USDC_PERP"]
    assert (quote.contract.status, quote.reasons) == (Status.SUSPENDED, (Reason.NOT_TRADING,))
    assert (quote.oi_base, quote.rate) == (0.0, 0.00000625)


def test_trap_prediction_rows_and_spot_are_none_of_ours() -> None:
    batch = read(VENUE, NOW_MS, bodies())
    assert len(batch.quotes) == 8
    marks = [{"symbol": "X_USDC_PREDICTION", "markPrice": "1"}, {"symbol": "A_USDC_PERP", "fundingRate": "0"}]
    assert set(quotes(VENUE, NOW_MS, {"markPrices": marks})) == {"A_USDC_PERP"}


def test_trap_interval_is_data_and_unknown_without_the_catalogue() -> None:
    quote = quotes(VENUE, NOW_MS, bodies("markPrices"))["BTC_USDC_PERP"]
    assert quote.reasons == (Reason.INTERVAL_UNKNOWN,)
    assert unknown(quote.hourly, quote.oi_usd, quote.oi_cap_usd)
    market = {"symbol": "BTC_USDC_PERP", "baseSymbol": "BTC", "quoteSymbol": "USDC", "marketType": "PERP"}
    eight = market | {"orderBookState": "Open", "fundingInterval": 28_800_000, "openInterestLimit": "0"}
    quote = quotes(VENUE, NOW_MS, bodies("markPrices") | {"markets": json.dumps([eight]).encode()})["BTC_USDC_PERP"]
    assert (quote.contract.interval_h, quote.contract.rate_period_h) == (8.0, 8.0)
    assert unknown(quote.oi_cap_usd)


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "markPrices", b'{"code":"TOO_MANY_REQUESTS","message":"slow"}') == "rate_limited"
    assert fault(VENUE, "markPrices", b'{"code":"INVALID","message":"no"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)


def test_trap_zoneless_time_and_trap_accruing_first_row() -> None:
    assert VENUE.history is not None
    rows = VENUE.history.read(recorded("backpack/fundingRates_BTC_USDC_PERP.json"), "BTC_USDC_PERP")
    # The row that ends at 23:00 was recorded at 22:26: it still accrued.
    assert [(row.time_ms, row.rate) for row in rows] == [
        (1789336800000, 0.000008311),  # 22:00 UTC
        (1789333200000, 0.000009713),
        (1789329600000, 0.000008029),
        (1789326000000, 0.000007819),
        (1789322400000, 0.00001213),
    ]


def test_trap_interval_change_in_2025() -> None:
    assert VENUE.history is not None
    ends = ["2025-08-20T02:00:00", "2025-08-20T01:00:00", "2025-08-19T16:00:00", "2025-08-19T08:00:00"]
    body = [{"symbol": "S", "fundingRate": "0.0001", "intervalEndTimestamp": end} for end in ends]
    rows = VENUE.history.read(json.dumps(body).encode(), "S")
    assert [row.interval_h for row in rows] == [1.0, 8.0, 8.0]


def test_history_pages_overlap_by_the_row_that_each_page_leaves_out() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    request = history.first("S", 0, NOW_MS)
    assert dict(request.params) == {"symbol": "S", "limit": "1000", "offset": "0"}
    hours = [1_789_336_800_000 - hour * 3_600_000 for hour in range(1000)]
    ends = [datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") for time_ms in hours]
    body = [{"symbol": "S", "fundingRate": "0", "intervalEndTimestamp": end} for end in ends]
    rows = history.read(json.dumps(body).encode(), "S")
    assert len(rows) == 999
    following = history.next(request, rows, "S", 0, NOW_MS)
    assert following is not None
    assert dict(following.params)["offset"] == "999"
    assert history.next(request, rows, "S", hours[-1], NOW_MS) is None
    assert history.next(request, rows[:500], "S", 0, NOW_MS) is None
