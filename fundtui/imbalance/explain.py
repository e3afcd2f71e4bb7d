"""Where a figure comes from: formula, formula with numbers, each input with time and origin, what is left out."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.catalogue import Level, Metric, Unit, find
from fundtui.imbalance.display import display
from fundtui.imbalance.explain_numbers import exact_percent, words_of
from fundtui.imbalance.explain_origin import Origin, RawOf, origin
from fundtui.imbalance.explain_words import ASSET, EXTREME_KEYS, EXTREMES, INSTRUMENT, LEG_INPUTS, PAIR
from fundtui.imbalance.table import Table
from fundtui.market import REASON_TEXT, Family, FundingRule, Status
from fundtui.units import HOURS_PER_YEAR, MISSING, format_age, format_bp, format_percent, format_utc

BEHIND = 3
"""Instruments whose own words are shown for an asset's figure."""
ENDS = {"high_rate": ("short",), "short": ("short",), "low_rate": ("long",), "long": ("long",)}
TERMS = 6
"""How many instruments a sum is written out for."""
NEVER_OF_DATED = frozenset({"theory", "band_lo", "band_hi", "divergence", "divergence_t", "projected", "drift"})
"""Figures of funding to come."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One number that went in. `time_ms` is when it was observed, `origin` who said so."""

    name: str
    value: float | str
    unit: str
    text: str
    time_ms: int | None = None
    age_s: float = math.nan
    origin: str = ""

    def __str__(self) -> str:
        """One line for people."""
        when = f", {format_age(self.age_s)} ago" if not math.isnan(self.age_s) else ""
        return f"{self.name} {self.text}" + (f"  ({self.origin}{when})" if self.origin else "")


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One figure explained. `value` is its text, `number` as stored; `exclusions` say what is left out and why."""

    title: str
    key: str
    level: Level
    subject: str
    value: str
    number: float | str | None
    help: str
    formula: str
    substituted: str
    source: str
    inputs: tuple[Input, ...] = ()
    exclusions: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()


def explain(
    calculator: Calculator, level: Level, row: int, key: str, now_ms: int, raw_of: RawOf = lambda contract: ()
) -> Explanation:
    """Explain one figure of one row; `raw_of` tells what a venue last said about a contract.

    Raises KeyError for an unknown metric or a row that does not exist.
    """
    metric = find(level, key)
    table = calculator.tables.get(level)
    if metric is None or table is None or not 0 <= row < table.count:
        raise KeyError(f"{level.value} {row} {key}")
    reader = _Reader(calculator, table, row, now_ms)
    substituted, inputs, exclusions = DESCRIBE.get(level, _of_board)(reader, metric)
    return Explanation(
        title=f"{table.keys[row]} {metric.title or metric.key}",
        key=metric.key,
        level=level,
        subject=table.keys[row],
        value=reader.text(metric.key),
        number=reader.number(metric.key),
        help=metric.help,
        formula=metric.formula,
        substituted=substituted,
        source=f"methodology {metric.source}",
        inputs=tuple(inputs),
        exclusions=tuple(exclusions),
        origins=tuple(
            origin(calculator.contract(one), calculator.quote(one), raw_of, now_ms) for one in _behind(reader, metric)
        ),
    )


def _behind(reader: _Reader, metric: Metric) -> list[int]:
    """The instruments whose answers a figure rests on: both ends of a spread, else the largest few."""
    calculator, row = reader.calculator, reader.row
    match reader.table.level:
        case Level.INSTRUMENT:
            return [row]
        case Level.PAIR:
            return [one for one in calculator.pair_instruments(row) if one >= 0]
        case Level.ASSET:
            rows = [one for one in calculator.instrument_rows(row).tolist() if not calculator.reasons(one)]
            rows.sort(key=lambda one: _weight_of(reader.of(one)))
            if metric.key not in EXTREMES:
                return rows[:BEHIND]
            ends = [reader.text(side) for side in ENDS.get(metric.key, ("short", "long"))]
            return [one for end in ends for one in rows if calculator.contract(one).venue == end][:BEHIND]
        case _:
            return []


class _Reader:
    """One row's values as text, and its instruments."""

    def __init__(self, calculator: Calculator, table: Table, row: int, now_ms: int) -> None:
        self.calculator = calculator
        self.table = table
        self.row = row
        self.now_ms = now_ms

    def number(self, key: str) -> float | str | None:
        """The value as stored; None when missing."""
        metric = self.table.metrics[key]
        if metric.unit is Unit.TEXT:
            return self.table.text(key, self.row)
        if metric.unit is Unit.SERIES:
            return None
        value = float(self.table.columns[key][self.row])
        return None if math.isnan(value) else value

    def text(self, key: str) -> str:
        """The value for people; `-` when missing."""
        metric = self.table.metrics[key]
        value = self.number(key)
        if metric.unit is Unit.SERIES:
            known = self.table.series[key][self.row]
            return f"{int((known == known).sum())} of {len(known)} points"
        if value is None or value == "":
            return MISSING
        return value if isinstance(value, str) else display(metric, value, now_ms=self.now_ms)

    def of(self, row: int) -> _Reader:
        """The same for one instrument."""
        return _Reader(self.calculator, self.calculator.instruments, row, self.now_ms)

    def as_input(self, key: str, name: str = "") -> Input:
        """One of this instrument's own figures as an input."""
        contract, quote = self.calculator.contract(self.row), self.calculator.quote(self.row)
        metric = self.table.metrics[key]
        value = self.number(key)
        return Input(
            name=name or metric.key,
            value=math.nan if value is None else value,
            unit=metric.unit.value,
            text=self.text(key),
            time_ms=quote.observed_ms if quote is not None else None,
            age_s=(self.now_ms - quote.observed_ms) / 1000.0 if quote is not None else math.nan,
            origin=f"{contract.venue} {contract.symbol}",
        )


