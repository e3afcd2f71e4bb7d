"""The rows of the journal: what the engine has told, and settlements with what nobody had announced of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from fundtui.imbalance.table import Table
from fundtui.status import Event, EventKind, Severity
from fundtui.ui.cells import Lens, Scene
from fundtui.units import MISSING, format_rate

if TYPE_CHECKING:
    from fundtui.imbalance.settled_log import SettledEntry
    from fundtui.ui.source import SettledRow

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
    """One line of the journal.

    Of settlements, hourly rates: what was paid, in the lens that is chosen; surprise: less what was announced; error:
    less the formula's value; leaf: the instrument's row, -1 where the market does not list it now.
    """

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
    paid: float = math.nan
    surprise: float = math.nan
    error: float = math.nan
    interval_h: float = math.nan
    leaf: int = -1


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


def seen_entries(settled: Iterable[SettledEntry], table: Table, scene: Scene) -> list[Entry]:
    """Settlements that were seen to happen."""
    return [
        _settlement(*one.instrument.partition(" ")[::2], one.time_ms, one.hourly, one.interval_h, one.surprise,
                    one.error, table, scene)
        for one in settled
    ]  # fmt: skip


def kept_entries(settled: Iterable[SettledRow], table: Table, scene: Scene) -> list[Entry]:
    """Settlements that the record has."""
    return [
        _settlement(
            one.venue, one.symbol, one.time_ms, one.hourly, one.interval_h, one.surprise, math.nan, table, scene
        )
        for one in settled
    ]


def together(seen: Sequence[Entry], kept: Sequence[Entry]) -> list[Entry]:
    """Both, each settlement once: what was seen to happen knows more."""
    known = {entry.key for entry in seen}
    return [*seen, *(entry for entry in kept if entry.key not in known)]


def _settlement(
    venue: str, symbol: str, time_ms: int, hourly: float, interval_h: float, surprise: float, error: float,
    table: Table, scene: Scene,
) -> Entry:  # fmt: skip
    leaf = table.index.get(f"{venue} {symbol}", -1)
    asset = table.text("asset", leaf) if leaf >= 0 else ""
    paid = hourly
    if scene.lens is Lens.EXCESS:
        # The interest of the instrument's formula is what a published rate is above its excess.
        interest = float(table.columns["apr"][leaf] - table.columns["excess"][leaf]) if leaf >= 0 else math.nan
        paid = hourly - interest
    told = MISSING if math.isnan(paid) else format_rate(paid, scene.basis)
    above = " above interest" if scene.lens is Lens.EXCESS else ""
    return Entry(
        key=f"settled {venue} {symbol} {time_ms}",
        time_ms=time_ms,
        group=SETTLEMENT,
        kind="settled",
        text=f"{venue} {asset or symbol} paid {told}{above}, {_against(surprise, scene)}",
        venue=venue,
        asset=asset,
        symbol=symbol,
        paid=paid,
        surprise=surprise,
        error=error,
        interval_h=interval_h,
        leaf=leaf,
    )


def _against(surprise: float, scene: Scene) -> str:
    if math.isnan(surprise):
        return "not announced before"
    if not round(surprise * 1e4 * 8, 2):
        return "as announced"
    return f"{format_rate(surprise, scene.basis)} to announced"
