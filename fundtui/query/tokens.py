"""Query text -> tokens with their places. Literals carry their value in exported units and what they measure."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from fundtui.query.errors import QueryError
from fundtui.units import HOURS_PER_YEAR, parse_duration, parse_money, parse_percent

MAX_LENGTH = 2_000
MAX_TOKENS = 400


class Kind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    WORD = "word"
    STRING = "string"
    SYMBOL = "symbol"
    END = "end"


class Measure(StrEnum):
    """What a value measures, as far as comparing needs to know.

    PLAIN fits everything (a bare number, a ratio); AMOUNT is a literal such as `10M`, which fits money and counts;
    NUMBER is a metric that is neither money, a fraction nor a time (a count, a price, a z).
    """

    PLAIN = "a number"
    AMOUNT = "an amount"
    NUMBER = "a plain number"
    MONEY = "money"
    FRACTION = "a percentage"
    DURATION = "a duration"


class Token(msgspec.Struct, frozen=True):
    """One token: `text` as written (words in lower case are compared, never changed), at start..end of the query."""

    kind: Kind
    text: str
    start: int
    end: int
    value: float = 0.0
    measure: Measure = Measure.PLAIN


_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_RATE = re.compile(rf"({_NUMBER}\s*(?:%|bp))/(\d*)(h|d|y)(?!\w)")
_FRACTION = re.compile(rf"{_NUMBER}\s*(?:%|bp(?!\w))")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+(?!\w)")
_AMOUNT = re.compile(rf"\$?{_NUMBER}[kKMBbT](?!\w)|\${_NUMBER}(?!\w)")
_PLAIN = re.compile(rf"{_NUMBER}(?!\w)")
_WORD = re.compile(r"\w+(?:\.\w+)*")
_STRING = re.compile(r'"[^"]*"|' + r"'[^']*'")
_SYMBOL = re.compile(r"<=|>=|==|!=|!~|&&|\|\||[<>=~!()+\-*/,]")
_SPACE = re.compile(r"\s*")
_PERIOD_H = {"h": 1.0, "d": 24.0, "y": HOURS_PER_YEAR}


def tokenize(text: str) -> list[Token]:
    """All tokens and one END. Raises QueryError."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"longer than {MAX_LENGTH} characters", text[:80], 0)
    tokens = []
    place = _skip_space(text, 0)
    while place < len(text):
        token = _number(text, place) or _other(text, place)
        tokens.append(token)
        if len(tokens) > MAX_TOKENS:
            raise QueryError(f"more than {MAX_TOKENS} words and signs", text, place)
        place = _skip_space(text, token.end)
    tokens.append(Token(Kind.END, "", len(text), len(text)))
    return tokens


def _skip_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place


def _number(text: str, place: int) -> Token | None:
    # Longest meaning first: `1bp/8h` before `1bp`, `5bp` before `5b`. What fits none is a word (1INCH, 0G).
    if match := _RATE.match(text, place):
        hours = float(match[2] or 1) * _PERIOD_H[match[3]]
        if hours <= 0:
            raise QueryError("a rate needs a period longer than nothing", text, place)
        return _literal(match, parse_percent(match[1]) * HOURS_PER_YEAR / hours, Measure.FRACTION)
    if match := _FRACTION.match(text, place):
        return _literal(match, parse_percent(match[0]), Measure.FRACTION)
    if match := _DURATION.match(text, place):
        return _literal(match, parse_duration(match[0]), Measure.DURATION)
    if match := _AMOUNT.match(text, place):
        return _literal(match, parse_money(match[0]), Measure.AMOUNT)
    if match := _PLAIN.match(text, place):
        return _literal(match, float(match[0]), Measure.PLAIN)
    return None


def _literal(match: re.Match[str], value: float, measure: Measure) -> Token:
    return Token(Kind.NUMBER, match[0], match.start(), match.end(), value, measure)


def _other(text: str, place: int) -> Token:
    for kind, pattern in ((Kind.WORD, _WORD), (Kind.STRING, _STRING), (Kind.SYMBOL, _SYMBOL)):
        if match := pattern.match(text, place):
            return Token(kind, match[0], place, match.end())
    if text[place] in "\"'":
        raise QueryError("the quoted text does not end", text, place)
    raise QueryError(f"{text[place]!r} means nothing here", text, place)
