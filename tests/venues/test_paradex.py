"""Paradex's reader against recorded answers; traps as in venue sheet paradex."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Averaging, Family, RateKind, Reason
from fundtui.venues.paradex import VENUE
from fundtui.venues.spec import BadAnswer
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, read, recorded, unknown

NOW_MS = 1_789_147_120_003


def row(symbol: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "symbol": symbol,
        "mark_price": "10",
        "underlying_price": "10",
        "open_interest": "2",
        "funding_rate": "0.0001",
    }
    return plain | changes


def market(symbol: str, **changes: Any) -> dict[str, Any]:
    base, quoted, _ = symbol.split("-", 2)
    plain = {"symbol": symbol, "base_currency": base, "quote_currency": quoted, "settlement_currency": "USDC"}
    return plain | {"asset_kind": "PERP", "funding_period_hours": 8, "funding_multiplier": 1} | changes


def bodies() -> dict[str, bytes]:
    return {
        "summary": recorded("paradex/markets_summary_ALL_trimmed.json"),
        "markets": recorded("paradex/markets_trimmed_fields.json"),
    }


def test_values_equal_the_independent_expectation() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    expected = json.loads(recorded("paradex/markets_summary_ALL_trimmed.expected.json"))
    assert set(found) == {one["symbol"] for one in expected}
    for one in expected:
        quote = found[one["symbol"]]
        assert quote.rate == pytest.approx(one["fundingRate"], rel=1e-9)
        assert (quote.mark, quote.index) == (one["markPrice"], one["indexPrice"])


def test_values_of_a_recorded_row() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTC-USD-PERP"]
    contract = quote.contract
    assert (contract.asset, contract.quote, contract.settle) == ("BTC", "USD", "USDC")
    assert (quote.oi_base, quote.volume_usd) == (50.4599, 4273947.632803999)
    assert quote.oi_usd == pytest.approx(50.4599 * 77804.85141726)
    assert (quote.bid, quote.ask, quote.last) == (77804.3, 77814.0, 77799.4)
    assert (contract.cap, contract.floor) == (0.02, -0.02)
    assert quote.reasons == ()


def test_rates_accrue_continuously_and_are_quoted_per_period() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTC-USD-PERP"]
    assert quote.contract.continuous
    assert quote.contract.rate_kind is RateKind.RUNNING
    assert quote.hourly == pytest.approx(0.00007688102642 / 8)
    assert quote.next_funding_ms is None
    assert (quote.contract.rule.family, quote.contract.rule.averaging) == (Family.CONTINUOUS, Averaging.EWMA)


def test_trap_the_period_is_data() -> None:
    found = quotes(
        VENUE,
        NOW_MS,
        {
            "summary": {"results": [row("A-USD-PERP"), row("B-USD-PERP"), row("C-USD-PERP")]},
            "markets": {
                "results": [
                    market("A-USD-PERP", funding_period_hours=4),
                    market("B-USD-PERP", funding_period_hours=0),
                ]
            },
        },
    )
    assert found["A-USD-PERP"].hourly == pytest.approx(0.0001 / 4)
    assert found["B-USD-PERP"].reasons == (Reason.INTERVAL_UNKNOWN,)
    assert found["C-USD-PERP"].reasons == (Reason.INTERVAL_UNKNOWN,)


def test_options_with_empty_rates_are_none_of_ours() -> None:
    batch = read(VENUE, NOW_MS, bodies())
    assert (len(batch.quotes), batch.rejected) == (2, {})
    body = {"results": [row("A-USD-PERP"), row("A-USD-100-C", funding_rate=""), row("A-USD-90-P")]}
    assert set(quotes(VENUE, NOW_MS, {"summary": body})) == {"A-USD-PERP"}


def test_a_market_multiplier_is_in_the_rule_and_already_in_the_rate() -> None:
    body = {"results": [row("NVDA-USD-PERP", funding_rate="0.00005")]}
    listed = {"results": [market("NVDA-USD-PERP", funding_multiplier=0.5, max_funding_rate="0.005")]}
    quote = quotes(VENUE, NOW_MS, {"summary": body, "markets": listed})["NVDA-USD-PERP"]
    assert quote.rate == 0.00005
    assert quote.contract.rule.share == 0.5
    assert quote.contract.rule.share * quote.contract.rule.interest_8h == pytest.approx(quote.rate)
    assert quote.contract.asset_id == "NVDA.eq"


def test_small_k_means_a_thousand() -> None:
    quote = quotes(VENUE, NOW_MS, {"summary": {"results": [row("kPEPE-USD-PERP")]}})["kPEPE-USD-PERP"]
    assert (quote.contract.asset, quote.contract.multiplier) == ("PEPE", 1000.0)


def test_empty_text_is_a_missing_number() -> None:
    quote = quotes(VENUE, NOW_MS, {"summary": {"results": [row("A-USD-PERP", bid="", last_traded_price="")]}})[
        "A-USD-PERP"
    ]
    assert unknown(quote.bid, quote.last)


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "summary", b'{"error":"INTERNAL_ERROR","message":"no"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)


def test_trap_size_of_bulk_bodies() -> None:
    limits = {one.name: (one.max_bytes, one.every_s) for one in VENUE.endpoints}
    assert limits["summary"][0] >= 16 << 20
    assert limits["markets"][0] >= 16 << 20
    assert limits["markets"][1] >= 3600


def test_trap_samples_are_no_payments_but_their_running_total_is_what_was_paid() -> None:
    """The recorded sample: -6.04646651485986656 USD for a rate of -0.00006992598926 is a price of 86,469.5."""
    assert VENUE.history is None
    assert VENUE.accrual is not None
    (sample,) = VENUE.accrual.read(recorded("paradex/funding_data_1row.json"), "BTC-USD-PERP")
    assert (sample.time_ms, sample.paid) == (1_764_160_327_843, 20511.93608234044552)
    assert sample.price == pytest.approx(86_469.52, abs=0.01)
    assert VENUE.accrual.read(recorded("paradex/funding_data_1row.json"), "ETH-USD-PERP") == ()


def test_trap_index_change_is_needed_because_a_rate_of_zero_tells_no_price() -> None:
    row = {"market": "BTC-USD-PERP", "created_at": 1, "funding_index": "5", "funding_premium": "0", "funding_rate": "0"}
    assert VENUE.accrual is not None
    (sample,) = VENUE.accrual.read(json.dumps({"results": [row]}).encode(), "BTC-USD-PERP")
    assert sample.paid == 5
    assert unknown(sample.price)
    assert VENUE.accrual.read(b'{"results":[]}', "BTC-USD-PERP") == ()
    with pytest.raises(BadAnswer, match="NOT_FOUND"):
        VENUE.accrual.read(b'{"error":"NOT_FOUND","message":"no such market"}', "BTC-USD-PERP")
