"""A small market for alerts: tables with a few rows, hours that pass on demand, and short ways to write rules."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from fundtui.alerts.machine import Told
from fundtui.alerts.message import Message, decode
from fundtui.alerts.records import Change, Silence, Stored
from fundtui.alerts.room import Room, SinkPace
from fundtui.alerts.rule import Rule, rules_of
from fundtui.config.schema import AlertRule, Alerts, Settings
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.table import Table
from fundtui.status import VenueHealth, VenueState

START_MS = 1_790_000_000_000
HOURS_PER_YEAR = 8760.0
WIDE = AlertRule(when="spread > 25%")


def settings(rules: dict[str, AlertRule] | None = None, **alerts: object) -> Settings:
    """Settings with only these rules; groups are told at once unless said otherwise."""
    chosen: dict[str, object] = {"defaults": False, "group_wait": 0.0, "group_interval": 60.0, **alerts}
    return Settings(alerts=Alerts(rules=rules or {}, **chosen))  # type: ignore[arg-type]


class Market:
    """Tables whose rows are set by hand, and a room that watches them."""

    def __init__(self, wanted: Settings, sinks: Iterable[str] = ("terminal",), stored: Stored | None = None) -> None:
        self.settings = wanted
        self.sinks = {name: SinkPace(per_minute=60, per_hour=3600) for name in sinks}
        self.assets = Table(Level.ASSET, CATALOGUE[Level.ASSET], 16)
        self.instruments = Table(Level.INSTRUMENT, CATALOGUE[Level.INSTRUMENT], 16)
        self.now_s = 0.0
        self.room = Room(wanted, self.rules(), self.sinks, stored or Stored(), self.now_ms)
        if stored is None:
            self.venues(up=("okx",))

    @property
    def now_ms(self) -> int:
        return START_MS + round(self.now_s * 1000)

    def rules(self) -> tuple[Rule, ...]:
        return rules_of(self.settings)

    def venues(
        self, *, up: Iterable[str] = (), down: Iterable[str] = (), silent: Iterable[str] = (), outage: bool = False
    ) -> None:
        """Say how the venues are: up ones answered just now, down ones an hour ago, silent ones never yet."""
        health = [self._health(name, VenueState.UP, 2.0) for name in up]
        health += [VenueHealth(venue=name, title=name, state=VenueState.STARTING) for name in silent]
        health += [self._health(name, VenueState.DOWN, 3600.0) for name in down]
        self.room.readings.health(health, local_outage=outage, now_ms=self.now_ms, now_s=self.now_s)

    def _health(self, name: str, state: VenueState, age_s: float) -> VenueHealth:
        return VenueHealth(venue=name, title=name, state=state, age_s=age_s, cadence_s=15.0, rows=5)

    def write(self, level: Level, key: str, **cells: float | str) -> int:
        """Write a row in stored units."""
        table = self.assets if level is Level.ASSET else self.instruments
        row = table.index[key] if key in table.index else table.add(key)
        for name, value in cells.items():
            table.columns[name][row] = table.code(name, value) if isinstance(value, str) else value
        return row

    def set(self, level: Level, key: str, **cells: float | str) -> int:
        """Write a row in stored units and have it looked at."""
        row = self.write(level, key, **cells)
        table = self.assets if level is Level.ASSET else self.instruments
        self.room.readings.observe(table, np.array([row]), self.now_ms, self.now_s)
        return row

    def asset(self, name: str, spread_apr: float, **cells: float | str) -> int:
        return self.set(Level.ASSET, name, asset=name, spread=spread_apr / HOURS_PER_YEAR, **cells)

    def instrument(self, venue: str, asset: str, apr: float, **cells: float | str) -> int:
        hourly = apr / HOURS_PER_YEAR
        return self.set(Level.INSTRUMENT, f"{venue} {asset}", venue=venue, asset=asset, apr=hourly, **cells)

    def wait(self, seconds: float, step_s: float = 15.0) -> None:
        """Let time pass, looking again every step."""
        end = self.now_s + seconds
        while self.now_s < end - 1e-9:
            self.now_s = min(self.now_s + step_s, end)
            self.tick()

    def tick(self) -> None:
        self.room.readings.tick((self.instruments, self.assets), self.now_ms, self.now_s)

    def take(self) -> Change:
        return self.room.take(self.now_ms)


def told(change: Change) -> list[tuple[str, Told]]:
    """What of a change is told: subjects and how."""
    return [(one.subject.key, one.told) for one in change.transitions]


def messages(change: Change) -> list[Message]:
    """The notices of a change."""
    return [decode(delivery.body) for delivery in change.deliveries]


def silence(market: Market, **fields: object) -> Silence:
    """An hour's silence from now, unless said otherwise."""
    values: dict[str, object] = {
        "id": "s1", "from_ms": market.now_ms, "until_ms": market.now_ms + 3_600_000, "reason": "known", **fields
    }  # fmt: skip
    return msgspec.convert(values, Silence)
