"""What has happened: contract changes, incidents, what alerts said, and settlements with what nobody had announced."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.table import Table
from fundtui.status import Event, EventKind, Severity
from fundtui.ui.cells import Scene, rate_role
from fundtui.ui.pieces import Line
from fundtui.ui.screens.listing import ListScreen, bindings_of
from fundtui.ui.screens.venues import moment
from fundtui.ui.widgets.listing import Field
from fundtui.units import HOUR_MS, MISSING, format_age, format_rate, format_utc_date

# More settlements than that are read by nobody; the newest, and among them the most surprising, stay.
MOST_SETTLEMENTS = 400

_MARKS = {Severity.INFO: "", Severity.WARNING: "!", Severity.CRITICAL: "!!"}
_ROLES = {Severity.INFO: "plain", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}

CONTRACT, INCIDENT, MARKET, SETTLEMENT, ALERT, PROGRAM = (
    "contract", "incident", "market", "settlement", "alert", "program",
)  # fmt: skip
GROUPS = {
    EventKind.VENUE_DOWN: INCIDENT,
    EventKind.VENUE_RECOVERED: INCIDENT,
    EventKind.VENUE_BANNED: INCIDENT,
    EventKind.VENUE_LIMITED: INCIDENT,
    EventKind.VENUE_BLOCKED: INCIDENT,
    EventKind.LOCAL_OUTAGE: INCIDENT,
    EventKind.LOCAL_OUTAGE_OVER: INCIDENT,
    EventKind.STALE: INCIDENT,
    EventKind.CLOCK: INCIDENT,
    EventKind.INTERVAL_CHANGED: CONTRACT,
    EventKind.CAP_CHANGED: CONTRACT,
    EventKind.FLOOR_CHANGED: CONTRACT,
    EventKind.SETTLEMENT_CLOCK_CHANGED: CONTRACT,
    EventKind.STATUS_CHANGED: CONTRACT,
    EventKind.MULTIPLIER_CHANGED: CONTRACT,
    EventKind.LISTED: CONTRACT,
    EventKind.DELISTED: CONTRACT,
    EventKind.QUARANTINED: CONTRACT,
    EventKind.QUARANTINE_OVER: CONTRACT,
    EventKind.AT_CAP: MARKET,
    EventKind.DEPEG: MARKET,
    EventKind.PURGE: MARKET,
    EventKind.SETTLED: SETTLEMENT,
    EventKind.ALERT: ALERT,
    EventKind.CONFIG: PROGRAM,
    EventKind.RECORD: PROGRAM,
    EventKind.DEFECT: PROGRAM,
}
SHOWN = ("", CONTRACT, INCIDENT, SETTLEMENT, MARKET, ALERT, PROGRAM)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal. `surprise` is an hourly rate, for settlements."""

    key: str
    time_ms: int
    group: str
    kind: str
    text: str
    severity: Severity = Severity.INFO
    venue: str = ""
    asset: str = ""
    symbol: str = ""
    before: str = ""
    after: str = ""
    surprise: float = math.nan


def entry_of(event: Event, number: int) -> Entry:
    """An event of the engine's journal."""
    return Entry(
        key=f"event {number}",
        time_ms=event.time_ms,
        group=GROUPS.get(event.kind, PROGRAM),
        kind=event.kind.value.replace("_", " "),
        text=event.text,
        severity=event.severity,
        venue=event.venue,
        asset=event.asset,
        symbol=event.symbol,
        before=event.before,
        after=event.after,
    )


def settled(table: Table, scene: Scene) -> list[Entry]:
    """The last settlement of every instrument whose announced rate was seen before it."""
    count = table.count
    columns = table.columns
    surprise, hours = columns["surprise"][:count], columns["interval_h"][:count]
    # The last settlement is one interval before the next; while that one is due it is the one before.
    at_ms = columns["next_funding_ms"][:count] - hours * HOUR_MS
    rows = np.flatnonzero(np.isfinite(surprise) & np.isfinite(at_ms) & (at_ms <= scene.now_ms) & table.alive[:count])
    order = np.lexsort((-np.abs(surprise[rows]), -at_ms[rows]))[:MOST_SETTLEMENTS]
    return [_settlement(table, row, int(at_ms[row]), scene) for row in rows[order].tolist()]


def _settlement(table: Table, row: int, at_ms: int, scene: Scene) -> Entry:
    columns = table.columns
    venue, asset = table.text("venue", row), table.text("asset", row)
    rate, hourly = float(columns["rate"][row]), float(columns["hourly"][row])
    paid = float(columns["settled_rate"][row]) * (hourly / rate) if rate else math.nan
    surprise = float(columns["surprise"][row])
    what = "as announced" if not round(surprise * 1e4 * 8, 2) else f"{format_rate(surprise, scene.basis)} to announced"
    return Entry(
        key=f"settled {venue} {table.text('symbol', row)} {at_ms}",
        time_ms=at_ms,
        group=SETTLEMENT,
        kind="settled",
        text=f"{venue} {asset} paid {format_rate(paid, scene.basis)}, {what}",
        venue=venue,
        asset=asset,
        symbol=table.text("symbol", row),
        surprise=surprise,
    )


