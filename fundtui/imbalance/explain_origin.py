"""Where an instrument's fields come from: the venue's own words, when they came, and how the terms were learnt."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from fundtui.market import Excerpt, Instrument, Note, Quote
from fundtui.units import MISSING, format_age, format_duration

RawOf = Callable[[Instrument], Sequence[Excerpt]]
"""What the venue last said about a contract; nothing where answers are not kept (a replay, a collector's record)."""

FIGURES = (
    "rate", "settled_rate", "mark", "index", "last", "premium", "oi_base", "oi_usd", "volume_usd", "oi_cap_usd",
    "next_funding_ms", "bid", "ask",
)  # fmt: skip
NEAR = 1e-12
_HOUR_UNITS = (1.0, 60.0, 3600.0, 3_600_000.0)
_INTERVAL_WORDS = ("interval", "period", "freq", "hour", "cycle", "time")


class RawField(msgspec.Struct, frozen=True):
    """One field of an answer, as on the wire. means: which figure of ours has this value; empty for the others."""

    endpoint: str
    name: str
    value: str | int | float | bool
    means: str = ""

    def __str__(self) -> str:
        """`lastFundingRate 0.0001`, with what it is where that is known."""
        return f"{self.name} {self.value}" + (f" = {self.means}" if self.means else "")


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument behind a figure.

    observed_ms, age_s  when its quote was observed. interval: the payment interval in words, interval_origin: who
    says so. rate_period_h: what a published rate covers. multiplier: base units a contract counts in. notes: caveats.
    raw: the fields of the venue's last answers; empty where answers are not kept.
    """

    instrument: str
    observed_ms: int | None
    age_s: float
    interval: str
    interval_h: float
    interval_origin: str
    rate_period_h: float
    rate_kind: str
    multiplier: float
    notes: tuple[str, ...] = ()
    raw: tuple[RawField, ...] = ()


def origin(contract: Instrument, quote: Quote | None, raw_of: RawOf, now_ms: int) -> Origin:
    """Where the figures of one instrument come from."""
    raw = _told_apart(
        [
            RawField(excerpt.endpoint, name, value, _meaning(value, quote))
            for excerpt in raw_of(contract)
            for name, value in excerpt.fields.items()
        ]
    )
    observed = quote.observed_ms if quote is not None else None
    return Origin(
        instrument=f"{contract.venue} {contract.symbol}",
        observed_ms=observed,
        age_s=math.nan if observed is None else (now_ms - observed) / 1000.0,
        interval=_interval(contract),
        interval_h=contract.interval_h,
        interval_origin=_interval_origin(contract, raw),
        rate_period_h=contract.rate_period_h,
        rate_kind=contract.rate_kind.value,
        multiplier=contract.multiplier,
        notes=tuple(note.value for note in contract.notes),
        raw=raw,
    )


def origin_lines(one: Origin) -> list[str]:
    """The origin for people, without the raw fields."""
    age = MISSING if math.isnan(one.age_s) else f"{format_age(one.age_s)} ago"
    period = MISSING if math.isnan(one.rate_period_h) else f"{one.rate_period_h:g} h"
    words = [
        f"{one.instrument}: seen {age}",
        f"interval {one.interval} ({one.interval_origin})",
        f"rate {one.rate_kind}, per {period}",
        f"multiplier {one.multiplier:g}",
    ]
    return [", ".join(words), *(f"note: {note.replace('_', ' ')}" for note in one.notes)]


def _interval(contract: Instrument) -> str:
    if contract.continuous:
        return "continuous"
    if math.isnan(contract.interval_h):
        return "unknown"
    return format_duration(contract.interval_h * 3600.0)


def _interval_origin(contract: Instrument, raw: Sequence[RawField]) -> str:
    """Who says what the interval is."""
    if contract.continuous:
        return "the venue pays all the time"
    if math.isnan(contract.interval_h):
        return "nobody says"
    if Note.INTERVAL_INFERRED in contract.notes:
        return "inferred from settlement times"
    for field in raw:
        value = _number(field.value)
        named = any(word in field.name.casefold() for word in _INTERVAL_WORDS)
        if named and any(_same(value, contract.interval_h * unit) for unit in _HOUR_UNITS):
            return f"{field.endpoint} {field.name}"
    return "the venue's rule" + (f", {contract.rule.source}" if contract.rule.source else "")


def _told_apart(fields: Sequence[RawField]) -> tuple[RawField, ...]:
    """Without the meaning of fields that only happen to have the same value: interest is not the rate."""
    named = {one.means for one in fields if one.means and _names(one)}
    return tuple(
        one if not one.means or one.means not in named or _names(one) else RawField(one.endpoint, one.name, one.value)
        for one in fields
    )


def _names(field: RawField) -> bool:
    """Whether the field's name says what it means."""
    word = {"rate": "fund", "settled_rate": "fund"}.get(field.means, field.means.partition("_")[0])
    return word in field.name.casefold()


def _meaning(value: str | float | bool, quote: Quote | None) -> str:
    """The figure of ours that has this very value; zeros mean nothing."""
    number = _number(value)
    if quote is None or not number or math.isnan(number):
        return ""
    for key in FIGURES:
        known = getattr(quote, key)
        if known is not None and _same(number, float(known)):
            return key
    return ""


def _number(value: str | float | bool) -> float:
    if isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except ValueError:
        return math.nan


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= NEAR * max(abs(one), abs(other)) and other != 0
