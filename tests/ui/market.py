"""A small engine over plain tables: what screens read, under the test's control."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fundtui.alerts.book import AlertRow, Away, Why
from fundtui.alerts.message import Message
from fundtui.alerts.records import Delivery, Silence
from fundtui.clock import Clock, SystemClock
from fundtui.config import Loaded, Watcher
from fundtui.config.files import Fingerprint
from fundtui.config.schema import Settings
from fundtui.config.state import Kept, save
from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.imbalance.explain import Explanation, Input
from fundtui.imbalance.explain_origin import Origin, RawField
from fundtui.imbalance.ladder import Rung
from fundtui.imbalance.settled_log import SettledEntry
from fundtui.imbalance.table import Table
from fundtui.query import Query, compile_query
from fundtui.status import Event, EventKind, Severity, VenueHealth, VenueState
from fundtui.text import SafeText
from fundtui.ui.preferences import with_changes
from fundtui.ui.source import CourseReader

START_MS = 1_790_000_000_000
VENUES = (
    "binance", "bybit", "okx", "bitget", "gate", "kucoin", "mexc", "hyperliquid", "dydx",
    "kraken-futures", "deribit", "lighter",
)  # fmt: skip
NAMES = (
    "BTC",
    "ETH",
    "SOL",
    "WIF",
    "PEPE",
    "DOGE",
    "XRP",
    "ADA",
    "AVAX",
    "LINK",
    "ARB",
    "OP",
    "SUI",
    "APT",
    "INJ",
    "TIA",
)
HOURS_PER_YEAR = 8760.0


class Counts(msgspec.Struct, frozen=True):
    """How many alerts are in which state."""

    firing: int = 2
    pending: int = 1
    silenced: int = 0


class AlertDesk:
    """Alerts under the test's control, with a note of everything that a screen asked for."""

    def __init__(self) -> None:
        self.rows: list[AlertRow] = []
        self.why: dict[str, Why] = {}
        self.silences: list[Silence] = []
        self.letters: list[Delivery] = []
        self.asked: list[tuple[Any, ...]] = []
        self.error: OSError | None = None

    def ask(self, *what: Any) -> None:
        """Note a request, or refuse it."""
        if self.error is not None:
            raise self.error
        self.asked.append(what)


class Rows(NamedTuple):
    """Settlements that a record has."""

    rows: tuple[Any, ...] = ()
    total: int = 0
    problem: str = ""


class FakePast:
    """A record's settlements, and which ranges were asked for."""

    def __init__(self) -> None:
        self.kept = False
        self.found = Rows()
        self.asked: list[tuple[int, int]] = []

    async def settlements(self, start_ms: int, end_ms: int) -> Rows:
        self.asked.append((start_ms, end_ms))
        return self.found


class FixedClock:
    """Time that a test moves by hand."""

    def __init__(self, utc_ms: int = START_MS) -> None:
        self.start_ms = utc_ms
        self.seconds = 0.0

    def utc_ms(self) -> int:
        return self.start_ms + round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def timeout(self, seconds: float) -> Any:
        return asyncio.timeout(None)


