"""A market in which every screen has something to show, the same each time."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec
import numpy as np

from fundtui.alerts.alert import Subject
from fundtui.alerts.book import AlertRow, Standing, Term, Why
from fundtui.alerts.records import Delivery, DeliveryState, Silence
from fundtui.config.schema import Costs, Position, Settings, Side
from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.ladder import FlowKind, Rung
from fundtui.imbalance.settled_log import SettledEntry
from fundtui.status import EndpointHealth, Event, EventKind, Severity, VenueHealth, VenueState
from fundtui.text import clean
from tests.ui.market import START_MS, FixedClock, Market

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
POSITIONS = {
    "hedge": Position(venue="binance", symbol="BTCUSDT", side=Side.SHORT, size=2.0, entry=110.0, leverage=5.0),
    "bag": Position(venue="bybit", symbol="BTCUSDT", side=Side.LONG, size=3.0, liquidation=95.0),
    "gone": Position(venue="okx", symbol="NOPE", side=Side.LONG, size=1.0),
}


def settings(**changes: Any) -> Settings:
    """The settings of the market: positions, and costs for 100,000 dollars a leg."""
    return msgspec.structs.replace(Settings(), **({"positions": POSITIONS, "costs": Costs(size_usd=1e5)} | changes))


def market(*, assets: int = 30, kind: type[Market] = Market) -> Market:
    """The market."""
    made = kind(assets, clock=FixedClock(), settings=settings())
    say_everywhere(made, "")
    positions(made)
    return made


def say_everywhere(made: Market, text: str) -> None:
    """Put a text wherever remote text can appear; an empty one: what usually stands there."""
    venues(made, text)
    journal(made, text)
    pairs(made, text)
    alerts(made, text)
    leaves = made.table(Level.INSTRUMENT)
    if text:
        for leaf in range(leaves.count):
            for key in ("symbol", "reasons", "flag"):
                made.put(leaves, leaf, key, text)


def venues(made: Market, text: str) -> None:
    """Three venues: well, banned, and never heard of again."""
    made.healths = (
        VenueHealth(
            venue="binance", title="Binance USD-M", state=VenueState.UP, age_s=4.0, cadence_s=10.0, latency_s=0.084,
            latencies_s=(0.080, 0.084, 0.200), rows=612, polls=40, weight_used=0.18, next_in_s=6.0,
            rejected={clean(text or "no rate"): 3},
            endpoints=(
                EndpointHealth(name="premiumIndex", age_s=4.0, latency_s=0.084, answer_bytes=136_000, next_in_s=6.0),
                EndpointHealth(name="openInterest", age_s=70.0, latency_s=1.3, failures=2,
                               error=clean(text or "timeout")),
            ),
        ),
        VenueHealth(
            venue="bybit", title="Bybit", state=VenueState.BANNED, age_s=100.0, cadence_s=10.0, latency_s=0.2,
            rows=702, polls=90, failures=3, weight_used=0.5, next_in_s=1000.0, until_ms=START_MS + 20 * MINUTE_MS,
            last_error=clean(text or "418 banned until 14:33"), last_error_ms=START_MS - MINUTE_MS,
        ),
        VenueHealth(venue="okx", title="OKX", state=VenueState.OFF, experimental=""),
    )  # fmt: skip


def journal(made: Market, text: str) -> None:
    """An incident, a contract change, and one settlement with a surprise."""
    for event in (
        Event(time_ms=START_MS - 2 * HOUR_MS, kind=EventKind.VENUE_DOWN, severity=Severity.CRITICAL,
              text=clean(text or "okx down: timeout (10 s) x3"), venue="okx"),
        Event(time_ms=START_MS - HOUR_MS, kind=EventKind.INTERVAL_CHANGED, severity=Severity.WARNING,
              text=clean(text or "binance INJ interval 8h to 1h"), venue="binance", asset="INJ", symbol="INJUSDT",
              before="8h", after="1h"),
        Event(time_ms=START_MS - MINUTE_MS, kind=EventKind.VENUE_RECOVERED, text=clean(text or "okx recovered"),
              venue="okx"),
    ):  # fmt: skip
        made.events.append(event)
        made.event_count += 1
    # 16 bp per 8 hours eight hours ago, 0.1 bp an hour more than announced.
    made.settled = [SettledEntry("binance BTCUSDT", START_MS - 8 * HOUR_MS, 2e-4, 8.0, 1e-5, 5e-6)]


def pairs(made: Market, text: str) -> None:
    """Two pairs: BTC earns 20 bp, ETH loses 10 bp."""
    table = made.table(Level.PAIR)
    for asset, short, long, net in (("BTC", "binance", "bybit", 20e-4), ("ETH", "bybit", "okx", -10e-4)):
        name = f"{asset} perp-perp"
        row = table.index[name] if name in table.index else table.add(name)
        for key, value in (
            ("asset", asset), ("trade", "perp-perp"), ("short", short), ("long", long),
            ("short_symbol", f"{asset}USDT"), ("long_symbol", f"{asset}USDT"),
            ("assumptions", clean(text or "default fee")), ("size_limit", "Kelly fraction"), ("exit_condition", ""),
        ):  # fmt: skip
            made.put(table, row, key, value)
        columns = table.columns
        for key, number in (
            ("net", net), ("net_apr", net / 168), ("gross", net + 21e-4), ("cost", 21e-4), ("gain", 0.0),
            ("breakeven", 14.0 if net > 0 else 1440.0), ("spread", 3e-5), ("size_usd", 50_000.0), ("fifth", -5e-4),
            ("ceiling", math.nan), ("sd", 15e-4), ("worst", -600e-4), ("touch", 0.001), ("score", net / 100),
        ):  # fmt: skip
            columns[key][row] = number
        made.ladders[row] = (
            Rung(START_MS, FlowKind.ENTRY, -10e-4, -10e-4, 0.0, known=True),
            Rung(START_MS + 2 * HOUR_MS, FlowKind.SHORT, 25e-4, 15e-4, 0.0, known=True),
            Rung(START_MS + 10 * HOUR_MS, FlowKind.LONG, 16e-4, 31e-4, 5e-4, known=False),
            Rung(START_MS + 168 * HOUR_MS, FlowKind.EXIT, -11e-4, 20e-4, 5e-4, known=True),
        )
    leaves = made.table(Level.INSTRUMENT)
    leaves.columns["half_life"][leaves.index["binance BTCUSDT"]] = 9.0


def positions(made: Market) -> None:
    """BTC at 100 on both venues: 0.08 % per 8 h on binance, −0.01 % per 1 h on bybit, due in half an hour."""
    leaves = made.table(Level.INSTRUMENT)
    for key, mark, hourly, hours in (("binance BTCUSDT", 100.0, 1e-4, 8.0), ("bybit BTCUSDT", 100.0, -1e-4, 1.0)):
        leaf = leaves.index[key]
        columns = leaves.columns
        columns["mark"][leaf], columns["apr"][leaf], columns["interval_h"][leaf] = mark, hourly, hours
        columns["rate"][leaf], columns["hourly"][leaf] = hourly * hours, hourly
        columns["next_funding_ms"][leaf] = START_MS + 30 * MINUTE_MS
        columns["volatility"][leaf] = np.nan


def alerts(made: Market, text: str) -> None:
    """One of each standing, a silence, and a notice that was given up."""
    desk = made.desk
    desk.rows = [
        _alert("f1", "wide-spread", "WIF", Standing.FIRING, 5, text or "WIF: 212.7% (spread > 25%), for 5m"),
        _alert("p1", "at-cap", "BTC", Standing.PENDING, 1, text or "BTC: 98% (cap_use >= 95%)"),
        _alert("s1", "stale-venue", "okx", Standing.SILENCED, 30, text or "okx: data 400 s old"),
        _alert("o1", "wide-spread", "ETH", Standing.OVER, 10, text or "ETH resolved after 20m"),
    ]
    desk.silences = [
        Silence(id="q1", from_ms=START_MS - HOUR_MS, until_ms=START_MS + HOUR_MS, reason=clean(text or "maintenance"),
                rule="stale-venue", subject="okx")
    ]  # fmt: skip
    desk.letters = [
        Delivery(key="k1", sink="ntfy", created_ms=START_MS - HOUR_MS, due_ms=START_MS, body=b'{"text":"hello"}',
                 state=DeliveryState.DEAD, tries=9, error=clean(text or "404 not found"))
    ]  # fmt: skip
    for row in desk.rows:
        desk.why[row.id] = Why(
            alert=row, summary=clean(text or "The spread is wide."), when="spread > 25%", clear="spread < 20%",
            wait_s=300.0, keep_firing_s=60.0, until_settlement=True,
            terms=(Term(source="spread > 25%", text="+212.7%", value=2.127, threshold=0.25, holds=True),),
            told=(("ntfy", START_MS - MINUTE_MS),), sinks=("ntfy",),
        )  # fmt: skip


def _alert(name: str, rule: str, subject: str, standing: Standing, minutes: int, text: str) -> AlertRow:
    level = Level.VENUE if rule == "stale-venue" else Level.ASSET
    since = START_MS - minutes * MINUTE_MS
    over = standing is Standing.OVER
    return AlertRow(
        id=name, rule=rule, subject=Subject(level, subject, subject if level is Level.VENUE else "",
                                            subject if level is Level.ASSET else ""),
        severity=Severity.WARNING, standing=standing, text=clean(text), since_ms=since,
        fired_ms=since - 20 * MINUTE_MS if over else since, ended_ms=since if over else None,
        muted="silenced: maintenance" if standing is Standing.SILENCED else "",
    )  # fmt: skip


class Kept(NamedTuple):
    """A settlement of the record."""

    venue: str
    symbol: str
    time_ms: int
    hourly: float
    interval_h: float
    surprise: float
