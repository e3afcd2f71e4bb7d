"""Changes of contracts from the venue's own answers to the journal: each kind, with before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fundtui.imbalance.calculator import Calculator
from fundtui.status import Event
from fundtui.venues import load
from tests.venues import test_binance as binance
from tests.venues import test_bybit as bybit
from tests.venues import test_kucoin as kucoin
from tests.venues.reading import read

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
Bodies = Mapping[str, Any]


def told(venue: str, start_ms: int, *polls: Bodies, step_ms: int = 10_000) -> list[tuple[str, str, str, str]]:
    """(symbol, kind, before, after) of the events that answers of a venue, one after the other, come to."""
    calculator, found = Calculator(capacity=4), list[Event]()
    for place, bodies in enumerate(polls):
        at_ms = start_ms + place * step_ms
        found += calculator.apply(read(load(venue), at_ms, bodies), at_ms).events
    return [(event.symbol, event.kind.value, event.before, event.after) for event in found]


def of_binance(**changes: Any) -> Bodies:
    """Binance's answers for one contract; changes go to the row that has the field."""
    rows = {"premiumIndex": binance.premium("PEPEUSDT"), "fundingInfo": binance.info("PEPEUSDT")}
    rows["exchangeInfo"] = binance.listed("PEPEUSDT", "PEPE")
    for name, value in changes.items():
        next(row for row in rows.values() if name in row)[name] = value
    return {
        "premiumIndex": [rows["premiumIndex"]],
        "fundingInfo": [rows["fundingInfo"]],
        "exchangeInfo": {"symbols": [rows["exchangeInfo"]]},
    }


@pytest.mark.parametrize(
    ("changes", "kind", "before", "after"),
    [
        ({"fundingIntervalHours": 4, "interestRate": "0.00005"}, "interval_changed", "8h", "4h"),
        ({"adjustedFundingRateCap": "0.03"}, "cap_changed", "+2%", "+3%"),
        ({"adjustedFundingRateFloor": "-0.005"}, "floor_changed", "-2%", "-0.5%"),
        # The contract is made one of a thousand coins; the asset stays the same.
        ({"baseAsset": "1000PEPE"}, "multiplier_changed", "1", "1000"),
        ({"status": "SETTLING"}, "status_changed", "trading", "suspended"),
        (
            {"deliveryDate": 1_750_500_000_000},
            "status_changed",
            "trading",
            "trading, delisting announced",
        ),
    ],
)
def test_a_change_in_binance_answers(changes: dict[str, Any], kind: str, before: str, after: str) -> None:
    events = told("binance", binance.OBSERVED_MS, of_binance(), of_binance(**changes), of_binance(**changes))
    assert events == [("PEPEUSDT", kind, before, after)]


def test_listing_and_delisting_in_binance_answers() -> None:
    def answer(*symbols: str) -> Bodies:
        return {"premiumIndex": [binance.premium(symbol) for symbol in symbols]}

    both, one = answer("BTCUSDT", "ETHUSDT"), answer("BTCUSDT")
    assert told("binance", binance.OBSERVED_MS, one, both) == [("ETHUSDT", "listed", "unlisted", "trading")]
    assert told("binance", binance.OBSERVED_MS, both, one, one) == [("ETHUSDT", "delisted", "trading", "unlisted")]


def test_an_interval_that_bybit_shortens_at_the_cap() -> None:
    """It comes with the rate, in the same row (venue sheet bybit)."""

    def answer(hours: str) -> Bodies:
        return {"tickers:linear": bybit.envelope(bybit.ticker(fundingIntervalHour=hours))}

    assert told("bybit", bybit.OBSERVED_MS, answer("8"), answer("1"), answer("1")) == [
        ("BTCUSDT", "interval_changed", "8h", "1h")
    ]


def test_another_settlement_clock_of_kucoin() -> None:
    """From 04, 12 and 20 to 00, 08 and 16 o'clock; told once it has stood for ten minutes."""
    start_ms = kucoin.OBSERVED_MS // (8 * HOUR_MS) * 8 * HOUR_MS  # 00, 08 or 16 o'clock

    def answer(minute: int) -> Bodies:
        next_ms = start_ms + (4 if minute < 5 else 8) * HOUR_MS
        left_ms = next_ms - start_ms - minute * MINUTE_MS
        row = kucoin.contract(nextFundingRateDateTime=next_ms, nextFundingRateTime=left_ms)
        return {"active": kucoin.envelope(row)}

    events = told("kucoin", start_ms, *(answer(minute) for minute in range(30)), step_ms=MINUTE_MS)
    assert [event[1:] for event in events] == [("settlement_clock_changed", "04:00 12:00 20:00", "00:00 08:00 16:00")]
