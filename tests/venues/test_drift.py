"""Velocity's reader against recorded answers; traps as in venue sheet drift."""

from __future__ import annotations

import json

import pytest

from fundtui.market import Family, Note, RateKind
from fundtui.venues import load
from fundtui.venues.drift import VENUE
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, read, recorded, unknown

NOW_MS = 1_789_338_600_000  # 2026-09-13 22:30 UTC


def bodies() -> dict[str, bytes]:
    return {"markets": recorded("drift/velocity_stats_markets.json")}


def test_trap_percent_and_trap_sign_per_side() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["SOL-PERP"]
    # "-0.005209" is the longs' profit in percent: they pay.
    assert quote.rate == pytest.approx(0.00005209)
    assert quote.hourly == quote.rate == quote.settled_rate
    assert quote.contract.rate_kind is RateKind.SETTLED


def test_values_of_a_recorded_row() -> None:
    quote = quotes(VENUE, NOW_MS, bodies())["SOL-PERP"]
    assert (quote.contract.asset, quote.contract.quote) == ("SOL", "USDT")
    assert (quote.mark, quote.index, quote.last) == (99.834, 99.615636, 101.4266)
    assert quote.oi_base == 257.74  # the larger side; the pool holds the difference
    assert quote.oi_usd == pytest.approx(257.74 * 99.834)
    assert quote.volume_usd == 10408.664687
    assert quote.next_funding_ms == 1_789_340_400_000
    rule = quote.contract.rule
    assert (rule.family, rule.share) == (Family.FRACTION, 1 / 24)


def test_spot_rows_with_empty_text_for_numbers_are_none_of_ours() -> None:
    batch = read(VENUE, NOW_MS, bodies())
    assert ({quote.contract.symbol for quote in batch.quotes}, batch.rejected) == (
        {"SOL-PERP", "BTC-PERP", "ETH-PERP"},
        {},
    )


def test_sides_that_differ_are_noted() -> None:
    body = json.loads(bodies()["markets"])
    row = next(one for one in body["markets"] if one["symbol"] == "BTC-PERP")
    row["fundingRate"] = {"long": "-0.008181", "short": "0.004"}
    found = quotes(VENUE, NOW_MS, {"markets": body})
    assert Note.TWO_RATES in found["BTC-PERP"].contract.notes
    assert Note.TWO_RATES not in found["ETH-PERP"].contract.notes
    assert unknown(found["ETH-PERP"].received_rate)
    # Longs pay 0.008181 % an hour, shorts receive less than half of it.
    assert (found["BTC-PERP"].rate, found["BTC-PERP"].received_rate) == pytest.approx((0.00008181, 0.00004))
    row["fundingRate"] = {"long": "0.002", "short": "-0.006"}
    short_pays = quotes(VENUE, NOW_MS, {"markets": body})["BTC-PERP"]
    assert (short_pays.rate, short_pays.received_rate) == pytest.approx((-0.00006, -0.00002))


def test_the_pool_stands_between_the_sides() -> None:
    body = json.loads(bodies()["markets"])
    row = next(one for one in body["markets"] if one["symbol"] == "BTC-PERP")
    row["openInterest"] = {"long": "1.5", "short": "-4.5"}
    quote = quotes(VENUE, NOW_MS, {"markets": body})["BTC-PERP"]
    # Half of all open interest is the shorts' excess; the larger side is the open interest.
    assert (quote.oi_base, quote.oi_skew) == pytest.approx((4.5, -0.5))
    row["openInterest"] = {"long": "0", "short": "0"}
    assert unknown(quotes(VENUE, NOW_MS, {"markets": body})["BTC-PERP"].oi_skew)


def test_missing_sides_are_unknown() -> None:
    body = json.loads(bodies()["markets"])
    for row in body["markets"]:
        if row["symbol"] == "BTC-PERP":
            row["fundingRate"] = {"long": "", "short": ""}
            row["markPrice"] = ""
    quote = quotes(VENUE, NOW_MS, {"markets": body})["BTC-PERP"]
    assert unknown(quote.rate, quote.mark)


def test_trap_brand_change() -> None:
    assert load("velocity") is VENUE
    assert "velocity.exchange" in VENUE.base_url


def test_errors_and_wrong_answers() -> None:
    assert fault(VENUE, "markets", b'{"success":false,"message":"no"}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)


def test_trap_absolute_in_history_relative_in_bulk() -> None:
    assert VENUE.history is not None
    rows = VENUE.history.read(recorded("drift/velocity_fundingRates_BTC-PERP_trimmed.json"), "BTC-PERP")
    assert [row.time_ms for row in rows] == [1789336800000, 1789333200000, 1789329600000]
    assert rows[0].rate == pytest.approx(6.399237833 / 77333.726817)  # 8.27e-5, as 0.008181 % in bulk
    # The rate is the premium over 24, plus the venue's own offset of 10.95 % a year.
    assert rows[0].premium == pytest.approx(77502.77295 / 77333.726817 - 1)
    assert VENUE.history.depth_h == 31 * 24
