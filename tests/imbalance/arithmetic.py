"""Works explained formulas out: numbers with the rounding they are printed with, by interval arithmetic.

A printed number stands for everything that rounds to it, so the result is an interval; a figure agrees with its formula
when the interval of the figure and the interval of the formula meet.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

UNITS = {"%": 1e-2, "bp": 1e-4, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "": 1.0}
HOURS = {"d": 24.0, "h": 1.0, "m": 1 / 60, "s": 1 / 3600}
NUMBER = r"[+-]?\d[\d,]*(?:\.\d+)?"
DURATION = re.compile(r"(?<![\w.])(?:\d+[dhms])+(?!\w)")
TOKEN = re.compile(rf"{NUMBER}(?:%|bp|k|M|B|T)?|clip|soft|ln|no bound|½|[()×/−+;,]")
KERNEL = re.compile(r"(?P<kernel>clip\(.*\)) per (?P<hours>[\d.]+) h")
Span = tuple[float, float]


def spans(text: str, exact: Iterable[str] = ()) -> Span | None:
    """What a formula comes to, or None where it is not only arithmetic. `exact`: numbers with six digits."""
    return _Formula(text, set(exact)).value()


def printed(text: str) -> Span | None:
    """A figure's text as an interval; durations in hours."""
    if DURATION.fullmatch(text):
        parts = re.findall(r"(\d+)([dhms])", text)
        value = sum(float(count) * HOURS[unit] for count, unit in parts)
        return value - HOURS[parts[-1][1]], value + HOURS[parts[-1][1]]
    return _number(text, figure=True) if re.fullmatch(rf"{NUMBER}(?:%|bp|k|M|B|T)?", text) else None


def meet(one: Span, other: Span) -> bool:
    """Whether two intervals have a number in common, but for the last bits."""
    slack = 1e-12 * max(1.0, *(abs(end) for end in (*one, *other) if math.isfinite(end)))
    return one[0] <= other[1] + slack and other[0] <= one[1] + slack


def _number(token: str, *, exact: bool = False, figure: bool = False) -> Span:
    """What a printed number may stand for. A whole number is a constant in a formula; as a figure it was rounded."""
    match = re.fullmatch(rf"({NUMBER})(%|bp|k|M|B|T)?", token)
    if match is None:
        raise Unreadable(token)
    digits, unit = match[1].replace(",", ""), UNITS[match[2] or ""]
    decimals = len(digits.partition(".")[2])
    value = float(digits)
    half = 1e-5 * abs(value) if exact else 0.5 * 10.0**-decimals
    if not match[2] and decimals == 0 and not figure:
        half = 0.0
    return (value - half) * unit, (value + half) * unit


def _soft(x: float, threshold: float) -> float:
    return math.copysign(max(abs(x) - threshold, 0.0), x)


class Unreadable(Exception):
    """Not a number where one belongs."""


class _Formula:
    """A parser by descent: sum of products of numbers, brackets, clip, soft and ln."""

    def __init__(self, text: str, exact: set[str]) -> None:
        self.exact = exact
        self.tokens = TOKEN.findall(text)
        self.whole = "".join(self.tokens) == re.sub(r"\s+", "", text).replace("nobound", "no bound")
        self.place = 0

    def value(self) -> Span | None:
        if not self.whole or not self.tokens:
            return None
        try:
            result = self._sum()
        except Unreadable:
            return None
        return result if self.place == len(self.tokens) else None

    def _next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _take(self, *wanted: str) -> str:
        token = self._next()
        if token in wanted:
            self.place += 1
            return token
        return ""

    def _sum(self) -> Span:
        low, high = self._product()
        while sign := self._take("−", "+"):
            first, last = self._product()
            low, high = (low - last, high - first) if sign == "−" else (low + first, high + last)
        return low, high

    def _product(self) -> Span:
        value = self._factor()
        while sign := self._take("×", "/"):
            other = self._factor()
            if sign == "/":
                if other[0] <= 0 <= other[1]:
                    return -math.inf, math.inf
                other = (1 / other[1], 1 / other[0])
            ends = [a * b for a in value for b in other]
            value = min(ends), max(ends)
        return value

    def _factor(self) -> Span:
        token = self._next()
        self.place += 1
        match token:
            case "(":
                value = self._sum()
                self._take(")")
                return value
            case "clip":
                self._take("(")
                value = self._sum()
                self._take(",")
                floor = self._sum()
                self._take(",")
                cap = self._sum()
                self._take(")")
                return min(max(value[0], floor[0]), cap[0]), min(max(value[1], floor[1]), cap[1])
            case "soft":
                self._take("(")
                value = self._sum()
                self._take(";")
                threshold = self._sum()
                self._take(")")
                return min(_soft(value[0], one) for one in threshold), max(_soft(value[1], one) for one in threshold)
            case "ln":
                low, high = self._factor()
                return math.log(low), math.log(high)
            case "½":
                return 0.5, 0.5
            case "no bound":
                # Bounds come in the order floor, cap.
                below = self.tokens[self.place : self.place + 1] == [","]
                return (-math.inf, -math.inf) if below else (math.inf, math.inf)
            case _:
                return _number(token, exact=token in self.exact)
