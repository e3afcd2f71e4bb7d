"""Shared wire helpers: typed decoding that loses no good row to a bad one, numbers, times, plausibility."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from fundtui.market import NAN, Batch, Instrument, Quote, Reason, Settlement
from fundtui.text import clean, is_symbol
from fundtui.units import HOUR_MS
from fundtui.venues.spec import BadAnswer, Fault, Parts

Row = TypeVar("Row")
Value = TypeVar("Value")

MAX_BAD_SHARE = 0.2
"""More rejected rows than this share and the whole answer is bad (reliability §5)."""

MAX_RATE = 0.5
"""A rate per period beyond this is a percent/decimal mix-up: the row is rejected (methodology §1)."""

SUSPECT_RATE = 0.05
"""A rate per period beyond this is shown, marked and left out of comparisons (reliability §5)."""

MAX_NUMBER = 1e100
"""Beyond any price or amount; the product of two such numbers would be infinite."""

MAX_AHEAD_MS = 25 * HOUR_MS
"""A next funding time further ahead than this is not a funding time (reliability §5)."""

NULL = msgspec.Raw(b"null")
"""What an envelope holds that lacks its data."""

_PLAIN_STATUS = frozenset({403, 418, 429, 451})
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")
_HTML = re.compile(rb"\s*(<!doctype|<html|<head|<\?xml|<!--)", re.IGNORECASE)
_GEO_WORDS = re.compile(
    rb"cloudfront|country|your location|restricted (location|region|area|jurisdiction)|eligibility|geo[- ]?block",
    re.IGNORECASE,
)


class BadRow(ValueError):
    """One row that cannot become a quote. It is dropped and counted; the others stay."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Rows(msgspec.Struct, Generic[Row], frozen=True):
    """The rows of an answer that have the declared form, and how many had not."""

    good: Sequence[Row]
    rejected: int = 0


class RowsDecoder(Generic[Row]):
    """Decodes a JSON list of `row`s. Fast when all rows are well; else row by row, keeping the good ones."""

    def __init__(self, row: type[Row]) -> None:
        self._row = row

    # Working out a type takes longer than most bodies do; each decoder is made when its first body comes.
    @cached_property
    def _all(self) -> msgspec.json.Decoder[list[Row]]:
        return msgspec.json.Decoder(list[self._row], strict=False)  # type: ignore[name-defined]

    @cached_property
    def _one(self) -> msgspec.json.Decoder[Row]:
        return msgspec.json.Decoder(self._row, strict=False)

    @cached_property
    def _raw(self) -> msgspec.json.Decoder[list[msgspec.Raw]]:
        return msgspec.json.Decoder(list[msgspec.Raw])

    def __call__(self, body: bytes | msgspec.Raw, *, empty_ok: bool = False) -> Rows[Row]:
        """Rows of a list, or of a single object given instead of a list. Raises BadAnswer."""
        try:
            rows = Rows(self._all.decode(body))
        except msgspec.ValidationError:
            rows = self._row_by_row(bytes(body))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise not_json(bytes(body), error) from error
        if not rows.good and not empty_ok:
            raise BadAnswer(Fault.EMPTY, "no rows in the answer")
        return rows

    def _row_by_row(self, body: bytes) -> Rows[Row]:
        if body.lstrip()[:1] == b"{":
            body = b"[" + body + b"]"
        try:
            raws = self._raw.decode(body)
        except msgspec.ValidationError as error:
            raise wrong_shape(body, error) from error
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise not_json(body, error) from error
        good, last_error = [], None
        for raw in raws:
            try:
                good.append(self._one.decode(raw))
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
                last_error = error
        rejected = len(raws) - len(good)
        if last_error is not None and rejected > MAX_BAD_SHARE * len(raws):
            raise wrong_shape(body, last_error) from last_error
        return Rows(good, rejected)


class Decoder(Generic[Value]):
    """Decodes one typed JSON value; every way to fail is a BadAnswer."""

    def __init__(self, value: type[Value]) -> None:
        self._value = value

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[Value]:
        return msgspec.json.Decoder(self._value, strict=False)

    def __call__(self, body: bytes | msgspec.Raw) -> Value:
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as error:
            raise wrong_shape(bytes(body), error) from error
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise not_json(bytes(body), error) from error


def not_json(body: bytes, error: Exception) -> BadAnswer:
    """What a body is that no JSON parser takes: a block page, a firewall page, or just damaged."""
    if not body.strip():
        return BadAnswer(Fault.EMPTY, "empty answer")
    if _HTML.match(body):
        if is_geo_block(body):
            return BadAnswer(Fault.GEO_BLOCKED, "block page: not served at this location")
        return BadAnswer(Fault.BLOCK_PAGE, "a web page instead of data")
    return BadAnswer(Fault.NOT_JSON, f"not JSON: {clean(error, 120)}")