class Market:
    """Assets and instruments drawn from a seed; `tick` changes a share of them."""

    def __init__(
        self,
        assets: int = 60,
        *,
        per_asset: int = 8,
        seed: int = 7,
        clock: Clock | None = None,
        settings: Settings | None = None,
        names: tuple[str, ...] = NAMES,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.settings: Any = settings or Settings()
        self.mode = "demo"
        self.revision = 1
        self.local_outage = False
        self.events: deque[Event] = deque(maxlen=200)
        self.event_count = 0
        self.started = self.stopped = False
        self.counts = Counts()
        self.desk = AlertDesk()
        self.alert_problem = ""
        self.notices: list[Message] = []
        self.away: Away | None = None
        self.courses: CourseReader | None = None
        self.ladders: dict[int, tuple[Rung, ...]] = {}
        self.healths: tuple[VenueHealth, ...] | None = None
        self.saved: dict[str, Any] = {}
        self._loaded: Loaded | None = None
        self.settled: list[SettledEntry] = []
        self.past = FakePast()
        self.player: Any = None
        self.gone_to: list[int] = []
        self.record_state: Any = None
        self.backfill_progress: Any = None
        self.watcher: Watcher | None = None
        self.first_start = False
        self.random = np.random.default_rng(seed)
        self.tables = {
            level: Table(level, CATALOGUE[level], series_points=96)
            for level in (Level.ASSET, Level.INSTRUMENT, Level.PAIR)
        }
        self._members: list[NDArray[np.int64]] = []
        self.venues = VENUES
        for number in range(assets):
            self.add(names[number] if number < len(names) else f"TOK{number:04d}", per_asset)
        self.touch(np.arange(assets))

    def add(self, asset: str, instruments: int) -> int:
        """A new asset with that many instruments on different venues."""
        table, leaves = self.tables[Level.ASSET], self.tables[Level.INSTRUMENT]
        row = table.add(asset)
        self.put(table, row, "asset", asset)
        table.columns["price"][row] = 10 ** self.random.uniform(-5, 5)
        members = []
        for index in range(instruments):
            venue = VENUES[(row + index) % len(VENUES)]
            leaf = leaves.add(f"{venue} {asset}USDT")
            members.append(leaf)
            for key, text in (("venue", venue), ("symbol", f"{asset}USDT"), ("asset", asset), ("status", "trading")):
                self.put(leaves, leaf, key, text)
            leaves.columns["interval_h"][leaf] = (8.0, 4.0, 1.0)[index % 3]
            leaves.columns["oi_usd"][leaf] = 10 ** self.random.uniform(6, 9)
            leaves.columns["apr"][leaf] = self.random.normal(0.1, 0.4) / HOURS_PER_YEAR
        self._members.append(np.array(members, np.int64))
        table.series["trend"][row] = np.cumsum(self.random.normal(0, 1e-6, 96)) + 1e-5
        return row

    @staticmethod
    def put(table: Table, row: int, key: str, text: str) -> None:
        """Set a text cell."""
        table.columns[key][row] = table.code(key, text)

    def touch(self, rows: NDArray[np.int64]) -> None:
        """Give these assets new figures."""
        now = self.clock.utc_ms()
        for row in rows.tolist():
            self._instruments(row, now)
            self._asset(row, now)
        table = self.tables[Level.ASSET]
        table.version[rows] += 1
        table.revision += 1
        self.revision += 1

    def _instruments(self, row: int, now: int) -> None:
        leaves, members = self.tables[Level.INSTRUMENT], self._members[row]
        apr = leaves.columns["apr"]
        apr[members] += self.random.normal(0, 0.02, len(members)) / HOURS_PER_YEAR
        leaves.columns["rate"][members] = apr[members] * leaves.columns["interval_h"][members]
        leaves.columns["next_funding_ms"][members] = (now // 3_600_000 + 1) * 3_600_000
        leaves.columns["premium"][members] = apr[members] * 8
        leaves.columns["theory"][members] = apr[members] * 0.98
        leaves.columns["divergence"][members] = apr[members] * 0.02
        leaves.columns["cap_use"][members] = np.abs(apr[members]) * 500
        leaves.columns["excess"][members] = apr[members] - 0.1095 / HOURS_PER_YEAR
        leaves.columns["observed_ms"][members] = now
        leaves.version[members] += 1

    def _asset(self, row: int, now: int) -> None:
        table, leaves, members = self.tables[Level.ASSET], self.tables[Level.INSTRUMENT], self._members[row]
        apr = leaves.columns["apr"][members]
        low, high = int(apr.argmin()), int(apr.argmax())
        columns = table.columns
        columns["consensus"][row] = np.median(apr)
        columns["low_rate"][row], columns["high_rate"][row] = apr[low], apr[high]
        columns["spread"][row] = apr[high] - apr[low]
        self.put(table, row, "long", leaves.text("venue", int(members[low])))
        self.put(table, row, "short", leaves.text("venue", int(members[high])))
        columns["excess"][row] = np.median(apr) - 0.1095 / HOURS_PER_YEAR
        columns["premium"][row] = np.median(apr) * 8
        columns["divergence"][row] = apr[high] * 0.02
        columns["z"][row] = abs(self.random.normal(1.5, 1))
        columns["breakeven"][row] = self.random.exponential(60)
        columns["oi_usd"][row] = leaves.columns["oi_usd"][members].sum()
        columns["next_funding_ms"][row] = (now // 3_600_000 + 1) * 3_600_000
        columns["venues"][row] = columns["instruments"][row] = len(members)
        columns["excluded"][row] = 0.0

    def exclude(self, row: int, reason: str) -> None:
        """Leave the first instrument of an asset out, with a reason."""
        leaf = int(self._members[row][0])
        self.put(self.tables[Level.INSTRUMENT], leaf, "reasons", reason)
        self.tables[Level.ASSET].columns["excluded"][row] = 1.0
        self.revision += 1

    def tick(self, share: float) -> NDArray[np.int64]:
        """Change that share of all assets; the rows changed."""
        count = self.tables[Level.ASSET].count
        rows = self.random.choice(count, max(int(count * share), 1), replace=False)
        self.touch(rows)
        return rows

    def report(self, text: str, severity: Severity = Severity.INFO) -> None:
        """Add an event to the journal."""
        event = Event(
            time_ms=self.clock.utc_ms(), kind=EventKind.VENUE_RECOVERED, text=SafeText(text), severity=severity
        )
        self.events.append(event)
        self.event_count += 1
        self.revision += 1

    # -- the read side

    def table(self, level: Level) -> Table:
        return self.tables[level]

    def instrument_rows(self, asset_row: int) -> NDArray[np.int64]:
        return self._members[asset_row]

    def health(self) -> tuple[VenueHealth, ...]:
        if self.healths is not None:
            return self.healths
        down = {"lighter"}
        return tuple(
            VenueHealth(
                venue=venue,
                title=venue.title(),
                state=VenueState.DOWN if venue in down else VenueState.UP,
                age_s=14.0 if venue in down else 3.0,
                cadence_s=15.0,
            )
            for venue in self.venues
        )

    def select(self, text: str, level: Level) -> Query:
        return compile_query(text, level)

    explained = ""
    """Text that stands wherever an explanation can have remote text."""

    def explain(self, level: Level, row: int, key: str) -> Explanation:
        table = self.tables[level]
        metric = table.metrics[key]
        said = self.explained
        return Explanation(
            title=f"{table.keys[row]} {key}", key=key, level=level, subject=table.keys[row], value=said or "+1.0%",
            number=0.01, help=metric.help, formula=metric.formula, substituted="1 + 1", source="methodology §1",
            inputs=(
                Input(name="rate", value=1.0, unit="rate", text=said or "+1.0%", age_s=3.0, origin=said or "bybit"),
            ),
            exclusions=(said or "okx: stale",),
            origins=(
                Origin(
                    instrument=f"bybit {table.keys[row]}", observed_ms=self.clock.utc_ms(), age_s=3.0, interval="8h",
                    interval_h=8.0, interval_origin="tickers fundingIntervalHour", rate_period_h=8.0,
                    rate_kind="predicted", multiplier=1000.0,
                    raw=(RawField("tickers", "fundingRate", said or "0.0001", "rate"),),
                ),
            ),
        )  # fmt: skip

    def alert_counts(self) -> Counts:
        return self.counts

    notice_count = 0

    def notices_since(self, count: int) -> list[Message]:
        return self.notices[count:]

    def here(self) -> Away | None:
        away, self.away = self.away, None
        return away

    def alerts(self) -> list[AlertRow]:
        return self.desk.rows

    def why_alert(self, name: str) -> Why:
        return self.desk.why[name]

    def silences(self) -> list[Silence]:
        return self.desk.silences

    def dead_letters(self) -> list[Delivery]:
        return self.desk.letters

    async def acknowledge(self, name: str, by: str = "") -> None:
        self.desk.ask("acknowledge", name)

    async def silence(
        self, until_ms: int, reason: str, *, rule: str = "", subject: str = "", asset: str = "", venue: str = ""
    ) -> None:
        self.desk.ask("silence", until_ms, reason, rule, subject)

    async def lift_silence(self, name: str) -> None:
        self.desk.ask("lift", name)

    async def see_dead_letters(self) -> None:
        self.desk.ask("see")

    def settled_lately(self, limit: int) -> list[SettledEntry]:
        return self.settled[:limit]

    @property
    def settled_count(self) -> int:
        return len(self.settled)

    async def go_to(self, at_ms: int) -> None:
        self.gone_to.append(at_ms)

    async def go_to_next_event(self) -> bool:
        self.gone_to.append(-1)
        return len(self.gone_to) < 2

    def pair_ladder(self, row: int) -> tuple[Rung, ...]:
        return self.ladders[row]

    @property
    def configuration(self) -> Loaded:
        if self.watcher is not None:
            return self.watcher.loaded
        if self._loaded is None or self._loaded.settings is not self.settings:
            nowhere = Path("/nonexistent/fundtui")
            self._loaded = Loaded(
                settings=self.settings,
                origins={},
                warnings=(),
                path=nowhere / "config.toml",
                state_path=nowhere / "state.toml",
                seen=(Fingerprint() if self.first_start else Fingerprint(size=0), Fingerprint()),
            )
        return self._loaded

    def save_state(self, changes: Mapping[str, Any]) -> Kept:
        self.saved.update(changes)
        if self.watcher is None:
            return Kept(with_changes(self.settings, changes))
        aside = save(self.watcher.loaded.state_path, changes)
        return Kept(self.watcher.ahead(), aside)

    def look(self) -> None:
        """What the engine does each second: take over files that were edited."""
        if self.watcher is not None and self.watcher.poll() and not self.watcher.problems:
            self.settings = self.watcher.loaded.settings

    async def start(self, *, alerts: bool = True) -> None:
        self.started = True

    async def open_alerts(self) -> None:
        return None

    async def first_rows(self) -> None:
        return None

    async def stop(self) -> None:
        self.stopped = True
