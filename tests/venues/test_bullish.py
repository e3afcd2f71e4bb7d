"""Bullish: one history was recorded, the rest is made after venue sheet bullish."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Note, Quote, Reason, Status
from fundtui.venues.bullish import VENUE
from fundtui.venues.spec import BadAnswer, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, decoded, endpoint, fault, quotes, recorded, unknown

OBSERVED_MS = 1_747_559_200_000  # 2025-05-18 09:06:40 UTC
HOUR_MS = 3_600_000


def market(symbol: str = "BTC-USDC-PERP", **fields: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "marketType": "PERPETUAL",
        "settlementAssetSymbol": "USDC",
        "marketEnabled": True,
        "openInterestLimitUSD": "100000000",
    } | fields


def tick(**fields: Any) -> bytes:
    row = {
        "markPrice": "100000",
        "fundingRate": "0.00125",
        "openInterest": "50",
        "last": "99990",
        "baseVolume": "1",
        "quoteVolume": "99000",
        "createdAtTimestamp": str(OBSERVED_MS),
    }
    return json.dumps(row | fields).encode()


def one(**fields: Any) -> Quote:
    bodies = {"markets": [market(**fields)], "tick/*": {"BTC-USDC-PERP": tick()}}
    return quotes(VENUE, OBSERVED_MS, bodies)["BTC-USDC-PERP"]


def test_idle_value_is_percent_per_hour() -> None:
    quote = one()
    assert quote.hourly == pytest.approx(1.25e-5)
    assert quote.contract.interval_h == 1
    assert quote.next_funding_ms == 1_747_562_400_000  # 10:00 UTC
    assert "inferred" in VENUE.experimental


def test_figures() -> None:
    quote = one()
    assert (quote.mark, quote.last, quote.oi_base, quote.oi_usd) == (100_000, 99_990, 50, 5_000_000)
    assert (quote.volume_usd, quote.oi_cap_usd) == (99_000, 100_000_000)
    assert Note.OI_SIDE_UNVERIFIED in quote.contract.notes
    assert (quote.contract.asset, quote.contract.quote, quote.contract.settle) == ("BTC", "USDC", "USDC")


def test_dated_futures_and_options_share_the_list() -> None:
    rows = [market(), market("BTC-USDC-20250901", marketType="DATED_FUTURE")]
    assert set(quotes(VENUE, OBSERVED_MS, {"markets": rows})) == {"BTC-USDC-PERP"}


def test_a_market_not_asked_has_no_rate() -> None:
    quote = quotes(VENUE, OBSERVED_MS, {"markets": [market()]})["BTC-USDC-PERP"]
    assert unknown(quote.rate, quote.mark)
    assert quote.reasons == (Reason.NO_RATE,)
    assert one(marketEnabled=False).contract.status is Status.SUSPENDED


def test_only_the_watched_are_asked() -> None:
    keys = endpoint(VENUE, "tick").keys
    assert keys is not None
    parts = decoded(VENUE, {"markets": [market(), market("ETH-USDC-PERP")]})
    assert keys(parts, Wanted(assets=frozenset({"ETH"}))) == ["ETH-USDC-PERP"]
    assert keys(parts, Wanted()) == []


def test_wrong_answers() -> None:
    assert (
        fault(VENUE, "tick", b'{"message":"no","errorCode":8301,"errorCodeName":"MARKET_NOT_FOUND"}') == "venue_error"
    )
    assert_refuses_wrong_answers(VENUE)
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_recorded_history_leaves_the_running_hour_out() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("bullish/history_funding_rate_2rows_2025.json"), "BTC-USDC-PERP")
    # Rows of 08:59:59, which settles nine o'clock, and of 09:06:04, which is running.
    assert [(row.time_ms, row.interval_h) for row in rows] == [(1_747_558_800_000, 1)]
    assert rows[0].rate == pytest.approx(1.25e-5)


def test_history_pages() -> None:
    history = VENUE.history
    assert history is not None
    start_ms, end_ms = 1_747_558_800_000 - 300 * HOUR_MS, 1_747_558_800_000
    first = history.first("BTC-USDC-PERP", start_ms, end_ms)
    assert dict(first.params)["updatedAtDatetime[lte]"] == "2025-05-18T09:00:00.000Z"
    body = [
        {"fundingRate": "0.00125", "updatedAtDatetime": f"2025-05-{18 - k // 24:02d}T{23 - k % 24:02d}:59:59.000Z"}
        for k in range(100)
    ]
    rows = history.read(json.dumps(body).encode(), "BTC-USDC-PERP")
    late_ms = max(row.time_ms for row in rows)
    request = history.first("BTC-USDC-PERP", start_ms, late_ms)
    following = history.next(request, rows, "BTC-USDC-PERP", start_ms, late_ms)
    assert following is not None
    # The oldest row settles 21:00 on 14 May and was stamped 20:59:59: the next window ends before that.
    assert dict(following.params)["updatedAtDatetime[lte]"] == "2025-05-14T20:58:59.000Z"
    assert history.next(following, rows, "BTC-USDC-PERP", start_ms, late_ms) is None
