"""The real series beside the repository, as arrays."""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections import defaultdict
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from fundtui.imbalance.rows import Floats, Ints
from fundtui.units import HOUR_MS
from tests.imbalance.vectors import HISTORY


class Series(NamedTuple):
    """Settlements of one instrument: times in UTC ms, rates per settlement, interval in hours (NaN: not told)."""

    times: Ints
    rates: Floats
    intervals: Floats


def read(name: str) -> list[dict[str, str]]:
    with gzip.open(HISTORY / name, "rt") as lines:
        return list(csv.DictReader(lines))


def number(text: str | None) -> float:
    return float(text) if text else math.nan


def series(rows: list[dict[str, str]]) -> Series:
    return Series(
        np.array([int(row["settle_ms"]) for row in rows]),
        np.array([number(row["rate"]) for row in rows]),
        np.array([number(row.get("interval_h")) for row in rows]),
    )


@cache
def all_series() -> dict[str, Series]:
    """Every series under its name in reference_stats.json."""
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read("funding_2020_2023_7venues_BTC_ETH.csv.gz"):
        groups[f"2020_2023/{row['venue']}/{row['asset']}"].append(row)
    for row in read("funding_2020_2026_binance_5assets.csv.gz"):
        groups[f"2020_2026/binance/{row['asset']}"].append(row)
        if row["asset"] == "BTC":
            year = np.datetime64(int(row["settle_ms"]), "ms").astype("datetime64[Y]")
            groups[f"year/binance/BTC/{year}"].append(row)
    for row in read("funding_2025_2026_binance_bybit_hyperliquid.csv.gz"):
        groups[f"2025_2026/{row['venue']}/{row['symbol']}"].append(row)
    return {name: series(rows) for name, rows in groups.items()}


@cache
def reference() -> dict[str, Any]:
    """reference_stats.json."""
    loaded: dict[str, Any] = json.loads((HISTORY / "reference_stats.json").read_text())
    return loaded


def with_intervals(found: Series) -> Series:
    """The same with every interval known: where it is not told, the time since the last settlement, in whole hours."""
    since = np.diff(found.times, prepend=found.times[0] - 8 * HOUR_MS) / HOUR_MS
    return found._replace(intervals=np.where(np.isfinite(found.intervals), found.intervals, np.round(since)))