def wrong_shape(body: bytes, error: Exception) -> BadAnswer:
    """JSON that is not what the venue documents; `null` and error objects are told apart by the venue's decoder."""
    if body.strip() == b"null":
        return BadAnswer(Fault.EMPTY, "the answer is null")
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as damage:
        # A decoder complains of the first thing it meets: here the shape, before the damage further on.
        return not_json(body, damage)
    return BadAnswer(Fault.WRONG_SHAPE, f"unexpected answer: {clean(error, 160)}")


def venue_error(code: object, message: object, faults: Mapping[str, Fault]) -> BadAnswer:
    """What an error envelope says, whatever its HTTP status: `faults` tells the codes with a meaning of their own."""
    return BadAnswer(faults.get(str(code), Fault.VENUE_ERROR), f"error {clean(code, 32)}: {clean(message, 160)}")


def judge_by(open_envelope: Callable[[bytes], object]) -> Callable[[int, bytes], BadAnswer | None]:
    """A venue's judge made of the function that opens its envelopes.

    None, so that the general rules apply: where the body is no such envelope, and where its code says nothing more
    special than the HTTP status does.
    """

    def judge(status: int, body: bytes) -> BadAnswer | None:
        try:
            open_envelope(body)
        except BadAnswer as answer:
            if answer.fault in {Fault.RATE_LIMITED, Fault.BANNED, Fault.GEO_BLOCKED, Fault.MAINTENANCE}:
                return answer
            if answer.fault is Fault.VENUE_ERROR and status < 500 and status not in _PLAIN_STATUS:
                return answer
        return None

    return judge


def blank_as_null(body: bytes) -> bytes:
    """The body with `""` values as `null`: how several venues write a missing number."""
    return body.replace(b':""', b":null").replace(b': ""', b": null") if b'""' in body else body


def need(parts: Parts, *names: str) -> None:
    """Raise BadAnswer unless one of the named endpoints has answered."""
    if not any(name in parts for name in names):
        raise BadAnswer(Fault.EMPTY, f"{names[0]} has not answered")


def is_geo_block(body: bytes) -> bool:
    """Whether an error page or message speaks of the caller's location."""
    return _GEO_WORDS.search(body[:8192]) is not None


def number(value: float | int | str | None) -> float:
    """A finite float, NaN for missing: None, "", NaN, infinities and what is beyond any market's size.

    Raises BadRow for any other text.
    """
    if type(value) is float:
        return value if -MAX_NUMBER < value < MAX_NUMBER else NAN
    if isinstance(value, str):
        if not value:
            return NAN
        if _NUMBER.fullmatch(value) is None:
            if value.lower() in {"nan", "inf", "-inf", "+inf", "infinity", "-infinity", "null", "none"}:
                return NAN
            raise BadRow("not_a_number")
        value = float(value)
    return float(value) if value is not None and -MAX_NUMBER < value < MAX_NUMBER else NAN


def positive(value: float | int | str | None) -> float:
    """A finite number above zero, else NaN: prices, sizes of contracts, intervals."""
    if type(value) is float and 0.0 < value < MAX_NUMBER:
        return value
    result = number(value)
    return result if result > 0 else NAN


def amount(value: float | int | str | None) -> float:
    """A finite number of at least zero, else NaN: open interest and volume."""
    if type(value) is float and 0.0 <= value < MAX_NUMBER:
        return value
    result = number(value)
    return result if result >= 0 else NAN


