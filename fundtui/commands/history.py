"""`fundtui history [ASSET [VENUE]]`: settled rates from the record, as a table and as a plot; or what there is."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from fundtui.clock import SystemClock
from fundtui.commands.errors import OK
from fundtui.commands.kept import record_lines
from fundtui.commands.plot import plot, sparkline
from fundtui.commands.recorded import instruments_named, open_record, record_folder
from fundtui.commands.settings import load_settings
from fundtui.commands.writers import write_records, write_table
from fundtui.history.codec import Floats, Ints
from fundtui.history.sqlite_store import SqliteStore
from fundtui.history.store import gaps
from fundtui.market import Settlement
from fundtui.text import clean
from fundtui.units import (
    HOUR_MS,
    HOURS_PER_YEAR,
    MISSING,
    Basis,
    format_money,
    format_percent,
    format_rate,
    format_utc_date,
)

KEYS = ("venue", "symbol", "asset", "time_ms", "rate", "interval_h", "hourly", "apr", "observed", "until_ms")
SPARK_POINTS = 48
PLOT_LINES = 10


def run(arguments: argparse.Namespace) -> int:
    """Print settled rates; gaps are rows of their own, marked as not observed."""
    end_ms = arguments.until if arguments.until is not None else SystemClock().utc_ms() + 1
    if arguments.asset is None:
        _whole_record(arguments)
        return OK
    with open_record(arguments) as store:
        named = instruments_named(store, arguments.asset, arguments.venue)
        settled = {
            one: store.settlements(one[0], one[1], end_ms - int(arguments.since * 1000), end_ms) for one in named
        }
        if arguments.format != "table":
            records = [row for one, rows in settled.items() for row in _records(one, rows)]
            write_records(records[-arguments.limit :] if arguments.limit else records, arguments.format, KEYS)
            return OK
        basis = load_settings(arguments).loaded.settings.display.rate_basis
        if len(settled) == 1:
            _detail(store, named[0], settled[named[0]], basis, arguments.limit or 24)
        else:
            _overview(settled, basis)
    return OK


def _whole_record(arguments: argparse.Namespace) -> None:
    """What the record has, and how long it is kept."""
    lines = record_lines(load_settings(arguments).loaded.settings, record_folder(arguments))
    for subject, text, trouble in lines:
        print(f"{'!' if trouble else ' '} {subject:<9}{clean(text, 400)}")


def hourly_of(one: Settlement) -> float:
    """A settlement's hourly simple rate; NaN where its interval is unknown."""
    return one.rate / one.interval_h


def _records(instrument: tuple[str, str, str], settled: Sequence[Settlement]) -> Iterator[dict[str, Any]]:
    """Rows by time; a gap is a row without a rate, from the last settlement before it until the first after it."""
    holes = dict(gaps(settled))
    venue, symbol, asset = instrument
    base = {"venue": venue, "symbol": symbol, "asset": asset}
    for one in settled:
        hourly = hourly_of(one)
        yield base | {
            "time_ms": one.time_ms,
            "rate": one.rate,
            "interval_h": one.interval_h,
            "hourly": hourly,
            "apr": hourly * HOURS_PER_YEAR,
            "observed": True,
            "until_ms": None,
        }
        if one.time_ms in holes:
            unknown = dict.fromkeys(("rate", "interval_h", "hourly", "apr"))
            yield base | unknown | {"time_ms": one.time_ms, "observed": False, "until_ms": holes[one.time_ms]}


def _unicode() -> bool:
    return "utf" in (sys.stdout.encoding or "").lower()


def _overview(settled: dict[tuple[str, str, str], list[Settlement]], basis: Basis) -> None:
    rows = []
    for (venue, symbol, _), paid in settled.items():
        if not paid:
            rows.append((venue, symbol, "0", MISSING, MISSING, MISSING, MISSING, "nothing settled in this time"))
            continue
        rates = np.array([hourly_of(one) for one in paid])
        rows.append((
            venue, symbol, str(len(paid)), f"{paid[-1].interval_h:g}h" if paid[-1].interval_h > 0 else MISSING,
            _rate(float(rates[-1]), basis), _rate(_mean(rates), basis), str(len(gaps(paid))),
            sparkline(_points(paid), unicode=_unicode()),
        ))  # fmt: skip
    heads = ("venue", "symbol", "settled", "every", "last", "mean", "gaps", "over time")
    write_table(heads, rows, (True, True, False, False, False, False, False, True))