def _of_instrument(reader: _Reader, metric: Metric) -> tuple[str, list[Input], list[str]]:
    """An instrument's figure: from its own fields, or as published."""
    exclusions = [REASON_TEXT[reason] for reason in reader.calculator.reasons(reader.row)]
    if metric.key not in INSTRUMENT:
        return f"{metric.formula}: {reader.text(metric.key)}", [reader.as_input(metric.key)], exclusions
    template, keys = INSTRUMENT[metric.key]
    words = {key: reader.text(key) for key in reader.table.metrics}
    words |= _contract_words(reader) | words_of(reader.calculator, reader.row)
    why = _why_missing(reader, metric.key, keys)
    return template.format(**words) + why, [reader.as_input(key) for key in keys], exclusions


def _contract_words(reader: _Reader) -> dict[str, str]:
    contract, kernel = reader.calculator.contract(reader.row), reader.calculator.kernel(reader.row)
    rate = reader.number("rate")
    bound = contract.cap if isinstance(rate, float) and rate > 0 else contract.floor
    period = f"{contract.rate_period_h:g} h" if not math.isnan(contract.rate_period_h) else "unknown interval"
    numbers = (
        f"clip({float(kernel.share):g} × ({format_bp(float(kernel.interest))} + "
        f"soft(Ā − {format_bp(float(kernel.interest))}; {format_bp(float(kernel.damper))})) + "
        f"{format_bp(float(kernel.fixed))}, {_bound(float(kernel.floor))}, {_bound(float(kernel.cap))}) "
        f"per {float(kernel.period_h):g} h"
    )
    return {
        "period": period,
        "bound": exact_percent(bound),
        "money": format_percent(reader.calculator.money_h(reader.row) * HOURS_PER_YEAR) + " a year",
        "interest": exact_percent(reader.calculator.interest_h(reader.row)),
        "kernel": numbers if not math.isnan(float(kernel.share)) else _unknown(contract.rule),
    }


def _unknown(rule: FundingRule) -> str:
    """That the formula is not known, and why."""
    if rule.family is Family.OI_SKEW:
        return f"the rate follows how unequal the sides are, by parameters that are not published ({rule.source})"
    return f"the venue's formula is not known{f' ({rule.source})' if rule.source else ''}"


def _bound(value: float) -> str:
    return format_percent(value, 3) if math.isfinite(value) else "no bound"


def _why_missing(reader: _Reader, key: str, inputs: tuple[str, ...]) -> str:
    """Why a figure of the theory is missing, as a tail of the substituted formula."""
    if reader.number(key) is not None:
        return ""
    if key in NEVER_OF_DATED and reader.calculator.contract(reader.row).status is Status.DATED:
        return "; a dated contract: nothing is settled before it expires"
    coverage = reader.number("coverage")
    if key in ("theory", "band_lo", "band_hi", "divergence", "divergence_t", "premium_average"):
        if reader.number("premium") is None:
            return "; no premium: mark or index is missing"
        if isinstance(coverage, float) and coverage < 0.2:
            return f"; only {format_percent(coverage, 0)} of the interval was seen so far"
    if all(reader.number(one) not in (None, "") for one in inputs):
        return "; not enough of it was seen yet"
    return "; an input is missing"


