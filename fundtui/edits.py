"""Settings that are edited while the program runs: what the calculator takes from them, and what has to wait."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fundtui.config import Settings, Watcher
from fundtui.config.schema import Execution
from fundtui.fees import own_fees
from fundtui.imbalance.calculator import CalculatorSettings
from fundtui.imbalance.pairs import CarrySettings
from fundtui.imbalance.rates import Money
from fundtui.status import Severity


def calculator_settings(settings: Settings) -> CalculatorSettings:
    """What the calculator takes from the configuration."""
    costs, money = settings.costs, settings.carry
    return CalculatorSettings(
        money=Money(quote_rate=money.quote_rate, yields=dict(money.base_yields)),
        carry=CarrySettings(
            notional_usd=costs.size_usd,
            equity_usd=costs.equity_usd,
            leverage=costs.leverage,
            fees=own_fees(settings),
            maker=costs.execution is Execution.MAKER,
            horizon_h=costs.horizon / 3600.0,
            half_spread=costs.half_spread,
            impact=costs.impact,
            margin_buffer=costs.margin_buffer,
        ),
    )


def told(watcher: Watcher, before: Settings) -> Iterator[tuple[str, Severity]]:
    """What there is to say of an edit that has just been read: why it is not taken over, or that it is."""
    for problem in watcher.problems:
        yield f"configuration not taken over: {problem}", Severity.WARNING
    if not watcher.problems:
        later = at_next_start(before, watcher.loaded.settings)
        waiting = f"; {', '.join(later)} at the next start" if later else ""
        yield f"configuration taken over{waiting}", Severity.INFO


def at_next_start(before: Settings, after: Settings) -> tuple[str, ...]:
    """The parts that differ and that a running program does not take over."""
    sections = []
    taken, wanted = before.polling, after.polling
    if msgspec.structs.replace(taken, timeout=wanted.timeout, premium_history=wanted.premium_history) != wanted:
        # The transport and the limiters are made with them; how long a request may take is not.
        sections.append("polling")
    if before.history != after.history:
        sections.append("history")
    if _addresses(before) != _addresses(after):
        sections.append("venues.*.base_url")
    return tuple(f"[{name}]" for name in sections)


def _addresses(settings: Settings) -> dict[str, str]:
    return {name: one.base_url for name, one in settings.venues.named.items() if one.base_url}
