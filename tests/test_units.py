"""Rates, durations, money: what people type and what they read."""

from __future__ import annotations

import math

import pytest

from fundtui import units
from fundtui.units import Basis


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15s", 15), ("5m", 300), ("8h", 28_800), ("3d", 259_200), ("1h30m", 5400), ("1.5h", 5400), ("250ms", 0.25)],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m5", "5 minutes", "-5s", "5s!", "1h 30m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        units.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "usd"), [("10M", 1e7), ("250k", 250_000), ("$1.5B", 1.5e9), ("20", 20), ("2T", 2e12), ("1e6", 1e6)]
)
def test_money(text: str, usd: float) -> None:
    assert units.parse_money(text) == usd


@pytest.mark.parametrize("text", ["", "M", "10X", "ten", "10 M", "nan", "1_000"])
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        units.parse_money(text)


def test_percentages_and_basis_points_are_fractions() -> None:
    assert units.parse_percent("0.045%") == pytest.approx(0.00045, rel=1e-12)
    assert units.parse_percent("4.5bp") == pytest.approx(0.00045, rel=1e-12)
    with pytest.raises(ValueError, match="not a percentage"):
        units.parse_percent("0.045")


@pytest.mark.parametrize(
    ("hourly", "basis", "text"),
    [
        (3e-5, Basis.APR, "+26.3%"),
        (-1e-9, Basis.APR, "+0.0%"),
        (1.25e-5, Basis.EIGHT_HOURS, "+1.00"),
        (-1.25e-5, Basis.HOURLY, "-0.12"),
        (math.nan, Basis.APR, "-"),
        (-0.01, Basis.APR, "-8760.0%"),
        (0.04, Basis.APR, "+35040%"),
    ],
)
def test_a_rate_has_its_sign_and_never_a_minus_zero(hourly: float, basis: Basis, text: str) -> None:
    assert units.format_rate(hourly, basis) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (19.9e9, "19.9B"),
        (212e6, "212M"),
        (9.1e9, "9.10B"),
        (999_600, "1.00M"),
        (999_400, "999k"),
        (850, "850"),
        (0, "0.00"),
        (-2.5e6, "-2.50M"),
        (math.nan, "-"),
    ],
)
def test_money_has_three_significant_digits(usd: float, text: str) -> None:
    assert units.format_money(usd) == text


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (68012.4, "68,012.40"),
        (2.0417, "2.04170"),
        (0.00001121, "0.00001121"),
        (151.203, "151.203"),
        (math.nan, "-"),
        (0.0, "0"),
    ],
)
def test_prices(price: float, text: str) -> None:
    assert units.format_price(price) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.9, "59s"), (60, "1m"), (7260, "2h"), (5 * 86_400, "5d"), (-3, "0s")]
)
def test_ages(seconds: float, text: str) -> None:
    assert units.format_age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3400, "00:56"), (59, "59s"), (0, "due"), (-5, "due"), (90_000, "25:00"), (math.nan, "-")]
)
def test_countdowns(seconds: float, text: str) -> None:
    assert units.format_countdown(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(130, "2m10s"), (50_400, "14h"), (273_600, "3d4h"), (31 * 86_400, ">30d"), (math.inf, ">30d"), (math.nan, "-")],
)
def test_spans(seconds: float, text: str) -> None:
    assert units.format_duration(seconds) == text


def test_compounding_never_goes_below_losing_everything() -> None:
    assert units.apy(-1.5, 8) == -1.0
    # 1 bp every 8 h, 1,095 times a year: 1.0001 ** 1095 - 1.
    assert units.apy(0.0001, 8) == pytest.approx(1.0001**1095 - 1, rel=1e-12)