def _rate(hourly: float, basis: Basis) -> str:
    return format_rate(hourly, basis) if math.isfinite(hourly) else MISSING


def _mean(rates: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    known = rates[np.isfinite(rates)]
    return float(known.mean()) if len(known) else math.nan


def _points(paid: Sequence[Settlement]) -> list[float]:
    """Means of equal stretches of time; a stretch in which nothing was observed is empty."""
    first, span = paid[0].time_ms, max(paid[-1].time_ms - paid[0].time_ms, 1)
    count = min(SPARK_POINTS, len(paid))
    sums, numbers = np.zeros(count), np.zeros(count)
    for one in paid:
        place = min((one.time_ms - first) * count // span, count - 1)
        if math.isfinite(hourly_of(one)):
            sums[place] += hourly_of(one)
            numbers[place] += 1
    return [total / number if number else math.nan for total, number in zip(sums, numbers, strict=True)]


def _detail(
    store: SqliteStore, instrument: tuple[str, str, str], paid: Sequence[Settlement], basis: Basis, limit: int
) -> None:
    venue, symbol, asset = instrument
    records = list(_records(instrument, paid))
    rows = []
    for one in records[-limit:]:
        at = format_utc_date(one["time_ms"]).removesuffix(":00")
        if one["observed"]:
            interval = f"{one['interval_h']:g}h" if one["interval_h"] > 0 else "unknown"
            rows.append((at, f"{one['rate'] * 100:+.4f}%", interval, _rate(one["hourly"], basis)))
        else:
            hours = (one["until_ms"] - one["time_ms"]) / HOUR_MS
            rows.append((at, "not observed", f"{hours:g}h", MISSING))
    print(f"{venue} {symbol} ({asset or 'asset unknown'}), settled rates, times in UTC")
    write_table(("settled", "rate", "interval", basis.value), rows, (True, False, False, False))
    if len(paid) > 1:
        width = min(shutil.get_terminal_size().columns, 120)
        times = np.array([one.time_ms for one in paid], np.int64)
        rates = np.array([hourly_of(one) for one in paid])
        print()
        label = partial(format_rate, basis=basis)
        print("\n".join(plot(times, rates, width=width, height=PLOT_LINES, label=label, unicode=_unicode())))
    series = store.series(venue, symbol, 0)
    if len(series.time_ms):
        first, last = format_utc_date(int(series.time_ms[0])), format_utc_date(int(series.time_ms[-1]))
        print(f"\n{len(series.time_ms)} samples of the published rate from {first} to {last}")
    start_ms = paid[0].time_ms if paid else 0
    steps = store.steps(venue, symbol, start_ms)
    _course("premium", steps.time_ms, steps.premium_or_basis, lambda x: format_percent(x, 4))
    _course("open interest", steps.time_ms, steps.oi_usd, format_money)


def _course(title: str, times: Ints, values: Floats, label: Callable[[float], str]) -> None:
    """One line of what was seen each five minutes: its course, and its least, greatest and last value."""
    known = np.isfinite(values)
    if not known.any():
        return
    bins = (times - times[0]) * SPARK_POINTS // max(int(times[-1] - times[0]) + 1, 1)
    means = [float(values[mine].mean()) if (mine := known & (bins == place)).any() else math.nan
             for place in range(min(SPARK_POINTS, len(times)))]  # fmt: skip
    seen = values[known]
    print(f"{title:<14}{sparkline(means, unicode=_unicode())}  "
          f"{label(float(seen.min()))} to {label(float(seen.max()))}, last {label(float(seen[-1]))}")  # fmt: skip
