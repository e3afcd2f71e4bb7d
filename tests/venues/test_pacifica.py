"""Pacifica's reader against recorded answers; traps as in venue sheet pacifica."""

from __future__ import annotations

import json

import pytest

from fundtui.market import Note, RateKind
from fundtui.venues.pacifica import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, recorded, unknown

NOW_MS = 1_789_337_551_583  # 2026-09-13 22:12:31 UTC


def bodies() -> dict[str, bytes]:
    return {"prices": recorded("pacifica/info_prices_trimmed.json"), "info": recorded("pacifica/info_trimmed.json")}


def test_values_equal_the_independent_expectation() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    expected = json.loads(recorded("pacifica/info_prices_trimmed.expected.json"))
    perpetual = [one for one in expected if one["symbol"] != "SOL-USDC"]
    assert set(found) == {one["symbol"] for one in perpetual}
    for one in perpetual:
        quote = found[one["symbol"]]
        assert (quote.rate, quote.mark, quote.index) == (one["fundingRate"], one["markPrice"], one["indexPrice"])


def test_trap_field_meaning_is_shifted_by_one_hour() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["NVDA"]
    assert quote.rate == 1.25e-5  # not next_funding, -0.00017549, which is about the hour after
    assert quote.contract.rate_kind is RateKind.LOCKED
    assert quote.next_funding_ms == 1_789_340_400_000  # 23:00
    assert Note.NEXT_FUNDING_INFERRED in quote.contract.notes


def test_trap_open_interest_is_in_base_units() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["BTC"]
    assert quote.oi_base == 412.34157
    assert quote.oi_usd == pytest.approx(412.34157 * 76922.3)
    assert quote.volume_usd == 158617298.66148
    assert unknown(quote.last)


def test_identity_of_every_recorded_row() -> None:
    found = quotes(VENUE, NOW_MS, bodies())
    assert {symbol: (one.contract.asset_id, one.contract.multiplier) for symbol, one in found.items()} == {
        "XPL": ("XPL", 1.0),
        "XAU": ("XAU.cm", 1.0),
        "ETH": ("ETH", 1.0),
        "EURUSD": ("EURUSD.fx", 1.0),
        "NVDA": ("NVDA.eq", 1.0),
        "kBONK": ("BONK", 1000.0),
        "BTC": ("BTC", 1.0),
        "PAXG": ("PAXG", 1.0),
        "SP500": ("SPX.ix", 1.0),
    }


def test_spot_is_none_of_ours_with_and_without_the_catalogue() -> None:
    assert "SOL-USDC" not in quotes(VENUE, NOW_MS, bodies())
    assert "SOL-USDC" not in quotes(VENUE, NOW_MS, {"prices": bodies()["prices"]})


def test_trap_credits() -> None:
    prices = next(one for one in VENUE.endpoints if one.required)
    # 100 credits a minute, of which half are used: 50 allow five polls of 10.
    assert 60 / prices.every_s * prices.weight <= VENUE.budget.capacity / 2
    assert VENUE.history is not None
    assert VENUE.history.first("BTC", 0, NOW_MS).weight == 90


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "prices", b'{"success":false,"data":null,"error":"slow","code":429}') == "rate_limited"
    assert fault(VENUE, "prices", b'{"success":false,"data":null,"error":"no","code":500}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)


def test_history_has_the_rate_paid_and_the_premium_of_the_impact_prices() -> None:
    assert VENUE.history is not None
    history = VENUE.history
    rows = history.read(recorded("pacifica/funding_rate_history_BTC.json"), "BTC")
    assert [(row.time_ms, row.rate) for row in rows] == [
        (1789336800000, 0.00000383),
        (1789333200000, 0.00000632),
        (1789329600000, 0.00000466),
    ]
    # 22:00: both impact prices lie below the oracle; the ask is nearer: -(77315.51898 - 77269) / 77315.51898
    assert rows[0].premium == pytest.approx(-46.51898 / 77315.51898)
    assert history.next(history.first("BTC", 0, NOW_MS), rows, "BTC", 0, NOW_MS) is None
