"""Coinbase against its recorded answers; figures worked out by hand, facts from venue sheet coinbase-intx."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Note, Quote, RateKind, Reason, Status
from fundtui.venues.coinbase_intx import VENUE
from fundtui.venues.spec import BadAnswer, Wanted
from tests.venues.reading import assert_refuses_wrong_answers, endpoint, fault, quotes, recorded, unknown

OBSERVED_MS = 1_775_521_739_000  # 2026-04-07 00:28:59 UTC, worked out from time_to_expiry_ms
PRODUCTS = "coinbase-intx/advanced_market_products_FUTURE_2026.json"


def recorded_quotes(at_ms: int = OBSERVED_MS) -> dict[str, Quote]:
    return quotes(VENUE, at_ms, {"products": recorded(PRODUCTS)})


def test_recorded_products() -> None:
    btc = recorded_quotes()["BIP-20DEC30-CDE"]
    assert btc.rate == 0.000013
    assert (btc.contract.interval_h, btc.hourly) == (1, 0.000013)
    assert btc.oi_base == pytest.approx(1832.83)  # 183,283 contracts of 0.01
    assert btc.oi_usd == pytest.approx(1832.83 * 68_930)
    assert (btc.index, btc.last) == (68_899.882564, 68_930)
    assert btc.volume_usd == 467_673_506.8
    assert (btc.contract.asset, btc.contract.quote) == ("BTC", "USD")
    assert btc.contract.status is Status.TRADING


def test_a_funding_time_that_has_passed_makes_the_rate_settled() -> None:
    btc = recorded_quotes()["BIP-20DEC30-CDE"]
    assert btc.contract.rate_kind is RateKind.SETTLED
    assert btc.settled_rate == 0.000013
    assert btc.next_funding_ms == 1_775_523_600_000  # 01:00 UTC
    assert Note.NEXT_FUNDING_INFERRED in btc.contract.notes
    before = recorded_quotes(1_775_519_000_000)["BIP-20DEC30-CDE"]
    assert before.contract.rate_kind is RateKind.PREDICTED
    assert before.next_funding_ms == 1_775_520_000_000
    assert unknown(before.settled_rate)


def test_trap_expiring_is_no_mark_of_a_dated_future_but_a_blank_rate_is() -> None:
    dated = recorded_quotes()["BIT-24APR26-CDE"]
    assert dated.contract.status is Status.DATED
    assert dated.contract.expiry_ms == 1_777_042_800_000  # 2026-04-24 15:00 UTC
    assert dated.reasons == (Reason.DATED,)
    assert unknown(dated.rate, dated.index)


def test_trap_three_products_under_one_brand() -> None:
    assert "Deribit" in VENUE.experimental
    keys = endpoint(VENUE, "instruments").keys
    assert keys is not None
    assert keys({}, Wanted(assets=frozenset({"BTC"}))) == ()


def test_trap_empty_strings_are_missing_numbers() -> None:
    """As recorded: of the dated product, rate and index are ""; a perpetual's volume can be, too."""
    body = json.loads(recorded(PRODUCTS))
    row = next(one for one in body["products"] if one["product_id"] == "BIP-20DEC30-CDE")
    row["approximate_quote_24h_volume"] = row["future_product_details"]["index_price"] = ""
    found = quotes(VENUE, OBSERVED_MS, {"products": body})["BIP-20DEC30-CDE"]
    assert unknown(found.volume_usd, found.index)
    assert found.rate == 0.000013


def test_trap_nanosecond_interval_of_a_saved_answer() -> None:
    body = recorded("coinbase-intx/intx_v1_instrument_ETH-PERP_2024.json")
    eth = quotes(VENUE, OBSERVED_MS, {"instruments": body})["ETH-PERP"]
    assert (eth.contract.interval_h, eth.rate) == (1, 0.000009)
    assert (eth.mark, eth.index, eth.last) == (2490.8, 2490.5, 2490.39)
    assert eth.oi_base == 1270.749
    assert eth.volume_usd == 110_943_454.279785
    assert eth.contract.settle == "USDC"
    keyed = quotes(VENUE, OBSERVED_MS, {"instruments/*": {"ETH-PERP": body}})
    assert keyed["ETH-PERP"].rate == eth.rate


def test_status_and_other_classes() -> None:
    body: dict[str, Any] = json.loads(recorded(PRODUCTS))
    body["products"][0]["trading_disabled"] = True
    body["products"][0]["future_product_details"] |= {"non_crypto": True, "contract_root_unit": "GOLD"}
    quote = quotes(VENUE, OBSERVED_MS, {"products": body})["BIP-20DEC30-CDE"]
    assert quote.contract.status is Status.SUSPENDED
    assert quote.contract.asset_id == "XAU.cm"


def test_wrong_answers() -> None:
    assert fault(VENUE, "products", b'{"error":"INVALID","error_details":"x","message":"bad"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_history_recorded() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("coinbase-intx/intx_v1_funding_history_2024.json"), "BTC-PERP")
    assert [(row.time_ms, row.rate, row.price) for row in rows] == [(1_707_580_800_000, 0.000011, 47_388.1)]
    first = history.first("BTC-PERP", 0, OBSERVED_MS)
    assert first.path == "/api/v1/instruments/BTC-PERP/funding"
    assert history.next(first, rows, "BTC-PERP", 0, OBSERVED_MS) is None
