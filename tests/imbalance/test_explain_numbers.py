"""A figure's formula, worked out with the numbers it is explained with, gives the figure."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.explain import Explanation, explain
from fundtui.imbalance.explain_numbers import words_of
from fundtui.market import Averaging, Family, FundingRule, Settlement
from tests.imbalance.arithmetic import KERNEL, meet, printed, spans
from tests.imbalance.builders import RULE_A, START_MS, batch, contract, quote

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
HOURLY = FundingRule(
    family=Family.NORMALISED, interest_8h=1e-4, damper=5e-4, averaging=Averaging.UNIFORM, cap=0.04, floor=-0.04
)
CONTRACTS: dict[str, dict[str, Any]] = {
    "a": {"rule": RULE_A},
    "b": {"rule": RULE_A, "interval_h": 4.0, "rate_period_h": 4.0},
    "c": {"rule": HOURLY, "interval_h": 1.0, "rate_period_h": 1.0, "cap": float("nan"), "floor": float("nan")},
}
AT_LEAST_INSTRUMENT = {
    "apr", "hourly", "rate_8h", "excess", "cap_use", "basis", "theory", "divergence", "drift", "carry_excess",
    "fair_premium", "premium_gap", "skew", "z", "weight", "oi_to_volume", "turnover", "half_life", "oi_usage",
}  # fmt: skip
WEIGHTED = {"mean", "excess", "carry_excess", "premium", "realised_7d", "crowding", "oi_24h"}
ADDED = {"oi_usd", "volume_usd"}
TERM = re.compile(r"(?:of|,) \S+ (\S+?)(?: \(w (\S+?)\))?(?=,| =)")
AT_LEAST_PAIR = {"net", "fifth", "net_apr", "apr_capital", "naive", "spread"}


@pytest.fixture(scope="module")
def calculator() -> Calculator:
    """Three venues, two assets, a month of settlements and three hours of polls."""
    made = Calculator()
    things = {venue: [contract(venue, asset, **what) for asset in ("BTC", "ETH")] for venue, what in CONTRACTS.items()}
    for minute in range(181):
        now_ms = START_MS + minute * MINUTE_MS
        for number, (venue, contracts) in enumerate(things.items()):
            wave = 1.0 + 0.3 * ((minute * (number + 2)) % 7) / 7.0
            quotes = [
                quote(
                    what,
                    now_ms,
                    (2.1e-4 - 1.3e-4 * number + 0.7e-4 * asset) * wave * what.rate_period_h / 8.0,
                    premium=(7.3e-4 - 2e-4 * number) * wave,
                    mark=(100.0 + 50 * asset) * (1.0 + (7.3e-4 - 2e-4 * number) * wave),
                    index=100.0 + 50 * asset,
                    oi_base=3.7e4 / (number + 1.3) * wave,
                    oi_usd=3.7e6 / (number + 1.3) * wave,
                    volume_usd=9.1e6 / (number + 1),
                    oi_cap_usd=8.8e6,
                )
                for asset, what in enumerate(contracts)
            ]
            made.apply(batch(venue, now_ms, *quotes), now_ms)
            if minute == 0:
                made.settle(
                    [one for what in contracts for one in _paid(what.venue, what.symbol, what.interval_h)], now_ms
                )
        made.tick(now_ms)
    return made


def _paid(venue: str, symbol: str, hours: float) -> list[Settlement]:
    rates = [1e-4 + 6e-5 * ((k // 9) % 4) + 1e-5 * ((k * 5) % 11) / 11.0 for k in range(120)]
    return [
        Settlement(
            venue=venue, symbol=symbol, time_ms=START_MS - int((120 - k) * hours) * HOUR_MS, rate=rate, interval_h=hours
        )
        for k, rate in enumerate(rates)
    ]  # fmt: skip


def explained(calculator: Calculator, level: Level) -> list[tuple[int, Explanation]]:
    """Every figure of every row of a level that is not missing."""
    now_ms = START_MS + 180 * MINUTE_MS
    found = [
        (row, explain(calculator, level, row, metric.key, now_ms))
        for row in range(calculator.tables[level].count)
        for metric in CATALOGUE[level]
    ]
    return [(row, one) for row, one in found if one.value != "-"]


def agrees(one: Explanation, exact: set[str]) -> bool | None:
    """Whether formula and figure agree; None where the words are not arithmetic."""
    figure, text = printed(one.value), one.substituted
    if figure is None:
        return None
    if kernel := KERNEL.match(text):
        return _kernel_agrees(kernel, text[kernel.end() :], figure, exact)
    text = re.sub(r"^Σw?\w*/?Σ?w? of ", "", text)
    for tail in (" a year", " h"):
        text = text.replace(tail, "")
    text = re.split(r", the weighted mean|: median and| over \w+", text)[0]
    span = spans(text, exact)
    return None if span is None else meet(span, figure)


def _kernel_agrees(kernel: re.Match[str], rest: str, figure: tuple[float, float], exact: set[str]) -> bool | None:
    """The kernel at a premium, a year of it; for the fair premium the kernel at the figure is what money costs."""
    formula, yearly = kernel["kernel"], f"8760 / {kernel['hours']} × "
    at = re.match(r", Ā = (\S+)$", rest) or re.match(r" at (\S+), less (\S+)$", rest)
    if at is not None:
        less = f" − {at[2]}" if at.re.groups == 2 else ""
        span = spans(f"{yearly}{formula.replace('Ā', at[1])}{less}", exact)
        return None if span is None else meet(span, figure)
    if money := re.match(r" = (\S+) a year$", rest):
        low, high = (spans(yearly + formula.replace("Ā", f"{end * 1e4:+.3f}bp"), exact) for end in figure)
        cost = spans(money[1])
        assert low is not None
        assert high is not None
        assert cost is not None
        return meet((low[0], high[1]), cost)
    return None


def check(calculator: Calculator, level: Level, at_least: set[str]) -> None:
    worked_out = set()
    for row, one in explained(calculator, level):
        exact = (
            {word for word in words_of(calculator, row).values() if word.endswith("%")}
            if level is Level.INSTRUMENT
            else set()
        )
        verdict = agrees(one, exact)
        assert verdict is not False, f"{one.title}: {one.substituted} is not {one.value}"
        if verdict:
            worked_out.add(one.key)
    assert at_least - worked_out == set()


def test_instruments(calculator: Calculator) -> None:
    check(calculator, Level.INSTRUMENT, AT_LEAST_INSTRUMENT)


def test_pairs(calculator: Calculator) -> None:
    check(calculator, Level.PAIR, AT_LEAST_PAIR)


def test_means_and_sums_over_an_assets_instruments(calculator: Calculator) -> None:
    worked_out = set()
    for _, one in explained(calculator, Level.ASSET):
        figure = printed(one.value)
        if one.key not in WEIGHTED | ADDED or figure is None:
            continue
        terms = [
            (printed(value), printed(weight) if weight else (1.0, 1.0))
            for value, weight in TERM.findall(one.substituted)
        ]
        assert len(terms) == len(CONTRACTS), one.substituted
        if any(value is None for value, _ in terms):
            # Missing at some: their weight counts for nothing.
            continue
        low = high = 0.0
        for value, weight in terms:
            assert value is not None
            assert weight is not None
            products = [a * b for a in value for b in weight]
            low, high = low + min(products), high + max(products)
        assert meet((low, high), figure), f"{one.title}: {one.substituted}"
        worked_out.add(one.key)
    assert worked_out >= {"mean", "excess", "carry_excess", "premium", "oi_usd", "volume_usd"}


def test_a_spread_is_its_two_ends(calculator: Calculator) -> None:
    for _, one in explained(calculator, Level.ASSET):
        if one.key == "spread":
            high, low, spread = re.findall(r"[+-][\d.]+%", one.substituted)
            ends = spans(f"{high} − {low}")
            figure = printed(spread)
            assert ends is not None
            assert figure is not None
            assert meet(ends, figure)