def _of_asset(reader: _Reader, metric: Metric) -> tuple[str, list[Input], list[str]]:
    """An asset's figure: from its instruments that are compared, largest weight first."""
    calculator = reader.calculator
    rows = calculator.instrument_rows(reader.row).tolist()
    out = [row for row in rows if calculator.reasons(row)]
    compared = sorted((row for row in rows if row not in set(out)), key=lambda row: _weight_of(reader.of(row)))
    keys = ASSET.get(metric.key, ())
    inputs = [
        reader.of(row).as_input(key, f"{calculator.instruments.keys[row]} {key}") for row in compared for key in keys
    ]
    exclusions = [_exclusion(reader, row) for row in out]
    return _sum_of(reader, metric, compared, keys), inputs, exclusions


def _of_pair(reader: _Reader, metric: Metric) -> tuple[str, list[Input], list[str]]:
    """A pair's figure: from its own row, and from both legs."""
    inputs: list[Input] = []
    words = {key: reader.text(key) for key in reader.table.metrics}
    for row, side in zip(reader.calculator.pair_instruments(reader.row), ("short", "long"), strict=True):
        # Spot pays nothing.
        words[f"{side}_apr"] = reader.of(row).text("apr") if row >= 0 else format_percent(0.0)
        if row >= 0:
            inputs += [reader.of(row).as_input(key, f"{side} leg {key}") for key in LEG_INPUTS]
    words["cash"] = _cash(reader)
    template, keys = PAIR.get(metric.key, (f"{metric.formula}: {{{metric.key}}}", ()))
    own = [_plain_input(reader, key) for key in keys]
    assumed = words["assumptions"]
    return template.format(**words), own + inputs, [f"assumed: {assumed}"] if assumed != MISSING else []


def _cash(reader: _Reader) -> str:
    """What the cash that spot ties up would have earned, as a tail of the sum; nothing for two perpetuals."""
    settings = reader.calculator.settings
    _, long = reader.calculator.pair_instruments(reader.row)
    earned = settings.money.quote_rate * settings.carry.horizon_h / HOURS_PER_YEAR
    return f" − {format_bp(earned)}" if long < 0 else ""


def _of_board(reader: _Reader, metric: Metric) -> tuple[str, list[Input], list[str]]:
    """A venue's or the market's figure: a sum over the instruments compared."""
    keys = [key for key in ("instruments", "excluded", "oi_usd") if key in reader.table.metrics]
    return f"{metric.formula} = {reader.text(metric.key)}", [_plain_input(reader, key) for key in keys], []


def _plain_input(reader: _Reader, key: str) -> Input:
    """A figure of the same row as an input, worked out here rather than observed."""
    metric, value = reader.table.metrics[key], reader.number(key)
    number = math.nan if value is None else value
    return Input(name=key, value=number, unit=metric.unit.value, text=reader.text(key), origin=metric.formula)


def _weight_of(reader: _Reader) -> float:
    weight = reader.number("weight")
    return -weight if isinstance(weight, float) else 0.0


def _sum_of(reader: _Reader, metric: Metric, rows: list[int], keys: tuple[str, ...]) -> str:
    """The formula with numbers: `Σwh/Σw of binance +5.4% (w 45.0%), ... = +7.1%`; for extremes just the two."""
    if metric.key in EXTREMES:
        return EXTREMES[metric.key].format(**{key: reader.text(key) for key in EXTREME_KEYS})
    if not keys:
        return f"over {len(rows)} instruments = {reader.text(metric.key)}"
    terms = []
    for row in rows[:TERMS]:
        one = reader.of(row)
        extra = f" (w {one.text('weight')})" if "weight" in keys else ""
        terms.append(f"{one.text('venue')} {one.text(keys[0])}{extra}")
    more = f" and {len(rows) - TERMS} more" if len(rows) > TERMS else ""
    return f"{metric.formula} of {', '.join(terms)}{more} = {reader.text(metric.key)}"


def _exclusion(reader: _Reader, row: int) -> str:
    reasons = ", ".join(REASON_TEXT[reason] for reason in reader.calculator.reasons(row))
    quote = reader.calculator.quote(row)
    seen = f", seen {format_utc(quote.observed_ms)}" if quote is not None else ""
    return f"{reader.calculator.instruments.keys[row]}: {reasons}{seen}"


DESCRIBE: dict[Level, Callable[[_Reader, Metric], tuple[str, list[Input], list[str]]]] = {
    Level.INSTRUMENT: _of_instrument,
    Level.ASSET: _of_asset,
    Level.PAIR: _of_pair,
}