def _surprise(scene: Scene, entry: Entry, width: int) -> Line:
    if math.isnan(entry.surprise):
        return [("", "dim")]
    return [(format_rate(entry.surprise, scene.basis), rate_role(entry.surprise))]


def _time(scene: Scene, entry: Entry, width: int) -> Line:
    return [(moment(entry.time_ms, scene.now_ms), "dim")]


FIELDS = (
    Field(key="time", title="UTC", width=11, right=False, value=lambda entry: float(entry.time_ms), cell=_time,
          falling=True, help="When; with the date where it was not today."),
    Field(key="severity", title="", width=2, right=False, value=lambda entry: _MARKS[entry.severity],
          cell=lambda scene, entry, width: [(_MARKS[entry.severity], _ROLES[entry.severity])]),
    Field(key="kind", title="kind", width=18, right=False, rank=2, value=lambda entry: entry.kind,
          cell=lambda scene, entry, width: [(entry.kind, "dim")], help="What kind of event."),
    Field(key="venue", title="venue", width=13, right=False, rank=3, value=lambda entry: entry.venue,
          cell=lambda scene, entry, width: [(entry.venue, "plain")], help="The venue that it is about."),
    Field(key="asset", title="asset", width=9, right=False, rank=1, value=lambda entry: entry.asset,
          cell=lambda scene, entry, width: [(entry.asset, "bright")], help="The asset that it is about."),
    Field(key="surprise", title="surprise", width=9, rank=4, value=lambda entry: entry.surprise, cell=_surprise,
          falling=True, help="Settled rate less what was announced half an hour before."),
    Field(key="what", title="what", width=52, right=False, grows=True, value=lambda entry: entry.text,
          cell=lambda scene, entry, width: [(entry.text, _ROLES[entry.severity])], help="The whole sentence."),
)  # fmt: skip


class JournalScreen(ListScreen):
    """Newest first; `f` narrows it to one group of kinds."""

    NAME = "journal"
    TITLE_TEXT = "Journal"
    FIELDS = FIELDS
    MORE_COLUMNS = ("group", "symbol")
    SORT = ("time", True)
    BINDINGS = bindings_of("journal")
    group = ""

    def rows(self) -> Sequence[Entry]:
        first = self.source.event_count - len(self.source.events)
        entries = [entry_of(event, first + place) for place, event in enumerate(self.source.events)]
        entries += settled(self.source.table(Level.INSTRUMENT), self.scene())
        return [entry for entry in entries if not self.group or entry.group == self.group]

    def key_of(self, row: Entry) -> str:
        return row.key

    def asset_of(self, row: Entry) -> str:
        return row.asset

    def subtitle(self) -> str:
        return self.group or "all kinds"

    def notice(self) -> Sequence[Line]:
        return [[(f"  no {self.group or 'event'} yet", "dim")]]

    def values(self, row: Entry) -> dict[str, float | str]:
        return super().values(row) | {"group": row.group, "symbol": row.symbol}

    def action_kinds(self, step: int) -> None:
        self.group = SHOWN[(SHOWN.index(self.group) + step) % len(SHOWN)]
        self.list.release()
        self.list.cursor_key, self.list.cursor, self.list.top = None, 0, 0
        self.draw()

    def detail(self, scene: Scene, row: Entry, width: int) -> Sequence[Line]:
        ago = format_age((scene.now_ms - row.time_ms) / 1000)
        lines: list[Line] = [
            [(f"  {row.text}", f"*{_ROLES[row.severity]}" if row.severity is not Severity.INFO else "*bright")],
            [("  when     ", "dim"), (f"{format_utc_date(row.time_ms)} UTC", "plain"), (f", {ago} ago", "dim")],
            [("  kind     ", "dim"), (f"{row.kind}", "plain"), (f"  ({row.group})", "dim")],
        ]
        named = [(name, getattr(row, name)) for name in ("venue", "asset", "symbol")]
        lines += [[(f"  {name:<9}", "dim"), (value, "plain")] for name, value in named if value]
        if row.before or row.after:
            before, after = row.before or MISSING, row.after or MISSING
            arrow = f" {scene.glyphs.change} "
            lines.append([("  changed  ", "dim"), (before, "plain"), (arrow, "dim"), (after, "bright")])
        if not math.isnan(row.surprise):
            said = format_rate(row.surprise, scene.basis)
            lines.append([("  surprise ", "dim"), (said, rate_role(row.surprise)), ("  against announced", "dim")])
        return lines
