"""A calculator that was fed a few quotes, and short ways to look at its tables."""

from __future__ import annotations

from typing import Any

from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.metric import Unit
from fundtui.imbalance.table import Table
from fundtui.market import Quote, Reason

from .builders import START_MS, batch, contract, quote

X1 = {
    "binance": (1.25e-5, 9e9),
    "bybit": (1.5e-5, 5e9),
    "okx": (0.75e-5, 3.5e9),
    "hyperliquid": (3e-5, 2e9),
    "dydx": (-0.4e-5, 0.5e9),
}
"""The worked panel of methodology §3: hourly rate and open interest."""


def fed(*quotes: Quote, at_ms: int = START_MS, calculator: Calculator | None = None) -> Calculator:
    calculator = calculator or Calculator(capacity=4)
    venues: dict[str, list[Quote]] = {}
    for each in quotes:
        venues.setdefault(each.contract.venue, []).append(each)
    for venue, listed in venues.items():
        calculator.apply(batch(venue, at_ms, *listed), at_ms)
    calculator.tick(at_ms)
    return calculator


def asset(calculator: Calculator, key: str, name: str = "BTC") -> Any:
    return value(calculator.assets, calculator.assets.index[name], key)


def instrument(calculator: Calculator, key: str, name: str) -> Any:
    return value(calculator.instruments, calculator.instruments.index[name], key)


def value(table: Table, row: int, key: str) -> Any:
    if table.metrics[key].unit is Unit.TEXT:
        return table.text(key, row)
    return float(table.columns[key][row])


def reasons(calculator: Calculator, name: str) -> tuple[Reason, ...]:
    return calculator.reasons(calculator.instruments.index[name])


def panel(at_ms: int = START_MS) -> list[Quote]:
    return [quote(contract(venue), at_ms, 8 * hourly, oi_usd=oi) for venue, (hourly, oi) in X1.items()]
