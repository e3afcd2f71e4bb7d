"""Rates, durations, money, percentages: parse, convert, format. The only place that knows 8760."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from enum import StrEnum

HOURS_PER_YEAR = 8760.0
HOUR_MS = 3_600_000
MISSING = "-"

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_MONEY = re.compile(rf"\$?({_NUMBER})([kKmMbBtT]?)")
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
_BASIS_POINTS = re.compile(rf"({_NUMBER})\s*bp")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_MONEY_FACTOR = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


class Basis(StrEnum):
    """How the user wants rates shown: per hour, per eight hours, or simple per year."""

    HOURLY = "1h"
    EIGHT_HOURS = "8h"
    APR = "apr"

    @property
    def hours(self) -> float:
        """Hours that a rate shown in this basis covers."""
        return {"1h": 1.0, "8h": 8.0, "apr": HOURS_PER_YEAR}[self.value]


def hourly(rate: float, period_h: float) -> float:
    """A rate per period as an hourly simple rate (methodology N1)."""
    return rate / period_h


def apr(hourly_rate: float) -> float:
    """Simple annual rate of an hourly rate (methodology N3)."""
    return HOURS_PER_YEAR * hourly_rate


def apy(rate: float, interval_h: float) -> float:
    """Annual rate compounded at each settlement (methodology N4); never below -1."""
    if rate <= -1.0:
        return -1.0
    return math.expm1((HOURS_PER_YEAR / interval_h) * math.log1p(rate))


def parse_duration(text: str) -> float:
    """Seconds of a duration such as `15s`, `1h30m` or `7d`. Raises ValueError."""
    parts = _DURATION_PART.findall(text.strip())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        raise ValueError(f"not a duration: {text!r} (write 15s, 5m, 8h, 3d or 1h30m)")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def parse_money(text: str) -> float:
    """Dollars of an amount such as `10M`, `$250k` or `1.5B`. Raises ValueError."""
    match = _MONEY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not an amount: {text!r} (write 250k, 10M or 1.5B)")
    return float(match[1]) * _MONEY_FACTOR[match[2].lower()]


def parse_percent(text: str) -> float:
    """The fraction of a percentage such as `0.045%` or of basis points such as `5bp`. Raises ValueError."""
    if match := _PERCENT.fullmatch(text.strip()):
        return float(match[1]) / 100.0
    if match := _BASIS_POINTS.fullmatch(text.strip()):
        return float(match[1]) / 10_000.0
    raise ValueError(f"not a percentage: {text!r} (write 0.045% or 4.5bp)")


def format_rate(hourly_rate: float, basis: Basis = Basis.APR, *, mark: bool = False) -> str:
    """A rate in the user's basis, sign always printed: `+26.3%` a year, `+1.25bp` per hour or 8 hours."""
    if not math.isfinite(hourly_rate):
        return MISSING
    if basis is Basis.APR:
        return format_percent(hourly_rate * HOURS_PER_YEAR)
    text = f"{signed_zero(hourly_rate * basis.hours * 1e4, 2):+.2f}"
    return text + "bp" if mark else text


def format_percent(fraction: float, decimals: int = 1) -> str:
    """`+26.3%`; above ten thousand percent without decimals, so that a column keeps its width."""
    if not math.isfinite(fraction):
        return MISSING
    percent = fraction * 100.0
    if abs(percent) >= 10_000:
        return f"{percent:+.0f}%"
    return f"{signed_zero(percent, decimals):+.{decimals}f}%"


def format_bp(fraction: float, decimals: int = 1) -> str:
    """`+21.4bp`."""
    return MISSING if not math.isfinite(fraction) else f"{signed_zero(fraction * 1e4, decimals):+.{decimals}f}bp"


def format_money(usd: float) -> str:
    """Three significant digits: `19.9B`, `212M`, `9.10B`, `850`."""
    if not math.isfinite(usd):
        return MISSING
    size = abs(usd)
    for factor, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        # 999,500 rounds to 1.00M, not to 1000k.
        if size >= factor * 0.9995:
            return _three_digits(usd / factor) + suffix
    return _three_digits(usd) if size >= 1 else f"{usd:.2f}"


def _three_digits(number: float) -> str:
    size = abs(number)
    return f"{number:.0f}" if size >= 99.95 else f"{number:.1f}" if size >= 9.995 else f"{number:.2f}"


def format_price(price: float) -> str:
    """Six significant digits with thousands separators: `68,012.40`, `2.0417`, `0.0000112100`."""
    if not math.isfinite(price):
        return MISSING
    if price == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(price)))
    decimals = min(max(2 if magnitude >= 3 else 5 - magnitude, 0), 12)
    text = f"{price:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if magnitude < -2 else text


def format_age(seconds: float) -> str:
    """`14s`, `3m`, `2h`, `5d`."""
    if not math.isfinite(seconds):
        return MISSING
    seconds = max(seconds, 0.0)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size * 0.9999:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def format_duration(seconds: float) -> str:
    """Two parts at most: `2m10s`, `14h`, `3d4h`, `>30d` beyond thirty days."""
    if not math.isfinite(seconds):
        return ">30d" if seconds > 0 else MISSING
    if seconds > 30 * 86_400:
        return ">30d"
    whole = round(max(seconds, 0))
    for size, unit, below, below_unit in ((86_400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size}{unit}" + (f"{rest}{below_unit}" if rest else "")
    return f"{whole}s"


def format_countdown(seconds: float) -> str:
    """`hh:mm` until the last minute, then `42s`; `due` once the time has passed."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds <= 0:
        return "due"
    if seconds < 60:
        return f"{int(seconds)}s"
    minutes = int(seconds // 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def format_utc(ms: int, *, seconds: bool = True) -> str:
    """`12:04:31`, or `12:04`, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S" if seconds else "%H:%M")


def format_utc_date(ms: int) -> str:
    """`2026-11-22 12:04:31`, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def signed_zero(number: float, decimals: int) -> float:
    """Zero without a minus sign for what rounds to zero, so that `-0.0` never shows."""
    return 0.0 if abs(number) < 0.5 * 10.0**-decimals else number