def iso_ms(text: str) -> int:
    """UTC milliseconds of an ISO 8601 time. Raises BadRow."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = datetime.fromisoformat(text + "+00:00")
    except ValueError as error:
        raise BadRow("not_a_time") from error
    return round(moment.timestamp() * 1000)


def settlement_ms(time_ms: float, grid_ms: int = 60_000) -> int:
    """A settlement time as published, rounded to the instant it stands for (venues print it ms to seconds late)."""
    return round(time_ms / grid_ms) * grid_ms


def next_on_grid(now_ms: int, interval_h: float, anchor_h: int = 0) -> int:
    """The first settlement after `now_ms` on a venue's clock: `anchor_h` + k·interval, UTC."""
    step = round(interval_h * HOUR_MS)
    offset = anchor_h * HOUR_MS
    return ((now_ms - offset) // step + 1) * step + offset


def settlements(rows: Sequence[Row], make: Callable[[Row], Settlement | None]) -> tuple[Settlement, ...]:
    """Settlements of the rows that are one: BadRow drops a row, None leaves it out. BadAnswer when a fifth is bad."""
    made: list[Settlement] = []
    bad = 0
    for row in rows:
        try:
            one = make(row)
        except BadRow:
            bad += 1
            continue
        if one is not None:
            made.append(one)
    if bad > MAX_BAD_SHARE * len(rows):
        raise BadAnswer(Fault.WRONG_SHAPE, f"{bad} of {len(rows)} settlements unusable")
    return tuple(made)


class Timed(Protocol):
    """A row of a history."""

    @property
    def time_ms(self) -> int: ...


def older_window(rows: Sequence[Timed], start_ms: int, end_ms: int) -> int | None:
    """For histories that answer newest first: where the next, older window ends; None when there is nothing older.

    Rows that all lie after the window mean that the venue ignores it: paging on would never end.
    """
    oldest_ms = min((row.time_ms for row in rows), default=start_ms)
    return oldest_ms - 1 if start_ms < oldest_ms <= end_ms else None


def newer_window(rows: Sequence[Timed], start_ms: int, end_ms: int) -> int | None:
    """For histories that answer oldest first: where the next, newer window starts; None when there is nothing newer.

    Rows from before the window mean that the venue ignores it: paging on would never end.
    """
    if not rows or min(row.time_ms for row in rows) < start_ms - 60_000:
        return None
    # A settlement is stamped up to seconds late: the window starts clearly after it, and well before the next.
    after_ms = max(row.time_ms for row in rows) + 60_000
    return after_ms if after_ms <= end_ms else None


def check_symbol(symbol: str) -> str:
    """The symbol, if it has only the characters that symbols may have. Raises BadRow."""
    if not is_symbol(symbol):
        raise BadRow("unsafe_symbol")
    return symbol


def check_rate(rate: float) -> float:
    """The rate, if its size can be a funding rate at all. Raises BadRow."""
    if abs(rate) > MAX_RATE:
        raise BadRow("implausible_rate")
    return rate


def check_next(next_ms: int | None, now_ms: int) -> int | None:
    """The next funding time; None where there is none. Raises BadRow when it is more than 25 hours ahead."""
    if next_ms and next_ms > now_ms + MAX_AHEAD_MS:
        raise BadRow("next_funding_too_far")
    return next_ms or None


def interval_from(hours: float) -> float:
    """A payment interval in hours, NaN unless it is in (0, 24]. Raises BadRow for a stated but impossible one."""
    if math.isnan(hours):
        return NAN
    if not 0 < hours <= 24:
        raise BadRow("impossible_interval")
    return hours


def interval_between(times_ms: Sequence[int]) -> float:
    """The interval told by settlement times: the last two, snapped to a usual interval if within ten minutes.

    NaN where they tell none (methodology §1).
    """
    newest = sorted(set(times_ms))[-2:]
    if len(newest) < 2:
        return NAN
    gap_ms = newest[1] - newest[0]
    return next((float(hours) for hours in (1, 2, 4, 6, 8, 12, 24) if abs(gap_ms - hours * HOUR_MS) <= 600_000), NAN)


def rate_reasons(contract: Instrument, rate: float) -> tuple[Reason, ...]:
    """Why an instrument is left out: the contract itself, no rate published, or one too large to believe."""
    if contract.excluded:
        return contract.excluded
    if rate != rate:
        return (Reason.NO_RATE,)
    return (Reason.IMPLAUSIBLE_RATE,) if abs(rate) > SUSPECT_RATE else ()


def batch(
    venue: str,
    observed_ms: int,
    rows: Iterable[Row],
    quote: Callable[[Row], Quote | None],
    *,
    rejected: Mapping[str, int] | int = 0,
) -> Batch:
    """Quotes of all rows: None skips a row that is none of ours, BadRow drops and counts it.

    A symbol that comes twice is ambiguous: both rows go, counted as `duplicate_symbol`. Raises BadAnswer when
    nothing is left or more than a fifth of the rows was bad.
    """
    counts: dict[str, int] = dict(rejected) if isinstance(rejected, Mapping) else {}
    if isinstance(rejected, int) and rejected:
        counts["wrong_shape"] = rejected
    quotes: dict[str, Quote] = {}
    doubled: set[str] = set()
    total = sum(counts.values())
    for row in rows:
        total += 1
        try:
            made = quote(row)
        except BadRow as error:
            counts[error.reason] = counts.get(error.reason, 0) + 1
            continue
        if made is None:
            continue
        symbol = made.contract.symbol
        if symbol in quotes:
            doubled.add(symbol)
            counts["duplicate_symbol"] = counts.get("duplicate_symbol", 0) + 1
        quotes[symbol] = made
    for symbol in doubled:
        del quotes[symbol]
        counts["duplicate_symbol"] += 1
    _check_losses(counts, total, kept=len(quotes))
    return Batch(venue=venue, observed_ms=observed_ms, quotes=tuple(quotes.values()), rejected=counts)


def _check_losses(counts: Mapping[str, int], total: int, kept: int) -> None:
    bad = sum(counts.values())
    if bad > MAX_BAD_SHARE * total:
        worst = max(counts, key=lambda reason: counts[reason])
        raise BadAnswer(Fault.WRONG_SHAPE, f"{bad} of {total} rows unusable, mostly {worst.replace('_', ' ')}")
    if not kept:
        raise BadAnswer(Fault.EMPTY, "no instrument in the answer")


def by_key(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, Row]:
    """Rows by a key, for joining the answers of two endpoints. Rows that differ under one key are ambiguous: all go."""
    table: dict[Any, Row] = {}
    ambiguous: set[Any] = set()
    for row in rows:
        name = key(row)
        if name in table and table[name] != row:
            ambiguous.add(name)
        table[name] = row
    for name in ambiguous:
        del table[name]
    return table
