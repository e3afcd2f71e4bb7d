"""Aster against its recorded answers; facts from venue sheet aster."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fundtui.market import Family, Quote, Reason, Status
from fundtui.venues.aster import VENUE
from fundtui.venues.spec import BadAnswer
from tests.venues.reading import assert_refuses_wrong_answers, fault, quotes, recorded, unknown

OBSERVED_MS = 1_789_147_685_000
BODIES = {
    "premiumIndex": "aster/premiumIndex_trimmed.json",
    "fundingInfo": "aster/fundingInfo_trimmed.json",
    "exchangeInfo": "aster/exchangeInfo_trimmed_fields.json",
}


def recorded_quotes() -> dict[str, Quote]:
    return quotes(VENUE, OBSERVED_MS, {name: recorded(path) for name, path in BODIES.items()})


def test_recorded_rows_equal_the_expected_ones() -> None:
    found = recorded_quotes()
    expected: list[dict[str, Any]] = json.loads(recorded("aster/premiumIndex_trimmed.expected.json"))
    assert {row["symbol"] for row in expected} == set(found)
    for row in expected:
        quote = found[row["symbol"]]
        assert (quote.mark, quote.index) == (row["markPrice"], row["indexPrice"])
        assert quote.rate == row["fundingRate"]
        assert quote.next_funding_ms == row["nextFundingTimestamp"]


def test_interval_cap_and_hourly_rate() -> None:
    found = recorded_quotes()
    sushi, btc = found["SUSHIUSDT"], found["BTCUSDT"]
    assert sushi.contract.interval_h == 1
    assert sushi.hourly == -1.12e-06
    assert (sushi.contract.cap, sushi.contract.floor) == (0.02, -0.02)
    assert btc.hourly == pytest.approx(0.00003274 / 8)
    assert btc.contract.cap == 0.003
    assert btc.contract.rule.family is Family.NORMALISED


def test_trap_open_interest_is_missing() -> None:
    assert all(unknown(quote.oi_base, quote.oi_usd) for quote in recorded_quotes().values())
    assert not [item for item in VENUE.endpoints if "interest" in item.path.lower()]


def test_trap_dormant_dollar_rows_look_like_zero_funding() -> None:
    found = recorded_quotes()
    for symbol in ("GNSUSD", "BTCUSD"):
        assert found[symbol].rate == 0
        assert found[symbol].contract.quote == "USD"
        assert found[symbol].reasons == (Reason.ZERO_RATE,)
        assert found[symbol].contract.rule.interest_8h == 0
    assert found["BTCUSDT"].reasons == ()


def test_interval_is_unknown_without_funding_info() -> None:
    found = quotes(VENUE, OBSERVED_MS, {"premiumIndex": recorded(BODIES["premiumIndex"])})
    # The row's interest rate of 0.0001 is not scaled here: SUSHI pays each hour.
    assert all(unknown(quote.contract.interval_h) for quote in found.values())
    assert Reason.INTERVAL_UNKNOWN in found["SUSHIUSDT"].reasons


def test_statuses_and_names() -> None:
    row = {
        "symbol": "1000PEPEUSDT",
        "lastFundingRate": "0.0001",
        "nextFundingTime": 1_789_171_200_000,
        "time": OBSERVED_MS,
    }
    contract = quotes(VENUE, OBSERVED_MS, {"premiumIndex": [row]})["1000PEPEUSDT"].contract
    assert (contract.asset, contract.multiplier, contract.quote) == ("PEPE", 1000, "USDT")
    symbols = json.loads(recorded(BODIES["exchangeInfo"]))
    symbols["symbols"][0]["status"] = "SETTLING"
    bodies = {"premiumIndex": recorded(BODIES["premiumIndex"]), "exchangeInfo": symbols}
    assert quotes(VENUE, OBSERVED_MS, bodies)["BTCUSDT"].contract.status is Status.SUSPENDED


def test_wrong_answers() -> None:
    assert fault(VENUE, "premiumIndex", b'{"code":-1121,"msg":"Invalid symbol."}') == "venue_error"
    assert_refuses_wrong_answers(VENUE)
    with pytest.raises(BadAnswer):
        VENUE.read({}, OBSERVED_MS)


def test_history_recorded() -> None:
    history = VENUE.history
    assert history is not None
    rows = history.read(recorded("aster/fundingRate_1row.json"), "BTCUSDT")
    assert [(row.time_ms, row.rate) for row in rows] == [(1_747_209_600_000, 0.0001)]
